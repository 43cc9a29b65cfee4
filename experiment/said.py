"""What the commands say to the assistant: English at once, another language at the very edge.

The words are in `experiment/texts`, or where a kind of `Said` has its own. Whoever has something to
say makes a `Said` and need not know who reads it; whoever prints it asks for it in the reader's
language.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import ClassVar

from experiment.bidi import fill
from experiment.errors import BadInput
from experiment.yaml_files import read_texts

TEXTS = Path(__file__).parent / "texts"
ENGLISH = "en"


class Said(str):
    """A line in English that knows which text it is, and so can be said in other languages.

    Parameters
    ----------
    key : str
        Of its text, dotted.
    **values
        What fills the text in; one may itself be a `Said`.
    """

    folder: ClassVar[Path] = TEXTS
    """Of the texts, a file for each language."""

    key: str
    values: Mapping[str, object]

    def __new__(cls, key: str, /, **values: object) -> Said:
        said = super().__new__(cls, _words(cls.folder, key, values, ENGLISH))
        said.key, said.values = key, values
        return said


def in_words(line: str, language: str) -> str:
    """Return a line in a language; as it is where it is no `Said`."""
    if isinstance(line, Said):
        return _words(line.folder, line.key, line.values, language)
    return line


def has_text(folder: Path, key: str) -> bool:
    """Whether there is a text of a key."""
    return key in _texts(folder, ENGLISH)


def named(kind: str, code: str) -> str:
    """Return what people call a code of the log: a fault, a status; itself if nothing names it."""
    key = f"{kind}.{code}"
    return Said(key) if has_text(TEXTS, key) else code


def listed(lines: Iterable[str], by: str = "list") -> str:
    """Return several as one, with commas; or as another text says, ``by`` its key."""
    first, *others = lines
    for other in others:
        first = Said(by, some=first, one=other)
    return first


def typed(*words: object) -> str:
    """Return a command as it is typed at a terminal: a folder with spaces in quotes."""
    told = [str(word) for word in words]
    if sys.platform == "win32":
        return " ".join(f'"{word}"' if " " in word else word for word in told)
    return shlex.join(told)


def error_in_words(error: BaseException, language: str) -> str:
    """Return what an error says in a language; as it is where it is no `Said`."""
    return in_words(words_of(error), language)


def words_of(error: BaseException) -> str:
    """Return what an error says, still to be had in other languages where it is a `Said`."""
    said: str = error.args[0] if _is_said(error) else str(error)
    return said


def error_for(error: BaseException, arguments: Sequence[str]) -> str:
    """Return what an error says to whoever gave a command.

    Parameters
    ----------
    error : BaseException
    arguments : sequence of str
        Of the command: its language if it says one, else the launcher's.
    """
    if not _is_said(error):
        return str(error)
    # The participant's own language is `run --language`.
    option = "--desk-language" if arguments[:1] == ["run"] else "--language"
    asked = arguments[arguments.index(option) + 1] if option in arguments[:-1] else None
    return error_in_words(error, language_of(asked if asked in languages() else None))


def languages() -> tuple[str, ...]:
    """Return the tags of the languages that there are texts in."""
    return tuple(sorted(file.stem for file in TEXTS.glob("*.yaml")))


def language_of(option: str | None) -> str:
    """Return the assistant's language: what was asked for, else the launcher's, else English.

    Raises
    ------
    BadInput
        If there are no texts in what was asked for.
    """
    if option is None:
        from experiment.desk.settings import load_settings, settings_file

        chosen = load_settings(settings_file()).language
        return chosen if chosen in languages() else ENGLISH
    if option not in languages():
        raise BadInput(f"language {option!r}: allowed are {', '.join(languages())}")
    return option


def _is_said(error: BaseException) -> bool:
    return bool(error.args) and isinstance(error.args[0], Said)


def _words(folder: Path, key: str, values: Mapping[str, object], language: str) -> str:
    texts = _texts(folder, language)
    said = {
        name: in_words(value, language) if isinstance(value, str) else value
        for name, value in values.items()
    }
    return fill(texts[key], said, rtl=texts["direction"] == "rtl")


@cache
def _texts(folder: Path, language: str) -> Mapping[str, str]:
    return read_texts(folder / f"{language}.yaml")
