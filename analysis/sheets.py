"""Sheets of small pictures with captions."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage

Frame: TypeAlias = npt.NDArray[np.uint8]
"""A picture, shape (height, width, 3): red, green, blue."""

_GAP = 16  # px
_LINE, _FONT = 24, 17  # px of a caption's line, and of its letters
_PAPER, _INK = "#f4f2ee", "#333333"


def sheet(pictures: Iterable[tuple[Frame, Sequence[str]]], columns: int, width: int) -> Frame:
    """Put pictures in rows, each made smaller as it comes, with lines of caption below it.

    Parameters
    ----------
    pictures : iterable of (Frame, sequence of str)
        Pictures of one size, and their captions' lines (Latin letters only); long ones are broken.
    columns : int
    width : int
        Of a small picture (px).
    """
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=_FONT)
    cells = [
        (
            _smaller(picture, width),
            [part for line in lines for part in _broken(line, width, font.getlength)],
        )
        for picture, lines in pictures
    ]
    high = cells[0][0].height
    below = 6 + _LINE * max(len(lines) for _, lines in cells)
    deep = -(-len(cells) // columns)
    across, down = width + _GAP, high + below + _GAP
    paper = Image.new("RGB", (_GAP + columns * across, _GAP + deep * down), _PAPER)
    draw = ImageDraw.Draw(paper)
    for i, (small, lines) in enumerate(cells):
        left, top = _GAP + (i % columns) * across, _GAP + (i // columns) * down
        paper.paste(small, (left, top))
        for number, line in enumerate(lines):
            draw.text((left + 2, top + high + 6 + number * _LINE), line, _INK, font)
    return np.asarray(paper)


def _smaller(picture: Frame, width: int) -> PilImage:
    from PIL import Image

    rows, across = picture.shape[:2]
    size = (width, round(width * rows / across))
    # A large one is halved first, to no less than twice the size: as sharp, in half the time.
    return Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _broken(line: str, width: int, length: Callable[[str], float]) -> list[str]:
    """Return a line in parts that are not wider (px) than a picture; words stay whole."""
    if length(line) <= width:
        return [line]
    parts = [""]
    for word in line.split():
        longer = f"{parts[-1]} {word}".lstrip()
        if length(longer) <= width or not parts[-1]:
            parts[-1] = longer
        else:
            parts.append(word)
    return parts


def png(frame: Frame, made_by: str | None = None) -> bytes:
    """Return a picture as the content of a PNG file, which may say what made it."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    told, buffer = PngInfo(), io.BytesIO()
    if made_by is not None:
        told.add_text("Software", made_by)
    Image.fromarray(frame).save(buffer, "png", pnginfo=told)
    return buffer.getvalue()
