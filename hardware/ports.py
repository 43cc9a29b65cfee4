"""Trigger ports: where marker codes go out.

A port is named by a URL: ``mock:``, a device path, or any pyserial URL, with the dialect as a
query, for example ``/dev/ttyUSB0?device=plain&pulse_ms=5``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl

import serial

from experiment.errors import BadInput, HardwareError

_OURS = {"device", "pulse_ms", "baud", "symbol", "tr", "volumes", "start_after"}


@dataclass(frozen=True)
class PortUrl:
    """A port's address for pyserial (or ``mock:``) and our own options."""

    address: str
    options: Mapping[str, str]

    def number(self, name: str, default: float) -> float:
        """Return a numeric option.

        Raises
        ------
        BadInput
            If it isn't a number above 0.
        """
        text = self.options.get(name)
        if text is None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if value <= 0:
            raise BadInput(f"port option {name}={text!r}: a number above 0 is needed")
        return value


def parse_port(url: str) -> PortUrl:
    """Split a port URL.

    Raises
    ------
    BadInput
        If an option is unknown.
    """
    address, _, query = url.partition("?")
    if not address:
        raise BadInput(f"port {url!r}: no address; give a device path, a pyserial URL or mock:")
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(set(options) - _OURS)
    if unknown:
        raise BadInput(
            f"port option {unknown[0]!r} is unknown, allowed: {', '.join(sorted(_OURS))}"
        )
    return PortUrl(address, options)


class Dialect(Protocol):
    """How a device wants codes put."""

    name: str
    baud: int

    def code(self, code: int) -> bytes:
        """Return the bytes that raise a code (1-255)."""
        ...

    def reset(self) -> bytes:
        """Return the bytes that bring the lines to 0."""
        ...


class Plain:
    """One raw byte a code, byte 0 as reset (also BrainProducts TriggerBox)."""

    name = "plain"
    baud = 115200

    def code(self, code: int) -> bytes:
        return bytes((code,))

    def reset(self) -> bytes:
        return b"\0"


class TriggerBox(Plain):
    """BrainProducts TriggerBox: as plain, at its own speed."""

    name = "triggerbox"
    baud = 57600


DIALECTS: Mapping[str, type[Dialect]] = {d.name: d for d in (Plain, TriggerBox)}


class TriggerPort(Protocol):
    """Where codes go. One code at a time; `reset` brings the lines to 0."""

    name: str
    pulse: float

    def write(self, code: int) -> None:
        """Raise a code (1-255); never blocks."""
        ...

    def reset(self) -> None:
        """Bring the lines to 0; never blocks."""
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...


class SerialPort:
    """A trigger device behind a serial port.

    Parameters
    ----------
    url : PortUrl

    Raises
    ------
    BadInput
        If the dialect is unknown.
    HardwareError
        If the port doesn't exist, is busy, or doesn't take the speed.
    """

    def __init__(self, url: PortUrl) -> None:
        dialect = url.options.get("device", "plain")
        if dialect not in DIALECTS:
            raise BadInput(
                f"port device {dialect!r} is unknown, allowed: {', '.join(sorted(DIALECTS))}"
            )
        self._dialect = DIALECTS[dialect]()
        self.name = url.address
        self.pulse = url.number("pulse_ms", 5.0) / 1000.0
        self._serial = open_serial(url.address, int(url.number("baud", self._dialect.baud)))
        self._descriptor = descriptor(self._serial)

    def write(self, code: int) -> None:
        self._put(self._dialect.code(code))

    def reset(self) -> None:
        self._put(self._dialect.reset())

    def close(self) -> None:
        self._serial.close()

    def _put(self, data: bytes) -> None:
        # Past pyserial where there is a descriptor: with write_timeout=0, pyserial 3.5 tries a full
        # buffer for ever, and with any other timeout it may wait.
        try:
            if self._descriptor is None:
                written = self._serial.write(data)
            else:
                written = os.write(self._descriptor, data)
        except BlockingIOError:
            raise HardwareError(f"port {self.name}: takes no more bytes; is it stuck?") from None
        except (serial.SerialException, OSError) as error:
            raise HardwareError(f"port {self.name}: {error}") from None
        if written != len(data):
            raise HardwareError(f"port {self.name}: took {written} of {len(data)} bytes")


class MockPort:
    """A port that only keeps what it was given.

    Attributes
    ----------
    sent : list of tuple of float and int
        `time.perf_counter` (s) and code; 0 is a reset.
    """

    name = "mock:"

    def __init__(self, pulse: float = 0.005) -> None:
        self.pulse = pulse
        self.sent: list[tuple[float, int]] = []

    def write(self, code: int) -> None:
        self.sent.append((time.perf_counter(), code))

    def reset(self) -> None:
        self.sent.append((time.perf_counter(), 0))

    def close(self) -> None:
        """Nothing to let go of."""


def open_port(url: str) -> TriggerPort:
    """Open a trigger port by its URL; never falls back to the mock by itself."""
    parsed = parse_port(url)
    if parsed.address == "mock:":
        return MockPort(parsed.number("pulse_ms", 5.0) / 1000.0)
    return SerialPort(parsed)


def open_serial(address: str, baud: int) -> serial.SerialBase:
    """Open a serial port for this program alone, without any waiting reads or writes.

    Raises
    ------
    HardwareError
        Says whether it is missing, busy or refused.
    """
    try:
        if "://" in address:
            return serial.serial_for_url(address, baudrate=baud, timeout=0, write_timeout=0)
        return serial.Serial(address, baud, timeout=0, write_timeout=0, exclusive=True)
    except (serial.SerialException, OSError, ValueError) as error:
        raise HardwareError(f"port {address}: {_reason(error)}") from None


def descriptor(port: serial.SerialBase) -> int | None:
    """Return a port's file descriptor; None where it has none (Windows, ``loop://``)."""
    try:
        return int(port.fileno())
    except (AttributeError, OSError, ValueError):
        return None


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    text = str(error)
    if number == 2 or "No such file" in text or "FileNotFoundError" in text:
        return "no such device; see what is plugged in with: run_session.py ports"
    if number in (11, 16) or "exclusively lock" in text or "PermissionError" in text:
        return "busy; another program has it open"
    if number == 13:
        return "not allowed; add this user to the group dialout"
    return text


def list_ports() -> list[str]:
    """Return a line for each serial port of this machine: path, name, maker."""
    from serial.tools.list_ports import comports

    return [
        f"{port.device}  {port.description}  {port.manufacturer or 'unknown maker'}"
        for port in sorted(comports())
    ]
