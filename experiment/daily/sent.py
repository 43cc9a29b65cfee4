"""Reading what participants send back: answer files of the page, strictly checked."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from experiment.daily.days import Period, daily_of, day_of, periods_of
from experiment.daily.reports import Sent, check_answers, check_of
from experiment.errors import BadInput
from experiment.files import canonical
from experiment.protocol import Questionnaire
from experiment.protocol.questionnaire import check_filled
from experiment.study import Study

_MAX_FILE = 1_000_000  # bytes; an answer file has some hundred
YEARS = range(2000, 2100)
"""Of reports, whatever the clock of a device says."""


def daily_questionnaires(study: Study) -> dict[str, Questionnaire]:
    """Return the questionnaires of a study's daily report.

    Raises
    ------
    BadInput
        If it has none, or one of them is a template that was not filled in.
    """
    found = {
        name: study.protocol.questionnaires[name] for name in daily_of(study)[1].questionnaires
    }
    for name, one in found.items():
        check_filled(name, one)
    return found


def study_key(study: Study) -> str:
    """Return what stands for the study in pages and answer files: its name may tell too much."""
    return hashlib.sha256(study.protocol.study.name.encode()).hexdigest()[:12]


def read_sent(study: Study, file: Path, participant: str | None = None) -> Sent:
    """Read an answer file that the page made.

    Parameters
    ----------
    study : Study
    file : Path
    participant : str or None
        Whose file it must be; whoever it says if None.

    Raises
    ------
    BadInput
        If it is torn or was edited, or is of another study, participant, period or version of the
        questionnaires; says which.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: can't be read ({error.strerror})") from None
    if len(raw) > _MAX_FILE:
        raise BadInput(f"{file}: too large for an answer file ({len(raw)} bytes)")
    plain = _plain(file, raw)
    claimed = plain.pop("check", None)
    try:
        sent = Sent.model_validate(plain)
    except ValidationError as error:
        detail = error.errors()[0]
        place = ".".join(str(part) for part in detail["loc"])
        raise BadInput(f"{file}:1: {place}: {detail['msg']}; was it edited?") from None
    if claimed != check_of(plain):
        raise BadInput(f"{file}:1: was changed after the participant saved it; ask for it again")
    check_sent(study, sent, str(file), participant)
    periods = periods_of(study, sent.participant)
    _check_period(periods, sent.session, date.fromisoformat(sent.day), str(file))
    return sent


def check_sent(study: Study, sent: Sent, where: str, participant: str | None = None) -> None:
    """Make sure that a report is of this study, whole, and not from before its day.

    Parameters
    ----------
    study : Study
    sent : Sent
    where : str
        File, and line where there is one, for the error.
    participant : str or None

    Raises
    ------
    BadInput
        With the first thing that is wrong.
    """
    if sent.study != study_key(study):
        raise BadInput(f"{where}: of another study than {study.protocol.study.name!r}")
    if participant is not None and sent.participant != participant:
        raise BadInput(f"{where}: of participant {sent.participant}, not {participant}")
    questionnaires = daily_questionnaires(study)
    now = {name: one.digest for name, one in questionnaires.items()}
    if sent.questionnaires != now:
        other = next((n for n in now if sent.questionnaires.get(n) != now[n]), "another one")
        raise BadInput(
            f"{where}: made with another version of questionnaires/{other}.yaml than the study has "
            "now; put the old version back to import it, and keep the two apart"
        )
    day = date_of(sent.day, where)
    begun, completed = instant_of(sent.begun, where), instant_of(sent.completed, where)
    if completed < begun or day_of(completed, daily_of(study)[0].day_begins) < day:
        raise BadInput(
            f"{where}: completed before it was begun, or before its day; was the device's clock "
            "changed?"
        )
    try:
        check_answers(sent.answers, questionnaires)
    except ValueError as error:
        raise BadInput(f"{where}: {error}") from None


def _check_period(periods: tuple[Period, ...], session: str, day: date, where: str) -> None:
    """Raise `BadInput` unless a day belongs to a session's period."""
    period = period_with(periods, day)
    if period is None or period.session != session:
        raise BadInput(
            f"{where}: {day} is no day of the period of session {session} of this participant "
            f"({spans_of(periods)})"
        )


def spans_of(periods: tuple[Period, ...]) -> str:
    """Return from when to when periods are, for an error."""
    return ", ".join(f"session {one.session}: {one.first} to {one.last}" for one in periods)


def period_with(periods: tuple[Period, ...], day: date) -> Period | None:
    """Return the period that a day belongs to; None if there is none."""
    return next((period for period in periods if period.number_of(day) is not None), None)


def date_of(text: str, where: str) -> date:
    """Return a date; raise `BadInput` if it isn't one."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{where}: {text!r} is no date") from None


def instant_of(text: str, where: str) -> datetime:
    """Return a local time with its distance from UTC, if that is known (else as if it were UTC).

    Raises
    ------
    BadInput
        If it is no time.
    """
    try:
        instant = datetime.fromisoformat(text)
        if instant.year not in YEARS:
            raise ValueError
    except ValueError:
        raise BadInput(f"{where}: {text!r} is no time") from None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=timezone.utc)


def _plain(file: Path, raw: bytes) -> dict[str, Any]:
    try:
        plain = json.loads(raw.decode("utf-8-sig"))
        canonical(plain).encode()  # what can be written can be text that can't
    except UnicodeError:
        raise BadInput(f"{file}: not UTF-8 text; not an answer file") from None
    except json.JSONDecodeError as error:
        raise BadInput(
            f"{file}:{error.lineno}: not a whole answer file (it was cut off or edited near "
            f"character {error.colno}); ask for it again"
        ) from None
    except (ValueError, RecursionError):  # a number, or a nesting, that no page writes
        raise BadInput(f"{file}:1: not an answer file of the daily page") from None
    if not isinstance(plain, dict) or plain.get("format") != "kindred-daily-report":
        raise BadInput(f"{file}:1: not an answer file of the daily page")
    if plain.get("version") != 1:
        raise BadInput(
            f"{file}:1: version {plain.get('version')!r} of answer files, only 1 is known"
        )
    return plain
