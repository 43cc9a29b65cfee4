from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment.screens import Closing, Fixation, Message, Page, Scale, Screen, Waiting
from stimuli.contents import Contents, ScaleLook
from stimuli.painter import Painter
from stimuli.pictures import Picture, Style, Track, compose
from stimuli.sprites import Image, Sprite

SAMPLE = Path(__file__).parents[2] / "example-study" / "inbox" / "qualtrics_messages_sub-012.csv"
SIZES = [(1280, 720), (1920, 1080), (800, 600), (640, 400)]

TEXTS = {
    "go_on": "Press the button to go on",
    "confirm": "Move with the left and right buttons · Confirm with the middle one",
    "welcome": "Welcome.\n\nYou are going to read messages that people who know you have written"
    " for you, and messages of people whom you have never met.\n\nAfter each we ask how you felt.",
    "wait": "The scanner is about to start.\nPlease keep still.",
    "bye": "Thank you. Please stay still for a moment.",
    "practice": "This is for practice: try moving the cursor.",
    "endless": "far too long " * 300,
}
AGREE = (
    "Strongly disagree",
    "Disagree",
    "Somewhat disagree",
    "Neither agree nor disagree",
    "Somewhat agree",
    "Agree",
    "Strongly agree",
)
SCALES = {
    "connected": ScaleLook(
        "How connected did you feel to the person who wrote this?",
        1,
        7,
        {1: "Not at all", 4: "Somewhat", 7: "Very much"},
    ),
    "agree": ScaleLook(
        "How much do you agree?", 1, 7, {n: text for n, text in enumerate(AGREE, start=1)}
    ),
    "yes_no": ScaleLook("Is that so?", 1, 2, {1: "No", 2: "Yes"}),
    "fine": ScaleLook(
        "How good did it feel?", 1, 101, {1: "Very unpleasant", 101: "Very pleasant"}
    ),
    "line": ScaleLook(
        "How good did it feel?", 0, 100, {0: "Not good at all", 100: "Very good"}, continuous=True
    ),
    "hebrew": ScaleLook(
        "עד כמה הרגשת קרבה לכותב המסר?", 1, 7, {1: "כלל לא", 4: "במידה מסוימת", 7: "מאוד"}
    ),
    "bare": ScaleLook("How many?", 1, 5, {}),
    "german": ScaleLook(
        "Wie verbunden fühlten Sie sich?",
        1,
        9,
        {1: "überhaupt nicht verbunden", 9: "außerordentlich verbunden"},
    ),
    "wordy": ScaleLook("How?", 1, 9, dict.fromkeys(range(1, 10), "Incomprehensibilities" * 2)),
}
MESSAGES = {
    "m1": ("I’m proud of you every single day ❤️", "en"),
    "m2": ("いつもそばにいてくれて、本当にありがとう。", "ja"),
    "m3": ("Every time you call me my day gets better. " * 10, "en"),
    "low": ("grey", "en"),
    "high": ("hello", "en"),
    "endless": ("secret words " * 300, "en"),
}
SCREENS: tuple[Screen, ...] = (
    Page("welcome"),
    Waiting("wait"),
    Fixation(),
    Closing("bye"),
    Message("m1"),
    Message("m2"),
    Message("m3"),
    *(Scale(name, 1) for name in SCALES if name != "wordy"),
    Scale("connected", 4, "practice"),
)


def style_for(size: tuple[int, int]) -> Style:
    return Style(size, round(0.06 * size[1]))


def painter_for(size: tuple[int, int]) -> Painter:
    return Painter(style_for(size), Contents(TEXTS, SCALES, MESSAGES.__getitem__))


def all_sprites(picture: Picture) -> tuple[Sprite, ...]:
    if picture.track is None:
        return picture.sprites
    ends = (picture.track.lowest, picture.track.highest)
    return picture.sprites + tuple(
        picture.at(end, confirmed=confirmed) for end in ends for confirmed in (False, True)
    )


@pytest.fixture(scope="module")
def painter() -> Painter:
    return painter_for((1280, 720))


