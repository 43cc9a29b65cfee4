"""Choosing whom one likes, learning who likes one back, and neutral faces, as they are painted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiment.profiles import DEMO, OwnProfile, load_profiles, look_of, looks_of_set
from experiment.screens import Feedback, NeutralFace, ProfileScale, Screen
from stimuli.contents import Contents, ProfileLook, ScaleLook
from stimuli.painter import Painter
from stimuli.photos import Photos
from stimuli.pictures import Picture, Style, Track, compose
from stimuli.sprites import Sprite

SIZES = [(800, 600), (1280, 720), (1920, 1080)]
POINTS = (
    "Definitely no",
    "Very likely no",
    "Likely no",
    "Likely yes",
    "Very likely yes",
    "Definitely yes",
)
SCALES = {
    "liking": ScaleLook(
        "Would you like to get to know this person?", 1, 6, dict(enumerate(POINTS, start=1))
    ),
    "liked": ScaleLook("Does this person like you?", 1, 6, dict(enumerate(POINTS, start=1))),
    "line": ScaleLook(
        "Does this person like you?", 1, 101, {1: POINTS[0], 101: POINTS[-1]}, continuous=True
    ),
}
TEXTS = {
    "confirm": "Move with the left and right keys, then press confirm",
    "seen": "Press confirm when you have read the answer",
}
PEOPLE = looks_of_set(load_profiles(DEMO))
ARABIC = ProfileLook(
    "ليلى", 27, "أحب الموسيقى والمشي على شاطئ البحر في المساء.", DEMO / "photos/p22.png", "ar"
)
OWN = look_of(OwnProfile("Alex", 31, "Hello.", DEMO / "photos/p05.png"))
SCREENS: tuple[Screen, ...] = (
    ProfileScale("p32", "liking", 3),
    ProfileScale("p01", "line", 30),
    ProfileScale("ar", "liking", 3),
    Feedback("p43", "liked", None),
    Feedback("p43", "liked", 1),
    Feedback("p42", "liked", 6),
    Feedback("ar", "line", 80),
    NeutralFace("n03"),
)


def no_message(message_id: str) -> tuple[str, str]:
    raise KeyError(message_id)


def profile(profile_id: str) -> ProfileLook:
    return ARABIC if profile_id == "ar" else PEOPLE(profile_id)


def style_for(size: tuple[int, int]) -> Style:
    return Style(size, round(0.033 * size[0]))


def painter_for(size: tuple[int, int], **contents: object) -> Painter:
    told: dict[str, object] = {"profile": profile, "own": OWN} | contents
    return Painter(
        style_for(size),
        Contents(TEXTS, SCALES, no_message, **told),  # type: ignore[arg-type]
    )


def photos_in(picture: Picture) -> list[Sprite]:
    """Sprites without a see-through pixel in their middle row and column: only photos have none."""
    return [
        sprite
        for sprite in picture.sprites
        if sprite.image.shape[0] == sprite.image.shape[1]
        and (sprite.image[sprite.image.shape[0] // 2, :, 3] == 255).all()
    ]


# --- where things are ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_screen_is_inside_the_window_with_a_margin(size: tuple[int, int]) -> None:
    painter, (width, height) = painter_for(size), size
    for screen in SCREENS:
        for sprite in painter.paint(screen).sprites:
            assert sprite.left >= 0.02 * width
            assert sprite.right <= 0.98 * width
            assert sprite.top >= 0.03 * height
            assert sprite.bottom <= 0.97 * height


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_nothing_is_in_anothers_way(size: tuple[int, int]) -> None:
    painter = painter_for(size)
    for screen in SCREENS:
        covered = np.zeros((size[1], size[0]), dtype=np.uint8)
        for sprite in painter.paint(screen).sprites:
            here = covered[sprite.top : sprite.bottom, sprite.left : sprite.right]
            assert not here[sprite.image[..., 3] > 0].any(), screen
            here[sprite.image[..., 3] > 0] = 1


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_demo_profile_fits(size: tuple[int, int]) -> None:
    painter = painter_for(size)
    for one in load_profiles(DEMO).profiles:
        photo, texts = painter.card_of_profile(one.profile_id)
        assert photo.right < texts.left
        assert texts.right < 0.97 * size[0]
        assert texts.top >= photo.top
        assert texts.bottom <= photo.bottom


def test_a_card_runs_as_its_text_does() -> None:
    painter = painter_for((1280, 720))
    photo, texts = painter.card_of_profile("p32")
    assert photo.right < texts.left
    left, right = ends_of_the_name(texts)
    assert left <= 4
    assert right < texts.image.shape[1] / 2
    photo, texts = painter.card_of_profile("ar")
    assert texts.right < photo.left
    left, right = ends_of_the_name(texts)
    assert left > texts.image.shape[1] / 2
    assert right >= texts.image.shape[1] - 4


def ends_of_the_name(texts: Sprite) -> tuple[int, int]:
    """First and last inked column (px) of a card's first row of text, the name and the age."""
    columns = np.flatnonzero(texts.image[:30, :, 3].any(axis=0))
    return int(columns[0]), int(columns[-1])


