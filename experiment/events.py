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
    """The mouse moved or was clicked; `point` is the scale point under it, if any."""

    t: float
    point: int | None
    clicked: bool


@dataclass(frozen=True)
class Pulse:
    """A volume trigger from the scanner; `n` counts from 1 within the session."""

    t: float
    n: int
