"""Which days a participant's reports are about: the protocol's number of days, from a first one.

In a study with a ``design``, the first day of a period of drug is that of its first dose, as the
register has it. Of any other session it is in ``participants/P/days.yaml``, a session's label and a
date a line::

    "01": 2026-03-02
    "02": 2026-03-16

No first day is in both. Neither the file nor anything here knows what is taken in a period.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from experiment.errors import BadInput
from experiment.files import write_whole
from experiment.protocol import DailySettings, QuestionnaireTask
from experiment.study import Study, check_label
from experiment.yaml_files import line_at, read_yaml

if TYPE_CHECKING:
    from experiment.register.state import Register


@dataclass(frozen=True)
class Period:
    """The days of a period, to which a session belongs.

    Parameters
    ----------
    session : str
        Label of the session.
    first : date
    days : int
    """

    session: str
    first: date
    days: int

    @property
    def dates(self) -> tuple[date, ...]:
        """Every day of it."""
        return tuple(self.first + timedelta(days=n) for n in range(self.days))

    @property
    def last(self) -> date:
        """Its last day."""
        return self.dates[-1]

    def number_of(self, day: date) -> int | None:
        """Return a day's number, from 1; None if it isn't in the period."""
        number = (day - self.first).days + 1
        return number if 1 <= number <= self.days else None


def daily_of(study: Study) -> tuple[DailySettings, QuestionnaireTask]:
    """Return what a study's protocol says about daily reports.

    Raises
    ------
    BadInput
        If it has none.
    """
    daily = study.protocol.daily
    if daily is None:
        raise BadInput(
            f"{study.folder / 'study.yaml'}: has no section daily (docs/questionnaires.md)"
        )
    spec = study.protocol.tasks[daily.task]
    assert isinstance(spec, QuestionnaireTask), "checked when the protocol was read"
    return daily, spec


def days_file(study: Study, participant: str) -> Path:
    """Return where the first days of a participant's periods are."""
    return study.folder / "participants" / participant / "days.yaml"


def periods_of(study: Study, participant: str) -> tuple[Period, ...]:
    """Return a participant's periods, in the order of the protocol's sessions.

    Raises
    ------
    BadInput
        If no first day is known, what says so is wrong, or periods overlap.
    """
    periods = known_periods(study, participant)
    if periods:
        return periods
    daily = daily_of(study)[0]
    if _of_register(study, daily):
        raise BadInput(
            f"{_register(study).file}: no period of participant {participant} is "
            "scheduled; daily reports begin with its first dose, enter it with: run_session.py "
            f"participant schedule STUDY --participant {participant} --period N --first-dose "
            "YEAR-MONTH-DAY --by INITIALS"
        )
    file = days_file(study, participant)
    raise BadInput(
        f"{file}: {'is empty' if file.is_file() else 'no such file'}: it says on which days the "
        f"periods of participant {participant} begin; make it with: run_session.py daily start "
        f"STUDY --participant {participant} --session S --first YEAR-MONTH-DAY"
    )


def known_periods(study: Study, participant: str) -> tuple[Period, ...]:
    """Return those of a participant's periods whose first day is known; see `periods_of`."""
    return known_periods_of(study, (participant,))[participant]


def known_periods_of(study: Study, participants: Iterable[str]) -> dict[str, tuple[Period, ...]]:
    """Return the same of several participants; the register is read once for all of them."""
    daily = study.protocol.daily
    if daily is None:
        return {one: () for one in participants}
    scheduled = _scheduled(study, daily)
    return {one: _known(study, daily, one, scheduled.get(one, {})) for one in participants}


def _known(
    study: Study, daily: DailySettings, participant: str, scheduled: Mapping[str, date]
) -> tuple[Period, ...]:
    file, firsts = days_file(study, participant), dict(scheduled)
    if file.is_file():
        firsts |= _first_days(file, daily, _of_register(study, daily))
    return _periods(daily, firsts, f"participant {participant}")


def period_of(periods: Sequence[Period], session: str) -> Period | None:
    """Return the period that a session ends; None if it isn't among these."""
    return next((period for period in periods if period.session == session), None)


def of_another_period(periods: Sequence[Period], session: str, day: date) -> bool:
    """Whether a day is known not to be one of the period that a session ends."""
    own = period_of(periods, session)
    if own is not None:
        return own.number_of(day) is None
    return any(period.number_of(day) is not None for period in periods)


