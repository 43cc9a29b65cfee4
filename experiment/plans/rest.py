"""What is left of an interrupted run: a plan of the same type, with the trials still to come.

A task plays the rest as it plays the whole; nothing in it knows of resuming. The first `done`
trials and the trials of the rest are the whole plan, and no trial is in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from experiment.plans.choosing import ChoosingPlan
from experiment.plans.cyberball import CyberballPlan
from experiment.plans.feedback import (
    BaselineTrial,
    FeedbackPlan,
    FeedbackTrial,
    PlannedBlock,
    Report,
    Trial,
    UpliftTask,
)
from experiment.plans.messages import MessagesPlan, MessageTrial
from experiment.plans.objects import ObjectPlan
from experiment.plans.pages import PagesPlan
from experiment.plans.plan import Plan, Question
from experiment.steps import At, Ends

OwnPace = TypeVar("OwnPace", ChoosingPlan, ObjectPlan, PagesPlan)


@dataclass(frozen=True)
class Rest:
    """Where a run goes on.

    Parameters
    ----------
    done : int
        How many of its trials, from the first on, aren't shown again.
    ready : float or None
        Run-clock time (s) before which nothing can be shown, where the run keeps the zero that it
        had: a PET run counts from the injection, however often it is interrupted. None where the
        run has a new zero, of a new scan, or had none yet.
    again : bool
        Whether all of it is run, for the first time or again.
    """

    done: int
    ready: float | None = None
    again: bool = False

    @property
    def whole(self) -> bool:
        """Whether nothing is left out: instructions and practice come, and every trial."""
        return self.again or (self.done == 0 and self.ready is None)


def repeated(plan: Plan, rest: Rest) -> Plan:
    """Return the plan of a whole run, which sends no second pattern of markers into one scan."""
    if rest.ready is None or not isinstance(plan, CyberballPlan | FeedbackPlan | MessagesPlan):
        return plan
    return replace(plan, sync_ends=())


def rest_at_own_pace(plan: OwnPace, rest: Rest) -> OwnPace:
    """Return what is left of a run without a schedule: the next trial simply follows."""
    return replace(plan, instructions=(), trials=plan.trials[rest.done :])


def rest_of_messages(plan: MessagesPlan, rest: Rest) -> MessagesPlan:
    """Return what is left of a run of messages.

    In a new scan the first trial comes after a lead-in as the run had one. On the zero that it had,
    trials keep their times; if these have passed, all move by as much as is needed, since nothing
    lies between them that could give way.
    """
    left = plan.trials[rest.done :]
    begun = replace(plan, instructions=(), practice=None, trials=left)
    lead_in, closing = plan.lead_in_ends, plan.closing_ends
    if not isinstance(lead_in, At) or not isinstance(closing, At):
        return begun
    before = plan.trials[rest.done - 1] if rest.done else None
    due = lead_in.time if before is None else _end_of_message(before)
    if rest.ready is None:
        by = lead_in.time - due
    else:
        by = max(rest.ready - due, 0.0)
        # A second pattern in one scan could be taken for another run's: the first one stands.
        begun = replace(begun, sync_ends=())
    return replace(
        begun,
        lead_in_ends=_at(due + by),
        trials=tuple(_later_message(trial, by) for trial in left),
        closing_ends=_at(closing.time + by),
    )


def rest_of_feedback(plan: FeedbackPlan, rest: Rest) -> FeedbackPlan:
    """Return what is left of a run of social feedback.

    In a new scan everything moves alike, so that the first part begins when the run's first one
    did. On the zero that the run had, each part keeps its time; a part whose time has passed begins
    as soon as it can, what is counted from a block's end moves with the block, and a later part
    moves only if the one before reaches into it.
    """
    left = plan.trials[rest.done :]
    if not left:
        return replace(plan, instructions=(), practice=None, sync_ends=(), trials=(), blocks=())
    dues = _dues(plan.trials)
    begun = replace(plan, instructions=(), practice=None)
    if rest.ready is None:
        by = dues[0] - dues[rest.done]
        moves = [by] * len(left)
        after = by
    else:
        begun = replace(begun, sync_ends=())
        moves = _pushed(left, dues[rest.done :], rest.ready)
        after = max(_end_of(left[-1]) + moves[-1] - plan.rest_ends.time, 0.0)
    trials = []
    until: float | None = None  # when the part before ends; the first one follows a rest
    for trial, due, by in zip(left, dues[rest.done :], moves, strict=True):
        begins = due + by
        pause = None if until is not None and begins <= until + 1e-6 else _at(begins)
        trials.append(_later_part(trial, by, pause))
        until = _end_of(trial) + by
    return replace(
        begun,
        trials=tuple(trials),
        blocks=_later_blocks(plan, left, dues[rest.done :], moves),
        rest_ends=_at(plan.rest_ends.time + after),
        closing_ends=_at(plan.closing_ends.time + after),
    )


# --- parts of a run of feedback ------------------------------------------------------------------


def _dues(trials: Sequence[Trial]) -> list[float]:
    """Return when each trial begins (s, run clock): after its rest, or with the end before."""
    dues: list[float] = []
    for before, trial in zip((None, *trials), trials, strict=False):
        if trial.rest_ends is not None:
            dues.append(trial.rest_ends.time)
        else:
            assert before is not None, "a rest comes first in any case"
            dues.append(_end_of(before))
    return dues


def _pushed(left: Sequence[Trial], dues: Sequence[float], ready: float) -> list[float]:
    """Return by how much each trial moves (s) if none can begin before `ready`."""
    moves: list[float] = []
    of_block: dict[int, float] = {}
    free = ready
    for i, (trial, due) in enumerate(zip(left, dues, strict=True)):
        by = max(free - due, 0.0)
        if isinstance(trial, FeedbackTrial | BaselineTrial):
            if i and trial.block in of_block:
                by = max(by, of_block[trial.block])  # a block moves as one whole
            of_block[trial.block] = by
        elif not (isinstance(trial, Report) and trial.moment == "before"):
            by = max(by, of_block.get(trial.block, 0.0))
        moves.append(round(by, 3))
        free = _end_of(trial) + by
    return moves


def _later_blocks(
    plan: FeedbackPlan, left: Sequence[Trial], dues: Sequence[float], moves: Sequence[float]
) -> tuple[PlannedBlock, ...]:
    """Return the blocks that have trials left, with the times of these."""
    spans: dict[int, tuple[float, float]] = {}
    for trial, due, by in zip(left, dues, moves, strict=True):
        if isinstance(trial, FeedbackTrial | BaselineTrial):
            begins = spans.get(trial.block, (due + by, 0.0))[0]
            spans[trial.block] = (round(begins, 3), round(_end_of(trial) + by, 3))
    return tuple(
        replace(block, begins=spans[block.number][0], ends=spans[block.number][1])
        for block in plan.blocks
        if block.number in spans
    )


def _end_of(trial: Trial) -> float:
    match trial:
        case FeedbackTrial():
            return trial.answer_ends.time
        case BaselineTrial():
            return trial.face_ends.time
        case Report():
            return _time(trial.questions[-1].ends)
        case UpliftTask():
            return trial.ends[-1].time


def _later_part(trial: Trial, by: float, pause: At | None) -> Trial:
    match trial:
        case FeedbackTrial():
            return replace(
                trial,
                rest_ends=pause,
                fixation_ends=_later(trial.fixation_ends, by),
                awaiting_ends=_later(trial.awaiting_ends, by),
                answer_ends=_later(trial.answer_ends, by),
            )
        case BaselineTrial():
            return replace(
                trial,
                rest_ends=pause,
                fixation_ends=_later(trial.fixation_ends, by),
                face_ends=_later(trial.face_ends, by),
            )
        case Report():
            return replace(trial, rest_ends=pause, questions=_later_questions(trial.questions, by))
        case UpliftTask():
            ends = tuple(_later(end, by) for end in trial.ends)
            return replace(trial, rest_ends=pause, ends=ends)


# --- messages ------------------------------------------------------------------------------------


def _end_of_message(trial: MessageTrial) -> float:
    last = trial.questions[-1].ends if trial.questions else trial.reading_ends
    return _time(last)


def _later_message(trial: MessageTrial, by: float) -> MessageTrial:
    return replace(
        trial,
        fixation_ends=_later(_timed(trial.fixation_ends), by),
        reading_ends=_later(_timed(trial.reading_ends), by),
        questions=_later_questions(trial.questions, by),
    )


# --- times ---------------------------------------------------------------------------------------


def _later_questions(questions: Iterable[Question], by: float) -> tuple[Question, ...]:
    return tuple(
        replace(question, ends=_later(_timed(question.ends), by)) for question in questions
    )


def _later(ends: At, by: float) -> At:
    return _at(ends.time + by)


def _timed(ends: Ends) -> At:
    assert isinstance(ends, At), "a timed run has a time for everything"
    return ends


def _time(ends: Ends) -> float:
    return _timed(ends).time


def _at(time: float) -> At:
    return At(round(time, 3))
