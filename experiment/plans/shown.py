"""What a participant has seen already, and what of it comes once more.

Nothing that a run showed comes again in another one: that holds for messages and for people, also
if the run's session was set aside. The run itself, done again, shows what its last try showed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Run: TypeAlias = tuple[str, str]
"""Labels of a session and of a task in it."""


@dataclass(frozen=True)
class Shown:
    """What was shown in a run that took place.

    Parameters
    ----------
    session, task : str
        Labels.
    message_ids : tuple of str
        As planned: a run that was cut short counts as a whole one.
    people : mapping of int to tuple of str
        Ids of those whose answers were shown, by block (from 1), as planned too.
    set_aside : bool
        Whether its session is done again.
    """

    session: str
    task: str
    message_ids: tuple[str, ...] = ()
    people: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    set_aside: bool = False

    @property
    def run(self) -> Run:
        """Which run it was."""
        return self.session, self.task

    @property
    def profile_ids(self) -> tuple[str, ...]:
        """All people of the run."""
        return tuple(one for ids in self.people.values() for one in ids)


def taken_place(shown: Iterable[Shown]) -> set[Run]:
    """Return the runs that are done; those that were set aside are still to come."""
    return {one.run for one in shown if not one.set_aside}


def last_tries(shown: Iterable[Shown]) -> dict[Run, Shown]:
    """Return what the last try of each run showed whose session was set aside."""
    return {one.run: one for one in shown if one.set_aside}


def messages_seen(shown: Iterable[Shown], but: Run | None = None) -> set[str]:
    """Return the ids of all messages that any run showed, or any other than one."""
    return {message for one in shown if one.run != but for message in one.message_ids}


def people_seen(shown: Iterable[Shown], but: Run | None = None) -> set[str]:
    """Return the ids of all people who answered in any run, or in any other than one."""
    return {person for one in shown if one.run != but for person in one.profile_ids}
