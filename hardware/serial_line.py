"""Serial ports as both directions need them: opened for one program, at the speed asked for."""

from __future__ import annotations

import os
import select
import sys

import serial

from experiment.errors import HardwareError

_SPEED_OFF = 0.03  # of the speed: a UART that is further off reads wrong bits


def open_serial(address: str, baud: int) -> serial.SerialBase:
    """Open a serial port for this program alone, without any waiting reads or writes.

    A URL that ends at a local device (``spy://``, ``hwgrep://``, ``alt://``) is exclusive too. One
    that ends at another computer (``socket://``, ``rfc2217://``) can't be: how many programs may
    connect is the server's to say. `is_exclusive` tells them apart.

    Raises
    ------
    HardwareError
        Says whether it is missing, busy or refused, or that the driver refused the speed.
    """
    port: serial.SerialBase
    try:
        # exclusive goes to URLs as well: those that end at a local device heed it
        port = serial.serial_for_url(
            address, baudrate=baud, timeout=0, write_timeout=0, exclusive=True
        )
    except (ValueError, OverflowError):  # pyserial's, when the system won't set the speed
        raise HardwareError(f"port {address}: refuses {baud} baud; see ?baud=") from None
    except (serial.SerialException, OSError) as error:
        raise HardwareError(f"port {address}: {why_not(error)}") from None
    taken = _speed(port)
    if taken is not None and abs(taken - baud) > baud * _SPEED_OFF:
        port.close()
        raise HardwareError(f"port {address}: refuses {baud} baud (it took {taken}); see ?baud=")
    return port


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
        data = os.read(handle, 4096)
    except (serial.SerialException, OSError) as error:
        raise HardwareError(f"port {port.name}: {error}") from None
    if not data:
        raise HardwareError(f"port {port.name}: the device is gone")
    return data


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
    return text
