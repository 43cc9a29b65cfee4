"""Which sessions of a study run now: a lock that the system lets go of, however a session ends."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO

from experiment.errors import BadInput
from experiment.said import Said

FOLDER = ".running"
_BYTE = 1 << 20  # which is locked: far behind the content, so that others can read that


@dataclass(frozen=True)
class Running:
    """A session that runs.

    Parameters
    ----------
    name : str
        As ``sub-012_ses-01``.
    since : str
        UTC.
    host : str
    pid : int
    """

    name: str
    since: str
    host: str
    pid: int


def running_sessions(study: Path) -> list[Running]:
    """Return the sessions of a study that others run now, here or, on a shared drive, elsewhere."""
    found = []
    for file in sorted((study / FOLDER).glob("*.lock")):
        try:
            with file.open("r+b") as stream:
                if not _taken(stream):
                    continue
                one = Running(**json.loads(stream.read()))
                if (one.host, one.pid) != (socket.gethostname(), os.getpid()):
                    found.append(one)
        except (OSError, ValueError, TypeError):
            continue  # it has just begun or ended
    return found


@contextmanager
def held(study: Path, name: str) -> Iterator[None]:
    """Say that a session runs, for the time of the block.

    Parameters
    ----------
    study : Path
    name : str
        As ``sub-012_ses-01``.

    Raises
    ------
    BadInput
        If it runs already.
    """
    file = study / FOLDER / f"{name}.lock"
    try:
        stream = _locked(file)
    except OSError as error:
        raise BadInput(Said("refused.file", file=file, why=error.strerror)) from None
    if stream is None:
        other = next((one for one in running_sessions(study) if one.name == name), None)
        if other is None:
            raise BadInput(Said("refused.twice_now", name=name))
        raise BadInput(Said("refused.twice", name=name, since=other.since, process=other.pid))
    try:
        yield from _said(stream, file, name)
    finally:
        with suppress(OSError):  # another session's lock is in it
            file.parent.rmdir()


def _said(stream: IO[bytes], file: Path, name: str) -> Iterator[None]:
    with stream:
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        told = asdict(Running(name, now, socket.gethostname(), os.getpid()))
        stream.truncate(0)
        stream.write(json.dumps(told).encode())
        stream.flush()
        try:
            yield
        finally:
            with suppress(OSError):  # where an open file can't be removed, it stays, unlocked
                file.unlink()
            _unlock(stream)


def _locked(file: Path) -> IO[bytes] | None:
    """Return a lock's file, open and locked; None if another process has it."""
    while True:
        file.parent.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):  # the folder has just been removed
            stream = file.open("a+b")
            if not _lock(stream):
                stream.close()
                return None
            if file.exists() and os.path.samestat(file.stat(), os.fstat(stream.fileno())):
                return stream
            stream.close()  # that session ended, and took the file away, as we opened it


def _taken(stream: IO[bytes]) -> bool:
    """Whether another process has locked a file."""
    if not _lock(stream):
        return True
    _unlock(stream)
    return False


if sys.platform == "win32":
    import msvcrt

    def _lock(stream: IO[bytes]) -> bool:
        stream.seek(_BYTE)
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            stream.seek(0)
        return True

    def _unlock(stream: IO[bytes]) -> None:
        stream.seek(_BYTE)
        msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)
        stream.seek(0)

else:
    import fcntl

    def _lock(stream: IO[bytes]) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _unlock(stream: IO[bytes]) -> None:
        fcntl.flock(stream, fcntl.LOCK_UN)
