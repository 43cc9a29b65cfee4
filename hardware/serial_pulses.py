"""Scanner pulses, read in a process of their own: no frame and no lock moves their stamps."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from experiment.clock import RealClock
from experiment.errors import BadInput
from experiment.events import MARKS, KeyEvent
from hardware.marks import Note, unnoted
from hardware.port_url import PortUrl
from hardware.pulse_dialects import pulse_dialect
from hardware.pulse_source import PulseSource
from hardware.reading import ENDED, START_LIMIT, Reading
from hardware.record import Record, Strange

_KEYBOARD_LIMIT = 30.0  # s for it to import what listens to keyboards


@dataclass(frozen=True)
class ScannerSettings:
    """What a URL says of a scanner.

    Parameters
    ----------
    what : mapping
        What its bytes mean; see `hardware.reading_process`.
    baud : int
    settle : float
        How long the device takes once its port is open (s).
    key : str or None
        The key that it presses, where it types.
    """

    what: Mapping[str, Any]
    baud: int
    settle: float
    key: str | None

    @classmethod
    def of(cls, url: PortUrl, taken: Collection[str] = ()) -> ScannerSettings:
        """Read them.

        Parameters
        ----------
        url : PortUrl
        taken : collection of str
            Keys that mean something else already; a keyboard's pulses may not be one of them.

        Raises
        ------
        BadInput
            If device, symbol, key or another option can't be used.
        """
        typed = url.address == "keyboard:"
        if typed:
            url.only("a keyboard", "device", "symbol")
        else:
            url.only("a scanner port", "device", "symbol", "baud", "settle", *MARKS)
        device = url.options.get("device", "keyboard" if typed else "plain")
        symbol = url.options.get("symbol")
        dialect = pulse_dialect(device, symbol, url.marks)
        if typed != (dialect.key is not None):
            raise BadInput(
                f"scanner {url.address}: the device keyboard and the address keyboard: go together"
            )
        if dialect.key in taken:
            raise BadInput(
                f"scanner {url.address}: its key {dialect.key!r} has another meaning in this "
                "study; give devices.buttons other keys, or the scanner another symbol"
            )
        what = {"device": device, "symbol": symbol, "marks": url.marks, "settle": url.settle}
        return cls(what, url.whole("baud", dialect.baud or 1), url.settle, dialect.key)


class SerialPulses(PulseSource):
    """Pulses from a device, stamped by a process of their own.

    `time.perf_counter` is one counter for all processes of a machine, so its stamps only need the
    session's zero taken off. A lost port is tried again every half second by that process; the
    process itself is started anew if it ends.

    Parameters
    ----------
    url : PortUrl
        With ``device`` (see `hardware.pulse_dialects`), ``symbol`` and ``baud`` as options;
        ``keyboard:`` for a scanner that types.
    clock : RealClock
    record : Record
        Takes ``pulse``, ``fault``, ``pulses_back``, ``scanner_port_back``, ``pulse_grid`` and, at
        the end, ``scanner_bytes`` events.
    tr : float
        Nominal TR (s).
    taken : collection of str
        Keys that mean something else already; a keyboard's pulses may not be one of them.
    note : callable
        Takes the marks of a PET scan that come in the same stream.

    Raises
    ------
    BadInput
        If device, symbol or key can't be used.
    HardwareError
        If the port can't be opened.
    """

    def __init__(
        self,
        url: PortUrl,
        clock: RealClock,
        record: Record,
        tr: float = 2.0,
        taken: Collection[str] = (),
        note: Note = unnoted,
    ) -> None:
        told = ScannerSettings.of(url, taken)
        super().__init__(url.address, clock, record, tr)
        self.bytes_read = 0  # as the process has last told: once a second and at its end
        self._bytes_before = 0  # by processes that have ended
        self._keys: deque[KeyEvent] = deque()
        self._down: set[str] = set()
        self._unknown = Strange(self._faults, "unknown_byte")
        self._closed = False
        self._note = note
        limit = START_LIMIT + told.settle if told.key is None else _KEYBOARD_LIMIT
        self._reading = Reading(self.name, self.name, told.baud, told.what, self._take, limit)
        if told.key is not None:
            self._fault("keyboard_pulses", clock.now(), key=told.key)

    def keys(self) -> list[KeyEvent]:
        return [self._keys.popleft() for _ in range(len(self._keys))]

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._reading.close()
        self._unknown.tell(self._clock.now())
        self.disarm()
        if self.bytes_read:
            self._record("scanner_bytes", self._clock.now(), count=self.bytes_read)

    def _take(self, kind: str, rest: list[Any]) -> None:
        """Take what the reading process tells."""
        zero = self._clock.zero
        if kind == "pulse":
            self._pulse(rest[0] - zero)
        elif kind == "key":
            self._key(rest[0] - zero, rest[1], down=rest[2])
        elif kind == "mark":
            self._note(rest[1], rest[0] - zero, "hardware")
        elif kind == "other":
            self._unknown.add(rest[0] - zero, byte=rest[1])
        elif kind == "bytes":
            self.bytes_read = self._bytes_before + rest[0]
        elif kind == "lost":
            self._lose(rest[0] - zero, rest[1])
        elif kind == "back":
            self._look_away(away=False)
            self._record("scanner_port_back", rest[0] - zero, name=self.name)
        elif kind == "ended":
            self._bytes_before = self.bytes_read
            self._lose(self._clock.now(), ENDED)

    def _key(self, t: float, name: str, *, down: bool) -> None:
        if down == (name in self._down):
            return  # a release whose press nobody has seen
        (self._down.add if down else self._down.discard)(name)
        self._keys.append(KeyEvent(round(t, 6), name, down, "buttons"))

    def _lose(self, t: float, problem: str) -> None:
        """Tell the loss; buttons that were held count as let go, as nobody sees them any more."""
        self._look_away(away=True)
        self._fault("scanner_port_lost", t, problem=problem)
        for name in sorted(self._down):
            self._key(t, name, down=False)
