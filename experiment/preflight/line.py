"""A line of the list: a subject, what was found, and whether that is a go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from experiment import said
from experiment.said import Said, has_text

Verdict: TypeAlias = Literal["go", "warning", "no-go"]
TEXTS = Path(__file__).parent / "texts"
_SIGNS: Mapping[Verdict, str] = {"go": "  go     ", "warning": "! warning", "no-go": "X NO-GO  "}


class Listed(Said):
    """What the list and the questions before a session say: the texts of this room."""

    folder = TEXTS


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

    @property
    def name(self) -> Said:
        """Its subject in words."""
        return Listed(f"{self.subject}.name")

    @property
    def found(self) -> Said:
        """What was found, in words."""
        return Listed(f"{self.subject}.{self.what}.found", **self.values)

    @property
    def remedy(self) -> str:
        """What to do about it, in words; empty where nothing is to be done."""
        key = f"{self.subject}.{self.what}.remedy"
        return Listed(key, **self.values) if has_text(TEXTS, key) else ""


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
    return [
        Told(
            said.in_words(line.name, language),
            line.verdict,
            said.in_words(line.found, language),
            said.in_words(line.remedy, language),
        )
        for line in lines
    ]


def worst(lines: Iterable[Line]) -> Verdict:
    """Return the verdict on all lines together."""
    verdicts = {line.verdict for line in lines}
    return "no-go" if "no-go" in verdicts else "warning" if "warning" in verdicts else "go"
