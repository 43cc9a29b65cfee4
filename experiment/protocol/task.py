"""What every task of a protocol tells about itself, whatever its kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, field_validator

from experiment.kit import Condition
from experiment.protocol.values import Name, Strict, Whole

Resume: TypeAlias = Literal["trial", "block", "run"]
"""What a session that was interrupted begins with: the trial that was not finished, the block that
it belongs to, or the whole run again."""

Begins: TypeAlias = Literal["pulse", "scan_start", "injection"]
"""What a run may wait for and take as its zero: the first volume pulse, or a mark of a PET scan."""


class Share(Strict):
    """How many messages of a condition a run shows.

    `total` are shown in all, at most `per_writer` of them by one writer. Writers share as evenly as
    their messages and this limit allow; ``none`` sets no limit.
    """

    total: Whole = Field(ge=1, le=200)
    per_writer: Annotated[Whole, Field(ge=1, le=200)] | None


if TYPE_CHECKING:
    from experiment.protocol.whole import Protocol


class TaskSpec(Strict, ABC):
    """A task, as a protocol describes it; each kind adds its own settings.

    Attributes
    ----------
    kind : str
        Which task it is; `experiment.catalogue` knows what belongs to each kind.
    ratings : tuple of str
        Names of the ratings that it asks.
    instructions : tuple of str
        Keys of the pages shown first.
    made_up : str or None
        What participants are deceived about, if they are; they are told so at the study's end.
    resume : str
        Where a run goes on that was interrupted. Every kind can repeat the whole run; those that
        can do more say so in `resumes_at`.
    """

    made_up: ClassVar[str | None] = None
    resumes_at: ClassVar[tuple[Resume, ...]] = ("run",)

    kind: str
    ratings: tuple[Name, ...]
    instructions: tuple[str, ...]
    resume: Resume = "run"

    @field_validator("resume")
    @classmethod
    def _can_resume_so(cls, resume: Resume) -> Resume:
        if resume not in cls.resumes_at:
            raise ValueError(f"{resume!r}: this kind of task allows {', '.join(cls.resumes_at)}")
        return resume

    @property
    def awaits(self) -> Begins | None:
        """What its run waits for and takes as its zero; None if nothing from outside."""
        return None

    def shares(self) -> Mapping[Condition, Share]:
        """Return how many messages of each condition it shows; none if it shows no messages."""
        return {}

    @abstractmethod
    def required_markers(self) -> tuple[str, ...]:
        """Return the names of all markers that the task can send."""

    @abstractmethod
    def required_texts(self) -> tuple[str, ...]:
        """Return the keys of all texts that the task can show, besides its instructions."""

    def check_in(self, label: str, protocol: Protocol) -> None:
        """Check what must hold between the task and the rest of the protocol.

        Raises
        ------
        Located
            With the place of what is wrong.
        """
