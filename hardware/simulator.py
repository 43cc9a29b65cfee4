"""A scanner and a trigger box on pseudo-terminals, so that real serial code runs without either.

The simulated scanner sends pulses as a plain box, a SyncBox or a fORP does, with whatever faults it
is told to have, from a seed. The simulated trigger box keeps every byte that it was sent, with its
time. ``python -m hardware.simulator OPTIONS [RECORD]`` runs both; OPTIONS is a JSON object.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from experiment.errors import BadInput, HardwareError, KindredError
from hardware.priority import be_served_first
from hardware.pulse_dialects import Forp
from hardware.scan import SimulatedScan, simulated_scan

_TRIGGER_WIDTH = 0.005  # s for which a fORP's trigger line is high
_MOST_AT_ONCE = 4096  # fORP states in one write, after a stall


class ScannerSimulator:
    """Two pseudo-terminals: one that sends pulses, one that takes markers.

    Parameters
    ----------
    scan : SimulatedScan
    record : Path or None
        File for what the trigger box was sent and when pulses went out: JSON lines with ``t``
        (`time.perf_counter`, s) and ``byte``, ``pulse`` (count; with its ``volume`` and when it was
        ``due``), ``button`` and ``down``, or ``port`` (gone or back). Times of a fORP are those of
        its samples, whose last one ``sample`` counts at the end.

    Raises
    ------
    HardwareError
        On systems without pseudo-terminals.
    BadInput
        If the record exists already or can't be made.
    """

    def __init__(self, scan: SimulatedScan, record: Path | None) -> None:
        if sys.platform == "win32":
            raise HardwareError("scanner: this system has no pseudo-terminals; use mock:")
        self._scan = simulated_scan(
            **{f.name: getattr(scan, f.name) for f in dataclasses.fields(scan)}
        )
        self._record = None if record is None else _new_file(record)
        self._markers, self._marker_end = _terminal()
        self.trigger_port = os.ttyname(self._marker_end)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._pulse_ends: tuple[int, int] | None = _terminal()
        self.scanner_port = os.ttyname(self._pulse_ends[1])
        if scan.disconnect_at is not None:
            # A new terminal has another path: the one that is given out is a link that stays.
            self._folder = tempfile.TemporaryDirectory(prefix="scanner-")
            link = Path(self._folder.name) / "port"
            link.symlink_to(self.scanner_port)
            self.scanner_port = str(link)
        self._sent = 0

    def run(self, stopped: Callable[[], bool]) -> int:
        """Serve until `stopped` says so; return the pulses sent."""
        scan = self._scan
        start = time.perf_counter() + scan.start_after if scan.start_on is None else None
        sender = _Stream(self) if scan.device == "forp" else _Bytes(self)
        again = None if scan.disconnect_at is None else scan.reconnect_after
        cable = _Cable(scan.disconnect_at, again)
        while not stopped():
            wait = min(sender.wait(start), cable.wait(start), 0.2)
            ready, _, _ = select.select([self._markers], [], [], max(wait, 0.0))
            if ready:
                stamp = time.perf_counter()
                data = os.read(self._markers, 4096)
                if scan.loop_back:
                    with contextlib.suppress(BlockingIOError):
                        os.write(self._markers, data)
                for byte in data:
                    self.note(stamp, byte=byte)
                    if start is None and byte == scan.start_on:
                        start = stamp + scan.start_after
            sender.send(start)
            change = cable.change(start)
            if change == "gone":
                self._unplug()
            elif change == "back":
                self._plug()
        sender.end()
        return self._sent

    def close(self) -> None:
        """Take both terminals away."""
        ends = [self._markers, self._marker_end, *(self._pulse_ends or ())]
        for end in ends:
            os.close(end)
        self._pulse_ends = None
        if self._folder is not None:
            self._folder.cleanup()
        if self._record is not None:
            self._record.close()

    @property
    def scan(self) -> SimulatedScan:
        """What it does."""
        return self._scan

    def write(self, data: bytes) -> None:
        """Put bytes on the wire; like on a real one, they are gone if nobody reads."""
        if self._pulse_ends is not None:
            with contextlib.suppress(BlockingIOError):
                os.write(self._pulse_ends[0], data)

    def sent(self, t: float, volume: int, due: float) -> None:
        """Note a pulse that has been sent."""
        self._sent += 1
        self.note(t, pulse=self._sent, volume=volume, due=round(due, 7))

    def note(self, t: float, **what: int | float | str | bool) -> None:
        """Write a line of the record."""
        if self._record is not None:
            self._record.write(json.dumps({"t": round(t, 7), **what}) + "\n")
            self._record.flush()

    def _unplug(self) -> None:
        if self._pulse_ends is None:
            return
        stamp = time.perf_counter()  # nobody can notice before it
        if self._folder is not None:
            Path(self.scanner_port).unlink()
        for end in self._pulse_ends:
            os.close(end)
        self._pulse_ends = None
        self.note(stamp, port="gone")

    def _plug(self) -> None:
        self._pulse_ends = _terminal()
        Path(self.scanner_port).symlink_to(os.ttyname(self._pulse_ends[1]))
        self.note(time.perf_counter(), port="back")


def _new_file(record: Path) -> IO[str]:
    try:
        return record.open("x")
    except FileExistsError:
        raise BadInput(f"{record}: exists already; a record is never overwritten") from None
    except OSError as error:
        raise BadInput(f"{record}: can't be written ({error.strerror})") from None


def _terminal() -> tuple[int, int]:
    """Return the device's end, which never blocks, and the program's end of a new terminal."""
    import tty

    far, near = os.openpty()
    tty.setraw(near)
    os.set_blocking(far, False)
    return far, near


@dataclass
class _Cable:
    """When the scanner's terminal goes and comes back (s after volume 1 is due)."""

    gone: float | None
    after: float | None

    def change(self, start: float | None) -> str | None:
        """Return what is due now."""
        if self.wait(start) > 0:
            return None
        if self.gone is not None:
            self.after = None if self.after is None else self.gone + self.after
            self.gone = None
            return "gone"
        self.after = None
        return "back"

    def wait(self, start: float | None) -> float:
        """Return the seconds until something is due."""
        at = self.after if self.gone is None else self.gone
        return math.inf if start is None or at is None else start + at - time.perf_counter()


