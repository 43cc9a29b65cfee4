"""What a report of a study takes from one log: plain data, that keeps and travels as JSON."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from analysis.dose import as_played, doses
from analysis.parts import begun_anew
from analysis.questionnaires import fillings_in, scores_of
from analysis.study_tables import is_rehearsal
from analysis.tables import rating_rows, step_rows
from experiment.readlog import SessionLog

_Keys = Callable[[Any], tuple[Hashable, Hashable]]
_KEYS: dict[str, _Keys] = {
    # task; and trial, block, moment and rating beside it
    "answers": lambda row: (row[2], (row[2], row[3], *row[5:8])),
    # task; and questionnaire and score beside it
    "scores": lambda row: (row[2], (row[2], *row[4:6])),
    "games": lambda one: (one["task"], (one["task"], one["round"])),
}
"""By what a part's rows are known: their task, and what in it they are of."""


@dataclass(frozen=True, slots=True)
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
    tasks, done : tuple of str
        Tasks that it was made for, and those whose run ended as planned.
    rehearsal : bool
        Whether a robot took part, or it was one for rehearsal.
    left_out : str or None
        Why its answers do not count.
    again : int
        How many of its answers, scores and rounds of a ball game do not count, since a later part
        of the session asked or played them again.
    """

    file: str
    participant: str | None = None
    session: str | None = None
    status: str | None = None
    tasks: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    rehearsal: bool = False
    left_out: str | None = None
    again: int = 0


def facts_of(log: SessionLog, name: str) -> dict[str, Any]:
    """Return what a report takes from a log.

    Parameters
    ----------
    log : SessionLog
    name : str
        Its path from the study's folder.

    Returns
    -------
    dict
        ``seen``: a `Seen`; ``answers``, ``scores``: rows with the columns of
        `analysis.science.gather`; ``games``: the fields of each `Played`; ``scales``:
        lowest and highest position of each rating; ``slot``: on the sealed list, if the header
        names one; ``anew``: tasks whose run it repeats as a whole. None but the first where it is
        left out.
    """
    header = log.header
    edited = log.broken_at is not None
    seen = Seen(
        name,
        str(header["participant"]),
        str(header["session"]),
        log.status,
        tuple(header["tasks"]),
        tuple(str(event["task"]) for event in log.of("run_end")),
        is_rehearsal(header),
        f"line {log.broken_at} was edited after the session" if edited else None,
    )
    facts: dict[str, Any] = {"seen": asdict(seen)}
    if edited:
        return facts
    return facts | {
        "answers": answers_in(log),
        "scores": [row for filling in fillings_in(log) for row in scores_of(filling)],
        "games": [asdict(as_played(one)) for one in doses(log)],
        "scales": scales_of(log),
        "slot": header.get("allocation", {}).get("slot"),
        "anew": _anew(log),
    }


def counted_once(parts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the facts of a session's parts without what a later part asked or played again.

    What was shown last counts. A run that was repeated as a whole counts from there on, also where
    it did not come as far again.

    Parameters
    ----------
    parts : sequence of dict
        As `facts_of` gives them, in order.
    """
    later: set[Hashable] = set()
    once = []
    for facts in reversed(parts):
        if facts["seen"]["left_out"] is None:
            kept = {what: [row for row in facts[what] if later.isdisjoint(keys(row))]
                    for what, keys in _KEYS.items()}  # fmt: skip
            dropped = sum(len(facts[what]) - len(rows) for what, rows in kept.items())
            for what, keys in _KEYS.items():
                later.update(keys(row)[1] for row in facts[what])
            later.update(facts["anew"])
            facts = {**facts, **kept, "seen": {**facts["seen"], "again": dropped}}
        once.append(facts)
    return once[::-1]


def summed(facts: dict[str, Any]) -> dict[str, Any]:
    """Return a log's facts with ``cells`` in the place of its answers.

    That is all a report makes use of, in a tenth of the room. `counted_once` comes before it: what
    is asked again is known by its trial.
    """
    if facts["seen"]["left_out"] is not None:
        return facts
    others = {name: value for name, value in facts.items() if name != "answers"}
    return {**others, "cells": cells_of(facts["answers"])}


def cells_of(answers: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Sum answers up: those of a session to one rating question about one kind of thing are a cell.

    Parameters
    ----------
    answers : iterable of tuple
        As `answers_in` gives them.

    Returns
    -------
    list of tuple
        Columns as in `analysis.science.gather.CELLS`.
    """
    cells: dict[tuple[Any, ...], list[float]] = {}
    for *who, task, _, condition, _, moment, rating, value, _, confirmed in answers:
        cell = cells.setdefault((*who, task, condition, moment, rating), [0, 0, 0, 0, 0.0, 0.0])
        cell[0] += 1
        if value is None:
            cell[1] += 1
        elif not confirmed:
            cell[2] += 1
        else:
            cell[3] += 1
            cell[4] += value
            cell[5] += value * value
    return [(*key, *sums) for key, sums in cells.items()]


def _anew(log: SessionLog) -> list[str]:
    """Return the tasks whose whole run comes in a log of which a part before it may have some."""
    begun = {event["task"] for event in log.of("run_begin")}
    return [task for task in begun_anew(log.header) if task in begun]


def left_out(name: str, why: str) -> dict[str, Any]:
    """Return what is to be told of a log that can't be used.

    Parameters
    ----------
    name : str
        Its path from the study's folder.
    why : str
        Its own path before it.
    """
    _, found, reason = why.partition(name)
    told = reason.lstrip(":").strip() if found else why
    line, colon, problem = told.partition(":")
    if colon and line.isdigit():
        told = f"line {line}:{problem}"
    return {"seen": asdict(Seen(name, left_out=f"can't be used: {told}"))}


def answers_in(log: SessionLog) -> list[tuple[object, ...]]:
    """Return the answers of a log, practice left out; columns as in `gather.COLUMNS`."""
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


def scales_of(log: SessionLog) -> dict[str, tuple[int, int]]:
    """Return the lowest and the highest position of each rating scale of a log's protocol."""
    return {
        name: (0, rating["steps"]) if "steps" in rating else (1, rating["points"])
        for name, rating in log.header["protocol"]["ratings"].items()
    }
