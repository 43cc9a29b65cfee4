"""Scanner pulses, read in a process of their own: no frame and no lock moves their stamps."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from experiment.clock import Clock, RealClock
from experiment.errors import BadInput, HardwareError
from experiment.events import Pulse
from hardware.markers import Record
from hardware.ports import PortUrl, parse_port

_START_LIMIT = 10.0  # s for the reading process to open the port


class PulseSource(Protocol):
    """Where volume pulses come from."""

    name: str

    def arm(self) -> None:
        """Say that the run now waits for its first pulse."""
        ...

    def poll(self) -> list[Pulse]:
        """Return the pulses that came since the last call."""
        ...

    def close(self) -> None:
        """Stop reading."""
        ...


class SerialPulses:
    """Pulses over a serial port, stamped by a process of their own.

    `time.perf_counter` is one counter for all processes of a machine, so its stamps only need the
    session's zero taken off.

    Parameters
    ----------
    url : PortUrl
        With ``symbol`` (one character, or ``any``) and ``baud`` as options.
    clock : RealClock
    record : Record
        Takes ``pulse`` and ``fault`` events.

    Raises
    ------
    HardwareError
        If the port can't be opened.
    """

    def __init__(self, url: PortUrl, clock: RealClock, record: Record) -> None:
        self.name = url.address
        self._clock = clock
        self._record = record
        self._new: deque[Pulse] = deque()
        self._count = 0
        self._closing = False
        symbol = url.options.get("symbol", "5")
        if symbol != "any" and len(symbol) != 1:
            raise BadInput(f"port option symbol={symbol!r}: one character or 'any' is needed")
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "hardware.pulse_process",
                url.address,
                str(int(url.number("baud", 57600))),
                symbol,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            cwd=Path(__file__).parent.parent,
        )
        ready: list[str] = []
        opened = threading.Event()
        self._thread = threading.Thread(
            target=self._read, args=(ready, opened), name="pulses", daemon=True
        )
        self._thread.start()
        if not opened.wait(_START_LIMIT) or ready != ["ready"]:
            self.close()
            raise HardwareError(ready[0] if ready else f"port {self.name}: no answer")

    def arm(self) -> None:
        """Nothing to do: a real scanner is started by its operator."""

    def poll(self) -> list[Pulse]:
        return [self._new.popleft() for _ in range(len(self._new))]

    def close(self) -> None:
        self._closing = True
        if self._process.stdin is not None:
            self._process.stdin.close()  # the reader leaves when its input ends
        try:
            self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join(timeout=2.0)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self, ready: list[str], opened: threading.Event) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            kind, _, rest = line.strip().partition(" ")
            if kind == "pulse":
                t = float(rest) - self._clock.zero
                self._count += 1
                self._record("pulse", t, n=self._count)
                self._new.append(Pulse(t, self._count))
            elif kind == "ready":
                ready.append("ready")
                opened.set()
            elif kind == "other":
                stamp, _, byte = rest.partition(" ")
                self._record(
                    "fault", float(stamp) - self._clock.zero, what="unknown_byte", byte=int(byte)
                )
            elif kind == "error" and not opened.is_set():
                ready.append(rest)
                opened.set()
            elif kind == "error" and not self._closing:
                self._record("fault", self._clock.now(), what="scanner_port_lost", problem=rest)
        opened.set()


class MockScanner:
    """A scanner on the session clock: starts some seconds after it is armed.

    Parameters
    ----------
    clock : Clock
    record : Record
        Takes ``pulse`` events.
    tr : float
        Seconds from volume to volume.
    volumes : int
    start_after : float
        Seconds from arming to the first pulse.
    """

    name = "mock:"

    def __init__(
        self, clock: Clock, record: Record, tr: float, volumes: int, start_after: float = 3.0
    ) -> None:
        self._clock = clock
        self._record = record
        self._tr = tr
        self._volumes = volumes
        self._start_after = start_after
        self._count = 0
        self._new: deque[Pulse] = deque()
        self._armed = 0

    def arm(self) -> None:
        self._armed += 1
        scan = _MockScan(self._armed, self._clock.now() + self._start_after)
        self._clock.call_at(scan.start, lambda: self._pulse(scan, 0))

    def poll(self) -> list[Pulse]:
        return [self._new.popleft() for _ in range(len(self._new))]

    def close(self) -> None:
        self._volumes = 0

    def _pulse(self, scan: _MockScan, volume: int) -> None:
        if volume >= self._volumes or scan.number != self._armed:
            return  # over, or the operator has started another scan
        t = scan.start + volume * self._tr
        self._count += 1
        self._record("pulse", t, n=self._count)
        self._new.append(Pulse(t, self._count))
        self._clock.call_at(t + self._tr, lambda: self._pulse(scan, volume + 1))


@dataclass(frozen=True)
class _MockScan:
    """One scan of the mock: which one it is, and when it starts (s)."""

    number: int
    start: float


def open_scanner(url: str, clock: Clock, record: Record, tr: float, volumes: int) -> PulseSource:
    """Open a source of pulses by its URL.

    Parameters
    ----------
    url : str
        ``mock:`` for a scanner on the session clock, else a port with pulses.
    clock : Clock
    record : Record
    tr : float
        The protocol's TR (s), used by the mock.
    volumes : int
        How many the mock sends.

    Raises
    ------
    BadInput
        If a real port is asked for on a virtual clock.
    HardwareError
        If the port can't be opened.
    """
    parsed = parse_port(url)
    if parsed.address == "mock:":
        return MockScanner(
            clock,
            record,
            parsed.number("tr", tr),
            int(parsed.number("volumes", volumes)),
            parsed.number("start_after", 3.0),
        )
    if not isinstance(clock, RealClock):
        raise BadInput(f"scanner {url}: a real port can't follow --speed fast; use mock:")
    return SerialPulses(parsed, clock, record)
