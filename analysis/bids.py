"""A BIDS data set (raw, behaviour) made from session logs.

Everything is worked out before the first file is written, from the logs alone: the same logs give
the same bytes, so an export can be repeated at any time. It is made of the plain rows of
`analysis.tables`, not of data frames: importing pandas takes as long as a whole export.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from analysis.bids_beh import KIND, answers_table
from analysis.bids_daily import daily_files
from analysis.bids_events import EventRow, table_of
from analysis.bids_parts import columns_of_parts, events_of_parts, sidecar_of_parts
from analysis.bids_sessions import scans_files, sessions_files
from analysis.bids_sidecar import HED_VERSION, SOFTWARE, TEXTS, answers_sidecar, text_of
from analysis.parts import joined
from analysis.row_types import Run
from analysis.writing import put
from experiment.daily.reports import DailyReports, Report
from experiment.errors import BadInput
from experiment.parts import chains
from experiment.readlog import SessionLog, read_log
from experiment.study import check_label, check_writable
from experiment.version import VERSION

BIDS_VERSION = "1.11.1"
DATATYPES = ("beh", "func", "pet")
_DESCRIPTION = "dataset_description.json"


@dataclass(frozen=True)
class LeftOut:
    """A log, or a run of one, that was not exported, and why."""

    log: Path
    reason: str
    broken: bool = True  # else nothing is wrong with it, there is only nothing in it


@dataclass(frozen=True)
class ExportReport:
    """What an export did.

    Parameters
    ----------
    folder : Path
    written, unchanged, changed : tuple of Path
        Files that are new, that were there with the same content, and that were replaced by a
        different one; relative to `folder`.
    others : tuple of Path
        Event files in the folder that this export did not make, relative to `folder`: of logs
        that are no longer given, or that were left out this time. They are left as they are.
    left_out : tuple of LeftOut
    incomplete : tuple of str
        Runs that were exported though something is wrong with them: ``path: what``.
    rehearsals : tuple of str
        Runs of a robot, by path: no data.
    in_parts : tuple of str
        Runs of sessions that were interrupted and went on: ``path: which parts``.
    """

    folder: Path
    written: tuple[Path, ...]
    unchanged: tuple[Path, ...]
    changed: tuple[Path, ...]
    others: tuple[Path, ...]
    left_out: tuple[LeftOut, ...]
    incomplete: tuple[str, ...]
    rehearsals: tuple[str, ...]
    in_parts: tuple[str, ...] = ()


def summary(report: ExportReport) -> str:
    """Return an export's report as lines for the analyst."""
    lines = [f"left out: {left.reason}" for left in report.left_out]
    lines += [f"incomplete: {what}" for what in report.incomplete]
    lines += [f"went on after an interruption: {what}" for what in report.in_parts]
    lines += [f"a rehearsal with a robot, NO DATA: {run}" for run in report.rehearsals]
    lines += [f"changed: {file}" for file in report.changed]
    lines += [f"not made by this export: {file}" for file in report.others]
    lines.append(
        f"{report.folder}: {len(report.written)} files written, {len(report.changed)} changed, "
        f"{len(report.unchanged)} as before"
    )
    return "\n".join(lines)


@dataclass(frozen=True)
class ExportedRun:
    """One run as it goes into a data set."""

    participant: str
    session: str
    task: str
    utc: str
    study: Mapping[str, Any]
    events: Sequence[EventRow]
    table: str
    sidecar: Mapping[str, Any]
    rehearsal: bool
    answers: tuple[str, Mapping[str, Any]] | None = None

    @property
    def folder(self) -> str:
        """Path of its session's folder in a data set."""
        return f"sub-{self.participant}/ses-{self.session}"

    def name(self, index: int) -> str:
        """Return what the names of its files begin with."""
        session = self.folder.replace("/", "_")
        return f"{session}_task-{self.task}_run-{index:02d}"


