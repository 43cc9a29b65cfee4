"""The ball, turning as it flies, and its shadow."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from stimuli.drawing import clear, disc, drawn, glow
from stimuli.sprites import Image, Sprite, rgb

TURNS = 24
"""Views of the ball in one turn about itself."""
SHADES = 6
"""Shadows, from the ball's on the ground to its highest."""

_LIGHT = np.array((-0.45, -0.62, 0.64))  # where the light comes from, x to the right, y down
_LIGHT /= np.linalg.norm(_LIGHT)
_AXIS_TILT = 0.5  # rad, of the axis about which it turns
_SMOOTH = 3  # samples per pixel along each side
_PANELS = ("#f6efe2", "#e2725b", "#f6efe2", "#3f8f8b", "#f6efe2", "#e9b44c")


def ball(diameter: int, turn: int) -> Sprite:
    """Draw the ball about 0, 0.

    Each sample is a place on a sphere, which is turned, given its panel's colour and lit; the
    samples of a pixel are averaged.

    Parameters
    ----------
    diameter : int
        Pixels.
    turn : int
        Which of its `TURNS` views.
    """
    side = diameter + 2
    count = side * _SMOOTH
    radius = diameter / 2
    along = ((np.arange(count) + 0.5) / _SMOOTH - side / 2).astype(np.float32)
    x, y = along[None, :] / radius, along[:, None] / radius
    from_middle = x * x + y * y
    on_it = from_middle <= 1.0
    z = np.sqrt(np.clip(1.0 - from_middle, 0.0, 1.0))
    colour = _panels(x, y, z, 2 * pi * turn / TURNS)
    lit = np.clip(x * _LIGHT[0] + y * _LIGHT[1] + z * _LIGHT[2], 0.0, 1.0)
    shade = (0.60 + 0.44 * lit)[..., None]
    shine = (0.30 * lit**18)[..., None]
    colour = np.clip(colour * shade * (1 - shine) + 255.0 * shine, 0.0, 255.0)
    return Sprite(_averaged(colour, on_it, side), -side // 2, -side // 2)


def _panels(x: np.ndarray, y: np.ndarray, z: np.ndarray, turn: float) -> np.ndarray:
    """Colour of each place of the sphere, turned: six panels between two poles with caps."""
    # The axis is tilted in the plane of the picture and a little towards the onlooker.
    across = x * cos(_AXIS_TILT) + y * sin(_AXIS_TILT)
    axis = -x * sin(_AXIS_TILT) + y * cos(_AXIS_TILT)
    nod = 0.45
    pole = axis * cos(nod) + z * sin(nod)
    depth = -axis * sin(nod) + z * cos(nod)
    angle = (np.arctan2(across, depth) + turn) % (2 * pi)
    palette = np.array([rgb(panel) for panel in _PANELS], dtype=np.float32)
    colour = palette[np.minimum((angle / (pi / 3)).astype(int), 5)]
    colour[np.abs(pole) > 0.93] = palette[0]
    return np.asarray(colour)


def _averaged(colour: np.ndarray, on_it: np.ndarray, side: int) -> Image:
    weight = on_it.reshape(side, _SMOOTH, side, _SMOOTH).astype(np.float64)
    parts = colour.reshape(side, _SMOOTH, side, _SMOOTH, 3)
    total = weight.sum(axis=(1, 3))
    mean = (parts * weight[..., None]).sum(axis=(1, 3)) / np.maximum(total, 1.0)[..., None]
    image = np.zeros((side, side, 4), dtype=np.uint8)
    image[..., :3] = np.rint(mean)
    image[..., 3] = np.rint(255.0 * total / _SMOOTH**2)
    image.flags.writeable = False
    return image


def shadow(diameter: float, height: float) -> Sprite:
    """Draw the ball's shadow about 0, 0: the higher the ball, the wider and fainter.

    Parameters
    ----------
    diameter : float
        Of the ball (px).
    height : float
        From 0, on the ground, to 1, as high as it ever is.
    """
    strength = 0.40 - 0.22 * height

    def draw(painter: object) -> None:
        painter.scale(1.0, 0.34)  # type: ignore[attr-defined]
        radius = 0.52 + 0.22 * height
        stops = (
            (0.0, clear("#000000", strength)),
            (0.55 - 0.3 * height, clear("#000000", 0.8 * strength)),
            (1.0, clear("#000000", 0.0)),
        )
        disc(painter, 0, 0, radius, glow(0, 0, radius, stops))  # type: ignore[arg-type]

    return drawn((-0.8, -0.3, 0.8, 0.3), draw, diameter)
