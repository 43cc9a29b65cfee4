"""Questionnaires: an item on each screen, at the participant's own pace.

Which item comes next depends on the answers before: some are asked only after certain answers, and
the participant may go back to change one.
"""

from __future__ import annotations

from experiment.plans.questionnaire import ItemTrial, QuestionnairePlan
from experiment.steps import Closing, Item, OnResponse, Page, Screen, Step, Task
from experiment.steps import ResponseKind as Takes


def questionnaire(plan: QuestionnairePlan) -> Task:
    """Ask item after item; those that a rule leaves out are not shown."""
    for page in plan.instructions:
        yield Step(Page(page), ends=plan.begins, accepts=Takes.CONTINUE)
    answers: dict[str, int | None] = {}
    asked: list[int] = []  # places of the items that one can go back to
    place, marker, forward = 0, "run_start", True
    while place < len(plan.trials):
        trial = plan.trials[place]
        if not trial.asked(answers):
            answers.pop(trial.item, None)  # was asked, before an earlier answer was changed
            place += 1
            continue
        if trial.opening is not None and forward:
            asked.clear()
            yield Step(Page(trial.opening), ends=OnResponse(), accepts=Takes.CONTINUE)
        outcome = yield Step(
            _screen(trial, plan, answers.get(trial.item)),
            ends=plan.answer_ends,
            marker=marker,
            accepts=Takes.RATING,
            trial=trial.number,
        )
        marker, response = "item", outcome.response
        forward = response is None or not response.back
        if forward:
            answers[trial.item] = None if response is None else response.value
            asked.append(place)
            place += 1
        else:
            place = asked.pop()
    yield Step(Closing("closing"), ends=plan.closing_ends, marker="run_end")


def items_of(plan: QuestionnairePlan) -> tuple[Screen, ...]:
    """Return every item that can be asked, whatever the answers are."""
    return tuple(_screen(trial, plan, None) for trial in plan.trials)


def _screen(trial: ItemTrial, plan: QuestionnairePlan, given: int | None) -> Item:
    return Item(
        trial.item,
        trial.start,
        trial.number,
        len(plan.trials),
        given=given,
        required=trial.required,
        back=trial.back,
    )
