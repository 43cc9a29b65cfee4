"""The screens of questionnaires' items: what stands where, and what can be clicked."""

from __future__ import annotations

import numpy as np
import pytest

from experiment.screens import BACK, LEAVE_OUT, Item, Row, row_of
from stimuli.contents import Contents, ItemLook, ScaleLook
from stimuli.painter import Painter, still
from stimuli.pictures import Column, Picture, Style, Track, Word, compose

SIZES = [(1280, 720), (640, 400)]
LONG = "I felt that the others had turned away from me and that nothing I did would change it"
PERCENT = "{position}\N{NO-BREAK SPACE}%"
TEXTS = {
    "item.progress": "{number} of {count}",
    "item.confirm": "Move the mark with the left and right keys, then press confirm",
    "item.choose": "Press on your answer",
    "item.back": "‹ Back",
    "item.leave_out": "To leave it out, press confirm without a mark",
}
ITEMS = {
    "q.points": ItemLook(LONG, "During the game:"),
    "q.percent": ItemLook("What per cent of all throws do you think you got?"),
    "q.yes": ItemLook("Did you meet anybody?", "Today:", 0, ("No", "Yes")),
    "q.many": ItemLook(LONG, "Today:", 1, tuple(f"Option {n}, {LONG[:30]}" for n in range(1, 9))),
    "q.hebrew": ItemLook("הרגשתי קשר לאנשים אחרים", "היום:", 1, ("כלל לא", "במידה מסוימת", "מאוד")),
    "q.endless": ItemLook(LONG * 30, "During the game:"),
}
SCALES = {
    "q.points": ScaleLook(LONG, 1, 5, {1: "Not at all", 3: "Somewhat", 5: "Very much"}),
    "q.percent": ScaleLook(
        "?",
        0,
        100,
        {n: PERCENT.format(position=n) for n in range(0, 101, 10)},
        continuous=True,
        reading=PERCENT,
    ),
    "q.endless": ScaleLook(LONG, 1, 5, {1: "No", 5: "Yes"}),
    "q.yes": ScaleLook("Did you meet anybody?", 0, 1, {0: "No", 1: "Yes"}),
    "q.hebrew": ScaleLook("?", 1, 5, {1: "כלל לא", 5: "מאוד"}),
}


def painter_for(size: tuple[int, int]) -> Painter:
    style = Style(size, round(0.055 * size[1]))
    return Painter(style, Contents(TEXTS, SCALES, lambda _: ("", "en"), items=ITEMS))


def whole(name: str) -> Item:
    return Item(name, 1, 3, 20, required=False, back=True)


def boxes(picture: Picture) -> list[Word]:
    assert isinstance(picture.track, Track | Column)
    return list(picture.track.words)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", ["q.points", "q.percent", "q.yes", "q.many", "q.hebrew"])
