"""Where a participant stands on a day: sessions due, done and missing, doses, washout.

Everything here is worked out from the register, the protocol's design and the logs; nothing is
written. Days are calendar days at the desk.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, TypeAlias

from experiment.protocol import Design, Window
from experiment.register.done import LogSummary, logs_of_session
from experiment.register.state import Participant
from experiment.study import Study

_DAY = dt.timedelta(days=1)

SessionState: TypeAlias = Literal[
    "done",  # every task's run is over
    "begun",  # a log of a task that is missing is there: it was interrupted
    "due",  # today is within its window, or it has none
    "early",  # its window opens later
    "overdue",  # its window is over
    "unscheduled",  # its period has no day of first dose yet
    "closed",  # the participant left the study before it
]


@dataclass(frozen=True)
class Days:
    """The calendar days of a session's window, all inclusive."""

    first: dt.date
    due: dt.date
    last: dt.date


@dataclass(frozen=True)
class SessionStanding:
    """A session of a participant.

    Parameters
    ----------
    session : str
    state : SessionState
    period : int or None
        Which period it belongs to, from 1; None for a session outside of the periods.
    days : Days or None
        Its window; None if it has none, or its period isn't scheduled.
    tasks : tuple of str
        What is to be done in it, in order; without the optional ones.
    missing : tuple of str
        Tasks of these that are not done yet.
    attempt : int
        From 1; more if it is a repeat.
    logs : tuple of LogSummary
        Of this attempt.
    """

    session: str
    state: SessionState
    period: int | None
    days: Days | None
    tasks: tuple[str, ...]
    missing: tuple[str, ...]
    attempt: int
    logs: tuple[LogSummary, ...]


@dataclass(frozen=True)
class PeriodStanding:
    """A period of drug.

    Parameters
    ----------
    number : int
        From 1.
    drug_kit : str or None
        Number on the kit to hand out; None before the participant has a slot.
    first_dose, last_dose : datetime.date or None
        As planned; None before the period is scheduled.
    doses : tuple of datetime.date
        Days on which a dose was recorded.
    earliest : datetime.date or None
        First day on which its first dose keeps the washout; None if the period before isn't
        scheduled, or for the first period.
    drug_free_days : int or None
        Days without drug between the last dose of the period before and this one's first.
    washout_kept : bool or None
        Whether these are enough; None while it can't be told, and for the first period.
    """

    number: int
    drug_kit: str | None
    first_dose: dt.date | None
    last_dose: dt.date | None
    doses: tuple[dt.date, ...]
    earliest: dt.date | None
    drug_free_days: int | None
    washout_kept: bool | None


@dataclass(frozen=True)
class Standing:
    """Where a participant stands on a day.

    Parameters
    ----------
    participant : Participant
    today : datetime.date
    sessions : tuple of SessionStanding
        All of the study, in its order.
    periods : tuple of PeriodStanding
        Empty for a study without a design.
    last_dose : datetime.date or None
        The last day up to today on which a dose was recorded, or planned and they had not left.
    days_since_last_dose : int or None
        0 if it was today.
    last_entered : datetime.date or None
        The last day up to today on which a dose was recorded: what is known, not planned.
    """

    participant: Participant
    today: dt.date
    sessions: tuple[SessionStanding, ...]
    periods: tuple[PeriodStanding, ...]
    last_dose: dt.date | None
    days_since_last_dose: int | None
    last_entered: dt.date | None

    @property
    def last_dose_is_planned(self) -> bool:
        """Whether nobody entered the last dose: it may not have been taken."""
        return self.last_dose != self.last_entered

    @property
    def next_session(self) -> SessionStanding | None:
        """The first session that isn't done; None if all are, or the participant left."""
        if self.participant.withdrawn is not None:
            return None
        return next((one for one in self.sessions if one.state != "done"), None)

    def session(self, label: str) -> SessionStanding:
        """Return one session of the study.

        Raises
        ------
        KeyError
            If the study has none of this label.
        """
        for one in self.sessions:
            if one.session == label:
                return one
        raise KeyError(label)


