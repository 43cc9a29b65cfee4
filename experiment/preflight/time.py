"""The machine's clock: whether a time server keeps it, and whether the date is plausible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from experiment.anchors import utc_error
from experiment.errors import BadInput
from experiment.preflight.line import Line
from experiment.readlog import header_of
from experiment.study import Study

RELEASED = datetime(2025, 1, 1, tzinfo=timezone.utc)
"""No session of this software can have been before."""
_FAR = timedelta(days=3650)
_ROUGH = 0.5  # s of possible error at which marks of a PET scan can't be laid on its frames
_A_MOMENT = timedelta(minutes=5)


@dataclass(frozen=True)
class TimeFacts:
    """What is known of the clock.

    Parameters
    ----------
    now : datetime
        UTC, as the machine has it.
    error : float or None
        How wrong it may be (s), as its time service says; None if nobody says.
    newest : datetime or None
        When the newest session of the study began, by its log.
    """

    now: datetime
    error: float | None
    newest: datetime | None


def gather_time(study: Study) -> TimeFacts:
    """Ask the machine, and the logs that there are."""
    return TimeFacts(datetime.now(timezone.utc), utc_error(), newest_of(study))


def newest_of(study: Study) -> datetime | None:
    """Return when the newest session of a study began, by the logs' headers."""
    return max(_begun(study), default=None)


def _begun(study: Study) -> Iterable[datetime]:
    logs = sorted(study.logs(), key=lambda log: log.stat().st_mtime)[-20:]
    for log in logs:
        try:
            yield datetime.fromisoformat(header_of(log)["utc"])
        except (BadInput, KeyError, ValueError):
            continue


def is_wrong(facts: TimeFacts) -> bool:
    """Whether the date can't be."""
    before = RELEASED if facts.newest is None else max(RELEASED, facts.newest - _A_MOMENT)
    return facts.now < before or facts.now > RELEASED + _FAR


def judge_time(facts: TimeFacts) -> Line:
    """Judge date and time.

    A date that can't be is a warning: somebody is asked about it, and it may be right where an
    earlier session was run under a wrong one.
    """
    values = {"now": facts.now.strftime("%Y-%m-%d %H:%M UTC"), "error": facts.error or 0.0}
    if is_wrong(facts):
        return Line("clock", "warning", "wrong", values)
    if facts.error is None:
        return Line("clock", "warning", "unkept", values)
    if facts.error > _ROUGH:
        return Line("clock", "warning", "rough", values)
    return Line("clock", "go", "kept", values)
