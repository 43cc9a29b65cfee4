"""All sessions of a study as tidy tables, with a dictionary of their columns.

One file for each kind of row, with the participant and the session before each row. Made of plain
rows; only Parquet needs a library.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from analysis import tables
from analysis.bids_events import table_of
from analysis.bids_sidecar import text_of
from analysis.gathering import Gathered, gather
from analysis.row_types import (
    BlockRow,
    FrameRow,
    MarkerRow,
    MarkRow,
    PauseRow,
    PressRow,
    PulseRow,
    RatingRow,
    StepRow,
    ThrowRow,
    TrialRow,
)
from analysis.throws import throw_rows
from analysis.trials import frame_rows, trial_rows
from analysis.writing import Changes, put_all
from experiment.errors import BadInput
from experiment.parts import part_of
from experiment.readlog import SessionLog
from experiment.study import check_label

DICTIONARY = "dictionary.json"
KEYS = ("participant", "session", "part", "log", "rehearsal")
"""Columns in front of those of each row."""


@dataclass(frozen=True)
class Table:
    """A kind of row.

    Parameters
    ----------
    name : str
        Of its file.
    row : type
        Data class of its rows.
    rows : callable
        Takes a log and returns its rows.
    """

    name: str
    row: type
    rows: Callable[[SessionLog], Sequence[Any]]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns, those in front included."""
        return (*KEYS, *(field.name for field in fields(self.row)))


# A new kind of row is a row here, and its columns are described in texts/tables.json.
TABLES = (
    Table("trials", TrialRow, trial_rows),
    Table("ratings", RatingRow, tables.rating_rows),
    Table("throws", ThrowRow, throw_rows),
    Table("steps", StepRow, tables.step_rows),
    Table("blocks", BlockRow, tables.block_rows),
    Table("presses", PressRow, tables.press_rows),
    Table("markers", MarkerRow, tables.marker_rows),
    Table("pulses", PulseRow, tables.pulse_rows),
    Table("marks", MarkRow, tables.mark_rows),
    Table("pauses", PauseRow, tables.pause_rows),
    Table("frames", FrameRow, frame_rows),
)

Row = dict[str, Any]
SessionTables = dict[str, list[Row]]


def session_tables(log: SessionLog) -> SessionTables:
    """Return all rows of a session, by the name of their table.

    Raises
    ------
    BadInput
        If its participant or session has no label that can be one.
    """
    keys = {
        "participant": check_label("participant", log.header["participant"]),
        "session": check_label("session", log.header["session"]),
        "part": part_of(log.header),
        "log": log.file.name,
        "rehearsal": log.header["robot"] is not None or log.header.get("rehearsal", False),
    }
    return {
        table.name: [
            {**keys, **{name: getattr(row, name) for name in table.columns[len(KEYS) :]}}
            for row in table.rows(log)
        ]
        for table in TABLES
    }


def export_tables(
    logs: Iterable[Path], out: Path, *, parquet: bool = False
) -> tuple[Changes, Gathered[SessionTables]]:
    """Write the tables of all logs, and what their columns mean.

    Parameters
    ----------
    logs : iterable of Path
    out : Path
        A new or empty folder, or one of tables that were exported before.
    parquet : bool
        Whether to write each table as Parquet too.

    Raises
    ------
    BadInput
        If `out` is anything else, or no log can be used. Nothing was written then.
    """
    found = gather(logs, session_tables)
    if not found.made:
        why = found.broken[0] if found.broken else "no logs; run a session first"
        raise BadInput(f"{out}: nothing to export: {why}")
    files: dict[str, str | bytes] = {DICTIONARY: dictionary()}
    for table in TABLES:
        rows = [row for session in found.made for row in session[table.name]]
        files[f"{table.name}.tsv"] = table_of(rows, table.columns)
        if parquet:
            files[f"{table.name}.parquet"] = _parquet(table, rows)
    return put_all(files, out, all_read=not found.broken), found


def dictionary() -> str:
    """Return what every column of every table means, as JSON."""
    texts = text_of("tables.json")
    told = {}
    for table in TABLES:
        own = texts["tables"][table.name]
        known = {**texts["columns"], **own["columns"]}
        types = _types(table)
        told[table.name] = {
            "Description": own["Description"],
            "Columns": {
                name: {**known[name], "Type": _TOLD_TYPES[types[name]]} for name in table.columns
            },
        }
    return json.dumps({"Missing": "n/a", "Tables": told}, indent=2, ensure_ascii=False) + "\n"


_OF_KEYS = {
    "participant": "str",
    "session": "str",
    "part": "int",
    "log": "str",
    "rehearsal": "bool",
}
_TOLD_TYPES = {"int": "whole number", "float": "number", "str": "text", "bool": "true or false"}


def _types(table: Table) -> dict[str, str]:
    """Return the type of each column: int, float, str or bool."""
    own = {field.name: str(field.type).split(" ", 1)[0] for field in fields(table.row)}
    return {**_OF_KEYS, **own}


def _parquet(table: Table, rows: Sequence[Row]) -> bytes:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        raise BadInput(
            "--parquet: needs the library pyarrow, which is not installed: pip install pyarrow"
        ) from None
    kinds = {
        "int": arrow.int64(),
        "float": arrow.float64(),
        "str": arrow.string(),
        "bool": arrow.bool_(),
    }
    types = _types(table)
    schema = arrow.schema([(name, kinds[types[name]]) for name in table.columns])
    buffer = io.BytesIO()
    parquet.write_table(arrow.Table.from_pylist(list(rows), schema=schema), buffer)
    return buffer.getvalue()
