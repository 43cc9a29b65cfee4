"""The register: what all entries of a journal add up to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from experiment.errors import BadInput
from experiment.register.entries import (
    AllocationReceived,
    Dosed,
    Enrolled,
    IdentitySet,
    Refiled,
    Repeated,
    Scheduled,
    Unblinded,
    Withdrawn,
)
from experiment.register.journal import Journal, Line, damaged, read_journal
from experiment.said import Said

OfOne: TypeAlias = Scheduled | Dosed | Withdrawn | Repeated | Unblinded
"""Entries about somebody who is enrolled."""

COLOURS = ("blue", "orange", "green", "purple", "yellow", "red", "turquoise", "grey")
"""A participant's colour beside their initials, against mix-ups; neighbours differ."""
_LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc)


@dataclass(frozen=True)
class Repeat:
    """A session that is to be done again.

    Parameters
    ----------
    session : str
    reason : str
    by : str
        Initials.
    utc : datetime.datetime
    moved_to : str
        Where the earlier logs lie, from the study's folder.
    """

    session: str
    reason: str
    by: str
    utc: dt.datetime
    moved_to: str


@dataclass(frozen=True)
class Refiling:
    """A daily report that counts for somebody else than it was kept for.

    Parameters
    ----------
    participant, session : str or None
        Labels of whom and what it counts for; None for nobody.
    reason : str
    by : str
        Initials.
    utc : datetime.datetime
    """

    participant: str | None
    session: str | None
    reason: str
    by: str
    utc: dt.datetime

    @property
    def whom(self) -> str:
        """For whom it counts, in words."""
        return "nobody" if self.participant is None else f"participant {self.participant}"


@dataclass(frozen=True)
class Participant:
    """A participant, as the desk knows them. Nothing here tells the arm.

    Parameters
    ----------
    label : str
        Without ``sub-``.
    enrolled : datetime.datetime
        When (UTC).
    colour : str
        One of `COLOURS`, by the order of enrolment.
    slot : str or None
        Place on the sealed list, which is also the number on the drug kits; None without a design.
    stratum : str or None
    initials : str or None
        The participant's own, to ask for at the door.
    replaces, replaced_by : str or None
        Labels.
    withdrawn : datetime.datetime or None
        When (UTC).
    withdrawn_why : str or None
    first_doses : mapping of int to datetime.date
        Planned day of the first dose, by period (from 1).
    doses : mapping of int to tuple of datetime.date
        Days on which a dose was recorded, by period, rising.
    repeats : tuple of Repeat
    unblinded : datetime.datetime or None
        When their arm was last told to somebody (UTC).
    told : tuple of str
        Initials of whoever it was told to, in order.
    """

    label: str
    enrolled: dt.datetime
    colour: str
    slot: str | None = None
    stratum: str | None = None
    initials: str | None = None
    replaces: str | None = None
    replaced_by: str | None = None
    withdrawn: dt.datetime | None = None
    withdrawn_why: str | None = None
    first_doses: Mapping[int, dt.date] = field(default_factory=dict)
    doses: Mapping[int, tuple[dt.date, ...]] = field(default_factory=dict)
    repeats: tuple[Repeat, ...] = ()
    unblinded: dt.datetime | None = None
    told: tuple[str, ...] = ()

    def drug_kit(self, period: int) -> str | None:
        """Return the number on the drug kit of a period; None without a slot."""
        return None if self.slot is None else f"{self.slot}-{period}"

    def attempt(self, session: str) -> int:
        """Return which attempt at a session is the present one, from 1."""
        return 1 + sum(repeat.session == session for repeat in self.repeats)


@dataclass(frozen=True)
class Allocation:
    """What the desk knows of the sealed list.

    Parameters
    ----------
    digest : str
        SHA-256 of the file.
    slots : mapping of str to tuple of str
        Slot numbers of each stratum, in the order in which they are given out.
    rehearsal : bool
        Whether it was made with a known seed, to try things out.
    """

    digest: str
    slots: Mapping[str, tuple[str, ...]]
    rehearsal: bool


