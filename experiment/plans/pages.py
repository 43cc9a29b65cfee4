"""The plan of pages that are only read."""

from __future__ import annotations

from dataclasses import dataclass

from experiment.plans.plan import PlanInputs
from experiment.protocol import PagesTask
from experiment.steps import After, Ends, OnResponse


@dataclass(frozen=True)
class PageTrial:
    """A page, numbered from 1."""

    number: int
    text: str


@dataclass(frozen=True)
class PagesPlan:
    """A run of pages, each left with a key.

    Parameters
    ----------
    instructions : tuple of str
        Keys of the pages shown before the run proper.
    trials : tuple of PageTrial
    closing : str
        Key of the last screen's text.
    begins, closing_ends : Ends
    planned_duration, pause_grid : None
        It is self-paced.
    """

    instructions: tuple[str, ...]
    trials: tuple[PageTrial, ...]
    closing: str
    begins: Ends
    closing_ends: Ends
    planned_duration: None = None
    pause_grid: None = None


def plan_pages(inputs: PlanInputs) -> PagesPlan:
    """Decide a run of pages."""
    spec = inputs.protocol.tasks[inputs.task]
    assert isinstance(spec, PagesTask)
    return PagesPlan(
        instructions=spec.instructions,
        trials=tuple(PageTrial(n, text) for n, text in enumerate(spec.pages, start=1)),
        closing="closing_debriefing" if spec.debriefing else "closing",
        begins=OnResponse(),
        closing_ends=After(spec.closing),
    )
