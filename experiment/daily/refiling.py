"""Filing a daily report anew that came under another participant's label, or another session's.

Nothing is moved or written over: what was kept stays as it was sent, in its file. From then on it
counts for whom the register's journal says, with who said so, when and why; the last word holds.
"""

from __future__ import annotations

from pathlib import Path

from experiment.daily.days import periods_of
from experiment.daily.reports import DailyReports, Report, reports_of
from experiment.daily.sent import period_with, spans_of
from experiment.errors import BadInput
from experiment.register.changes import Now, at_the_desk, check_reason, utc_now
from experiment.register.entries import Refiled
from experiment.study import Study, check_label

_NOBODY = "nobody"


def refile(
    study: Study, file: Path, participant: str | None, by: str, reason: str, now: Now = utc_now
) -> list[str]:
    """Have a report count for a participant, in the period that its day is of.

    Parameters
    ----------
    study : Study
    file : Path
        What holds the report; its name is enough.
    participant : str or None
        Label of whose it is; None if it is nobody's, and is not to count.
    by : str
        Initials.
    reason : str
    now : callable

    Returns
    -------
    list of str
        Lines to tell.

    Raises
    ------
    BadInput
        If there is no such report, it counts there already, or its day is no day of a period of
        the participant. Nothing is changed then.
    """
    if participant is not None:
        check_label("participant", participant)
    check_reason(reason)
    with at_the_desk(study.folder, by, now) as desk:
        known = reports_of(study)
        report = _held_in(file, known, study)
        session = None if participant is None else _session_of(study, participant, report)
        here = _whom(participant, session)
        before = _NOBODY if report in known.uncounted else _whom(report.participant, report.session)
        if here == before:
            raise BadInput(f"{file.name}: counts for {here} already; nothing is changed")
        place = report.file.relative_to(study.folder).as_posix()
        entry = Refiled(by=by, file=place, participant=participant, session=session, reason=reason)
        desk.write(entry)
    lines = [f"{report.file.name}: {report.day} counts for {here}; before for {before}"]
    same = [r for r in known.reports if (r.participant, r.day) == (participant, report.day)]
    others = len([one for one in same if one is not report])
    if others:
        lines.append(f"{report.day} of participant {participant} is DOUBLED: {others} before")
    return lines


def _session_of(study: Study, participant: str, report: Report) -> str:
    """Return the session that ends the period of a participant to which a report's day belongs."""
    periods = periods_of(study, participant)
    period = period_with(periods, report.day)
    if period is None:
        raise BadInput(
            f"{report.file.name}: {report.day} is no day of a period of participant {participant} "
            f"({spans_of(periods)})"
        )
    return period.session


def _whom(participant: str | None, session: str | None) -> str:
    return _NOBODY if participant is None else f"participant {participant}, session {session}"


def _held_in(file: Path, known: DailyReports, study: Study) -> Report:
    """Return the report that a file holds."""
    reports = (*known.reports, *known.uncounted)
    named = {report.file: report for report in reports if report.file.name == file.name}
    if len(named) > 1:  # of a session that was done again, too
        named = {one: report for one, report in named.items() if one.resolve() == file.resolve()}
    for report in named.values():
        return report
    for one, why in known.damaged:
        if one.name == file.name:
            raise BadInput(why)
    raise BadInput(
        f"{file}: holds no daily report of this study; give one of those that are kept in "
        f"{study.folder / 'sourcedata'}, with the participant's label and the day in their names"
    )
