"""Daily reports from wherever they came, checked, and kept so that they are never lost or doubled.

Reports from home and from survey tools are kept beside the session logs, a file each, written in
one move and never replaced. The file holds the questionnaires as they were, so that it can be read
and scored by itself; a digest shows an edit. Reports at a desk are session logs.

A report counts for whom it was kept, unless the register's journal says that it was filed anew
(`refiling`). It is about a day, not about the session that ends a period: when that is done again,
the reports in its folder, which is set aside, still count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from experiment.daily.days import Period, day_of, known_periods_of, period_of
from experiment.errors import BadInput
from experiment.files import canonical, write_new
from experiment.protocol import Questionnaire
from experiment.protocol.questionnaire import item_key
from experiment.protocol.values import Label, Name
from experiment.readlog import read_log
from experiment.study import SET_ASIDE, Study

if TYPE_CHECKING:
    from experiment.register.state import Refiling

Source = Literal["desk", "page", "qualtrics", "redcap"]
_FORMAT = "kindred-daily-record"


class Sent(BaseModel):
    """What a participant reported of a day, as the page writes it.

    `study` is a digest of the study's name. `begun` and `completed` are local times, the page's
    with their distance from UTC. In `answers`, None stands for an item that was left out or not
    asked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal["kindred-daily-report"] = "kindred-daily-report"
    version: Literal[1] = 1
    study: str
    participant: Label
    session: Label
    day: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    language: str
    questionnaires: dict[Name, str]
    begun: str
    completed: str
    answers: dict[str, int | None]


@dataclass(frozen=True)
class Report:
    """A day's report.

    Parameters
    ----------
    participant, session : str
        Labels.
    day : date
        The day that it is about.
    completed : datetime
        When it was filled in, in the participant's own time.
    source : str
    answers : mapping of str to (int or None)
        By name of the item.
    file : Path
        The log or record that holds it.
    questionnaires : mapping of str to Questionnaire
        As they were.
    task : str
        Label of the daily report's task.
    language : str
        Tag of the language in which it was filled in.
    late : bool
        Whether it was filled in after its day.
    number : int or None
        Of the day within the period that the session ends, from 1; None where it isn't known to be
        a day of it.
    refiled : Refiling or None
        Who said for whom it counts, if that isn't whom it was kept for.
    """

    participant: str
    session: str
    day: date
    completed: datetime
    source: Source
    answers: Mapping[str, int | None]
    file: Path
    questionnaires: Mapping[str, Questionnaire]
    task: str
    language: str
    late: bool
    number: int | None = None
    refiled: Refiling | None = None


@dataclass(frozen=True)
class DailyReports:
    """All daily reports of a study.

    Parameters
    ----------
    reports : tuple of Report
        By participant, session, day and time.
    damaged : tuple of (Path, str)
        Files that can't be used, and why.
    uncounted : tuple of Report
        Those that somebody filed as nobody's.
    """

    reports: tuple[Report, ...] = ()
    damaged: tuple[tuple[Path, str], ...] = ()
    uncounted: tuple[Report, ...] = ()


def check_of(plain: Mapping[str, Any]) -> str:
    """Return the digest of a report or record: SHA-256 of its canonical JSON, without `check`."""
    content = {key: value for key, value in plain.items() if key != "check"}
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def check_answers(
    answers: Mapping[str, int | None], questionnaires: Mapping[str, Questionnaire]
) -> None:
    """Make sure that answers are what the questionnaires allow.

    Raises
    ------
    ValueError
        With the first item that is unknown, missing, off its scale, answered although it was not
        to be asked, or left out although it was required.
    """
    for name, one in questionnaires.items():
        earlier: dict[str, int | None] = {}
        for item in one.items:
            key = item_key(name, item.id)
            if key not in answers:
                raise ValueError(f"item {key!r} is missing")
            value = answers[key]
            asked = item.show_if is None or item.show_if.holds(earlier)
            span = one.scale_of(item).range
            if value is None and asked and one.requires(item):
                raise ValueError(f"item {key!r} has no answer and needs one")
            if value is not None and not asked:
                raise ValueError(f"item {key!r} has an answer and was not to be asked")
            if value is not None and not span.lowest <= value <= span.highest:
                raise ValueError(
                    f"item {key!r}: its answer is not from {span.lowest} to {span.highest}"
                )
            earlier[item.id] = value
    known = {item_key(name, item.id) for name, one in questionnaires.items() for item in one.items}
    for key in answers:
        if key not in known:
            raise ValueError(f"there is no item {key!r}")


def record_file(study: Study, sent: Sent) -> Path:
    """Return where a report is kept: the same one always there."""
    day = f"sub-{sent.participant}_ses-{sent.session}_task-{_task(study)}_day-{sent.day}"
    digest = check_of(sent.model_dump(mode="json"))[:8]
    return study.log_folder(sent.participant, sent.session) / f"{day}_{digest}.json"


