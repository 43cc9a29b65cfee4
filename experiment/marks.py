"""The marks of a PET session: what happened when, and who said so."""

from __future__ import annotations

import threading
from typing import Any

from experiment.clock import Clock
from experiment.events import MARKS
from hardware.record import Faults, Record


class MarkBook:
    """Writes each mark down, from whichever origin and thread, and knows when each came first.

    The first mark of a name counts. Another one of the same name is written down too, and is a
    fault ``mark_repeated``: nobody guesses which was meant. Only ``sync`` comes many times.

    Parameters
    ----------
    clock : Clock
    record : Record
        Takes ``mark`` events (``name``, ``origin``, ``utc``, ``again``) and ``fault`` events.
    """

    def __init__(self, clock: Clock, record: Record) -> None:
        self._clock = clock
        self._record = record
        self._lock = threading.Lock()
        self._first: dict[str, float] = {}
        self._faults = Faults(record)

    def note(self, name: str, t: float, origin: str, **detail: Any) -> None:
        """Take a mark.

        Parameters
        ----------
        name : str
            One of `experiment.events.MARKS`.
        t : float
            When it happened (s, session clock).
        origin : str
            ``operator``, ``hardware`` or ``file``.
        **detail
            What else is known of it, for the log.
        """
        assert name in MARKS, name
        with self._lock:
            again = name in self._first and name != "sync"
            first = self._first.setdefault(name, t)
        utc = self._clock.utc_at(t)
        self._record("mark", t, name=name, origin=origin, utc=utc, again=again, **detail)
        if again:
            apart = round(t - first, 6)
            self._faults.add("mark_repeated", t, name=name, origin=origin, after_first=apart)

    def first(self, name: str) -> float | None:
        """Return when a mark was first made (s, session clock); None if it wasn't yet."""
        return self._first.get(name)

    def faults(self) -> list[str]:
        """Return the names of the faults since the last call."""
        return self._faults.take()
