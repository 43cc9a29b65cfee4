"""What a report of a study takes from one log: plain data, that keeps and travels as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from analysis.dose import doses
from analysis.questionnaires import fillings_in, scores_of
from analysis.study_tables import is_rehearsal
from analysis.tables import rating_rows, step_rows
from experiment.readlog import SessionLog


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
    tasks, done : tuple of str
        Tasks that it was made for, and those whose run ended as planned.
    rehearsal : bool
        Whether a robot took part, or it was one for rehearsal.
    left_out : str or None
        Why its answers do not count.
    """

    file: str
    participant: str | None = None
    session: str | None = None
    status: str | None = None
    tasks: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    rehearsal: bool = False
    left_out: str | None = None


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
        `analysis.science.gather`; ``games``: the fields of each round's `DoseReport`; ``scales``:
        lowest and highest position of each rating; ``slot``: on the sealed list, if the header
        names one. None of the last five where it is left out.
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
        "games": [asdict(one) for one in doses(log)],
        "scales": scales_of(log),
        "slot": header.get("allocation", {}).get("slot"),
    }


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
    """Return the answers of a log, practice left out; columns as in `analysis.science.gather`."""
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
