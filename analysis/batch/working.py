"""One visit's work, as any worker does it: its products are made and written.

What a worker hands back is a receipt of a few hundred bytes, never the products, so that the
memory and the wires needed do not grow with the number of sessions.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from analysis.batch.products import Options, Told, products_of
from analysis.batch.visits import LogState, Visit
from analysis.writing import put
from experiment.errors import BadInput, KindredError
from experiment.version import VERSION

_ROOT = Path(__file__).parents[2]
_OURS = ("analysis", "experiment")
_TEXT = (".py", ".json", ".yaml", ".md")


@dataclass(frozen=True)
class Job:
    """What is asked of every worker.

    Parameters
    ----------
    options : Options
    folders : tuple of (str, Path)
        Kind of product, and the folder that it is written into; absolute, and the same for all
        workers.
    software : str
        Digest of the software that the job came from.
    """

    options: Options
    folders: tuple[tuple[str, Path], ...]
    software: str

    def place(self, file: Written) -> Path:
        """Return where a file lies."""
        return dict(self.folders)[file.kind] / file.path

    @property
    def settings(self) -> str:
        """Digest of all that, besides its logs, a visit's products depend on."""
        told = repr((self.options, [(kind, str(path)) for kind, path in self.folders]))
        return sha256((told + self.software).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Written:
    """A file that was made, as it stood then.

    Parameters
    ----------
    kind : str
        Which folder `path` is in: one of `analysis.batch.products.KINDS`.
    path : str
    size, mtime_ns : int
    """

    kind: str
    path: str
    size: int = -1
    mtime_ns: int = -1


@dataclass
class Receipt:
    """What became of a visit; plain data that goes over a wire and into the manifest.

    Parameters
    ----------
    visit : str
    logs : list of LogState
        As they stood before they were read.
    settings : str
    files : list of Written
    new : int
        How many of `files` were not there.
    changed : list of str
        Paths of those that were different.
    study, began, facts, told
        As in `analysis.batch.products.Products`.
    """

    visit: str
    logs: list[LogState]
    settings: str
    files: list[Written] = field(default_factory=list)
    new: int = 0
    changed: list[str] = field(default_factory=list)
    study: Mapping[str, Any] | None = None
    began: float = 0.0
    facts: list[dict[str, Any]] = field(default_factory=list)
    told: Told = field(default_factory=Told)

    def plain(self) -> dict[str, Any]:
        """Return it as JSON takes it, for the manifest, which keeps facts apart."""
        return {
            **vars(self),
            "logs": [vars(log) for log in self.logs],
            "files": [vars(file) for file in self.files],
            "told": vars(self.told),
            "facts": [],
            "new": 0,
            "changed": [],
        }

    @staticmethod
    def of_plain(plain: Mapping[str, Any]) -> Receipt:
        """Return what `plain` gave."""
        return Receipt(
            **{
                **plain,
                "logs": [LogState(**log) for log in plain["logs"]],
                "files": [Written(**file) for file in plain["files"]],
                "told": Told(**plain["told"]),
            }
        )


def work(visits: Sequence[Visit], job: Job) -> list[Receipt]:
    """Make and write the products of some visits.

    Raises
    ------
    KindredError
        If this worker runs another version of the software than the job came from, or can't write.
    """
    if software() != job.software:
        raise KindredError(
            f"a worker runs another version of this software ({_ROOT}); bring all workers to the "
            "same version"
        )
    with _uncollected():
        return [_receipt(visit, job) for visit in visits]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no cycles of garbage meanwhile: some visits' plain rows have none worth the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@lru_cache(maxsize=1)
def software() -> str:
    """Return a digest of this software: what it makes of a log may change with each line of it."""
    digest = sha256(VERSION.encode())
    for room in _OURS:
        for place, folders, names in os.walk(_ROOT / room):  # quicker than a glob at each start
            folders[:] = sorted(set(folders) - {"__pycache__"})
            for name in sorted(names):
                if name.endswith(_TEXT):
                    file = Path(place, name)
                    digest.update(file.relative_to(_ROOT).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _receipt(visit: Visit, job: Job) -> Receipt:
    made = products_of(visit, job.options)
    receipt = Receipt(
        visit.name,
        list(visit.logs),
        job.settings,
        study=made.study,
        began=made.began,
        facts=made.facts,
        told=made.told,
    )
    folders = dict(job.folders)
    for kind, files in made.files.items():
        for path, content in files.items():
            place = folders[kind] / path
            became = put(place, content)
            receipt.new += became == "new"
            receipt.changed += [path] if became == "changed" else []
            receipt.files.append(as_it_stands(kind, path, place))
    return receipt


def as_it_stands(kind: str, path: str, place: Path) -> Written:
    """Return how a file stands that was just written."""
    about = place.stat()
    return Written(kind, path, about.st_size, about.st_mtime_ns)


def check_absolute(folder: Path) -> Path:
    """Return a folder's absolute path, by which every worker finds it.

    Raises
    ------
    BadInput
        If it is a file.
    """
    if folder.is_file():
        raise BadInput(f"{folder}: is a file, a folder is needed")
    return folder.resolve()
