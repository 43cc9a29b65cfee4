"""Rating scales."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from experiment.protocol.values import Number, Place, Strict, Whole
from experiment.screens import Repeat, ScaleRange

_LANGUAGE = re.compile(r"[a-z]{2}")


def _wording(value: Any) -> Any:
    """Check a text, or texts by language; `none` is a word here like any other."""
    if isinstance(value, dict) and value:
        odd = [tag for tag in value if not (isinstance(tag, str) and _LANGUAGE.fullmatch(tag))]
        if odd:
            raise ValueError(f"{odd[0]!r} is no language; write two small letters, for example en")
        return {tag: _wording(text) for tag, text in value.items()}
    if value is None:
        return "none"
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError("a text is needed, or one for each language: {en: ..., es: ...}")


Wording: TypeAlias = Annotated[str | dict[str, str], BeforeValidator(_wording)]
"""A text, or the same text in several languages."""


def worded(wording: str | Mapping[str, str], language: str) -> str:
    """Return a wording in a language; one that is a plain text is the same in all."""
    return wording if isinstance(wording, str) else wording[language]


class _Rating(Strict, ABC):
    """What both kinds of rating scale share."""

    kind: str
    question: Wording
    anchors: dict[Place, Wording] = Field(min_length=2)

    @property
    @abstractmethod
    def range(self) -> ScaleRange:
        """Where its cursor can stand."""

    @model_validator(mode="after")
    def _anchors_on_scale(self) -> _Rating:
        low, high = self.range.lowest, self.range.highest
        off = [p for p in self.anchors if not low <= p <= high]
        if off:
            raise ValueError(f"anchor at point {off[0]} of a scale from {low} to {high}")
        return self

    def languages(self) -> list[set[str]]:
        """Return the languages of each wording that has any."""
        wordings = (self.question, *self.anchors.values())
        return [set(wording) for wording in wordings if not isinstance(wording, str)]


class PointsRating(_Rating):
    """A scale of points, from 1."""

    kind: Literal["points"] = "points"
    points: Whole = Field(ge=2, le=101)

    @property
    def range(self) -> ScaleRange:
        return ScaleRange(1, self.points)


class Hold(Strict):
    """What holding a key does: wait `after` s, then go from end to end in `sweep` s."""

    after: Annotated[Number, Field(ge=0.1, le=5)]
    sweep: Annotated[Number, Field(ge=0.2, le=60)]


class ContinuousRating(_Rating):
    """A line without points (a visual analogue scale); answers are whole numbers from 0."""

    kind: Literal["continuous"]
    steps: Whole = Field(ge=10, le=1000)
    hold: Hold

    @property
    def range(self) -> ScaleRange:
        return ScaleRange(0, self.steps, Repeat(self.hold.after, self.steps / self.hold.sweep))


def _kind(value: Any) -> Any:
    if isinstance(value, dict):
        return value.get("kind", "points")
    return value.kind if isinstance(value, _Rating) else "points"


Rating: TypeAlias = Annotated[
    Annotated[PointsRating, Tag("points")] | Annotated[ContinuousRating, Tag("continuous")],
    Discriminator(
        _kind,
        custom_error_type="kind",
        custom_error_message="a rating has a kind: points or continuous",
    ),
]
