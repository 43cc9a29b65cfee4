"""What comes in from outside: keys, the mouse, the scanner. Times are on the session clock (s)."""

from __future__ import annotations

from dataclasses import dataclass

MARKS = ("scan_start", "injection", "sync")
"""What can be marked in a PET session; ``sync`` comes many times, the others once."""


@dataclass(frozen=True)
class KeyEvent:
    """A key or button that went down or up."""

    t: float
    key: str
    down: bool
    device: str


@dataclass(frozen=True)
class PointerEvent:
    """The mouse was pressed or dragged on a scale, or let go anywhere.

    Parameters
    ----------
    t : float
        When (s, session clock).
    point : int or None
        Position of the scale nearest to it; None if it was not pressed on a scale.
    released : bool
        Whether it was let go, which takes the answer.
    """

    t: float
    point: int | None
    released: bool


@dataclass(frozen=True)
class Pulse:
    """A volume trigger from the scanner; `n` counts from 1 within the session."""

    t: float
    n: int
