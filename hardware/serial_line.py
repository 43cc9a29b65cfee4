"""Serial ports as both directions need them: opened for one program, at the speed asked for."""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress

import serial

from experiment.errors import HardwareError
from hardware.port_holders import port_holders

if sys.platform == "win32":
    _TERMINAL: type[Exception] = OSError
else:
    import termios

    _TERMINAL = termios.error  # pyserial's, for a plug pulled while it opens; no OSError

_SPEED_OFF = 0.03  # of the speed: a UART that is further off reads wrong bits


def open_serial(address: str, baud: int) -> serial.SerialBase:
    """Open a serial port for this program alone, without any waiting reads or writes.

    A URL that ends at a local device (``spy://``, ``hwgrep://``, ``alt://``) is exclusive too. One
    that ends at another computer (``socket://``, ``rfc2217://``) can't be: how many programs may
    connect is the server's to say. `is_exclusive` tells them apart.

    Raises
    ------
    HardwareError
        Says whether it is missing, refused or in use (by which program, where that can be seen), or
        that the driver refused the speed.
    """
    port: serial.SerialBase
    try:
        # exclusive goes to URLs as well: those that end at a local device heed it
        port = serial.serial_for_url(
            address, baudrate=baud, timeout=0, write_timeout=0, exclusive=True
        )
    except (ValueError, OverflowError):  # pyserial's, when the system won't set the speed
        raise HardwareError(f"port {address}: refuses {baud} baud; see ?baud=") from None
    except (serial.SerialException, OSError, _TERMINAL) as error:
        why, holder = why_not(error), _holder(address)
        if why.startswith("busy") and holder is not None:
            raise HardwareError(_in_use(address, holder)) from None
        raise HardwareError(f"port {address}: {why}") from None
    _keep_others_out(port, address)
    taken = _speed(port)
    if taken is not None and abs(taken - baud) > baud * _SPEED_OFF:
        close_serial(port)
        raise HardwareError(f"port {address}: refuses {baud} baud (it took {taken}); see ?baud=")
    return port


def close_serial(port: serial.SerialBase) -> None:
    """Close a port, and let other programs open it again.

    Raises
    ------
    OSError
        If the device is gone in the middle of it.
    """
    _exclude(port, exclude=False)
    port.close()


def discard_output(port: serial.SerialBase) -> None:
    """Discard what was written and has not gone out; closing waits for it, up to 30 s on Linux."""
    handle = descriptor(port)
    if handle is None or sys.platform == "win32":
        return
    import termios

    with suppress(termios.error):  # a URL's socket, or a device that is gone
        termios.tcflush(handle, termios.TCOFLUSH)


def _keep_others_out(port: serial.SerialBase, address: str) -> None:
    """Refuse a port that a program without a lock has open; later ones can't open it any more."""
    _exclude(port, exclude=True)  # first: nobody comes in between
    device = str(port.name or "")
    holder = _holder(device)
    if holder is not None:
        close_serial(port)
        raise HardwareError(_in_use(address, holder))


def _exclude(port: serial.SerialBase, *, exclude: bool) -> None:
    """Set or end TIOCEXCL, which only the superuser's programs may pass."""
    handle = descriptor(port)
    if handle is None or sys.platform == "win32":
        return
    import fcntl
    import termios

    with suppress(OSError):  # a URL's socket, or a device that is gone
        fcntl.ioctl(handle, termios.TIOCEXCL if exclude else termios.TIOCNXCL)


def _holder(device: str) -> str | None:
    """Return which other program has a device open, if that can be seen."""
    return port_holders({device}).get(device) if device.startswith("/") else None


def _in_use(address: str, holder: str) -> str:
    return f"port {address} is in use by {holder}; busy until that ends or lets go of it"


def is_exclusive(address: str) -> bool:
    """Whether a port, once open, is closed to other programs."""
    return not address.lower().startswith(("socket://", "rfc2217://", "loop://"))


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
        return read_ready(handle)
    except (serial.SerialException, OSError) as error:
        raise HardwareError(f"port {port.name}: {error}") from None


def read_ready(handle: int) -> bytes:
    """Return what has come in on a descriptor that is said to be ready, without waiting.

    That may be nothing: another reader can have been faster, which is no loss of the port.

    Raises
    ------
    OSError
        If the device is gone.
    """
    try:
        data = os.read(handle, 4096)
    except BlockingIOError:
        return b""
    if not data and _hung_up(handle):
        raise OSError("the device is gone")
    return data


def _hung_up(handle: int) -> bool:
    """Whether nothing can come any more; a terminal gives no bytes both then and when idle."""
    if not sys.platform.startswith("linux"):
        return True  # not told apart: nobody else is to read this port
    look = select.poll()
    look.register(handle, select.POLLIN)
    gone = select.POLLHUP | select.POLLERR | select.POLLNVAL
    return any(event & gone for _, event in look.poll(0))


def why_not(error: Exception) -> str:
    """Return why a port could not be opened, in the words of whoever has to mend it."""
    number = getattr(error, "errno", None)
    text = str(error)
    if number == 2 or "No such file" in text or "FileNotFoundError" in text:
        return "no such device; see what is plugged in with: run_session.py ports"
    if number in (11, 16) or "exclusively lock" in text or "PermissionError" in text:
        return "busy; another program has it open"
    if number == 13:
        return "not allowed; add this user to the group dialout"
    if "Inappropriate ioctl" in text:
        return "is no serial port"
    return text
