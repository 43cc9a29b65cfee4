"""What the command `participant list` tells."""

from __future__ import annotations

import datetime as dt

from experiment.register.concerns import concerns
from experiment.register.standing import SessionStanding, Standing, standing
from experiment.register.state import Participant, Register, open_register
from experiment.study import Study


def list_all(study: Study, today: dt.date) -> list[str]:
    """Return a line for each participant: slot, what is done, what is next."""
    register = open_register(study.folder)
    people = [_columns(standing(study, one, today)) for one in register.participants]
    head = ("label", "initials", "colour", "slot", "done", "next")
    widths = [max(len(row[i]) for row in (head, *people)) for i in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *people)
    ]
    return [*lines, *_about(register)]


def list_one(study: Study, label: str, today: dt.date) -> list[str]:
    """Return all that there is to tell of one participant."""
    register = open_register(study.folder)
    where = standing(study, register.participant(label), today)
    one = where.participant
    lines = [f"participant {label}: {_state(one)}"]
    if one.slot is not None:
        lines.append(f"slot {one.slot}, stratum {one.stratum}")
    lines += [f"in the place of participant {one.replaces}"] if one.replaces else []
    for period in where.periods:
        when = "not scheduled"
        if period.first_dose is not None:
            when = f"drug from {period.first_dose} to {period.last_dose}"
        elif period.earliest is not None:
            when = f"not scheduled, first dose from {period.earliest} on"
        free = ""
        if period.drug_free_days is not None:
            kept = "kept" if period.washout_kept else "NOT KEPT"
            free = f"; {period.drug_free_days} days without drug before it, washout {kept}"
        lines.append(f"period {period.number}, drug kit {period.drug_kit}: {when}{free}")
    if where.days_since_last_dose is not None:
        lines.append(f"last dose {where.last_dose}, {where.days_since_last_dose} days ago")
    lines += [_of_session(session) for session in where.sessions]
    lines += [
        f"session {again.session} is to be repeated ({again.reason}); before: {again.moved_to}"
        for again in one.repeats
    ]
    following = where.next_session
    if following is not None:
        lines += [
            f"look at: {concern.code} {' '.join(f'{k}={v}' for k, v in concern.values.items())}"
            for concern in concerns(register, where, following.session)
        ]
    return lines


def _columns(where: Standing) -> tuple[str, ...]:
    one = where.participant
    done = sum(session.state == "done" for session in where.sessions)
    if one.withdrawn is not None:
        following = _state(one)
    elif where.next_session is None:
        following = "complete"
    else:
        following = _of_session(where.next_session).removeprefix("session ")
    return (
        one.label,
        one.initials or "-",
        one.colour,
        one.slot or "-",
        f"{done} of {len(where.sessions)}",
        following,
    )


def _of_session(session: SessionStanding) -> str:
    said = f"session {session.session}: {session.state}"
    if session.state != "done" and session.days is not None:
        said += f", {session.days.due}"
        if session.days.first != session.days.last:
            said += f" ({session.days.first} to {session.days.last})"
    if session.state == "begun":
        said += f", missing: {', '.join(session.missing)}"
    if any(log.robot for log in session.logs):
        said += ", a robot's rehearsal"
    return said


def _state(one: Participant) -> str:
    if one.withdrawn is None:
        return "in the study"
    by = "" if one.replaced_by is None else f", replaced by {one.replaced_by}"
    return f"left on {one.withdrawn.astimezone().date()} ({one.withdrawn_why}){by}"


def _about(register: Register) -> list[str]:
    lines = []
    if register.allocation is not None:
        left = {name: len(register.free_slots(name)) for name in register.allocation.slots}
        lines.append("free slots: " + ", ".join(f"{name} {n}" for name, n in left.items()))
        if register.allocation.rehearsal:
            lines.append("look at: the sealed list is one for rehearsals")
    if register.edited_at is not None:
        lines.append(f"look at: {register.file}:{register.edited_at} was edited by hand")
    return lines
