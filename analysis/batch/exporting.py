"""Exporting a study: find what changed, let workers make it, write what belongs to all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Any

from filelock import FileLock, Timeout

from analysis.batch.dataset import others_in, write_dataset, write_tables
from analysis.batch.holdings import Holdings
from analysis.batch.manifest import Manifest
from analysis.batch.products import KINDS, OWN, Options
from analysis.batch.schedulers import Scheduler, here
from analysis.batch.visits import Visit, visit_names, visits_of
from analysis.batch.working import (
    Job,
    Receipt,
    Written,
    as_it_stands,
    check_absolute,
    software,
    work,
)
from analysis.bids import check_datatype
from experiment.daily.reports import Report, reports_of
from experiment.errors import BadInput
from experiment.outputs import check_place
from experiment.study import Study, check_writable

_MANIFEST = "manifest.sqlite"
_HOLDINGS = "files.sqlite"
_SAVED_EACH = 0.25  # s; what a kill can cost, beside the batch that is under way
_TOLD = 20  # lines of a kind; what is broken is always told in full

Told = Callable[[int, int], None]
"""Is told how many visits are done, read or found unchanged, and of how many."""


class Lines:
    """Lines for the analyst: all are counted, and the first ones kept."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[str] = []

    def add(self, *lines: str) -> None:
        """Add lines."""
        self.count += len(lines)
        self.first += lines[: max(_TOLD - len(self.first), 0)]

    def told(self, before: str) -> Iterator[str]:
        """Yield the lines, each with a text before it, and how many more there are."""
        yield from (before + line for line in self.first)
        if self.count > len(self.first):
            yield f"{before}... and {self.count - len(self.first):,} more"


@dataclass(frozen=True)
class Export:
    """What is to be exported, and where to.

    Parameters
    ----------
    study : Study
    folders : mapping of str to Path
        Where each kind of product goes, by its name in `analysis.batch.products.KINDS`; new, empty,
        or exported into before.
    with_notes : bool
        Whether the operator's notes go into the sidecars. They may hold names.
    datatype : str
        Folder of each session's events: ``beh``, ``func`` or ``pet``.
    parquet : bool
        Whether the tables of the study are written as Parquet too.
    modulator : str or None
        Name of the rating that modulates events in models.
    force : bool
        Whether to make everything again, changed or not.
    facts : bool
        Whether to keep what a report of the study is made of, for `kept_facts`.
    """

    study: Study
    folders: Mapping[str, Path]
    with_notes: bool = False
    datatype: str = "beh"
    parquet: bool = False
    modulator: str | None = None
    force: bool = False
    facts: bool = False

    @property
    def places(self) -> tuple[Path, ...]:
        """The folders alone; the first one keeps the manifest."""
        return tuple(self.folders.values())


@dataclass
class Done:
    """What an export did.

    Parameters
    ----------
    folders : tuple of Path
    read, as_before : int
        Visits whose logs were read, and those whose logs had not changed.
    new, unchanged : int
        Files that were not there, and files that are as they were.
    changed, removed : Lines
        Files.
    others : Lines
        Event files in the data set that no export made; they are left as they are.
    broken : list of str
        One line for each log that can't be used: ``FILE:LINE: what is wrong``.
    empty, incomplete, rehearsals, in_parts, remarks : Lines
        As in `analysis.batch.products.Told`, of all visits.
    """

    folders: tuple[Path, ...]
    read: int = 0
    as_before: int = 0
    new: int = 0
    unchanged: int = 0
    changed: Lines = field(default_factory=Lines)
    removed: Lines = field(default_factory=Lines)
    others: Lines = field(default_factory=Lines)
    broken: list[str] = field(default_factory=list)
    empty: Lines = field(default_factory=Lines)
    incomplete: Lines = field(default_factory=Lines)
    rehearsals: Lines = field(default_factory=Lines)
    in_parts: Lines = field(default_factory=Lines)
    remarks: Lines = field(default_factory=Lines)

    def told(self) -> list[str]:
        """Return it as lines for the analyst."""
        return [
            *(f"left out: {line}" for line in self.broken),
            *self.empty.told("left out: "),
            *self.incomplete.told("incomplete: "),
            *self.in_parts.told("went on after an interruption: "),
            *self.rehearsals.told("a rehearsal with a robot, NO DATA: "),
            *self.remarks.told(""),
            *self.changed.told("changed: "),
            *self.removed.told("removed: "),
            *self.others.told("not made by this export: "),
            f"{' and '.join(map(str, self.folders))}: {self.new} files written, "
            f"{self.changed.count} changed, {self.removed.count} removed, {self.unchanged} as "
            f"before; {self.read} session{'' if self.read == 1 else 's'} read, {self.as_before} "
            "unchanged since the last export",
        ]


