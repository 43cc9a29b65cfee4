"""When a session has ended: what the assistant is to know, and what goes into the kit.

Participants who were deceived are told so, also when a session ends before its time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from experiment.choices import keep_choices
from experiment.readlog import read_log
from experiment.register import open_register, standing
from experiment.said import Said, typed
from experiment.study import Study, open_study


@dataclass(frozen=True)
class Debriefing:
    """A debriefing that a participant has not seen, and who may not come again.

    Parameters
    ----------
    session, task : str
        Labels.
    alone : bool
        Whether it is run by itself; else it is all that is left of the session.
    resume : bool
        Whether what was begun is gone on with.
    now : bool
        Whether it is to be shown before they leave; else only if they don't come again.
    """

    session: str
    task: str
    alone: bool
    resume: bool
    now: bool


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
        If the kit can't be written, or the register can't be read.
    TooFewLiked
        As in `keep_choices`; the lines before it have been given by then.
    """
    study, ended = open_study(folder), read_log(log)
    if ended.header["rehearsal"]:  # which gives no data
        return
    due = debriefing_due(study, participant)
    if due is not None:
        only = ("--task", due.task) if due.alone else ()
        on = ("--resume",) if due.resume else ()
        who = ("--participant", participant, "--session", due.session)
        command = typed("run_session.py", "run", folder, *who, *only, *on)
        key = "not_debriefed" if due.now else "not_debriefed_yet"
        yield Said(f"run.{key}", participant=participant, command=command)
    yield from keep_choices(study, participant, ended)


def debriefing_due(study: Study, participant: str) -> Debriefing | None:
    """Return the debriefing that a participant may leave without.

    Returns
    -------
    Debriefing or None
        Of a session that broke off, if it has one of its own, else the study's last; None if there
        is none, it was shown, or the participant is in the study and no session is unfinished.

    Raises
    ------
    BadInput
        If the register can't be read.
    """
    shown_in = [
        (label, task)
        for label, visit in study.protocol.sessions.items()
        for task in visit.all_tasks
        if study.is_debriefing(task)
    ]
    if not shown_in:
        return None
    person = open_register(study.folder).anybody(participant)
    where = standing(study, person, dt.date.today())
    left = person.withdrawn is not None
    met = [one.session for one in where.sessions if one.logs and (left or one.state == "begun")]
    if not met:
        return None
    own = [one for one in shown_in if one[0] == met[-1]]
    session, task = (own or shown_in)[-1]
    if any(task in log.tasks_done for one in where.sessions for log in one.logs):
        return None
    visit = where.session(session)
    alone = visit.missing != (task,)  # as it was run with the others, so it is gone on with
    alone = alone or all(log.tasks_begun == (task,) for log in visit.logs)
    resume = not alone or any(log.tasks_begun == (task,) for log in visit.logs)
    return Debriefing(session, task, alone, resume, now=left or bool(own))
