"""Changing the register: every change is checked, made under the lock, and signed.

Each function reads the journal anew while it holds the lock, so that two assistants at once can't
lose or contradict an entry, and returns the lines to tell. What is refused changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from experiment.errors import BadInput
from experiment.kit.decisions import check_initials
from experiment.protocol import Design
from experiment.register.done import logs_of_session
from experiment.register.entries import (
    AnyEntry,
    Dosed,
    Enrolled,
    Scheduled,
    Withdrawn,
)
from experiment.register.journal import Journal, append, locked, read_journal
from experiment.register.standing import PeriodStanding, days_of, standing
from experiment.register.state import Participant, Register, open_register, register_of
from experiment.said import Said, words_of
from experiment.study import Study, check_label

Now = Callable[[], dt.datetime]
_REASON = 200  # characters
_FAR = dt.timedelta(days=3 * 365)  # a date further off than this is a slip of the keyboard


def utc_now() -> dt.datetime:
    """Return the present time in UTC."""
    return dt.datetime.now(dt.timezone.utc)


@dataclass(frozen=True)
class Desk:
    """The register, held for one change.

    Parameters
    ----------
    journal : Journal
    register : Register
        What it adds up to.
    now : datetime.datetime
        UTC.
    """

    journal: Journal
    register: Register
    now: dt.datetime

    def write(self, entry: AnyEntry) -> None:
        """Add an entry; each desk is good for one."""
        append(self.journal, entry, self.now)

    def active(self, label: str) -> Participant:
        """Return a participant who is still in the study.

        Raises
        ------
        BadInput
            If nobody of this label was enrolled, or they left.
        """
        one = self.register.participant(label)
        if one.withdrawn is not None:
            day = one.withdrawn.astimezone().date()
            raise BadInput(Said("refused.left_on", participant=label, day=day))
        return one


@contextmanager
def at_the_desk(study: Path, by: str, now: Now = utc_now) -> Iterator[Desk]:
    """Hold a study's register for one change.

    Raises
    ------
    BadInput
        If the initials or the journal can't be used.
    RegisterBusy
        If somebody else holds it.
    """
    check_initials(by)
    with locked(study, by):
        journal = read_journal(study)
        yield Desk(journal, register_of(journal), now())


def enrol(
    study: Study,
    label: str,
    by: str,
    *,
    levels: Mapping[str, str] | None = None,
    initials: str | None = None,
    now: Now = utc_now,
) -> list[str]:
    """Enrol a participant, and bind them to the next slot of their stratum.

    Parameters
    ----------
    study : Study
    label : str
    by : str
        Initials of the assistant.
    levels : mapping of str to str or None
        A level for each factor of the design's strata.
    initials : str or None
        The participant's, to ask for at the door.
    now : callable
        Gives the time (UTC).

    Raises
    ------
    BadInput
        If the label is taken, a factor lacks a level, or no slot is free.
    """
    check_label("participant", label)
    _check_own_initials(initials)
    design = study.protocol.design
    if design is None:
        if levels:
            raise BadInput(Said("refused.no_strata"))
        stratum = None
    else:
        try:
            stratum = design.stratum(levels or {})
        except ValueError as error:
            raise BadInput(Said("refused.stratum", problem=words_of(error))) from None
    with at_the_desk(study.folder, by, now) as desk:
        slot = _place(desk, label, stratum)
        desk.write(
            Enrolled(by=by, participant=label, slot=slot, stratum=stratum, initials=initials)
        )
    return _told_enrolled(study, label)


def substitute(
    study: Study,
    label: str,
    new: str,
    by: str,
    *,
    initials: str | None = None,
    now: Now = utc_now,
) -> list[str]:
    """Enrol somebody in the place of a participant who left, in a fresh slot of the same stratum.

    A fresh slot, not the sequence of the one who left: else the two would have one arm between
    them, and whoever learns of the one (an emergency) would know the other.

    Parameters
    ----------
    study : Study
    label, new : str
        Who left; who comes.
    by : str
        Initials of the assistant.
    initials : str or None
        The new participant's.
    now : callable

    Raises
    ------
    BadInput
        If the first has not left or was replaced before, or the second can't be enrolled.
    """
    check_label("participant", new)
    _check_own_initials(initials)
    with at_the_desk(study.folder, by, now) as desk:
        gone = desk.register.participant(label)
        if gone.withdrawn is None:
            raise BadInput(Said("refused.still_there", participant=label))
        if gone.replaced_by is not None:
            raise BadInput(Said("refused.replaced", participant=label, other=gone.replaced_by))
        slot = _place(desk, new, gone.stratum)
        desk.write(
            Enrolled(
                by=by,
                participant=new,
                slot=slot,
                stratum=gone.stratum,
                initials=initials,
                replaces=label,
            )
        )
    return [*_told_enrolled(study, new), Said("register.in_place_of", participant=label)]


def withdraw(study: Study, label: str, by: str, reason: str, now: Now = utc_now) -> list[str]:
    """Enter that a participant left the study; their slot stays theirs, their data stay.

    Raises
    ------
    BadInput
        If they are not in it, or no reason is given.
    """
    check_reason(reason)
    with at_the_desk(study.folder, by, now) as desk:
        desk.active(label)
        desk.write(Withdrawn(by=by, participant=label, reason=reason.strip()))
    return [
        Said("register.left", participant=label),
        Said("register.left_replace", participant=label),
        Said("register.left_forget", participant=label),
    ]


def schedule(
    study: Study, label: str, by: str, period: int, first_dose: dt.date, now: Now = utc_now
) -> list[str]:
    """Set the day of the first dose of a period; all its sessions follow from it.

    Raises
    ------
    BadInput
        If there is no such period, its sessions were begun, or it would not keep the washout or
        come before the period before it.
    """
    design = _design(study)
    _check_period(design, period)
    with at_the_desk(study.folder, by, now) as desk:
        _check_near(first_dose, desk.now)
        one = desk.active(label)
        _check_not_begun(study, one, design, period)
        if period > 1 and period - 1 not in one.first_doses:
            raise BadInput(Said("refused.period_before", participant=label, period=period - 1))
        moved = replace(one, first_doses={**one.first_doses, period: first_dose})
        after = standing(study, moved, first_dose)
        for place in after.periods:
            _check_washout(design, place, moved=period)
        desk.write(Scheduled(by=by, participant=label, period=period, first_dose=first_dose))
    told = open_register(study.folder).participant(label)
    last = first_dose + dt.timedelta(days=design.drug_days - 1)
    whose = {"participant": label, "period": period}
    lines: list[str] = [Said("register.period", **whose, first=first_dose, last=last)]
    for session in design.periods[period - 1].sessions:
        days = days_of(design, told, session)
        assert days is not None
        values = {"session": session, "due": days.due}
        if days.first == days.last:
            lines.append(Said("register.session", **values))
        else:
            span = {"first": days.first, "last": days.last}
            lines.append(Said("register.session_allowed", **values, **span))
    if period < len(design.periods):
        free = (design.washout_days or 0) + 1
        day = last + dt.timedelta(days=free)
        lines.append(Said("register.next_period", period=period + 1, day=day))
    return lines


def dose(
    study: Study, label: str, by: str, period: int, on: dt.date, now: Now = utc_now
) -> list[str]:
    """Enter that a dose was taken on a day.

    Raises
    ------
    BadInput
        If there is no such period, the day is to come, or it was entered before.
    """
    _check_period(_design(study), period)
    with at_the_desk(study.folder, by, now) as desk:
        one = desk.active(label)
        if on > desk.now.astimezone().date():
            raise BadInput(Said("refused.to_come", day=on))
        _check_near(on, desk.now)
        if period not in one.first_doses:
            raise BadInput(Said("refused.not_planned", participant=label, period=period))
        if on < one.first_doses[period]:
            raise BadInput(Said("refused.before_first", day=on, first=one.first_doses[period]))
        if on in one.doses.get(period, ()):
            raise BadInput(Said("refused.entered", day=on))
        if period + 1 in one.first_doses and on >= one.first_doses[period + 1]:
            raise BadInput(Said("refused.next_begun", day=on, period=period + 1))
        desk.write(Dosed(by=by, participant=label, period=period, on=on))
    return [Said("register.dose", participant=label, period=period, day=on)]


def check_reason(reason: str) -> None:
    """Make sure that a reason says something, in one line.

    Raises
    ------
    BadInput
        If it doesn't.
    """
    if not reason.strip() or not reason.isprintable() or len(reason) > _REASON:
        raise BadInput(Said("refused.reason", letters=_REASON))


def _place(desk: Desk, label: str, stratum: str | None) -> str | None:
    """Return the slot for a new participant; None in a study without a design."""
    if any(one.label == label for one in desk.register.participants):
        raise BadInput(Said("refused.taken", participant=label))
    if stratum is None:
        return None
    if desk.register.allocation is None:
        raise BadInput(Said("refused.no_list", file=desk.register.file))
    free = desk.register.free_slots(stratum)
    if not free:
        raise BadInput(Said("refused.no_slot", stratum=stratum))
    return free[0]


def _told_enrolled(study: Study, label: str) -> list[str]:
    one = open_register(study.folder).participant(label)
    card = {"participant": label, "colour": Said(f"colours.{one.colour}")}
    if one.slot is None:
        return [Said("register.enrolled", **card)]
    return [
        Said("register.enrolled_slot", **card, slot=one.slot, stratum=one.stratum),
        Said("register.first_kit", kit=one.drug_kit(1)),
    ]


def _check_own_initials(initials: str | None) -> None:
    if initials is not None:
        try:
            check_initials(initials)
        except BadInput:
            raise BadInput(Said("refused.own_initials")) from None


def _design(study: Study) -> Design:
    if study.protocol.design is None:
        raise BadInput(Said("refused.no_periods", file=study.folder / "study.yaml"))
    return study.protocol.design


def _check_period(design: Design, period: int) -> None:
    if not 1 <= period <= len(design.periods):
        count = len(design.periods)
        which = "refused.one_period" if count == 1 else "refused.periods"
        raise BadInput(Said(which, period=period, count=count))


def _check_near(day: dt.date, now: dt.datetime) -> None:
    today = now.astimezone().date()
    if abs(day - today) > _FAR:
        raise BadInput(Said("refused.years", day=day, today=today))


def _check_not_begun(study: Study, one: Participant, design: Design, period: int) -> None:
    for session in design.periods[period - 1].sessions:
        tasks = study.protocol.sessions[session].tasks
        if any(log.may_hold(tasks) for log in logs_of_session(study, one.label, session)):
            whose = {"participant": one.label, "session": session, "period": period}
            raise BadInput(Said("refused.begun", **whose))


def _check_washout(design: Design, place: PeriodStanding, moved: int) -> None:
    if place.drug_free_days is None or place.washout_kept:
        return
    days = {
        "day": place.first_dose,
        "free": place.drug_free_days,
        "needed": design.washout_days,
    }
    if moved == place.number:
        raise BadInput(Said("refused.washout", **days, before=moved - 1, earliest=place.earliest))
    raise BadInput(Said("refused.washout_after", **days, period=moved, after=place.number))
