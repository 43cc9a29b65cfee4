"""One visit's work, as any worker does it: its products are made and written.

What a worker hands back is a receipt of a few hundred bytes, never the products, so that the
memory and the wires needed do not grow with the number of sessions.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from analysis.batch.products import Mean, Options, products_of
from analysis.batch.visits import LogState, Visit
from experiment.errors import BadInput, KindredError
from experiment.version import VERSION

_ROOT = Path(__file__).parents[2]
_OURS = ("analysis", "experiment")


@dataclass(frozen=True)
class Job:
    """What is asked of every worker.

    Parameters
    ----------
    options : Options
    bids, tables : Path or None
        Folders that the products are written into; absolute, and the same for all workers.
    software : str
        Digest of the software that the job came from.
    """

    options: Options
    bids: Path | None
    tables: Path | None
    software: str

    def folder(self, kind: str) -> Path:
        """Return the folder of a kind of product: ``bids`` or ``tables``."""
        folder = self.bids if kind == "bids" else self.tables
        assert folder is not None, "only what has a folder is made"
        return folder

    @property
    def settings(self) -> str:
        """Digest of all that, besides its logs, a visit's products depend on."""
        told = repr((self.options, str(self.bids), str(self.tables), self.software))
        return sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Written:
    """A file that was made, as it stood then.

    Parameters
    ----------
    kind : str
        ``bids`` or ``tables``: which folder `path` is in.
    path : str
    size, mtime_ns : int
    """

    kind: str
    path: str
    size: int
    mtime_ns: int


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
    study, began, means, broken, empty, incomplete, rehearsals, in_parts
        As in `Products`.
    """

    visit: str
    logs: list[LogState]
    settings: str
    files: list[Written] = field(default_factory=list)
    new: int = 0
    changed: list[str] = field(default_factory=list)
    study: Mapping[str, Any] | None = None
    began: float = 0.0
    means: list[Mean] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    rehearsals: list[str] = field(default_factory=list)
    in_parts: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """Return it as JSON takes it, for the manifest."""
        return asdict(self) | {"new": 0, "changed": []}

    @staticmethod
    def of_plain(plain: Mapping[str, Any]) -> Receipt:
        """Return what `plain` gave."""
        return Receipt(
            **{
                **plain,
                "logs": [LogState(**log) for log in plain["logs"]],
                "files": [Written(**file) for file in plain["files"]],
                "means": [Mean(**mean) for mean in plain["means"]],
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
    return [_receipt(visit, job) for visit in visits]


@lru_cache(maxsize=1)
def software() -> str:
    """Return a digest of this software: what it makes of a log may change with each line of it."""
    digest = sha256(VERSION.encode())
    for room in _OURS:
        for file in sorted((_ROOT / room).rglob("*")):
            if file.suffix in (".py", ".json", ".yaml", ".md"):
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
        means=made.means,
        broken=made.broken,
        empty=made.empty,
        incomplete=made.incomplete,
        rehearsals=made.rehearsals,
        in_parts=made.in_parts,
    )
    for kind, files in (("bids", made.bids), ("tables", made.tables)):
        for path, content in files.items():
            became = put(job.folder(kind) / path, content)
            receipt.new += became == "new"
            receipt.changed += [path] if became == "changed" else []
            receipt.files.append(written(kind, path, job))
    return receipt


def written(kind: str, path: str, job: Job) -> Written:
    """Return how a file stands that was just written."""
    about = (job.folder(kind) / path).stat()
    return Written(kind, path, about.st_size, about.st_mtime_ns)


def put(file: Path, content: str) -> str:
    """Write a file in one move if it is new or different.

    It is not synced, as what is written when it can't be made again: after a power cut the
    manifest finds whatever is missing or of another size, and it is made again.

    Returns
    -------
    str
        ``new``, ``changed`` or ``unchanged``.

    Raises
    ------
    KindredError
        If it can't be written.
    """
    data = content.encode()
    try:
        try:
            before = file.read_bytes()
        except FileNotFoundError:
            before = None
        if before == data:
            return "unchanged"
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_name(f".{file.name}.{os.getpid()}.part")
        try:
            beside.write_bytes(data)
            beside.replace(file)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise KindredError(f"{file}: can't be written ({error.strerror})") from None
    return "new" if before is None else "changed"


def check_absolute(folder: Path | None) -> Path | None:
    """Return a folder's absolute path, by which every worker finds it.

    Raises
    ------
    BadInput
        If it is a file.
    """
    if folder is not None and folder.is_file():
        raise BadInput(f"{folder}: is a file, a folder is needed")
    return None if folder is None else folder.resolve()
