"""How trigger devices want their codes: one small class a device, one row in `DIALECTS`.

Read from the makers' pages and from public code that drives the devices; none was tried on a real
one here, so ``run_session.py ports --test URL`` is part of setting a rig up.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from experiment.errors import BadInput

Check = Callable[[bytes], bool | None]
"""Judges what a device has answered so far: right, wrong, or None while more has to come."""


@dataclass(frozen=True)
class Say:
    """One thing to say to a device when its port is opened.

    Parameters
    ----------
    data : bytes
    settle : float
        Seconds that the device needs afterwards.
    check : callable or None
        Judges the answer; None where no answer is documented.
    """

    data: bytes
    settle: float = 0.0
    check: Check | None = None


class Dialect(Protocol):
    """How a device wants codes put. Made with the width of its pulses (s).

    Attributes
    ----------
    name : str
    title : str
        Maker and model, for messages.
    baud : int
        The device's own speed (bit/s).
    resets_itself : bool
        Whether the device ends each pulse on its own. `reset` brings the lines to 0 after each code
        all the same, and at the start, the end and after a fault.
    """

    name: str
    title: str
    baud: int
    resets_itself: bool

    def __init__(self, pulse: float) -> None: ...

    def setup(self) -> tuple[Say, ...]:
        """Return what is said once, when the port is opened."""
        ...

    def code(self, code: int) -> bytes:
        """Return the bytes that raise a code (1-255).

        Raises
        ------
        BadInput
            If it is another number.
        """
        ...

    def reset(self) -> bytes:
        """Return the bytes that bring all lines to 0."""
        ...


def check_code(code: int) -> int:
    """Return the code.

    Raises
    ------
    BadInput
        If it isn't 1-255.
    """
    if not 1 <= code <= 255:
        raise BadInput(f"marker code {code}: 1 to 255 are allowed (0 is the reset)")
    return code


class Plain:
    """One raw byte a code, byte 0 as reset."""

    name = "plain"
    title = "plain trigger device"
    baud = 115200
    resets_itself = False

    def __init__(self, pulse: float) -> None:
        """Nothing to set: the pulse is as long as the reset is late."""

    def setup(self) -> tuple[Say, ...]:
        return ()

    def code(self, code: int) -> bytes:
        return bytes((check_code(code),))

    def reset(self) -> bytes:
        return b"\0"


class TriggerBox(Plain):
    """BrainProducts TriggerBox: as plain, at its own speed."""

    name = "triggerbox"
    title = "BrainProducts TriggerBox"
    baud = 57600


class StimTracker:
    """Cedrus StimTracker and c-pod: told the pulse width once, they end each pulse themselves.

    ``_d2`` asks for the product: ``S`` is a StimTracker (the maker's list of commands), ``4`` a
    c-pod (the maker's pyxid2).
    """

    name = "stimtracker"
    title = "Cedrus StimTracker or c-pod"
    baud = 115200
    resets_itself = True

    def __init__(self, pulse: float) -> None:
        ms = round(pulse * 1000.0, 6)
        if ms != int(ms) or not 1 <= ms <= 0xFFFFFFFF:
            raise BadInput(f"port option pulse_ms={ms:g}: a {self.title} takes whole ms from 1")
        self._ms = int(ms)

    def setup(self) -> tuple[Say, ...]:
        return (
            Say(b"_d2", check=lambda answer: answer[:1] in (b"S", b"4") if answer else None),
            Say(b"mp" + struct.pack("<I", self._ms)),
        )

    def code(self, code: int) -> bytes:
        return b"mh" + struct.pack("<H", check_code(code))

    def reset(self) -> bytes:
        return b"mh\0\0"


class Usb2Ttl8:
    """LabHackers USB2TTL8: lines of text.

    ``GET CONFIG`` is answered with a line of JSON that names the model (PsychoPy's driver for it
    finds the device that way).
    """

    name = "usb2ttl8"
    title = "LabHackers USB2TTL8"
    baud = 128000
    resets_itself = False

    def __init__(self, pulse: float) -> None:
        """Nothing to set: the pulse is as long as the reset is late."""

    def setup(self) -> tuple[Say, ...]:
        return (Say(b"GET CONFIG\n", check=_is_usb2ttl8), Say(b"SET DATA_MODE WRITE\n"))

    def code(self, code: int) -> bytes:
        return b"WRITE %d\n" % check_code(code)

    def reset(self) -> bytes:
        return b"WRITE 0\n"


def _is_usb2ttl8(answer: bytes) -> bool | None:
    line, end, _ = answer.partition(b"\n")
    if not end:
        return None
    try:
        told = json.loads(line)
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("model_name") == Usb2Ttl8.name.upper()


class Bbtk:
    """Black Box Toolkit USB TTL module: two capital hexadecimal digits a code (unverified).

    As public programs use it that quote the maker's guide: ``RR`` resets the module, which wants
    0.1 s then; ``##`` is answered ``XX``; outputs stay as they are until the next code, ``00``
    clears them.
    """

    name = "bbtk"
    title = "Black Box Toolkit USB TTL module"
    baud = 115200
    resets_itself = False

    def __init__(self, pulse: float) -> None:
        """Nothing to set: the pulse is as long as the reset is late."""

    def setup(self) -> tuple[Say, ...]:
        return (
            Say(b"RR", settle=0.1),
            Say(b"##", check=lambda answer: answer[:2] == b"XX" if len(answer) >= 2 else None),
        )

    def code(self, code: int) -> bytes:
        return b"%02X" % check_code(code)

    def reset(self) -> bytes:
        return b"00"


DIALECTS: Mapping[str, type[Dialect]] = {
    dialect.name: dialect for dialect in (Plain, TriggerBox, StimTracker, Usb2Ttl8, Bbtk)
}
