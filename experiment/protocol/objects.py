"""The block in which objects are held, as a protocol describes it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, field_validator

from experiment.protocol.task import Resume, TaskSpec
from experiment.protocol.values import Name, Number, Seconds, Span, Strict, Whole

ObjectCondition: TypeAlias = Literal["warm", "neutral"]
"""A warm pack, or an object that is as warm as the room."""


class ObjectTiming(Strict):
    """Times of a trial (s). ``none`` for a limit means: as long as it takes."""

    rest: Span
    take_up: Annotated[Number, Field(gt=0, le=600)]
    hold: Annotated[Number, Field(gt=0, le=600)]
    put_down: Annotated[Number, Field(gt=0, le=600)]
    answer_limit: Seconds | None
    closing: Seconds


class ObjectTask(TaskSpec):
    """Holding objects, each for so long, at the participant's own pace between them.

    Each of `objects` is held `rounds` times.
    """

    resumes_at: ClassVar[tuple[Resume, ...]] = ("trial", "block", "run")

    kind: Literal["object"]
    resume: Resume = "trial"
    version: Literal["lab"]
    objects: tuple[ObjectCondition, ...] = Field(min_length=1)
    rounds: Whole = Field(ge=1, le=50)
    ratings: tuple[Name, ...] = Field(min_length=1)
    timing: ObjectTiming

    @field_validator("objects")
    @classmethod
    def _each_once(cls, objects: tuple[ObjectCondition, ...]) -> tuple[ObjectCondition, ...]:
        if len(set(objects)) != len(objects):
            raise ValueError("each object is named once; rounds says how often it is held")
        return objects

    def required_markers(self) -> tuple[str, ...]:
        holds = tuple(f"hold_{held}" for held in self.objects)
        scales = tuple(f"rate_{rating}" for rating in self.ratings)
        return (
            *("run_start", "run_end", "waiting", "fixation", "take_up", *holds, "put_down"),
            *scales,
        )

    def required_texts(self) -> tuple[str, ...]:
        prompts = tuple(
            f"objects.{held}.{what}"
            for held in self.objects
            for what in ("take_up", "hold", "put_down")
        )
        return ("waiting_start", *prompts, "closing")
