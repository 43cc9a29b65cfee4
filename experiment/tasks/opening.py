"""What comes before the first trial, whatever the task: pages, practice, the wait for the start."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import TypeAlias

from experiment.plans.opening import Opening
from experiment.plans.plan import Question
from experiment.screens import Fixation, Page, Scale, Screen, Waiting
from experiment.steps import Ends, OnResponse, Outcome, ResponseKind, Step

Marker: TypeAlias = str
CROSS = Fixation()


def opening(
    plan: Opening, *, calm: Screen = CROSS, ready: str = "ready", then: Iterable[Step] = ()
) -> Generator[Step, Outcome, Marker]:
    """Show instructions, practice and the wait for the start, then the pattern of sync markers.

    Parameters
    ----------
    plan : Opening
    calm : Screen
        Shown while sync markers go out.
    ready : str
        Key of the page behind the practice.
    then : iterable of Step
        Shown before the wait.

    Returns
    -------
    str
        The marker of the step that follows: ``run_start``, or the last ``sync``.
    """
    yield from pages_of(plan.instructions)
    yield from practice(plan.practice, ready)
    yield from then
    yield Step(
        Waiting(plan.waiting),
        ends=plan.begins,
        marker="waiting",
        accepts=key_that_ends(plan.begins),
    )
    marker = "run_start"
    for end in plan.sync_ends:
        yield Step(calm, ends=end, marker=marker)
        marker = "sync"
    return marker


def pages_of(texts: Iterable[str]) -> Iterator[Step]:
    """Show pages, each until it is left."""
    for text in texts:
        yield Step(Page(text), ends=OnResponse(), accepts=ResponseKind.CONTINUE)


def practice(question: Question | None, ready: str = "ready") -> Generator[Step, Outcome, None]:
    """Have the scale used until the cursor has been moved in each direction."""
    if question is None:
        return
    went_left = went_right = False
    prompt = "practice.prompt"
    while not (went_left and went_right):
        outcome = yield Step(
            Scale(question.rating, question.start, prompt),
            ends=question.ends,
            accepts=ResponseKind.RATING,
        )
        if outcome.response is not None:
            went_left = went_left or outcome.response.lefts > 0
            went_right = went_right or outcome.response.rights > 0
        prompt = "practice.again"
    yield from pages_of((ready,))


def key_that_ends(ends: Ends) -> ResponseKind | None:
    """Return what a step takes that a key may end, where nothing is to be rated."""
    return ResponseKind.CONTINUE if isinstance(ends, OnResponse) else None
