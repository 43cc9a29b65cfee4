"""Screens become pictures: a few small images and where they go in the window.

Everything here happens before a run. In the run a picture is one or two textured quads.
Distances are pixels from the window's top-left corner, x to the right and y downwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, pi, tan
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from experiment.steps import Closing, Fixation, Message, Page, Scale, Screen, Waiting
from stimuli.typeset import LINE_SPACING, Image, Typeset, Typesetter

Floats: TypeAlias = npt.NDArray[np.float64]

# Sizes in units of the message text's size.
PAGE_SIZE = 0.80
QUESTION_SIZE = 0.90
ANCHOR_SIZE = 0.60
FOOTER_SIZE = 0.50

SMALLEST_SHARE = 0.6
"""A text that does not fit is set smaller, down to this share of its size ..."""
SMALLEST_PX = 10
"""... but never smaller than this (px per em)."""

MESSAGE_SPACING = 1.45
"""Distance of a message's baselines in units of its size: wider than a page's, to read slowly."""

MESSAGE_MEASURE = 22.0
"""Longest line of a message in units of its size (about 42 Latin characters)."""
PAGE_MEASURE = 30.0
"""Longest line of a page (about 55 Latin characters)."""


HALF_X_HEIGHT = 0.27
"""Half the height of a small letter in units of the text's size (Noto Sans: 0.536 / 2)."""

