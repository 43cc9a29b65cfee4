"""A scanner and a trigger box on pseudo-terminals, so that real serial code runs without either.

The simulated scanner sends one symbol a volume. The simulated trigger box keeps every byte that it
was sent, with its time.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from experiment.errors import BadInput, HardwareError


@dataclass(frozen=True)
class SimulatedScan:
    """What the simulated scanner does.

    Parameters
    ----------
    tr : float
        Seconds from volume to volume.
    volumes : int
    symbol : str
        One character.
    start_on : int or None
        Marker code at which the scan begins (the operator sees the task wait and presses start);
        None begins at once.
    start_after : float
        Seconds from then to the first volume.
    """

    tr: float
    volumes: int
    symbol: str = "5"
    start_on: int | None = None
    start_after: float = 2.0


class ScannerSimulator:
    """Two pseudo-terminals: one that sends pulses, one that takes markers.

    Parameters
    ----------
    scan : SimulatedScan
    record : Path or None
        File for what the trigger box was sent and when pulses went out: JSON lines with ``t``
        (`time.perf_counter`, s) and ``byte`` or ``pulse``.

    Raises
    ------
    HardwareError
        On systems without pseudo-terminals.
    """

    def __init__(self, scan: SimulatedScan, record: Path | None) -> None:
        if sys.platform == "win32":
            raise HardwareError("scanner: this system has no pseudo-terminals; use mock:")
        import tty

        self._scan = scan
        if len(scan.symbol) != 1:
            raise BadInput(f"symbol {scan.symbol!r}: one character is needed")
        self._pulses, self._pulse_end = os.openpty()
        self._markers, self._marker_end = os.openpty()
        for end in (self._pulse_end, self._marker_end):
            tty.setraw(end)
        self.scanner_port = os.ttyname(self._pulse_end)
        self.trigger_port = os.ttyname(self._marker_end)
        self._record: IO[str] | None = None if record is None else record.open("w")

    def run(self, stopped: Callable[[], bool]) -> int:
        """Serve until the scan is over or `stopped` says so; return the volumes sent."""
        scan = self._scan
        start = time.perf_counter() + scan.start_after if scan.start_on is None else None
        sent = 0
        while not stopped():
            due = None if start is None else start + sent * scan.tr
            if due is not None and sent < scan.volumes:
                wait = max(due - time.perf_counter(), 0.0)
            else:
                wait = 0.2
            ready, _, _ = select.select([self._markers], [], [], min(wait, 0.2))
            if ready:
                stamp = time.perf_counter()
                for byte in os.read(self._markers, 4096):
                    self._note(stamp, byte=byte)
                    if start is None and byte == scan.start_on:
                        start = stamp + scan.start_after
            if due is not None and sent < scan.volumes and time.perf_counter() >= due:
                os.write(self._pulses, scan.symbol.encode("latin-1"))
                sent += 1
                self._note(time.perf_counter(), pulse=sent)
        return sent

    def close(self) -> None:
        """Take both terminals away."""
        for end in (self._pulses, self._pulse_end, self._markers, self._marker_end):
            os.close(end)
        if self._record is not None:
            self._record.close()

    def _note(self, t: float, **what: int) -> None:
        if self._record is not None:
            self._record.write(json.dumps({"t": round(t, 7), **what}) + "\n")
            self._record.flush()


@contextmanager
def stopped_by_signal() -> Iterator[Callable[[], bool]]:
    """Yield a question that turns true once this process is asked to stop."""
    asked: list[int] = []
    handled = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda n, _: asked.append(n)) for number in handled]
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in zip(handled, before, strict=True):
            signal.signal(number, handler)


@dataclass(frozen=True)
class SimulatorPorts:
    """Where a running simulator listens and speaks."""

    scanner: str
    trigger: str


@contextmanager
def simulator(scan: SimulatedScan, record: Path) -> Iterator[SimulatorPorts]:
    """Run a simulator in a process of its own for the time of the block.

    Parameters
    ----------
    scan : SimulatedScan
    record : Path
        Where it keeps what it was sent.

    Raises
    ------
    HardwareError
        If it does not start.
    """
    command = [
        *(sys.executable, "run_session.py", "scanner", "--record", str(record.resolve())),
        *("--tr", str(scan.tr), "--volumes", str(scan.volumes), "--symbol", scan.symbol),
        *("--start-after", str(scan.start_after)),
    ]
    if scan.start_on is not None:
        command += ["--start-on", str(scan.start_on)]
    root = Path(__file__).parent.parent
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
    try:
        assert process.stdout is not None
        ports = dict(process.stdout.readline().split() for _ in range(2))
        if set(ports) != {"scanner", "trigger"}:
            raise HardwareError("the scanner simulator did not start")
        yield SimulatorPorts(**ports)
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()