def store(
    study: Study, sent: Sent, source: Source, questionnaires: Mapping[str, Questionnaire]
) -> Path | None:
    """Keep a checked report; return its file, or None if it is there already.

    Raises
    ------
    BadInput
        If it can't be written; nothing is half-written.
    """
    file = record_file(study, sent)
    if any(study.set_aside_folder(sent.participant).glob(f"*/{file.name}")):
        return None
    record: dict[str, Any] = {
        "format": _FORMAT,
        "version": 1,
        "source": source,
        "kept": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "task": _task(study),
        "day_begins": _day_begins(study),
        "questionnaires": {
            name: one.model_dump(mode="json") for name, one in questionnaires.items()
        },
        "report": sent.model_dump(mode="json"),
    }
    record["check"] = check_of(record)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_new(file, canonical(record) + "\n", mode=0o600)
    except FileExistsError:
        return None
    except OSError as error:
        raise BadInput(f"{file}: can't be written ({error.strerror})") from None
    return file


def records_of(study: Study, participant: str = "*", day: str = "*") -> list[Path]:
    """Return the files of all reports that were kept, sorted; of one participant or day alone."""
    return _kept(study, participant, f"*_day-{day}_*.json")


def read_record(file: Path) -> Report:
    """Read a report that was kept.

    Raises
    ------
    BadInput
        If it is damaged or was edited.
    """
    try:
        record = json.loads(file.read_text("utf-8"))
        if record["check"] != check_of(record):
            raise BadInput(f"{file}: was changed after it was kept; put it back as it was")
        sent = Sent.model_validate(record["report"])
        questionnaires = {
            name: Questionnaire.model_validate(one)
            for name, one in record["questionnaires"].items()
        }
        completed = datetime.fromisoformat(sent.completed)
        day = date.fromisoformat(sent.day)
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        raise BadInput(f"{file}: not a daily report that was kept here; is it damaged?") from None
    return Report(
        sent.participant,
        sent.session,
        day,
        completed.replace(tzinfo=None),
        record["source"],
        sent.answers,
        file,
        questionnaires,
        record["task"],
        sent.language,
        late=day_of(completed, record["day_begins"]) > day,
    )


def desk_reports(log: Path) -> list[Report]:
    """Return the daily reports that were filled in at a desk, in a session's log.

    Those of a robot and those that were broken off are none.
    """
    from experiment.filled import filled_in  # with all that plans a questionnaire

    read = read_log(log)
    header = read.header
    daily = header["protocol"].get("daily")
    if daily is None or header["robot"] is not None:
        return []
    names = header["protocol"]["tasks"][daily["task"]]["questionnaires"]
    known = header["protocol"]["questionnaires"]
    return [
        Report(
            header["participant"],
            header["session"],
            day_of(filled.ended, daily["day_begins"]),
            filled.ended,
            "desk",
            filled.answers,
            log,
            {name: Questionnaire.model_validate(known[name]) for name in names},
            daily["task"],
            header["protocol"]["language"],
            late=False,
        )
        for filled in filled_in(read)
        if filled.task == daily["task"] and filled.ended is not None
    ]


def reports_of(study: Study) -> DailyReports:
    """Return all daily reports of a study."""
    from experiment.register.state import open_register  # with all that a journal can say

    refiled = open_register(study.folder).refiled
    reports: list[Report] = []
    uncounted: list[Report] = []
    damaged: list[tuple[Path, str]] = []
    for file in (*records_of(study), *_desk_logs(study)):
        try:
            found = desk_reports(file) if file.suffix == ".jsonl" else [read_record(file)]
            anew = refiled.get(file.relative_to(study.folder).as_posix())
            of_nobody = anew is not None and anew.participant is None
            (uncounted if of_nobody else reports).extend(_as_filed(one, anew) for one in found)
        except BadInput as error:
            damaged.append((file, str(error)))
    periods = known_periods_of(study, {report.participant for report in reports})
    numbered = [
        replace(report, number=_number(report, periods[report.participant])) for report in reports
    ]
    ordered = sorted(numbered, key=lambda r: (r.participant, r.session, r.day, r.completed))
    return DailyReports(tuple(ordered), tuple(damaged), tuple(uncounted))


def _as_filed(report: Report, anew: Refiling | None) -> Report:
    """Return a report as that of whom it counts for; nobody's as that of whom it was kept for."""
    if anew is None or anew.participant is None or anew.session is None:
        return replace(report, refiled=anew)
    return replace(report, participant=anew.participant, session=anew.session, refiled=anew)


def _number(report: Report, periods: Sequence[Period]) -> int | None:
    """Return a day's number in the period of the report's session: only that one's arm is right."""
    own = period_of(periods, report.session)
    return None if own is None else own.number_of(report.day)


def _desk_logs(study: Study) -> list[Path]:
    """Return the logs of daily reports: these are always run on their own."""
    if study.protocol.daily is None:
        return []
    return _kept(study, "*", f"*_task-{study.protocol.daily.task}*.jsonl")


def _kept(study: Study, participant: str, name: str) -> list[Path]:
    """Return files of sessions, those that were set aside too."""
    folder = study.folder / "sourcedata"
    places = (f"sub-{participant}/ses-*", f"sub-{participant}/{SET_ASIDE}/*")
    return sorted(file for place in places for file in folder.glob(f"{place}/{name}"))


def _task(study: Study) -> str:
    return "daily" if study.protocol.daily is None else study.protocol.daily.task


def _day_begins(study: Study) -> int:
    return 0 if study.protocol.daily is None else study.protocol.daily.day_begins
