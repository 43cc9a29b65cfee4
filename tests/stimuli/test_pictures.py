from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimuli.pictures import Picture, Style, Track, compose, degrees_to_px
from stimuli.sprites import Sprite, merge


def sprite_of(pixels: list[list[tuple[int, int, int, int]]], left: int = 0, top: int = 0) -> Sprite:
    return Sprite(np.array(pixels, dtype=np.uint8), left, top)


def test_compose_blends_as_opengl_does() -> None:
    style = Style((3, 2), 10, background="#204060")
    picture = Picture((sprite_of([[(255, 0, 100, 128), (9, 8, 7, 255)]], left=1, top=1),))
    frame = compose(picture, style)
    assert frame.shape == (2, 3, 3)
    assert (frame[0] == (0x20, 0x40, 0x60)).all()
    assert tuple(frame[1, 0]) == (0x20, 0x40, 0x60)
    # (255 * 128 + 32 * 127) / 255 = 143.9, 64 * 127 / 255 = 31.9, (100 * 128 + 96 * 127) / 255
    assert tuple(frame[1, 1]) == (144, 32, 98)
    assert tuple(frame[1, 2]) == (9, 8, 7)


@given(st.lists(st.integers(0, 255), min_size=5, max_size=5))
def test_compose_rounds_to_nearest(values: list[int]) -> None:
    red, green, blue, alpha, back = values
    style = Style((1, 1), 10, background=f"#{back:02x}{back:02x}{back:02x}")
    frame = compose(Picture((sprite_of([[(red, green, blue, alpha)]]),)), style)
    share = alpha / 255
    exact = np.array([red, green, blue]) * share + back * (1 - share)
    assert np.abs(frame[0, 0] - exact).max() <= 0.5 + 1e-9


def test_compose_draws_the_cursor_over_the_rest_and_clips_at_the_edge() -> None:
    style = Style((2, 1), 10, background="#000000")
    white, red, green = (255, 255, 255, 255), (255, 0, 0, 255), (0, 255, 0, 255)
    picture = Picture(
        sprites=(sprite_of([[white, white]]),),
        cursor=sprite_of([[red, red]], left=-1),
        confirmed=sprite_of([[green]], left=-1),
        track=Track(1, 2, first_px=0, last_px=2, row_px=0, beyond_px=0, aside_px=1),
    )
    assert compose(picture, style, cursor=1)[0].tolist() == [[255, 0, 0], [255, 255, 255]]
    assert compose(picture, style, cursor=2)[0].tolist() == [[255, 255, 255], [255, 0, 0]]
    taken = compose(picture, style, cursor=2, confirmed=True)
    assert taken[0].tolist() == [[255, 255, 255], [0, 255, 0]]
    with pytest.raises(ValueError, match="this picture has none"):
        compose(Picture(picture.sprites), style, cursor=1)
    with pytest.raises(ValueError, match="points 1 to 2, not at 3"):
        compose(picture, style, cursor=3)


def test_merged_sprites_look_like_the_sprites_one_by_one() -> None:
    rng = np.random.default_rng(1)
    sprites = tuple(
        Sprite(rng.integers(0, 256, (6, 7, 4), dtype=np.uint8), left, top)
        for left, top in ((2, 3), (5, 1), (6, 6))
    )
    style = Style((16, 14), 10, background="#23211f")
    apart = compose(Picture(sprites), style).astype(int)
    merged = compose(Picture((merge(sprites),)), style).astype(int)
    assert np.abs(apart - merged).max() <= 2


def test_degrees() -> None:
    # At 57.3 cm a degree is a centimetre.
    assert degrees_to_px(1, width_cm=50, distance_cm=57.29, width_px=1000) == pytest.approx(
        20, 1e-3
    )
    assert degrees_to_px(0, 50, 60, 1000) == 0
