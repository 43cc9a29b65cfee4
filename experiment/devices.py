"""The devices of a session: which ones, opened together, closed together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from experiment.clock import RealClock, VirtualClock
from experiment.equipment import FaultSource, Keys
from experiment.errors import BadInput
from experiment.events import MARKS, KeyEvent
from experiment.log import LogWriter
from experiment.marks import MarkBook
from experiment.protocol import Protocol
from experiment.protocol.task import Begins
from experiment.steps import Ends, OnMark, OnPulse
from hardware.echo_line import EchoLine
from hardware.markers import MarkerLine
from hardware.marks import MarksFile, MarksPort, MarksSettings, check_marks_file
from hardware.port_url import parse_port
from hardware.ports import EchoSettings, TriggerPort, check_port, open_port
from hardware.pulse_source import PulseSource
from hardware.pulses import check_scanner, open_scanner
from hardware.serial_line import is_exclusive

OpenPort: TypeAlias = Callable[[str], TriggerPort]
"""Opens a trigger port, given its URL."""

_MOCK = "mock:"


@dataclass(frozen=True)
class Wires:
    """Where everything is plugged in: port URLs, and a file that marks are written to.

    None where there is no such device.
    """

    trigger: str | None
    scanner: str | None
    echo: str | None = None
    marks: str | None = None
    marks_file: Path | None = None

    def bring(self, awaited: Begins, protocol: Protocol) -> bool:
        """Whether what a run waits for can come: the scanner's pulse, or a mark."""
        if awaited == "pulse":
            return self.scanner is not None
        return bool(self.origins(protocol)[awaited])

    def origins(self, protocol: Protocol) -> dict[str, tuple[str, ...]]:
        """Return from where each mark can come: ``operator``, ``hardware``, ``file``."""
        keys = protocol.devices.buttons.marks
        wired = {
            name
            for url in map(parse_port, filter(None, (self.scanner, self.marks)))
            if url.address != _MOCK
            for name in url.marks
        }
        return {
            name: (
                *(("operator",) if name in keys else ()),
                *(("hardware",) if name in wired else ()),
                *(("file",) if self.marks_file is not None else ()),
            )
            for name in MARKS
        }


def wires(
    protocol: Protocol,
    folder: Path,
    *,
    trigger: str | None = None,
    scanner: str | None = None,
    echo: str | None = None,
    marks: str | None = None,
    marks_file: str | None = None,
) -> Wires:
    """Return what is plugged in: by the protocol, or by what was asked for in its place.

    Parameters
    ----------
    protocol : Protocol
    folder : Path
        The study's; a file of marks is named from there.
    trigger, scanner, echo, marks, marks_file : str or None
        ``none`` for none, None for the protocol's.
    """
    own = protocol.devices
    file = _chosen(marks_file, own.marks_file)
    return Wires(
        trigger=_chosen(trigger, own.trigger),
        scanner=_chosen(scanner, own.scanner),
        echo=_chosen(echo, own.echo),
        marks=_chosen(marks, own.marks),
        marks_file=None if file is None else folder / file,
    )


def _chosen(asked: str | None, own: str | None) -> str | None:
    url = own if asked is None else asked
    return None if url == "none" else url


def check_wires(
    plugged: Wires, protocol: Protocol, begins: Mapping[str, Ends], *, fast: bool
) -> None:
    """Make sure that what is plugged in can do what the tasks need.

    Parameters
    ----------
    plugged : Wires
    protocol : Protocol
    begins : mapping of str to Ends
        What gives each task's run its zero.
    fast : bool
        Whether the session runs on a virtual clock, which no real device can follow.

    Raises
    ------
    BadInput
        With the first thing that is wrong.
    """
    _check_urls(plugged, protocol)
    for task, zero in begins.items():
        if isinstance(zero, OnPulse) and not plugged.bring("pulse", protocol):
            raise BadInput(
                f"task {task!r} waits for a scanner, but there is no scanner port; give --scanner "
                "URL or set devices.scanner in study.yaml"
            )
        if isinstance(zero, OnMark) and not plugged.bring(zero.mark, protocol):
            raise BadInput(
                f"task {task!r} waits for the mark {zero.mark!r}, but nothing can make it; give it "
                "a key in devices.buttons.marks, or set devices.marks or devices.marks_file"
            )
    if plugged.echo is not None and plugged.trigger is None:
        raise BadInput(f"echo {plugged.echo}: there is no trigger port whose codes could come back")
    if fast:
        _check_fast(plugged)


def _check_urls(plugged: Wires, protocol: Protocol) -> None:
    """Read every URL to its last option, before anything is opened."""
    if plugged.trigger is not None:
        check_port(plugged.trigger)
    if plugged.scanner is not None:
        check_scanner(plugged.scanner, protocol.scanner.tr, protocol.devices.buttons.keys())
    if plugged.echo is not None:
        EchoSettings.of(plugged.echo)
    if plugged.marks is not None:
        MarksSettings.of(plugged.marks)
    if plugged.marks_file is not None:
        check_marks_file(plugged.marks_file)


def _check_fast(plugged: Wires) -> None:
    if plugged.trigger is not None and parse_port(plugged.trigger).address != _MOCK:
        raise BadInput(f"port {plugged.trigger}: a real port can't follow --speed fast; use mock:")
    if plugged.scanner is not None and parse_port(plugged.scanner).address != _MOCK:
        raise BadInput(
            f"scanner {plugged.scanner}: a real port can't follow --speed fast; use mock:"
        )
    for what in (plugged.echo, plugged.marks, plugged.marks_file):
        if what is not None:
            raise BadInput(f"{what}: can't follow --speed fast; leave it out with none")