_GAP_ROWS = 8  # empty rows (px) at which a sprite is worth cutting


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
    """

    size_px: tuple[int, int]
    text_px: int
    background: str = "#23211f"
    ink: str = "#f1e8da"
    accent: str = "#e9a178"


@dataclass(frozen=True)
class ScaleLook:
    """What a rating scale says.

    Parameters
    ----------
    question : str
        The question above the line.
    points : int
        Number of points, at least 2.
    anchors : mapping of int to str
        Texts below points (from 1).
    """

    question: str
    points: int
    anchors: Mapping[int, str]

    def __post_init__(self) -> None:
        if self.points < 2:
            raise ValueError(f"a scale has at least 2 points, not {self.points}")
        outside = [point for point in self.anchors if not 1 <= point <= self.points]
        if outside:
            raise ValueError(f"anchors stand at points 1 to {self.points}, not at {outside[0]}")


@dataclass(frozen=True, eq=False)
class Sprite:
    """An image and where it goes.

    Parameters
    ----------
    image : Image
        Shape (height, width, 4), straight alpha.
    left, top : int
        Place (px) of its top-left corner in the window.
    """

    image: Image
    left: int
    top: int

    @property
    def right(self) -> int:
        """First column (px) to the right of it."""
        return self.left + int(self.image.shape[1])

    @property
    def bottom(self) -> int:
        """First row (px) below it."""
        return self.top + int(self.image.shape[0])

    def moved(self, right: int, down: int) -> Sprite:
        """Give the same image at another place."""
        return Sprite(self.image, self.left + right, self.top + down)


@dataclass(frozen=True)
class Track:
    """The band of a scale that can be clicked.

    Parameters
    ----------
    left_px, right_px, top_px, bottom_px : float
        Its edges; the right and the bottom one are the first pixels outside.
    centres_px : tuple of float
        Where the points are, from point 1.
    """

    left_px: float
    right_px: float
    top_px: float
    bottom_px: float
    centres_px: tuple[float, ...]

    def point_at(self, x: float, y: float) -> int | None:
        """Nearest point (from 1) to a place in the band; None outside of it."""
        if not (self.left_px <= x < self.right_px and self.top_px <= y < self.bottom_px):
            return None
        distances = [abs(x - centre) for centre in self.centres_px]
        return 1 + distances.index(min(distances))


@dataclass(frozen=True, eq=False)
class Picture:
    """A screen, ready to be shown.

    Parameters
    ----------
    sprites : tuple of Sprite
        All that stands still, in drawing order.
    cursor, confirmed : tuple of Sprite
        For a scale, the cursor at each point, and the cursor once the answer is taken. The sprites
        of a tuple share one image.
    track : Track or None
        For a scale, where it can be clicked.
    """

    sprites: tuple[Sprite, ...]
    cursor: tuple[Sprite, ...] = ()
    confirmed: tuple[Sprite, ...] = ()
    track: Track | None = None


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


class Painter:
    """Lays screens out.

    Parameters
    ----------
    style : Style
        Sizes and colours.
    texts : mapping of str to str
        The study's texts; ``go_on`` and ``confirm`` are the footers of pages and scales.
    scales : mapping of str to ScaleLook
        The study's ratings by name.
    message_text : callable
        Gives the text and the language tag of a message id.
    language : str
        Language tag of `texts` and `scales`.
    """

    def __init__(
        self,
        style: Style,
        texts: Mapping[str, str],
        scales: Mapping[str, ScaleLook],
        message_text: Callable[[str], tuple[str, str]],
        language: str = "en",
    ) -> None:
        self._style = style
        self._texts = texts
        self._scales = scales
        self._message_text = message_text
        self._language = language
        self._typesetter = Typesetter()
        self._width, self._height = style.size_px
        self._soft = _mix(style.ink, style.background, 0.80)
        self._quiet = _mix(style.ink, style.background, 0.60)
        self._faint = _mix(style.ink, style.background, 0.35)

    def paint(self, screen: Screen) -> Picture:
        """Lay a screen out.

        Raises
        ------
        ValueError
            Where a text does not fit in the window; it says which, by its id.
        """
        match screen:
            case Page(text=key):
                return self._page(key)
            case Waiting(text=key):
                return Picture((self._centred_text(key, self._soft),))
            case Closing(text=key):
                return Picture((self._centred_text(key, self._style.ink),))
            case Fixation():
                return Picture((self._cross(),))
            case Message(message_id=message_id):
                return self._message(message_id)
            case Scale():
                return self._scale(screen)

    # --- screens ---------------------------------------------------------------------------------

    def _page(self, key: str) -> Picture:
        body = self._centred_text(key, self._style.ink)
        return Picture((merge((body, self._footer("go_on"))),))

    def set_message(self, message_id: str) -> Typeset:
        """Set a message as it will be shown.

        Raises
        ------
        ValueError
            If it does not fit in the window; it says which, by its id.
        """
        text, language = self._message_text(message_id)
        return self._fit(
            text,
            f"message {message_id!r}",
            share=1.0,
            colour=self._style.ink,
            width=min(0.84 * self._width, MESSAGE_MEASURE * self._style.text_px),
            height=0.80 * self._height,
            language=language,
            spacing=MESSAGE_SPACING,
        )

    def missing_glyphs(self, message_id: str) -> tuple[str, ...]:
        """Return the characters of a message that would be shown as a box."""
        text, language = self._message_text(message_id)
        return self._typesetter.missing_glyphs(text, language)

    def _message(self, message_id: str) -> Picture:
        return Picture((self._about(self.set_message(message_id), 0.5 * self._height),))

    def _scale(self, screen: Scale) -> Picture:
        look = self._scales[screen.rating]
        name = f"rating {screen.rating!r}"
        row = round(0.55 * self._height)
        centres = self._centres(look.points)
        static = merge(
            (
                *self._heading(look, name, screen.prompt),
                *self._line(look, centres, row),
                *self._anchors(look, name, centres, round(0.625 * self._height)),
                self._footer("confirm"),
            )
        )
        half_step = min((centres[1] - centres[0]) / 2, 0.08 * self._width)
        half_band = 0.08 * self._height
        return Picture(
            sprites=(static,),
            cursor=_at_each(centres, row, self._cursor()),
            confirmed=_at_each(centres, row, self._confirmed_cursor()),
            track=Track(
                left_px=centres[0] - half_step,
                right_px=centres[-1] + half_step,
                top_px=row - half_band,
                bottom_px=row + half_band,
                centres_px=tuple(float(centre) for centre in centres),
            ),
        )

    def _cross(self) -> Sprite:
        x, y = self._width // 2, self._height // 2
        arm = round(0.55 * self._style.text_px)
        arms = (((x - arm, y), (x + arm, y)), ((x, y - arm), (x, y + arm)))
        return _strokes(arms, 0.055 * self._style.text_px, self._soft)

    # --- texts -----------------------------------------------------------------------------------

    def _centred_text(self, key: str, colour: str) -> Sprite:
        typeset = self._fit(
            self._texts[key],
            f"text {key!r}",
            share=PAGE_SIZE,
            colour=colour,
            width=min(0.84 * self._width, PAGE_MEASURE * PAGE_SIZE * self._style.text_px),
            height=0.72 * self._height,
        )
        return self._about(typeset, 0.47 * self._height)

    def _footer(self, key: str) -> Sprite:
        typeset = self._fit(
            self._texts[key],
            f"text {key!r}",
            share=FOOTER_SIZE,
            colour=self._quiet,
            width=0.84 * self._width,
            height=0.08 * self._height,
        )
        left = round(self._width / 2 - typeset.axis)
        return Sprite(typeset.image, left, round(0.93 * self._height) - typeset.last_baseline)

    def _heading(self, look: ScaleLook, name: str, prompt: str | None) -> tuple[Sprite, ...]:
        """Set the question, and the prompt above it, between the window's top and the line."""
        width = min(0.84 * self._width, PAGE_MEASURE * QUESTION_SIZE * self._style.text_px)
        question = self._fit(
            look.question,
            f"the question of {name}",
            share=QUESTION_SIZE,
            colour=self._style.ink,
            width=width,
            height=(0.34 if prompt is None else 0.20) * self._height,
        )
        if prompt is None:
            return (self._about(question, 0.30 * self._height),)
        above = self._fit(
            self._texts[prompt],
            f"text {prompt!r}",
            share=ANCHOR_SIZE,
            colour=self._soft,
            width=width,
            height=0.15 * self._height,
        )
        return (
            self._about(above, 0.15 * self._height),
            self._about(question, 0.345 * self._height),
        )

    def _anchors(
        self, look: ScaleLook, name: str, centres: Sequence[int], top: int
    ) -> list[Sprite]:
        """Set the anchors below their points, all in one size, none in another's way."""
        columns = self._anchor_columns(sorted(look.anchors), centres)

        def fit(point: int, px: int | None = None) -> Typeset:
            return self._fit(
                look.anchors[point],
                f"the anchor at point {point} of {name}",
                share=ANCHOR_SIZE,
                px=px,
                colour=self._soft,
                width=columns[point],
                height=0.20 * self._height,
                whole_words=True,
            )

        common = min((fit(point).px for point in columns), default=None)
        sprites = []
        for point in columns:
            typeset = fit(point, common)
            left = round(centres[point - 1] - typeset.axis)
            sprites.append(Sprite(typeset.image, left, top + typeset.px - typeset.first_baseline))
        return sprites

    def _anchor_columns(self, points: Sequence[int], centres: Sequence[int]) -> dict[int, float]:
        """Widths (px) that anchors may take, half-way to their neighbours.

        The outer ones' further neighbours are their own mirror images behind the margins.
        """
        if not points:
            return {}
        margin, gap = 0.03 * self._width, 0.02 * self._width
        places = [centres[point - 1] for point in points]
        before = [2 * margin - places[0], *places[:-1]]
        after = [*places[1:], 2 * (self._width - margin) - places[-1]]
        return {
            point: min(place - left, right - place) - gap
            for point, place, left, right in zip(points, places, before, after, strict=True)
        }

    def _fit(
        self,
        text: str,
        name: str,
        *,
        share: float,
        colour: str,
        width: float,
        height: float,
        px: int | None = None,
        language: str | None = None,
        spacing: float = LINE_SPACING,
        whole_words: bool = False,
    ) -> Typeset:
        asked = max(SMALLEST_PX, round(share * self._style.text_px))
        smallest = max(SMALLEST_PX, round(SMALLEST_SHARE * asked))
        typeset = self._typesetter.fit(
            text,
            px=asked if px is None else px,
            smallest_px=smallest,
            colour=colour,
            max_width=width,
            max_height=height,
            language=self._language if language is None else language,
            spacing=spacing,
            whole_words=whole_words,
        )
        if typeset is None:
            raise ValueError(
                f"{name} does not fit in {width:.0f} x {height:.0f} px even at {smallest} px"
                " per em: shorten it, or set a smaller text size"
            )
        return typeset

    def _about(self, typeset: Typeset, middle: float) -> Sprite:
        """Centre by baselines, not by ink: a text with a g stands no higher than one without."""
        left = round(self._width / 2 - typeset.axis)
        centre = (typeset.first_baseline + typeset.last_baseline) / 2 - HALF_X_HEIGHT * typeset.px
        return Sprite(typeset.image, left, round(middle - centre))

    # --- the rating scale's line -----------------------------------------------------------------

    def _centres(self, points: int) -> list[int]:
        inset = 0.13 * self._width
        step = (self._width - 2 * inset) / (points - 1)
        return [round(inset + step * number) for number in range(points)]

    def _line(self, look: ScaleLook, centres: Sequence[int], row: int) -> tuple[Sprite, Sprite]:
        """Draw the line and its points; where they are dense, only the ends and the anchors'."""
        radius = 0.0085 * self._height
        dense = centres[1] - centres[0] < 5 * radius
        marked = {1, look.points, *look.anchors} if dense else set(range(1, look.points + 1))
        line = (((centres[0], row), (centres[-1], row)),)
        dots = [_dot(centres[point - 1], row) for point in sorted(marked)]
        return (
            _strokes(line, 0.0025 * self._height, self._faint),
            _strokes(dots, radius, self._quiet),
        )

    def _cursor(self) -> Sprite:
        """Draw a ring that parts the line."""
        radius = 0.026 * self._height
        return merge(
            (
                _strokes((_dot(0, 0),), 1.3 * radius, self._style.background),
                _strokes((_dot(0, 0),), radius, self._style.accent),
                _strokes((_dot(0, 0),), 0.62 * radius, self._style.background),
            )
        )

    def _confirmed_cursor(self) -> Sprite:
        """Draw a filled disc with a tick, so that the change is one of shape, not only of hue."""
        radius = 0.026 * self._height
        low = (-0.1 * radius, 0.36 * radius)
        tick = (((-0.46 * radius, 0.02 * radius), low), (low, (0.48 * radius, -0.34 * radius)))
        return merge(
            (
                _strokes((_dot(0, 0),), 1.3 * radius, self._style.background),
                _strokes((_dot(0, 0),), 1.1 * radius, self._style.accent),
                _strokes(tick, 0.12 * radius, self._style.background),
            )
        )


