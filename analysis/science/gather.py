"""What was answered in all sessions of a study, and what was left out with the reason why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analysis.batch.products import Options, products_of
from analysis.batch.visits import visits_of
from analysis.dose import Played
from analysis.science.facts import Seen, cells_of
from experiment.study import Study

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = {
    "participant": "string",
    "session": "string",
    "task": "string",
    "trial": "Int64",
    "condition": "string",
    "block": "Int64",
    "moment": "string",
    "rating": "string",
    "value": "float64",
    "rt": "float64",
    "confirmed": "boolean",
}
"""Of a session's table of answers: a row for each rating question outside of practice."""
CELLS = {
    "participant": "string",
    "session": "string",
    "task": "string",
    "condition": "string",
    "moment": "string",
    "rating": "string",
    "asked": "int64",
    "unanswered": "int64",
    "unconfirmed": "int64",
    "answers": "int64",
    "total": "float64",
    "squares": "float64",
}
"""Of answers that are summed up, a row for each session, rating question and what it was about:
how many questions there were, had no answer, had one that was not confirmed, and count; the sum of
those that count, and the sum of their squares."""
_KEYS = [name for name, kind in CELLS.items() if kind == "string"]
_SUMS = [name for name in CELLS if name not in _KEYS]
SCORES = {
    "participant": "string",
    "session": "string",
    "task": "string",
    "day": "float64",
    "questionnaire": "string",
    "score": "string",
    "value": "float64",
}
"""Of the table of questionnaires' scores; `day` is of daily reports only."""
_AT_ONCE = 20_000  # rows that are held as Python's own objects


@dataclass(frozen=True, eq=False)
class Answers:
    """What participants answered.

    Parameters
    ----------
    table : DataFrame
        As `table_of_cells` makes it.
    scores : DataFrame
        Columns as in `SCORES`; those with too few answers left out.
    logs : tuple of Seen
        All logs, also those that were left out.
    scales : mapping of str to (int, int)
        Lowest and highest position of each rating.
    slots : mapping of str to str
        By participant, the slot of the sealed list that their logs name.
    games : tuple of Played
        Of every round of a ball game.
    """

    table: DataFrame
    scores: DataFrame
    logs: tuple[Seen, ...]
    scales: dict[str, tuple[int, int]]
    slots: dict[str, str]
    games: tuple[Played, ...] = ()

    @property
    def counted(self) -> tuple[Seen, ...]:
        """The logs whose answers are in the table."""
        return tuple(log for log in self.logs if log.left_out is None)

    @property
    def given(self) -> DataFrame:
        """The cells in which something was answered: what models are made of."""
        return answered(self.table)


def gather(study: Study, *, rehearsals: bool = False) -> Answers:
    """Read all logs of a study.

    A log that can't be used, that was edited, or of a rehearsal is left out and says so; one that
    was cut short counts as far as it goes, but for what a later part of the session shows again.

    Parameters
    ----------
    study : Study
    rehearsals : bool
        Whether robots' sessions and rehearsals count too.
    """
    return gathered(facts_in(study), rehearsals=rehearsals)


def facts_in(study: Study) -> Iterator[dict[str, Any]]:
    """Yield the facts of each log, as an export keeps them."""
    options = Options(study.protocol.study.name, kinds=(), facts=True)
    for visit in visits_of(study.folder / "sourcedata"):
        yield from products_of(visit, options).facts


def gathered(facts: Iterable[dict[str, Any]], *, rehearsals: bool = False) -> Answers:
    """Put the facts of all logs together.

    Parameters
    ----------
    facts : iterable of dict
        As `analysis.science.facts` makes and sums them up; they are taken one after the other.
    rehearsals : bool
        Whether robots' sessions and rehearsals count too.
    """
    seen: list[Seen] = []
    scales: dict[str, tuple[int, int]] = {}
    slots: dict[str, str] = {}
    games: list[Played] = []
    cells, scores = _Rows(CELLS), _Rows(SCORES)
    for one in facts:
        log = Seen(**{**one["seen"], "tasks": tuple(one["seen"]["tasks"]),
                      "done": tuple(one["seen"]["done"])})  # fmt: skip
        if log.left_out is None and log.rehearsal and not rehearsals:
            log = replace(log, left_out="a robot's session or a rehearsal")
        seen.append(log)
        if log.left_out is not None:
            continue
        cells.add(one["cells"])
        scores.add(row for row in one["scores"] if row[-1] is not None)
        games += (Played(**game) for game in one["games"])
        scales |= {name: (low, high) for name, (low, high) in one["scales"].items()}
        if one["slot"] is not None and log.participant is not None:
            slots[log.participant] = one["slot"]
    table = table_of_cells(cells.table())
    return Answers(table, scores.table(), tuple(seen), scales, slots, tuple(games))


class _Rows:
    """Rows that become a table bit by bit: a table takes a tenth of the memory of its rows."""

    def __init__(self, columns: dict[str, str]) -> None:
        self._columns = columns
        self._rows: list[Sequence[object]] = []
        self._tables: list[DataFrame] = []

    def add(self, rows: Iterable[Sequence[object]]) -> None:
        self._rows += rows
        if len(self._rows) >= _AT_ONCE:
            self._tables.append(frame_of(self._rows, self._columns))
            self._rows.clear()

    def table(self) -> DataFrame:
        import pandas as pd

        if not self._tables:
            return frame_of(self._rows, self._columns)
        last = [frame_of(self._rows, self._columns)] if self._rows else []
        return pd.concat([*self._tables, *last], ignore_index=True)


def frame_of(rows: Sequence[Sequence[object]], columns: dict[str, str] = COLUMNS) -> DataFrame:
    """Return rows as a table with the types of some columns."""
    import pandas as pd

    table = pd.DataFrame(list(rows), columns=list(columns), dtype=object)
    typed: DataFrame = table.astype(columns)
    return typed


def table_of_cells(cells: DataFrame) -> DataFrame:
    """Return one row for each cell, also where several logs of a session add to it.

    Parameters
    ----------
    cells : DataFrame
        Columns as in `CELLS`.

    Returns
    -------
    DataFrame
        Without ``total``, but with ``value``, the mean of the answers that count (missing where
        there is none); ``squares`` is the sum of their squared differences from it.
    """
    whole = cells.groupby(_KEYS, sort=False, dropna=False, as_index=False)[_SUMS].sum()
    value = whole["total"] / whole["answers"].where(whole["answers"] > 0)
    within = (whole["squares"] - whole["total"] * value).fillna(0.0).clip(lower=0.0)
    table: DataFrame = whole.drop(columns="total").assign(value=value, squares=within)
    return table


def cells_from(answers: DataFrame) -> DataFrame:
    """Return a table of answers, columns as in `COLUMNS`, as cells."""
    rows = answers.astype(object).where(answers.notna(), None).itertuples(index=False, name=None)
    return table_of_cells(frame_of(cells_of(rows), CELLS))


def answered(table: DataFrame) -> DataFrame:
    """Return the cells in which something was answered."""
    some: DataFrame = table[table["answers"] > 0]
    return some