def participants_with_days(study: Study) -> list[str]:
    """Return the labels of all participants of whom a period's first day is known."""
    files = (study.folder / "participants").glob("*/days.yaml")
    scheduled = _scheduled(study, daily_of(study)[0])
    return sorted({file.parent.name for file in files} | set(scheduled))


def set_first_day(study: Study, participant: str, session: str, first: date) -> Path:
    """Write down on which day a participant's period begins, and return the file.

    Raises
    ------
    BadInput
        If the protocol has no such period, it is one of the register's, or it would overlap another
        one; nothing is changed.
    """
    check_label("participant", participant)
    daily, file = daily_of(study)[0], days_file(study, participant)
    if session not in daily.days:
        raise BadInput(f"no period {session!r}; allowed: {', '.join(sorted(daily.days))}")
    scheduled = _of_register(study, daily)
    if session in scheduled:
        raise BadInput(
            f"period {session!r}: begins with its first dose, which the register has; enter that "
            f"with: run_session.py participant schedule STUDY --participant {participant} --period "
            f"{scheduled[session]} --first-dose {first} --by INITIALS"
        )
    known = _first_days(file, daily, scheduled) if file.is_file() else {}
    firsts = {**known, session: first}
    both = {**_scheduled(study, daily).get(participant, {}), **firsts}
    _periods(daily, both, f"period {session!r}")
    lines = ["# The first day of each period, by the label of its session.\n"]
    lines += [f'"{label}": {firsts[label].isoformat()}\n' for label in sorted(firsts)]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, "".join(lines), mode=0o600)
    except OSError as error:
        raise BadInput(f"{file}: can't be written ({error.strerror})") from None
    return file


def day_of(moment: datetime, day_begins: int) -> date:
    """Return the day to which a local time belongs, where days begin so many h after midnight."""
    day = moment.date()
    return day - timedelta(days=1) if moment.hour < day_begins else day


def date_from(text: str, what: str) -> date:
    """Return a date that is written as year, month and day.

    Raises
    ------
    BadInput
        If it isn't one.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise BadInput(f"{what} {text!r}: a date is needed, such as 2026-03-02") from None


def _register(study: Study) -> Register:
    from experiment.register.state import open_register  # only where a study has periods of drug

    return open_register(study.folder)


def _of_register(study: Study, daily: DailySettings) -> dict[str, int]:
    """Return the sessions that end a period of drug, with its number (from 1)."""
    design = study.protocol.design
    numbers = {} if design is None else {label: design.period_of(label) for label in daily.days}
    return {label: number for label, number in numbers.items() if number is not None}


def _scheduled(study: Study, daily: DailySettings) -> dict[str, dict[str, date]]:
    """Return the first days that the register has, by participant and session."""
    sessions = _of_register(study, daily)
    if not sessions:
        return {}
    firsts = {
        one.label: {
            label: one.first_doses[number]
            for label, number in sessions.items()
            if number in one.first_doses
        }
        for one in _register(study).participants
    }
    return {who: days for who, days in firsts.items() if days}


def _first_days(file: Path, daily: DailySettings, scheduled: Mapping[str, int]) -> dict[str, date]:
    tree = read_yaml(file)
    if not isinstance(tree, dict):
        raise BadInput(
            f'{file}:1: a session and a date a line are needed, such as "01": 2026-03-02'
        )
    for label, first in tree.items():
        line = line_at(tree, (label,))
        if label not in daily.days:
            raise BadInput(
                f"{file}:{line}: no period {label!r}, allowed: {', '.join(sorted(daily.days))} "
                "(in quotes)"
            )
        if label in scheduled:
            raise BadInput(
                f"{file}:{line}: period {label!r} begins with its first dose, which the register "
                "has; take the line out"
            )
        if not isinstance(first, date) or isinstance(first, datetime):
            raise BadInput(f"{file}:{line}: {label}: a date is needed, such as 2026-03-02")
    return dict(tree)


def _periods(daily: DailySettings, firsts: Mapping[str, date], where: str) -> tuple[Period, ...]:
    periods = tuple(
        Period(label, firsts[label], days) for label, days in daily.days.items() if label in firsts
    )
    for i, one in enumerate(periods):
        for other in periods[i + 1 :]:
            if one.first <= other.last and other.first <= one.last:
                raise BadInput(
                    f"{where}: the periods of sessions {one.session} ({one.first} to {one.last}) "
                    f"and {other.session} ({other.first} to {other.last}) overlap"
                )
    return periods
