"""What the plans of all tasks share.

The same inputs give the same bytes on every machine: chance comes from `experiment.chance`, planned
times are whole milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol as Interface

from experiment.chance import Dice
from experiment.errors import BadInput
from experiment.kit import KitIndex
from experiment.people import People
from experiment.plans.shown import Shown
from experiment.protocol import PetFrame, Protocol
from experiment.screens import ScaleRange
from experiment.steps import Ends, OnResponse

_SAME_TIME = 1e-3  # s


class Plan(Interface):
    """A whole run, as player, monitor and replay need to know it.

    Attributes
    ----------
    begins : Ends
        What gives the run its zero.
    planned_duration : float or None
        Seconds from the run's zero to its end, or None if self-paced.
    pause_grid : float or None
        Pauses are rounded up to a multiple of this (s), the TR, so that what follows keeps its
        phase to the volumes; None where nothing is timed by a scanner.
    """

    @property
    def begins(self) -> Ends: ...
    @property
    def planned_duration(self) -> float | None: ...
    @property
    def pause_grid(self) -> float | None: ...


@dataclass(frozen=True)
class PlanInputs:
    """All that a plan is made of.

    Parameters
    ----------
    protocol : Protocol
    task : str
        Label of the task in the protocol.
    kit : KitIndex
    session, participant : str
        Labels.
    seed : int
        The study's own, or one that was given for this session. It decides orders and times; which
        messages are shown is dealt with the study's own seed.
    shown : tuple of Shown
        What earlier runs showed; none of it comes again.
    people : People or None
        The profile set and the participant's choices, where a task of the session needs them.
    """

    protocol: Protocol
    task: str
    kit: KitIndex
    session: str
    participant: str
    seed: int
    shown: tuple[Shown, ...] = ()
    people: People | None = None


@dataclass(frozen=True)
class Question:
    """A rating asked in a trial.

    Parameters
    ----------
    rating : str
        Name of the rating in the protocol.
    start : int
        Point at which the cursor stands at first (random, so that moving is never a hint).
    ends : Ends
    """

    rating: str
    start: int
    ends: Ends


def random_start(scale: ScaleRange, chance: Dice) -> int:
    """Return where a scale's cursor stands at first: anywhere, so that it is never a hint."""
    return scale.lowest + chance.below(scale.highest - scale.lowest + 1)


def practice_on(rating: str, scale: ScaleRange) -> Question:
    """Return a question to practise on, its cursor in the middle."""
    return Question(rating, (scale.lowest + scale.highest) // 2, OnResponse())


def check_frames(task: str, frames: tuple[PetFrame, ...], duration: float) -> None:
    """Make sure that a run lies within the table of PET frames, if there is one.

    Parameters
    ----------
    task : str
        Label, for the error.
    frames : tuple of PetFrame
    duration : float
        Of the run (s), from its zero.

    Raises
    ------
    BadInput
        If the run begins before the first frame or ends after the last one.
    """
    if not frames:
        return
    first, last = frames[0], frames[-1]
    end = last.start + last.duration
    if first.start > 0 or duration > end:
        raise BadInput(
            f"task {task!r}: its run lasts from 0 to {duration:g} s, the PET frames "
            f"only from {first.start:g} to {end:g} s; make them fit"
        )


def check_blocks(
    task: str, frames: tuple[PetFrame, ...], blocks: Iterable[tuple[int, float]]
) -> None:
    """Make sure that each block begins where a PET frame does.

    Parameters
    ----------
    task : str
        Label, for the error.
    frames : tuple of PetFrame
        Nothing is checked if there is none.
    blocks : iterable of (int, float)
        Number, and when it begins (s, run clock).

    Raises
    ------
    BadInput
        With all blocks that begin within a frame.
    """
    wrong = [
        f"block {number} begins at {begins:g} s"
        for number, begins in blocks
        if frames and not any(abs(frame.start - begins) <= _SAME_TIME for frame in frames)
    ]
    if wrong:
        raise BadInput(
            f"task {task!r}: {', '.join(wrong)}, where no PET frame starts; make frames and blocks "
            "fit, or say frames_align: false if they needn't"
        )