# --- what is painted -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_screen_is_inside_the_window_with_a_margin(size: tuple[int, int]) -> None:
    painter, (width, height) = painter_for(size), size
    for screen in SCREENS:
        picture = painter.paint(screen)
        assert len(picture.sprites) == 1
        for sprite in all_sprites(picture):
            assert sprite.image.dtype == np.uint8
            assert sprite.left >= 0.02 * width
            assert sprite.right <= 0.98 * width
            assert sprite.top >= 0.03 * height
            assert sprite.bottom <= 0.97 * height


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample export is not on this machine")
@pytest.mark.parametrize("size", [(1280, 720), (640, 400)], ids=str)
def test_every_sample_message_fits_at_full_size(size: tuple[int, int]) -> None:
    with SAMPLE.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))[2:]
    messages = {
        f"{row['ResponseId']}/{column}": (text, row["UserLanguage"])
        for row in rows
        for column, text in row.items()
        if column.startswith(("Q4_", "Q5_")) and text
    }
    painter = Painter(style_for(size), Contents(TEXTS, SCALES, messages.__getitem__))
    for message_id in messages:
        (sprite,) = painter.paint(Message(message_id)).sprites
        assert sprite.left >= 0.05 * size[0]
        assert sprite.right <= 0.95 * size[0]
        assert sprite.bottom - sprite.top < 0.6 * size[1]
        assert abs((sprite.top + sprite.bottom) / 2 - size[1] / 2) <= 0.025 * size[1]


def test_sprites_are_cropped_to_what_they_show(painter: Painter) -> None:
    for screen in (Page("welcome"), Message("m1"), Scale("connected", 1)):
        for sprite in painter.paint(screen).sprites:
            alpha = sprite.image[..., 3]
            assert alpha[:2].any()
            assert alpha[-2:].any()
            assert alpha[:, :2].any()
            assert alpha[:, -2:].any()


def test_a_long_message_is_set_smaller_and_not_cut(painter: Painter) -> None:
    (long,) = painter.paint(Message("m3")).sprites
    assert long.bottom - long.top <= 0.8 * 720


def test_what_cannot_fit_is_named_by_its_id_and_not_by_its_words(painter: Painter) -> None:
    with pytest.raises(ValueError, match="message 'endless' does not fit") as refusal:
        painter.paint(Message("endless"))
    assert "secret" not in str(refusal.value)
    with pytest.raises(ValueError, match="text 'endless' does not fit"):
        painter.paint(Page("endless"))
    with pytest.raises(ValueError, match="anchor at point 1 of rating 'wordy' does not fit"):
        painter.paint(Scale("wordy", 1))


def test_what_would_be_a_box_or_empty_is_refused_and_drawn_in_a_draft() -> None:
    messages = {"odd": ("b \ue000", "en"), "void": ("\u2800", "en")}
    style, contents = (
        style_for((640, 400)),
        Contents({**TEXTS, "odd": "a \ue000"}, SCALES, messages.__getitem__),
    )
    painter, draft = Painter(style, contents), Painter(style, contents, draft=True)
    for screen, problem in (
        (Page("odd"), "text 'odd' holds characters that no font"),
        (Message("odd"), "message 'odd' holds characters that no font"),
        (Message("void"), "message 'void' shows nothing"),
    ):
        with pytest.raises(ValueError, match=problem):
            painter.paint(screen)
        assert draft.paint(screen).sprites  # `kit check` tells it, and somebody decides


def test_the_footer_stands_where_it_stood_on_the_page_before(painter: Painter) -> None:
    bottoms = {painter.paint(Page(key)).sprites[0].bottom for key in ("welcome", "bye")}
    assert len(bottoms) == 1


def test_letters_that_hang_down_do_not_push_a_message_up(painter: Painter) -> None:
    (low,), (high,) = (painter.paint(Message(name)).sprites for name in ("low", "high"))
    assert low.bottom - high.bottom > 5
    assert low.top - high.top > 5


def test_a_cross_is_in_the_centre(painter: Painter) -> None:
    (cross,) = painter.paint(Fixation()).sprites
    assert (cross.left + cross.right - 1) / 2 == 640
    assert (cross.top + cross.bottom - 1) / 2 == 360
    assert (cross.image == cross.image[::-1]).all()
    assert (cross.image == cross.image[:, ::-1]).all()


