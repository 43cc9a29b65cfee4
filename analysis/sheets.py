"""Sheets of small pictures with captions."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Frame: TypeAlias = npt.NDArray[np.uint8]
"""A picture, shape (height, width, 3): red, green, blue."""

_GAP = 16  # px
_LINE = 24  # px of a caption's line
_PAPER, _INK = "#f4f2ee", "#333333"


def sheet(pictures: Sequence[tuple[Frame, Sequence[str]]], columns: int, width: int) -> Frame:
    """Put pictures in rows, each made smaller, with lines of caption below it.

    Parameters
    ----------
    pictures : sequence of (Frame, sequence of str)
        Pictures of one size, and their captions' lines (Latin letters only).
    columns : int
    width : int
        Of a small picture (px).
    """
    from PIL import Image, ImageDraw, ImageFont

    rows, across = pictures[0][0].shape[:2]
    size = (width, round(width * rows / across))
    below = 6 + _LINE * max(len(lines) for _, lines in pictures)
    cell = (width + _GAP, size[1] + below + _GAP)
    deep = -(-len(pictures) // columns)
    paper = Image.new("RGB", (_GAP + columns * cell[0], _GAP + deep * cell[1]), _PAPER)
    draw = ImageDraw.Draw(paper)
    font = ImageFont.load_default(size=17)
    for i, (picture, lines) in enumerate(pictures):
        left = _GAP + (i % columns) * cell[0]
        top = _GAP + (i // columns) * cell[1]
        small = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
        paper.paste(small, (left, top))
        for number, line in enumerate(lines):
            draw.text((left + 2, top + size[1] + 6 + number * _LINE), line, _INK, font)
    return np.asarray(paper)


def png(frame: Frame) -> bytes:
    """Return a picture as the content of a PNG file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "png")
    return buffer.getvalue()
