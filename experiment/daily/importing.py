"""Taking daily reports in: answer files of the page, and exports of survey tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiment.daily.reports import Sent, Source, record_file, records_of, store
from experiment.daily.sent import daily_questionnaires, read_sent
from experiment.daily.survey import read_survey
from experiment.errors import BadInput
from experiment.protocol import Questionnaire
from experiment.register.state import Refiling, open_register
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
    refiled = open_register(study.folder).refiled
    told: list[str] = []
    problems: list[str] = []
    for file in files:
        try:
            for line in _take_in(study, file, participant, questionnaires, refiled):
                told.append(line)
        except BadInput as error:
            problems.append(str(error))
    return Imported(tuple(told), tuple(problems))


def _take_in(
    study: Study,
    file: Path,
    participant: str | None,
    questionnaires: Mapping[str, Questionnaire],
    refiled: Mapping[str, Refiling],
) -> Iterator[str]:
    """Check a file, keep one report of it after the other, and yield what became of each."""
    source, found, left_out = _read(study, file, participant)
    yield from left_out
    for sent in found:
        others = _others_of_day(study, sent, refiled)
        kept = store(study, sent, source, questionnaires)
        what = f"{file}: participant {sent.participant}, session {sent.session}, {sent.day}"
        if kept is None:
            anew = refiled.get(_name(study, record_file(study, sent)))
            since = "" if anew is None else f"; it counts for {anew.whom} now"
            yield f"{what}: was imported before{since}; nothing is changed"
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


def _others_of_day(study: Study, sent: Sent, refiled: Mapping[str, Refiling]) -> int:
    """Return how many other reports there are of a participant's day."""
    here = {_name(study, file) for file in records_of(study, sent.participant, sent.day)}
    gone = {name for name in here & set(refiled) if refiled[name].participant != sent.participant}
    came = {
        name
        for name, anew in refiled.items()
        if anew.participant == sent.participant and f"_day-{sent.day}_" in name
    }
    return len((here - gone | came) - {_name(study, record_file(study, sent))})


def _name(study: Study, file: Path) -> str:
    return file.relative_to(study.folder).as_posix()
