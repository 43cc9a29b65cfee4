"""Daily reports for tests: answers, and the file in which they come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from experiment.daily.days import set_first_day
from experiment.daily.reports import Sent, check_of
from experiment.daily.sent import daily_questionnaires, study_key
from experiment.files import canonical
from experiment.study import Study, open_study

NewStudy = Callable[..., Path]
ANSWERS = {
    **{"connected": 6, "close": 5, "cared_for": 7, "cut_off": 2, "happy": 5, "content": 4},
    **{"enthusiastic": 3, "sad": None, "met": 1, "met_good": 80, "with_whom": 3},
}


def with_days(folder: Path) -> Study:
    """The periods of participant 012 begin on 2 and 16 March, those of 013 on 1 April."""
    opened = open_study(folder)
    set_first_day(opened, "012", "01", date(2026, 3, 2))
    set_first_day(opened, "012", "02", date(2026, 3, 16))
    set_first_day(opened, "013", "01", date(2026, 4, 1))
    return opened


def sent(known: Study, /, **changes: Any) -> dict[str, Any]:
    """Return a report as the page writes it."""
    day = changes.get("day", "2026-03-03")
    answers = ANSWERS | changes.pop("answered", {})
    report = Sent(
        study=study_key(known),
        participant="012",
        session="01",
        day=day,
        language="en",
        questionnaires={n: q.digest for n, q in daily_questionnaires(known).items()},
        begun=f"{day}T20:01:00+01:00",
        completed=f"{day}T20:03:10+01:00",
        answers={f"daily.{item}": value for item, value in answers.items()},
    ).model_dump()
    report |= changes
    return {**report, "check": check_of(report)}


def saved(folder: Path, report: dict[str, Any], name: str = "answers.json") -> Path:
    file = folder / name
    file.write_text(canonical(report) + "\n", "utf-8")
    return file


def everything(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}
