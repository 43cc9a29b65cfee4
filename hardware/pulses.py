"""Scanner pulses, read in a process of their own: no frame and no lock moves their stamps."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from experiment.clock import Clock, RealClock
from experiment.errors import BadInput, HardwareError
from experiment.events import KeyEvent, Pulse
from hardware.markers import Record
from hardware.ports import PortUrl, parse_port
from hardware.pulse_dialects import Keyboard, pulse_dialect
from hardware.pulse_grid import NEWS, PulseFault, PulseWatch, fit_grid
from hardware.simulator import SCAN_OPTIONS, scan_from_texts

_START_LIMIT = 10.0  # s for the reading process to open the port
_KEYBOARD_LIMIT = 30.0  # s for it to import what listens to keyboards
_BEFORE = 256  # pulses that are kept while no run is armed
_TELL_BYTES = 10.0  # s between faults for bytes without a meaning


class PulseSource(Protocol):
    """Where volume pulses come from."""

    name: str

    def arm(
        self,
        volumes: int | None = None,
        *,
        since: float | None = None,
        first_due: float | None = None,
    ) -> None:
        """Say that the run now waits for its first pulse; the pulses are watched from here on.

        Parameters
        ----------
        volumes : int or None
            How many the scanner will send, dummy volumes included, where that is known.
        since : float or None
            Since when the run has been waiting (s, session clock); None for now.
        first_due : float or None
            When the first pulse is due (s), where another source knows.
        """
        ...

    def disarm(self) -> None:
        """Say that the run is over: pulses may end now without that being a fault."""
        ...

    def poll(self) -> list[Pulse]:
        """Return the pulses that came since the last call."""
        ...

    def keys(self) -> list[KeyEvent]:
        """Return presses of the device's own buttons since the last call."""
        ...

    def faults(self) -> list[str]:
        """Return the names of the faults since the last call."""
        ...

    def close(self) -> None:
        """Stop reading."""
        ...


class _Watched:
    """Counts, records and watches pulses; shared by all sources.

    Parameters
    ----------
    clock : Clock
        Wakes the watch when nothing comes.
    record : Record
        Takes ``pulse``, ``fault``, ``pulses_back`` and ``pulse_grid`` events.
    tr : float
        Nominal TR (s).
    """

    def __init__(self, clock: Clock, record: Record, tr: float) -> None:
        if not (math.isfinite(tr) and tr > 0):
            raise BadInput(f"TR {tr!r}: a number of seconds above 0 is needed")
        self.clock = clock
        self.record = record
        self._tr = tr
        self._lock = threading.Lock()
        self._new: deque[Pulse] = deque()
        self._faults: deque[str] = deque()
        self._count = 0
        self._before: deque[float] = deque(maxlen=_BEFORE)
        self._watch: PulseWatch | None = None
        self._since = 0.0
        self._stamps: list[float] = []
        self._woken_at = math.inf

    def pulse(self, t: float) -> None:
        """Take a pulse (s, session clock)."""
        with self._lock:
            self._count += 1
            self.record("pulse", t, n=self._count)
            self._new.append(Pulse(t, self._count))
            self._feed(t)

    def fault(self, what: str, t: float, **detail: Any) -> None:
        """Record a fault and keep its name for the player."""
        self.record("fault", t, what=what, **detail)
        self._faults.append(what)

    def arm(self, volumes: int | None, since: float | None, first_due: float | None) -> None:
        self.disarm()
        with self._lock:
            self._since = self.clock.now() if since is None else since
            early = [t for t in self._before if t < self._since]
            waited = [t for t in self._before if t >= self._since]
            self._before.clear()
            self._watch = PulseWatch(self._tr, volumes, first_due=first_due, before=early)
            for t in waited:
                self._feed(t)

    def disarm(self) -> None:
        with self._lock:
            watch, self._watch = self._watch, None
            if watch is None:
                return
            now = self.clock.now()
            self._tell(watch.finish(now))
            stamps, self._stamps = self._stamps, []
            self._before.extend(stamps[-_BEFORE:])
        fit = fit_grid(stamps, self._tr)
        if fit is not None:
            self.record(
                "pulse_grid",
                now,
                pulses=len(stamps),
                tr=round(fit.tr, 9),
                ppm=round(fit.ppm, 3),
                ppm_se=round(fit.ppm_se, 3),
                residual_sd=round(fit.sd, 7),
                missing=len(fit.missing),
                surplus=fit.surplus,
            )

    def poll(self) -> list[Pulse]:
        return [self._new.popleft() for _ in range(len(self._new))]

    def faults(self) -> list[str]:
        return [self._faults.popleft() for _ in range(len(self._faults))]

    def _feed(self, t: float) -> None:
        if self._watch is None or t < self._since:
            self._before.append(t)
            return
        self._stamps.append(t)
        self._tell(self._watch.pulse(t))
        self._wake()

    def _wake(self) -> None:
        """Have the watch look again when it asks for it; one call is under way at a time."""
        due = None if self._watch is None else self._watch.next_due()
        if due is not None and due < self._woken_at:
            self._woken_at = due
            self.clock.call_at(due, lambda: self._look(due))

    def _look(self, due: float) -> None:
        with self._lock:
            if due != self._woken_at:
                return  # an earlier call has taken its place
            self._woken_at = math.inf
            if self._watch is not None:
                self._tell(self._watch.tick(self.clock.now()))
                self._wake()

    def _tell(self, faults: Sequence[PulseFault]) -> None:
        for fault in faults:
            if fault.what in NEWS:
                self.record(fault.what, fault.t, volume=fault.volume, **fault.detail)
            else:
                self.fault(fault.what, fault.t, volume=fault.volume, **fault.detail)


