"""Trigger ports: where marker codes go out.

A port is named by a URL, with options behind a question mark:

- ``/dev/ttyUSB0?device=triggerbox&pulse_ms=5`` (or ``COM3``, or any pyserial URL): a serial device
  that speaks one of `hardware.dialects.DIALECTS`;
- ``parallel:/dev/parport0`` on Linux, ``parallel:0x0378`` on Windows;
- ``lsl:NAME``: an outlet of the Lab Streaming Layer;
- ``mock:``: nothing at all.
"""

from __future__ import annotations

import math
import os
import select
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import parse_qsl

import serial

from experiment.errors import BadInput, HardwareError
from hardware.dialects import DIALECTS, Dialect, Say, check_code

_OURS = {
    *("device", "pulse_ms", "baud", "symbol"),
    *("tr", "volumes", "start_after", "jitter_ms", "drop", "drop_at", "double", "extra"),
    *("late_first", "toggle", "stop_after", "ratio", "seed"),  # of the mock scanner
}
_ANSWERS_WITHIN = 1.0  # s; documented answers take less than 1 ms and the adapter's 16 ms
_SPEED_OFF = 0.03  # of the speed: a UART that is further off reads wrong bits


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
        if not (value > 0 and math.isfinite(value)):
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


class TriggerPort(Protocol):
    """Where codes go. One code at a time; `reset` brings the lines to 0.

    Attributes
    ----------
    name : str
    pulse : float
        Seconds that a code stays up.
    resets_itself : bool
        Whether the device ends each pulse on its own; `reset` is then needed only at the start,
        at the end and after a fault.
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


class SerialPort:
    """A trigger device behind a serial port.

    Parameters
    ----------
    url : PortUrl

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

    def __init__(self, url: PortUrl) -> None:
        self.name = url.address
        self.pulse = url.number("pulse_ms", 5.0) / 1000.0
        self._dialect = dialect_of(url)(self.pulse)
        self.resets_itself = self._dialect.resets_itself
        # Made now, as little as can be is to be done between a flip and the wire.
        self._codes = {code: self._dialect.code(code) for code in range(1, 256)}
        self._rest = b""
        self.line = open_serial(url.address, int(url.number("baud", self._dialect.baud)))
        self._descriptor = descriptor(self.line)
        try:
            for say in self._dialect.setup():
                self._say(say)
        except BaseException:
            self.line.close()
            raise

    def write(self, code: int) -> None:
        self._put(self._codes.get(code) or self._dialect.code(code))

    def reset(self) -> None:
        self._put(self._dialect.reset())
        # Some devices confirm each command, and may stop once nobody takes that. Here, because
        # resets are off the frame loop.
        self._take()

    def close(self) -> None:
        self.line.close()

    def _say(self, say: Say) -> None:
        self._take()
        self._put(say.data)
        if say.settle:
            time.sleep(say.settle)
        if say.check is None:
            return
        answer, verdict = b"", None
        limit = time.perf_counter() + _ANSWERS_WITHIN
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


class Lines(Protocol):
    """Eight output lines of a parallel port."""

    def put(self, value: int) -> None:
        """Set all lines (0-255)."""
        ...

    def close(self) -> None:
        """Let go of the port."""
        ...


class PpdevLines:
    """The data lines of a parallel port on Linux, by the kernel's ppdev driver.

    Tried against a stand-in for the driver only: the machines of this project have no such port.

    Parameters
    ----------
    path : str
        As ``/dev/parport0``.

    Raises
    ------
    HardwareError
        If it is missing, not allowed, or taken.
    """

    # from <linux/ppdev.h>
    _EXCLUSIVE, _CLAIM, _RELEASE = 0x708F, 0x708B, 0x708C
    _DIRECTION, _DATA = 0x40047090, 0x40017086

    def __init__(self, path: str) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDWR)
        except OSError as error:
            raise HardwareError(f"port parallel:{path}: {_reason(error)}") from None
        try:
            self._ask(self._EXCLUSIVE)
            self._ask(self._CLAIM)
            self._ask(self._DIRECTION, bytes(4))  # 0: out
        except OSError as error:
            os.close(self._descriptor)
            raise HardwareError(
                f"port parallel:{path}: taken by another program or the printer driver ({error}); "
                "try: sudo rmmod lp"
            ) from None

    def put(self, value: int) -> None:
        self._ask(self._DATA, bytes((value,)))

    def close(self) -> None:
        try:
            self._ask(self._RELEASE)
        finally:
            os.close(self._descriptor)

    def _ask(self, request: int, data: bytes | None = None) -> None:
        import fcntl

        fcntl.ioctl(self._descriptor, request, 0 if data is None else data)


