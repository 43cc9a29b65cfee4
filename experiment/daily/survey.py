"""Daily reports that were filled in with a survey tool: exports of Qualtrics and REDCap.

A column for each item has the item's name (``connected``, or ``daily_connected``), one has the
participant's label, one the time at which the report was completed, and one may have its day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from typing import TypeAlias

from experiment.daily.days import Period, daily_of, day_of, periods_of
from experiment.daily.reports import Sent, Source
from experiment.daily.sent import (
    YEARS,
    check_sent,
    daily_questionnaires,
    date_of,
    period_with,
    study_key,
)
from experiment.errors import BadInput
from experiment.kit import qualtrics, redcap
from experiment.kit.tables import Row, Table, read_table
from experiment.protocol import Questionnaire
from experiment.protocol.questionnaire import item_key
from experiment.study import Study, check_label

_PARTICIPANT = (
    *("participant", "participant_id"),
    *("externalreference", "externaldatareference", "record_id", "study_id"),
)
_DAY = ("day", "report_day")
_NOT_DONE = ("0", "false", "no", "incomplete")
_TIMES = (
    *("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"),
    "%Y-%m-%d %H:%M:%S.%f",  # cells of a sheet count days, and are rounded
)
_Periods: TypeAlias = Callable[[str], tuple[Period, ...]]
"""Gives the periods of a participant."""


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
    export = _recognised(table, daily_questionnaires(study))
    periods = cache(partial(periods_of, study))  # read once for each participant
    sent, left_out = [], []
    for row in table.rows[export.first :]:
        reader = _RowReader(study, export, periods, f"{file}:{row.line}", row)
        why = reader.no_report(participant)
        if why is not None:
            left_out.append(f"{file}:{row.line}: left out: {why}")
        else:
            sent.append(reader.sent())
    return Survey(export.source, tuple(sent), tuple(left_out))


@dataclass(frozen=True)
class _Export:
    """How a table is to be read.

    Parameters
    ----------
    source : str
        What wrote it.
    names : sequence of str
        Of its columns, in small letters.
    first : int
        Index of its first answer's row.
    not_answers : mapping of str to str
        What the column ``status`` says of rows that nobody sent, and the reason to leave them out.
    done : str
        Column that says whether a row is finished, if there is one.
    completed : tuple of str
        Columns that may have the time at which it was.
    """

    source: Source
    names: Sequence[str]
    first: int
    not_answers: Mapping[str, str]
    done: str
    completed: tuple[str, ...]


def _recognised(table: Table, questionnaires: Mapping[str, Questionnaire]) -> _Export:
    if qualtrics.recognise(table):
        return _Export(
            "qualtrics",
            qualtrics.names_of(table),
            qualtrics.first_answer(table),
            qualtrics.NOT_ANSWERS,
            done="finished",
            completed=("completed", "enddate", "recordeddate"),
        )
    if redcap.recognise(table):
        names = [cell.strip().lower() for cell in table.rows[0].cells]
        own = [_among(columns, names) for columns in _columns_of_items(questionnaires).values()]
        instrument = redcap.instrument_of(names, [name for name in own if name is not None])
        if instrument is None:
            raise BadInput(
                f"{table.file}:1: no column NAME_complete to the right of the items; leave the "
                "columns in REDCap's order"
            )
        done, stamp = f"{instrument}_complete", f"{instrument}_timestamp"
        return _Export("redcap", names, 1, {}, done, ("completed", stamp))
    raise BadInput(
        f"{table.file}:1: neither an export of Qualtrics (as it comes, with all of the rows above "
        "the answers) nor one of REDCap (record_id first, a column that ends in _complete)"
    )


class _RowReader:
    """One row of an export."""

    def __init__(
        self, study: Study, export: _Export, periods: _Periods, where: str, row: Row
    ) -> None:
        self._study = study
        self._periods = periods
        self._export = export
        self._where = where
        cells = (cell.strip() for cell in row.cells)
        self._cells = dict(zip(export.names, cells, strict=True))

    @property
    def participant(self) -> str:
        """The label of who reports, without ``sub-``."""
        label = self._cells[self._column(_PARTICIPANT, "the participant's label")]
        return check_label(f"{self._where}: participant", label.removeprefix("sub-"))

    def no_report(self, participant: str | None) -> str | None:
        """Return why the row is no report of a participant, or of anybody; None if it is one."""
        not_sent = self._export.not_answers.get(self._cells.get("status", "").lower())
        if not_sent is not None:
            return not_sent
        done = self._cells.get(self._export.done)
        if done == "":
            return "no report is in it"
        if done is not None and done.lower() in _NOT_DONE:
            return "not finished"
        if participant is not None and self.participant != participant:
            return "of another participant"
        if self._period() is None:
            return f"{self._day()} is no day of a period of participant {self.participant}"
        return None

    def sent(self) -> Sent:
        """Return the row as a report."""
        completed, period = self._completed(), self._period()
        assert period is not None, "else it is no report"
        begun = self._time("startdate") if self._cells.get("startdate") else completed
        questionnaires = daily_questionnaires(self._study)
        sent = Sent(
            study=study_key(self._study),
            participant=self.participant,
            session=period.session,
            day=self._day().isoformat(),
            language=self._study.protocol.language,
            questionnaires={name: one.digest for name, one in questionnaires.items()},
            begun=min(begun, completed).isoformat(timespec="seconds"),
            completed=completed.isoformat(timespec="seconds"),
            answers=self._answers(questionnaires),
        )
        check_sent(self._study, sent, self._where)
        return sent

    def _completed(self) -> datetime:
        return self._time(self._column(self._export.completed, "when it was completed"))

    def _day(self) -> date:
        """Return the day that it is of: the one it says, else that on which it was completed."""
        given = next((self._cells[name] for name in _DAY if self._cells.get(name)), None)
        if given is not None:
            return date_of(given, self._where)
        return day_of(self._completed(), daily_of(self._study)[0].day_begins)

    def _period(self) -> Period | None:
        return period_with(self._periods(self.participant), self._day())

    def _column(self, among: Sequence[str], what: str) -> str:
        found = _among(among, self._cells)
        if found is None:
            raise BadInput(f"{self._where}: no column for {what}; name it {' or '.join(among)}")
        return found

    def _time(self, name: str) -> datetime:
        text = self._cells[name]
        for form in _TIMES:
            try:
                found = datetime.strptime(text, form)
            except ValueError:
                continue
            if found.year in YEARS:
                return found
        raise BadInput(f"{self._where}: column {name!r} is no time such as 2026-03-02 20:15:00")

    def _answers(self, questionnaires: Mapping[str, Questionnaire]) -> dict[str, int | None]:
        answers: dict[str, int | None] = {}
        columns = _columns_of_items(questionnaires)
        for name, one in questionnaires.items():
            for item in one.items:
                key = item_key(name, item.id)
                column = self._column(columns[key], f"item {item.id!r}")
                answers[key] = self._value(column, one.scale_of(item).anchors_at)
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


def _columns_of_items(questionnaires: Mapping[str, Questionnaire]) -> dict[str, tuple[str, ...]]:
    """Return what the column of each item may be called."""
    return {
        item_key(name, item.id): (f"{name}_{item.id}", item.id)
        for name, one in questionnaires.items()
        for item in one.items
    }


def _among(names: Sequence[str], columns: Collection[str]) -> str | None:
    """Return the first of some names that there is a column of."""
    return next((name for name in names if name in columns), None)