def test_the_scale_stands_at_one_place_on_both_screens() -> None:
    painter = painter_for((1280, 720))
    choosing, learning = (
        painter.paint(screen).sprites[-1]
        for screen in (ProfileScale("p32", "liked", 3), Feedback("p32", "liked", None))
    )
    height = min(choosing.image.shape[0], learning.image.shape[0]) - 60  # without the footer
    assert (choosing.left, choosing.top) == (learning.left, learning.top)
    assert np.array_equal(choosing.image[:height], learning.image[:height])


def test_anchors_are_a_little_smaller_rather_than_one_in_two_lines() -> None:
    size = (1280, 720)
    style = Style(size, 43)  # at which the widest of them just doesn't fit
    painter = Painter(style, Contents(TEXTS, SCALES, no_message, profile=profile, own=OWN))
    frame = compose(painter.paint(Feedback("p43", "liked", 5)), style)
    first, second = (
        frame[round(a * 720) : round(b * 720)] for a, b in ((0.77, 0.81), (0.82, 0.88))
    )
    assert np.ptp(first) > 100
    assert (second == frame[0, 0]).all()


def test_own_and_other_picture_are_of_one_size_about_the_middle() -> None:
    own, other = photos_in(painter_for((1280, 720)).paint(Feedback("p43", "liked", None)))
    assert own.image.shape == other.image.shape
    assert own.top == other.top
    assert abs((own.left + other.right) / 2 - 640) <= 1
    shown = Photos("#23211f").square(OWN.photo, own.image.shape[0])
    assert np.array_equal(own.image, shown)  # the participant's own is the left one


def test_a_neutral_face_is_in_the_centre_and_alone() -> None:
    (face,) = painter_for((1280, 720)).paint(NeutralFace("n03")).sprites
    assert (face.left + face.right, face.top + face.bottom) == (1280, 720)


# --- cursor and answer ---------------------------------------------------------------------------


def test_choosing_has_a_cursor_and_feedback_has_none() -> None:
    painter = painter_for((1280, 720))
    choosing = painter.paint(ProfileScale("p32", "liking", 3))
    assert isinstance(choosing.track, Track)
    for position in range(1, 7):
        sprite = choosing.at(position, confirmed=False)
        middle = (sprite.left + sprite.right) / 2, (sprite.top + sprite.bottom) / 2
        assert choosing.track.nearest(middle[0]) == position
        assert choosing.track.holds(*middle)
    for answer in (None, 4):
        learning = painter.paint(Feedback("p43", "liked", answer))
        assert learning.track is None
        assert learning.cursor is None


@pytest.mark.parametrize("rating", ["liked", "line"])
def test_the_answer_is_marked_at_its_point(rating: str) -> None:
    style, painter = style_for((1280, 720)), painter_for((1280, 720))
    track = painter.paint(ProfileScale("p43", rating, 1)).track
    assert isinstance(track, Track)
    accent = np.array([0xE9, 0xA1, 0x78])
    rows = slice(round(0.67 * 720), round(0.75 * 720))

    def marked(answer: int | None) -> np.ndarray:
        frame = compose(painter.paint(Feedback("p43", rating, answer)), style)[rows].astype(int)
        return np.flatnonzero((np.abs(frame - accent).max(axis=2) < 8).any(axis=0))

    assert marked(None).size == 0
    for answer in (SCALES[rating].lowest, 2, SCALES[rating].highest):
        columns = marked(answer)
        assert abs(columns.mean() - track.x_of(answer)) < 3
        assert np.ptp(columns) < 0.08 * 720