class SerialPulses:
    """Pulses from a device, stamped by a process of their own.

    `time.perf_counter` is one counter for all processes of a machine, so its stamps only need the
    session's zero taken off. A lost port is tried again every half second by that process.

    Parameters
    ----------
    url : PortUrl
        With ``device`` (see `hardware.pulse_dialects`), ``symbol`` and ``baud`` as options;
        ``keyboard:`` for a scanner that types.
    clock : RealClock
    record : Record
        Takes ``pulse``, ``fault``, ``pulses_back``, ``scanner_port_back``, ``pulse_grid`` and, at
        the end, ``scanner_bytes`` events.
    tr : float
        Nominal TR (s).
    taken : collection of str
        Keys that mean something else already; a keyboard's pulses may not be one of them.

    Raises
    ------
    BadInput
        If device, symbol or key can't be used.
    HardwareError
        If the port can't be opened.
    """

    def __init__(
        self,
        url: PortUrl,
        clock: RealClock,
        record: Record,
        tr: float = 2.0,
        taken: Collection[str] = (),
    ) -> None:
        self.name = url.address
        self.bytes_read = 0  # as the process has last told: once a second and at its end
        typed = url.address == "keyboard:"
        device = url.options.get("device", "keyboard" if typed else "plain")
        dialect = pulse_dialect(device, url.options.get("symbol"))
        if typed != isinstance(dialect, Keyboard):
            raise BadInput(
                f"scanner {url.address}: the device keyboard and the address keyboard: go together"
            )
        if isinstance(dialect, Keyboard) and dialect.key in taken:
            raise BadInput(
                f"scanner {url.address}: its key {dialect.key!r} has another meaning in this "
                "study; give devices.buttons other keys, or the scanner another symbol"
            )
        self._pulses = _Watched(clock, record, tr)
        self._clock = clock
        self._keys: deque[KeyEvent] = deque()
        self._unknown: dict[int, int] = {}
        self._unknown_told = -math.inf
        self._closing = False
        command = [self.name, str(int(url.number("baud", dialect.baud or 1))), device]
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "hardware.pulse_process"),
                *(*command, url.options.get("symbol", "")),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parent.parent,
        )
        ready: list[str] = []
        opened = threading.Event()
        self._thread = threading.Thread(
            target=self._read, args=(ready, opened), name="pulses", daemon=True
        )
        self._thread.start()
        limit = _KEYBOARD_LIMIT if typed else _START_LIMIT
        if not opened.wait(limit) or ready != ["ready"]:
            self.close()
            raise HardwareError(ready[0] if ready else f"port {self.name}: no answer")
        if isinstance(dialect, Keyboard):
            self._pulses.fault("keyboard_pulses", clock.now(), key=dialect.key)

    def arm(
        self,
        volumes: int | None = None,
        *,
        since: float | None = None,
        first_due: float | None = None,
    ) -> None:
        self._pulses.arm(volumes, since, first_due)

    def disarm(self) -> None:
        self._pulses.disarm()

    def poll(self) -> list[Pulse]:
        return self._pulses.poll()

    def keys(self) -> list[KeyEvent]:
        return [self._keys.popleft() for _ in range(len(self._keys))]

    def faults(self) -> list[str]:
        return self._pulses.faults()

    def close(self) -> None:
        if self._closing:
            return
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
        self._tell_unknown(self._clock.now())
        self._pulses.disarm()
        if self.bytes_read:
            self._pulses.record("scanner_bytes", self._clock.now(), count=self.bytes_read)

    def _read(self, ready: list[str], opened: threading.Event) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            for kind, *rest in json.loads(line):
                if kind == "ready":
                    ready.append("ready")
                    opened.set()
                elif kind == "error" and not opened.is_set():
                    ready.append(rest[0])
                    opened.set()
                else:
                    self._take(kind, rest)
        if opened.is_set() and ready == ["ready"] and not self._closing:
            problem = "the reading process has ended"
            self._pulses.fault("scanner_port_lost", self._clock.now(), problem=problem)
        opened.set()

    def _take(self, kind: str, rest: list[Any]) -> None:
        zero = self._clock.zero
        if kind == "pulse":
            self._pulses.pulse(rest[0] - zero)
        elif kind == "key":
            self._keys.append(KeyEvent(round(rest[0] - zero, 6), rest[1], rest[2], "buttons"))
        elif kind == "other":
            self._unknown[rest[1]] = self._unknown.get(rest[1], 0) + 1
            self._tell_unknown(rest[0] - zero, at_least=_TELL_BYTES)
        elif kind == "bytes":
            self.bytes_read = rest[0]
        elif kind == "lost":
            self._pulses.fault("scanner_port_lost", rest[0] - zero, problem=rest[1])
        elif kind == "back":
            self._pulses.record("scanner_port_back", rest[0] - zero, name=self.name)

    def _tell_unknown(self, t: float, at_least: float = 0.0) -> None:
        """Tell bytes without a meaning: the first at once, later ones together."""
        if not self._unknown or t < self._unknown_told + at_least:
            return
        self._unknown_told = t
        byte = max(self._unknown, key=lambda value: self._unknown[value])
        self._pulses.fault("unknown_byte", t, byte=byte, count=sum(self._unknown.values()))
        self._unknown.clear()


