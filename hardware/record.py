"""Where devices leave their records, and the names of their faults for whoever has to act."""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import Any, Protocol


class Record(Protocol):
    """Takes a log event; `experiment.log.LogWriter.add` is one."""

    def __call__(self, type_: str, t: float | None, **fields: Any) -> None: ...


class Faults:
    """Records faults as they happen, on any thread, and keeps their names until they are asked for.

    Parameters
    ----------
    record : Record
        Takes ``fault`` events.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._names: deque[str] = deque()

    def add(self, what: str, t: float, **detail: Any) -> None:
        """Record a fault (s, session clock)."""
        self._record("fault", t, what=what, **detail)
        self._names.append(what)

    def take(self) -> list[str]:
        """Return the names of the faults since the last call."""
        return [self._names.popleft() for _ in range(len(self._names))]


class Strange:
    """Faults that may come with each byte: the first is told at once, later ones together.

    Parameters
    ----------
    faults : Faults
    what : str
        Name of the fault. ``count`` says how many it stands for, its other details are those of
        the most frequent.
    """

    EVERY = 10.0  # s between two

    def __init__(self, faults: Faults, what: str) -> None:
        self._faults = faults
        self._what = what
        self._counts: Counter[tuple[tuple[str, Any], ...]] = Counter()
        self._told = -math.inf

    def add(self, t: float, **detail: Any) -> None:
        """Take one (s, session clock); by one thread."""
        self._counts[tuple(detail.items())] += 1
        if t >= self._told + self.EVERY:
            self.tell(t)

    def tell(self, t: float) -> None:
        """Tell what has not been told yet."""
        if not self._counts:
            return
        ((detail, _),) = self._counts.most_common(1)
        count = self._counts.total()
        self._counts.clear()
        self._told = t
        self._faults.add(self._what, t, **dict(detail), count=count)
