"""Which sessions of which participants are done, begun or missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analysis.science.gather import Seen
from experiment.errors import BadInput
from experiment.register import open_register
from experiment.register.done import logs_of_session
from experiment.study import Study

State = Literal["done", "begun", "missing", "left"]


@dataclass(frozen=True)
class Person:
    """A participant and their sessions.

    Parameters
    ----------
    label : str
    states : tuple of (str, State)
        Session and state, in the study's order; ``left`` is what somebody who left won't do.
    withdrawn : bool
    """

    label: str
    states: tuple[tuple[str, State], ...]
    withdrawn: bool

    @property
    def complete(self) -> bool:
        """Whether all sessions are done."""
        return all(state == "done" for _, state in self.states)


@dataclass(frozen=True)
class Completeness:
    """The participants of a study.

    Parameters
    ----------
    people : tuple of Person
    sessions : tuple of str
    registered : bool
        Whether the register told who takes part; else the logs did.
    """

    people: tuple[Person, ...]
    sessions: tuple[str, ...]
    registered: bool

    def count(self, session: str, state: State) -> int:
        """Return how many participants have a session in a state."""
        return sum((session, state) in person.states for person in self.people)

    @property
    def complete(self) -> int:
        """How many participants have done every session."""
        return sum(person.complete for person in self.people)


def completeness(study: Study, logs: tuple[Seen, ...], *, rehearsals: bool) -> Completeness:
    """Return which sessions are done: every task that isn't optional ended as planned.

    Parameters
    ----------
    study : Study
    logs : tuple of Seen
    rehearsals : bool
        Whether robots' sessions count.
    """
    left = _register(study)
    seen = {log.participant for log in logs if log.participant and log.left_out is None}
    labels = sorted({*left, *seen})
    sessions = tuple(study.protocol.sessions)
    people = []
    for label in labels:
        gone = left.get(label, False)
        states: list[tuple[str, State]] = [
            (session, _state(study, label, session, gone=gone, rehearsals=rehearsals))
            for session in sessions
        ]
        people.append(Person(label, tuple(states), gone))
    return Completeness(tuple(people), sessions, bool(left))


def _register(study: Study) -> dict[str, bool]:
    """Return whether each enrolled participant left; nobody where there is no register."""
    try:
        return {
            one.label: one.withdrawn is not None for one in open_register(study.folder).participants
        }
    except BadInput:
        return {}


def _state(study: Study, label: str, session: str, *, gone: bool, rehearsals: bool) -> State:
    logs = [
        log
        for log in logs_of_session(study, label, session)
        if log.problem is None and (rehearsals or not log.robot)
    ]
    done = {task for log in logs for task in log.tasks_done}
    if set(study.protocol.sessions[session].tasks) <= done:
        return "done"
    if logs:
        return "begun"
    return "left" if gone else "missing"
