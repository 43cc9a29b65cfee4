"""Reading a session log back: recovers a torn tail, checks the chain of digests."""

from __future__ import annotations

import json
import re
import sys
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from experiment.errors import BadInput
from experiment.log import SCHEMA, link

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Event = dict[str, Any]
_FRAMES = "frames"
_ABOUT_FRAMES = b'"type":"frames",'
_BEGIN = b'{"seq":%d,' + _ABOUT_FRAMES  # as the writer begins line number so many, from 0
_INTERVALS = re.compile(rb'"us":\[([0-9,]*)\]')
_BEGUN = re.compile(rb'\{"seq":\s*\d+,\s*"type":\s*"run_begin",')
_DIGEST = 16  # hex digits, as `link` makes them
_TOLD_DIGEST = ',"digest":"%s"}'  # as a line ends
_BETWEEN_DIGESTS = '"},"digest":"'  # in the ends of lines, one behind the other
_TAIL = len(_TOLD_DIGEST % ("0" * _DIGEST))
_OF_TAIL = slice(-_DIGEST - 2, -2)  # the digest, of such an end


class Lines(Sequence[Event]):
    """The events of a log whose lines about frames are parsed when somebody asks for them.

    A session of 90 minutes has 54 000 of these and 1 000 others, and most readers want the others.

    Parameters
    ----------
    lines : sequence of bytes
        All of the log's, the header's too, without their digests.
    others : sequence of dict
        The events that are not about frames, in order.
    frames : sequence of int
        Which lines are, from 0.
    """

    def __init__(
        self, lines: Sequence[bytes], others: Sequence[Event], frames: Sequence[int]
    ) -> None:
        self.others = tuple(others)
        self._lines = lines
        self._frames = frames

    @cached_property
    def _all(self) -> tuple[Event, ...]:
        frames = from_json(_listed(self._lines[n] for n in self._frames))
        return tuple(sorted((*self.others, *frames), key=itemgetter("seq")))

    def __len__(self) -> int:
        return len(self.others) + len(self._frames)

    def __getitem__(self, at: Any) -> Any:
        return self._all[at]

    def __iter__(self) -> Iterator[Event]:
        return iter(self._all)

    def intervals(self, since: int, until: int) -> NDArray[np.int64]:
        """Return the intervals between frames (us) in lines of some numbers, `until` left out."""
        import numpy as np

        found = self._frames[bisect_left(self._frames, since) : bisect_left(self._frames, until)]
        numbers = _INTERVALS.findall(b"\n".join([self._lines[n] for n in found]))
        if len(numbers) != len(found):  # written in another way
            return _intervals(self._all, since, until)
        return np.fromstring(b",".join(filter(None, numbers)), np.int64, sep=",")


def _intervals(events: Iterable[Event], since: int, until: int) -> NDArray[np.int64]:
    import numpy as np

    frames = (e for e in events if e["type"] == _FRAMES and since <= e["seq"] < until)
    return np.array([us for event in frames for us in event["us"]], np.int64)


@dataclass(frozen=True, eq=False)
class SessionLog:
    """A log that was read. Each reading is an object of its own: none is equal to another.

    Parameters
    ----------
    file : Path
    header : dict
    events : sequence of dict
        Everything after the header, in order.
    torn : bool
        Whether the last line was cut off by a crash (it is left out).
    broken_at : int or None
        First line (from 1) whose digest does not follow from the lines before: somebody edited
        the file. Events from there on are read all the same.
    digest : str
        Of the last whole line, with which the chain of digests ends.
    """

    file: Path
    header: Event
    events: Sequence[Event]
    torn: bool
    broken_at: int | None
    digest: str

    @cached_property
    def but_frames(self) -> tuple[Event, ...]:
        """All events but those about frames, in order."""
        if isinstance(self.events, Lines):
            return self.events.others
        return tuple(event for event in self.events if event["type"] != _FRAMES)

    @cached_property
    def _by_type(self) -> dict[str, list[Event]]:
        found: dict[str, list[Event]] = defaultdict(list)
        for event in self.but_frames:
            found[event["type"]].append(event)
        return found

    def of(self, *types: str) -> Iterator[Event]:
        """Yield the events of some types, in order."""
        if len(types) == 1 and types[0] != _FRAMES:
            return iter(self._by_type.get(types[0], ()))
        events = self.events if _FRAMES in types else self.but_frames
        return (event for event in events if event["type"] in types)

    def intervals(self, since: int = 0, until: int = sys.maxsize) -> NDArray[np.int64]:
        """Return the intervals between frames, in order.

        Parameters
        ----------
        since, until : int
            Sequence numbers: only of events from the first one on and before the other.

        Returns
        -------
        array of int, shape (intervals,)
            In microseconds.
        """
        if isinstance(self.events, Lines):
            return self.events.intervals(since, until)
        return _intervals(self.events, since, until)

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
    found = _untouched(raw, lines)
    broken_at = None
    rest: Sequence[Event]
    if found is None:
        events, broken_at, digest = _line_by_line(lines, file)
        header, rest = (events or [{}])[0], tuple(events[1:])
    else:
        header, rest, digest = found
    if header.get("type") != "header":
        raise BadInput(f"{file}:1: not a session log (its first line must be the header)")
    if header.get("schema") != SCHEMA:
        raise BadInput(
            f"{file}:1: log version {header.get('schema')}, this software reads {SCHEMA}"
        )
    return SessionLog(file, header, rest, bool(tail), broken_at, digest)


