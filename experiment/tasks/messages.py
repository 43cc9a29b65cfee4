"""Kind messages: the participant reads what people close to them wrote, and rates each message.

Inagaki et al. 2016 (lab, self-paced), Inagaki & Eisenberger 2013 and Inagaki et al. 2019 (scanner,
timed). The plan says when each thing ends, so one generator serves both.
"""

from __future__ import annotations

from collections.abc import Generator

from experiment.plans.messages import MessagesPlan
from experiment.plans.plan import Question
from experiment.steps import (
    Closing,
    Ends,
    Fixation,
    Message,
    OnResponse,
    Outcome,
    Page,
    ResponseKind,
    Scale,
    Step,
    Task,
    Waiting,
)


def messages(plan: MessagesPlan) -> Task:
    """Show each message, then ask how connected the reader feels and how good it felt."""
    for page in plan.instructions:
        yield Step(Page(page), ends=OnResponse(), accepts=ResponseKind.CONTINUE)
    yield from practice(plan.practice)
    yield Step(
        Waiting(plan.waiting),
        ends=plan.begins,
        marker="waiting",
        accepts=key_that_ends(plan.begins),
    )
    marker = "run_start"
    for end in plan.sync_ends:
        yield Step(Fixation(), ends=end, marker=marker)
        marker = "sync"
    yield Step(Fixation(), ends=plan.lead_in_ends, marker=marker)
    for trial in plan.trials:
        yield Step(Fixation(), ends=trial.fixation_ends, marker="fixation", trial=trial.number)
        yield Step(
            Message(trial.message_id),
            ends=trial.reading_ends,
            marker=trial.condition,
            accepts=key_that_ends(trial.reading_ends),
            trial=trial.number,
        )
        for question in trial.questions:
            yield Step(
                Scale(question.rating, question.start),
                ends=question.ends,
                marker=f"rate_{question.rating}",
                accepts=ResponseKind.RATING,
                trial=trial.number,
            )
    yield Step(Closing("closing"), ends=plan.closing_ends, marker="run_end")


def key_that_ends(ends: Ends) -> ResponseKind | None:
    """Return what a step takes that a key may end, where nothing is to be rated."""
    return ResponseKind.CONTINUE if isinstance(ends, OnResponse) else None


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
    yield Step(Page(ready), ends=OnResponse(), accepts=ResponseKind.CONTINUE)
