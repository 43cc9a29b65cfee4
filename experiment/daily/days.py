"""Which days a participant's reports are about: the protocol's number of days, from a first one.

The first day of each period is in ``participants/P/days.yaml``, a session's label and a date a
line::

    "01": 2026-03-02
    "02": 2026-03-16

Neither the file nor anything here knows what is taken in a period.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from experiment.errors import BadInput
from experiment.files import write_whole
from experiment.protocol import DailySettings, QuestionnaireTask, read_yaml
from experiment.protocol.yaml_files import line_at
from experiment.study import Study, check_label


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
        If the file is missing or wrong, or periods overlap.
    """
    file = days_file(study, participant)
    if not file.is_file():
        raise BadInput(
            f"{file}: no such file: it says on which days the periods of participant "
            f"{participant} begin; make it with: run_session.py daily start STUDY --participant "
            f"{participant} --session S --first YEAR-MONTH-DAY"
        )
    return _periods(daily_of(study)[0], _first_days(file, daily_of(study)[0]), str(file))


def set_first_day(study: Study, participant: str, session: str, first: date) -> Path:
    """Write down on which day a participant's period begins, and return the file.

    Raises
    ------
    BadInput
        If the protocol has no such period, or it would overlap another one; nothing is changed.
    """
    check_label("participant", participant)
    daily, file = daily_of(study)[0], days_file(study, participant)
    if session not in daily.days:
        raise BadInput(f"no period {session!r}; allowed: {', '.join(sorted(daily.days))}")
    known = _first_days(file, daily) if file.is_file() else {}
    firsts = {**known, session: first}
    _periods(daily, firsts, f"period {session!r}")
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
    return (moment.replace(tzinfo=None) - timedelta(hours=day_begins)).date()


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


def _first_days(file: Path, daily: DailySettings) -> dict[str, date]:
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
