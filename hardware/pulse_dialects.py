"""How devices say that something has begun: small classes over a stream of bytes.

A new device that sends volume pulses is one class, a `PulseDialect`, and its row in
`PULSE_DIALECTS`. Marks of a PET scanner come as characters too, in the same stream or over a port
of their own (`MarkCharacters`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from experiment.errors import BadInput

ANY = "any"


@dataclass(frozen=True)
class Sign:
    """Something that a device has said.

    Parameters
    ----------
    kind : str
        ``pulse``, ``key`` (a button of the same device), ``mark`` (of a PET scan), ``code`` (a
        marker that came back) or ``other`` (a byte without a meaning).
    t : float
        When (s, `time.perf_counter`).
    value : str
        Name of the key or mark; the code or byte as a number; empty for a pulse.
    down : bool
        Whether a key went down.
    """

    kind: Literal["pulse", "key", "mark", "code", "other"]
    t: float
    value: str = ""
    down: bool = True


class ByteDialect(Protocol):
    """What bytes mean.

    Attributes
    ----------
    key : str or None
        The key that a device types, which then sends no bytes.
    """

    @property
    def key(self) -> str | None: ...

    def read(self, stamp: float, data: bytes) -> list[Sign]:
        """Return what these bytes, read at `stamp` (s), say."""
        ...


class PulseDialect(ByteDialect, Protocol):
    """How a device sends volume pulses.

    Made with the character of a pulse (None where the URL says none), and the character of each
    mark that it sends too, by the mark's name; raises `BadInput` for what the device can't have.

    Attributes
    ----------
    name : str
        What ``device=`` in a URL calls it.
    baud : int
        The device's own speed (bit/s); 0 if it has none.
    """

    name: ClassVar[str]
    baud: ClassVar[int]

    def __init__(self, symbol: str | None, marks: Mapping[str, str]) -> None: ...


class MarkCharacters:
    """Marks of a PET scan, one character each; any other byte means nothing.

    Parameters
    ----------
    marks : mapping of str to str
        The character of each mark, by the mark's name.

    Raises
    ------
    BadInput
        If one isn't a character that fits a byte, or two marks have the same.
    """

    baud: ClassVar[int] = 57600
    key: ClassVar[None] = None

    def __init__(self, marks: Mapping[str, str]) -> None:
        self._marks: dict[int, str] = {}
        for name, symbol in marks.items():
            if len(symbol) != 1 or ord(symbol) > 255:
                raise BadInput(f"port option {name}={symbol!r}: one character is needed")
            if ord(symbol) in self._marks:
                raise BadInput(
                    f"port option {name}={symbol!r}: also means {self._marks[ord(symbol)]}; give "
                    "each its own character"
                )
            self._marks[ord(symbol)] = name

    def read(self, stamp: float, data: bytes) -> list[Sign]:
        return [
            Sign("mark", stamp, self._marks[byte])
            if byte in self._marks
            else self._other(stamp, byte)
            for byte in data
        ]

    def _other(self, stamp: float, byte: int) -> Sign:
        return Sign("other", stamp, str(byte))


class Characters(MarkCharacters):
    """One character a volume: ``5``, ``t``, ``1`` or ``=``, or any byte; and marks, if any.

    Parameters
    ----------
    symbol : str or None
        The character; ``any`` for every byte; None for ``5``.
    marks : mapping of str to str
        The character of each mark, by the mark's name.

    Raises
    ------
    BadInput
        If one isn't a character that fits a byte, or has two meanings.
    """

    name: ClassVar[str] = "plain"

    def __init__(self, symbol: str | None, marks: Mapping[str, str]) -> None:
        super().__init__(marks)
        symbol = "5" if symbol is None else symbol
        if symbol != ANY and (len(symbol) != 1 or ord(symbol) > 255):
            raise BadInput(f"port option symbol={symbol!r}: one character or 'any' is needed")
        self._pulse = None if symbol == ANY else ord(symbol)
        if self._pulse in self._marks:
            raise BadInput(
                f"port option symbol={symbol!r}: also means {self._marks[ord(symbol)]}; give each "
                "its own character"
            )

    def _other(self, stamp: float, byte: int) -> Sign:
        if self._pulse is None or byte == self._pulse:
            return Sign("pulse", stamp)
        return super()._other(stamp, byte)


class SyncBox(Characters):
    """NordicNeuroLab SyncBox: one character a volume at 57600 baud, set at the box."""

    name: ClassVar[str] = "nnl"


class Forp:
    """Current Designs fORP, serial, 19200 baud: a stream of states, some 800 bytes a second.

    Bit 0x10 is the scanner's trigger line, a pulse is its rising edge. Blue is 1, yellow 2, green
    4, red 8: buttons go down and up. A line that is high in the first byte has risen before anybody
    looked, which is no pulse and no press: the port may have been opened anew in the middle of one.

    Bytes that are read together are stamped one sample period apart, the last one with the time
    of reading: an adapter that hands over 16 ms at a time does not blur the edges.
    """

    name: ClassVar[str] = "forp"
    key: ClassVar[None] = None
    baud: ClassVar[int] = 19200
    rate: ClassVar[float] = 800.0  # states per second
    trigger: ClassVar[int] = 0x10
    buttons: ClassVar[Mapping[int, str]] = {1: "blue", 2: "yellow", 4: "green", 8: "red"}

    def __init__(self, symbol: str | None, marks: Mapping[str, str]) -> None:
        _no_marks(self.name, marks)
        if symbol is not None:
            raise BadInput(f"port option symbol={symbol!r}: a fORP sends states, no symbol")
        self._state: int | None = None
        self._stamp = 0.0
        self._known = self.trigger | sum(self.buttons)

    def read(self, stamp: float, data: bytes) -> list[Sign]:
        signs: list[Sign] = []
        for place, state in enumerate(data):
            if state == self._state:
                continue
            t = max(stamp - (len(data) - 1 - place) / self.rate, self._stamp)
            changed = state ^ (state & self._known if self._state is None else self._state)
            if changed & state & self.trigger:
                signs.append(Sign("pulse", t))
            for bit, name in self.buttons.items():
                if changed & bit:
                    signs.append(Sign("key", t, name, bool(state & bit)))
            if changed & state & ~self._known:
                signs.append(Sign("other", t, str(state)))
            self._state = state
        self._stamp = stamp
        return signs


class Keyboard:
    """A scanner that types ``5``, ``t``, ``1`` or ``=`` as a keyboard.

    Its key can't be told from the same key of a person. Each session that uses it says so with a
    fault ``keyboard_pulses``, and the key may not be one that the participant answers with.

    Parameters
    ----------
    symbol : str or None
        The character; None for ``5``.
    marks : mapping of str to str
        None can be sent.

    Raises
    ------
    BadInput
        If no single key types it, or there are marks.
    """

    name: ClassVar[str] = "keyboard"
    baud: ClassVar[int] = 0
    names: ClassVar[Mapping[str, str]] = {"=": "equal", "-": "minus", " ": "space"}

    def __init__(self, symbol: str | None, marks: Mapping[str, str]) -> None:
        _no_marks(self.name, marks)
        symbol = "5" if symbol is None else symbol
        simple = len(symbol) == 1 and symbol.isascii() and symbol.isalnum()
        if not simple and symbol not in self.names:
            raise BadInput(
                f"port option symbol={symbol!r}: a letter, a digit or one of "
                f"{', '.join(map(repr, self.names))} is needed for a keyboard"
            )
        self.key: str | None = self.names.get(symbol, symbol.lower())

    def read(self, stamp: float, data: bytes) -> list[Sign]:
        """Return a pulse for each byte; the reading process gives one for each press."""
        return [Sign("pulse", stamp) for _ in data]


def _no_marks(device: str, marks: Mapping[str, str]) -> None:
    if marks:
        raise BadInput(
            f"port option {next(iter(marks))}: a {device} sends no marks; give devices.marks a "
            "port of its own"
        )


PULSE_DIALECTS: Mapping[str, type[PulseDialect]] = {
    dialect.name: dialect for dialect in (Characters, SyncBox, Forp, Keyboard)
}


def pulse_dialect(
    device: str, symbol: str | None, marks: Mapping[str, str] | None = None
) -> PulseDialect:
    """Return the dialect of a device.

    Parameters
    ----------
    device : str
        A name of `PULSE_DIALECTS`.
    symbol : str or None
        The character of a pulse, where the device has one.
    marks : mapping of str to str or None
        The character of each mark that the device sends, by the mark's name.

    Raises
    ------
    BadInput
        If the device is unknown or can't have that symbol or marks.
    """
    if device not in PULSE_DIALECTS:
        raise BadInput(
            f"scanner device {device!r} is unknown, allowed: {', '.join(sorted(PULSE_DIALECTS))}"
        )
    return PULSE_DIALECTS[device](symbol, marks or {})
