"""Where devices leave their records, and the names of their faults for whoever has to act."""

from __future__ import annotations

from collections import deque
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
