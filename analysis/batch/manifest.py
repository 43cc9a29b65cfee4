"""What was made of which logs: kept beside the products, so that the next export reads less.

Small SQLite databases, since each commit is atomic and they never have to fit into memory. Only the
process that leads an export opens them; workers hand it their receipts.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analysis.batch.working import Receipt
from experiment.errors import KindredError

_FORMAT = 3
WHOLE = ""
"""Stands for all visits together, where others have their name."""


def opened(file: Path, table: str) -> sqlite3.Connection:
    """Open a database of visits; one that is damaged or of another format is begun anew.

    Parameters
    ----------
    file : Path
        Made if it does not exist.
    table : str
        Columns beside each visit's name.

    Raises
    ------
    KindredError
        If it can't be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _connected(file, table)
        except sqlite3.DatabaseError:
            file.unlink(missing_ok=True)
            return _connected(file, table)
    except (OSError, sqlite3.Error) as error:
        raise KindredError(f"{file}: can't be written ({error})") from None


def _connected(file: Path, table: str) -> sqlite3.Connection:
    base = sqlite3.connect(file)
    base.execute("PRAGMA synchronous = OFF")  # what a power cut costs is made again
    base.execute("PRAGMA locking_mode = EXCLUSIVE")  # the folder's own lock keeps others out
    base.execute("PRAGMA journal_mode = TRUNCATE")
    if base.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
        base.executescript(
            f"DROP TABLE IF EXISTS visits; CREATE TABLE visits (name TEXT PRIMARY KEY, {table});"
            f"PRAGMA user_version = {_FORMAT};"
        )
    return base


class Manifest:
    """The receipts of all visits that were exported into a folder.

    Parameters
    ----------
    file : Path
        Made if it does not exist. One of another format, or one that is damaged, is begun anew:
        then all logs are read again.

    Raises
    ------
    KindredError
        If it can't be written.
    """

    def __init__(self, file: Path) -> None:
        self._base = opened(file, "receipt TEXT NOT NULL, facts TEXT NOT NULL")
        self._outdated = False

    def __enter__(self) -> Manifest:
        return self

    def __exit__(self, *_: object) -> None:
        self.save()
        self._base.close()

    def save(self) -> None:
        """Keep what was put and dropped, also if the export is killed."""
        self._base.commit()

    def get(self, visit: str) -> Receipt | None:
        """Return the receipt of a visit, if there is one."""
        found = self._base.execute("SELECT receipt FROM visits WHERE name = ?", (visit,)).fetchone()
        return None if found is None else Receipt.of_plain(json.loads(found[0]))

    def put(self, receipt: Receipt) -> None:
        """Keep a receipt in place of its older self."""
        texts = [json.dumps(one, separators=(",", ":")) for one in (receipt.plain(), receipt.facts)]
        row = (receipt.visit, *texts)
        self._base.execute("INSERT OR REPLACE INTO visits VALUES (?, ?, ?)", row)

    def drop(self, visit: str) -> None:
        """Forget a visit."""
        self._base.execute("DELETE FROM visits WHERE name = ?", (visit,))

    @property
    def whole(self) -> Receipt | None:
        """Receipt of what belongs to all visits."""
        return self.get(WHOLE)

    @whole.setter
    def whole(self, receipt: Receipt) -> None:
        self._outdated = False
        self.put(receipt)

    def outdate_whole(self) -> None:
        """Note that what belongs to all visits must be made again, whatever becomes of this one."""
        if self._outdated:
            return  # it is long where there are many participants
        self._outdated = True
        whole = self.whole
        if whole is not None and whole.settings:
            whole.settings = ""
            self.put(whole)

    def names(self) -> set[str]:
        """Return the names of all visits."""
        return {name for (name,) in self._base.execute("SELECT name FROM visits")} - {WHOLE}

    def receipts(self) -> Iterator[Receipt]:
        """Yield all receipts, sorted by visit."""
        question = "SELECT receipt FROM visits WHERE name <> ? ORDER BY name"
        for (receipt,) in self._base.execute(question, (WHOLE,)):
            yield Receipt.of_plain(json.loads(receipt))

    def facts(self) -> Iterator[dict[str, Any]]:
        """Yield what a report takes from each log, sorted by visit."""
        question = "SELECT facts FROM visits WHERE name <> ? ORDER BY name"
        for (facts,) in self._base.execute(question, (WHOLE,)):
            yield from json.loads(facts)
