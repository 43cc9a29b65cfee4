"""The figures of the ball game: a body in a shirt of its own colour, and a head in a round frame.

Hands wear light gloves, so that nobody's skin has to be guessed.
"""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QBrush, QColor, QLinearGradient, QPainter, QPainterPath, QPen

from stimuli.contents import ProfileLook
from stimuli.drawing import clear, darker, disc, drawn, glow, lighter, limb, oval
from stimuli.game.poses import Pose
from stimuli.photos import UNREADABLE, Photos, unreadable
from stimuli.sprites import Point, Sprite, merge, mix

SHIRTS = ("#4a9d97", "#5b8bd0", "#d9a94a", "#9280c8", "#cc6b62")
"""Of the others, from left to right."""
OWN = "#929dac"
"""Shirt and sleeves of the participant; none of the others', and the colour of nobody's skin."""
GLOVE, SHOE, TROUSERS = "#f3ebdf", "#e6dfd3", "#565d6b"

HEAD_DOWN = -1.93
"""How far down the middle of a head is, in heads from the feet."""
HEIGHT = 2.45
"""From the feet to the top of the head, in heads."""
_TURN = 0.07  # how far a head turns to the side
_SHOULDERS, _HIPS = -1.30, -0.64
_FRAME = 0.05  # width of a head's frame, in heads


def body(pose: Pose, shirt: str, head: float) -> Sprite:
    """Draw a body in a pose.

    Parameters
    ----------
    pose : Pose
    shirt : str
        Colour.
    head : float
        Diameter (px) of the head, which all is measured in.

    Returns
    -------
    Sprite
        Placed for feet at 0, 0.
    """
    return drawn((-1.1, -1.75, 1.1, 0.12), lambda painter: _body(painter, pose, shirt), head)


def _body(painter: QPainter, pose: Pose, shirt: str) -> None:
    turned = pose.turned_to
    half = 0.38 if turned == 0 else 0.31
    middle = pose.lean
    shoulders = {
        -1: (middle - half + 0.06, _SHOULDERS + 0.10),
        1: (middle + half - 0.06, _SHOULDERS + 0.10),
    }
    hands = {-1: pose.left, 1: pose.right}
    far = turned  # the arm that is on the side to which the body is turned is behind it
    if far:
        _arm(painter, shoulders[far], hands[far], far, darker(shirt, 0.22))
    _legs(painter, turned)
    _torso(painter, turned, half, middle, shirt)
    for side in (-1, 1):
        if side != far:
            _arm(painter, shoulders[side], hands[side], side, darker(shirt, 0.08))
    for side in (-1, 1):
        _glove(painter, hands[side], shade=side == far)


def _legs(painter: QPainter, turned: int) -> None:
    apart = 0.20 if turned == 0 else 0.15
    for side in (-1, 1):
        foot = (side * apart + 0.03 * turned, -0.09)
        colour = TROUSERS if side != turned else darker(TROUSERS, 0.18)
        limb(painter, ((side * 0.135, _HIPS + 0.06), foot), 0.25, QColor(colour))
        toe = foot[0] + 0.07 * turned + (0.03 * side if turned == 0 else 0.0)
        oval(painter, toe, -0.035, 0.165, 0.085, QColor(SHOE))
        oval(painter, toe, 0.012, 0.165, 0.038, QColor(darker(SHOE, 0.28)))


def _torso(painter: QPainter, turned: int, half: float, middle: float, shirt: str) -> None:
    waist = 0.285 if turned == 0 else 0.255
    path = QPainterPath(QPointF(middle - 0.14, _SHOULDERS - 0.13))
    path.lineTo(middle + 0.14, _SHOULDERS - 0.13)
    path.cubicTo(
        QPointF(middle + half, _SHOULDERS - 0.10),
        QPointF(middle + half + 0.03, _SHOULDERS + 0.10),
        QPointF(middle / 2 + half - 0.03, -0.95),
    )
    path.lineTo(waist, _HIPS + 0.06)
    path.quadTo(QPointF(0.0, _HIPS + 0.13), QPointF(-waist, _HIPS + 0.06))
    path.lineTo(middle / 2 - half + 0.03, -0.95)
    path.cubicTo(
        QPointF(middle - half - 0.03, _SHOULDERS + 0.10),
        QPointF(middle - half, _SHOULDERS - 0.10),
        QPointF(middle - 0.14, _SHOULDERS - 0.13),
    )
    shade = QLinearGradient(QPointF(-half, _SHOULDERS), QPointF(half, _HIPS))
    shade.setColorAt(0.0, QColor(lighter(shirt, 0.14)))
    shade.setColorAt(1.0, QColor(darker(shirt, 0.10)))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(shade))
    painter.drawPath(path)
    # A stripe across the chest and a collar, turned with the body.
    painter.save()
    painter.setClipPath(path)
    painter.fillRect(QRectF(-0.7, -1.02, 1.4, 0.10), clear(lighter(shirt, 0.55), 0.55))
    painter.restore()
    oval(painter, middle + 0.05 * turned, _SHOULDERS - 0.12, 0.17, 0.07, QColor(darker(shirt, 0.3)))


