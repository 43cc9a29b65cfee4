"""All sessions of a study in one table of answers, and what was left out with the reason why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.dose import DoseReport, doses
from analysis.tables import rating_rows, step_rows
from experiment.errors import BadInput
from experiment.readlog import SessionLog, read_log

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
"""Of the table of answers: a row for each rating question outside of practice."""


@dataclass(frozen=True)
class Seen:
    """A log, and whether it counts.

    Parameters
    ----------
    file : str
        From the study's folder.
    participant, session : str or None
        None where it can't be read.
    status : str or None
        How the session ended.
    tasks : tuple of str
    rehearsal : bool
        Whether a robot took part, or it was one for rehearsal.
    left_out : str or None
        Why its answers are not in the table.
    """

    file: str
    participant: str | None = None
    session: str | None = None
    status: str | None = None
    tasks: tuple[str, ...] = ()
    rehearsal: bool = False
    left_out: str | None = None


@dataclass(frozen=True, eq=False)
class Answers:
    """What participants answered.

    Parameters
    ----------
    table : DataFrame
        Columns as in `COLUMNS`; `value` is missing where nothing was answered.
    logs : tuple of Seen
        All logs, also those that were left out.
    scales : mapping of str to (int, int)
        Lowest and highest position of each rating.
    slots : mapping of str to str
        By participant, the slot of the sealed list that their logs name.
    games : tuple of DoseReport
        Of every round of a ball game.
    """

    table: DataFrame
    logs: tuple[Seen, ...]
    scales: dict[str, tuple[int, int]]
    slots: dict[str, str]
    games: tuple[DoseReport, ...] = ()

    @property
    def counted(self) -> tuple[Seen, ...]:
        """The logs whose answers are in the table."""
        return tuple(log for log in self.logs if log.left_out is None)

    @property
    def given(self) -> DataFrame:
        """The answers that were confirmed: what models are made of."""
        table: DataFrame = self.table[self.table["confirmed"].fillna(False)]
        return table


def gather(files: Iterable[Path], folder: Path, *, rehearsals: bool = False) -> Answers:
    """Read all logs of a study.

    A log that can't be read, that was edited, or of a rehearsal is left out and says so; one that
    was cut short counts as far as it goes.

    Parameters
    ----------
    files : iterable of Path
    folder : Path
        The study's; file names are told from there.
    rehearsals : bool
        Whether robots' sessions and rehearsals count too.
    """
    rows: list[tuple[object, ...]] = []
    seen: list[Seen] = []
    scales: dict[str, tuple[int, int]] = {}
    slots: dict[str, str] = {}
    games: list[DoseReport] = []
    for file in files:
        name = file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.name
        try:
            log = read_log(file)
            one, own, played = _seen(log, name, rehearsals), answers_in(log), doses(log)
        except BadInput as error:
            reason = str(error).replace(f"{file}", "").lstrip(":")
            seen.append(Seen(name, left_out=f"can't be read: line {reason}"))
            continue
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            reason = f"lacks what a session log must have ({type(error).__name__}); was it edited?"
            seen.append(Seen(name, left_out=reason))
            continue
        seen.append(one)
        if one.left_out is not None:
            continue
        rows += own
        games += played
        scales |= scales_of(log)
        if "allocation" in log.header:
            slots[log.header["participant"]] = log.header["allocation"]["slot"]
    return Answers(frame_of(rows), tuple(seen), scales, slots, tuple(games))


def answers_in(log: SessionLog) -> list[tuple[object, ...]]:
    """Return the answers of a log, practice left out; columns as in `COLUMNS`."""
    who = (str(log.header["participant"]), str(log.header["session"]))
    steps = {row.n: row for row in step_rows(log)}
    return [
        (
            *who,
            row.task,
            row.trial,
            row.condition,
            steps[row.n].block,
            steps[row.n].report,
            row.rating,
            row.value,
            row.rt,
            row.confirmed,
        )
        for row in rating_rows(log)
        if row.trial is not None
    ]


def frame_of(rows: Sequence[tuple[object, ...]]) -> DataFrame:
    """Return rows of answers as a table with the types of `COLUMNS`."""
    import pandas as pd

    table = pd.DataFrame(list(rows), columns=list(COLUMNS), dtype=object)
    typed: DataFrame = table.astype(COLUMNS)
    return typed


def scales_of(log: SessionLog) -> dict[str, tuple[int, int]]:
    """Return the lowest and the highest position of each rating scale of a log's protocol."""
    return {
        name: (0, rating["steps"]) if "steps" in rating else (1, rating["points"])
        for name, rating in log.header["protocol"]["ratings"].items()
    }


def _seen(log: SessionLog, name: str, rehearsals: bool) -> Seen:
    header = log.header
    rehearsal = header["robot"] is not None or bool(header.get("rehearsal", False))
    left_out = None
    if log.broken_at is not None:
        left_out = f"line {log.broken_at} was edited after the session"
    elif rehearsal and not rehearsals:
        left_out = "a robot's session or a rehearsal"
    return Seen(
        name,
        header["participant"],
        header["session"],
        log.status,
        tuple(header["tasks"]),
        rehearsal,
        left_out,
    )
