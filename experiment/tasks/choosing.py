"""Choosing: days before the scan, the participant says how much they like each person's profile.

Hsu et al. 2013: participants look through profiles like those of a dating page, and rate them.
"""

from __future__ import annotations

from experiment.plans.choosing import ChoosingPlan
from experiment.screens import Closing, Fixation, ProfileScale
from experiment.steps import ResponseKind as Takes
from experiment.steps import Step, Task
from experiment.tasks.opening import opening


def choosing(plan: ChoosingPlan) -> Task:
    """Show each profile with a scale of liking below it."""
    marker = yield from opening(plan)
    yield Step(Fixation(), ends=plan.lead_in_ends, marker=marker)
    for trial in plan.trials:
        yield Step(
            ProfileScale(trial.profile_id, plan.rating, trial.start),
            ends=plan.answer_ends,
            marker="profile",
            accepts=Takes.RATING,
            trial=trial.number,
        )
    yield Step(Closing("closing"), ends=plan.closing_ends, marker="run_end")
