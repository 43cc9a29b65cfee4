"""Qt's text engine and images, as far as setting text needs them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

import numpy as np
from PyQt6.QtCore import QLoggingCategory, Qt
from PyQt6.QtGui import QFont, QGuiApplication, QImage, QTextLayout, QTextLine, QTextOption

from stimuli.sprites import Image


def centred(*, rtl: bool) -> QTextOption:
    """Lines in the middle, broken between words, running in a direction."""
    option = QTextOption(Qt.AlignmentFlag.AlignHCenter)
    option.setTextDirection(
        Qt.LayoutDirection.RightToLeft if rtl else Qt.LayoutDirection.LeftToRight
    )
    option.setWrapMode(QTextOption.WrapMode.WordWrap)
    return option


def laid_out(text: str, font: QFont, option: QTextOption, width: float) -> QTextLayout:
    """Break a text in lines no wider than `width` (px)."""
    layout = QTextLayout(text, font)
    layout.setTextOption(option)
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
    layout.endLayout()
    return layout


def each(layout: QTextLayout) -> Iterator[QTextLine]:
    """Give the lines of a layout."""
    return map(layout.lineAt, range(layout.lineCount()))


@cache
def application() -> QGuiApplication:
    """Give the process's Qt application, made if there is none yet, and hold it.

    One made here has no screen (Qt's "offscreen" platform) unless ``QT_QPA_PLATFORM`` names
    another.
    """
    running = QGuiApplication.instance()
    if isinstance(running, QGuiApplication):
        return running
    # Qt warns of each font in a list that lacks a script before it takes the next, which has it.
    QLoggingCategory.setFilterRules("qt.text.font.db=false")
    chosen = "QT_QPA_PLATFORM" in os.environ
    # An argument instead of the variable: a program started from here inherits nothing.
    return QGuiApplication(["kindred"] if chosen else ["kindred", "-platform", "offscreen"])


def transparent(width: int, height: int) -> QImage:
    """Make an image with nothing on it."""
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    return image


def pixels(image: QImage) -> Image:
    """Give the pixels of an image, with straight alpha."""
    straight = image.convertToFormat(QImage.Format.Format_RGBA8888)
    bits = straight.constBits()
    if bits is None:
        raise MemoryError(f"no memory for an image of {image.width()} x {image.height()} px")
    data = np.frombuffer(bits.asstring(straight.sizeInBytes()), dtype=np.uint8)
    return data.reshape(straight.height(), straight.width(), 4)


def ink(image: Image) -> tuple[int, int, int, int]:
    """Top, bottom, left, right of all that is not transparent; one pixel where nothing is."""
    alpha = image[..., 3]
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if rows.size == 0:
        return 0, 1, 0, 1
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
