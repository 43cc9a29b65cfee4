"""The mapping file: which column is which, where headers don't say it.

::

    rows: {header: 1, first: 2}        # rows of the file, from 1 (empty rows not counted)
    columns:                           # by header text as it is in the file, or by number from 1
      name: Vorname
      relation: none                   # there is none
      consent: Einwilligung
      kind: [Nachricht 1, Nachricht 2, 7]
    answers: {consent: [Ja, Einverstanden], finished: [Fertig]}
    language: de                       # of all messages, where no column says it
    conditions: {nett: kind, sachlich: neutral}      # where a column says the condition

Without `columns` they are found by their headers, and only the rest is taken from the file.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from experiment.errors import BadInput
from experiment.kit.columns import FIELDS, MANY, WHAT, Columns, Place
from experiment.kit.importing import recognised
from experiment.kit.layout import AGREED, DONE, Layout
from experiment.kit.model import Condition
from experiment.kit.tables import Table
from experiment.protocol.allowed import in_words
from experiment.protocol.values import Strict
from experiment.yaml_files import LinedMap, line_at, read_yaml

Column = str | Annotated[int, Field(ge=1)]


class Rows(Strict):
    """Which rows are what, from 1."""

    header: Annotated[int, Field(ge=1)] = 1
    first: Annotated[int, Field(ge=2)] = 2


class MappedColumns(Strict):
    """A column, several or ``none`` for each field."""

    finished: Column | tuple[Column, ...] | None = None
    language: Column | None = None
    email: Column | None = None
    consent: Column | tuple[Column, ...] | None
    neutral: Column | tuple[Column, ...] | None = None
    relation: Column | None = None
    kind: Column | tuple[Column, ...] | None = None
    name: Column | None
    condition: Column | None = None
    message: Column | None = None


class Answers(Strict):
    """Whole answers, in any case of letters, that count."""

    consent: tuple[str | int, ...] = ()
    finished: tuple[str | int, ...] = ()


class MappingFile(Strict):
    """A whole mapping file."""

    rows: Rows = Rows()
    columns: MappedColumns | None = None
    answers: Answers = Answers()
    language: str | None = None
    conditions: dict[str, Condition] = Field(default_factory=dict)


def layout_from(mapping: Path, table: Table) -> Layout:
    """Read a mapping file and find its columns in a table.

    Raises
    ------
    BadInput
        If it is no mapping, or names a column that the table does not have. Names the line.
    """
    tree = read_yaml(mapping)
    if not isinstance(tree, LinedMap):
        raise BadInput(f"{mapping}:1: a mapping file has sections: columns, answers, language")
    try:
        told = MappingFile.model_validate(_plain(tree))
    except ValidationError as error:
        detail = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        loc = tuple(part for part in detail["loc"] if part not in _BRANCHES)
        where = ".".join(str(part) for part in loc)
        raise BadInput(f"{mapping}:{line_at(tree, loc)}: {where}: {in_words(detail)}") from None
    if told.columns is None:
        found = recognised(table)
        return replace(
            found,
            agreed=_any_of(told.answers.consent) or found.agreed,
            done=_any_of(told.answers.finished) or found.done,
            language=told.language,
            conditions=(*found.conditions, *told.conditions.items()),
        )
    if (told.columns.message is None) == (told.columns.kind is None):
        raise BadInput(
            f"{mapping}:{line_at(tree, ('columns',))}: columns: either kind (one row per writer) "
            "or message (one row per message) is needed"
        )
    if told.rows.first <= told.rows.header or told.rows.header > len(table.rows):
        raise BadInput(
            f"{mapping}:{line_at(tree, ('rows',))}: rows: the header must come before the first "
            f"answer, and the file has {len(table.rows)} rows"
        )
    headers = [cell.strip() for cell in table.rows[told.rows.header - 1].cells]
    places: dict[str, Place] = {}
    for field in FIELDS:
        wanted = getattr(told.columns, field)
        if wanted is None:
            continue
        listed = wanted if isinstance(wanted, tuple) else (wanted,)
        line = line_at(tree, ("columns", field))
        places[field] = tuple(_column(one, headers, f"{mapping}:{line}: {field}") for one in listed)
    _check_each_once(mapping, tree, places)
    return Layout(
        "a table with a mapping file",
        header=told.rows.header - 1,
        first=told.rows.first - 1,
        columns=Columns(places),
        agreed=_any_of(told.answers.consent) or AGREED,
        done=_any_of(told.answers.finished) or DONE,
        language=told.language,
        conditions=tuple(told.conditions.items()),
        notices=() if "consent" in places else ("no column of consent: you answer for it",),
    )


_BRANCHES = ("str", "constrained-int", "int", "tuple[union[str,constrained-int], ...]")


def _column(wanted: str | int, headers: list[str], where: str) -> int:
    if isinstance(wanted, int):
        if wanted > len(headers):
            raise BadInput(f"{where}: no column {wanted}, the file has {len(headers)}")
        return wanted - 1
    found = [i for i, header in enumerate(headers) if header == wanted.strip()]
    if len(found) != 1:
        how = "no column" if not found else f"{len(found)} columns"
        raise BadInput(f"{where}: {how} {wanted!r} in the header row; or give its number")
    return found[0]


def _check_each_once(mapping: Path, tree: LinedMap, places: dict[str, Place]) -> None:
    seen: dict[int, str] = {}
    for field, place in places.items():
        assert field in MANY or len(place) == 1
        for i in place:
            if i in seen:
                raise BadInput(
                    f"{mapping}:{line_at(tree, ('columns', field))}: {field}: column {i + 1} is "
                    f"that of {WHAT[seen[i]]} already"
                )
            seen[i] = field


def _any_of(answers: tuple[str | int, ...]) -> str | None:
    return "|".join(re.escape(str(answer).strip().lower()) for answer in answers) or None


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return None if node == "none" else node
