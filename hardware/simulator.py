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
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from experiment.errors import BadInput, HardwareError, KindredError
from hardware.pulse_dialects import Forp

_DOUBLE_AFTER = 0.002  # s from a pulse to its bounce
_TRIGGER_WIDTH = 0.005  # s for which a fORP's trigger line is high
_FORP_DOUBLE_AFTER = 0.008  # s; its line must have been low in between
_MOST_AT_ONCE = 4096  # fORP states in one write, after a stall


@dataclass(frozen=True)
class ButtonPress:
    """A button of the simulated fORP: when it goes down (s after volume 1 is due), how long."""

    t: float
    button: str
    hold: float = 0.1


@dataclass(frozen=True)
class SimulatedScan:
    """What the simulated scanner does. Volumes are counted from 1.

    Parameters
    ----------
    tr : float
        Seconds from volume to volume, on the scanner's clock.
    volumes : int
    symbol : str
        One character; a fORP has none.
    start_on : int or None
        Marker code at which the scan begins (the operator sees the task wait and presses start);
        None begins at once.
    start_after : float
        Seconds from then to volume 1.
    device : str
        ``plain``, ``nnl`` or ``forp``.
    jitter_ms : float
        Standard deviation of each pulse's time (ms), normal.
    drop : float
        Probability that a pulse is lost.
    drop_at : tuple of int
        Volumes whose pulses are lost.
    double : float
        Probability that a pulse bounces: another one 2 ms behind it
        (8 ms for a fORP).
    extra : float
        Probability of a pulse between two volumes, 0.3 to 0.7 TR behind the first.
    late_first : int
        So many first pulses are not sent.
    toggle : bool
        Only every second pulse is sent, from the first on.
    stop_after : int or None
        The scanner stops after so many volumes.
    disconnect_at : float or None
        The scanner's terminal goes away (s after volume 1 is due).
    reconnect_after : float or None
        It comes back under the same path so many seconds later; None never.
    ratio : float
        How much longer a second of the scanner's clock is on the computer's: 1.00005 is 50 ppm.
    presses : tuple of ButtonPress
        Buttons of the fORP.
    seed : int
    """

    tr: float
    volumes: int
    symbol: str = "5"
    start_on: int | None = None
    start_after: float = 2.0
    device: str = "plain"
    jitter_ms: float = 0.0
    drop: float = 0.0
    drop_at: tuple[int, ...] = ()
    double: float = 0.0
    extra: float = 0.0
    late_first: int = 0
    toggle: bool = False
    stop_after: int | None = None
    disconnect_at: float | None = None
    reconnect_after: float | None = 1.0
    ratio: float = 1.0
    presses: tuple[ButtonPress, ...] = ()
    seed: int = 0

    def pulses(self) -> list[tuple[float, int]]:
        """Return (s after volume 1 is due, volume) of each pulse, in order.

        Each volume takes the same share of chance whatever else is set, so that adding one fault
        leaves the others where they were.
        """
        chance = random.Random(self.seed)
        sent: list[tuple[float, int]] = []
        for volume in range(1, self.volumes + 1):
            jitter = chance.gauss(0.0, 1.0) * self.jitter_ms / 1000.0
            dropped, doubled, extra = (chance.random() for _ in range(3))
            between = chance.uniform(0.3, 0.7)
            if self.stop_after is not None and volume > self.stop_after:
                break
            due = (volume - 1) * self.tr * self.ratio
            if volume > self.late_first and extra < self.extra:
                sent.append((due + between * self.tr, volume))
            if (
                volume <= self.late_first
                or (self.toggle and volume % 2 == 0)
                or dropped < self.drop
                or volume in self.drop_at
            ):
                continue
            t = max(due + jitter, 0.0)
            sent.append((t, volume))
            if doubled < self.double:
                bounce = _FORP_DOUBLE_AFTER if self.device == "forp" else _DOUBLE_AFTER
                sent.append((t + bounce, volume))
        return sorted(sent)

    def offsets(self) -> tuple[float, ...]:
        """Return when pulses are sent (s after volume 1 is due)."""
        return tuple(t for t, _ in self.pulses())


SCAN_OPTIONS = frozenset(f.name for f in dataclasses.fields(SimulatedScan)) - {
    *("tr", "volumes", "start_on", "start_after", "symbol", "device", "presses")
}
_DEVICES = ("plain", "nnl", "forp")
# What a number may be: (whole, least, most).
_RANGES: Mapping[str, tuple[bool, float, float]] = {
    "tr": (False, 0.001, 60.0),
    "volumes": (True, 0, 1_000_000),
    "start_on": (True, 1, 255),
    "start_after": (False, 0.0, 86400.0),
    "jitter_ms": (False, 0.0, 10_000.0),
    "drop": (False, 0.0, 1.0),
    "double": (False, 0.0, 1.0),
    "extra": (False, 0.0, 1.0),
    "late_first": (True, 0, 1_000_000),
    "stop_after": (True, 0, 1_000_000),
    "disconnect_at": (False, 0.0, 86400.0),
    "reconnect_after": (False, 0.0, 86400.0),
    "ratio": (False, 0.5, 2.0),
    "seed": (True, 0, 2**63),
}
_MAY_BE_NONE = {"start_on", "stop_after", "disconnect_at", "reconnect_after"}