def test_all_of_an_item_is_in_the_window_and_no_two_spots_are_one(
    size: tuple[int, int], name: str
) -> None:
    picture = painter_for(size).paint(whole(name))
    (static,) = picture.sprites
    assert static.left >= 0
    assert static.top >= 0
    assert static.right <= size[0]
    assert static.bottom <= size[1]
    spots = boxes(picture)
    assert {BACK, LEAVE_OUT} <= {spot.position for spot in spots}
    for one in spots:
        across, down = (one.left + one.right) / 2, (one.top + one.bottom) / 2
        assert [spot.position for spot in spots if spot.holds(across, down)] == [one.position]
        assert picture.track is not None
        assert picture.track.pressed(across, down) == one.position
        assert picture.track.dragged(across, down) == one.position
        assert picture.track.dragged(one.left - 1, down) is None  # let go beside it: nothing


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", ["q.yes", "q.many", "q.hebrew"])
def test_the_mark_stands_before_the_option_that_is_clicked(
    size: tuple[int, int], name: str
) -> None:
    picture = painter_for(size).paint(whole(name))
    column = picture.track
    assert isinstance(column, Column)
    for position in range(column.lowest, column.highest + 1):
        (spot,) = (spot for spot in column.words if spot.position == position)
        for confirmed in (False, True):
            mark = picture.at(position, confirmed=confirmed)
            assert spot.top <= mark.top < mark.bottom <= spot.bottom
            assert spot.left <= mark.left < mark.right <= spot.right
            on_the_right = mark.left + mark.right > spot.left + spot.right
            assert on_the_right == (name == "q.hebrew")  # where reading begins


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_per_cent_at_which_the_mark_stands_is_read_out_above_it(size: tuple[int, int]) -> None:
    picture = painter_for(size).paint(whole("q.percent"))
    assert picture.track is not None
    below_question = max(np.flatnonzero(picture.sprites[0].image[: size[1] // 2, :, 3].any(axis=1)))
    for position in (0, 7, 50, 100):
        (number,) = picture.read_at(position)
        mark = picture.at(position, confirmed=False)
        assert picture.sprites[0].top + below_question < number.top
        assert number.bottom <= mark.top
        assert 0 <= number.left < number.right <= size[0]
        assert abs((number.left + number.right) / 2 - picture.track.place_of(position)[0]) <= 4
    images = [sprite.image.tobytes() for sprite in picture.readings]
    assert len(set(images)) == len(images) == 101
    assert painter_for(size).paint(whole("q.points")).readings == ()


def test_nothing_is_offered_that_is_not_allowed() -> None:
    painter = painter_for((1280, 720))
    first = painter.paint(Item("q.points", 1, 1, 20))
    assert isinstance(first.track, Track)
    assert first.track.words == ()
    assert boxes(painter.paint(Item("q.points", 1, 2, 20, back=True)))[0].position == BACK
    assert boxes(painter.paint(Item("q.points", 1, 2, 20, required=False)))[0].position == LEAVE_OUT


def test_a_text_that_does_not_fit_is_told_by_its_name() -> None:
    with pytest.raises(ValueError, match=r"the text of item 'q\.endless' does not fit"):
        painter_for((1280, 720)).paint(whole("q.endless"))


def test_what_was_answered_before_changes_no_picture() -> None:
    assert still(Item("q.yes", 1, 3, 20, given=1)) == still(Item("q.yes", 0, 3, 20))


# --- several items on a page ---------------------------------------------------------------------

NAMES = ("q.points", "q.yes", "q.hebrew")


def on_page(lit: int, *given: int | None, names: tuple[str, ...] = NAMES) -> Item:
    rows = tuple(Row(name, value) for name, value in zip(names, given, strict=True))
    return Item(names[lit], 1, 8 + lit, 20, required=False, back=True, page=rows)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_page_takes_the_mouse_on_the_row_that_is_lit_and_goes_to_the_others(
    size: tuple[int, int],
) -> None:
    painter = painter_for(size)
    for lit in range(3):
        picture = painter.paint(on_page(lit, None, None, None))
        track = picture.track
        assert isinstance(track, Track)
        light, frame, words = picture.sprites
        assert light.top < track.row_px < light.bottom
        for sprite in (light, frame, words):
            assert 0 <= sprite.left < sprite.right <= size[0]
            assert 0 <= sprite.top < sprite.bottom <= size[1]
        other_rows = {row_of(8 + place) for place in range(3) if place != lit}
        assert {word.position for word in track.words} == {*other_rows, BACK, LEAVE_OUT}
        assert track.pressed(track.x_of(1), track.row_px) == 1
        for word in track.words:
            middle = (word.left + word.right) / 2, (word.top + word.bottom) / 2
            assert track.pressed(*middle) == track.dragged(*middle) == word.position
            assert not word.top <= track.row_px < word.bottom


def test_what_was_answered_on_a_page_is_marked_in_the_same_picture() -> None:
    painter, style = painter_for((1280, 720)), Style((1280, 720), 40)
    bare, marked = painter.paint(on_page(2, None, None, None)), painter.paint(on_page(2, 4, 0, 5))
    assert still(on_page(2, 4, 0, 5)) == still(on_page(2, None, None, None))
    assert all(a is b for a, b in zip(bare.sprites[::2], marked.sprites[::2], strict=True))
    changed = np.argwhere((compose(bare, style) != compose(marked, style)).any(axis=2))
    marks = [one.at(given) for one, given in zip(marked.beside, (4, 0), strict=True)]
    assert [one.track.lowest for one in marked.beside] == [1, 0]  # the lit one has a cursor instead
    for row, column in changed:
        assert any(m.top <= row < m.bottom and m.left <= column < m.right for m in marks)
    assert len(changed) > 200


def test_a_page_runs_from_right_to_left_where_its_words_do() -> None:
    painter = painter_for((1280, 720))
    latin = painter.paint(on_page(0, None, None, names=("q.points", "q.yes"))).track
    hebrew = painter.paint(on_page(0, None, None, names=("q.hebrew", "q.yes"))).track
    assert isinstance(latin, Track)
    assert isinstance(hebrew, Track)
    assert hebrew.last_px < 640 < latin.first_px
    assert hebrew.first_px < hebrew.last_px  # the keys mean what they mean


def test_a_page_that_is_too_full_is_told_by_the_items_name() -> None:
    with pytest.raises(ValueError, match=r"the text of item 'q\.endless' does not fit"):
        painter_for((1280, 720)).paint(on_page(0, None, None, names=("q.points", "q.endless")))