@dataclass(frozen=True)
class Register:
    """All that is known of a study's participants.

    Parameters
    ----------
    file : Path
        The journal.
    participants : tuple of Participant
        In the order of enrolment.
    allocation : Allocation or None
        None until the sealed list was received.
    edited_at : int or None
        Line of the journal that somebody edited by hand; None if it is as it was written.
    last_change : datetime.datetime or None
        When the newest entry was made (UTC).
    refiled : mapping of str to Refiling
        The last word on each daily report that was filed anew, by the file that holds it, from the
        study's folder.
    """

    file: Path
    participants: tuple[Participant, ...] = ()
    allocation: Allocation | None = None
    edited_at: int | None = None
    last_change: dt.datetime | None = None
    refiled: Mapping[str, Refiling] = field(default_factory=dict)

    def participant(self, label: str) -> Participant:
        """Return a participant.

        Raises
        ------
        BadInput
            If nobody of this label was enrolled.
        """
        for one in self.participants:
            if one.label == label:
                return one
        raise BadInput(Said("refused.unknown", participant=label, file=self.file))

    def enrolled(self, label: str) -> bool:
        """Whether somebody was enrolled."""
        return any(one.label == label for one in self.participants)

    def anybody(self, label: str) -> Participant:
        """Return a participant, or somebody of this label who was never enrolled."""
        if self.enrolled(label):
            return self.participant(label)
        return Participant(label, _LONG_AGO, COLOURS[0])

    def binding(self, label: str) -> dict[str, str] | None:
        """Return what a session's log notes of the allocation; None for whoever has no slot.

        The digest of the sealed list and the slot: a list or a slot that is changed later shows.
        """
        slot = next((one.slot for one in self.participants if one.label == label), None)
        if self.allocation is None or slot is None:
            return None
        return {"digest": self.allocation.digest, "slot": slot}

    def free_slots(self, stratum: str) -> tuple[str, ...]:
        """Return the slots of a stratum that nobody has yet, the next one first."""
        if self.allocation is None:
            return ()
        taken = {one.slot for one in self.participants}
        return tuple(slot for slot in self.allocation.slots.get(stratum, ()) if slot not in taken)


def open_register(study: Path) -> Register:
    """Read the register of the study in a folder; it is empty if nothing was entered yet.

    Parameters
    ----------
    study : Path
        The study's folder.

    Raises
    ------
    BadInput
        If the journal can't be read, or an entry can't follow those before it. Names the line.
    """
    return register_of(read_journal(study))


def register_of(journal: Journal) -> Register:
    """Add up a journal; see `open_register`."""
    people: dict[str, Participant] = {}
    allocation: Allocation | None = None
    refiled: dict[str, Refiling] = {}
    for line in journal.lines:
        entry = line.entry
        if isinstance(entry, AllocationReceived):
            allocation = Allocation(entry.sha256, entry.slots, entry.rehearsal)
        elif isinstance(entry, IdentitySet):
            continue  # of anybody, and beside the kit
        elif isinstance(entry, Refiled):  # of anybody, too
            whom = (entry.participant, entry.session)
            refiled[entry.file] = Refiling(*whom, entry.reason, entry.by, line.utc)
        elif isinstance(entry, Enrolled):
            _enrol(people, entry, line, journal.file)
        else:
            if isinstance(entry, Repeated):
                refiled = {_moved(file, entry): one for file, one in refiled.items()}
            for label in people if entry.participant is None else (entry.participant,):
                if label not in people:
                    raise damaged(
                        journal.file, line.number, Said("refused.not_yet", participant=label)
                    )
                people[label] = _changed(people[label], entry, line.utc)
    return Register(
        journal.file,
        tuple(people.values()),
        allocation,
        journal.edited_at,
        journal.lines[-1].utc if journal.lines else None,
        refiled,
    )


def _enrol(people: dict[str, Participant], entry: Enrolled, line: Line, file: Path) -> None:
    if entry.participant in people:
        raise damaged(
            file, line.number, Said("refused.enrolled_twice", participant=entry.participant)
        )
    if entry.slot is not None and any(entry.slot == one.slot for one in people.values()):
        raise damaged(file, line.number, Said("refused.slot_twice", slot=entry.slot))
    if entry.replaces is not None:
        if entry.replaces not in people:
            raise damaged(file, line.number, Said("refused.not_yet", participant=entry.replaces))
        gone = people[entry.replaces]
        people[gone.label] = replace(gone, replaced_by=entry.participant)
    people[entry.participant] = Participant(
        label=entry.participant,
        enrolled=line.utc,
        colour=COLOURS[len(people) % len(COLOURS)],
        slot=entry.slot,
        stratum=entry.stratum,
        initials=entry.initials,
        replaces=entry.replaces,
    )


def _moved(file: str, entry: Repeated) -> str:
    """Return where a file of the study is after a session's folder was set aside."""
    folder = f"sourcedata/sub-{entry.participant}/ses-{entry.session}/"
    return f"{entry.moved_to}/{file.removeprefix(folder)}" if file.startswith(folder) else file


def _changed(one: Participant, entry: OfOne, utc: dt.datetime) -> Participant:
    match entry:
        case Scheduled():
            return replace(one, first_doses={**one.first_doses, entry.period: entry.first_dose})
        case Dosed():
            days = tuple(sorted({*one.doses.get(entry.period, ()), entry.on}))
            return replace(one, doses={**one.doses, entry.period: days})
        case Withdrawn():
            return replace(one, withdrawn=utc, withdrawn_why=entry.reason)
        case Repeated():
            again = Repeat(entry.session, entry.reason, entry.by, utc, entry.moved_to)
            return replace(one, repeats=(*one.repeats, again))
        case Unblinded():
            told = tuple(dict.fromkeys((*one.told, entry.by)))
            return replace(one, unblinded=utc, told=told)
