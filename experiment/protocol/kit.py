"""What the protocol says about participants' kits."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from experiment.kit import Condition
from experiment.protocol.values import Number, Strict, Whole

Review: TypeAlias = Literal["required", "optional"]


class ReadingSpeed(Strict):
    """How fast participants read.

    Words per minute where spaces part words; characters per minute in Chinese, Japanese, Thai and
    others that don't part them.
    """

    words_per_minute: Number = Field(ge=20, le=1000)
    characters_per_minute: Number = Field(ge=20, le=3000)


class KitSettings(Strict):
    """Where messages come from and what must hold for them.

    `stranger_messages` is a file beside ``study.yaml``, or none. With `review` required, only
    messages that somebody accepted are shown; optional, all that nobody left out. `per_writer` says
    how many of each condition every writer is asked for. A message with a word that begins like one
    of the `watch_list` is flagged. Sets of messages that differ by more than `balance_within`
    (standardised mean difference of length or reading time) are told.
    """

    stranger_messages: str | None
    review: Review
    per_writer: dict[Condition, Annotated[Whole, Field(ge=1, le=200)]]
    reading: ReadingSpeed
    watch_list: tuple[Annotated[str, Field(min_length=2)], ...]
    balance_within: Number = Field(gt=0, le=5)
