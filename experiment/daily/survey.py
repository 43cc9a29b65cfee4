"""Daily reports that were filled in with a survey tool: exports of Qualtrics and REDCap.

A column for each item has the item's name (``connected``, or ``daily_connected``), one has the
participant's label, one the time at which the report was completed, and one may have its day.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from experiment.daily.days import daily_of, day_of, periods_of
from experiment.daily.reports import Sent, Source
from experiment.daily.sent import (
    check_sent,
    daily_questionnaires,
    date_of,
    period_of_day,
    study_key,
)
from experiment.errors import BadInput
from experiment.kit import qualtrics, redcap
from experiment.kit.tables import Row, Table, read_table
from experiment.protocol import Questionnaire
from experiment.protocol.questionnaire import item_key
from experiment.study import Study, check_label

_PARTICIPANT = ("participant", "participant_id", "externalreference", "record_id", "study_id")
_COMPLETED = ("completed", "enddate", "recordeddate")
_DAY = ("day", "report_day")
_NOT_DONE = ("0", "false", "no", "incomplete")
_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S")


@dataclass(frozen=True)
class Survey:
    """What an export holds.

    Parameters
    ----------
    source : str
        ``qualtrics`` or ``redcap``.
    sent : tuple of Sent
    left_out : tuple of str
        Rows that aren't reports, and why; without any answer.
    """

    source: Source
    sent: tuple[Sent, ...]
    left_out: tuple[str, ...]


def read_survey(study: Study, file: Path, participant: str | None = None) -> Survey:
    """Read an export; all of its rows are checked before any is returned.

    Parameters
    ----------
    study : Study
    file : Path
    participant : str or None
        Rows of others are left out; all are taken if None.

    Raises
    ------
    BadInput
        With line and column of the first thing that is wrong.
    """
    table = read_table(file)
    source, first = _tool(table)
    names = [cell.strip().lower() for cell in table.rows[0].cells]
    sent, left_out = [], []
    for row in table.rows[first:]:
        reader = _RowReader(study, table, names, row)
        why = reader.no_report()
        if why is None and participant is not None and reader.participant != participant:
            why = "of another participant"
        if why is not None:
            left_out.append(f"{file}:{row.line}: left out: {why}")
        else:
            sent.append(reader.sent())
    return Survey(source, tuple(sent), tuple(left_out))


def _tool(table: Table) -> tuple[Source, int]:
    """Return what wrote a table, and the index of its first answer's row."""
    if qualtrics.recognise(table):
        return "qualtrics", 3
    if redcap.recognise(table):
        return "redcap", 1
    raise BadInput(
        f"{table.file}:1: neither an export of Qualtrics (with its row of ImportIds) nor one of "
        "REDCap (record_id first, a column that ends in _complete)"
    )


class _RowReader:
    """One row of an export."""

    def __init__(self, study: Study, table: Table, names: Sequence[str], row: Row) -> None:
        self._study = study
        self._where = f"{table.file}:{row.line}"
        self._names = names
        self._cells = dict(zip(names, (cell.strip() for cell in row.cells), strict=True))

    @property
    def participant(self) -> str:
        """The label of who reports, without ``sub-``."""
        label = self._cells[self._column(_PARTICIPANT, "the participant's label")]
        return check_label(f"{self._where}: participant", label.removeprefix("sub-"))

    def no_report(self) -> str | None:
        """Return why the row is no report; None if it is one."""
        if self._cells.get("status", "").lower() in ("1", "2", "survey preview", "survey test"):
            return "a preview or test"
        done = [value for name, value in self._cells.items() if _says_done(name)]
        return "not finished" if any(value.lower() in _NOT_DONE for value in done) else None

    def sent(self) -> Sent:
        """Return the row as a report."""
        daily = daily_of(self._study)[0]
        completed = self._time(self._column(self._completed(), "when it was completed"))
        begun = self._time("startdate") if self._cells.get("startdate") else completed
        given = next((self._cells[name] for name in _DAY if self._cells.get(name)), None)
        day = day_of(completed, daily.day_begins) if given is None else date_of(given, self._where)
        periods = periods_of(self._study, self.participant)
        questionnaires = daily_questionnaires(self._study)
        sent = Sent(
            study=study_key(self._study),
            participant=self.participant,
            session=period_of_day(periods, None, day, self._where).session,
            day=day.isoformat(),
            language=self._study.protocol.language,
            questionnaires={name: one.digest for name, one in questionnaires.items()},
            begun=min(begun, completed).isoformat(timespec="seconds"),
            completed=completed.isoformat(timespec="seconds"),
            answers=self._answers(questionnaires),
        )
        check_sent(self._study, sent, self._where)
        return sent

    def _completed(self) -> tuple[str, ...]:
        return (*_COMPLETED, *(name for name in self._names if name.endswith("_timestamp")))

    def _column(self, among: Sequence[str], what: str) -> str:
        found = next((name for name in among if name in self._cells), None)
        if found is None:
            raise BadInput(f"{self._where}: no column for {what}; name it {' or '.join(among)}")
        return found

    def _time(self, name: str) -> datetime:
        text = self._cells[name]
        for form in _TIMES:
            try:
                return datetime.strptime(text, form)
            except ValueError:
                continue
        raise BadInput(f"{self._where}: column {name!r} is no time such as 2026-03-02 20:15:00")

    def _answers(self, questionnaires: Mapping[str, Questionnaire]) -> dict[str, int | None]:
        answers: dict[str, int | None] = {}
        for name, one in questionnaires.items():
            for item in one.items:
                column = self._column((f"{name}_{item.id}", item.id), f"item {item.id!r}")
                scale = one.scale_of(item)
                answers[item_key(name, item.id)] = self._value(column, scale.anchors_at)
        return answers

    def _value(self, column: str, anchors: Mapping[int, str | Mapping[str, str]]) -> int | None:
        text = self._cells[column]
        if not text:
            return None
        if re.fullmatch(r"\d{1,4}(\.0+)?", text):
            return int(text.partition(".")[0])
        for place, wording in anchors.items():
            words = [wording] if isinstance(wording, str) else list(wording.values())
            if text.casefold() in (word.strip().casefold() for word in words):
                return place
        raise BadInput(f"{self._where}: column {column!r} is no answer of this item's scale")


def _says_done(name: str) -> bool:
    return name == "finished" or name.endswith("_complete")
