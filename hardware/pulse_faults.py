"""What can be wrong with volume pulses, and how often that is told."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

FaultKind = Literal[
    "pulse_missed",
    "pulse_extra",
    "pulse_doubled",
    "pulse_off_grid",
    "late_first",
    "volumes_short",
    "scan_over",
    "toggled",
    "wrong_tr",
    "stopped",
    "pulses_back",
]
NEWS = frozenset({"pulses_back"})  # told, but no fault

_LISTED = 20  # volumes that a fault lists


@dataclass(frozen=True)
class PulseFault:
    """Something that is wrong with the pulses (or, for ``pulses_back``, right again).

    Parameters
    ----------
    what : str
        Kind of fault.
    t : float
        When it happened, for a missed pulse when it was due (s, clock of the stamps).
    volume : int
        Volume it concerns, from 1.
    detail : mapping
        Numbers that belong to it; for pulses missed, extra, doubled or off the grid ``count`` and
        ``volumes`` of all that this fault tells (each is told once, so that counts add up).
    """

    what: FaultKind
    t: float
    volume: int
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class _Tally:
    """Faults of one kind: when the last was told, and what has come since."""

    told: float = -math.inf
    t: float = 0.0
    volumes: list[int] = field(default_factory=list)
    count: int = 0
    furthest: float = 0.0


class Tallies:
    """Faults that may come with each pulse: gathered, so that a kind is told once in a while.

    Parameters
    ----------
    every : float
        The least time between two that are told of one kind (s).
    undecided : callable
        Whether it is too early to tell faults of some kind.
    """

    def __init__(self, every: float, undecided: Callable[[FaultKind], bool]) -> None:
        self._every = every
        self._undecided = undecided
        self._tallies: dict[FaultKind, _Tally] = {}

    def add(
        self, kind: FaultKind, now: float, *faults: tuple[float, int], furthest: float = 0.0
    ) -> list[PulseFault]:
        """Count faults (s, volume) of one kind; tell them if none was told of late.

        Parameters
        ----------
        kind : str
        now : float
            (s)
        *faults : tuple of float and int
        furthest : float
            How far the worst of them is from where it belongs (s), if that is to be told.
        """
        tally = self._tallies.setdefault(kind, _Tally())
        for t, volume in faults:
            if tally.count == 0:
                tally.t = t
            tally.count += 1
            if len(tally.volumes) < _LISTED:
                tally.volumes.append(volume)
        tally.furthest = max(tally.furthest, furthest, key=abs)
        if tally.count == 0 or self._undecided(kind) or now < tally.told + self._every:
            return []
        return [self._tell(kind, tally, now)]

    def drop(self, kind: FaultKind) -> None:
        """Forget what was gathered of a kind: it has another cause."""
        self._tallies.pop(kind, None)

    def due(self) -> float | None:
        """Return when `gathered` has something to tell (s); None if nothing waits."""
        return min((tally.told + self._every for _, tally in self._pending()), default=None)

    def gathered(self, now: float) -> list[PulseFault]:
        """Return what has waited for long enough (s)."""
        return [
            self._tell(kind, tally, now)
            for kind, tally in self._pending()
            if now >= tally.told + self._every
        ]

    def rest(self, now: float) -> list[PulseFault]:
        """Return all that was not told yet (s)."""
        waiting = [(kind, tally) for kind, tally in self._tallies.items() if tally.count]
        return [self._tell(kind, tally, now) for kind, tally in waiting]

    def _pending(self) -> list[tuple[FaultKind, _Tally]]:
        return [
            (kind, tally)
            for kind, tally in self._tallies.items()
            if tally.count and not self._undecided(kind)
        ]

    def _tell(self, kind: FaultKind, tally: _Tally, now: float) -> PulseFault:
        detail: dict[str, Any] = {"count": tally.count, "volumes": tuple(tally.volumes)}
        if tally.furthest:
            detail["furthest"] = round(tally.furthest, 6)
        self._tallies[kind] = _Tally(told=now)
        return PulseFault(kind, tally.t, tally.volumes[0], detail)
