"""Simulated trigger devices: they decode bytes as the real ones do, and are strict about garbage.

A model shows what a recorder behind the device would show: an event each time the lines change to
another code than 0.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Shown:
    """A code that the device showed, and when (s, the clock of whoever feeds it)."""

    t: float
    code: int


class Garbage(ValueError):
    """Bytes that the real device would not understand."""


class Model(Protocol):
    """A device at the far end of a serial line.

    Attributes
    ----------
    lines : int
        What its output lines show at present.
    """

    lines: int

    def feed(self, t: float, data: bytes) -> list[Shown]:
        """Take bytes that came at time `t` (s), in pieces of any size; return what they showed.

        Raises
        ------
        Garbage
            If the device would not understand them.
        """
        ...

    def answer(self) -> bytes:
        """Return what the device says back since this was last called."""
        ...


class _Lines:
    """Eight output lines, a buffer for half commands, and what is to be said back."""

    def __init__(self) -> None:
        self.lines = 0
        self._half = b""
        self._said = b""

    def answer(self) -> bytes:
        said, self._said = self._said, b""
        return said

    def _set(self, t: float, lines: int) -> list[Shown]:
        changed, self.lines = lines != self.lines, lines
        return [Shown(t, lines)] if changed and lines else []


class TriggerBoxModel(_Lines):
    """BrainProducts TriggerBox, and any plain device: a repeated code without 0 shows nothing."""

    def feed(self, t: float, data: bytes) -> list[Shown]:
        return [shown for byte in data for shown in self._set(t, byte)]


class StimTrackerModel(_Lines):
    """Cedrus StimTracker.

    Ends each pulse by itself after the duration that it was told, or never if it was told none;
    forgets half a command after 0.1 s.
    """

    product = b"S"
    _FORGETS = 0.1  # s

    def __init__(self) -> None:
        super().__init__()
        self.pulse_ms = 0
        self._down_at: float | None = None
        self._last = 0.0

    def feed(self, t: float, data: bytes) -> list[Shown]:
        if self._half and t - self._last > self._FORGETS:
            self._half = b""
        self._last = t
        left, shown = self._half + data, list[Shown]()
        while left:
            size = {b"mp": 6, b"mh": 4, b"_d": 3}.get(left[:2])
            if size is None and (len(left) >= 2 or left not in (b"m", b"_")):
                raise Garbage(f"StimTracker: {left!r}")
            if size is None or len(left) < size:
                break
            command, left = left[:size], left[size:]
            shown += self._obey(t, command)
        self._half = left
        return shown

    def _obey(self, t: float, command: bytes) -> list[Shown]:
        if command == b"_d2":
            self._said += self.product
            return []
        if command[:2] == b"mp":
            (self.pulse_ms,) = struct.unpack("<I", command[2:])
            return []
        lines = int.from_bytes(command[2:], "little")
        if command[:1] == b"_" or lines > 255:
            raise Garbage(f"StimTracker: {command!r}")
        if self._down_at is not None and t >= self._down_at:
            self.lines = 0
        self._down_at = t + self.pulse_ms / 1000.0 if lines and self.pulse_ms else None
        return self._set(t, lines)


class Usb2Ttl8Model(_Lines):
    """LabHackers USB2TTL8: obeys ``WRITE`` only once it has been set to that mode."""

    _LONGEST = 64  # bytes in a line

    def __init__(self) -> None:
        super().__init__()
        self._writes = False

    def feed(self, t: float, data: bytes) -> list[Shown]:
        *commands, self._half = (self._half + data).split(b"\n")
        if len(self._half) > self._LONGEST:
            raise Garbage(f"USB2TTL8: {self._half!r}")
        return [shown for command in commands for shown in self._obey(t, command)]

    def _obey(self, t: float, command: bytes) -> list[Shown]:
        if command == b"GET CONFIG":
            self._said += json.dumps({"model_name": "USB2TTL8"}).encode() + b"\r\n"
            return []
        if command == b"SET DATA_MODE WRITE":
            self._writes = True
            return []
        found = re.fullmatch(rb"WRITE (0|[1-9][0-9]{0,2})", command)
        if not found or not self._writes or int(found[1]) > 255:
            raise Garbage(f"USB2TTL8: {command!r}")
        return self._set(t, int(found[1]))


class BbtkModel(_Lines):
    """Black Box Toolkit USB TTL module: commands of two characters, capitals only."""

    def feed(self, t: float, data: bytes) -> list[Shown]:
        left, shown = self._half + data, list[Shown]()
        for start in range(0, len(left) - 1, 2):
            shown += self._obey(t, left[start : start + 2])
        self._half = left[len(left) // 2 * 2 :]
        return shown

    def _obey(self, t: float, command: bytes) -> list[Shown]:
        if command == b"##":
            self._said += b"XX"
            return []
        if command == b"RR":
            return self._set(t, 0)
        if not re.fullmatch(rb"[0-9A-F]{2}", command):
            raise Garbage(f"USB TTL module: {command!r}")
        return self._set(t, int(command, 16))


MODELS: Mapping[str, type[Model]] = {
    "plain": TriggerBoxModel,
    "triggerbox": TriggerBoxModel,
    "stimtracker": StimTrackerModel,
    "usb2ttl8": Usb2Ttl8Model,
    "bbtk": BbtkModel,
}
