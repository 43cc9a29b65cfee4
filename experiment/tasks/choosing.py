"""Choosing: days before the scan, the participant says how much they like each person's profile.

Hsu et al. 2013: participants look through profiles like those of a dating page, and rate them.
"""

from __future__ import annotations

from experiment.plans.choosing import ChoosingPlan
from experiment.steps import Closing, Fixation, OnResponse, Page, ProfileScale, Step, Task, Waiting
from experiment.steps import ResponseKind as Takes


def choosing(plan: ChoosingPlan) -> Task:
    """Show each profile with a scale of liking below it."""
    for page in plan.instructions:
        yield Step(Page(page), ends=OnResponse(), accepts=Takes.CONTINUE)
    yield Step(Waiting("waiting_start"), ends=plan.begins, marker="waiting", accepts=Takes.CONTINUE)
    yield Step(Fixation(), ends=plan.lead_in_ends, marker="run_start")
    for trial in plan.trials:
        yield Step(
            ProfileScale(trial.profile_id, plan.rating, trial.start),
            ends=plan.answer_ends,
            marker="profile",
            accepts=Takes.RATING,
            trial=trial.number,
        )
    yield Step(Closing("closing"), ends=plan.closing_ends, marker="run_end")
