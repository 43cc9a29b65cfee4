"""Which files of a folder were made of which visit, whatever else was made of it, and when.

Each folder that is exported into keeps its own, so that the files of a visit that is gone are
removed at any later export into this folder, also if others in between went elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from analysis.batch.database import WHOLE, VisitBase
from experiment.errors import KindredError


class Holdings(VisitBase):
    """The files that exports made in a folder.

    Parameters
    ----------
    folder : Path
    file : Path
        Where it is kept; as for `analysis.batch.database.VisitBase`.
    """

    def __init__(self, folder: Path, file: Path) -> None:
        super().__init__(file, "paths TEXT NOT NULL")
        self._folder = folder

    def paths(self) -> Iterator[str]:
        """Yield the paths of the files of visits, sorted by visit."""
        question = "SELECT paths FROM visits WHERE name <> ? ORDER BY name"
        for (paths,) in self._base.execute(question, (WHOLE,)):
            yield from json.loads(paths)

    def keep(self, visit: str, paths: Iterable[str]) -> list[str]:
        """Note which files a visit has now, remove those that it has no more, and return them.

        Raises
        ------
        KindredError
            If one can't be removed.
        """
        before, now = self.of(visit), set(paths)
        removed = [path for path in sorted(before - now) if self._remove(path)]
        if now != before:
            if now:
                row = (visit, json.dumps(sorted(now), separators=(",", ":")))
                self._base.execute("INSERT OR REPLACE INTO visits VALUES (?, ?)", row)
            else:
                self._base.execute("DELETE FROM visits WHERE name = ?", (visit,))
        return removed

    def of(self, visit: str) -> set[str]:
        """Return the paths of the files of a visit, or of all visits together."""
        found = self._base.execute("SELECT paths FROM visits WHERE name = ?", (visit,)).fetchone()
        return set() if found is None else set(json.loads(found[0]))

    def _remove(self, path: str) -> bool:
        """Remove a file if it is there, and folders that this leaves empty."""
        file = self._folder / path
        try:
            file.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise KindredError(f"{file}: can't be removed ({error.strerror})") from None
        for parent in file.parents:
            if parent == self._folder or any(parent.iterdir()):
                break
            parent.rmdir()
        return True
