"""What the logs of one visit become: a pure function, so that any worker may do it.

Nothing here writes, and nothing knows of other visits. A new kind of product is a name in `KINDS`
and the lines in `_files` that make it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from analysis.batch.visits import Visit, check_place
from analysis.bids import ExportedRun, exported_runs, numbered, placed, run_files
from analysis.bids_sessions import scans_files
from analysis.designs import FORMS, design_files
from analysis.gathering import made_of
from analysis.study_tables import table_lines, together
from experiment.errors import BadInput
from experiment.parts import chains
from experiment.readlog import SessionLog

KINDS = ("bids", "tables", *FORMS)
"""Kinds of products; each is written into a folder of its own."""
OWN = ".kindred"
"""Folder of an export's own in each of these; BIDS ignores such names."""


@dataclass(frozen=True)
class Options:
    """What is made of each visit.

    Parameters
    ----------
    study : str
        Name of the study; logs of another one are left out.
    kinds : tuple of str
        Some of `KINDS`.
    with_notes : bool
        Whether the operator's notes go into the sidecars.
    datatype : str
        Folder of each session's events: ``beh``, ``func`` or ``pet``.
    modulator : str or None
        Name of the rating that modulates events in models.
    facts : bool
        Whether to keep what a report of the study is made of.
    """

    study: str
    kinds: tuple[str, ...] = ("bids",)
    with_notes: bool = False
    datatype: str = "beh"
    modulator: str | None = None
    facts: bool = False


@dataclass
class Told:
    """What there is to say of a visit.

    Parameters
    ----------
    broken : list of str
        One line for each log that can't be used: ``FILE:LINE: what is wrong``.
    empty : list of str
        One line for each log without a run: nothing is wrong with it.
    incomplete, rehearsals, in_parts, remarks : list of str
        Lines about runs that were exported.
    """

    broken: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    rehearsals: list[str] = field(default_factory=list)
    in_parts: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


@dataclass
class Products:
    """What the logs of a visit become.

    Parameters
    ----------
    files : dict of str to dict of str to (str or bytes)
        By kind: content of files by their paths in the folder of that kind.
    study : dict or None
        As the latest of its logs describes it; None if nothing was exported.
    began : float
        When that log began (s since 1970).
    facts : list of dict
        Of each log, plain: `analysis.science.facts`.
    told : Told
    """

    files: dict[str, dict[str, str | bytes]] = field(default_factory=dict)
    study: Mapping[str, Any] | None = None
    began: float = 0.0
    facts: list[dict[str, Any]] = field(default_factory=list)
    told: Told = field(default_factory=Told)


def products_of(visit: Visit, options: Options) -> Products:
    """Read a visit's logs and make of them what is asked for.

    A log that can't be used is told in `broken`, and the others are used all the same, those that
    are other parts of its session too.
    """
    made = Products()
    runs: list[ExportedRun] = []
    rows: dict[str, list[str]] = {}

    for chain in chains(visit.files):
        parts = _parts(chain, visit, options, made)
        if parts and not parts[-1].runs:
            made.told.empty += [
                f"{part.file}: no run was begun before the session ended" for part in parts
            ]
            continue
        for part in parts:
            for name, lines in part.rows.items():
                rows.setdefault(name, []).extend(lines)
        runs += parts[-1].runs if parts else ()
    if runs:
        latest = max(runs, key=lambda run: run.utc)
        made.study = latest.study
        made.began = datetime.fromisoformat(latest.utc).timestamp()
        _tell(placed(runs, options.datatype), made.told)
        made.files = {
            kind: _files(kind, visit, runs, rows, options, made) for kind in options.kinds
        }
    return made


def _files(
    kind: str,
    visit: Visit,
    runs: Sequence[ExportedRun],
    rows: Mapping[str, Sequence[str]],
    options: Options,
    made: Products,
) -> dict[str, str | bytes]:
    """Return the files of one kind, by their paths."""
    if kind == "bids":
        named = placed(runs, options.datatype)
        return {**run_files(named), **scans_files(named)}
    if kind == "tables":
        return {f"{OWN}/{visit.name.replace('/', '_')}.rows": together(rows)}
    files, remarks = design_files(kind, numbered(runs), options.modulator)
    made.told.remarks += [one for one in remarks if one not in made.told.remarks]
    return files


@dataclass(frozen=True)
class _Part:
    """What a part of a session comes to; `runs` are those of the parts before it as well."""

    log: SessionLog
    runs: Sequence[ExportedRun]
    rows: Mapping[str, Sequence[str]]
    facts: dict[str, Any] | None

    @property
    def file(self) -> Path:
        """Its log's."""
        return self.log.file


def _parts(
    chain: Iterable[Path], visit: Visit, options: Options, made: Products
) -> Sequence[_Part]:
    """Return the parts of a session that can be used, each with those before it; tell of others."""
    parts: list[_Part] = []
    refused: list[dict[str, Any]] = []

    def refuse(file: Path, why: str) -> None:
        told = why if why.startswith(str(file.parent)) else f"{file}:1: {why}"
        made.told.broken.append(told)
        if options.facts:
            from analysis.science.facts import left_out

            refused.append(left_out(_name(visit, file), told))

    for part in made_of(chain, lambda log: _part(log, parts, visit, options), refuse):
        parts.append(part)
    if options.facts:
        made.facts += [*_counted(parts), *refused]
    return parts


def _part(log: SessionLog, before: Sequence[_Part], visit: Visit, options: Options) -> _Part:
    """Return what a log comes to, as the next part of those before it.

    Raises
    ------
    BadInput
        If it is of another study, or lies where it doesn't belong.
    """
    logs = (*(part.log for part in before), log)
    runs = exported_runs(logs, with_notes=options.with_notes)
    for run in runs:
        if run.study["name"] != options.study:
            raise BadInput(f"of study {run.study['name']!r}, not {options.study!r}")
        check_place(visit, run.participant, run.session)
    facts = None
    if options.facts:
        # Questionnaires and their models, which an export without a report can do without.
        from analysis.science.facts import facts_of

        facts = facts_of(log, _name(visit, log.file))
    return _Part(log, runs, table_lines(log) if "tables" in options.kinds else {}, facts)


def _counted(parts: Iterable[_Part]) -> list[dict[str, Any]]:
    """Return what a report takes from the parts of a session."""
    from analysis.science.facts import counted_once, summed

    return [summed(one) for one in counted_once([p.facts for p in parts if p.facts is not None])]


def _name(visit: Visit, file: Path) -> str:
    return f"sourcedata/{visit.name}/{file.name}"


def _tell(named: Mapping[str, ExportedRun], told: Told) -> None:
    for stem, run in named.items():
        if run.sidecar["Completeness"] != "complete":
            told.incomplete.append(f"{stem}.tsv: {run.sidecar['Completeness']}")
        if run.rehearsal:
            told.rehearsals.append(f"{stem}.tsv")
        if parts := run.sidecar.get("Parts"):
            which = " and ".join(str(part["Part"]) for part in parts)
            told.in_parts.append(f"{stem}.tsv: part {which}")
