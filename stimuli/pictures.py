"""Screens as pictures: what stands still, what moves, and how it looks put together.

Everything here happens before a run. In the run a picture is a few textured quads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, tan
from typing import TypeAlias

import numpy as np

from stimuli.patch import Patch
from stimuli.sprites import Image, Sprite, rgb


@dataclass(frozen=True)
class Style:
    """Sizes and colours of all that is shown.

    Parameters
    ----------
    size_px : tuple of int
        Width and height (px) of the window.
    text_px : int
        Size (px per em) of a message; all other sizes follow from it.
    background, ink, accent : str
        Colours as ``#rrggbb``. The accent is the cursor's.
    patch : Patch or None
        For a photodiode.
    """

    size_px: tuple[int, int]
    text_px: int
    background: str = "#23211f"
    ink: str = "#f1e8da"
    accent: str = "#e9a178"
    patch: Patch | None = None


@dataclass(frozen=True)
class Word:
    """A word beside a scale, or an option of a list, that can be clicked.

    Parameters
    ----------
    position : int
        What a click on it means.
    left, top, right, bottom : float
        Where it is (px).
    """

    position: int
    left: float
    top: float
    right: float
    bottom: float

    def holds(self, x: float, y: float) -> bool:
        """Whether a place is in it."""
        return self.left <= x < self.right and self.top <= y < self.bottom


def word_at(words: tuple[Word, ...], x: float, y: float) -> int | None:
    """Return the position of the word at a place; None if there is none."""
    return next((word.position for word in words if word.holds(x, y)), None)


@dataclass(frozen=True)
class Track:
    """The line of a scale: where its positions are, and the band about it that takes the mouse.

    Parameters
    ----------
    lowest, highest : int
        Positions at its left and its right end.
    first_px, last_px : int
        Where these are.
    row_px : int
        How far down the line is.
    beyond_px, aside_px : float
        How far the band reaches beyond the line's ends, and above and below it.
    words : tuple of Word
        What else can be clicked, above and below the line.
    """

    lowest: int
    highest: int
    first_px: int
    last_px: int
    row_px: int
    beyond_px: float
    aside_px: float
    words: tuple[Word, ...] = ()

    def x_of(self, position: int) -> int:
        """Place (px) of a position."""
        share = (position - self.lowest) / (self.highest - self.lowest)
        return round(self.first_px + share * (self.last_px - self.first_px))

    def place_of(self, position: int) -> tuple[int, int]:
        """How far to the right and down (px) a position's cursor is from the cursor's home."""
        return self.x_of(position), 0

    def pressed(self, x: float, y: float) -> int | None:
        """Position that a press takes hold of; None outside of the band and beside the words."""
        return self.nearest(x) if self.holds(x, y) else word_at(self.words, x, y)

    def dragged(self, x: float, y: float) -> int | None:
        """Position to which the mouse drags what it has taken hold of, wherever it goes.

        From where words are on, only they count: whoever slides off one answers nothing.
        """
        above = (word.bottom for word in self.words if word.bottom <= self.row_px)
        below = (word.top for word in self.words if word.top > self.row_px)
        if max(above, default=y) <= y < min(below, default=y + 1):
            return self.nearest(x)
        return word_at(self.words, x, y)

    def holds(self, x: float, y: float) -> bool:
        """Whether a place is in the band."""
        along = self.first_px - self.beyond_px <= x < self.last_px + self.beyond_px
        return along and abs(y - self.row_px) <= self.aside_px

    def nearest(self, x: float) -> int:
        """Position nearest to a place, wherever it is."""
        share = (x - self.first_px) / (self.last_px - self.first_px)
        position = self.lowest + round(share * (self.highest - self.lowest))
        return min(max(position, self.lowest), self.highest)


@dataclass(frozen=True)
class Column:
    """A list of options below each other, each of them a word; others can stand beside it.

    Parameters
    ----------
    lowest : int
        Position of the first option.
    rows_px : tuple of int
        How far down the middle of each option is.
    words : tuple of Word
    """

    lowest: int
    rows_px: tuple[int, ...]
    words: tuple[Word, ...]

    @property
    def highest(self) -> int:
        """Position of the last option."""
        return self.lowest + len(self.rows_px) - 1

    def place_of(self, position: int) -> tuple[int, int]:
        """How far to the right and down (px) a position's cursor is from the cursor's home."""
        return 0, self.rows_px[position - self.lowest]

    def pressed(self, x: float, y: float) -> int | None:
        """Position at a place; None beside the words."""
        return word_at(self.words, x, y)

    def dragged(self, x: float, y: float) -> int | None:
        """Position to which the mouse is dragged; None beside the words."""
        return word_at(self.words, x, y)


Area: TypeAlias = tuple[int, int, int, int]  # left, top, right, bottom (px)


@dataclass(frozen=True)
class Targets:
    """Things in the window that can be pointed at, numbered from 1.

    Parameters
    ----------
    areas : tuple of Area
        What each of them takes of the window.
    places : tuple of (int, int)
        Where (px) the cursor of each is.
    """

    areas: tuple[Area, ...]
    places: tuple[tuple[int, int], ...]

    @property
    def lowest(self) -> int:
        """Number of the first."""
        return 1

    @property
    def highest(self) -> int:
        """Number of the last."""
        return len(self.areas)

    def place_of(self, position: int) -> tuple[int, int]:
        """How far to the right and down (px) one's cursor is from the cursor's home."""
        return self.places[position - 1]

    def pressed(self, x: float, y: float) -> int | None:
        """Give the one at a place; None if there is none."""
        for number, (left, top, right, bottom) in enumerate(self.areas, start=1):
            if left <= x < right and top <= y < bottom:
                return number
        return None

    def dragged(self, x: float, y: float) -> int | None:
        """Give the one to which the mouse is dragged; None beside them."""
        return self.pressed(x, y)


Spot: TypeAlias = tuple[int, int, int]
"""Number of a frame, and how far it is moved to the right and down (px)."""


@dataclass(frozen=True, eq=False)
class Moving:
    """Something whose looks and place follow from how long its screen has been shown.

    Parameters
    ----------
    frames : tuple of Sprite
        All its looks, at home; made before the run.
    spot : callable
        Takes the screen's age (s), and tells which of them is shown then, and where; None where
        nothing is.
    """

    frames: tuple[Sprite, ...]
    spot: Callable[[float], Spot | None]

    def at(self, age: float) -> Sprite | None:
        """Give it as it is at an age (s)."""
        spot = self.spot(age)
        return None if spot is None else self.frames[spot[0]].moved(*spot[1:])


def film(frames: tuple[Sprite, ...], seconds: float, begins: float = 0.0) -> Moving:
    """Go through frames once, where they are, and stay at the last.

    Parameters
    ----------
    frames : tuple of Sprite
    seconds : float
        How long all but the last are shown together.
    begins : float
        Age (s) of the screen until which the first is shown.
    """
    last = len(frames) - 1

    def spot(age: float) -> Spot:
        gone = (age - begins) / seconds
        return min(max(int(gone * last), 0), last), 0, 0

    return Moving(frames, spot)


@dataclass(frozen=True, eq=False)
class Beside:
    """Another item of a page: where its answer is marked.

    Parameters
    ----------
    mark : Sprite
        At home, as a picture's cursor.
    track : Track
    """

    mark: Sprite
    track: Track

    def at(self, position: int) -> Sprite:
        """Give the mark at a position."""
        return self.mark.moved(*self.track.place_of(position))


@dataclass(frozen=True, eq=False)
class Picture:
    """A screen, ready to be shown.

    Parameters
    ----------
    sprites : tuple of Sprite
        All that stands still, in drawing order.
    cursor, confirmed : Sprite or None
        Where something is pointed at, the cursor, and the cursor once the answer is taken, at home:
        on a scale, as they would be at a line's place 0. `at` moves them.
    track : Track or Column or Targets or None
        What can be pointed at: the positions of a scale, or some things.
    moving : tuple of Moving
        All that moves, in drawing order; it is in front of what stands still.
    readings : tuple of Sprite
        What is read out beside the cursor, at its place, for each position from the track's lowest;
        empty if nothing is.
    beside : tuple of Beside
        Other items that can have been answered, and are on the same page.
    given : tuple of (int or None)
        The answers of these, as far as they have one; empty for none.
    """

    sprites: tuple[Sprite, ...]
    cursor: Sprite | None = None
    confirmed: Sprite | None = None
    track: Track | Column | Targets | None = None
    moving: tuple[Moving, ...] = ()
    readings: tuple[Sprite, ...] = ()
    beside: tuple[Beside, ...] = ()
    given: tuple[int | None, ...] = ()

    def shown_at(self, age: float) -> tuple[Sprite, ...]:
        """Give all but the cursor as it is when the screen has been shown for `age` (s)."""
        marked = (
            one.at(given)
            for one, given in zip(self.beside, self.given, strict=False)
            if given is not None
        )
        moved = (moving.at(age) for moving in self.moving)
        return (*self.sprites, *marked, *(sprite for sprite in moved if sprite is not None))

    def at(self, position: int, *, confirmed: bool) -> Sprite:
        """Give the cursor at a position of the scale, or at one of the things.

        Raises
        ------
        ValueError
            If the picture has no such position.
        """
        sprite = self.confirmed if confirmed else self.cursor
        if sprite is None or self.track is None:
            raise ValueError("a cursor stands on a scale or at a thing, and this picture has none")
        if not self.track.lowest <= position <= self.track.highest:
            raise ValueError(
                f"a cursor stands at points {self.track.lowest} to {self.track.highest}, "
                f"not at {position}"
            )
        return sprite.moved(*self.track.place_of(position))

    def read_at(self, position: int) -> tuple[Sprite, ...]:
        """Give what is read out beside the cursor at a position, if anything is."""
        if self.track is None or not self.readings:
            return ()
        return (self.readings[position - self.track.lowest],)


def degrees_to_px(deg: float, width_cm: float, distance_cm: float, width_px: int) -> float:
    """Convert a visual angle about the line of sight to pixels.

    ``px = 2 * distance_cm * tan(deg / 2) * width_px / width_cm``

    Parameters
    ----------
    deg : float
        Visual angle (degrees).
    width_cm : float
        Width of the picture on the screen (cm).
    distance_cm : float
        Path of light from the eye to the screen (cm), by way of the mirror if there is one.
    width_px : int
        Width of the picture (px); pixels are taken to be square.
    """
    return 2 * distance_cm * tan(deg * pi / 360) * width_px / width_cm


def compose(
    picture: Picture,
    style: Style,
    cursor: int | None = None,
    confirmed: bool = False,
    age: float = 0.0,
    lit: bool = False,
) -> Image:
    """Draw a picture as the window shows it.

    Blends as OpenGL does with (``SRC_ALPHA``, ``ONE_MINUS_SRC_ALPHA``): each sprite in its turn, in
    8 bits per channel, rounded to nearest.

    Parameters
    ----------
    picture : Picture
        What to draw.
    style : Style
        Gives the window's size and background.
    cursor : int or None
        Position of a scale, or thing, at which the cursor stands.
    confirmed : bool
        Whether the answer is taken.
    age : float
        How long (s) it has been shown.
    lit : bool
        Whether the photodiode's patch is white, where there is one.

    Returns
    -------
    Image
        Shape (height, width, 3), red, green, blue.
    """
    width, height = style.size_px
    frame = np.empty((height, width, 3), dtype=np.uint8)
    frame[:] = rgb(style.background)
    sprites = picture.shown_at(age)
    if cursor is not None:
        sprites = (*sprites, picture.at(cursor, confirmed=confirmed), *picture.read_at(cursor))
    if style.patch is not None:
        sprites = (*sprites, style.patch.sprite(style.size_px, lit=lit))
    for sprite in sprites:
        _blend(frame, sprite)
    return frame


def _blend(frame: Image, sprite: Sprite) -> None:
    height, width = frame.shape[:2]
    top, bottom = max(0, sprite.top), min(height, sprite.bottom)
    left, right = max(0, sprite.left), min(width, sprite.right)
    if top >= bottom or left >= right:
        return
    seen = sprite.image[
        top - sprite.top : bottom - sprite.top, left - sprite.left : right - sprite.left
    ].astype(np.uint32)
    beneath = frame[top:bottom, left:right]
    alpha = seen[..., 3:]
    # 127 more before the division rounds to nearest; 255 is odd, so that there are no ties.
    frame[top:bottom, left:right] = (seen[..., :3] * alpha + beneath * (255 - alpha) + 127) // 255
