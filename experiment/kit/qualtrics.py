"""Qualtrics exports: CSV, TSV or XLSX, with choice texts or with numbers.

The first row has the columns' names, the second the questions, the third the import ids; an XLSX
may come without the third, and the legacy export has none. A TSV is in UTF-16. Besides the
questions there are columns of Qualtrics' own, among them the names and the e-mail of recipients. In
the legacy export they stand first, are called V1, V2 and so on in some, and only the second row
names them.
"""

from __future__ import annotations

from experiment.kit.columns import SURVEY, find_columns
from experiment.kit.layout import Layout
from experiment.kit.tables import Table

_PATTERNS = {
    **SURVEY,
    "finished": r"^finished$",
    "language": r"^(user ?|q )language$",
    "email": r"^(recipient ?email|email ?address)$",
}
# Rows that no writer sent: previews, tests and spam, as text and as number.
NOT_ANSWERS = {
    "survey preview": "a preview",
    "1": "a preview",
    "survey test": "a test",
    "2": "a test",
    "spam": "marked as spam",
    "8": "marked as spam",
}
"""What the column Status says of a row, in small letters, and the reason to leave the row out."""


# Names of columns that each export has, and what the second row calls them.
_TOOLS_COLUMNS = {"finished": "finished", "recordeddate": "recorded date", "enddate": "end date"}
_LEGACY = {"responseid", "responseset", "finished"}  # in the second row of a legacy export


def recognise(table: Table) -> bool:
    """Tell whether a table is a Qualtrics export."""
    return _has_import_ids(table) or _has_two_headers(table) or _is_legacy(table)


def first_answer(table: Table) -> int:
    """Return the index of an export's first answer: below two rows of headers, or three."""
    return 3 if _has_import_ids(table) else 2


def names_of(table: Table) -> list[str]:
    """Return the names of an export's columns, in small letters.

    In a legacy export the second row names Qualtrics' own ones.
    """
    names = _small(table, 0)
    if _is_legacy(table):
        own = _small(table, 1)
        names[: own.index("finished") + 1] = own[: own.index("finished") + 1]
    return names


def _has_import_ids(table: Table) -> bool:
    return len(table.rows) > 2 and any("ImportId" in cell for cell in table.rows[2].cells)


def _has_two_headers(table: Table) -> bool:
    if len(table.rows) < 2:
        return False
    both = set(zip(_small(table, 0), _small(table, 1), strict=True))
    return all(pair in both for pair in _TOOLS_COLUMNS.items())


def _is_legacy(table: Table) -> bool:
    return len(table.rows) > 1 and set(_small(table, 1)) >= _LEGACY


def _small(table: Table, row: int) -> list[str]:
    return [cell.strip().lower() for cell in table.rows[row].cells]


def lay_out(table: Table) -> Layout:
    """Find the columns of an export.

    Raises
    ------
    NotFound
        If a column that is needed is missing.
    """
    first, names = first_answer(table), names_of(table)
    headers = list(table.rows[1].cells)
    if _is_legacy(table):
        own = names.index("finished")
        headers[:own] = ["" if name == "name" else name for name in names[:own]]  # a recipient's
    columns = find_columns(headers, _PATTERNS, ("finished", "consent", "kind", "name"))
    numbers = all(
        row.cells[i].strip() in ("", "0", "1", "2")
        for row in table.rows[first:]
        for i in columns["consent"]
    )
    notices = (
        ("consent is given as numbers: 1 was taken for agreed; see that it is so in the survey",)
        if numbers
        else ()
    )
    return Layout(
        "a Qualtrics export",
        header=1,
        first=first,
        columns=columns,
        status=names.index("status") if "status" in names else None,
        not_answers=NOT_ANSWERS,
        notices=notices,
    )
