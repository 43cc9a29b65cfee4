"""Pages that are only read: the debriefing at the end of a study, for one."""

from __future__ import annotations

from experiment.plans.pages import PagesPlan
from experiment.screens import Closing, Page
from experiment.steps import ResponseKind, Step, Task
from experiment.tasks.opening import pages_of


def pages(plan: PagesPlan) -> Task:
    """Show each page until it is left."""
    yield from pages_of(plan.instructions)
    marker = "run_start"
    for trial in plan.trials:
        yield Step(
            Page(trial.text),
            ends=plan.begins,
            marker=marker,
            accepts=ResponseKind.CONTINUE,
            trial=trial.number,
        )
        marker = "page"
    yield Step(Closing(plan.closing), ends=plan.closing_ends, marker="run_end")
