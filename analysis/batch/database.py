"""A row for each visit in a small SQLite database, which an export keeps beside what it makes.

SQLite, since each commit is atomic and it never has to fit into memory. Only the process that leads
an export opens them; workers hand it their receipts.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TypeVar

from experiment.errors import KindredError

_FORMAT = 3
WHOLE = ""
"""Stands for all visits together, where others have their name."""
Self = TypeVar("Self", bound="VisitBase")


class VisitBase:
    """A database of visits; one that is damaged or of another format is begun anew.

    Parameters
    ----------
    file : Path
        Made if it does not exist.
    columns : str
        Of the table ``visits``, beside each visit's name.

    Raises
    ------
    KindredError
        If it can't be written.
    """

    def __init__(self, file: Path, columns: str) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._base = _connected(file, columns)
            except sqlite3.DatabaseError:
                file.unlink(missing_ok=True)
                self._base = _connected(file, columns)
        except (OSError, sqlite3.Error) as error:
            raise KindredError(f"{file}: can't be written ({error})") from None

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.save()
        self._base.close()

    def save(self) -> None:
        """Keep what was noted, also if the export is killed."""
        self._base.commit()

    def names(self) -> set[str]:
        """Return the names of all visits."""
        return {name for (name,) in self._base.execute("SELECT name FROM visits")} - {WHOLE}


def _connected(file: Path, columns: str) -> sqlite3.Connection:
    base = sqlite3.connect(file)
    base.execute("PRAGMA synchronous = OFF")  # what a power cut costs is made again
    base.execute("PRAGMA locking_mode = EXCLUSIVE")  # the folder's own lock keeps others out
    base.execute("PRAGMA journal_mode = TRUNCATE")
    if base.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
        base.executescript(
            f"DROP TABLE IF EXISTS visits; CREATE TABLE visits (name TEXT PRIMARY KEY, {columns});"
            f"PRAGMA user_version = {_FORMAT};"
        )
    return base
