"""Notes of the assistant or operator, each with its time, in a file beside the log.

A note may hold a name, so it is never in the log itself, nor in an export unless that is asked for.
The file is JSON lines like the log, appended to by whoever types: the session's own terminal, or
the operator's console on another machine. A log's ``note_asked`` events say when the note key was
pressed; the words come later.
"""

from __future__ import annotations

import getpass
import json
import os
import time
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from experiment.anchors import boot_id, utc_of
from experiment.errors import BadInput
from experiment.readlog import Event, SessionLog
from experiment.said import Said

NOTES = ".notes"  # ending of the file, beside the log's
LONGEST = 2000  # characters


@dataclass(frozen=True)
class Note:
    """A note.

    Parameters
    ----------
    utc : str
        When (ISO 8601).
    monotonic : float or None
        The same by `time.perf_counter` (s), where that was at hand.
    boot : str or None
        Which start of which machine that counter belongs to.
    who : str
    text : str
    asked : int or None
        Number of the key press in the session that it belongs to, from 1.
    """

    utc: str
    monotonic: float | None
    boot: str | None
    who: str
    text: str
    asked: int | None = None

    def at(self, header: Event) -> float:
        """Return when it was on the clock of a session (s), by its log's header.

        By the machine's own counter, if session and note share it, else by UTC.
        """
        same = header["speed"] == "real" and self.boot is not None
        if self.monotonic is not None and same and self.boot == header.get("boot"):
            return round(self.monotonic - float(header["clock_zero"]), 6)
        since = datetime.fromisoformat(self.utc) - datetime.fromisoformat(header["utc"])
        return round(since.total_seconds() + float(header["utc_at"]), 6)

    @property
    def at_the_desk(self) -> str:
        """The time of day where it is read."""
        return f"{datetime.fromisoformat(self.utc).astimezone():%H:%M:%S}"

    def saying(self, text: str) -> Note:
        """Return the same moment with words."""
        return replace(self, text=_one_line(text))


def notes_file(log: Path) -> Path:
    """Return where the notes of a session are."""
    return log.with_suffix(NOTES)


def note_now(text: str, who: str | None = None) -> Note:
    """Return a note of this moment; of the user of this machine, if nobody else says so."""
    return Note(
        datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        time.perf_counter(),
        boot_id(),
        who or getpass.getuser(),
        _one_line(text),
    )


def without_words(log: SessionLog) -> list[Note]:
    """Return the moments that the note key kept and nobody has put words to, in time."""
    worded = {note.asked for note in read_notes(log.file)}
    found = []
    for event in log.of("note_asked"):
        if event["n"] not in worded:
            moment = utc_of(log.header, event["t"]).isoformat(timespec="milliseconds")
            found.append(note_asked("", event["n"], moment))
    return found


def note_asked(text: str, asked: int, utc: str, who: str | None = None) -> Note:
    """Return the words to a key press in the session.

    Parameters
    ----------
    text : str
    asked : int
        Number of the key press, from 1.
    utc : str
        When it was (ISO 8601).
    who : str or None
    """
    return Note(utc, None, None, who or getpass.getuser(), _one_line(text), asked)


def add_note(log: Path, note: Note) -> None:
    """Append a note in one write, so that two who type at once don't mix, and sync it.

    Raises
    ------
    BadInput
        If it is empty, or can't be written.
    """
    if not note.text:
        raise BadInput(Said("refused.empty_note"))
    file = notes_file(log)
    line = json.dumps(asdict(note), ensure_ascii=False, separators=(",", ":")) + "\n"
    try:
        handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, _start(file) + line.encode())
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise BadInput(Said("refused.no_note", file=file, why=error.strerror)) from None


def read_notes(log: Path) -> tuple[Note, ...]:
    """Read the notes of a session, in the order of their times; what was cut off is left out."""
    try:
        lines = notes_file(log).read_bytes().split(b"\n")
    except FileNotFoundError:
        return ()
    except OSError as error:
        unread = {"file": notes_file(log), "why": error.strerror}
        raise BadInput(Said("refused.unreadable", **unread)) from None
    notes = []
    for line in lines:
        try:
            notes.append(Note(**json.loads(line)))
        except (ValueError, TypeError):
            continue  # torn by a power cut
    return tuple(sorted(notes, key=lambda note: datetime.fromisoformat(note.utc)))


def _start(file: Path) -> bytes:
    """Return what ends a line that a power cut tore, so that the next one is whole."""
    with file.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) == 0:
            return b""
        stream.seek(-1, os.SEEK_END)
        return b"" if stream.read() == b"\n" else b"\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:LONGEST]
