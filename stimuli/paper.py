"""A page of HTML as PDF, A4, set by Qt; needs no screen and no browser."""

from __future__ import annotations

import os
from pathlib import Path

from PyQt6.QtCore import QMarginsF
from PyQt6.QtGui import QFont, QPageLayout, QPageSize, QPainter, QPdfWriter, QTextDocument

from stimuli.qt import application

_MARGIN = 14.0  # mm
_DPI = 96  # what the pixels of the page's style sheet are meant for
_STEP, _SMALLEST = 0.04, 0.6  # of the size that the page was made for


def write_page(html: str, file: Path) -> None:
    """Write a page as PDF, made smaller if it is too long for one; in place in one move.

    Parameters
    ----------
    html : str
        Of the subset that QTextDocument knows: tables, no floats, lengths in px.
    file : Path
        Its folder must exist.

    Raises
    ------
    OSError
        If it can't be written.
    """
    application()
    beside = file.with_name(f".{file.name}.{os.getpid()}.part")
    beside.open("wb").close()  # Qt only says in a warning that it can't write
    try:
        _print(html, beside)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


def _print(html: str, file: Path) -> None:
    writer = QPdfWriter(str(file))
    writer.setResolution(_DPI)
    margins = QMarginsF(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
    size, portrait = QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait
    writer.setPageLayout(QPageLayout(size, portrait, margins, QPageLayout.Unit.Millimeter))
    writer.setCreator("Kindred")
    document = QTextDocument()
    document.setDefaultFont(QFont("Noto Sans", 10))
    document.setDocumentMargin(0)
    layout = document.documentLayout()
    assert layout is not None
    layout.setPaintDevice(writer)
    document.setHtml(html)
    area = writer.pageLayout().paintRectPixels(_DPI)
    scale = 1.0
    document.setTextWidth(area.width())
    while document.size().height() * scale > area.height() and scale > _SMALLEST:
        scale -= _STEP
        document.setTextWidth(area.width() / scale)
    painter = QPainter(writer)
    painter.scale(scale, scale)
    document.drawContents(painter)
    painter.end()
