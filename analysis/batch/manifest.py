"""What was made of which logs: kept beside the products, so that the next export reads less.

Where it is damaged or of another format it is begun anew: then all logs are read again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analysis.batch.database import WHOLE, VisitBase
from analysis.batch.working import Receipt


class Manifest(VisitBase):
    """The receipts of all visits that were exported into a folder.

    Parameters
    ----------
    file : Path
        As for `analysis.batch.database.VisitBase`.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(file, "receipt TEXT NOT NULL, facts TEXT NOT NULL")
        self._outdated = False

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
