"""A page of HTML as PDF, A4, set by Qt; needs no screen and no browser."""

from __future__ import annotations

from PyQt6.QtCore import QBuffer, QIODevice, QMarginsF
from PyQt6.QtGui import QFont, QPageLayout, QPageSize, QPainter, QPdfWriter, QTextDocument

from stimuli.qt import application

_MARGIN = 14.0  # mm
_DPI = 96  # what the pixels of the page's style sheet are meant for
_STEP, _SMALLEST = 0.04, 0.6  # of the size that the page was made for


def pdf_of(html: str, made_by: str) -> bytes:
    """Return a page as the content of a PDF, made smaller if it is too long for one.

    Parameters
    ----------
    html : str
        Of the subset that QTextDocument knows: tables, no floats, lengths in px.
    made_by : str
        What the file says of itself.
    """
    application()
    paper = QBuffer()
    paper.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(paper)
    writer.setResolution(_DPI)
    margins = QMarginsF(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
    size, portrait = QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait
    writer.setPageLayout(QPageLayout(size, portrait, margins, QPageLayout.Unit.Millimeter))
    writer.setCreator(made_by)
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
    return paper.data().data()
