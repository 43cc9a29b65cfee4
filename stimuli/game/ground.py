"""The court's ground: a soft, lit oval with its lines."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from stimuli.drawing import clear, disc, drawn, glow
from stimuli.game.places import Places
from stimuli.pictures import Style
from stimuli.sprites import Sprite, mix

_GRASS = "#7fa692"
_MIDDLE, _HALF_HEIGHT = 0.70, 0.25  # in units of the window's height


def ground(places: Places, style: Style) -> Sprite:
    """Draw the ground in the window."""
    across = min(places.half_width + 0.15 * places.unit, 0.485 * places.width)
    x, y = places.width / 2, _MIDDLE * places.height
    down = _HALF_HEIGHT * places.height
    lit = mix(_GRASS, style.background, 0.52)
    edge = mix(_GRASS, style.background, 0.30)

    def draw(painter: QPainter) -> None:
        painter.translate(x, y)
        painter.scale(across, down)
        stops = ((0.0, QColor(lit)), (0.72, QColor(edge)), (1.0, QColor(edge)))
        disc(painter, 0, 0, 1.0, glow(0, -0.1, 1.0, stops))
        for radius, strength in ((0.955, 0.20), (0.36, 0.13)):
            pen = QPen(clear(style.ink, strength), max(0.0028 * places.unit, 1.2))
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(0, 0), radius, radius)

    return drawn((x - across, y - down, x + across, y + down), draw)