def standing(study: Study, participant: Participant, today: dt.date) -> Standing:
    """Work out where a participant stands.

    Parameters
    ----------
    study : Study
    participant : Participant
        From the register, just read.
    today : datetime.date
        At the desk.
    """
    design = study.protocol.design
    periods = () if design is None else periods_of(design, participant)
    entered = {day for taken in participant.doses.values() for day in taken if day <= today}
    last = max(entered | _planned_until(design, participant, today), default=None)
    return Standing(
        participant,
        today,
        tuple(_session(study, participant, label, today) for label in study.protocol.sessions),
        periods,
        last,
        None if last is None else (today - last).days,
        max(entered, default=None),
    )


def _session(study: Study, one: Participant, label: str, today: dt.date) -> SessionStanding:
    design, tasks = study.protocol.design, study.protocol.sessions[label].tasks
    logs = logs_of_session(study, one.label, label)
    done = {task for log in logs for task in log.tasks_done}
    missing = tuple(task for task in tasks if task not in done)
    period = None if design is None else design.period_of(label)
    days = None if design is None or period is None else days_of(design, one, label)
    return SessionStanding(
        label,
        _state(one, any(log.may_hold(missing) for log in logs), missing, period, days, today),
        period,
        days,
        tasks,
        missing,
        one.attempt(label),
        logs,
    )


def _state(
    one: Participant,
    begun: bool,
    missing: tuple[str, ...],
    period: int | None,
    days: Days | None,
    today: dt.date,
) -> SessionState:
    if not missing:
        return "done"
    if one.withdrawn is not None:
        return "closed"
    if begun:
        return "begun"
    if period is None:
        return "due"
    if days is None:
        return "unscheduled"
    if today < days.first:
        return "early"
    return "overdue" if today > days.last else "due"


def days_of(design: Design, one: Participant, session: str) -> Days | None:
    """Return the window of a session; None if it has none, or its period isn't scheduled."""
    number = design.period_of(session)
    if number is None or number not in one.first_doses:
        return None
    window: Window = design.periods[number - 1].sessions[session]
    due = one.first_doses[number] + (window.day - 1) * _DAY
    return Days(due - window.earlier * _DAY, due, due + window.later * _DAY)


def periods_of(design: Design, one: Participant) -> tuple[PeriodStanding, ...]:
    """Return where a participant's periods stand."""
    found: list[PeriodStanding] = []
    for number in range(1, len(design.periods) + 1):
        first = one.first_doses.get(number)
        before = _last_of(design, one, number - 1)
        earliest = None if before is None else before + (1 + (design.washout_days or 0)) * _DAY
        free = None if first is None or before is None else (first - before).days - 1
        found.append(
            PeriodStanding(
                number,
                one.drug_kit(number),
                first,
                None if first is None else first + (design.drug_days - 1) * _DAY,
                one.doses.get(number, ()),
                earliest,
                free,
                None if free is None else free >= (design.washout_days or 0),
            )
        )
    return tuple(found)


def _last_of(design: Design, one: Participant, number: int) -> dt.date | None:
    """Return the last day of a dose in a period: the planned one, or a later one that was taken.

    A dose that was not recorded counts as taken: a washout is not to be cut short by a line that
    somebody forgot to write.
    """
    days = [*one.doses.get(number, ())]
    if number in one.first_doses:
        days.append(one.first_doses[number] + (design.drug_days - 1) * _DAY)
    return max(days, default=None)


def _planned_until(design: Design | None, one: Participant, today: dt.date) -> set[dt.date]:
    """Return the days up to today on which a dose was planned; none after they left."""
    if design is None:
        return set()
    end = today if one.withdrawn is None else min(today, one.withdrawn.astimezone().date())
    days = {first + n * _DAY for first in one.first_doses.values() for n in range(design.drug_days)}
    return {day for day in days if day <= end}
