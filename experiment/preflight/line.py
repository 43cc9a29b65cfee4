"""A line of the list: a subject, what was found, and whether that is a go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from experiment import said
from experiment.bidi import fill
from experiment.yaml_files import read_yaml

Verdict: TypeAlias = Literal["go", "warning", "no-go"]
TEXTS = Path(__file__).parent / "texts"
_SIGNS: Mapping[Verdict, str] = {"go": "  go     ", "warning": "! warning", "no-go": "X NO-GO  "}


@dataclass(frozen=True)
class Line:
    """What was found about one subject.

    Parameters
    ----------
    subject : str
        As ``disk``; its name in words is in the texts.
    verdict : str
        ``go``, ``warning`` or ``no-go``.
    what : str
        Which text of the subject says what was found, and what to do about it.
    values : dict
        What stands in that text. Never a name, a message or an arm.
    """

    subject: str
    verdict: Verdict
    what: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """A line in words.

    Parameters
    ----------
    subject, verdict, found : str
    remedy : str
        Empty where nothing is to be done.
    """

    subject: str
    verdict: Verdict
    found: str
    remedy: str

    def __str__(self) -> str:
        remedy = f" - {self.remedy}" if self.remedy else ""
        return f"{_SIGNS[self.verdict]}  {self.subject}: {self.found}{remedy}"


def in_words(lines: Iterable[Line], language: str = "en") -> list[Told]:
    """Return lines in words, in the order given."""
    return [_told(line, language) for line in lines]


def text_of(section: str, what: str, values: Mapping[str, Any], language: str = "en") -> str:
    """Return a text of this room's file, filled in."""
    texts = _texts(language)
    return fill(str(texts[section][what]), values, rtl=texts["direction"] == "rtl")


def worst(lines: Iterable[Line]) -> Verdict:
    """Return the verdict on all lines together."""
    verdicts = {line.verdict for line in lines}
    return "no-go" if "no-go" in verdicts else "warning" if "warning" in verdicts else "go"


def _told(line: Line, language: str) -> Told:
    texts = _texts(language)
    section, rtl = texts[line.subject], texts["direction"] == "rtl"
    text = section[line.what]
    values = {
        name: said.in_words(value, language) if isinstance(value, str) else value
        for name, value in line.values.items()
    }
    return Told(
        section["name"],
        line.verdict,
        fill(str(text["found"]), values, rtl=rtl),
        fill(str(text.get("remedy", "")), values, rtl=rtl),
    )


@cache
def _texts(language: str) -> Mapping[str, Any]:
    file = TEXTS / f"{language}.yaml"
    if not file.exists():
        file = TEXTS / "en.yaml"
    found: Mapping[str, Any] = read_yaml(file)
    return found
