"""Trigger ports: where marker codes go out.

A port is named by a URL, with options behind a question mark:

- ``/dev/ttyUSB0?device=triggerbox&pulse_ms=5`` (or ``COM3``, or any pyserial URL): a serial device
  that speaks one of `hardware.dialects.DIALECTS`;
  ``settle=2`` waits so many seconds after opening, for an Arduino, which restarts then;
- ``parallel:/dev/parport0`` on Linux, ``parallel:0x0378`` on Windows;
- ``lsl:NAME``: an outlet of the Lab Streaming Layer;
- ``mock:``: nothing at all.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import serial

from experiment.errors import BadInput, HardwareError
from hardware.dialects import DIALECTS, Dialect, Say, check_code
from hardware.lsl import LslPort
from hardware.parallel import InpoutLines, Lines, ParallelPort, PpdevLines, io_address
from hardware.port_url import PULSE_MS, PortUrl, parse_port
from hardware.serial_line import (
    close_serial,
    descriptor,
    discard_output,
    open_serial,
    wait_for_bytes,
)

ANSWERS_WITHIN = 1.0
"""s; documented answers take less than 1 ms and the adapter's 16 ms."""


class TriggerPort(Protocol):
    """Where codes go. One code at a time; `reset` brings the lines to 0.

    Attributes
    ----------
    name : str
    pulse : float
        Seconds that a code stays up.
    resets_itself : bool
        Whether the device ends each pulse on its own. `reset` comes after each code all the same,
        so that the lines are down whatever width the device was told.
    """

    name: str
    pulse: float
    resets_itself: bool

    def write(self, code: int) -> None:
        """Raise a code (1-255); never blocks.

        Raises
        ------
        BadInput
            If it is another number.
        HardwareError
            If the port did not take it.
        """
        ...

    def reset(self) -> None:
        """Bring the lines to 0; never blocks."""
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...


@dataclass(frozen=True)
class SerialSettings:
    """What a URL says of a device behind a serial port.

    Parameters
    ----------
    pulse : float
        For how long a code stays up (s).
    dialect : Dialect
    baud : int
    settle : float
        How long the device takes once its port is open (s).
    """

    pulse: float
    dialect: Dialect
    baud: int
    settle: float

    @classmethod
    def of(cls, url: PortUrl) -> SerialSettings:
        """Read them.

        Raises
        ------
        BadInput
            If an option can't be, the dialect is unknown, or can't do that pulse.
        """
        url.only("a trigger port", "device", "pulse_ms", "baud", "settle")
        pulse = _pulse(url)
        dialect = dialect_of(url)(pulse)
        return cls(pulse, dialect, url.whole("baud", dialect.baud), url.settle)


class SerialPort:
    """A trigger device behind a serial port.

    Parameters
    ----------
    url : PortUrl
    answers_within : float
        How long it may take to say what it is (s).

    Attributes
    ----------
    line : serial.SerialBase
        For whoever reads what comes back over a loop-back cable.

    Raises
    ------
    BadInput
        If the dialect is unknown, or can't do that pulse.
    HardwareError
        If the port doesn't exist, is busy, doesn't take the speed, or the device at its end is
        another one.
    """

    def __init__(self, url: PortUrl, answers_within: float = ANSWERS_WITHIN) -> None:
        told = SerialSettings.of(url)
        self.name = url.address
        self.pulse = told.pulse
        self._dialect = told.dialect
        self.resets_itself = self._dialect.resets_itself
        # Made now, as little as can be is to be done between a flip and the wire.
        self._codes = {code: self._dialect.code(code) for code in range(1, 256)}
        self._rest = b""
        self._takes = True
        self._stuck = False  # the last write did not go out whole
        self.line = open_serial(url.address, told.baud)
        self._descriptor = descriptor(self.line)
        try:
            time.sleep(told.settle)  # a device that restarts when its port opens loses what comes
            self._take()  # and what it says meanwhile means nothing
            for say in self._dialect.setup():
                self._say(say, answers_within)
        except BaseException:
            close_serial(self.line)
            raise

    def write(self, code: int) -> None:
        self._put(self._codes.get(code) or self._dialect.code(code))

    def reset(self) -> None:
        self._put(self._dialect.reset())
        # Some devices confirm each command, and may stop once nobody takes that. Here, because
        # resets are off the frame loop.
        if self._takes:
            self._take()

    def leave_input(self) -> int | None:
        """Leave to another reader what comes in; return the descriptor, None if there is none."""
        if sys.platform == "win32":
            return None
        self._takes = self._descriptor is None
        return self._descriptor

    def close(self) -> None:
        if self._stuck:  # or closing would wait for what was written before to go out
            discard_output(self.line)
        with suppress(OSError):  # it may be gone already
            close_serial(self.line)

    def _say(self, say: Say, answers_within: float) -> None:
        self._take()
        self._put(say.data)
        if say.settle:
            time.sleep(say.settle)
        if say.check is None:
            return
        answer, verdict = b"", None
        limit = time.perf_counter() + answers_within
        while verdict is None and time.perf_counter() < limit:
            answer += wait_for_bytes(self.line, limit - time.perf_counter())
            verdict = say.check(answer)
        if not verdict:
            said = f"answers {answer[:40]!r}" if answer else "does not answer"
            raise HardwareError(
                f"port {self.name}: {said}; is this the {self._dialect.title}, switched on?"
            )

    def _take(self) -> bytes:
        """Return what the device has said, without any waiting."""
        try:
            if self._descriptor is None:
                return bytes(self.line.read(4096))
            return os.read(self._descriptor, 4096)
        except (serial.SerialException, OSError):
            return b""  # nothing there; a lost port shows in the next write

    def _put(self, data: bytes) -> None:
        # Past pyserial where there is a descriptor: with write_timeout=0, pyserial 3.5 tries a full
        # buffer for ever, and with any other timeout it may wait.
        rest, whole = self._rest, self._rest + data
        self._stuck = True
        try:
            if self._descriptor is None:
                written = self.line.write(whole) or 0
            else:
                written = os.write(self._descriptor, whole)
        except BlockingIOError:
            raise HardwareError(f"port {self.name}: takes no more bytes; is it stuck?") from None
        except (serial.SerialException, OSError) as error:
            raise HardwareError(f"port {self.name}: {error}") from None
        # A command that was cut is completed before the next, or the device would glue the two; one
        # of which nothing went out is dropped, as it would come too late.
        self._rest = rest[written:] if written <= len(rest) else whole[written:]
        if written != len(whole):
            raise HardwareError(f"port {self.name}: took {written} of {len(whole)} bytes")
        self._stuck = False


