"""The events of a run, as BIDS wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from types import NoneType
from typing import Any

from analysis.bids_throws import COLUMNS as OF_A_GAME
from analysis.bids_throws import game_columns
from analysis.row_types import BlockRow, MarkRow, PauseRow, RatingRow, Run, StepRow
from analysis.tables import (
    block_rows,
    mark_rows,
    marker_rows,
    pause_rows,
    pulse_rows,
    rating_rows,
    step_rows,
)
from experiment.readlog import SessionLog

COLUMNS = (
    "onset",
    "duration",
    "trial_type",
    "value",  # reserved by BIDS for the marker's code; the answer is `rating_value`
    "trial",
    "condition",
    "message_id",
    "writer_id",
    "rating",
    "rating_value",
    "response_time",
    "confirmed",
    "cursor_start",
    "planned_onset",
)
_OF_SOCIAL = ("profile_id", "shown_answer", "block", "report", "interrupted")
_TRIAL_TYPES = {"scale": "rating"}  # where it isn't the kind of screen
_FIRST_MARKER = "run_start"  # of the screen with which a run proper begins

EventRow = dict[str, Any]


def events_of(log: SessionLog, run: Run) -> list[EventRow]:
    """Return a run's events from its start on, sorted by onset; none if it never started."""
    screens = [row for row in step_rows(log) if row.run == run.number]
    start = next((i for i, row in enumerate(screens) if row.marker == _FIRST_MARKER), None)
    if start is None:
        return []
    sent = {row.step: row.code for row in marker_rows(log) if row.flip is not None}
    answers = {row.n: row for row in rating_rows(log)}
    of_game, end = game_columns(log), run.end
    rows = [
        _screen_event(row, sent.get(row.n), answers.get(row.n)) | of_game.get(row.n, {})
        for row in screens[start:]
        if row.onset is not None
    ]
    rows += [_block_event(row) for row in block_rows(log) if row.run == run.number]
    rows += [_pause_event(row) for row in pause_rows(log) if row.run == run.number]
    rows += [
        {"onset": row.t, "duration": 0.0, "trial_type": "pulse"}
        for row in pulse_rows(log)
        if row.run == run.number
        and row.t is not None
        and row.t >= 0
        and (end is None or row.t <= end)
    ]
    rows += [
        {"onset": row["Onset"], "duration": 0.0, "trial_type": f"mark_{row['Name']}"}
        for row in marks_of(log, run)
    ]
    # What came twice in one read has one stamp, and is one event to HED; the log keeps both.
    found: dict[tuple[float, str], EventRow] = {}
    for row in rows:
        found.setdefault((row["onset"], row["trial_type"]), row)
    return sorted(found.values(), key=lambda row: row["onset"])


def marks_of(log: SessionLog, run: Run) -> list[dict[str, Any]]:
    """Return the marks of a PET scan that belong to a run: those made in it, and its zero."""
    return [
        {"Name": row.name, "Onset": run.at(row.at), "Origin": row.origin, "Repeated": row.again}
        for row in mark_rows(log)
        if run.zero is not None and (row.at == run.zero or _while(row, run))
    ]


def _while(row: MarkRow, run: Run) -> bool:
    return row.at >= run.begun and (run.ended is None or row.at <= run.ended)


def _screen_event(row: StepRow, sent: int | None, answer: RatingRow | None) -> EventRow:
    return {
        "onset": row.onset,
        "duration": row.duration,
        "trial_type": _trial_type(row),
        "value": sent,
        "trial": row.trial,
        "condition": row.condition,
        "message_id": row.message_id,
        "writer_id": row.writer_id,
        "rating": None if row.rating is None else row.rating.replace(".", "_"),  # of items
        "rating_value": None if answer is None else answer.value,
        "response_time": row.rt,
        "confirmed": row.confirmed,
        "cursor_start": None if answer is None else answer.start,
        "planned_onset": row.planned,
        "profile_id": row.profile_id,
        "shown_answer": row.shown_answer,
        "block": row.block,
        "report": row.report,
    }


def _block_event(row: BlockRow) -> EventRow:
    return {
        "onset": row.onset,
        "duration": row.duration,
        "trial_type": "block",
        "condition": row.condition,
        "planned_onset": row.planned,
        "block": row.block,
        "interrupted": row.interrupted,
    }


def columns_of(kind: str) -> tuple[str, ...]:
    """Return the columns that a kind of task fills."""
    if kind not in ("choosing", "feedback", "pages", "cyberball", "questionnaire"):
        return COLUMNS
    if kind == "questionnaire":
        return tuple(n for n in COLUMNS if n not in ("message_id", "writer_id", "condition"))
    shared = tuple(name for name in COLUMNS if name not in ("message_id", "writer_id"))
    if kind == "cyberball":
        return (*shared, "block", "interrupted", *OF_A_GAME)
    return (*shared, *(_OF_SOCIAL if kind == "feedback" else ("profile_id",)))


def _trial_type(row: StepRow) -> str:
    if row.screen == "prompt" and row.marker is not None:
        return row.marker  # what it asks for
    return _TRIAL_TYPES.get(row.screen, row.screen)


def _pause_event(row: PauseRow) -> EventRow:
    return {"onset": row.onset, "duration": row.duration, "trial_type": "pause"}


def table_of(rows: Iterable[EventRow], columns: Sequence[str]) -> str:
    """Return rows as tab-separated values."""
    held = list(rows)
    texts = [_texts([row.get(name) for row in held]) for name in columns]
    lines = map("\t".join, zip(*texts, strict=True))
    return "\n".join(["\t".join(columns), *lines, ""])


def cells(values: Sequence[Any]) -> str:
    """Return values as BIDS writes them, with tabs between."""
    return "\t".join(_texts(values))


def _texts(values: Sequence[Any]) -> list[str]:
    """Return values as BIDS writes them; much of the work of an export of many is done here."""
    kinds = set(map(type, values)) - {NoneType}
    if not kinds:
        return ["n/a"] * len(values)
    if len(kinds) == 1:  # as a column has them: what makes texts of them is looked up once
        way = _CELLS[kinds.pop()]
        return ["n/a" if value is None else way(value) for value in values]
    return ["n/a" if value is None else _CELLS[type(value)](value) for value in values]


@lru_cache(maxsize=4096)  # of labels and names there are few
def text_cell(value: object) -> str:
    """Return a text as BIDS writes it."""
    return " ".join(str(value).split()) or "n/a"


class _Cells(dict[type, Callable[[Any], str]]):
    def __missing__(self, key: type) -> Callable[[Any], str]:
        return text_cell


_CELLS = _Cells(
    {
        bool: lambda value: "true" if value else "false",
        float: "{:.6f}".format,
        int: str,
        str: text_cell,
    }
)
