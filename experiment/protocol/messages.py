"""The kind-messages task, as a protocol describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from experiment.kit import Condition
from experiment.protocol.rig import PetFrame, SyncPattern, frames_in_line
from experiment.protocol.task import Begins, Resume, Share, TaskSpec
from experiment.protocol.values import Name, Number, Seconds, Span, Strict, Whole


class Order(Strict):
    """Rules for the order of trials."""

    max_same_condition: Whole = Field(ge=1)
    writer_twice_in_a_row: bool


class ScannerTiming(Strict):
    """Fixed times of a trial (s), in the scanner."""

    lead_in: Seconds
    fixation: Span
    reading: Annotated[Number, Field(gt=0, le=600)]
    answer: Annotated[Number, Field(gt=0, le=600)]
    closing: Seconds


class LabTiming(Strict):
    """Times of a self-paced trial (s). ``none`` for a limit means: as long as it takes."""

    fixation: Span
    reading_at_least: Seconds
    reading_limit: Seconds | None
    answer_limit: Seconds | None
    closing: Seconds


class _Messages(TaskSpec):
    """What both versions of the kind-messages task share."""

    resumes_at: ClassVar[tuple[Resume, ...]] = ("trial", "block", "run")

    kind: Literal["messages"]
    resume: Resume = "trial"
    messages: dict[Condition, Share] = Field(min_length=1)
    ratings: tuple[Name, ...] = Field(min_length=1)
    order: Order
    practice: bool

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Conditions in a fixed order."""
        return tuple(sorted(self.messages))

    def shares(self) -> Mapping[Condition, Share]:
        return self.messages

    def required_markers(self) -> tuple[str, ...]:
        scales = tuple(f"rate_{rating}" for rating in self.ratings)
        return ("run_start", "run_end", "waiting", "fixation", *self.conditions, *scales)

    def required_texts(self) -> tuple[str, ...]:
        practice = ("practice.prompt", "practice.again", "ready") if self.practice else ()
        return ("closing", *practice)


class ScannerMessages(_Messages):
    """The kind-messages task, timed by the scanner.

    `begins` names what is the run's zero: the first volume pulse (MRI), or a mark (PET). With
    `sync_pattern`, that many markers ``sync`` go out in the lead-in at intervals that no other
    session has, so that list-mode data can be aligned without doubt. `frames` is the table of PET
    frames; the run must lie within it.
    """

    version: Literal["scanner"]
    begins: Begins
    sync_pattern: SyncPattern
    frames: tuple[PetFrame, ...]
    timing: ScannerTiming

    @property
    def awaits(self) -> Begins:
        return self.begins

    def required_markers(self) -> tuple[str, ...]:
        sync = ("sync",) if self.sync_pattern else ()
        return (*super().required_markers(), *sync)

    def required_texts(self) -> tuple[str, ...]:
        return (*super().required_texts(), waiting_text(self.begins))

    @field_validator("frames")
    @classmethod
    def _in_line(cls, frames: tuple[PetFrame, ...]) -> tuple[PetFrame, ...]:
        return frames_in_line(frames)


class LabMessages(_Messages):
    """The kind-messages task, self-paced, in the lab."""

    version: Literal["lab"]
    timing: LabTiming

    def required_texts(self) -> tuple[str, ...]:
        return (*super().required_texts(), "waiting_start")


MessagesTask = Annotated[ScannerMessages | LabMessages, Field(discriminator="version")]


def waiting_text(begins: Begins) -> str:
    """Return the key of the text shown while the run's zero is awaited."""
    return "waiting_scanner" if begins == "pulse" else f"waiting_{begins}"
