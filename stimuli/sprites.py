"""Small images and where they go in the window.

Distances are pixels from the window's top-left corner, x to the right and y downwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Image: TypeAlias = npt.NDArray[np.uint8]
"""Pixels, shape (height, width, 4): red, green, blue, straight alpha."""
Floats: TypeAlias = npt.NDArray[np.float64]
Point: TypeAlias = tuple[float, float]
Segment: TypeAlias = tuple[Point, Point]

_GAP_ROWS = 8  # empty rows (px) at which a sprite is worth cutting


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


def dot(x: float, y: float) -> Segment:
    """Make a stroke of no length, which is drawn as a disc."""
    return (x, y), (x, y)


def strokes(segments: Sequence[Segment], radius: float, colour: str) -> Sprite:
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
    image[..., :3] = rgb(colour)
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


def rgb(colour: str) -> tuple[int, int, int]:
    """Give red, green and blue (0-255) of a colour written ``#rrggbb``."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def mix(colour: str, other: str, share: float) -> str:
    """Mix `share` of a colour with the rest of another."""
    pairs = zip(rgb(colour), rgb(other), strict=True)
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)
