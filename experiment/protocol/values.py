"""The kinds of value that every section of a protocol is made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _a_number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a number is needed, not yes or no")
    if isinstance(value, str):
        raise ValueError("a number is needed, not a text")
    return value


def _rising(span: tuple[float, float]) -> tuple[float, float]:
    if span[1] < span[0]:
        raise ValueError(f"the shortest time comes first, got {span[0]} before {span[1]}")
    return span


Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Whole = Annotated[int, BeforeValidator(_a_number)]
"""A whole number; `true` and "1" would pass for 1 otherwise."""
Number = Annotated[float, BeforeValidator(_a_number)]
Place = int
"""A position of a scale as the key of a mapping; as JSON wants it, a log has it as a text."""
Pixels = Annotated[Whole, Field(ge=200, le=16384)]
Seconds = Annotated[Number, Field(ge=0, le=7200)]
Span = Annotated[tuple[Seconds, Seconds], AfterValidator(_rising)]
"""The shortest and the longest time (s) of something that varies."""


class Strict(BaseModel):
    """Frozen, and no key that isn't known."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Located(ValueError):
    """A fault at a known place of the protocol."""

    def __init__(self, loc: tuple[str | int, ...], problem: str) -> None:
        super().__init__(problem)
        self.loc = loc
