"""What a participant says of themselves in their own profile, and reading it from a file.

Nothing here repeats what somebody wrote: an error says which part is wrong and what is allowed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from experiment.errors import BadInput
from experiment.yaml_files import NotYaml, parse_yaml

NAME, TEXT = 40, 600
"""Longest name and text (characters)."""
AGES = (18, 120)
"""Youngest and oldest participant (years)."""


@dataclass(frozen=True)
class OwnWords:
    """A participant's profile without the photo. Private.

    Parameters
    ----------
    name : str
        In one line; shown to nobody but the participant.
    age : int
        Years.
    text : str
    likes : tuple of str
        Groups of the profile set that the participant would like to meet; empty for all.
    """

    name: str = field(repr=False)
    age: int = field(repr=False)
    text: str = field(repr=False)
    likes: tuple[str, ...] = field(default=(), repr=False)


_KNOWN = ", ".join(part.name for part in dataclasses.fields(OwnWords))
_WANTED = {
    "name": "a text in one line is needed",
    "age": "a whole number of years is needed",
    "text": "a text is needed",
    "likes": "a list of groups is needed, such as [women, men]; left out, it is all",
}


def check_name(name: str) -> str:
    """Return a name without spaces around it; `BadInput` if it can't be shown."""
    name = name.strip()
    if not 1 <= len(name) <= NAME or not name.isprintable():
        raise BadInput(f"name: 1 to {NAME} characters in one line, found {len(name)}")
    return name


def check_age(age: int) -> int:
    """Return an age; `BadInput` if no participant has it."""
    if not AGES[0] <= age <= AGES[1]:
        raise BadInput(f"age: {AGES[0]} to {AGES[1]} is allowed")
    return age


def check_text(text: str) -> str:
    """Return a profile's text without spaces around it; `BadInput` if it is empty or too long."""
    text = text.strip()
    if not 1 <= len(text) <= TEXT:
        raise BadInput(f"text: 1 to {TEXT} characters, found {len(text)}")
    return text


def check_likes(likes: Collection[str], groups: Collection[str]) -> tuple[str, ...]:
    """Return the groups that are liked; `BadInput` if one is not of these."""
    if not set(likes) <= set(groups):
        raise BadInput(f"likes: no such group; allowed: {', '.join(sorted(groups))}")
    return tuple(likes)


def check_words(words: OwnWords) -> OwnWords:
    """Return a profile as it is kept; `BadInput` names the first part that can't be."""
    return OwnWords(
        check_name(words.name), check_age(words.age), check_text(words.text), words.likes
    )


def read_words(text: str, whence: str) -> OwnWords:
    """Read a profile that is written as YAML, with ``name``, ``age``, ``text`` and ``likes``.

    Parameters
    ----------
    text : str
    whence : str
        What errors call it: a file's path.

    Raises
    ------
    BadInput
        If it is no YAML, or lacks a part, or has one too many.
    """
    try:
        found = parse_yaml(text)
    except NotYaml as error:  # whose words may quote what is private
        raise BadInput(f"{whence}:{error.line}: not readable as YAML; it has {_KNOWN}") from None
    if not isinstance(found, dict) or not set(found) <= set(_WANTED):
        raise BadInput(f"{whence}: has something else than {_KNOWN}")
    try:
        return TypeAdapter(OwnWords).validate_python(found)
    except ValidationError as error:
        part = str(error.errors(include_input=False)[0]["loc"][0])
        raise BadInput(f"{whence}: {part}: {_WANTED[part]}") from None
