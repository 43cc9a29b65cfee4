"""Social feedback, as a protocol describes it: choosing people, and being liked back or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from experiment.protocol.messages import waiting_text
from experiment.protocol.rig import PetFrame, SyncPattern, frames_in_line
from experiment.protocol.task import Begins, Resume, TaskSpec
from experiment.protocol.values import (
    Label,
    Located,
    Name,
    Number,
    Place,
    Seconds,
    Span,
    Strict,
    Whole,
)

if TYPE_CHECKING:
    from experiment.protocol.whole import Protocol

BlockKind: TypeAlias = Literal["baseline", "rejection", "acceptance"]
SOCIAL: tuple[Literal["rejection", "acceptance"], ...] = ("rejection", "acceptance")
"""Blocks in which people answer."""

Long = Annotated[Number, Field(gt=0, le=600)]


class ProfileSettings(Strict):
    """Where the fictitious people are: a folder beside ``study.yaml``, or none for the demo set."""

    folder: str | None


class ChoosingTiming(Strict):
    """Times of choosing (s): before the first profile, at the least on each, and at the end."""

    lead_in: Seconds
    looking_at_least: Seconds
    closing: Seconds


class ChoosingTask(TaskSpec):
    """Paging through profiles and saying how much one likes each, at one's own pace."""

    resumes_at: ClassVar[tuple[Resume, ...]] = ("trial", "block", "run")

    kind: Literal["choosing"]
    resume: Resume = "trial"
    version: Literal["lab"]
    ratings: tuple[Name, ...] = Field(min_length=1, max_length=1)
    timing: ChoosingTiming

    @property
    def rating(self) -> str:
        """The scale of liking."""
        return self.ratings[0]

    def required_markers(self) -> tuple[str, ...]:
        return ("run_start", "run_end", "waiting", "profile")

    def required_texts(self) -> tuple[str, ...]:
        return ("waiting_start", "closing")

    def check_in(self, label: str, protocol: Protocol) -> None:
        if protocol.profiles is None:
            raise Located(("tasks", label), "shows people; the protocol needs a section profiles")


class Block(Strict):
    """A block: what it is, when it begins (s from the run's zero), and how many people it has."""

    kind: BlockKind
    begins: Seconds
    trials: Annotated[Whole, Field(ge=1, le=100)]


class Liked(Strict):
    """Who is shown: those whom the participant liked, at least so much, in a choosing task."""

    choosing: Label
    at_least: Whole


class Mix(Strict):
    """How often each answer comes in a block of one kind, by position on the scale."""

    rejection: dict[Place, Number]
    acceptance: dict[Place, Number]

    @field_validator("rejection", "acceptance")
    @classmethod
    def _whole(cls, shares: dict[int, float]) -> dict[int, float]:
        if not shares or min(shares.values()) < 0 or abs(sum(shares.values()) - 1.0) > 1e-6:
            raise ValueError(
                f"shares of the answers, each from 0, add up to 1, not to {sum(shares.values()):g}"
            )
        return shares


class Reports(Strict):
    """Self-reports around each block: before, right after, and minutes after its end.

    `answer` is the time (s) for each question.
    """

    before: bool
    after: bool
    minutes_after: tuple[Annotated[Number, Field(gt=0, le=60)], ...]
    answer: Long


class Uplift(Strict):
    """A positive task after each rejection block: texts, each so long (s), `begins` s after it."""

    begins: Seconds
    texts: tuple[str, ...] = Field(min_length=1)
    each: Long


class FeedbackTiming(Strict):
    """Times (s): of a trial, of the whole run, and of its last screen.

    The lengths of fixation in a block are spread evenly over `fixation`, in random order, so that
    all blocks of as many trials are equally long.
    """

    fixation: Span
    awaiting: Long
    answer: Long
    face: Long
    run: Seconds
    closing: Annotated[Number, Field(gt=0, le=600)]


