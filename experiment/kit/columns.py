"""Where a table of answers keeps what is needed: found by header patterns, or told by a mapping."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Place: TypeAlias = tuple[int, ...]  # column numbers from 0
FIELDS = (
    "finished",
    "language",
    "email",
    "consent",
    "neutral",
    "relation",
    "kind",
    "name",
    "condition",
    "message",
)
"""In the order in which columns are given away; a column serves one field."""

MANY = ("finished", "consent", "neutral", "kind")
"""Fields that may have several columns; all of `finished` and `consent` must be true."""

WHAT = {
    "finished": "whether an answer is finished",
    "language": "the language",
    "email": "the e-mail",
    "consent": "consent",
    "neutral": "neutral messages",
    "relation": "the relation",
    "kind": "kind messages",
    "name": "the writer's name",
    "condition": "the condition",
    "message": "the message",
}

HOW_TO_MAP = "name the columns in a mapping file (--mapping FILE.yaml, see docs/messages.md)"

SURVEY = {
    "email": r"\be ?mail( address)?$|^username$",
    "consent": r"\b(agree|consent)\b",
    "neutral": r"\b(factual|neutral)\b",
    "relation": r"\bknow (this person|them|him|her)\b|\brelation(ship)?\b",
    "kind": r"\bkind\b|\bmessages?\b",
    "name": r"\bname\b",
}
"""Patterns of question texts and field names (searched in small letters, ``_`` as a space)."""

# What survey tools add on their own, with words that questions have too.
_TOOLS_OWN = re.compile(
    r"^(recipient (first|last) ?name|recipient(first|last)name|external (data )?reference"
    r"|response ?(id|type)|survey identifier|redcap .*|.*\btimestamp|timing - .*|.* - (first click"
    r"|last click|page submit|click count))$"
)


@dataclass(frozen=True)
class Columns:
    """Where the fields are.

    Parameters
    ----------
    places : mapping of str to tuple of int
        Column numbers (from 0) of each field that the table has.
    """

    places: Mapping[str, Place]

    def __getitem__(self, field: str) -> Place:
        return self.places.get(field, ())


class NotFound(ValueError):
    """Columns that can't be found, or that can't be told apart; says which, in words."""


def plain_header(header: str) -> str:
    """Return a header as patterns see it."""
    return " ".join(header.replace("_", " ").lower().split())


def find_columns(
    headers: Sequence[str], patterns: Mapping[str, str], required: Sequence[str]
) -> Columns:
    """Find columns by their headers.

    Parameters
    ----------
    headers : sequence of str
    patterns : mapping of str to str
        Regular expression for each field, searched in the plain header.
    required : sequence of str
        Fields that there must be.

    Raises
    ------
    NotFound
        If a required one is missing, or several columns could be a field of which there is one.
        Headers are not shown: they can hold the participant's name.
    """
    plain = [plain_header(header) for header in headers]
    taken: set[int] = set()
    places: dict[str, Place] = {}
    for field in (field for field in FIELDS if field in patterns):
        found = tuple(
            i
            for i, header in enumerate(plain)
            if i not in taken
            and (field == "finished" or not _TOOLS_OWN.match(header))
            and re.search(patterns[field], header)
        )
        if len(found) > 1 and field not in MANY:
            raise NotFound(
                f"columns {', '.join(str(i + 1) for i in found)} could all be that of "
                f"{WHAT[field]}; {HOW_TO_MAP}"
            )
        if found:
            places[field] = found
            taken.update(found)
    missing = [WHAT[field] for field in required if field not in places]
    if missing:
        raise NotFound(f"no column for {_listed(missing)}; {HOW_TO_MAP}")
    return Columns(places)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
