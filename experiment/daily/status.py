"""Which daily reports are there, missing, late or doubled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from experiment.daily.days import (
    Period,
    daily_of,
    known_periods_of,
    participants_with_days,
    periods_of,
)
from experiment.daily.reports import Report, reports_of
from experiment.errors import BadInput
from experiment.study import Study


@dataclass(frozen=True)
class PeriodStatus:
    """How complete the reports of one period are.

    Parameters
    ----------
    period : Period
    there, missing, late, doubled, to_come : tuple of date
        Days with a report; days that are over without one; days whose first report was filled in
        later; days with more than one; days that are not over yet.
    """

    period: Period
    there: tuple[date, ...]
    missing: tuple[date, ...]
    late: tuple[date, ...]
    doubled: tuple[date, ...]
    to_come: tuple[date, ...]


def status_of(period: Period, reports: Sequence[Report], today: date) -> PeriodStatus:
    """Return how complete the reports of a period are.

    Parameters
    ----------
    period : Period
    reports : sequence of Report
        Of one participant; those of other sessions or days are not looked at.
    today : date
        A day that isn't over: without a report it is no missing one yet.
    """
    own = [report for report in reports if report.session == period.session]
    of_day = {day: [r for r in own if r.day == day] for day in period.dates}
    return PeriodStatus(
        period,
        there=tuple(day for day, found in of_day.items() if found),
        missing=tuple(day for day, found in of_day.items() if not found and day < today),
        late=tuple(day for day, found in of_day.items() if found and all(r.late for r in found)),
        doubled=tuple(day for day, found in of_day.items() if len(found) > 1),
        to_come=tuple(day for day, found in of_day.items() if not found and day >= today),
    )


def status_lines(study: Study, participant: str | None, today: date) -> list[str]:
    """Return the state of daily reports as lines for the assistant.

    Raises
    ------
    BadInput
        If nobody's days are known.
    """
    daily_of(study)
    who = [participant] if participant is not None else participants_with_days(study)
    if not who:
        raise BadInput(
            f"{study.folder}: no participant's days are known; enter when a period begins: of "
            "drug, with run_session.py participant schedule; else, with run_session.py daily start"
        )
    daily = reports_of(study)
    lines = [f"can't be used: {why}" for _, why in daily.damaged]
    known = known_periods_of(study, who)
    for label in who:
        own = [report for report in daily.reports if report.participant == label]
        periods = known[label] or periods_of(study, label)  # which tells what to do
        lines.append(f"participant {label}")
        for period in periods:
            status = status_of(period, own, today)
            lines.append(_line(status))
            lines += [_one(r) for r in own if r.number and r.day in status.doubled]
        lines += [
            f"  {one.day}: a report of session {one.session}, which is no day of its period, and "
            f"not counted ({one.file.name})"
            for one in own
            if one.number is None
        ]
        refiled = [one for one in (*daily.reports, *daily.uncounted) if one.refiled]
        lines += [_anew(one) for one in refiled if label in _whose(one)]
    return lines


def _line(status: PeriodStatus) -> str:
    period = status.period
    parts = [f"{len(status.there)} of {period.days} reports"]
    for what, days in (
        ("missing", status.missing),
        ("late", status.late),
        ("doubled", status.doubled),
    ):
        if days:
            parts.append(f"{what}: {', '.join(day.isoformat() for day in days)}")
    if status.to_come:
        parts.append(f"{len(status.to_come)} to come")
    return f"  session {period.session}, {period.first} to {period.last}: " + "; ".join(parts)


def _one(report: Report) -> str:
    """Return which of a day's reports it is."""
    completed = f"{report.completed:%Y-%m-%d %H:%M}"
    return f"    {report.day}: {report.file.name} ({report.source}), filled in {completed}"


def _anew(report: Report) -> str:
    anew = report.refiled
    assert anew is not None, "only of those that were filed anew"
    return (
        f"  {report.day}: {report.file.name} counts for {anew.whom}, says {anew.by} "
        f"on {anew.utc.astimezone().date()}: {anew.reason}"
    )


def _whose(report: Report) -> tuple[str, str]:
    """Return the participants whom a report counts for, and for whom it was kept."""
    return report.participant, report.file.name.partition("_")[0].removeprefix("sub-")
