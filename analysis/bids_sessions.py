"""The sessions of each participant and the files of each session, as BIDS lists them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from analysis.bids_events import table_of
from analysis.bids_sidecar import text_of

if TYPE_CHECKING:
    from analysis.bids import ExportedRun


def scans_files(named: Mapping[str, ExportedRun]) -> dict[str, str]:
    """Return ``scans.tsv`` of each session.

    Parameters
    ----------
    named : mapping of str to ExportedRun
        By the path of a run's events, without its ending.
    """
    scans: dict[str, list[dict[str, str]]] = {}
    for stem, run in named.items():
        scans.setdefault(run.folder, []).append(
            {
                "filename": f"{stem.removeprefix(run.folder + '/')}.tsv",
                "acq_time": _instant(run.utc),
                "completeness": str(run.sidecar["Completeness"]),
                "participant_kind": "robot" if run.rehearsal else "person",
            }
        )
    files = {}
    for folder, rows in scans.items():
        beside = f"{folder}/{folder.replace('/', '_')}_scans"
        files[f"{beside}.tsv"] = table_of(rows, tuple(rows[0]))
        files[f"{beside}.json"] = _json(text_of("sessions.json")["scans"])
    return files


def first_scans(named: Mapping[str, ExportedRun]) -> dict[str, str]:
    """Return when each session's first run began, by the session's folder."""
    first: dict[str, str] = {}
    for run in named.values():
        began = _instant(run.utc)
        first[run.folder] = min(began, first.get(run.folder, began))
    return first


def sessions_files(first: Mapping[str, str]) -> dict[str, str]:
    """Return ``sessions.tsv`` of each participant.

    Parameters
    ----------
    first : mapping of str to str
        When a session's first run began, by the session's folder in the data set.
    """
    sessions: dict[str, list[dict[str, str]]] = {}
    for folder, began in sorted(first.items()):
        participant, session = folder.split("/")
        sessions.setdefault(participant, []).append({"session_id": session, "acq_time": began})
    files = {}
    for participant, rows in sessions.items():
        beside = f"{participant}/{participant}_sessions"
        files[f"{beside}.tsv"] = table_of(rows, tuple(rows[0]))
        files[f"{beside}.json"] = _json(text_of("sessions.json")["sessions"])
    return files


def _instant(utc: str) -> str:
    """Return an instant as BIDS writes it."""
    return datetime.fromisoformat(utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