class FeedbackTask(TaskSpec):
    """Being liked back by people whom one liked, or not, in blocks at times of the protocol's.

    `begins` names what is the run's zero: the first volume pulse (MRI), or a mark (PET). Where
    `balanced`, rejection and acceptance change places from participant to participant by chance and
    from session to session. `baseline` shows faces, or the fixation cross alone. `ratings` are the
    self-reports; the other person's answer stands on the scale `shown_on`. `frames` is the table of
    PET frames; the run must lie within it, and each block must begin where a frame does, unless
    `frames_align` is false. Blocks that begin or end within a frame are told before a run.
    """

    made_up: ClassVar[str | None] = "the answers in a feedback task are made up"
    resumes_at: ClassVar[tuple[Resume, ...]] = ("trial", "block", "run")

    kind: Literal["feedback"]
    resume: Resume = "trial"
    version: Literal["scanner"]
    begins: Begins
    sync_pattern: SyncPattern
    frames: tuple[PetFrame, ...]
    frames_align: bool = True
    liked: Liked
    blocks: tuple[Block, ...] = Field(min_length=1)
    balanced: bool
    baseline: Literal["faces", "fixation"]
    shown_on: Name
    answers: Mix
    ratings: tuple[Name, ...]
    reports: Reports
    uplift: Uplift | None
    practice: bool
    timing: FeedbackTiming

    @field_validator("frames")
    @classmethod
    def _in_line(cls, frames: tuple[PetFrame, ...]) -> tuple[PetFrame, ...]:
        return frames_in_line(frames)

    @model_validator(mode="after")
    def _same_trials_to_swap(self) -> FeedbackTask:
        sizes = {block.trials for block in self.blocks if block.kind in SOCIAL}
        if self.balanced and len(sizes) > 1:
            raise ValueError("blocks that change places (balanced) need equally many trials")
        return self

    @property
    def awaits(self) -> Begins:
        return self.begins

    def people(self) -> int:
        """Return how many people answer in a run."""
        return sum(block.trials for block in self.blocks if block.kind in SOCIAL)

    def faces(self) -> int:
        """Return how many neutral faces a run shows."""
        faces = [b.trials for b in self.blocks if b.kind == "baseline"]
        return sum(faces) if self.baseline == "faces" else 0

    def required_markers(self) -> tuple[str, ...]:
        kinds = tuple(dict.fromkeys(f"block_{block.kind}" for block in self.blocks))
        shown = tuple(dict.fromkeys(block.kind for block in self.blocks))
        return (
            *("run_start", "run_end", "waiting", "rest", "fixation", "awaiting"),
            *kinds,
            *shown,
            *(f"rate_{rating}" for rating in self.ratings),
            *(("uplift",) if self.uplift else ()),
            *(("sync",) if self.sync_pattern else ()),
        )

    def required_texts(self) -> tuple[str, ...]:
        practice = ("practice.prompt", "practice.again", "ready_scan") if self.practice else ()
        uplift = self.uplift.texts if self.uplift else ()
        return ("closing", "resting", "seen", waiting_text(self.begins), *practice, *uplift)

    def check_in(self, label: str, protocol: Protocol) -> None:
        where = ("tasks", label)
        if protocol.profiles is None:
            raise Located(where, "shows people; the protocol needs a section profiles")
        if protocol.devices.buttons.stop is None:
            raise Located(
                where,
                "tells people that they aren't liked; the participant needs a key that stops it "
                "(devices, buttons, stop)",
            )
        choosing = protocol.tasks.get(self.liked.choosing)
        if not isinstance(choosing, ChoosingTask):
            raise Located(
                (*where, "liked", "choosing"), f"no choosing task {self.liked.choosing!r}"
            )
        liking = protocol.ratings[choosing.rating].range
        if not liking.lowest <= self.liked.at_least <= liking.highest:
            raise Located(
                (*where, "liked", "at_least"),
                f"{self.liked.at_least} is not on the scale {choosing.rating!r} "
                f"({liking.lowest} to {liking.highest})",
            )
        if self.shown_on not in protocol.ratings:
            raise Located((*where, "shown_on"), f"no rating {self.shown_on!r}")
        shown = protocol.ratings[self.shown_on].range
        if (shown.lowest, shown.highest) != (liking.lowest, liking.highest):
            raise Located(
                (*where, "shown_on"),
                f"{self.shown_on!r} ({shown.lowest} to {shown.highest}) is another scale than "
                f"{choosing.rating!r} ({liking.lowest} to {liking.highest}), on which people are "
                "chosen; others answer on the same one",
            )
        for kind in SOCIAL:
            for answer in getattr(self.answers, kind):
                if not shown.lowest <= answer <= shown.highest:
                    raise Located(
                        (*where, "answers", kind),
                        f"{answer} is not on the scale {self.shown_on!r} "
                        f"({shown.lowest} to {shown.highest})",
                    )


class PagesTask(TaskSpec):
    """Pages of text, left with a key. With `debriefing`, those that end a study with deception."""

    resumes_at: ClassVar[tuple[Resume, ...]] = ("trial", "block", "run")

    kind: Literal["pages"]
    resume: Resume = "trial"
    version: Literal["lab"]
    ratings: tuple[Name, ...] = Field(max_length=0)
    debriefing: bool
    pages: tuple[str, ...] = Field(min_length=1)
    closing: Seconds

    def required_markers(self) -> tuple[str, ...]:
        return ("run_start", "run_end", "page")

    def required_texts(self) -> tuple[str, ...]:
        return (*self.pages, "closing_debriefing" if self.debriefing else "closing")