# --- images --------------------------------------------------------------------------------------

Point: TypeAlias = tuple[float, float]
Segment: TypeAlias = tuple[Point, Point]


def _dot(x: float, y: float) -> Segment:
    return (x, y), (x, y)


def _at_each(centres: Sequence[int], row: int, sprite: Sprite) -> tuple[Sprite, ...]:
    return tuple(sprite.moved(centre, row) for centre in centres)


def _strokes(segments: Sequence[Segment], radius: float, colour: str) -> Sprite:
    """Draw round-ended strokes of one colour, smooth-edged; coordinates are of pixel centres."""
    xs = [x for segment in segments for x, _ in segment]
    ys = [y for segment in segments for _, y in segment]
    left, right = floor(min(xs) - radius - 1), ceil(max(xs) + radius + 1)
    top, bottom = floor(min(ys) - radius - 1), ceil(max(ys) + radius + 1)
    row, column = np.mgrid[top : bottom + 1, left : right + 1].astype(np.float64)
    distance = np.full(row.shape, np.inf)
    for segment in segments:
        distance = np.minimum(distance, _distance(column, row, segment))
    image = np.empty((*row.shape, 4), dtype=np.uint8)
    image[..., :3] = _rgb(colour)
    image[..., 3] = np.rint(255 * np.clip(radius - distance + 0.5, 0.0, 1.0))
    return Sprite(image, left, top)


