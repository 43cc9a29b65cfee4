"""The echo line: when each marker came back over a loop-back cable or a second port.

Reading is a process's own; the frame loop only says what it is about to send.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

from experiment.clock import RealClock
from experiment.errors import HardwareError
from hardware.ports import EchoSettings, SerialPort, TriggerPort
from hardware.reading import ENDED, HANDED_DOWN, START_LIMIT, Reading
from hardware.record import Faults, Record, Strange

PATIENCE = 0.25
"""Seconds after its write until a marker counts as not having come back."""


@dataclass(frozen=True)
class _Awaited:
    n: int
    code: int
    until: float


class EchoLine:
    """Reads codes where they come back, and matches them with the markers that were sent.

    Parameters
    ----------
    url : str
        Port on which codes come back; the trigger port's own for a loop-back cable. Its ``device``
        says how they are put there, one raw byte each unless told otherwise.
    port : TriggerPort
        The trigger port.
    clock : RealClock
    record : Record
        Takes ``marker_echo`` events (``t``: when a code came back; ``n`` and ``code``),
        ``echo_port_back``, and faults: ``marker_not_echoed``, ``echo_strange`` (a code came back
        that was not sent, or bytes that are none), ``echo_port_lost``.

    Raises
    ------
    BadInput
        If the URL can't be used.
    HardwareError
        If the port can't be opened.
    """

    def __init__(self, url: str, port: TriggerPort, clock: RealClock, record: Record) -> None:
        self._told = EchoSettings.of(url)
        self.name = self._told.address
        self._clock = clock
        self._record = record
        self._faults = Faults(record)
        self._strange = Strange(self._faults, "echo_strange")
        self._lock = threading.Lock()
        self._awaited: deque[_Awaited] = deque()
        self._lost = False
        self._shared = port.name == self.name  # a loop-back cable, or one that acts as such
        self._reading = self._open(port)

    def expect(self, n: int, code: int) -> None:
        """Say that a marker is about to be written; never waits for the device."""
        until = self._clock.now() + PATIENCE
        with self._lock:
            self._awaited.append(_Awaited(n, code, until))
        self._clock.call_at(until, self._look)

    def withdraw(self, n: int) -> None:
        """Say that it was not written after all."""
        with self._lock:
            self._awaited = deque(one for one in self._awaited if one.n != n)

    def let_go(self) -> None:
        """Say that the trigger port is about to be opened anew; may take a moment.

        Its descriptor was handed down to the reader: as long as that has it, the port is busy.
        """
        if self._shared:
            self._reading.close()

    def moved(self, port: TriggerPort) -> None:
        """Say that the trigger port was opened anew; matters where it is the echo's port too."""
        if isinstance(port, SerialPort) and self._shared:
            try:
                self._reading = self._own(port)
            except HardwareError as error:  # the trigger port is well all the same
                self._lose(self._clock.now(), str(error))
                return
            self._lost = False
            self._record("echo_port_back", self._clock.now(), name=self.name)

    def faults(self) -> list[str]:
        """Return the names of the faults since the last call."""
        return self._faults.take()

    def close(self) -> None:
        """Wait for the last codes, as long as they may take, and stop reading."""
        with self._lock:
            until = max((one.until for one in self._awaited), default=0.0)
        while self._awaited and self._clock.now() < until:
            self._clock.sleep_until(min(until, self._clock.now() + 0.01))
        self._reading.close()
        self._look()
        self._strange.tell(self._clock.now())

    def _open(self, port: TriggerPort) -> Reading:
        if isinstance(port, SerialPort) and self._shared:
            return self._own(port)
        what = {**self._what, "settle": self._told.settle}
        limit = START_LIMIT + self._told.settle
        return Reading(self.name, self.name, self._told.baud, what, self._take, limit)

    def _own(self, port: SerialPort) -> Reading:
        """Read what comes back on the trigger port itself."""
        handle = port.leave_input()
        if handle is None:
            raise HardwareError(
                f"echo {self.name}: on this system, or this kind of port, codes can't be read back "
                "from the trigger port itself; wire a second port"
            )
        return Reading(self.name, f"{HANDED_DOWN}{handle}", self._told.baud, self._what, self._take)

    @property
    def _what(self) -> dict[str, Any]:
        return {"echo": self._told.dialect.name, "pulse": self._told.pulse}

    def _take(self, kind: str, rest: list[Any]) -> None:
        t = rest[0] - self._clock.zero if kind != "ended" and kind != "bytes" else 0.0
        if kind == "code":
            self._came(t, rest[1])
        elif kind == "other":
            self._strange.add(t, byte=rest[1])
        elif kind == "lost":
            self._lose(t, str(rest[1]))
        elif kind == "back":
            self._lost = False
            self._record("echo_port_back", t, name=self.name)
        elif kind == "ended":
            self._lose(self._clock.now(), ENDED)

    def _lose(self, t: float, problem: str) -> None:
        self._lost = True
        self._faults.add("echo_port_lost", t, problem=problem)

    def _came(self, t: float, code: int) -> None:
        with self._lock:
            places = [i for i, one in enumerate(self._awaited) if one.code == code]
            passed = [self._awaited.popleft() for _ in range(places[0])] if places else []
            found = self._awaited.popleft() if places else None
        for one in passed:  # codes come back in order: these never will
            self._faults.add("marker_not_echoed", t, n=one.n, code=one.code)
        if found is None:
            self._strange.add(t, code=code)
        else:
            self._record("marker_echo", t, n=found.n, code=code)

    def _look(self) -> None:
        """Tell the markers that should have come back by now."""
        now = self._clock.now()
        with self._lock:
            late = []
            while self._awaited and self._awaited[0].until <= now:
                late.append(self._awaited.popleft())
        for one in late:
            if not self._lost:  # told already, and once is enough
                self._faults.add("marker_not_echoed", now, n=one.n, code=one.code)
