"""Holding objects: the participant holds a warm pack, or a ball as warm as the room, and rates.

Physical warmth beside social warmth, as mentioned of Inagaki et al. 2016. At the participant's own
pace, but for the time that each object is in their hands.
"""

from __future__ import annotations

from experiment.plans.objects import ObjectPlan
from experiment.screens import Closing, Fixation, Prompt, Scale
from experiment.steps import ResponseKind as Takes
from experiment.steps import Step, Task
from experiment.tasks.opening import opening


def objects(plan: ObjectPlan) -> Task:
    """Have each object taken up, held and put down, then ask how connected the holder feels."""
    marker = yield from opening(plan)
    yield Step(Fixation(), ends=plan.lead_in_ends, marker=marker)
    for trial in plan.trials:
        say, number = f"objects.{trial.condition}", trial.number
        yield Step(Fixation(), ends=trial.rest_ends, marker="fixation", trial=number)
        yield Step(
            Prompt(f"{say}.take_up"), ends=trial.take_up_ends, marker="take_up", trial=number
        )
        yield Step(
            Prompt(f"{say}.hold"),
            ends=trial.hold_ends,
            marker=f"hold_{trial.condition}",
            trial=number,
        )
        yield Step(
            Prompt(f"{say}.put_down"), ends=trial.put_down_ends, marker="put_down", trial=number
        )
        for question in trial.questions:
            yield Step(
                Scale(question.rating, question.start),
                ends=question.ends,
                marker=f"rate_{question.rating}",
                accepts=Takes.RATING,
                trial=number,
            )
    yield Step(Closing("closing"), ends=plan.closing_ends, marker="run_end")