class MockScanner:
    """A scanner on the session clock: starts some seconds after it is armed.

    Parameters
    ----------
    clock : Clock
    record : Record
        Takes ``pulse``, ``fault``, ``pulses_back`` and ``pulse_grid`` events.
    tr : float
        Nominal TR (s).
    volumes : int
        How many it means to send.
    start_after : float
        Seconds from arming to the first pulse.
    offsets : sequence of float or None
        When pulses come (s after volume 1 is due), faults and all; None for a perfect scanner.
        `SimulatedScan.offsets` makes such.
    """

    name = "mock:"

    def __init__(
        self,
        clock: Clock,
        record: Record,
        tr: float,
        volumes: int,
        start_after: float = 3.0,
        offsets: Sequence[float] | None = None,
    ) -> None:
        self._clock = clock
        self._tr = tr
        self._volumes = volumes
        self._start_after = start_after
        self._offsets = None if offsets is None else tuple(sorted(offsets))
        self._pulses = _Watched(clock, record, tr)
        self._armed = 0

    def arm(
        self,
        volumes: int | None = None,
        *,
        since: float | None = None,
        first_due: float | None = None,
    ) -> None:
        if self._volumes > 0:
            expected = self._volumes if volumes is None else volumes
            self._pulses.arm(expected, since, first_due)
        self._armed += 1
        scan = _MockScan(self._armed, self._clock.now() + self._start_after)
        self._next(scan, 0)

    def disarm(self) -> None:
        self._pulses.disarm()

    def poll(self) -> list[Pulse]:
        return self._pulses.poll()

    def keys(self) -> list[KeyEvent]:
        return []

    def faults(self) -> list[str]:
        return self._pulses.faults()

    def close(self) -> None:
        self._pulses.disarm()
        self._armed += 1  # what is still due is of no scan any more

    def _next(self, scan: _MockScan, place: int) -> None:
        if self._offsets is None:
            offset = place * self._tr if place < self._volumes else None
        else:
            offset = self._offsets[place] if place < len(self._offsets) else None
        if offset is not None:
            t = scan.start + offset
            self._clock.call_at(t, lambda: self._pulse(scan, t, place))

    def _pulse(self, scan: _MockScan, t: float, place: int) -> None:
        if scan.number != self._armed:
            return  # over, or the operator has started another scan
        self._pulses.pulse(t)
        self._next(scan, place + 1)


@dataclass(frozen=True)
class _MockScan:
    """One scan of the mock: which one it is, and when it starts (s)."""

    number: int
    start: float


def open_scanner(
    url: str,
    clock: Clock,
    record: Record,
    tr: float,
    volumes: int,
    taken: Collection[str] = (),
) -> PulseSource:
    """Open a source of pulses by its URL.

    Parameters
    ----------
    url : str
        ``mock:`` for a scanner on the session clock, ``keyboard:`` for one that types, else a
        port with pulses.
    clock : Clock
    record : Record
    tr : float
        The protocol's TR (s).
    volumes : int
        How many the mock sends; of a real scanner only `PulseSource.arm` is told.
    taken : collection of str
        Keys that mean something already.

    Raises
    ------
    BadInput
        If the URL can't be used, or a real port is asked for on a virtual clock.
    HardwareError
        If the port can't be opened.
    """
    parsed = parse_port(url)
    if parsed.address == "mock:":
        tr = parsed.number("tr", tr)
        volumes = int(parsed.number("volumes", volumes))
        faulty = {k: v for k, v in parsed.options.items() if k in SCAN_OPTIONS}
        return MockScanner(
            clock,
            record,
            tr,
            volumes,
            parsed.number("start_after", 3.0),
            scan_from_texts(faulty, tr=tr, volumes=volumes).offsets() if faulty else None,
        )
    if not isinstance(clock, RealClock):
        raise BadInput(f"scanner {url}: a real port can't follow --speed fast; use mock:")
    return SerialPulses(parsed, clock, record, tr, taken)
