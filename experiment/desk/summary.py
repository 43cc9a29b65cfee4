"""What is said at a session's end, in the desk's window and at a terminal alike."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from analysis.monitor_texts import clock_of
from experiment.desk.ended import read_ended
from experiment.desk.roster import roster_of
from experiment.desk.texts import Texts, speaking
from experiment.register import Standing
from experiment.said import in_words
from experiment.study import Study, open_study


def task_names(study: Study, texts: Texts) -> dict[str, str]:
    """Return the plain name of each of a study's tasks."""
    return {task: in_words(study.task_name(task), texts.tag) for task in study.protocol.tasks}


def next_step(
    where: Standing, session: str, status: str, texts: Texts, *, alone: bool = False
) -> str:
    """Return what the assistant is to do next.

    Parameters
    ----------
    where : Standing
        Of the participant, after the session.
    session : str
        Label of the one that has ended.
    status : str
        How it ended, or ``not_started``.
    texts : Texts
    alone : bool
        Whether it was an optional task by itself.
    """
    if status == "not_started":
        return texts.says("summary.next_error")
    if status == "stopped":
        return texts.says("summary.next_stopped")
    if alone and status != "complete":
        return texts.says("summary.next_resume")
    visit = where.next_session
    if visit is None:
        return texts.says("summary.next_done")
    over = any(one.session == session and one.state == "done" for one in where.sessions)
    if not over and (status != "complete" or (visit.session == session and visit.state == "begun")):
        return texts.says("summary.next_resume")
    if visit.state == "unscheduled":
        return texts.says("summary.next_plan", session=visit.session, period=visit.period)
    if visit.days is None or visit.state in ("due", "begun"):
        return texts.says("summary.next_now", session=visit.session)
    if visit.state == "overdue":
        return texts.says("summary.next_late", session=visit.session, date=visit.days.last)
    return texts.says("summary.next_session", session=visit.session, date=visit.days.due)


def summary_lines(folder: Path, participant: str, log: Path, language: str) -> list[str]:
    """Return what a session came to, line by line: how it ended, lengths, faults, what comes next.

    Parameters
    ----------
    folder : Path
        The study's.
    participant : str
        Label.
    log : Path
        Of the session that has just ended.
    language : str
        The assistant's.

    Raises
    ------
    BadInput
        If log or register can't be read.
    """
    texts, study = speaking(language), open_study(folder)
    says, ended, names = texts.says, read_ended(log, language), task_names(study, texts)
    lines = [f"{says('summary.durations')}:"]
    for task in ended.tasks:
        key = "task" if task.complete else "task_part"
        name = names.get(task.task, task.task)
        lines.append("  " + says(f"summary.{key}", task=name, time=clock_of(task.seconds)))
    faults = [
        says("summary.fault" if fault.count > 1 else "summary.fault_once", name=fault.name,
             count=fault.count)
        for fault in ended.faults
    ]  # fmt: skip
    lines.append(f"{says('summary.faults')}: {'; '.join(faults) or says('summary.no_faults')}")
    if ended.robot:
        lines.append(says("summary.robot"))
    lines.append(f"{says('summary.data')}: {log.parent}")
    people = roster_of(study)
    if people.person(participant) is not None:  # a rehearsal may be of nobody
        where = people.standing(participant, dt.date.today())
        following = next_step(where, ended.session, ended.status, texts)
        lines.append(f"{says('summary.next')}: {following}")
    return [*lines, says(f"summary.{ended.status}")]
