"""Participants who were deceived are told so, also when a session ends before its time."""

from __future__ import annotations

from pathlib import Path

from experiment.protocol import PagesTask
from experiment.readlog import read_log
from experiment.said import Said
from experiment.study import Study, open_study


def debriefing_left(folder: Path, participant: str, log: Path) -> tuple[str, ...]:
    """Return what the assistant is to do for a participant who may leave without a debriefing.

    Parameters
    ----------
    folder : Path
        The study's.
    participant : str
        Label.
    log : Path
        Of the session that has just ended, however it ended.

    Returns
    -------
    tuple of str
        Lines; none if the session was complete, or the study has no debriefing, or it was shown.
    """
    study, ended = open_study(folder), read_log(log)
    where = _debriefing(study)
    if ended.status == "complete" or where is None:
        return ()
    session, task = where
    logs = (read_log(file) for file in study.logs_of(participant))
    if any(event["task"] == task for one in logs for event in one.of("run_end")):
        return ()
    key = "not_debriefed" if session == ended.header["session"] else "not_debriefed_yet"
    command = (
        f"run_session.py run {folder} --participant {participant} --session {session} --task {task}"
    )
    return (Said(f"run.{key}", participant=participant, command=command),)


def _debriefing(study: Study) -> tuple[str, str] | None:
    """Return session and label of the study's last debriefing."""
    tasks = study.protocol.tasks
    found = [
        (session, task)
        for session, visit in study.protocol.sessions.items()
        for task in visit.all_tasks
        if isinstance(spec := tasks[task], PagesTask) and spec.debriefing
    ]
    return found[-1] if found else None