class Devices:
    """All devices of a session, open.

    Parameters
    ----------
    plugged : Wires
    protocol : Protocol
    volumes : int
        How many a mock scanner sends.
    clock : RealClock or VirtualClock
    open_trigger : callable
        Opens a trigger port, given its URL.

    Raises
    ------
    BadInput
        If a URL can't be used.
    HardwareError
        If a device can't be opened; the others are closed again then.
    """

    def __init__(
        self,
        plugged: Wires,
        protocol: Protocol,
        volumes: int,
        clock: RealClock | VirtualClock,
        open_trigger: OpenPort = open_port,
    ) -> None:
        self._plugged = plugged
        self._open_port = open_trigger
        self._clock = clock
        self._late = _Late()
        self.book = MarkBook(clock, self._late.add)
        with ExitStack() as stack:
            self.trigger = self._open_trigger(stack)
            self.pulses = self._open_scanner(stack, protocol, volumes)
            self._marks = tuple(self._open_marks(stack))
            self._echo = self._open_echo(stack)
            # Brings the trigger lines to 0: a port that takes no bytes is known before there is a
            # log, or a window.
            self.line = self._open_line()
            self._open = stack.pop_all()

    @property
    def keys(self) -> list[Keys]:
        """Sources of key presses: a button box in one stream with the scanner's pulses."""
        return [] if self.pulses is None else [_BoxButtons(self.pulses)]

    @property
    def others(self) -> list[FaultSource]:
        """What can fail besides the marker line and the scanner."""
        return [*self._marks, *(() if self._echo is None else (self._echo,))]

    def header(self) -> dict[str, Any]:
        """Return what the log's header says of the devices."""
        plugged, port = self._plugged, self.trigger
        return {
            "trigger": None
            if port is None
            else {
                "name": port.name,
                "url": plugged.trigger,
                "pulse": port.pulse,
                "exclusive": is_exclusive(port.name),
            },
            "scanner": None
            if self.pulses is None
            else {"name": self.pulses.name, "url": plugged.scanner},
            "echo": None if self._echo is None else {"name": self._echo.name, "url": plugged.echo},
            "marks": None if plugged.marks is None else {"url": plugged.marks},
            "marks_file": None if plugged.marks_file is None else {"name": plugged.marks_file.name},
        }

    def start(self, log: LogWriter) -> None:
        """Write into a log from now on, what has come before included."""
        self._late.attach(log)

    def close(self) -> None:
        """Bring the trigger lines to 0 and let go of everything; a second call does nothing."""
        if self.line is not None:
            line, self.line = self.line, None
            line.close()
        self._open.close()

    def _open_trigger(self, stack: ExitStack) -> TriggerPort | None:
        if self._plugged.trigger is None:
            return None
        port = self._open_port(self._plugged.trigger)
        stack.callback(port.close)
        return port

    def _open_line(self) -> MarkerLine | None:
        url = self._plugged.trigger
        if self.trigger is None or url is None:
            return None
        return MarkerLine(
            self.trigger,
            self._clock,
            self._late.add,
            reopen=lambda: self._open_port(url),
            echo=self._echo,
        )

    def _open_scanner(
        self, stack: ExitStack, protocol: Protocol, volumes: int
    ) -> PulseSource | None:
        if self._plugged.scanner is None:
            return None
        pulses = open_scanner(
            self._plugged.scanner,
            self._clock,
            self._late.add,
            protocol.scanner.tr,
            volumes,
            taken=protocol.devices.buttons.keys(),
            note=self.book.note,
        )
        stack.callback(pulses.close)
        return pulses

    def _open_marks(self, stack: ExitStack) -> Iterator[MarksPort | MarksFile]:
        url, file = self._plugged.marks, self._plugged.marks_file
        if url is None and file is None:
            return
        assert isinstance(self._clock, RealClock), "checked before"
        if url is not None:
            port = MarksPort(url, self._clock, self._late.add, self.book.note)
            stack.callback(port.close)
            yield port
        if file is not None:
            read = MarksFile(file, self._clock, self._late.add, self.book.note)
            stack.callback(read.close)
            yield read

    def _open_echo(self, stack: ExitStack) -> EchoLine | None:
        if self._plugged.echo is None or self.trigger is None:
            return None
        assert isinstance(self._clock, RealClock), "checked before"
        echo = EchoLine(self._plugged.echo, self.trigger, self._clock, self._late.add)
        stack.callback(echo.close)
        return echo


class _BoxButtons:
    """Buttons of a box that sends them in one stream with the scanner's pulses."""

    def __init__(self, pulses: PulseSource) -> None:
        self._pulses = pulses

    def poll(self) -> list[KeyEvent]:
        return self._pulses.keys()


class _Late:
    """Takes events before the log is open, and passes them on once it is."""

    def __init__(self) -> None:
        self._log: LogWriter | None = None
        self._lock = threading.Lock()
        self._early: list[tuple[str, float | None, dict[str, Any]]] = []

    def add(self, type_: str, t: float | None, **fields: Any) -> None:
        if self._log is None:
            with self._lock:
                if self._log is None:
                    self._early.append((type_, t, fields))
                    return
        self._log.add(type_, t, **fields)

    def attach(self, log: LogWriter) -> None:
        with self._lock:
            for type_, t, fields in self._early:
                log.add(type_, t, **fields)
            self._early.clear()
            self._log = log
