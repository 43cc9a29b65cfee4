"""When a session has ended: what the assistant is to know, and what goes into the kit.

Participants who were deceived are told so, also when a session ends before its time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from experiment.choices import keep_choices
from experiment.protocol import PagesTask
from experiment.readlog import SessionLog, read_log
from experiment.said import Said
from experiment.study import Study, open_study


def after_session(folder: Path, participant: str, log: Path) -> Iterator[str]:
    """Keep what a session gave, and tell what the assistant is to do now.

    Parameters
    ----------
    folder : Path
        The study's.
    participant : str
        Label.
    log : Path
        Of the session that has just ended, however it ended.

    Yields
    ------
    str
        A line for the assistant.

    Raises
    ------
    BadInput
        If the kit can't be written.
    TooFewLiked
        As in `keep_choices`; the lines before it have been given by then.
    """
    study, ended = open_study(folder), read_log(log)
    yield from debriefing_left(study, participant, ended)
    if not ended.header["rehearsal"]:  # which gives no data
        yield from keep_choices(study, participant, ended)


def debriefing_left(study: Study, participant: str, ended: SessionLog) -> tuple[str, ...]:
    """Return what the assistant is to do for a participant who may leave without a debriefing.

    Returns
    -------
    tuple of str
        Lines; none if the session was complete, or the study has no debriefing, or it was shown.
    """
    where = _debriefing(study, ended.header["session"])
    if ended.status == "complete" or where is None:
        return ()
    session, task = where
    logs = (read_log(file) for file in study.logs_of(participant))
    if any(event["task"] == task for one in logs for event in one.of("run_end")):
        return ()
    key = "not_debriefed" if session == ended.header["session"] else "not_debriefed_yet"
    command = (
        f"run_session.py run {study.folder} --participant {participant} --session {session} "
        f"--task {task}"
    )
    return (Said(f"run.{key}", participant=participant, command=command),)


def _debriefing(study: Study, session: str) -> tuple[str, str] | None:
    """Return session and label of a session's own debriefing, else of the study's last."""
    tasks = study.protocol.tasks
    found = [
        (label, task)
        for label, visit in study.protocol.sessions.items()
        for task in visit.all_tasks
        if isinstance(spec := tasks[task], PagesTask) and spec.debriefing
    ]
    own = [one for one in found if one[0] == session] or found
    return own[-1] if own else None
