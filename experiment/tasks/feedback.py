"""Social feedback: whether people whom one liked like one back, in blocks, during a scan.

Hsu et al. 2013 (PET of the mu-opioid system): baseline, rejection and acceptance; how the
participant feels is asked before, right after, and some minutes after each block. Everything after
the run's zero has its own time on the run clock, so no answer and no late frame moves a block.
"""

from __future__ import annotations

from collections.abc import Iterator

from experiment.plans.feedback import BaselineTrial, FeedbackPlan, FeedbackTrial, Report, UpliftTask
from experiment.screens import Closing, Feedback, Fixation, NeutralFace, Prompt, Scale, Waiting
from experiment.steps import ResponseKind as Takes
from experiment.steps import Step, Task
from experiment.tasks.opening import opening

CALM = Waiting("resting")


def feedback(plan: FeedbackPlan) -> Task:
    """Show blocks of answers at their times, with self-reports around them and rests between."""
    marker = yield from opening(plan, calm=CALM, ready="ready_scan")
    begun: set[int] = set()
    for trial in plan.trials:
        if trial.rest_ends is not None:
            yield Step(CALM, ends=trial.rest_ends, marker=marker)
            marker = "rest"
        match trial:
            case FeedbackTrial() | BaselineTrial():
                yield Step(
                    Fixation(),
                    ends=trial.fixation_ends,
                    marker="fixation" if trial.block in begun else f"block_{trial.condition}",
                    trial=trial.number,
                    block=trial.block,
                )
                begun.add(trial.block)
                yield from answer(trial, plan) if trial.kind == "feedback" else face(trial)
            case Report():
                yield from report(trial)
            case UpliftTask():
                yield from uplift(trial)
    yield Step(CALM, ends=plan.rest_ends, marker="rest")
    yield Step(Closing("closing"), ends=plan.closing_ends, marker="run_end")


def answer(trial: FeedbackTrial, plan: FeedbackPlan) -> Iterator[Step]:
    """Show a person beside the participant, then that person's answer, until its time is over.

    A button says that it was read; it changes nothing on the schedule.
    """
    yield Step(
        Feedback(trial.profile_id, plan.shown_on, None),
        ends=trial.awaiting_ends,
        marker="awaiting",
        trial=trial.number,
        block=trial.block,
    )
    yield Step(
        Feedback(trial.profile_id, plan.shown_on, trial.answer),
        ends=trial.answer_ends,
        marker=trial.condition,
        accepts=Takes.CONTINUE,
        trial=trial.number,
        block=trial.block,
    )


def face(trial: BaselineTrial) -> Iterator[Step]:
    """Show a neutral face, or more of the fixation cross."""
    yield Step(
        Fixation() if trial.profile_id is None else NeutralFace(trial.profile_id),
        ends=trial.face_ends,
        marker=trial.condition,
        trial=trial.number,
        block=trial.block,
    )


def report(trial: Report) -> Iterator[Step]:
    """Ask how the participant feels now."""
    for question in trial.questions:
        yield Step(
            Scale(question.rating, question.start),
            ends=question.ends,
            marker=f"rate_{question.rating}",
            accepts=Takes.RATING,
            trial=trial.number,
        )


def uplift(trial: UpliftTask) -> Iterator[Step]:
    """Ask the participant to think of something good."""
    for text, end in zip(trial.texts, trial.ends, strict=True):
        yield Step(Prompt(text), ends=end, marker="uplift", trial=trial.number)
