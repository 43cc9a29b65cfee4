"""Trigger codes on the eight data lines of a parallel port."""

from __future__ import annotations

import errno
import os
import platform
from contextlib import suppress
from typing import Any, Protocol

from experiment.errors import BadInput, HardwareError
from hardware.dialects import check_code
from hardware.serial_line import why_not


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
            raise HardwareError(f"port parallel:{path}: {why_not(error)}") from None
        try:
            self._ask(self._EXCLUSIVE)
            self._ask(self._CLAIM)
            self._ask(self._DIRECTION, bytes(4))  # 0: out
        except OSError as error:
            os.close(self._descriptor)
            if error.errno == errno.ENOTTY:  # it does not know what was asked
                raise HardwareError(
                    f"port parallel:{path}: is no parallel port; give one as parallel:/dev/parport0"
                ) from None
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


def io_address(text: str) -> int:
    """Return the address that a parallel port has on Windows, written as ``0x0378``.

    Raises
    ------
    BadInput
        If it isn't one.
    """
    try:
        return int(text, 16)
    except ValueError:
        raise BadInput(
            f"port parallel:{text}: a device path or an address like 0x0378 is needed"
        ) from None


class InpoutLines:
    """The data lines of a parallel port on Windows, by PsychoPy's use of inpout32.

    Not tried at all: nobody here has such a machine.

    Parameters
    ----------
    address : str
        As ``0x0378``.
    """

    def __init__(self, address: str) -> None:
        number = io_address(address)
        if platform.system() != "Windows":
            raise HardwareError(
                f"port parallel:{address}: addresses are for Windows; give parallel:/dev/parport0"
            )
        from psychopy.parallel import ParallelPort as Driver

        if Driver is None:
            raise HardwareError(
                f"port parallel:{address}: no driver found; install inpout32 or inpoutx64"
            )
        try:
            self._port: Any = Driver(address=number)
        except (OSError, AttributeError) as error:  # the library can't be loaded, or may not
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
