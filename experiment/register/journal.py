"""The journal of a study: one change a line, only ever added to, each with who and when.

Lines are JSON, in plain words, and chained by digest as those of a session's log, so that an edit
shows. Whoever changes something holds the register's lock; whoever reads needs none, for the file
is always whole.
"""

from __future__ import annotations

import datetime as dt
import getpass
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import ValidationError

from experiment.errors import BadInput, KindredError
from experiment.files import write_whole
from experiment.log import link
from experiment.register.entries import ENTRY, AnyEntry
from experiment.said import Said

FOLDER = "register"
JOURNAL = "journal.jsonl"
_LOCK, _HOLDER = ".lock", ".holder.json"
_PATIENCE = 10.0  # s; a change takes some milliseconds, so whoever waits longer waits in vain
_POLL = 0.02  # s
_FILE, _FOLDER_MODE = 0o660, 0o2770  # the study's group, as the folder is shared at the desk


class RegisterBusy(KindredError):
    """Somebody else is changing the register."""


@dataclass(frozen=True)
class Line:
    """An entry with its place and time.

    Parameters
    ----------
    number : int
        Line of the file, from 1.
    utc : datetime.datetime
        When it was written.
    entry : AnyEntry
    """

    number: int
    utc: dt.datetime
    entry: AnyEntry


@dataclass(frozen=True)
class Journal:
    """A journal that was read.

    Parameters
    ----------
    file : Path
        It need not exist: a study without a journal has an empty one.
    lines : tuple of Line
    edited_at : int or None
        First line whose digest does not follow from the lines before: somebody edited the file.
    raw : bytes
        The file as it is.
    digest : str
        Of the last line; empty if there is none.
    """

    file: Path
    lines: tuple[Line, ...]
    edited_at: int | None
    raw: bytes
    digest: str


def journal_file(study: Path) -> Path:
    """Where a study's journal is."""
    return study / FOLDER / JOURNAL


def read_journal(study: Path) -> Journal:
    """Read the journal of the study in a folder.

    Raises
    ------
    BadInput
        If it can't be read, or a line is none of a journal. Names the line.
    """
    file = journal_file(study)
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        raw = b""
    except OSError as error:
        raise BadInput(Said("refused.unreadable", file=file, why=error.strerror)) from None
    digest, edited_at = "", None
    lines: list[Line] = []
    *whole, tail = raw.split(b"\n")
    if tail:
        raise damaged(file, len(whole) + 1, Said("refused.cut_off"))
    for number, text in enumerate(whole, start=1):
        body, fields, claimed = _parse(file, number, text)
        digest = link(digest, body)
        seq = fields.pop("seq", None)
        if digest != claimed or seq != number:
            edited_at = edited_at or number
            digest = claimed
        lines.append(_line(file, number, fields))
    return Journal(file, tuple(lines), edited_at, raw, digest)


def append(journal: Journal, entry: AnyEntry, utc: dt.datetime) -> None:
    """Add a line to a journal; the caller holds the lock and has just read it.

    Parameters
    ----------
    journal : Journal
    entry : AnyEntry
    utc : datetime.datetime
        Now.

    Raises
    ------
    BadInput
        If it can't be written; it is as it was then.
    """
    plain: dict[str, Any] = {
        "seq": len(journal.lines) + 1,
        "utc": utc.isoformat(timespec="milliseconds"),
        "what": entry.what,
        **entry.model_dump(mode="json", exclude={"what"}),
    }
    body = json.dumps(plain, ensure_ascii=False)
    line = f'{body[:-1]}, "digest": "{link(journal.digest, body)}"}}\n'
    try:
        write_whole(journal.file, journal.raw + line.encode(), mode=_FILE)
    except OSError as error:
        raise BadInput(Said("refused.file", file=journal.file, why=error.strerror)) from None


@contextmanager
def locked(study: Path, by: str, patience: float = _PATIENCE) -> Iterator[None]:
    """Hold a study's register, so that nobody else changes it meanwhile.

    A process that dies lets go by itself: the system holds the lock, not the file.

    Parameters
    ----------
    study : Path
    by : str
        Initials, for whoever is kept waiting.
    patience : float
        How long to wait for somebody else (s).

    Raises
    ------
    RegisterBusy
        If somebody holds it all that time; says who, where and since when.
    BadInput
        If the folder can't be written into.
    """
    folder = study / FOLDER
    try:
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            folder.chmod(_FOLDER_MODE)
        lock = FileLock(folder / _LOCK, mode=_FILE)
        lock.acquire(timeout=patience, poll_interval=_POLL)
    except Timeout:
        raise RegisterBusy(_in_use(folder)) from None
    except OSError as error:
        raise BadInput(Said("refused.folder", file=folder, why=error.strerror)) from None
    try:
        (folder / _HOLDER).write_text(json.dumps(_myself(by)), "utf-8")
        yield
    finally:
        (folder / _HOLDER).unlink(missing_ok=True)
        lock.release()


def _myself(by: str) -> dict[str, Any]:
    since = dt.datetime.now().astimezone().strftime("%H:%M:%S")
    where = platform.node() or "this computer"
    return {"by": by, "user": _user(), "where": where, "process": os.getpid(), "since": since}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return "unknown"


def _in_use(folder: Path) -> Said:
    try:
        held = json.loads((folder / _HOLDER).read_text("utf-8"))
        who = {name: held[name] for name in ("by", "user", "where", "process", "since")}
        return Said("refused.in_use", folder=folder, **who)
    except (OSError, ValueError, KeyError):  # it was let go of just now
        return Said("refused.in_use_now", folder=folder)


def _parse(file: Path, number: int, line: bytes) -> tuple[str, dict[str, Any], str]:
    """Return the text that a line's digest covers, its fields, and the digest that it claims."""
    try:
        text = line.decode()
        fields = json.loads(text)
        body, _, rest = text.rpartition(', "digest": "')
        if not isinstance(fields, dict) or not rest.endswith('"}'):
            raise ValueError
    except ValueError:
        raise damaged(file, number, Said("refused.no_line")) from None
    del fields["digest"]
    return body + "}", fields, rest[:-2]


def _line(file: Path, number: int, fields: dict[str, Any]) -> Line:
    try:
        utc = dt.datetime.fromisoformat(fields.pop("utc"))
        if utc.tzinfo is None:
            raise ValueError
        return Line(number, utc, ENTRY.validate_python(fields, strict=False))
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        place = ".".join(str(part) for part in problem["loc"][1:])
        raise damaged(file, number, f"{place or 'entry'}: {problem['msg']}") from None
    except (KeyError, TypeError, ValueError):
        raise damaged(file, number, Said("refused.no_time")) from None


def damaged(file: Path, number: int, problem: str) -> BadInput:
    """Return what to raise where a line of a journal can't be: which, and what to do."""
    return BadInput(Said("refused.damaged", file=file, line=number, problem=problem))