class _Bytes:
    """Sends one character a pulse."""

    def __init__(self, simulator: ScannerSimulator) -> None:
        self._simulator = simulator
        self._left = simulator.scan.pulses()[::-1]
        self._symbol = simulator.scan.symbol.encode("latin-1")

    def wait(self, start: float | None) -> float:
        if start is None or not self._left:
            return math.inf
        return start + self._left[-1][0] - time.perf_counter()

    def send(self, start: float | None) -> None:
        while start is not None and self.wait(start) <= 0:
            offset, volume = self._left.pop()
            before = time.perf_counter()
            self._simulator.write(self._symbol)
            self._simulator.sent(before, volume, start + offset)

    def end(self) -> None:
        """Nothing is left open."""


class _Stream:
    """Sends the state of all lines 800 times a second, as a fORP does, scan or no scan."""

    def __init__(self, simulator: ScannerSimulator) -> None:
        self._simulator = simulator
        scan = simulator.scan
        self._pulses = scan.pulses()
        self._edges = [t for t, _ in self._pulses]
        bits = {name: bit for bit, name in Forp.buttons.items()}
        self._presses = [(p.t, p.t + p.hold, bits[p.button], p.button) for p in scan.presses]
        self._begun = time.perf_counter()
        self._samples = 0
        self._high = False
        self._buttons = 0

    def wait(self, start: float | None) -> float:  # noqa: ARG002
        return self._begun + self._samples / Forp.rate - time.perf_counter()

    def send(self, start: float | None) -> None:
        """Send all samples that are due."""
        due = int((time.perf_counter() - self._begun) * Forp.rate) + 1 - self._samples
        data = bytearray()
        for _ in range(min(due, _MOST_AT_ONCE)):
            t = self._begun + self._samples / Forp.rate
            data.append(0 if start is None else self._state(t, start))
            self._samples += 1
        if data:
            self._simulator.write(bytes(data))

    def end(self) -> None:
        self._simulator.note(time.perf_counter(), sample=self._samples)

    def _state(self, t: float, start: float) -> int:
        since = t - start
        place = bisect_right(self._edges, since) - 1
        high = place >= 0 and since - self._edges[place] < _TRIGGER_WIDTH
        if high and not self._high:
            offset, volume = self._pulses[place]
            self._simulator.sent(t, volume, start + offset)
        self._high = high
        buttons = 0
        for down, up, bit, name in self._presses:
            if down <= since < up:
                buttons |= bit
            if bool(buttons & bit) != bool(self._buttons & bit):
                self._simulator.note(t, button=name, down=bool(buttons & bit))
        self._buttons = buttons
        return buttons | (Forp.trigger if high else 0)


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
    """Where a running simulator listens and speaks, and which process it is."""

    scanner: str
    trigger: str
    pid: int = 0


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
    options = json.dumps(dataclasses.asdict(scan))
    command = [sys.executable, "-m", "hardware.simulator", options, str(record.resolve())]
    root = Path(__file__).parent.parent
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
    try:
        assert process.stdout is not None
        ports = dict(line.split() for line in (process.stdout.readline() for _ in range(2)) if line)
        if set(ports) != {"scanner", "trigger"}:
            raise HardwareError("the scanner simulator did not start")
        yield SimulatorPorts(**ports, pid=process.pid)
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()


def serve(scan: SimulatedScan, record: Path | None) -> None:
    """Simulate until this process is asked to stop; print both ports first.

    Raises
    ------
    HardwareError
        On systems without pseudo-terminals.
    """
    be_served_first()  # a scanner does not wait until a computer has nothing else to do
    served = ScannerSimulator(scan, record)
    try:
        with stopped_by_signal() as stopped:
            print(f"scanner {served.scanner_port}\ntrigger {served.trigger_port}", flush=True)
            served.run(stopped)
    finally:
        served.close()


def main(options: str, record: str | None = None) -> int:
    """Run a simulator described by a JSON object; return the exit code."""
    try:
        serve(simulated_scan(**json.loads(options)), None if record is None else Path(record))
    except KindredError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