def _distance(x: Floats, y: Floats, segment: Segment) -> Floats:
    """Distance of places to a line segment, which may be a single point."""
    (x0, y0), (x1, y1) = segment
    dx, dy = x1 - x0, y1 - y0
    squared = dx * dx + dy * dy
    along = np.clip(((x - x0) * dx + (y - y0) * dy) / (squared or 1.0), 0.0, 1.0)
    return np.hypot(x - x0 - along * dx, y - y0 - along * dy)


def merge(sprites: Iterable[Sprite]) -> Sprite:
    """Join sprites, each drawn over those before it, in one that is as small as holds them all."""
    parts = tuple(sprites)
    left, top = min(part.left for part in parts), min(part.top for part in parts)
    right, bottom = max(part.right for part in parts), max(part.bottom for part in parts)
    image = np.zeros((bottom - top, right - left, 4), dtype=np.uint8)
    for part in parts:
        rows = slice(part.top - top, part.bottom - top)
        columns = slice(part.left - left, part.right - left)
        beneath = image[rows, columns]
        image[rows, columns] = _over(part.image, beneath) if beneath.any() else part.image
    image.flags.writeable = False
    return Sprite(image, left, top)


def cut(sprite: Sprite) -> tuple[Sprite, ...]:
    """Cut a sprite along empty rows into pieces that are as small as they can be.

    What is empty costs a renderer as much as what is drawn: a scale in one piece takes a software
    renderer 8 ms, in pieces 2 ms.

    Returns
    -------
    tuple of Sprite
        From top to bottom; together they look like the sprite.
    """
    inked = np.flatnonzero(sprite.image[..., 3].any(axis=1))
    if inked.size == 0:
        return ()
    after_gaps = np.flatnonzero(np.diff(inked) > _GAP_ROWS) + 1
    pieces = []
    for rows in np.split(inked, after_gaps):
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        columns = np.flatnonzero(sprite.image[top:bottom, :, 3].any(axis=0))
        left, right = int(columns[0]), int(columns[-1]) + 1
        image = np.ascontiguousarray(sprite.image[top:bottom, left:right])
        pieces.append(Sprite(image, sprite.left + left, sprite.top + top))
    return tuple(pieces)