def test_quiet_texts_can_be_read(painter: Painter) -> None:
    """The footer's contrast is that which WCAG 2.2 (1.4.3) asks of body text."""
    frame = compose(painter.paint(Page("welcome")), style_for((1280, 720)))
    footer = frame[630:690].reshape(-1, 3).max(axis=0)
    assert contrast(footer, frame[0, 0]) >= 4.5


def contrast(one: Image, other: Image) -> float:
    def luminance(colour: Image) -> float:
        share = colour / 255
        linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


# --- the scale -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("rating", [name for name in SCALES if name != "wordy"])
def test_cursor_and_mouse_agree_at_every_position(size: tuple[int, int], rating: str) -> None:
    picture, look = painter_for(size).paint(Scale(rating, SCALES[rating].lowest)), SCALES[rating]
    track = picture.track
    assert isinstance(track, Track)
    for position in range(look.lowest, look.highest + 1):
        for confirmed in (False, True):
            sprite = picture.at(position, confirmed=confirmed)
            x, y = (sprite.left + sprite.right) / 2, (sprite.top + sprite.bottom) / 2
            assert track.nearest(x) == position
            assert track.holds(x, y)
            assert not track.holds(x, y + 0.1 * size[1])
    assert picture.cursor is not None
    assert picture.confirmed is not None
    assert not np.array_equal(picture.cursor.image, picture.confirmed.image)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("rating", ["connected", "agree", "german", "yes_no", "line", "hebrew"])
def test_anchors_stand_below_their_points_and_apart(size: tuple[int, int], rating: str) -> None:
    painter, look = painter_for(size), SCALES[rating]
    picture = painter.paint(Scale(rating, 1))
    (static,), track = picture.sprites, picture.track
    assert isinstance(track, Track)
    inked = np.zeros(size[0], dtype=bool)
    rows = slice(round(0.62 * size[1]) - static.top, round(0.85 * size[1]) - static.top)
    inked[static.left : static.right] = static.image[rows, :, 3].any(axis=0)
    anchored = [track.x_of(point) for point in sorted(look.anchors)]
    # Between two anchors there is a gap; and each anchor has as much ink left as right of it.
    for left, right in pairwise(anchored):
        middle = round((left + right) / 2)
        assert not inked[middle - 2 : middle + 3].any()
    bounds = [0, *(round((a + b) / 2) for a, b in pairwise(anchored)), size[0]]
    for centre, start, end in zip(anchored, bounds, bounds[1:], strict=False):
        columns = np.flatnonzero(inked[start:end]) + start
        assert abs((columns[0] + columns[-1]) / 2 - centre) <= 0.01 * size[0]


@given(
    highest=st.integers(1, 100),
    x=st.floats(0, 1000, allow_nan=False),
)
def test_the_mouse_takes_the_nearest_position(highest: int, x: float) -> None:
    track = Track(0, highest, 100, 900, row_px=450, beyond_px=40, aside_px=50)
    nearest = track.nearest(x)
    places = [100 + 800 * position / highest for position in range(highest + 1)]
    assert abs(x - places[nearest]) == pytest.approx(min(abs(x - place) for place in places))
    assert track.holds(x, 450) is (60 <= x < 940)
    assert not track.holds(x, 399)


def test_a_scale_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="from 1 to 1 has no two positions"):
        ScaleLook("?", 1, 1, {})
    with pytest.raises(ValueError, match="at points 1 to 5, not at 6"):
        ScaleLook("?", 1, 5, {6: "beyond"})


def test_a_scale_in_hebrew_has_its_lowest_point_at_the_left_as_all_others(painter: Painter) -> None:
    """Numbers run the same way in all languages, so that an answer means the same key."""
    hebrew, english = (painter.paint(Scale(name, 1)) for name in ("hebrew", "connected"))
    assert hebrew.track == english.track
    assert hebrew.at(1, confirmed=False).left < hebrew.at(7, confirmed=False).left
