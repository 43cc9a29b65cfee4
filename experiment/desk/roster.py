"""Who is in a study and where they stand: from the register, and from folders where it has nobody.

A participant who has a folder or a log, and was never enrolled, is there too, without any dates.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from experiment.register import (
    Participant,
    Register,
    SessionStanding,
    Standing,
    open_register,
    standing,
)
from experiment.register.identity import Identity, identity_of
from experiment.study import Study


@dataclass(frozen=True)
class Roster:
    """Everybody in a study, as read just now.

    Parameters
    ----------
    study : Study
    register : Register
        Empty for a study that has none.
    people : tuple of Participant
        Sorted by label.
    """

    study: Study
    register: Register
    people: tuple[Participant, ...]

    def read_again(self) -> Roster:
        """Return who is in the study by now."""
        return roster_of(self.study)

    def person(self, label: str) -> Participant | None:
        """Return a participant by label; None if there is nobody."""
        return next((one for one in self.people if one.label == label), None)

    def enrolled(self, label: str) -> bool:
        """Whether somebody is in the register, and not only in a folder."""
        return self.register.enrolled(label)

    def standing(self, label: str, today: dt.date) -> Standing:
        """Work out where a participant stands today.

        Raises
        ------
        KeyError
            If there is nobody of this label.
        """
        person = self.person(label)
        if person is None:
            raise KeyError(label)
        return standing(self.study, person, today)

    def identity(self, label: str) -> Identity | None:
        """Return a participant's initials and colour; None if none were set.

        Raises
        ------
        BadInput
            If their file can't be read.
        """
        return identity_of(self.study, self.register, label)


def roster_of(study: Study) -> Roster:
    """Read who is in a study.

    Raises
    ------
    BadInput
        If the register can't be read.
    """
    register = open_register(study.folder)
    known = {one.label: one for one in register.participants}
    others = {
        label: register.anybody(label) for label in _labels_of_folders(study) if label not in known
    }
    everybody = {**known, **others}
    return Roster(study, register, tuple(everybody[label] for label in sorted(everybody)))


def is_rehearsal(visit: SessionStanding) -> bool:
    """Whether a robot answered in any part of a session."""
    return any(log.robot for log in visit.logs)


def last_day(visit: SessionStanding) -> dt.date | None:
    """Return the day, at the desk, on which a session was last at work; None if never."""
    days = [day_of(log.utc) for log in visit.logs if log.utc]
    return max(days, default=None)


def day_of(utc: str) -> dt.date:
    """Return the day at the desk of a moment (ISO 8601)."""
    return dt.datetime.fromisoformat(utc.replace("Z", "+00:00")).astimezone().date()


def _labels_of_folders(study: Study) -> set[str]:
    kits = (place for place in (study.folder / "participants").glob("*") if place.is_dir())
    logs = (place for place in (study.folder / "sourcedata").glob("sub-*") if place.is_dir())
    found = {place.name for place in kits} | {place.name.removeprefix("sub-") for place in logs}
    return {label for label in found if label.isascii() and label.isalnum()}