def export_study(
    export: Export, scheduler: Scheduler[Visit, Receipt] = here, tell: Told | None = None
) -> Done:
    """Export what is new or has changed since the last export into the same folders.

    A log that can't be used is left out and told; all others are exported.

    Parameters
    ----------
    export : Export
    scheduler : callable
        From `analysis.batch.schedulers`.
    tell : callable or None
        Is told of the progress.

    Raises
    ------
    BadInput
        If a folder is anything else than allowed, another export is writing into it, or there is
        nothing to export. Nothing was written then.
    """
    _check(export)
    source = export.study.folder / "sourcedata"
    names = visit_names(source)
    if not names:
        raise BadInput(f"{export.places[0]}: nothing to export: no logs; run a session first")
    job, done = _job(export), Done(export.places)
    fresh = [folder for folder in export.places if not (folder / OWN).exists()]
    made = [folder for folder in fresh if not folder.exists()]
    with ExitStack() as stack:
        for folder in export.places:
            stack.enter_context(_locked(folder))
        manifest = stack.enter_context(Manifest(export.places[0] / OWN / _MANIFEST))
        held = {
            kind: stack.enter_context(Holdings(folder, folder / OWN / _HOLDINGS))
            for kind, folder in job.folders
        }
        known = manifest.names().union(*(one.names() for one in held.values()))
        for name in sorted(known - names):
            manifest.outdate_whole()
            _hold(name, (), held, done)
            manifest.drop(name)
        saved = time.monotonic()
        for read in _made(_changed(source, manifest, job, done, export.force), job, scheduler):
            for receipt in read:
                _keep(receipt, manifest, held, done)
            if time.monotonic() > saved + _SAVED_EACH:
                for holdings in held.values():
                    holdings.save()
                manifest.save()
                saved = time.monotonic()
            if tell is not None:
                tell(done.read + done.as_before, len(names))
        _sum_up(manifest, done)
        nothing = all(one.study is None for one in manifest.receipts())
        if not nothing:
            reports = reports_of(export.study)
            done.broken += [f"{file}: {why}" for file, why in reports.damaged]
            _finish(manifest, held, export, job, done, reports.reports)
    if nothing:
        for folder in fresh:
            rmtree(folder / OWN)
        for folder in made:
            folder.rmdir()
        why = (*done.broken, *done.empty.first)[0]
        raise BadInput(f"{export.places[0]}: nothing to export: {why}")
    return done


@contextmanager
def kept_facts(export: Export) -> Iterator[Iterator[dict[str, Any]]]:
    """Give what an export kept for a report, a log after the other.

    Raises
    ------
    BadInput
        If another export is writing.
    """
    first = export.places[0]
    with _locked(first), Manifest(first / OWN / _MANIFEST) as manifest:
        yield manifest.facts()


def _changed(
    source: Path, manifest: Manifest, job: Job, done: Done, force: bool
) -> Iterator[Visit]:
    """Yield the visits that must be read."""
    for visit in visits_of(source):
        if force or not _is_current(visit, manifest, job):
            yield visit
        else:
            done.as_before += 1


def _made(
    visits: Iterable[Visit], job: Job, scheduler: Scheduler[Visit, Receipt]
) -> Iterator[list[Receipt]]:
    return scheduler(partial(work, job=job), visits)


def _keep(receipt: Receipt, manifest: Manifest, held: Mapping[str, Holdings], done: Done) -> None:
    """Take what a worker did: remember it, and remove what the visit had before and has no more."""
    done.read += 1
    done.new += receipt.new
    done.changed.add(*receipt.changed)
    manifest.outdate_whole()
    _hold(receipt.visit, receipt.files, held, done)
    manifest.put(receipt)


