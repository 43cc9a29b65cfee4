"""Rows of an XLSX file, with nothing in it run, followed or calculated."""

from __future__ import annotations

import datetime
import io
import re
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

from experiment.errors import BadInput
from experiment.kit.tables import MAX_CELL, Row

MAX_UNPACKED = 200_000_000
"""Most that an XLSX file may unpack to (bytes)."""
_LAST_ROW = 1_048_576
"""The last row that a sheet has; a damaged one may name another, and would be filled up to it."""

_TYPES = "[Content_Types].xml"
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    RuntimeError,  # a part that is encrypted
    NotImplementedError,
    SyntaxError,  # XML that is cut off
    IndexError,  # a cell whose text isn't there
    KeyError,
    ValueError,
    TypeError,  # a part that openpyxl can't take
    AttributeError,  # one that it takes for another
)
"""What the libraries raise where a file is damaged."""
_REFUSED = (
    (re.compile(r"vbaProject|macrosheets/", re.IGNORECASE), "macros"),
    (re.compile(r"externalLinks/", re.IGNORECASE), "links to other files"),
    (re.compile(r"connections\.xml$|queryTables/", re.IGNORECASE), "connections to other data"),
    (re.compile(r"embeddings/|activeX/", re.IGNORECASE), "embedded objects"),
)


def read_xlsx(file: Path, raw: bytes, sheet: str | None) -> tuple[str, tuple[Row, ...]]:
    """Return in words how a file is written, and a sheet's rows but for empty ones.

    All are as long as the longest. A formula is kept as the text that was typed, ``=...``.

    Parameters
    ----------
    file : Path
        For errors.
    raw : bytes
        Its content.
    sheet : str or None
        Name of a sheet; the first one if None.

    Raises
    ------
    BadInput
        If it is no XLSX file, is damaged, holds macros or reaches beyond itself, or has no such
        sheet.
    """
    _check_parts(file, raw)
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    rows: list[Row] = []
    number = 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and print settings that it does not know
            book = load_workbook(io.BytesIO(raw), read_only=True, data_only=False, keep_links=False)
            names = [one.title for one in book.worksheets]
            if not names or (sheet is not None and sheet not in names):
                raise BadInput(
                    f"{file}:1: no sheet {sheet!r} among its {len(names)}; write it as it is there"
                )
            chosen = book.worksheets[0 if sheet is None else names.index(sheet)]
            chosen.reset_dimensions()  # what some programs write there is wrong
            for number, values in enumerate(chosen.iter_rows(values_only=True), start=1):
                if number > _LAST_ROW:
                    raise BadInput(
                        f"{file}:{number}: no sheet has so many rows; a damaged XLSX file, save it "
                        "again, or as CSV"
                    )
                if any(value is not None for value in values):
                    rows.append(Row(number, tuple(_text(value) for value in values)))
            book.close()
    except (InvalidFileException, *_DAMAGED):
        raise BadInput(
            f"{file}:{number + 1}: a damaged XLSX file, not readable from here on; save it "
            "again, or as CSV"
        ) from None
    width = max((_used(row.cells) for row in rows), default=0)
    which = f"sheet {names.index(chosen.title) + 1} of {len(names)}"
    return f"XLSX, {which}", tuple(
        Row(row.line, (*row.cells[:width], *[""] * (width - len(row.cells)))) for row in rows
    )


def _check_parts(file: Path, raw: bytes) -> None:
    """Refuse what can do more than hold cells, before anything is read."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            parts = {part.filename: part.file_size for part in archive.infolist()}
            if sum(parts.values()) > MAX_UNPACKED:
                raise BadInput(
                    f"{file}:1: unpacks to more than {MAX_UNPACKED} bytes; no survey does"
                )
            if "xl/workbook.xml" not in parts or _TYPES not in parts:
                raise BadInput(
                    f"{file}:1: a ZIP archive, no XLSX file; unpack it, or save it as XLSX or CSV"
                )
            kinds = archive.read(_TYPES)
    except _DAMAGED:
        raise BadInput(f"{file}:1: a damaged XLSX or ZIP file; download or save it again") from None
    found = ["macros"] if b"macroEnabled" in kinds else []
    found += [what for part in parts for name, what in _REFUSED if name.search(part)]
    if found:
        raise BadInput(f"{file}:1: holds {found[0]}; save it as CSV, or as XLSX without them")


def _text(value: Any) -> str:
    """Return a cell as a person would have typed it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if hasattr(value, "text") and hasattr(value, "ref"):  # a formula over many cells
        return str(value.text or "=")[: MAX_CELL + 1]
    return str(value).replace("_x000D_", "\r")  # how Excel writes a line end pasted into a cell


def _used(cells: tuple[str, ...]) -> int:
    """Return how many cells a row has before only empty ones follow."""
    return max((i + 1 for i, cell in enumerate(cells) if cell.strip()), default=0)