def export_bids(
    logs: Sequence[Path],
    out: Path,
    daily: DailyReports | None = None,
    *,
    with_notes: bool = False,
    datatype: str = "beh",
) -> ExportReport:
    """Export logs as a BIDS data set.

    A log that can't be read is left out and reported. Runs that were cut short are exported as far
    as they go, and say so.

    Parameters
    ----------
    logs : sequence of Path
    out : Path
        A new or empty folder, or a data set that was exported before.
    daily : DailyReports or None
        The study's daily reports.
    with_notes : bool
        Whether the operator's notes go into the sidecars. They may hold names.
    datatype : str
        Folder of each session's events: ``beh``, or beside the images in ``func`` or ``pet``.

    Raises
    ------
    BadInput
        If `out` is anything else, or no log has a run to export. Nothing was written then.
    """
    check_datatype(datatype)
    check_folder(out)
    found, left_out = gather_runs(logs, with_notes=with_notes)
    if not found:
        why = left_out[0].reason if left_out else "no logs; run a session first"
        raise BadInput(f"{out}: nothing to export: {why}")
    daily = DailyReports() if daily is None else daily
    left_out += [LeftOut(file, reason) for file, reason in daily.damaged]
    named = placed(found, datatype)
    files = (
        _files(named, daily.reports, out)
        | scans_files(named)
        | sessions_files(run.folder for run in named.values())
    )
    new, changed, unchanged = put(files, out)
    others = sorted(
        file.relative_to(out)
        for pattern in ("*_events.*", "*_beh.*")
        for file in out.glob(f"sub-*/ses-*/*/{pattern}")
        if file.relative_to(out).as_posix() not in files
    )
    return ExportReport(
        folder=out,
        written=tuple(map(Path, new)),
        unchanged=tuple(map(Path, unchanged)),
        changed=tuple(map(Path, changed)),
        others=tuple(others),
        left_out=tuple(left_out),
        incomplete=tuple(
            f"{stem}.tsv: {run.sidecar['Completeness']}"
            for stem, run in named.items()
            if run.sidecar["Completeness"] != "complete"
        ),
        rehearsals=tuple(f"{stem}.tsv" for stem, run in named.items() if run.rehearsal),
        in_parts=tuple(
            f"{stem}.tsv: part {' and '.join(str(part['Part']) for part in parts)}"
            for stem, run in named.items()
            if (parts := run.sidecar.get("Parts"))
        ),
    )


def check_datatype(datatype: str) -> None:
    """Refuse what is no place for events.

    Raises
    ------
    BadInput
    """
    if datatype not in DATATYPES:
        raise BadInput(f"--datatype {datatype!r}: allowed are {', '.join(DATATYPES)}")


# --- from logs to runs ---------------------------------------------------------------------------


def gather_runs(
    logs: Sequence[Path], *, with_notes: bool = False
) -> tuple[list[ExportedRun], list[LeftOut]]:
    """Return the runs of all logs of one study, and what can't be exported."""
    found: list[ExportedRun] = []
    left_out: list[LeftOut] = []
    for chain in chains(dict.fromkeys(logs)):
        parts = tuple(_readable(chain, left_out))
        try:
            exported = exported_runs(parts, with_notes=with_notes) if parts else []
        except BadInput as error:
            left_out += [LeftOut(part.file, str(error)) for part in parts]
            continue
        if not exported:
            left_out += [
                LeftOut(
                    part.file,
                    f"{part.file}: no run was begun before the session ended",
                    broken=False,
                )
                for part in parts
            ]
        elif found and exported[0].study["name"] != found[0].study["name"]:
            names = (exported[0].study["name"], found[0].study["name"])
            left_out += [
                LeftOut(part.file, f"{part.file}: of study {names[0]!r}, not {names[1]!r}")
                for part in parts
            ]
        else:
            found += exported
    return found, left_out


def _readable(chain: Sequence[Path], left_out: list[LeftOut]) -> Iterator[SessionLog]:
    """Yield the parts of a session that can be read; tell of the others."""
    for file in chain:
        try:
            yield read_log(file)
        except BadInput as error:
            left_out.append(LeftOut(file, str(error)))


def exported_runs(chain: tuple[SessionLog, ...], *, with_notes: bool) -> list[ExportedRun]:
    """Return the runs of a session, whose log may have parts.

    Raises
    ------
    BadInput
        If a log lacks something that it must have.
    """
    log = chain[0]
    header = log.header
    try:
        check_label("participant", header["participant"])
        check_label("session", header["session"])
        return [
            ExportedRun(
                participant=header["participant"],
                session=header["session"],
                task=check_label("task", run.task),
                utc=parts[0].log.header["utc"],
                study=header["protocol"]["study"],
                events=events,
                table=table_of(events, columns_of_parts(parts, kind)),
                sidecar=sidecar_of_parts(parts, with_notes=with_notes),
                rehearsal=header["robot"] is not None or header.get("rehearsal", False),
                answers=_answers(parts[-1].log, parts[-1].run),
            )
            for parts in joined(chain)
            for run, kind in ((parts[0].run, _kind(header, parts[0].run.task)),)
            if (events := events_of_parts(parts))
        ]
    except BadInput as error:
        raise BadInput(f"{log.file}:1: {error}") from None
    except (KeyError, IndexError, TypeError) as error:
        raise BadInput(
            f"{log.file}: lacks what a session log must have ({error}); was it edited?"
        ) from None


