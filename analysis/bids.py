"""A BIDS data set (raw, behaviour) made from session logs.

From the logs alone: the same logs give the same bytes, so an export can be repeated at any time. It
is made of the plain rows of `analysis.tables`, not of data frames: importing pandas takes as long
as a whole export. `analysis.batch` writes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import Any

from analysis.bids_beh import KIND, answers_table
from analysis.bids_events import EventRow, table_of
from analysis.bids_parts import columns_of_parts, events_of_parts, sidecar_of_parts
from analysis.bids_sidecar import HED_VERSION, SOFTWARE, TEXTS, answers_sidecar, text_of
from analysis.parts import joined
from analysis.row_types import Run
from analysis.writing import json_text
from experiment.errors import BadInput
from experiment.readlog import SessionLog
from experiment.study import check_label
from experiment.version import VERSION

BIDS_VERSION = "1.11.1"
DATATYPES = ("beh", "func", "pet")
_DESCRIPTION = "dataset_description.json"


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


def check_datatype(datatype: str) -> None:
    """Refuse what is no place for events.

    Raises
    ------
    BadInput
    """
    if datatype not in DATATYPES:
        raise BadInput(f"--datatype {datatype!r}: allowed are {', '.join(DATATYPES)}")


# --- from logs to runs ---------------------------------------------------------------------------


def exported_runs(chain: tuple[SessionLog, ...], *, with_notes: bool) -> list[ExportedRun]:
    """Return the runs of a session, whose log may have parts.

    Raises
    ------
    BadInput
        If a log lacks something that it must have.
    """
    header = chain[0].header
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


def dataset_files(study: Mapping[str, Any], participants: Iterable[str]) -> dict[str, str]:
    """Return the files that describe a data set as a whole, by their paths.

    Parameters
    ----------
    study : mapping
        As the latest log's protocol describes it.
    participants : iterable of str
        ``sub-012`` and so on.
    """
    return {
        _DESCRIPTION: json_text(_description(study)),
        "README.md": Template((TEXTS / "README.md").read_text("utf-8")).substitute(
            study, software=f"{SOFTWARE} {VERSION}"
        ),
        "participants.tsv": "\n".join(["participant_id", *sorted(participants)]) + "\n",
        "participants.json": json_text(text_of("participants.json")),
        "scans.json": json_text(text_of("scans.json")),  # of every session's, by inheritance
    }


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
        files[f"{stem}.json"] = json_text(run.sidecar)
        if run.answers is not None:
            table, meaning = run.answers
            beside = stem.removesuffix("_events") + "_beh"
            files[f"{beside}.tsv"], files[f"{beside}.json"] = table, json_text(meaning)
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
