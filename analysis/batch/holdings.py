"""Which files of a folder were made of which visit, whatever else was made of it, and when.

Each folder that is exported into keeps its own, so that the files of a visit that is gone are
removed at any later export into this folder, also if others in between went elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from analysis.batch.manifest import WHOLE, opened
from experiment.errors import KindredError


class Holdings:
    """The files that exports made in a folder.

    Parameters
    ----------
    folder : Path
    file : Path
        Where it is kept; as for `analysis.batch.manifest.Manifest`.

    Raises
    ------
    KindredError
        If it can't be written.
    """

    def __init__(self, folder: Path, file: Path) -> None:
        self._folder = folder
        self._base = opened(file, "paths TEXT NOT NULL")

    def __enter__(self) -> Holdings:
        return self

    def __exit__(self, *_: object) -> None:
        self.save()
        self._base.close()

    def save(self) -> None:
        """Keep what was noted, also if the export is killed."""
        self._base.commit()

    def names(self) -> set[str]:
        """Return the names of all visits that have files in the folder."""
        return {name for (name,) in self._base.execute("SELECT name FROM visits")} - {WHOLE}

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
