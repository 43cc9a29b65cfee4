"""What belongs to all visits together: a data set's own files, and tables of the whole study.

Made of receipts and of the visits' own rows, one visit after the other, so that memory does not
grow with their number.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.batch.database import WHOLE
from analysis.batch.holdings import Holdings
from analysis.batch.manifest import Manifest
from analysis.batch.visits import folders_in
from analysis.bids import dataset_files
from analysis.bids_daily import daily_files
from analysis.bids_sessions import sessions_files
from analysis.study_tables import DICTIONARY, TABLES, dictionary, head, parted, write_parquet
from analysis.writing import put, put_stream

if TYPE_CHECKING:
    from experiment.daily.reports import Report


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
    for receipt in manifest.receipts():
        if receipt.study is None:
            continue
        sessions.add(receipt.visit)
        if receipt.began >= began:
            study, began = receipt.study, receipt.began
    assert study is not None, "something was exported"
    daily = daily_files(reports, study)
    sessions.update("/".join(path.split("/")[:2]) for path in daily)
    participants = {session.split("/")[0] for session in sessions}
    participants.update(_of_others(manifest, out, participants))
    files = daily | dataset_files(study, participants) | sessions_files(sessions)
    for name, content in files.items():
        yield name, put(out / name, content)


def _of_others(manifest: Manifest, out: Path, ours: Container[str]) -> list[str]:
    """Return further participants of whom there are files, images for example.

    Files that the last export made of no visit's logs and that are not made now will be removed:
    they don't count.
    """
    before = manifest.whole
    had = set() if before is None else {file.path for file in before.files}
    return [
        folder.parent.name
        for folder in _sessions_in(out)
        if folder.parent.name not in ours
        and any(
            file.relative_to(out).as_posix() not in had
            for file in folder.rglob("*")
            if not file.is_dir()
        )
    ]


def _sessions_in(out: Path) -> Iterator[Path]:
    for person in folders_in(out, "sub-"):
        yield from folders_in(person, "ses-")


def write_tables(held: Holdings, out: Path, *, parquet: bool) -> Iterator[tuple[str, str]]:
    """Write the tables of all visits; yield the path of each, and what became of it.

    Parameters
    ----------
    held : Holdings
        Of the folder: which visits have rows there.
    out : Path
    parquet : bool
        Whether to write each as Parquet too.
    """
    yield DICTIONARY, put(out / DICTIONARY, dictionary())
    with ExitStack() as stack:
        made = {
            table.name: stack.enter_context(put_stream(out / f"{table.name}.tsv"))
            for table in TABLES
        }
        for table in TABLES:
            made[table.name].stream.write(head(table).encode())
        for path in held.paths():
            for name, lines in parted((out / path).read_bytes()):
                made[name].stream.write(lines)
    for table in TABLES:
        tsv = f"{table.name}.tsv"
        yield tsv, made[table.name].became
        if parquet:
            file = f"{table.name}.parquet"
            with put_stream(out / file) as typed:
                write_parquet(table, out / tsv, typed.stream)
            yield file, typed.became


def others_in(held: Holdings, out: Path) -> Iterator[str]:
    """Yield files of events and answers that no export made."""
    of_all = held.of(WHOLE)
    for folder in _sessions_in(out):
        visit = f"{folder.parent.name}/{folder.name}"
        known = held.of(visit)
        for kind in folders_in(folder, ""):
            for file in sorted(kind.iterdir()):
                path = f"{visit}/{kind.name}/{file.name}"
                is_ours = path in known or path in of_all
                if not is_ours and ("_events." in path or "_beh." in path):
                    yield path