def _untouched(raw: bytes, lines: Sequence[bytes]) -> tuple[Event, Sequence[Event], str] | None:
    """Return header, events and last digest of a log whose chain holds; None where it does not.

    One call of the parser for all lines: a call for each takes three times as long. What this one
    refuses, and Python's own would take, is left to that.
    """
    bodies = [line[:-_TAIL] + b"}" for line in lines]
    tails = [line[-_TAIL:] for line in lines]
    claimed = [tail[_OF_TAIL] for tail in tails]
    links = [
        sha256(before + body).hexdigest()[:_DIGEST]
        for before, body in zip([b"", *claimed], bodies, strict=False)
    ]
    if b"".join(tails) != (_TOLD_DIGEST % _BETWEEN_DIGESTS.join(links)).encode():
        return None
    frames: list[int] = []
    others = [*range(len(lines))]
    if _ABOUT_FRAMES in raw:
        frames = [n for n in others if bodies[n].startswith(_BEGIN % n)]
        others = sorted({*others}.difference(frames))
    try:
        events = from_json(_listed([bodies[n] for n in others]))
        if not events or [event["seq"] for event in events] != others:
            return None
    except (ValueError, KeyError, TypeError):
        return None
    return events[0], Lines(bodies, events[1:], frames), claimed[-1].decode()


def _listed(bodies: Iterable[bytes]) -> bytes:
    """Return JSON texts as one of a list of them."""
    return b"[" + b",".join(bodies) + b"]"


def _line_by_line(lines: Iterable[bytes], file: Path) -> tuple[list[Event], int | None, str]:
    """Return events, the first line (from 1) whose digest or number is wrong, the last digest."""
    digest, broken_at = "", None
    events: list[Event] = []
    for number, line in enumerate(lines, start=1):
        event, body, claimed = _parse(line, file, number)
        digest = link(digest, body)
        if digest != claimed or event.get("seq") != number - 1:
            broken_at = broken_at or number
            digest = claimed
        events.append(event)
    return events, broken_at, digest


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


def runs_begun(file: Path) -> list[str]:
    """Return the tasks of the runs that were begun in a log; only the lines that say so are parsed.

    Raises
    ------
    BadInput
        If it can't be read, or one of these lines is damaged.
    """
    try:
        with file.open("rb") as stream:
            lines = [(n, line) for n, line in enumerate(stream, start=1) if _BEGUN.match(line)]
    except OSError as error:
        raise BadInput(f"{file}: can't be read ({error.strerror})") from None
    whole = ((n, line) for n, line in lines if line.endswith(b"\n"))
    return [str(_parse(line.rstrip(b"\n"), file, n)[0]["task"]) for n, line in whole]


def _parse(line: bytes, file: Path, number: int) -> tuple[Event, str, str]:
    """Return a line's event, the text that its digest covers, and the digest it claims."""
    try:
        text = line.decode()
        event = json.loads(text)
        body, _, rest = text.rpartition(',"digest":"')
        if not isinstance(event, dict) or "type" not in event or not rest.endswith('"}'):
            raise ValueError
        event.pop("digest", None)  # of the line, not of what it tells
    except ValueError:
        raise BadInput(
            f"{file}:{number}: not a line of a session log; the file is damaged"
        ) from None
    return event, body + "}", rest[:-2]
