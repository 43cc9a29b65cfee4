"""Which sessions of which participants are done, begun or missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analysis.science.facts import Seen
from experiment.errors import BadInput
from experiment.register import open_register
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
    counted = [log for log in logs if log.participant and (rehearsals or not log.rehearsal)]
    labels = sorted({*left, *(str(log.participant) for log in counted if log.left_out is None)})
    sessions = tuple(study.protocol.sessions)
    done: dict[tuple[str | None, str | None], set[str]] = {}
    for log in counted:
        done.setdefault((log.participant, log.session), set()).update(log.done)

    def state_of(label: str, session: str) -> State:
        ended = done.get((label, session))
        if ended is None:
            return "left" if left.get(label, False) else "missing"
        return "done" if set(study.protocol.sessions[session].tasks) <= ended else "begun"

    people = []
    for label in labels:
        states = tuple((session, state_of(label, session)) for session in sessions)
        people.append(Person(label, states, left.get(label, False)))
    return Completeness(tuple(people), sessions, bool(left))


def _register(study: Study) -> dict[str, bool]:
    """Return whether each enrolled participant left; nobody where there is no register."""
    try:
        return {
            one.label: one.withdrawn is not None for one in open_register(study.folder).participants
        }
    except BadInput:
        return {}
