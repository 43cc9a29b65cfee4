"""Optional tasks: what may be run by itself, beside the sessions, and what became of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from experiment.catalogue import KINDS
from experiment.desk.roster import day_of
from experiment.register import SessionStanding, Standing
from experiment.study import Study


@dataclass(frozen=True)
class Alone:
    """An optional task of a session.

    Parameters
    ----------
    session, task : str
        Labels.
    state : str
        ``todo``, ``begun`` (it broke off) or ``done``.
    last : datetime.date or None
        The day on which it was last at work; None if never.
    again : bool
        Whether it may be run any number of times, each from its beginning.
    """

    session: str
    task: str
    state: Literal["todo", "begun", "done"]
    last: dt.date | None
    again: bool

    @property
    def can_run(self) -> bool:
        """Whether it may be run now."""
        return self.again or self.state != "done"

    @property
    def resume(self) -> bool:
        """Whether what was begun is gone on with."""
        return self.state == "begun" and not self.again


def optional_tasks(study: Study, where: Standing) -> tuple[Alone, ...]:
    """Return the optional tasks of all sessions up to the next one; none of whoever left."""
    if where.participant.withdrawn is not None:
        return ()
    found: list[Alone] = []
    for visit in where.sessions:
        tasks = study.protocol.sessions[visit.session].optional
        found += [_standing(study, visit, task) for task in tasks]
        if visit == where.next_session:
            break
    return tuple(found)


def _standing(study: Study, visit: SessionStanding, task: str) -> Alone:
    daily = study.protocol.daily
    logs = [log for log in visit.logs if task in log.tasks_begun]
    done = any(task in log.tasks_done for log in logs)
    return Alone(
        visit.session,
        task,
        "done" if done else "begun" if logs else "todo",
        max((day_of(log.utc) for log in logs if log.utc), default=None),
        KINDS[study.protocol.tasks[task].kind].can_be_continued
        or (daily is not None and daily.task == task),
    )
