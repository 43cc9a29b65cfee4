"""What there is to export: the visits of a study, each with the logs in its folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from experiment.errors import BadInput
from experiment.notes import NOTES

_DIGEST = re.compile(rb'"digest":"([0-9a-f]{16})"\}\n?$')
_LOG = ".jsonl"
_LAST = 64  # bytes; a line's digest stands in its last 29


@dataclass(frozen=True)
class LogState:
    """A log as it stood when it was looked at, without reading it.

    Parameters
    ----------
    name : str
        Of the file.
    size : int
        In bytes.
    mtime_ns : int
        When it was last written (ns since 1970).
    end : str
        Digest of its last whole line, with which the chain of digests ends; empty if its last line
        was cut off.
    """

    name: str
    size: int
    mtime_ns: int
    end: str


@dataclass(frozen=True)
class Visit:
    """One participant's session: what is exported as one, and anew if any of its logs changes.

    Parameters
    ----------
    folder : Path
        Of its logs, all its parts and repetitions.
    logs : tuple of LogState
        Sorted by name, each with the notes that lie beside it.
    """

    folder: Path
    logs: tuple[LogState, ...]

    @property
    def name(self) -> str:
        """Its path in a data set: ``sub-012/ses-01``."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def files(self) -> tuple[Path, ...]:
        """Its logs."""
        return tuple(self.folder / log.name for log in self.logs if log.name.endswith(_LOG))


def visits_of(sourcedata: Path) -> Iterator[Visit]:
    """Yield the visits of a study, sorted by participant and session.

    Parameters
    ----------
    sourcedata : Path
        Holds ``sub-*/ses-*/*.jsonl``.
    """
    for person in folders_in(sourcedata, "sub-"):
        for folder in folders_in(person, "ses-"):
            found = sorted(file for file in folder.iterdir() if file.suffix in (_LOG, NOTES))
            if any(file.suffix == _LOG for file in found):
                yield Visit(folder, tuple(map(_state, found)))


def visit_names(sourcedata: Path) -> set[str]:
    """Return the names of all visits, without looking at their logs."""
    return {
        f"{person.name}/{folder.name}"
        for person in folders_in(sourcedata, "sub-")
        for folder in folders_in(person, "ses-")
        if any(file.suffix == _LOG for file in folder.iterdir())
    }


def folders_in(parent: Path, prefix: str) -> list[Path]:
    """Return the folders in a folder whose names begin so, sorted; none if it isn't there."""
    if not parent.is_dir():
        return []
    with os.scandir(parent) as found:
        names = [one.name for one in found if one.name.startswith(prefix) and one.is_dir()]
    return [parent / name for name in sorted(names)]


def _state(file: Path) -> LogState:
    try:
        about = file.stat()
        with file.open("rb", buffering=0) as stream:
            stream.seek(max(about.st_size - _LAST, 0))
            found = _DIGEST.search(stream.read(_LAST))
    except OSError:  # reading it will tell what is wrong
        return LogState(file.name, -1, -1, "")
    end = "" if found is None else found[1].decode()
    return LogState(file.name, about.st_size, about.st_mtime_ns, end)


def check_place(visit: Visit, participant: str, session: str) -> None:
    """Make sure that a log lies in the folder of its own participant and session.

    So no two visits can ever make files of the same name.

    Raises
    ------
    BadInput
        If it is another one's.
    """
    own = f"sub-{participant}/ses-{session}"
    if own != visit.name:
        raise BadInput(
            f"its header says {own}, but it lies in {visit.name}; move it where it belongs"
        )
