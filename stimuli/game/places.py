"""Where everybody stands around the court, and the way of the ball between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import hypot

from stimuli.game.poses import COCKED, HELD, Pose, facing
from stimuli.sprites import Point

UNIT_OF_HEIGHT, UNIT_OF_WIDTH = 1.0, 0.74
"""Everything is sized in the smaller of these shares of the window."""

_HEAD = {2: 0.182, 3: 0.163, 4: 0.154, 5: 0.147}
"""Diameter of a head in units, for so many others; the figures are drawn in heads."""
_BALL = 0.40  # diameter of the ball that one of the others holds, in heads
_BALL_NEAR = 0.092  # ... and of the one in the participant's own hands, in units
ABOVE = 0.10  # how much larger it looks at the highest point of its way

_ROWS = {  # how far down the others' feet are, in units of the height, from left to right
    2: (0.690, 0.690),
    3: (0.700, 0.580, 0.700),
    4: (0.730, 0.600, 0.600, 0.730),
    5: (0.745, 0.600, 0.555, 0.600, 0.745),
}
_COLUMNS = {  # how far to the right, from the middle, in units of the court's half width
    2: (-0.62, 0.62),
    3: (-0.80, 0.0, 0.80),
    4: (-0.92, -0.36, 0.36, 0.92),
    5: (-1.0, -0.52, 0.0, 0.52, 1.0),
}
_HALF_WIDTH = 0.385  # of the window's width
_WIDEST = 0.72  # ... and never more than this of a unit
_HANDS = 0.150  # how far above the bottom the participant holds the ball
_GROUND = 0.030  # how far above it the ball's shadow is then
_ARC, _ARC_PER_WAY = 0.035, 0.105
_TOP = 0.04  # the ball stays below this share of the height


@dataclass(frozen=True)
class Air:
    """The ball on its way.

    Parameters
    ----------
    x, y : float
        Its middle (px).
    ground : float
        How far down (px) the ground below it is.
    size : float
        Its diameter in units of the one it has in another player's hands.
    """

    x: float
    y: float
    ground: float
    size: float


@dataclass(frozen=True)
class Places:
    """The court's places in a window.

    Parameters
    ----------
    width, height : int
        The window's (px).
    others : int
        How many players there are besides the participant: 2 to 5.
    """

    width: int
    height: int
    others: int

    @cached_property
    def unit(self) -> float:
        """Pixels in whose terms everything is sized."""
        return min(UNIT_OF_HEIGHT * self.height, UNIT_OF_WIDTH * self.width)

    @property
    def head(self) -> float:
        """Diameter (px) of a head."""
        return _HEAD[self.others] * self.unit

    @property
    def ball(self) -> float:
        """Diameter (px) of the ball in another player's hands."""
        return _BALL * self.head

    @property
    def half_width(self) -> float:
        """From the court's middle to the outermost player's (px)."""
        return min(_HALF_WIDTH * self.width, _WIDEST * self.unit)

    def feet(self, player: int) -> Point:
        """Where a player's feet are (px); below the window's bottom for the participant (0)."""
        if player == 0:
            return self.width / 2, float(self.height)
        x = self.width / 2 + _COLUMNS[self.others][player - 1] * self.half_width
        return x, _ROWS[self.others][player - 1] * self.height

    def gap(self) -> float:
        """Width (px) that is free between the outermost players, arms and all."""
        return 2 * (self.feet(self.others)[0] - self.width / 2) - 1.9 * self.head

    def room(self) -> float:
        """Width (px) that a name may take without touching its neighbour's."""
        columns = [self.feet(player)[0] for player in range(1, self.others + 1)]
        gaps = [b - a for a, b in pairwise(columns)]
        return min(0.92 * min(gaps), 2.6 * self.head, 1.9 * columns[0])

    def faces(self, player: int, towards: int) -> int:
        """Which way (-1 left, 0 the participant's, 1 right) a player turns towards another."""
        return facing(self.feet(player), self.feet(towards)) if towards else 0

    def held(self, player: int) -> Air:
        """The ball in a player's hands, at rest."""
        return self._in_hands(player, HELD)

    def ready(self, player: int, towards: int) -> Air:
        """The ball in the hands of a player who is about to throw it to another."""
        if player == 0:
            aside = 0.035 * self.unit * self.side(towards)
            held = self.held(0)
            return Air(held.x - aside, held.y + 0.012 * self.unit, held.ground, held.size)
        return self._in_hands(player, COCKED.turned(self.faces(player, towards)))

    def side(self, towards: int) -> float:
        """How far to the side another is from the participant: -1 (left) to 1."""
        return (self.feet(towards)[0] - self.width / 2) / self.half_width

    def _in_hands(self, player: int, pose: Pose) -> Air:
        x, y = self.feet(player)
        if player == 0:
            near = _BALL_NEAR * self.unit / self.ball
            return Air(x, y - _HANDS * self.unit, y - _GROUND * self.unit, near)
        return Air(x + pose.ball[0] * self.head, y + pose.ball[1] * self.head, y, 1.0)

    def between(self, thrower: int, catcher: int, share: float) -> Air:
        """The ball on its way, when a share of it is behind it.

        It starts in the thrower's hands and ends in the catcher's; above the straight line between
        the grounds below them it rises and falls as a thrown thing does.
        """
        share = min(max(share, 0.0), 1.0)
        begin, end = self.ready(thrower, catcher), self.held(catcher)

        def on_line(a: float, b: float) -> float:
            return a + share * (b - a)

        ground = on_line(begin.ground, end.ground)
        up = on_line(begin.ground - begin.y, end.ground - end.y)
        bow = 4 * share * (1 - share)
        return Air(
            on_line(begin.x, end.x),
            ground - up - bow * self._rise(begin, end),
            ground,
            on_line(begin.size, end.size) * (1 + ABOVE * bow),
        )

    def _rise(self, begin: Air, end: Air) -> float:
        """How far (px) a throw rises in its middle."""
        way = hypot(end.x - begin.x, end.y - begin.y)
        rise = _ARC * self.unit + _ARC_PER_WAY * way
        room = (begin.y + end.y) / 2 - _TOP * self.height - self.ball
        return min(rise, room)
