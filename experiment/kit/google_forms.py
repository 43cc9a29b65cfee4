"""Google Forms responses: CSV, or the sheet that they are linked to as XLSX.

One header row with ``Timestamp`` and then the questions; with collected addresses an ``Email
Address`` or ``Username``. What is there was submitted: there are no unfinished answers.
"""

from __future__ import annotations

from experiment.kit.columns import SURVEY, find_columns
from experiment.kit.layout import Layout
from experiment.kit.tables import Table

# The first column in the languages of some account holders.
_TIMESTAMPS = {
    "timestamp",
    "zeitstempel",
    "horodateur",
    "marca temporal",
    "informazioni cronologiche",
    "carimbo de data/hora",
    "tijdstempel",
    "sygnatura czasowa",
    "отметка времени",
    "タイムスタンプ",
    "타임스탬프",
    "时间戳记",
    "時間戳記",
}
_PATTERNS = {**SURVEY, "language": r"\blanguage\b"}


def recognise(table: Table) -> bool:
    """Tell whether a table is a Google form's."""
    return table.rows[0].cells[0].strip().lower() in _TIMESTAMPS


def lay_out(table: Table) -> Layout:
    """Find the columns of a form.

    Raises
    ------
    NotFound
        If a column that is needed is missing.
    """
    columns = find_columns(table.rows[0].cells, _PATTERNS, ("consent", "kind", "name"))
    return Layout("Google Forms responses", header=0, first=1, columns=columns)