def _kind(header: Mapping[str, Any], task: str) -> str:
    return str(header["protocol"]["tasks"][task]["kind"])


def _answers(log: SessionLog, run: Run) -> tuple[str, Mapping[str, Any]] | None:
    """Return the answers of a run of questionnaires, and what they mean.

    Daily reports have one table for all days (`analysis.bids_daily`).
    """
    protocol = log.header["protocol"]
    daily = (protocol.get("daily") or {}).get("task")
    if protocol["tasks"][run.task]["kind"] != KIND or run.task == daily:
        return None
    return answers_table(log, run), answers_sidecar(log, run)


def numbered(found: Iterable[ExportedRun]) -> dict[str, ExportedRun]:
    """Number the runs of each participant, session and task by the time they were made.

    Returns
    -------
    dict of str to ExportedRun
        By what the names of a run's files begin with.
    """
    count: Counter[tuple[str, str, str]] = Counter()
    named = {}
    for run in sorted(found, key=lambda run: run.utc):
        key = (run.participant, run.session, run.task)
        count[key] += 1
        named[run.name(count[key])] = run
    return dict(sorted(named.items()))


def placed(found: Iterable[ExportedRun], datatype: str) -> dict[str, ExportedRun]:
    """Return runs by the paths of their events in a data set, without the ending."""
    return {
        f"{run.folder}/{'beh' if run.answers else datatype}/{name}_events": run
        for name, run in numbered(found).items()
    }


# --- the data set --------------------------------------------------------------------------------


def _files(
    named: Mapping[str, ExportedRun], reports: Sequence[Report], out: Path
) -> dict[str, str]:
    """Return the content of every file of the data set, by its path."""
    study = max(named.values(), key=lambda run: run.utc).study
    there = {folder.name for folder in out.glob("sub-*") if folder.is_dir()}
    participants = there | {f"sub-{run.participant}" for run in named.values()}
    return dataset_files(study, participants, reports) | run_files(named)


def dataset_files(
    study: Mapping[str, Any], participants: Iterable[str], reports: Sequence[Report]
) -> dict[str, str]:
    """Return the files of a data set that are of no single session's log, by their paths.

    Parameters
    ----------
    study : mapping
        As the latest log's protocol describes it.
    participants : iterable of str
        ``sub-012`` and so on; those of reports need not be among them.
    reports : sequence of Report
        Daily ones.
    """
    whose = sorted({*participants, *(f"sub-{one.participant}" for one in reports)})
    return {
        _DESCRIPTION: _json(_description(study)),
        "README.md": Template((TEXTS / "README.md").read_text("utf-8")).substitute(
            study, software=f"{SOFTWARE} {VERSION}"
        ),
        "participants.tsv": "\n".join(["participant_id", *whose]) + "\n",
        "participants.json": _json(text_of("participants.json")),
    } | daily_files(reports, study)


def run_files(named: Mapping[str, ExportedRun]) -> dict[str, str]:
    """Return the files of runs, by their paths.

    Parameters
    ----------
    named : mapping of str to ExportedRun
        By the path of a run's events, without its ending.
    """
    files = {}
    for stem, run in named.items():
        files[f"{stem}.tsv"] = run.table
        files[f"{stem}.json"] = _json(run.sidecar)
        if run.answers is not None:
            table, meaning = run.answers
            beside = stem.removesuffix("_events") + "_beh"
            files[f"{beside}.tsv"], files[f"{beside}.json"] = table, _json(meaning)
    return files


def _description(study: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Name": study["title"],
        "BIDSVersion": BIDS_VERSION,
        "HEDVersion": HED_VERSION,
        "DatasetType": "raw",
        "License": study["license"],
        "Authors": study["authors"],
        "EthicsApprovals": [study["ethics"]],
        "SourceDatasets": [{"Version": f"Session logs of the study {study['name']}"}],
        "GeneratedBy": [
            {
                "Name": SOFTWARE,
                "Version": VERSION,
                "Description": "Exported from session logs with: run_session.py export --bids",
            }
        ],
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def check_folder(out: Path) -> None:
    """Make sure that a folder is new, empty, or a data set that was exported here.

    Raises
    ------
    BadInput
        If it holds anything else, or can't be written into.
    """
    check_writable(out)
    if not out.exists() or not any(out.iterdir()):
        return
    try:
        made_by = json.loads((out / _DESCRIPTION).read_text("utf-8"))["GeneratedBy"][0]["Name"]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        made_by = None
    if made_by != SOFTWARE:
        raise BadInput(
            f"{out}: not empty, and not a data set that was exported here; give a new folder"
        )
