"""Reading a session log back: recovers a torn tail, checks the chain of digests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from experiment.errors import BadInput
from experiment.log import SCHEMA, link

Event = dict[str, Any]
_BEFORE_DIGEST = b',"digest":"'
_DIGEST = 16  # hex digits, as `link` makes them
_TAIL = len(_BEFORE_DIGEST) + _DIGEST + len(b'"}')  # of a line


@dataclass(frozen=True, eq=False)
class SessionLog:
    """A log that was read. Each reading is an object of its own: none is equal to another.

    Parameters
    ----------
    file : Path
    header : dict
    events : tuple of dict
        Everything after the header, in order.
    torn : bool
        Whether the last line was cut off by a crash (it is left out).
    broken_at : int or None
        First line (from 1) whose digest does not follow from the lines before: somebody edited
        the file. Events from there on are read all the same.
    """

    file: Path
    header: Event
    events: tuple[Event, ...]
    torn: bool
    broken_at: int | None

    def of(self, *types: str) -> Iterator[Event]:
        """Yield the events of some types, in order."""
        return (event for event in self.events if event["type"] in types)

    @property
    def status(self) -> str:
        """How the session ended; ``crashed`` if the log just stops."""
        end = next(self.of("end"), None)
        return "crashed" if end is None else str(end["status"])


def read_log(file: Path) -> SessionLog:
    """Read a log.

    Raises
    ------
    BadInput
        If it is missing, isn't a log, is of another version, or is damaged before its last line.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: can't be read ({error.strerror})") from None
    *lines, tail = raw.split(b"\n")
    events = _untouched(lines)
    broken_at = None
    if events is None:
        events, broken_at = _line_by_line(lines, file)
    if not events or events[0].get("type") != "header":
        raise BadInput(f"{file}:1: not a session log (its first line must be the header)")
    if events[0].get("schema") != SCHEMA:
        raise BadInput(
            f"{file}:1: log version {events[0].get('schema')}, this software reads {SCHEMA}"
        )
    return SessionLog(file, events[0], tuple(events[1:]), bool(tail), broken_at)


def _untouched(lines: Sequence[bytes]) -> list[Event] | None:
    """Return the events of a log whose chain of digests holds; None where it does not.

    One call of the parser for all lines: a session of 90 minutes has 50 000 of them, most about
    frames, and a call for each takes three times as long.
    """
    digest = b""
    for line in lines:
        body, claimed = line[:-_TAIL], line[-_TAIL:]
        digest = sha256(digest + body + b"}").hexdigest()[:_DIGEST].encode()
        if claimed != _BEFORE_DIGEST + digest + b'"}':
            return None
    try:
        events = json.loads(b"[" + b",".join(lines) + b"]")
    except ValueError:
        return None
    is_whole = len(events) == len(lines) and all(
        isinstance(event, dict) and "type" in event and event.get("seq") == number
        for number, event in enumerate(events)
    )
    return events if is_whole else None


def _line_by_line(lines: Iterable[bytes], file: Path) -> tuple[list[Event], int | None]:
    """Return the events, and the first line (from 1) whose digest or number is wrong."""
    digest, broken_at = "", None
    events: list[Event] = []
    for number, line in enumerate(lines, start=1):
        event, body, claimed = _parse(line, file, number)
        digest = link(digest, body)
        if digest != claimed or event.get("seq") != number - 1:
            broken_at = broken_at or number
            digest = claimed
        events.append(event)
    return events, broken_at


def header_of(file: Path) -> Event:
    """Read a log's first line only.

    Raises
    ------
    BadInput
        If it can't be read or isn't a log.
    """
    try:
        with file.open("rb") as stream:
            line = stream.readline()
    except OSError as error:
        raise BadInput(f"{file}: can't be read ({error.strerror})") from None
    return _parse(line.rstrip(b"\n"), file, 1)[0]


def _parse(line: bytes, file: Path, number: int) -> tuple[Event, str, str]:
    """Return a line's event, the text that its digest covers, and the digest it claims."""
    try:
        text = line.decode()
        event = json.loads(text)
        body, _, rest = text.rpartition(',"digest":"')
        if not isinstance(event, dict) or "type" not in event or not rest.endswith('"}'):
            raise ValueError
    except ValueError:
        raise BadInput(
            f"{file}:{number}: not a line of a session log; the file is damaged"
        ) from None
    return event, body + "}", rest[:-2]
