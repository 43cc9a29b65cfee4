"""REDCap exports: CSV with field names and raw values, or with labels.

One row per record, with ``record_id`` (``Record ID``) first. Each instrument ends in a column
``NAME_complete`` (``Complete?``) that is 0, 1 or 2 (Incomplete, Unverified, Complete). A choice of
a checkbox has a column of its own, ``consent___1`` (``... (choice=I agree)``), that is 0 or 1
(Unchecked, Checked).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from experiment.kit.columns import SURVEY, find_columns, plain_header
from experiment.kit.layout import Layout
from experiment.kit.tables import Table

_ENDS = "_complete"
_PATTERNS = {**SURVEY, "finished": r"\bcomplete\??$", "language": r"\blanguage\b"}


def recognise(table: Table) -> bool:
    """Tell whether a table is a REDCap export."""
    headers = [plain_header(cell) for cell in table.rows[0].cells]
    ends = any(header.endswith((" complete", "complete?")) for header in headers)
    return headers[0] in ("record id", "study id", "participant id") and ends


def instrument_of(names: Sequence[str], fields: Collection[str]) -> str | None:
    """Return the instrument that fields are of; None if no column says so.

    An export has the columns of an instrument one after the other; the last one says whether it is
    complete. Those of other instruments say nothing about it.

    Parameters
    ----------
    names : sequence of str
        Of all columns, in small letters, in the export's order.
    fields : collection of str
        Names of the columns that must be in it.
    """
    last = max((place for place, name in enumerate(names) if name in fields), default=0)
    ends = (name for name in names[last:] if name.endswith(_ENDS))
    return next((name.removesuffix(_ENDS) for name in ends), None)


def lay_out(table: Table) -> Layout:
    """Find the columns of an export.

    Raises
    ------
    NotFound
        If a column that is needed is missing.
    """
    columns = find_columns(table.rows[0].cells, _PATTERNS, ("finished", "consent", "kind", "name"))
    return Layout("a REDCap export", header=0, first=1, columns=columns, done="2|complete")
