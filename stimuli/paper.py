"""A page of HTML as PDF, A4, set by Qt; needs no screen and no browser."""

from __future__ import annotations

import os
from pathlib import Path

from PyQt6.QtCore import QMarginsF, QSizeF
from PyQt6.QtGui import QFont, QPageLayout, QPageSize, QPdfWriter, QTextDocument

from stimuli.qt import application

_MARGIN = 14.0  # mm
_DPI = 96  # what the pixels of the page's style sheet are meant for


def write_pdf(html: str, file: Path) -> int:
    """Write a page as PDF; the file is put in place in one move.

    Parameters
    ----------
    html : str
        Of the subset that QTextDocument knows: tables, no floats.
    file : Path
        Its folder must exist.

    Returns
    -------
    int
        Number of pages.

    Raises
    ------
    OSError
        If it can't be written.
    """
    application()
    beside = file.with_name(f".{file.name}.{os.getpid()}.part")
    beside.open("wb").close()  # Qt only says in a warning that it can't write
    try:
        pages = _print(html, beside)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
    return pages


def _print(html: str, file: Path) -> int:
    writer = QPdfWriter(str(file))
    writer.setResolution(_DPI)
    margins = QMarginsF(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
    size = QPageSize(QPageSize.PageSizeId.A4)
    writer.setPageLayout(
        QPageLayout(size, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter)
    )
    writer.setCreator("Kindred")
    document = QTextDocument()
    document.setDefaultFont(QFont("Noto Sans", 10))
    document.setDocumentMargin(0)
    document.setHtml(html)
    layout = document.documentLayout()
    assert layout is not None
    layout.setPaintDevice(writer)
    area = writer.pageLayout().paintRectPixels(_DPI)
    document.setPageSize(QSizeF(area.width(), area.height()))
    document.print(writer)
    return document.pageCount()
