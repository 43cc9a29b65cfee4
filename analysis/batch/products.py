"""What the logs of one visit become: a pure function, so that any worker may do it.

Nothing here writes, and nothing knows of other visits. A new kind of product is a field of
`Products` and the lines that fill it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

from analysis import tables
from analysis.batch.visits import Visit, check_place
from analysis.bids import ExportedRun, exported_runs, placed, run_files
from analysis.bids_events import cells
from analysis.bids_sessions import scans_files
from analysis.study_tables import KEYS, Table
from analysis.study_tables import TABLES as EVERY_TABLE
from experiment.errors import BadInput
from experiment.parts import chains, part_of
from experiment.readlog import SessionLog, read_log

TABLES: Mapping[str, Table] = {table.name: table for table in EVERY_TABLE}
"""Kinds of rows by the name of their file."""


@dataclass(frozen=True)
class Options:
    """What is made of each visit.

    Parameters
    ----------
    study : str
        Name of the study; logs of another one are left out.
    bids, tables : bool
        Whether to make the files of a BIDS data set, and tables.
    with_notes : bool
        Whether the operator's notes go into the sidecars.
    datatype : str
        Folder of each session's events: ``beh``, ``func`` or ``pet``.
    """

    study: str
    bids: bool = True
    tables: bool = False
    with_notes: bool = False
    datatype: str = "beh"


@dataclass(frozen=True)
class Mean:
    """The answers to one rating in one condition of a run, as sums that can be added up.

    Parameters
    ----------
    task, rating : str
    run : int
    condition : str or None
    n : int
        Confirmed answers.
    total, squares : float
        Sum of the answers, and of their squares.
    """

    task: str
    run: int
    condition: str | None
    rating: str
    n: int
    total: float
    squares: float


@dataclass
class Products:
    """What the logs of a visit become.

    Parameters
    ----------
    bids, tables : dict of str to str
        Content of files by their paths in the data set, and in the folder of tables.
    study : dict or None
        As the latest of its logs describes it; None if nothing was exported.
    began : float
        When that log began (s since 1970).
    means : list of Mean
        Of sessions of persons; those of robots are no data.
    broken : list of str
        One line for each log that can't be used: ``FILE:LINE: what is wrong``.
    empty : list of str
        One line for each log without a run: nothing is wrong with it.
    incomplete, rehearsals, in_parts : list of str
        Lines about runs that were exported.
    """

    bids: dict[str, str] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    study: Mapping[str, Any] | None = None
    began: float = 0.0
    means: list[Mean] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    rehearsals: list[str] = field(default_factory=list)
    in_parts: list[str] = field(default_factory=list)


def products_of(visit: Visit, options: Options) -> Products:
    """Read a visit's logs and make of them what is asked for.

    A log that can't be used is told in `broken`, and the others are used all the same.
    """
    made = Products()
    runs: list[ExportedRun] = []
    rows: dict[str, list[str]] = {}
    for chain in chains(visit.files):
        logs = _readable(chain, made)
        try:
            found = _of_chain(logs, visit, options)
        except BadInput as error:
            made.broken += [_told(log, error) for log in logs]
            continue
        if not found.runs:
            made.empty += [f"{log.file}: no run was begun before the session ended" for log in logs]
            continue
        runs += found.runs
        made.means += found.means
        for name, more in found.rows.items():
            rows.setdefault(name, []).extend(more)
    if not runs:
        return made
    latest = max(runs, key=lambda run: run.utc)
    made.study = latest.study
    made.began = datetime.fromisoformat(latest.utc).timestamp()
    named = placed(runs, options.datatype)
    _tell(named, made)
    if options.bids:
        made.bids |= run_files(named) | scans_files(named)
    made.tables |= {
        f"{visit.name}/{name}.tsv": "\n".join(["\t".join(TABLES[name].columns), *rows[name], ""])
        for name in TABLES
        if rows.get(name)
    }
    return made


@dataclass(frozen=True)
class _OfChain:
    """What the parts of one session come to."""

    runs: Sequence[ExportedRun]
    rows: Mapping[str, Sequence[str]]
    means: Sequence[Mean]


def _readable(chain: Sequence[Path], made: Products) -> list[SessionLog]:
    logs = []
    for file in chain:
        try:
            logs.append(read_log(file))
        except BadInput as error:
            made.broken.append(str(error))
    return logs


def _of_chain(logs: Sequence[SessionLog], visit: Visit, options: Options) -> _OfChain:
    runs = exported_runs(tuple(logs), with_notes=options.with_notes) if logs else []
    for run in runs:
        if run.study["name"] != options.study:
            raise BadInput(f"of study {run.study['name']!r}, not {options.study!r}")
        check_place(visit, run.participant, run.session)
    if not runs or not options.tables:
        return _OfChain(runs, {}, ())
    try:
        rows = {name: [line for log in logs for line in _lines(name, log)] for name in TABLES}
        persons = [log for log in logs if not _is_rehearsal(log.header)]
        means = [mean for log in persons for mean in _means(log)]
    except (KeyError, IndexError, TypeError, AttributeError, AssertionError) as error:
        raise BadInput(f"lacks what a session log must have ({error}); was it edited?") from None
    return _OfChain(runs, rows, means)


def _is_rehearsal(header: Mapping[str, Any]) -> bool:
    return header["robot"] is not None or bool(header.get("rehearsal", False))


def _lines(name: str, log: SessionLog) -> Iterator[str]:
    """Yield the rows of a table as lines."""
    header = log.header
    keys = cells(
        [
            header["participant"],
            header["session"],
            part_of(header),
            log.file.name,
            _is_rehearsal(header),
        ]
    )
    values_of = attrgetter(*TABLES[name].columns[len(KEYS) :])
    for row in TABLES[name].rows(log):
        yield f"{keys}\t{cells(values_of(row))}"


def _told(log: SessionLog, error: BadInput) -> str:
    """Return what is wrong with a log, its name before it once."""
    text = str(error)
    return text if text.startswith(str(log.file.parent)) else f"{log.file}:1: {text}"


def _tell(named: Mapping[str, ExportedRun], made: Products) -> None:
    for stem, run in named.items():
        if run.sidecar["Completeness"] != "complete":
            made.incomplete.append(f"{stem}.tsv: {run.sidecar['Completeness']}")
        if run.rehearsal:
            made.rehearsals.append(f"{stem}.tsv")
        if parts := run.sidecar.get("Parts"):
            told = " and ".join(str(part["Part"]) for part in parts)
            made.in_parts.append(f"{stem}.tsv: part {told}")


def _means(log: SessionLog) -> Iterator[Mean]:
    sums: dict[tuple[str, int, str | None, str], tuple[int, float, float]] = {}
    for row in tables.rating_rows(log):
        if row.trial is None or not row.confirmed or row.value is None:
            continue
        key = (row.task, row.run, row.condition, row.rating)
        n, total, squares = sums.get(key, (0, 0.0, 0.0))
        sums[key] = (n + 1, total + row.value, squares + row.value**2)
    for (task, run, condition, rating), (n, total, squares) in sums.items():
        yield Mean(task, run, condition, rating, n, total, squares)
