"""The sessions of each participant and the files of each session, as BIDS lists them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from analysis.bids_events import table_of

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
                "completeness": str(run.sidecar["Completeness"]),
                "participant_kind": "robot" if run.rehearsal else "person",
            }
        )
    files = {}
    for folder, rows in scans.items():
        beside = f"{folder}/{folder.replace('/', '_')}_scans"
        files[f"{beside}.tsv"] = table_of(rows, tuple(rows[0]))
    return files


def sessions_files(folders: Iterable[str]) -> dict[str, str]:
    """Return ``sessions.tsv`` of each participant; no dates, as they could tell who it was.

    Parameters
    ----------
    folders : iterable of str
        Each session's folder in the data set.
    """
    sessions: dict[str, list[dict[str, str]]] = {}
    for folder in sorted(set(folders)):
        participant, session = folder.split("/")
        sessions.setdefault(participant, []).append({"session_id": session})
    return {
        f"{participant}/{participant}_sessions.tsv": table_of(rows, tuple(rows[0]))
        for participant, rows in sessions.items()
    }