def _pulse(url: PortUrl) -> float:
    """Return for how long a code stays up (s)."""
    return url.number("pulse_ms", 5.0, most=PULSE_MS) / 1000.0


def dialect_of(url: PortUrl) -> type[Dialect]:
    """Return the dialect that a URL names.

    Raises
    ------
    BadInput
        If it is unknown.
    """
    name = url.options.get("device", "plain")
    if name not in DIALECTS:
        raise BadInput(f"port device {name!r} is unknown, allowed: {', '.join(sorted(DIALECTS))}")
    return DIALECTS[name]


@dataclass(frozen=True)
class EchoSettings:
    """What a URL says of a port on which codes come back.

    Parameters
    ----------
    address : str
    dialect : Dialect
        How codes are put there.
    pulse : float
        For how long it was told that a code is up (s).
    baud : int
    settle : float
        How long the device takes once its port is open (s).
    """

    address: str
    dialect: Dialect
    pulse: float
    baud: int
    settle: float

    @classmethod
    def of(cls, url: str) -> EchoSettings:
        """Read them.

        Raises
        ------
        BadInput
            If it is no serial port, or an option means nothing there or can't be.
        """
        parsed = parse_port(url)
        kind = parsed.address.partition(":")[0]
        if kind in ("mock", "parallel", "lsl", "keyboard"):
            raise BadInput(
                f"echo {parsed.address!r}: codes can't come back there; give a serial port"
            )
        parsed.only("an echo port", "device", "pulse_ms", "baud", "settle")
        pulse = _pulse(parsed)
        dialect = dialect_of(parsed)(pulse)
        baud = parsed.whole("baud", dialect.baud)
        return cls(parsed.address, dialect, pulse, baud, parsed.settle)


class MockPort:
    """A port that only keeps what it was given.

    Attributes
    ----------
    sent : list of tuple of float and int
        `time.perf_counter` (s) and code; 0 is a reset.
    """

    name = "mock:"
    resets_itself = False

    def __init__(self, pulse: float = 0.005) -> None:
        self.pulse = pulse
        self.sent: list[tuple[float, int]] = []

    def write(self, code: int) -> None:
        self.sent.append((time.perf_counter(), check_code(code)))

    def reset(self) -> None:
        self.sent.append((time.perf_counter(), 0))

    def close(self) -> None:
        """Nothing to let go of."""


def check_port(url: str) -> None:
    """Make sure that a trigger port's URL can be used; nothing is opened.

    Raises
    ------
    BadInput
        With the first thing that can't be.
    """
    parsed = parse_port(url)
    kind, rest = _kind(parsed)
    if kind == "serial":
        SerialSettings.of(parsed)
        return
    parsed.only(f"{kind}:", "pulse_ms")
    _pulse(parsed)
    if kind == "lsl" and not rest:
        raise BadInput("port 'lsl:': the stream needs a name, as lsl:Kindred")
    if kind == "parallel" and not rest:
        raise BadInput("port 'parallel:': give parallel:/dev/parport0 or parallel:0x0378")
    if kind == "parallel" and not rest.startswith("/"):
        io_address(rest)


def open_port(url: str) -> TriggerPort:
    """Open a trigger port by its URL; never falls back to the mock by itself."""
    check_port(url)
    parsed = parse_port(url)
    kind, rest = _kind(parsed)
    if kind == "serial":
        return SerialPort(parsed)
    pulse = _pulse(parsed)
    if kind == "mock":
        return MockPort(pulse)
    if kind == "lsl":
        return LslPort(rest, pulse)
    lines: Lines = PpdevLines(rest) if rest.startswith("/") else InpoutLines(rest)
    return ParallelPort(parsed.address, pulse, lines)


def _kind(url: PortUrl) -> tuple[str, str]:
    """Return ``mock``, ``lsl``, ``parallel`` or ``serial``, and what the address says besides."""
    kind, colon, rest = url.address.partition(":")
    if url.address == "mock:" or (colon and kind in ("parallel", "lsl")):
        return kind, rest
    return "serial", url.address