def test_an_answer_beyond_the_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="points 1 to 6, not at 7"):
        painter_for((1280, 720)).paint(Feedback("p43", "liked", 7))


# --- photos --------------------------------------------------------------------------------------


def photo_file(folder: Path, pixels: np.ndarray, **options: object) -> Path:
    file = folder / "photo.png"
    Image.fromarray(pixels).save(file, **options)  # type: ignore[arg-type]
    return file


def test_a_photo_has_round_corners_and_the_background_shines_through(tmp_path: Path) -> None:
    half = np.full((400, 400, 4), 255, dtype=np.uint8)
    half[200:, :, 3] = 0
    image = Photos("#102030").square(photo_file(tmp_path, half), 100)
    assert image.shape == (100, 100, 4)
    assert image[0, 0, 3] == image[99, 99, 3] == 0
    assert (image[50, :, 3] == 255).all()
    assert tuple(image[20, 50]) == (255, 255, 255, 255)
    assert tuple(image[80, 50]) == (0x10, 0x20, 0x30, 255)


def test_a_tall_photo_is_cropped_below_more_than_above(tmp_path: Path) -> None:
    tall = np.zeros((800, 400, 3), dtype=np.uint8)
    tall[:] = np.linspace(0, 255, 800).astype(np.uint8)[:, None, None]
    image = Photos("#000000").square(photo_file(tmp_path, tall), 100)
    # 140 of the 400 px too many go above: rows 140 to 540 are left.
    assert image[2, 50, 0] == pytest.approx(142 / 800 * 255, abs=4)
    assert image[97, 50, 0] == pytest.approx(538 / 800 * 255, abs=4)


def test_a_photo_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    pixels = np.zeros((300, 300, 3), dtype=np.uint8)
    pixels[:, :150] = 255  # white on the left; turned by a quarter clockwise it is above
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Photos("#000000").square(photo_file(tmp_path, pixels, exif=exif), 100)
    assert tuple(image[20, 50, :3]) == (255, 255, 255)
    assert tuple(image[80, 50, :3]) == (0, 0, 0)


def test_a_large_photo_is_made_small_smoothly(tmp_path: Path) -> None:
    pixels = np.zeros((1000, 1000, 3), dtype=np.uint8)
    pixels[:, ::2] = 255
    image = Photos("#000000").square(photo_file(tmp_path, pixels), 100)
    assert np.abs(image[10:90, 10:90, :3].astype(int) - 128).max() <= 3


# --- what can't be shown -------------------------------------------------------------------------


def test_errors_name_ids_and_nothing_private(tmp_path: Path) -> None:
    broken = tmp_path / "CANARY.png"
    broken.write_bytes(b"CANARY")
    photo = DEMO / "photos" / "p43.png"
    people = {
        "broken": ProfileLook("CANARY", 30, "CANARY", broken),
        "missing": ProfileLook("CANARY", 30, "CANARY", tmp_path / "CANARY2.png"),
        "long": ProfileLook("CANARY", 30, "CANARY " * 300, photo),
        "wide": ProfileLook("CANARY" * 40, 30, "CANARY", photo),
    }
    painter = painter_for((1280, 720), profile=people.__getitem__, own=people["broken"])
    told = []
    for profile_id in people:
        assert "CANARY" not in repr(people[profile_id]).replace(str(people[profile_id].photo), "")
        with pytest.raises(ValueError, match=f"of profile '{profile_id}'") as refusal:
            painter.paint(ProfileScale(profile_id, "liking", 1))
        told.append(refusal)
    with pytest.raises(ValueError, match="photo of the participant's own profile") as refusal:
        painter.paint(Feedback("long", "liked", None))
    assert not any("CANARY" in str(error.value) for error in [*told, refusal])
    assert all(error.value.__cause__ is None for error in told)


def test_what_is_missing_is_told() -> None:
    style = style_for((800, 600))
    bare = Painter(style, Contents(TEXTS, SCALES, no_message))
    with pytest.raises(ValueError, match="profile 'p43' is to be shown, and no profile set"):
        bare.paint(NeutralFace("p43"))
    with pytest.raises(ValueError, match="feedback needs the participant's own profile"):
        bare.paint(Feedback("p43", "liked", None))
    with pytest.raises(ValueError, match="the profile set has no profile 'x99'"):
        painter_for((800, 600)).paint(NeutralFace("x99"))
