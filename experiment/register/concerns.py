"""What speaks against running a session now: each a plain question for whoever is at the desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, TypeAlias

from experiment.errors import BadInput
from experiment.register.standing import SessionStanding, Standing
from experiment.register.state import Register, open_register
from experiment.said import Said
from experiment.study import Study

ConcernCode: TypeAlias = Literal[
    "withdrawn",  # the participant left: {on}
    "unblinded",  # whoever knows the arm must not run them: {on}, {by}: initials
    "done_already",  # every task is done: {session}
    "order_reversed",  # an earlier session isn't done: {session}, {earlier}
    "unscheduled",  # no day of first dose: {session}, {period}
    "too_early",  # {session}, {first}, {days}: so many days before its window
    "too_late",  # {session}, {last}, {days}: so many days after its window
    "washout_short",  # {period}, {drug_free_days}, {earliest}
    "clock_behind",  # the computer's date is before the newest entry or log: {today}, {newest}
    "register_edited",  # the journal was edited by hand: {line}
    "rehearsal_allocation",  # the sealed list was made to try things out
    "no_allocation",  # the study has a design, and no sealed list yet
]


@dataclass(frozen=True)
class Concern:
    """Something to be asked before a session is begun.

    Parameters
    ----------
    code : ConcernCode
    values : dict of str to str
        What the question says, by name, as listed beside each code. Dates are ISO 8601.
    """

    code: ConcernCode
    values: dict[str, str]


def concerns(register: Register, where: Standing, session: str) -> tuple[Concern, ...]:
    """Return what speaks against running a session today; nothing for the right next step.

    Somebody who was never enrolled has neither days nor a place on the sealed list.

    Parameters
    ----------
    register : Register
    where : Standing
        Of the participant, today.
    session : str
        Label.

    Raises
    ------
    KeyError
        If the study has no such session.
    """
    asked = where.session(session)
    enrolled = register.enrolled(where.participant.label)
    found = _about_the_order(where, asked)
    if enrolled:
        found += _about_the_days(where, asked)
    newest = newest_day(register, where)
    if newest is not None and where.today < newest:
        found.append(_concern("clock_behind", today=where.today, newest=newest))
    if register.edited_at is not None:
        found.append(_concern("register_edited", line=register.edited_at))
    if enrolled:
        found += _about_the_list(register, where)
    return tuple(found)


def newest_day(register: Register, where: Standing) -> dt.date | None:
    """Return the newest day that the journal or the participant's logs know of, at the desk."""
    logs = [log.utc for one in where.sessions for log in one.logs if log.utc]
    times = [dt.datetime.fromisoformat(text.replace("Z", "+00:00")) for text in logs]
    if register.last_change is not None:
        times.append(register.last_change)
    return max((time.astimezone().date() for time in times), default=None)


def _about_the_order(where: Standing, asked: SessionStanding) -> list[Concern]:
    found = []
    if where.participant.withdrawn is not None:
        found.append(_concern("withdrawn", on=where.participant.withdrawn.astimezone().date()))
    if where.participant.unblinded is not None:
        day = where.participant.unblinded.astimezone().date()
        found.append(_concern("unblinded", on=day, by=", ".join(where.participant.told)))
    if asked.state == "done":
        found.append(_concern("done_already", session=asked.session))
    before = where.sessions[: where.sessions.index(asked)]
    missing = [one.session for one in before if one.state != "done"]
    if missing:
        found.append(_concern("order_reversed", session=asked.session, earlier=missing[0]))
    return found


def _about_the_days(where: Standing, asked: SessionStanding) -> list[Concern]:
    if asked.period is None or asked.state == "done":
        return []
    if asked.days is None:
        return [_concern("unscheduled", session=asked.session, period=asked.period)]
    found, days = [], asked.days
    if where.today < days.first:
        left = (days.first - where.today).days
        found.append(_concern("too_early", session=asked.session, first=days.first, days=left))
    if where.today > days.last:
        over = (where.today - days.last).days
        found.append(_concern("too_late", session=asked.session, last=days.last, days=over))
    period = where.periods[asked.period - 1]
    if period.washout_kept is False:
        found.append(
            _concern(
                "washout_short",
                period=asked.period,
                drug_free_days=period.drug_free_days,
                earliest=period.earliest,
            )
        )
    return found


def _about_the_list(register: Register, where: Standing) -> list[Concern]:
    if register.allocation is None:
        return [_concern("no_allocation")] if where.periods else []
    return [_concern("rehearsal_allocation")] if register.allocation.rehearsal else []


def _concern(code: ConcernCode, **values: object) -> Concern:
    return Concern(code, {name: str(value) for name, value in values.items()})


def may_run(
    study: Study, label: str, tasks: Collection[str], *, rehearsal: bool
) -> dict[str, str] | None:
    """Make sure that a participant may be run at all, and return what the log notes of their slot.

    A study without a design needs no register, and what its register says binds nobody. Whoever
    left may still be told that they were deceived.

    Parameters
    ----------
    study : Study
    label : str
    tasks : collection of str
        Those that are about to be run.
    rehearsal : bool
        Whether a robot takes part, who is nobody's participant and is never refused.

    Raises
    ------
    BadInput
        If the study has a design and the participant was not enrolled, or has left.
    """
    if study.protocol.design is None:
        return None
    register = open_register(study.folder)
    if not rehearsal:
        left = register.participant(label).withdrawn is not None
        if left and not all(map(study.is_debriefing, tasks)):
            raise BadInput(Said("refused.left", participant=label))
    return register.binding(label)