def _job(export: Export) -> Job:
    options = Options(
        study=export.study.protocol.study.name,
        kinds=tuple(kind for kind in KINDS if kind in export.folders),
        with_notes=export.with_notes,
        datatype=export.datatype,
        modulator=export.modulator,
        facts=export.facts,
    )
    folders = [(kind, check_absolute(folder)) for kind, folder in export.folders.items()]
    return Job(options, tuple(folders), software())


def _check(export: Export) -> None:
    """Refuse what can't be exported, or not to there."""
    check_datatype(export.datatype)
    if len({folder.resolve() for folder in export.places}) < len(export.places):
        raise BadInput("export: each needs a folder of its own")
    ratings = export.study.protocol.ratings
    if export.modulator is not None and export.modulator not in ratings:
        raise BadInput(
            f"--modulator {export.modulator!r}: no rating of this study; allowed are "
            f"{', '.join(ratings)}"
        )
    for folder in export.places:
        check_place(folder)
        check_writable(folder)
        # One that was interrupted may have left nothing but its mark.
        if folder.exists() and any(folder.iterdir()) and not (folder / OWN).is_dir():
            raise BadInput(f"{folder}: not empty, and not made by an export; give a new folder")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep a second export out of a folder while one is writing into it."""
    own = folder / OWN
    try:
        own.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{folder}: can't be written into ({error.strerror})") from None
    try:
        with FileLock(own / "lock", timeout=0):
            yield
    except Timeout:
        raise BadInput(
            f"{folder}: another export is writing into it; wait until it has ended"
        ) from None


def _is_current(visit: Visit, manifest: Manifest, job: Job) -> bool:
    """Whether a visit's products are what its logs would give, as far as can be told by looking."""
    receipt = manifest.get(visit.name)
    if (
        receipt is None
        or receipt.settings != job.settings
        or tuple(receipt.logs) != visit.logs
        or any(log.size < 0 for log in visit.logs)
    ):
        return False
    return _are_there(receipt.files, job)


def _are_there(files: Iterable[Written], job: Job) -> bool:
    """Whether files are as they were when they were made."""
    for file in files:
        try:
            about = job.place(file).stat()
        except OSError:
            return False
        if (about.st_size, about.st_mtime_ns) != (file.size, file.mtime_ns):
            return False
    return True


def _hold(visit: str, files: Sequence[Written], held: Mapping[str, Holdings], done: Done) -> None:
    """Note which files a visit has now, and remove those that it had before and has no more."""
    for kind, holdings in held.items():
        done.removed.add(*holdings.keep(visit, [one.path for one in files if one.kind == kind]))


def _sum_up(manifest: Manifest, done: Done) -> None:
    """Gather what there is to say of all visits, those included that were not read this time."""
    files = 0
    for receipt in manifest.receipts():
        files += len(receipt.files)
        told = receipt.told
        done.broken += told.broken
        done.empty.add(*told.empty)
        done.incomplete.add(*told.incomplete)
        done.rehearsals.add(*told.rehearsals)
        done.in_parts.add(*told.in_parts)
        done.remarks.add(*told.remarks)
    done.unchanged = files - done.new - done.changed.count


def _finish(
    manifest: Manifest,
    held: Mapping[str, Holdings],
    export: Export,
    job: Job,
    done: Done,
    reports: Sequence[Report],
) -> None:
    """Write what belongs to all visits together."""
    folders = dict(job.folders)
    bids, tables = folders.get("bids"), folders.get("tables")
    settings = f"{job.settings} {export.parquet}"
    before, whole = manifest.whole, Receipt("", [], settings)
    made: list[tuple[str, tuple[str, str]]] = []
    if bids is not None:
        made += [("bids", one) for one in write_dataset(manifest, bids, reports)]
    if tables is not None:
        had = [] if before is None else [file for file in before.files if file.kind == "tables"]
        if had and before is not None and before.settings == settings and _are_there(had, job):
            made += [("tables", (file.path, "unchanged")) for file in had]
        else:
            written = write_tables(held["tables"], tables, parquet=export.parquet)
            made += [("tables", one) for one in written]
    for kind, (path, became) in made:
        whole.files.append(as_it_stands(kind, path, folders[kind] / path))
        if became == "changed":
            done.changed.add(path)
        elif became == "new":
            done.new += 1
        else:
            done.unchanged += 1
    _hold(whole.visit, whole.files, held, done)
    manifest.whole = whole
    if bids is not None:
        done.others.add(*others_in(held["bids"], bids))