class InpoutLines:
    """The data lines of a parallel port on Windows, by PsychoPy's use of inpout32.

    Not tried at all: nobody here has such a machine.

    Parameters
    ----------
    address : str
        As ``0x0378``.
    """

    def __init__(self, address: str) -> None:
        try:
            from psychopy.parallel import ParallelPort

            self._port: Any = ParallelPort(address=int(address, 16))
        except ValueError:
            raise BadInput(
                f"port parallel:{address}: a device path or an address like 0x0378 is needed"
            ) from None
        except Exception as error:  # noqa: BLE001 - PsychoPy raises bare Exceptions here
            raise HardwareError(f"port parallel:{address}: {error}") from None

    def put(self, value: int) -> None:
        self._port.setData(value)

    def close(self) -> None:
        """Nothing to let go of."""


class ParallelPort:
    """A parallel port.

    Parameters
    ----------
    name : str
    pulse : float
        Seconds that a code stays up.
    lines : Lines
    """

    resets_itself = False

    def __init__(self, name: str, pulse: float, lines: Lines) -> None:
        self.name = name
        self.pulse = pulse
        self._lines = lines

    def write(self, code: int) -> None:
        self._put(check_code(code))

    def reset(self) -> None:
        self._put(0)

    def close(self) -> None:
        with suppress(OSError):  # it may be gone already
            self._lines.close()

    def _put(self, value: int) -> None:
        try:
            self._lines.put(value)
        except OSError as error:
            raise HardwareError(f"port {self.name}: {error}") from None


class LslPort:
    """An outlet of the Lab Streaming Layer: each code is a sample; there are no lines to reset.

    Parameters
    ----------
    stream : str
        Name of the stream; its type is ``Markers``, its one channel ``int32``.
    pulse : float
        Least seconds from code to code.

    Raises
    ------
    HardwareError
        If pylsl is not installed, or finds no library.
    """

    resets_itself = True

    def __init__(self, stream: str, pulse: float) -> None:
        if not stream:
            raise BadInput("port 'lsl:': the stream needs a name, as lsl:Kindred")
        self.name = f"lsl:{stream}"
        self.pulse = pulse
        try:
            pylsl = import_module("pylsl")  # an extra, so unknown to the type checker
        except ImportError:
            raise HardwareError(
                f"port {self.name}: install pylsl; for example: pip install 'kindred[lsl]'"
            ) from None
        except (RuntimeError, OSError) as error:
            raise HardwareError(
                f"port {self.name}: pylsl can't load its library: {str(error).splitlines()[0]}"
            ) from None
        info = pylsl.StreamInfo(stream, "Markers", 1, 0, "int32", f"kindred-{stream}")
        self._outlet: Any = pylsl.StreamOutlet(info)

    def write(self, code: int) -> None:
        self._outlet.push_sample([check_code(code)])

    def reset(self) -> None:
        """Nothing to bring down."""

    def close(self) -> None:
        self._outlet = None  # the stream ends with its outlet


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


def open_port(url: str) -> TriggerPort:
    """Open a trigger port by its URL; never falls back to the mock by itself."""
    parsed = parse_port(url)
    pulse = parsed.number("pulse_ms", 5.0) / 1000.0
    kind, colon, rest = parsed.address.partition(":")
    if parsed.address == "mock:":
        return MockPort(pulse)
    if not colon or kind not in ("parallel", "lsl"):
        return SerialPort(parsed)
    useless = sorted(set(parsed.options) - {"pulse_ms"})
    if useless:
        raise BadInput(f"port option {useless[0]!r} means nothing to {kind}:, allowed: pulse_ms")
    if kind == "lsl":
        return LslPort(rest, pulse)
    if not rest:
        raise BadInput("port 'parallel:': give parallel:/dev/parport0 or parallel:0x0378")
    lines: Lines = PpdevLines(rest) if rest.startswith("/") else InpoutLines(rest)
    return ParallelPort(parsed.address, pulse, lines)


def open_serial(address: str, baud: int) -> serial.SerialBase:
    """Open a serial port for this program alone, without any waiting reads or writes.

    Raises
    ------
    HardwareError
        Says whether it is missing, busy or refused, or that the driver refused the speed.
    """
    port: serial.SerialBase
    try:
        if "://" in address:
            port = serial.serial_for_url(address, baudrate=baud, timeout=0, write_timeout=0)
        else:
            port = serial.Serial(address, baud, timeout=0, write_timeout=0, exclusive=True)
    except (ValueError, OverflowError):  # pyserial's, when the system won't set the speed
        raise HardwareError(f"port {address}: refuses {baud} baud; see ?baud=") from None
    except (serial.SerialException, OSError) as error:
        raise HardwareError(f"port {address}: {_reason(error)}") from None
    taken = _speed(port)
    if taken is not None and abs(taken - baud) > baud * _SPEED_OFF:
        port.close()
        raise HardwareError(f"port {address}: refuses {baud} baud (it took {taken}); see ?baud=")
    return port