def _over(above: Image, beneath: Image) -> Image:
    """Porter and Duff's "over" (1984) for straight alpha."""
    alpha = above[..., 3:] / 255.0
    rest = (1.0 - alpha) * beneath[..., 3:] / 255.0
    total = alpha + rest
    colour = (alpha * above[..., :3] + rest * beneath[..., :3]) / np.where(total > 0, total, 1.0)
    return np.rint(np.concatenate((colour, 255.0 * total), axis=2)).astype(np.uint8)


def compose(
    picture: Picture, style: Style, cursor: int | None = None, confirmed: bool = False
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
        Point (from 1) at which the cursor stands.
    confirmed : bool
        Whether the answer is taken.

    Returns
    -------
    Image
        Shape (height, width, 3), red, green, blue.
    """
    width, height = style.size_px
    frame = np.empty((height, width, 3), dtype=np.uint8)
    frame[:] = _rgb(style.background)
    sprites = picture.sprites
    if cursor is not None:
        places = picture.confirmed if confirmed else picture.cursor
        if not 1 <= cursor <= len(places):
            raise ValueError(f"a cursor stands at points 1 to {len(places)}, not at {cursor}")
        sprites = (*sprites, places[cursor - 1])
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


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _mix(colour: str, other: str, share: float) -> str:
    """Mix `share` of a colour with the rest of another."""
    pairs = zip(_rgb(colour), _rgb(other), strict=True)
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)
