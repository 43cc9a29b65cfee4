"""Drawings made by code, smooth-edged and at the window's own resolution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QRadialGradient

from stimuli.qt import application, ink, pixels, transparent
from stimuli.sprites import Point, Sprite, mix

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def drawn(box: Box, draw: Callable[[QPainter], None], unit: float = 1.0) -> Sprite:
    """Draw something, and crop it to its ink.

    Parameters
    ----------
    box : Box
        What it stays in, in units; nothing is drawn beyond it.
    draw : callable
        Takes a painter whose coordinates are units from the place where the sprite's own 0, 0 is.
    unit : float
        Pixels per unit.
    """
    application()
    left, top = floor(box[0] * unit), floor(box[1] * unit)
    right, bottom = ceil(box[2] * unit), ceil(box[3] * unit)
    canvas = transparent(right - left, bottom - top)
    painter = QPainter(canvas)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(-left, -top)
    painter.scale(unit, unit)
    draw(painter)
    painter.end()
    whole = pixels(canvas)
    above, below, first, last = ink(whole)
    image = whole[above:below, first:last].copy()
    image.flags.writeable = False
    return Sprite(image, left + first, top + above)


def disc(painter: QPainter, x: float, y: float, radius: float, fill: QBrush | QColor) -> None:
    """Fill a circle."""
    oval(painter, x, y, radius, radius, fill)


def oval(
    painter: QPainter, x: float, y: float, across: float, down: float, fill: QBrush | QColor
) -> None:
    """Fill an ellipse with half-axes `across` and `down`."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    painter.drawEllipse(QPointF(x, y), across, down)


def plate(painter: QPainter, box: Box, radius: float, fill: QBrush | QColor) -> None:
    """Fill a rectangle with round corners."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    left, top, right, bottom = box
    painter.drawRoundedRect(QRectF(left, top, right - left, bottom - top), radius, radius)


def limb(painter: QPainter, points: Sequence[Point], width: float, colour: QBrush | QColor) -> None:
    """Draw a round-ended stroke through two points, or bent at the second of three."""
    path = QPainterPath(QPointF(*points[0]))
    if len(points) == 2:
        path.lineTo(QPointF(*points[1]))
    else:
        path.quadTo(QPointF(*points[1]), QPointF(*points[2]))
    stroke(painter, path, width, colour)


def stroke(painter: QPainter, path: QPainterPath, width: float, colour: QBrush | QColor) -> None:
    """Draw a round-ended, round-cornered line along a path."""
    pen = QPen(QBrush(colour), width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)


def clear(colour: str, alpha: float) -> QColor:
    """Give a colour that lets something through (`alpha` 0 to 1)."""
    seen = QColor(colour)
    seen.setAlphaF(alpha)
    return seen


def glow(x: float, y: float, radius: float, stops: Sequence[tuple[float, QColor]]) -> QBrush:
    """Give a brush that changes from a middle outwards."""
    gradient = QRadialGradient(QPointF(x, y), radius)
    for place, colour in stops:
        gradient.setColorAt(place, colour)
    return QBrush(gradient)


def lighter(colour: str, share: float) -> str:
    """Mix a colour with `share` of white."""
    return mix("#ffffff", colour, share)


def darker(colour: str, share: float) -> str:
    """Mix a colour with `share` of black."""
    return mix("#000000", colour, share)
