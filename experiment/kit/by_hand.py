"""Tables typed by hand: one row per message, with its writer.

Columns are ``writer`` and ``message``, and if wanted ``relation``, ``condition``, ``language``,
``consent`` and ``email``. Who types messages in answers for the consent if no column has it.
"""

from __future__ import annotations

from experiment.kit.columns import find_columns, plain_header
from experiment.kit.layout import Layout
from experiment.kit.tables import Table

_PATTERNS = {
    "finished": r"^finished$",
    "language": r"^lang(uage)?$",
    "email": r"^e-?mail$",
    "consent": r"^consent(ed)?$|^agree[sd]?$",
    "relation": r"^relation(ship)?$",
    "name": r"^(writer|writer'?s name|name|from|author)$",
    "condition": r"^(condition|type)$",
    "message": r"^(message|text)$",
}
_WORDS = (("loving", "kind"), ("warm", "kind"), ("factual", "neutral"))


def recognise(table: Table) -> bool:
    """Tell whether a table has one message in a row."""
    headers = {plain_header(cell) for cell in table.rows[0].cells}
    return not headers.isdisjoint(("message", "text"))


def lay_out(table: Table) -> Layout:
    """Find the columns of a table.

    Raises
    ------
    NotFound
        If a column that is needed is missing.
    """
    columns = find_columns(table.rows[0].cells, _PATTERNS, ("message", "name"))
    notices = []
    if not columns["condition"]:
        notices.append("no column of conditions: all messages were taken as kind ones")
    if not columns["consent"]:
        notices.append("no column of consent: you answer for it")
    return Layout(
        "a table typed by hand",
        header=0,
        first=1,
        columns=columns,
        conditions=_WORDS,
        notices=tuple(notices),
    )