def _arm(painter: QPainter, shoulder: Point, hand: Point, side: int, colour: str) -> None:
    """Draw an arm that bends outwards and down the less it has to stretch."""
    away = ((hand[0] - shoulder[0]) ** 2 + (hand[1] - shoulder[1]) ** 2) ** 0.5
    slack = max(0.0, 0.92 - away)
    bend = (
        (shoulder[0] + hand[0]) / 2 + side * 0.36 * slack,
        (shoulder[1] + hand[1]) / 2 + 0.42 * slack,
    )
    limb(painter, (shoulder, bend, hand), 0.195, QColor(colour))


def _glove(painter: QPainter, hand: Point, *, shade: bool) -> None:
    colour = darker(GLOVE, 0.12) if shade else GLOVE
    x, y = hand
    disc(painter, x, y, 0.125, QColor(colour))
    inward = 1 if x < 0 else -1
    disc(painter, x + 0.075 * inward, y - 0.085, 0.052, QColor(colour))


def head(
    look: ProfileLook, whose: str, shirt: str, size: float, photos: Photos, background: str
) -> Sprite:
    """Give a head: the photo in a round frame, or a drawn one, about 0, 0.

    Parameters
    ----------
    look : ProfileLook
    whose : str
        What an error calls them: an id.
    shirt : str
        Colour of the frame.
    size : float
        Diameter (px).
    photos : Photos
    background : str
        The window's colour.

    Raises
    ------
    ValueError
        If the photo can't be read.
    """
    inner = 0.5 - _FRAME

    def frame(painter: QPainter) -> None:
        disc(painter, 0, 0, 0.5, QColor(shirt))
        disc(painter, 0, 0, inner + 0.012, QColor(darker(shirt, 0.35)))

    def face(painter: QPainter) -> None:
        _face(painter, inner, shirt, background)

    ring = drawn((-0.52, -0.52, 0.52, 0.52), frame, size)
    if look.photo is None:
        return merge((ring, drawn((-0.5, -0.5, 0.5, 0.5), face, size)))
    side = 2 * round(inner * size)
    try:
        image = photos.round(look.photo, side)
    except UNREADABLE:
        raise unreadable(whose) from None
    return merge((ring, Sprite(image, -side // 2, -side // 2)))


def _face(painter: QPainter, radius: float, shirt: str, background: str) -> None:
    """Draw a plain, friendly face that is nobody's."""
    disc(painter, 0, 0, radius, QColor(mix(shirt, "#efe8dc", 0.28)))
    clip = QPainterPath()
    clip.addEllipse(QPointF(0, 0), radius, radius)
    painter.setClipPath(clip)
    skin, dark = "#d8cfc1", mix("#4a443d", background, 0.85)
    plain = QColor(shirt)
    oval(painter, 0, 0.50, 0.32, 0.22, plain)
    limb(painter, ((0, 0.16), (0, 0.26)), 0.14, QColor(darker(skin, 0.12)))
    oval(painter, 0, -0.02, 0.205, 0.235, QColor(skin))
    for x in (-0.075, 0.075):
        disc(painter, x, -0.03, 0.022, QColor(dark))
    smile = QPainterPath(QPointF(-0.07, 0.07))
    smile.quadTo(QPointF(0, 0.135), QPointF(0.07, 0.07))
    pen = QPen(QColor(dark), 0.022)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(smile)
    painter.setClipping(False)


def head_place(turned_to: int, size: float) -> tuple[int, int]:
    """How far (px) from the feet the middle of a head is, turned a way."""
    return round(_TURN * turned_to * size), round(HEAD_DOWN * size)


def shadow(size: float) -> Sprite:
    """Draw the soft shadow of somebody whose feet are at 0, 0."""

    def draw(painter: QPainter) -> None:
        painter.scale(1.0, 0.26)
        stops = ((0.0, clear("#000000", 0.42)), (0.45, clear("#000000", 0.30)))
        disc(painter, 0, 0, 0.72, glow(0, 0, 0.72, (*stops, (1.0, clear("#000000", 0.0)))))

    return drawn((-0.8, -0.25, 0.8, 0.25), draw, size)


def halo(size: float, colour: str) -> Sprite:
    """Draw a ring of light about a head at 0, 0, for the one who is pointed at."""

    def draw(painter: QPainter) -> None:
        stops = ((0.0, clear(colour, 0.0)), (0.78, clear(colour, 0.0)), (0.80, clear(colour, 0.45)))
        disc(painter, 0, 0, 0.66, glow(0, 0, 0.66, (*stops, (1.0, clear(colour, 0.0)))))
        pen = QPen(QColor(colour), 0.07)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(0, 0), 0.545, 0.545)

    return drawn((-0.8, -0.8, 0.8, 0.8), draw, size)
