"""Taking daily reports in: answer files of the page, and exports of survey tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiment.daily.reports import Sent, Source, read_record, store
from experiment.daily.sent import daily_questionnaires, read_sent
from experiment.daily.survey import read_survey
from experiment.errors import BadInput
from experiment.protocol import Questionnaire
from experiment.study import Study

_ANSWER_FILE = ".json"


@dataclass(frozen=True)
class Imported:
    """What became of files.

    Parameters
    ----------
    told : tuple of str
        What was kept, what was there already, what was left out; without any answer.
    problems : tuple of str
        Files that can't be used, and why. Nothing was kept of them.
    """

    told: tuple[str, ...]
    problems: tuple[str, ...]


def import_reports(study: Study, files: Sequence[Path], participant: str | None = None) -> Imported:
    """Check files, and keep the reports of those that are right.

    A file is taken whole or not at all. A report that was kept before isn't kept twice; a second,
    different one of the same day is kept too, and told.

    Parameters
    ----------
    study : Study
    files : sequence of Path
        Answer files of the page (``.json``), exports of Qualtrics or REDCap (CSV, TSV, XLSX).
    participant : str or None
        Whose they must be.

    Raises
    ------
    BadInput
        If the study has no daily reports.
    """
    questionnaires = daily_questionnaires(study)
    told: list[str] = []
    problems: list[str] = []
    for file in files:
        try:
            for line in _take_in(study, file, participant, questionnaires):
                told.append(line)
        except BadInput as error:
            problems.append(str(error))
    return Imported(tuple(told), tuple(problems))


def _take_in(
    study: Study, file: Path, participant: str | None, questionnaires: Mapping[str, Questionnaire]
) -> Iterator[str]:
    """Check a file, keep one report of it after the other, and yield what became of each."""
    source, found, left_out = _read(study, file, participant)
    yield from left_out
    for sent in found:
        others = _same_day(study, sent)
        kept = store(study, sent, source, questionnaires)
        what = f"{file}: participant {sent.participant}, session {sent.session}, {sent.day}"
        if kept is None:
            yield f"{what}: was imported before; nothing is changed"
        elif others:
            yield f"{what}: kept, but DOUBLED: {others} of this day before"
        else:
            yield f"{what}: kept"


def _read(
    study: Study, file: Path, participant: str | None
) -> tuple[Source, tuple[Sent, ...], tuple[str, ...]]:
    if file.suffix.lower() == _ANSWER_FILE:
        return "page", (read_sent(study, file, participant),), ()
    survey = read_survey(study, file, participant)
    return survey.source, survey.sent, survey.left_out


def _same_day(study: Study, sent: Sent) -> int:
    """Return how many other reports of a participant's day were kept before."""
    folder = study.log_folder(sent.participant, sent.session)
    of_day = folder.glob(f"*_day-{sent.day}_*.json")
    return sum(_is_another(file, sent) for file in of_day)


def _is_another(record: Path, sent: Sent) -> bool:
    try:
        known = read_record(record)
    except BadInput:
        return True  # damaged: whatever it was, `daily status` tells of it
    return (known.answers, known.completed.isoformat()) != (sent.answers, sent.completed[:19])