def _speed(port: serial.SerialBase) -> int | None:
    """Return the speed (bit/s) that the driver has really set; None where it doesn't tell.

    Drivers that can't do a speed are to write the one that they took into the settings instead.
    """
    handle = descriptor(port)
    if handle is None or not sys.platform.startswith("linux"):
        return None
    import fcntl
    import struct

    from serial import serialposix

    request = getattr(serialposix, "TCGETS2", None)
    if request is None:
        return None
    try:
        settings = fcntl.ioctl(handle, request, bytes(44))  # struct termios2
    except OSError:
        return None
    return int(struct.unpack_from("=I", settings, 40)[0]) or None


def descriptor(port: serial.SerialBase) -> int | None:
    """Return a port's file descriptor; None where it has none (Windows, ``loop://``)."""
    try:
        return int(port.fileno())
    except (AttributeError, OSError, ValueError):
        return None


def wait_for_bytes(port: serial.SerialBase, limit: float) -> bytes:
    """Return the next bytes that come in, or none after `limit` seconds.

    Raises
    ------
    HardwareError
        If the port is lost.
    """
    handle = descriptor(port)
    try:
        if handle is None:
            port.timeout = max(limit, 0.0)
            return bytes(port.read(1))
        if not select.select([handle], [], [], max(limit, 0.0))[0]:
            return b""
        data = os.read(handle, 4096)
    except (serial.SerialException, OSError) as error:
        raise HardwareError(f"port {port.name}: {error}") from None
    if not data:
        raise HardwareError(f"port {port.name}: the device is gone")
    return data


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


State = Literal["free", "busy", "unknown"]


@dataclass(frozen=True)
class PortInfo:
    """A serial port of this machine.

    Parameters
    ----------
    path : str
    name : str
        What the device calls itself.
    maker : str or None
    latency_ms : int or None
        How long the adapter may hold input back (ms); None if it has no such timer.
    state : {'free', 'busy', 'unknown'}
    detail : str
        By whom it is taken, or why nobody knows; empty if there is nothing to say.
    warning : str or None
        What to mend.
    """

    path: str
    name: str
    maker: str | None
    latency_ms: int | None
    state: State
    detail: str
    warning: str | None


def list_ports(
    adapters: Path = Path("/sys/bus/usb-serial/devices"), programs: Path = Path("/proc")
) -> list[PortInfo]:
    """Return the serial ports of this machine, in order of their paths.

    Parameters
    ----------
    adapters : Path
        Where Linux shows USB adapters and their latency timers.
    programs : Path
        Where Linux shows programs and the files that they have open.
    """
    from serial.tools.list_ports import comports

    found = sorted(comports())
    holders = _holders({port.device for port in found}, programs)
    ports = []
    for port in found:
        timer = adapters / Path(port.device).name / "latency_timer"
        latency = _latency(timer)
        state, detail = _state(port.device, holders.get(port.device))
        warning = None
        if latency is not None and latency != 1:
            warning = (
                f"holds input for up to {latency} ms; set 1 ms (again after each replug): "
                f"echo 1 | sudo tee {timer}"
            )
        ports.append(
            PortInfo(
                port.device,
                port.description,
                port.manufacturer,
                latency,
                state,
                detail,
                warning,
            )
        )
    return ports


def describe_ports(ports: Iterable[PortInfo]) -> str:
    """Return lines about ports, for the assistant."""
    lines = []
    for port in ports:
        latency = "no latency timer" if port.latency_ms is None else f"latency {port.latency_ms} ms"
        state = f"{port.state} ({port.detail})" if port.detail else port.state
        maker = port.maker or "unknown maker"
        lines.append(f"{port.path}  {port.name}  {maker}  {latency}  {state}")
        if port.warning is not None:
            lines.append(f"  warning: {port.warning}")
    return "\n".join(lines) or "no serial port is plugged in"


def _latency(timer: Path) -> int | None:
    try:
        return int(timer.read_text())
    except (OSError, ValueError):
        return None


def _holders(devices: set[str], programs: Path) -> dict[str, str]:
    """Return which program has a device open, of those programs that may be looked at."""
    wanted = {os.path.realpath(device): device for device in devices}
    holders = {}
    for program in programs.glob("[0-9]*"):
        try:
            for link in (program / "fd").iterdir():
                device = wanted.get(str(link.readlink()))
                if device is not None:
                    comm = (program / "comm").read_text().strip()
                    holders[device] = f"{comm}, process {program.name}"
        except OSError:
            continue  # another user's, or ended meanwhile
    return holders


def _state(path: str, holder: str | None) -> tuple[State, str]:
    """Find out whether a port can be had: if nobody is seen to hold it, by opening it for a moment.

    Opened without pyserial, which would set a speed: the port may be in use after all, by a program
    that can't be looked at. Opening raises DTR, but on a port in use that is up already.
    """
    if holder is not None:
        return "busy", holder
    if sys.platform == "win32":
        return "unknown", "try it with --test"
    import fcntl

    try:
        handle = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        reason = _reason(error)
        return ("busy", "") if reason.startswith("busy") else ("unknown", reason)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return "busy", ""
    finally:
        os.close(handle)
    return "free", ""
