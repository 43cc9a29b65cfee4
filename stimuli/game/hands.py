"""The participant's own hands, reaching into the picture from below."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtGui import QColor, QPainter

from stimuli.drawing import clear, darker, disc, drawn, glow, limb, oval
from stimuli.game.figures import GLOVE
from stimuli.sprites import Sprite


@dataclass(frozen=True)
class Grip:
    """Where the two hands are, in units from the middle of the window's bottom edge.

    Parameters
    ----------
    left, right : tuple of float
        The palms.
    spread : float
        How far the fingers are apart: 0 closed about a ball, 1 wide open.
    """

    left: tuple[float, float]
    right: tuple[float, float]
    spread: float = 0.3

    def mirrored(self) -> Grip:
        """Give it as a mirror shows it."""
        return Grip((-self.right[0], self.right[1]), (-self.left[0], self.left[1]), self.spread)


REST = Grip((-0.132, -0.058), (0.132, -0.058), 0.30)
HOLD = Grip((-0.062, -0.112), (0.062, -0.112), 0.0)
OPEN = Grip((-0.092, -0.150), (0.092, -0.150), 1.0)


def ready(side: float) -> Grip:
    """Give the hands about to throw to a side (-1 left to 1 right): the ball is drawn back."""
    away = -0.035 * side
    return Grip((HOLD.left[0] + away, -0.100), (HOLD.right[0] + away, -0.100), 0.0)


def let_go(side: float) -> Grip:
    """Give the hands that have just thrown to a side."""
    away = 0.075 * side
    return Grip((-0.104 + away, -0.200), (0.104 + away, -0.200), 0.8)


def between(a: Grip, b: Grip, share: float) -> Grip:
    """Give the hands a share of the way from one grip to another."""

    def mixed(p: tuple[float, float], q: tuple[float, float]) -> tuple[float, float]:
        return p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])

    spread = a.spread + share * (b.spread - a.spread)
    return Grip(mixed(a.left, b.left), mixed(a.right, b.right), spread)


def hands(grip: Grip, sleeve: str, unit: float) -> Sprite:
    """Draw both hands; placed for the middle of the window's bottom edge at 0, 0.

    Parameters
    ----------
    grip : Grip
    sleeve : str
        Colour.
    unit : float
        Pixels.
    """

    def draw(painter: QPainter) -> None:
        _hand(painter, grip.left, 1, grip.spread, sleeve)
        _hand(painter, grip.right, -1, grip.spread, sleeve)

    return drawn((-0.36, -0.33, 0.36, 0.0), draw, unit)


def _hand(
    painter: QPainter, palm: tuple[float, float], inward: int, spread: float, sleeve: str
) -> None:
    """Draw a forearm and a gloved hand; its thumb is on the side `inward` (1 right, -1 left)."""
    x, y = palm
    elbow = (x - inward * 0.125, y + 0.30)
    dx, dy = x - elbow[0], y - elbow[1]
    length = (dx * dx + dy * dy) ** 0.5
    ahead = (dx / length, dy / length)
    wrist = (x - 0.060 * ahead[0], y - 0.060 * ahead[1])
    cuff = (x - 0.085 * ahead[0], y - 0.085 * ahead[1])
    limb(painter, (elbow, cuff), 0.090, QColor(darker(sleeve, 0.12)))
    limb(
        painter,
        ((elbow[0] - inward * 0.008, elbow[1]), (cuff[0] - inward * 0.008, cuff[1])),
        0.062,
        QColor(sleeve),
    )
    limb(painter, (wrist, cuff), 0.066, QColor(darker(GLOVE, 0.20)))
    curl = 1.0 - spread
    painter.save()
    painter.translate(x, y)
    glove, line = QColor(GLOVE), QColor(darker(GLOVE, 0.22))
    tilt = inward * (10 + 16 * curl)
    painter.rotate(tilt)
    for at, reach in ((-0.036, 0.064), (-0.013, 0.079), (0.011, 0.082), (0.034, 0.072)):
        base = (inward * at, -0.012)
        fan = inward * (at * (0.30 + 0.95 * spread) + curl * 0.010)
        tip = (base[0] + fan, -reach * (0.86 + 0.14 * spread))
        bend = (base[0] + 0.1 * fan, -0.6 * reach)
        limb(painter, (base, bend, tip), 0.0285, line)
        limb(painter, (base, bend, tip), 0.0235, glove)
    oval(painter, 0, 0.006, 0.047, 0.050, glove)
    thumb = (inward * (0.062 + 0.012 * spread), -0.030 + 0.008 * spread)
    way = ((inward * 0.020, 0.020), (inward * 0.056, 0.008), thumb)
    limb(painter, way, 0.0315, line)
    limb(painter, way, 0.0265, glove)
    oval(painter, inward * 0.006, 0.012, 0.036, 0.036, glove)
    painter.restore()


def light(colour: str, unit: float, strength: float) -> Sprite:
    """Draw the calm light about the ball in the participant's hands, about 0, 0."""

    def draw(painter: QPainter) -> None:
        stops = (
            (0.0, clear(colour, 0.50 * strength)),
            (0.35, clear(colour, 0.30 * strength)),
            (1.0, clear(colour, 0.0)),
        )
        disc(painter, 0, 0, 0.19, glow(0, 0, 0.19, stops))

    return drawn((-0.2, -0.2, 0.2, 0.2), draw, unit)
