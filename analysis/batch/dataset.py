"""What belongs to all visits together: a data set's own files, and tables of the whole study.

Made of receipts and of the visits' own tables, one after the other, so that memory does not grow
with their number.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import copyfileobj
from typing import IO

from analysis.batch.manifest import Manifest
from analysis.batch.products import TABLES
from analysis.batch.working import Receipt, put
from analysis.bids import dataset_files
from analysis.bids_events import table_of
from analysis.bids_sessions import sessions_files
from analysis.study_tables import DICTIONARY, dictionary
from experiment.daily.reports import Report
from experiment.errors import KindredError

MEANS = "rating_means.tsv"
SUMMARY = "rating_summary.tsv"
_MEANS = (
    "participant",
    "session",
    "task",
    "run",
    "condition",
    "rating",
    "answers",
    "mean",
    "sd",
)
_SUMMARY = ("task", "condition", "rating", "runs", "answers", "mean_of_runs", "sd_between_runs")


def write_dataset(
    manifest: Manifest, out: Path, reports: Sequence[Report]
) -> Iterator[tuple[str, str]]:
    """Write the files of a data set that are of no single visit's logs.

    Parameters
    ----------
    manifest : Manifest
    out : Path
    reports : sequence of Report
        Daily ones; there are few, and they are read each time.

    Yields
    ------
    str, str
        The path of each file, and what became of it.
    """
    study, began = None, 0.0
    sessions: set[str] = set()
    participants = {folder.parent.name for folder in out.glob("sub-*/ses-*") if folder.is_dir()}
    for receipt in manifest.receipts():
        if receipt.study is None:
            continue
        participants.add(receipt.visit.split("/")[0])
        sessions.add(receipt.visit)
        if receipt.began >= began:
            study, began = receipt.study, receipt.began
    assert study is not None, "something was exported"
    files = dataset_files(study, participants, reports) | sessions_files(sessions)
    for name, content in files.items():
        yield name, put(out / name, content)


def write_tables(manifest: Manifest, out: Path) -> Iterator[tuple[str, str]]:
    """Write the tables of all visits; yield the path of each, and what became of it."""
    yield DICTIONARY, put(out / DICTIONARY, dictionary())
    for table in TABLES:
        file = f"{table}.tsv"
        yield file, _stream(out / file, partial(_put_rows, manifest, out, table))
    yield MEANS, _stream(out / MEANS, partial(_put_means, manifest))
    yield SUMMARY, put(out / SUMMARY, table_of(_summary(manifest.receipts()), _SUMMARY))


def others_in(manifest: Manifest, out: Path) -> Iterator[str]:
    """Yield files of events and answers that no export with this manifest made."""
    whole = manifest.whole
    of_all = set() if whole is None else {file.path for file in whole.files}
    for folder in sorted(out.glob("sub-*/ses-*")):
        visit = f"{folder.parent.name}/{folder.name}"
        receipt = manifest.get(visit)
        known = of_all | (set() if receipt is None else {file.path for file in receipt.files})
        for file in sorted((*folder.glob("*/*_events.*"), *folder.glob("*/*_beh.*"))):
            path = file.relative_to(out).as_posix()
            if path not in known:
                yield path


def _put_rows(manifest: Manifest, out: Path, table: str, stream: IO[bytes]) -> None:
    """Put the table of each visit after the other, its head left out."""
    stream.write(("\t".join(TABLES[table].columns) + "\n").encode())
    end = f"/{table}.tsv"
    for receipt in manifest.receipts():
        for file in receipt.files:
            if file.kind == "tables" and file.path.endswith(end):
                with (out / file.path).open("rb") as rows:
                    rows.readline()
                    copyfileobj(rows, stream)


def _put_means(manifest: Manifest, stream: IO[bytes]) -> None:
    stream.write(table_of([], _MEANS).encode())
    for receipt in manifest.receipts():
        participant, session = (label.split("-", 1)[1] for label in receipt.visit.split("/"))
        rows = [
            {
                "participant": participant,
                "session": session,
                "task": mean.task,
                "run": mean.run,
                "condition": mean.condition,
                "rating": mean.rating,
                "answers": mean.n,
                "mean": mean.total / mean.n,
                "sd": _sd(mean.n, mean.total, mean.squares),
            }
            for mean in receipt.means
        ]
        stream.write(table_of(rows, _MEANS).partition("\n")[2].encode())


def _summary(receipts: Iterable[Receipt]) -> list[dict[str, object]]:
    """Return one row for each task, condition and rating: over runs, not over answers."""
    sums: dict[tuple[str, str, str], _Sums] = {}
    for receipt in receipts:
        for mean in receipt.means:
            key = (mean.task, mean.condition or "n/a", mean.rating)
            sums[key] = sums.get(key, _Sums()).with_run(mean.n, mean.total / mean.n)
    return [
        {
            "task": task,
            "condition": condition,
            "rating": rating,
            "runs": found.runs,
            "answers": found.answers,
            "mean_of_runs": found.total / found.runs,
            "sd_between_runs": _sd(found.runs, found.total, found.squares),
        }
        for (task, condition, rating), found in sorted(sums.items())
    ]


@dataclass(frozen=True)
class _Sums:
    runs: int = 0
    answers: int = 0
    total: float = 0.0
    squares: float = 0.0

    def with_run(self, answers: int, mean: float) -> _Sums:
        return _Sums(
            self.runs + 1, self.answers + answers, self.total + mean, self.squares + mean**2
        )


def _sd(n: int, total: float, squares: float) -> float | None:
    """Return the standard deviation of a sample, from its sums; None for fewer than two."""
    return None if n < 2 else math.sqrt(max(squares - total**2 / n, 0.0) / (n - 1))


def _stream(file: Path, write: Callable[[IO[bytes]], None]) -> str:
    """Write a file of any length in one move, if it is new or different."""
    beside = file.with_name(f".{file.name}.{os.getpid()}.part")
    became = "new"
    try:
        with beside.open("wb") as stream:
            write(stream)
        if file.exists():
            if _same(beside, file):
                return "unchanged"
            became = "changed"
        beside.replace(file)
    except OSError as error:
        raise KindredError(f"{file}: can't be written ({error.strerror})") from None
    finally:
        beside.unlink(missing_ok=True)
    return became


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as a, other.open("rb") as b:
        while block := a.read(1 << 20):
            if block != b.read(1 << 20):
                return False
    return True
