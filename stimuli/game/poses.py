"""How a figure stands: where its hands are, and the ball in them.

Distances are in heads (a head's diameter) from between the feet, x to the right and y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from stimuli.sprites import Point


@dataclass(frozen=True)
class Pose:
    """A figure's pose.

    Parameters
    ----------
    left, right : Point
        The hands, as the onlooker sees them.
    ball : Point
        The ball, if there is one in them.
    turned_to : int
        Which way the body is turned: -1 left, 0 to the onlooker, 1 right.
    lean : float
        How far the shoulders are in front of the hips, to the right.
    """

    left: Point
    right: Point
    ball: Point = (0.0, 0.0)
    turned_to: int = 0
    lean: float = 0.0

    def mirrored(self) -> Pose:
        """Give the pose as a mirror shows it."""
        return Pose(
            _mirror(self.right),
            _mirror(self.left),
            _mirror(self.ball),
            -self.turned_to,
            -self.lean,
        )


@dataclass(frozen=True)
class Turned:
    """A pose in the three ways that a body can be turned.

    Parameters
    ----------
    ahead, aside : Pose
        Turned to the onlooker, and to the right; to the left is its mirror image.
    """

    ahead: Pose
    aside: Pose

    def turned(self, to: int) -> Pose:
        """Give the one that is turned a way (-1, 0 or 1)."""
        if to == 0:
            return self.ahead
        return self.aside if to > 0 else self.aside.mirrored()


IDLE = Turned(
    Pose((-0.52, -0.66), (0.52, -0.66)),
    Pose((-0.42, -0.68), (0.44, -0.72), turned_to=1, lean=0.03),
)
HELD = Pose((-0.23, -0.90), (0.23, -0.90), (0.0, -0.96))
COCKED = Turned(
    Pose((-0.30, -0.86), (0.40, -0.74), (0.36, -0.86), lean=0.03),
    Pose((-0.44, -0.74), (0.40, -0.86), (-0.40, -0.86), turned_to=1, lean=-0.08),
)
LET_GO = Turned(
    Pose((-0.44, -0.74), (0.26, -1.06), lean=-0.02),
    Pose((0.66, -1.22), (0.34, -0.76), turned_to=1, lean=0.10),
)
_THROUGH = Turned(  # on the way between them
    Pose((-0.42, -0.80), (0.34, -0.86), lean=0.0),
    Pose((0.10, -0.82), (0.40, -0.80), turned_to=1, lean=0.02),
)
OPEN = Turned(
    Pose((-0.44, -1.08), (0.44, -1.08)),
    Pose((0.10, -1.12), (0.62, -1.14), turned_to=1, lean=0.05),
)

SWING, RECOVER = 0.14, 0.36
"""How long (s) a throw's swing takes, and the arms' way back to rest."""
REACH = 0.30
"""How long before the ball comes (s) its catcher reaches out for it."""
RAISE = 0.22
"""How long (s) the arm takes back."""


def facing(place: Point, towards: Point) -> int:
    """Which way (-1 or 1) somebody turns towards a place."""
    return 1 if towards[0] > place[0] else -1


def raising(to: int, frames: int = 5) -> tuple[Pose, ...]:
    """Give the poses from holding the ball to being about to throw it."""
    return tuple(_blend(HELD, COCKED.turned(to), _eased(i / (frames - 1))) for i in range(frames))


def throwing(to: int, frames: int = 4) -> tuple[Pose, ...]:
    """Give the poses of a throw's swing, from being about to throw to the hand let go."""
    keys = (COCKED.turned(to), _THROUGH.turned(to), LET_GO.turned(to))
    return tuple(_along(keys, i / (frames - 1)) for i in range(frames))


def recovering(to: int, frames: int = 4) -> tuple[Pose, ...]:
    """Give the poses from the hand let go to rest."""
    start, rest = LET_GO.turned(to), IDLE.turned(to)
    return tuple(_blend(start, rest, _eased(i / (frames - 1))) for i in range(1, frames))


def catching(to: int, frames: int = 5) -> tuple[Pose, ...]:
    """Give the poses from rest to open arms to the ball held."""
    rest, reach = IDLE.turned(to), OPEN.turned(to)
    out = [_blend(rest, reach, _eased(i / (frames - 2))) for i in range(frames - 1)]
    return (*out, _blend(reach, HELD, 0.6), HELD)


def _along(keys: tuple[Pose, ...], share: float) -> Pose:
    way = share * (len(keys) - 1)
    index = min(int(way), len(keys) - 2)
    return _blend(keys[index], keys[index + 1], way - index)


def _blend(a: Pose, b: Pose, share: float) -> Pose:
    def mixed(p: Point, q: Point) -> Point:
        return p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])

    return Pose(
        mixed(a.left, b.left),
        mixed(a.right, b.right),
        mixed(a.ball, b.ball),
        a.turned_to if share == 0 else b.turned_to,
        a.lean + share * (b.lean - a.lean),
    )


def _eased(share: float) -> float:
    """Begin and end gently (smoothstep)."""
    return share * share * (3 - 2 * share)


def _mirror(point: Point) -> Point:
    return -point[0], point[1]
