"""The marker line: codes go out on the flip and back to 0 after the pulse width, never waiting."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

from experiment.clock import Clock
from experiment.errors import HardwareError
from hardware.ports import TriggerPort

_GAP = 0.001  # s at 0 between two codes, so that no device merges them


class Record(Protocol):
    """Takes a log event; `experiment.log.LogWriter.add` is one."""

    def __call__(self, type_: str, t: float | None, **fields: Any) -> None: ...


@dataclass(frozen=True)
class Marker:
    """A code to send: its number in the session, its name and code in the protocol."""

    n: int
    name: str
    code: int


class MarkerLine:
    """Sends markers over a port and leaves a record of each write and reset.

    A marker that comes while the one before it is still up is queued behind it: never merged,
    never dropped, and its record says that it was queued.

    Parameters
    ----------
    port : TriggerPort
    clock : Clock
        Runs the resets, off the frame loop.
    record : Record
        Takes ``marker_sent``, ``marker_reset`` and ``fault`` events.
    """

    def __init__(self, port: TriggerPort, clock: Clock, record: Record) -> None:
        self._port = port
        self._clock = clock
        self._record = record
        self._lock = threading.Lock()
        self._up: Marker | None = None
        self._free_at = 0.0
        self._queue: deque[tuple[Marker, float]] = deque()
        port.reset()

    def send(self, n: int, name: str, code: int, flip: float) -> None:
        """Send a marker now.

        Parameters
        ----------
        n : int
            Its number in the session.
        name : str
            Its name in the protocol.
        code : int
            1-255.
        flip : float
            Stamp of the flip that it marks (s, session clock).
        """
        marker = Marker(n, name, code)
        with self._lock:
            if self._up is not None or self._queue or self._clock.now() < self._free_at:
                self._queue.append((marker, flip))
                if self._up is None:
                    self._clock.call_at(self._free_at, self._next)
                return
            self._write(marker, flip, queued=False)

    def close(self) -> None:
        """Bring the lines to 0 and let go of the port; what is still queued is a fault."""
        with self._lock:
            for marker, _ in self._queue:
                self._fault("marker_not_sent", marker, "the session ended first")
            self._queue.clear()
            try:
                self._port.reset()
            except HardwareError as error:
                self._record("fault", self._clock.now(), what="reset_failed", problem=str(error))
            self._up = None
            self._port.close()

    def _write(self, marker: Marker, flip: float, *, queued: bool) -> None:
        begun = self._clock.now()
        try:
            self._port.write(marker.code)
        except HardwareError as error:
            self._fault("marker_not_sent", marker, str(error))
            return
        ended = self._clock.now()
        self._up = marker
        self._clock.call_at(begun + self._port.pulse, self._reset)
        self._record(
            "marker_sent",
            flip,
            n=marker.n,
            code=marker.code,
            begun=round(begun, 6),
            ended=round(ended, 6),
            queued=queued,
        )

    def _reset(self) -> None:
        with self._lock:
            marker = self._up
            if marker is None:
                return
            try:
                self._port.reset()
            except HardwareError as error:
                self._fault("reset_failed", marker, str(error))
            self._up = None
            now = self._clock.now()
            self._free_at = now + _GAP
            self._record("marker_reset", now, n=marker.n)
            if self._queue:
                self._clock.call_at(self._free_at, self._next)

    def _next(self) -> None:
        with self._lock:
            if self._queue and self._up is None:
                self._write(*self._queue.popleft(), queued=True)

    def _fault(self, what: str, marker: Marker, problem: str) -> None:
        self._record("fault", self._clock.now(), what=what, n=marker.n, problem=problem)
