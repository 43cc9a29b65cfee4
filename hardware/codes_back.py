"""Codes that come back over a cable, read as the dialect of some trigger device puts them."""

from __future__ import annotations

from typing import ClassVar

from hardware.dialects import Dialect
from hardware.pulse_dialects import Sign


class CodesBack:
    """Reads what a dialect writes: the codes, its resets, and what it says when a port is opened.

    A code is told when the lines change to it, as a recorder behind the device would show it: one
    that is repeated without a reset is told once, unless the device ends its pulses itself. Bytes
    that the dialect never writes are told one by one.

    Parameters
    ----------
    dialect : Dialect
    """

    key: ClassVar[None] = None

    def __init__(self, dialect: Dialect) -> None:
        self._lines = {dialect.code(code): code for code in range(1, 256)} | {dialect.reset(): 0}
        setup = [say.data for say in dialect.setup()]
        self._commands = {*self._lines, *setup}
        self._beginnings = {whole[:n] for whole in self._commands for n in range(1, len(whole))}
        self._ends_itself = dialect.resets_itself
        self._half = b""
        self._shown = 0

    def read(self, stamp: float, data: bytes) -> list[Sign]:
        signs: list[Sign] = []
        for byte in data:
            self._half += bytes((byte,))
            while self._half and self._half not in self._beginnings:
                if self._half in self._commands:
                    signs += self._show(stamp, self._lines.get(self._half))
                    self._half = b""
                else:  # what follows the first byte may be the beginning of a command
                    signs.append(Sign("other", stamp, str(self._half[0])))
                    self._half = self._half[1:]
        return signs

    def _show(self, stamp: float, lines: int | None) -> list[Sign]:
        if lines is None:
            return []
        changed, self._shown = lines != self._shown, 0 if self._ends_itself else lines
        return [Sign("code", stamp, str(lines))] if lines and changed else []
