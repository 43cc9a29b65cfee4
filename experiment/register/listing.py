"""What the command `participant list` tells."""

from __future__ import annotations

import datetime as dt

from rich.cells import cell_len

from experiment.protocol.design import NO_STRATUM
from experiment.register.concerns import concerns
from experiment.register.standing import PeriodStanding, SessionStanding, Standing, standing
from experiment.register.state import Participant, Register, open_register
from experiment.said import Said, in_words, listed
from experiment.study import Study

_HEAD = ("label", "slot", "done", "next")
_NONE = "-"


def list_all(study: Study, today: dt.date, language: str = "en") -> list[str]:
    """Return a line for each participant, in columns: slot, what is done, what is next."""
    register = open_register(study.folder)
    rows: list[tuple[str, ...]] = [tuple(Said(f"list_.{name}") for name in _HEAD)]
    rows += [_columns(standing(study, one, today)) for one in register.participants]
    cells = [[in_words(cell, language) for cell in row] for row in rows]
    widths = [max(cell_len(row[i]) for row in cells) for i in range(len(_HEAD))]
    lines = [
        "  ".join(
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in cells
    ]
    if not register.participants:
        lines = [Said("list_.nobody")]
    return [*lines, *_about(register)]


def list_one(study: Study, label: str, today: dt.date) -> list[str]:
    """Return all that there is to tell of one participant."""
    register = open_register(study.folder)
    where = standing(study, register.participant(label), today)
    one = where.participant
    lines: list[str] = [Said("list_.participant", participant=label, state=_state(one))]
    if one.slot is not None:
        lines.append(Said("list_.place", slot=one.slot, stratum=one.stratum))
    if one.replaces:
        lines.append(Said("register.in_place_of", participant=one.replaces))
    lines += map(_of_period, where.periods)
    if where.days_since_last_dose is not None:
        dose = {"day": where.last_dose, "days": where.days_since_last_dose}
        if where.last_dose_is_planned:
            entered = where.last_entered or _NONE
            lines.append(Said("list_.last_dose_planned", **dose, entered=entered))
        else:
            lines.append(Said("list_.last_dose", **dose))
    lines += map(_of_session, where.sessions)
    for again in one.repeats:
        values = {"session": again.session, "reason": again.reason, "place": again.moved_to}
        lines.append(Said("list_.repeated", **values))
    following = where.next_session
    if following is not None:
        lines += [
            Said("list_.look_at", what=Said(f"concerns.{concern.code}", **concern.values))
            for concern in concerns(register, where, following.session)
        ]
    return lines


def _columns(where: Standing) -> tuple[str, ...]:
    one = where.participant
    done = sum(session.state == "done" for session in where.sessions)
    following: str
    if one.withdrawn is not None:
        following = _state(one)
    elif where.next_session is None:
        following = Said("list_.complete")
    else:
        following = _state_of(where.next_session)
    return (
        one.label,
        one.slot or _NONE,
        Said("list_.done_of", done=done, all=len(where.sessions)),
        following,
    )


def _of_period(period: PeriodStanding) -> str:
    when = Said("list_.not_scheduled")
    if period.first_dose is not None:
        when = Said("list_.drug", first=period.first_dose, last=period.last_dose)
    elif period.earliest is not None:
        when = Said("list_.not_scheduled_from", day=period.earliest)
    values = {"period": period.number, "kit": period.drug_kit, "when": when}
    if period.drug_free_days is None:
        return Said("list_.period", **values)
    kept = Said("list_.kept" if period.washout_kept else "list_.not_kept")
    return Said("list_.period_washout", **values, days=period.drug_free_days, kept=kept)


def _of_session(session: SessionStanding) -> str:
    return Said("list_.session", said=_state_of(session))


def _state_of(session: SessionStanding) -> str:
    state = Said(f"list_.states.{session.state}")
    said = Said("list_.state", session=session.session, state=state)
    if session.state != "done" and session.days is not None:
        said = Said("list_.due", said=said, due=session.days.due)
        if session.days.first != session.days.last:
            span = {"first": session.days.first, "last": session.days.last}
            said = Said("list_.allowed", said=said, **span)
    if session.state == "begun":
        said = Said("list_.missing", said=said, tasks=listed(session.missing))
    if any(log.robot for log in session.logs):
        said = Said("list_.robot", said=said)
    return said


def _state(one: Participant) -> str:
    if one.withdrawn is None:
        return Said("list_.in_study")
    left = {"day": one.withdrawn.astimezone().date(), "reason": one.withdrawn_why}
    if one.replaced_by is None:
        return Said("list_.left", **left)
    return Said("list_.left_replaced", **left, other=one.replaced_by)


def _about(register: Register) -> list[str]:
    lines: list[str] = []
    if register.allocation is not None:
        left = {name: len(register.free_slots(name)) for name in register.allocation.slots}
        free = listed(
            str(count) if name == NO_STRATUM else Said("list_.free", stratum=name, count=count)
            for name, count in left.items()
        )
        lines.append(Said("list_.free_slots", slots=free))
        if register.allocation.rehearsal:
            lines.append(Said("list_.look_at", what=Said("concerns.rehearsal_allocation")))
    if register.edited_at is not None:
        edited = Said("list_.edited", file=register.file, line=register.edited_at)
        lines.append(Said("list_.look_at", what=edited))
    return lines
