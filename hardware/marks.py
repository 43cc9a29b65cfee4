"""Marks of a PET scan that come from outside: over a port, or in a file that another system writes.

Operator keys are the third origin; those are the player's. Nothing here is ever guessed: what can't
be read, is not known or can't have happened is a fault, and no mark.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from experiment.clock import RealClock
from experiment.errors import BadInput
from experiment.events import MARKS
from hardware.port_url import parse_port
from hardware.pulse_dialects import MarkCharacters
from hardware.reading import ENDED, START_LIMIT, Reading
from hardware.record import Faults, Record, Strange

_LOOK = 0.25  # s between looks at a file
_MOST = 1 << 20  # bytes that a file of marks may have
_STEPPED = 0.1  # s by which the wall clock may wander in a session, against the monotonic clock
_LINE = re.compile(r"(\S+?)[\s,;]+(\S+)")


class Note(Protocol):
    """Takes a mark: its name, when it happened (s, session clock), where it comes from."""

    def __call__(self, name: str, t: float, origin: str, **detail: Any) -> None: ...


def unnoted(name: str, t: float, origin: str, **detail: Any) -> None:
    """Take a mark where nobody asks for marks."""


@dataclass(frozen=True)
class MarksSettings:
    """What a URL says of a port of marks.

    Parameters
    ----------
    address : str
    marks : mapping of str to str
        The character of each mark, by the mark's name.
    baud : int
    settle : float
        How long the device takes once its port is open (s).
    """

    address: str
    marks: Mapping[str, str]
    baud: int
    settle: float

    @classmethod
    def of(cls, url: str) -> MarksSettings:
        """Read them.

        Raises
        ------
        BadInput
            If no character means a mark, one means two, or an option can't be.
        """
        parsed = parse_port(url)
        if not parsed.marks:
            raise BadInput(
                f"marks port {url}: say which character means what, as ?scan_start=s&injection=i"
            )
        parsed.only("a marks port", "baud", "settle", *MARKS)
        MarkCharacters(parsed.marks)  # says what is wrong with them
        baud = parsed.whole("baud", MarkCharacters.baud)
        return cls(parsed.address, parsed.marks, baud, parsed.settle)


class MarksPort:
    """Marks over a serial port of their own: one character each, told by the URL's options.

    ``/dev/ttyUSB2?scan_start=s&injection=i&sync=y`` is such a URL. A lost port is tried again.

    Parameters
    ----------
    url : str
    clock : RealClock
    record : Record
        Takes ``fault`` and ``marks_port_back`` events.
    note : callable

    Raises
    ------
    BadInput
        If the URL maps no character to a mark, or one to two.
    HardwareError
        If the port can't be opened.
    """

    def __init__(self, url: str, clock: RealClock, record: Record, note: Note) -> None:
        told = MarksSettings.of(url)
        self.name = told.address
        self._clock = clock
        self._record = record
        self._note = note
        self._faults = Faults(record)
        self._refused = Strange(self._faults, "mark_refused")
        what = {"marks": told.marks, "settle": told.settle}
        limit = START_LIMIT + told.settle
        self._reading = Reading(self.name, self.name, told.baud, what, self._take, limit)

    def faults(self) -> list[str]:
        """Return the names of the faults since the last call."""
        return self._faults.take()

    def close(self) -> None:
        """Stop reading."""
        self._reading.close()
        self._refused.tell(self._clock.now())

    def _take(self, kind: str, rest: list[Any]) -> None:
        zero = self._clock.zero
        if kind == "mark":
            self._note(rest[1], rest[0] - zero, "hardware")
        elif kind == "other":
            detail = {"origin": "hardware", "reason": "unknown_symbol", "byte": rest[1]}
            self._refused.add(rest[0] - zero, **detail)
        elif kind == "lost":
            self._faults.add("marks_port_lost", rest[0] - zero, problem=rest[1])
        elif kind == "back":
            self._record("marks_port_back", rest[0] - zero, name=self.name)
        elif kind == "ended":
            self._faults.add("marks_port_lost", self._clock.now(), problem=ENDED)


def check_marks_file(file: Path) -> None:
    """Make sure that a file of marks can be where it is said to be; it need not exist yet.

    Raises
    ------
    BadInput
        If there is no such folder, or a folder in its place.
    """
    if not file.parent.is_dir():
        raise BadInput(f"{file}: the folder of the file of marks does not exist")
    if file.is_dir():
        raise BadInput(f"{file}: is a folder, a file of marks is needed")


class MarksFile:
    """Marks in a file that another system writes, or the operator fills in.

    One mark a line: a UTC time and a name, as ``2026-03-01T09:31:05.250Z injection``. Empty lines
    and those that begin with ``#`` mean nothing. A line counts once it ends, or has not changed
    from one look to the next. Lines are only ever added: if one that has been read changes, that
    is a fault, and what was read stands.

    A UTC time is put on the session clock by an anchor taken at the moment of reading, which is
    logged as an ``anchor`` event; the mark's ``anchor`` is that event's time. If the wall clock was
    set in between, the anchors disagree, and that is a fault.

    Parameters
    ----------
    file : Path
        Need not exist yet, but its folder must.
    clock : RealClock
    record : Record
        Takes ``fault`` and ``anchor`` events.
    note : callable

    Raises
    ------
    BadInput
        If there is no such folder.
    """

    def __init__(self, file: Path, clock: RealClock, record: Record, note: Note) -> None:
        check_marks_file(file)
        self.name = str(file)
        self._file = file
        self._clock = clock
        self._record = record
        self._note = note
        self._faults = Faults(record)
        self._began = _offset(clock)
        self._lines: list[str] = []
        self._rest = ""
        self._unreadable = False
        self._stepped = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="marks", daemon=True)
        self._thread.start()

    def faults(self) -> list[str]:
        """Return the names of the faults since the last call."""
        return self._faults.take()

    def close(self) -> None:
        """Look a last time and stop."""
        if not self._ended.is_set():
            self._ended.set()
            self._thread.join()
            self._look()
            self._look()  # an unfinished line that stays as it is counts

    def _run(self) -> None:
        while not self._ended.wait(_LOOK):
            self._look()

    def _look(self) -> None:
        try:
            with self._file.open("rb") as stream:
                data = stream.read(_MOST + 1)
            if len(data) > _MOST:
                raise OSError(f"longer than {_MOST} bytes")
            text = data.decode("utf-8-sig")
        except FileNotFoundError:
            text = ""
        except (OSError, UnicodeDecodeError) as error:
            if not self._unreadable:
                self._unreadable = True
                self._refuse("unreadable_file", problem=type(error).__name__)
            return
        self._unreadable = False
        *lines, rest = text.replace("\r\n", "\n").split("\n")
        if rest and rest == self._rest:
            lines.append(rest)
        self._rest = rest
        known = len(self._lines)
        if lines[:known] != self._lines[: len(lines)] or len(lines) < known:
            self._refuse("changed_lines")
        new = lines[known:]
        self._lines = lines
        if any(_means_something(line) for line in new):
            self._anchor(known, new)

    def _anchor(self, known: int, new: list[str]) -> None:
        """Read new lines against an anchor of this moment."""
        at = round(self._clock.now(), 6)
        utc = self._clock.utc_at(at)
        self._record("anchor", at, utc=utc)
        if abs(_offset(self._clock) - self._began) > _STEPPED and not self._stepped:
            self._stepped = True
            self._refuse("wall_clock_was_set", moved=round(_offset(self._clock) - self._began, 3))
        for number, line in enumerate(new, start=known + 1):
            if _means_something(line):
                self._read(number, line, at, datetime.fromisoformat(utc))

    def _read(self, number: int, line: str, at: float, utc: datetime) -> None:
        found = _LINE.fullmatch(line.strip())
        if found is None:
            return self._refuse("unreadable_line", line=number)
        moment = _moment(found[1])
        if moment is None:
            return self._refuse("unreadable_time", line=number)
        if found[2] not in MARKS:
            return self._refuse("unknown_name", line=number)
        t = round(at - (utc - moment).total_seconds(), 6)
        if t > at:
            return self._refuse("in_the_future", line=number, name=found[2])
        if t < 0:
            return self._refuse("before_the_session", line=number, name=found[2])
        return self._note(found[2], t, "file", line=number, anchor=at)

    def _refuse(self, reason: str, **detail: Any) -> None:
        self._faults.add("mark_refused", self._clock.now(), origin="file", reason=reason, **detail)


def _means_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _moment(text: str) -> datetime | None:
    """Return a UTC time; None if it isn't one, or doesn't say that it is UTC."""
    if text.endswith(("Z", "z")):
        text = text[:-1] + "+00:00"
    text = re.sub(r"\.(\d{1,6})\d*(?=[+-])", lambda m: "." + m[1].ljust(6, "0"), text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.utcoffset() == timedelta(0) else None


def _offset(clock: RealClock) -> float:
    """Return how far the wall clock is from the session clock (s)."""
    at = clock.now()
    return datetime.fromisoformat(clock.utc_at(at)).timestamp() - at