def simulated_scan(**options: Any) -> SimulatedScan:
    """Make a scan from options, each checked.

    Parameters
    ----------
    **options
        Fields of `SimulatedScan`; ``tr`` and ``volumes`` are 2.0 s and 150 by default, presses may
        be mappings.

    Raises
    ------
    BadInput
        With the first option that can't be.
    """
    options = {"tr": 2.0, "volumes": 150, **options}
    known = {f.name for f in dataclasses.fields(SimulatedScan)}
    for name, value in options.items():
        if name not in known:
            raise BadInput(
                f"scanner option {name!r} is unknown, allowed: {', '.join(sorted(known))}"
            )
        if name in _RANGES and not (value is None and name in _MAY_BE_NONE):
            _check_number(name, value)
    symbol, device = options.get("symbol", "5"), options.get("device", "plain")
    if device not in _DEVICES:
        raise BadInput(f"scanner device {device!r}: allowed are {', '.join(_DEVICES)}")
    if not isinstance(symbol, str) or len(symbol) != 1 or ord(symbol) > 255:
        raise BadInput(f"symbol {symbol!r}: one character is needed")
    if not isinstance(options.get("toggle", False), bool):
        raise BadInput(f"scanner toggle={options['toggle']!r}: true or false is needed")
    drop_at = tuple(options.get("drop_at", ()))
    for volume in drop_at:
        if not isinstance(volume, int) or not 1 <= volume <= options["volumes"]:
            raise BadInput(
                f"scanner drop_at={volume!r}: a volume from 1 to {options['volumes']} is needed"
            )
    presses = tuple(_press(press) for press in options.get("presses", ()))
    if presses and device != "forp":
        raise BadInput(f"scanner device {device!r} has no buttons; give device forp")
    return SimulatedScan(**{**options, "drop_at": drop_at, "presses": presses})


def scan_from_texts(texts: Mapping[str, str], **options: Any) -> SimulatedScan:
    """Make a scan from options as a URL has them: all texts, volumes split by commas.

    Raises
    ------
    BadInput
        With the first option that can't be.
    """
    read: dict[str, Any] = dict(options)
    for name, text in texts.items():
        try:
            if name == "drop_at":
                read[name] = tuple(int(volume) for volume in text.split(","))
            elif name == "toggle":
                read[name] = {"1": True, "true": True, "0": False, "false": False}.get(text, text)
            else:
                read[name] = int(text) if _RANGES[name][0] else float(text)
        except (KeyError, ValueError):
            raise BadInput(f"scanner option {name}={text!r}: a number is needed") from None
    return simulated_scan(**read)


def _check_number(name: str, value: object) -> None:
    whole, least, most = _RANGES[name]
    fits = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not fits or not math.isfinite(value) or not least <= value <= most:  # type: ignore[arg-type,operator]
        kind = "a whole number" if whole else "a number"
        raise BadInput(f"scanner {name}={value!r}: {kind} from {least:g} to {most:g} is needed")


def _press(press: ButtonPress | Mapping[str, Any]) -> ButtonPress:
    try:
        made = press if isinstance(press, ButtonPress) else ButtonPress(**press)
    except TypeError:
        raise BadInput(f"scanner press {press!r}: t, button and hold are needed") from None
    if made.button not in Forp.buttons.values():
        raise BadInput(
            f"scanner button {made.button!r}: allowed are {', '.join(Forp.buttons.values())}"
        )
    return made


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
    """

    def __init__(self, scan: SimulatedScan, record: Path | None) -> None:
        if sys.platform == "win32":
            raise HardwareError("scanner: this system has no pseudo-terminals; use mock:")
        self._scan = simulated_scan(
            **{f.name: getattr(scan, f.name) for f in dataclasses.fields(scan)}
        )
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
        self._record: IO[str] | None = None if record is None else record.open("x")
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
                for byte in os.read(self._markers, 4096):
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
        if self._folder is not None:
            Path(self.scanner_port).unlink()
        for end in self._pulse_ends:
            os.close(end)
        self._pulse_ends = None
        self.note(time.perf_counter(), port="gone")

    def _plug(self) -> None:
        self._pulse_ends = _terminal()
        Path(self.scanner_port).symlink_to(os.ttyname(self._pulse_ends[1]))
        self.note(time.perf_counter(), port="back")


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
