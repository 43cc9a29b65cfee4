"""Sheets of small pictures with captions."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Frame: TypeAlias = npt.NDArray[np.uint8]
"""A picture, shape (height, width, 3): red, green, blue."""

_GAP = 16  # px
_LINE, _FONT = 24, 17  # px of a caption's line, and of its letters
_PAPER, _INK = "#f4f2ee", "#333333"


def sheet(pictures: Sequence[tuple[Frame, Sequence[str]]], columns: int, width: int) -> Frame:
    """Put pictures in rows, each made smaller, with lines of caption below it.

    Parameters
    ----------
    pictures : sequence of (Frame, sequence of str)
        Pictures of one size, and their captions' lines (Latin letters only); long ones are broken.
    columns : int
    width : int
        Of a small picture (px).
    """
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=_FONT)
    rows, across = pictures[0][0].shape[:2]
    size = (width, round(width * rows / across))
    captions = [
        [part for line in lines for part in _broken(line, width, font.getlength)]
        for _, lines in pictures
    ]
    below = 6 + _LINE * max(len(lines) for lines in captions)
    cell = (width + _GAP, size[1] + below + _GAP)
    deep = -(-len(pictures) // columns)
    paper = Image.new("RGB", (_GAP + columns * cell[0], _GAP + deep * cell[1]), _PAPER)
    draw = ImageDraw.Draw(paper)
    for i, ((picture, _), lines) in enumerate(zip(pictures, captions, strict=True)):
        left = _GAP + (i % columns) * cell[0]
        top = _GAP + (i // columns) * cell[1]
        small = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
        paper.paste(small, (left, top))
        for number, line in enumerate(lines):
            draw.text((left + 2, top + size[1] + 6 + number * _LINE), line, _INK, font)
    return np.asarray(paper)


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


def png(frame: Frame) -> bytes:
    """Return a picture as the content of a PNG file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "png")
    return buffer.getvalue()
