"""All sessions of a study as tidy tables, with a dictionary of their columns.

One file for each kind of row, with the participant and the session before each row. Lines are made
of plain rows; only Parquet, which is made of the lines, needs a library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from analysis import tables
from analysis.bids_events import cells, text_cell
from analysis.bids_sidecar import text_of
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
    types_of,
)
from analysis.throws import throw_rows
from analysis.trials import frame_rows, trial_rows
from analysis.writing import json_text
from experiment.errors import BadInput
from experiment.parts import part_of
from experiment.readlog import Event, SessionLog
from experiment.study import check_label

DICTIONARY = "dictionary.json"
_BLOCK = 8 << 20  # bytes of a table at once
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
        Of its rows, a named tuple.
    rows : callable
        Takes a log and returns its rows.
    """

    name: str
    row: type
    rows: Callable[[SessionLog], Sequence[Any]]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns, those in front included."""
        return (*KEYS, *types_of(self.row))


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

NAMES = tuple(table.name for table in TABLES)


def is_rehearsal(header: Event) -> bool:
    """Whether a log's session is no data: a robot's, or one to try things out."""
    return header["robot"] is not None or bool(header.get("rehearsal", False))


def table_lines(log: SessionLog) -> dict[str, list[str]]:
    """Return the lines of each table of a session, heads left out.

    Raises
    ------
    BadInput
        If its participant or session has no label that can be one.
    """
    header = log.header
    keys = cells(
        [
            check_label("participant", header["participant"]),
            check_label("session", header["session"]),
            part_of(header),
            log.file.name,
            is_rehearsal(header),
        ]
    )
    return {table.name: _lines(table, keys, table.rows(log)) for table in TABLES}


def _lines(table: Table, keys: str, rows: Sequence[Any]) -> list[str]:
    """Return rows as lines: column by column, which takes half as long as cell by cell."""
    if not rows:
        return []
    columns = zip(*rows, strict=True)
    texts = [
        ["n/a"] * len(rows) if _is_empty(values) else way(values)
        for way, values in zip(_ways(table), columns, strict=True)
    ]
    return list(map("\t".join, zip([keys] * len(rows), *texts, strict=True)))


def _is_empty(values: Sequence[Any]) -> bool:
    return values[0] is None and values.count(None) == len(values)


@cache
def _ways(table: Table) -> list[Callable[[Sequence[Any]], list[str]]]:
    """Return what makes texts of the values of each column of a table."""
    return [_TEXTS[type_] for type_ in types_of(table.row).values()]


_TOLD_BOOLS = {None: "n/a", True: "true", False: "false"}
_TEXTS: Mapping[str, Callable[[Sequence[Any]], list[str]]] = {
    "int": lambda values: ["n/a" if one is None else str(one) for one in values],
    "float": lambda values: ["n/a" if one is None else f"{one:.6f}" for one in values],
    "bool": lambda values: [_TOLD_BOOLS[one] for one in values],
    "str": lambda values: ["n/a" if one is None else text_cell(one) for one in values],
}


def together(rows: Mapping[str, Sequence[str]]) -> str:
    """Return the lines of a visit's tables as one text, each table's after a line with its name.

    One file for a visit, not eleven: most of the work of an export is the making of files.
    """
    return "".join("\n".join((f"# {name}", *lines, "")) for name, lines in rows.items() if lines)


def parted(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what `together` put together: a table's name and its lines; no label begins with #."""
    for block in (b"\n" + text).split(b"\n# ")[1:]:
        name, _, lines = block.partition(b"\n")
        yield name.decode(), lines if lines.endswith(b"\n") else lines + b"\n"


def head(table: Table) -> str:
    """Return a table's first line."""
    return "\t".join(table.columns) + "\n"


def write_parquet(table: Table, tsv: Path, stream: IO[bytes]) -> None:
    """Write a table as Parquet: the same rows as in its TSV, each column with its type.

    Raises
    ------
    BadInput
        If pyarrow is not there.
    """
    try:
        import pyarrow as arrow
        from pyarrow import csv, parquet
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
    types = {name: kinds[type_] for name, type_ in _types(table).items()}
    schema = arrow.schema([(name, types[name]) for name in table.columns])
    # Whole files may not fit into memory: block by block.
    with parquet.ParquetWriter(stream, schema) as writer:
        read = csv.open_csv(
            tsv,
            read_options=csv.ReadOptions(block_size=_BLOCK),
            parse_options=csv.ParseOptions(delimiter="\t", quote_char=False),
            convert_options=csv.ConvertOptions(
                column_types=types, null_values=["n/a"], strings_can_be_null=True
            ),
        )
        for batch in read:
            writer.write_batch(batch)


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
    return json_text({"Missing": "n/a", "Tables": told})


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
    return {**_OF_KEYS, **types_of(table.row)}
