"""Questionnaires: a page or an item on each screen, at the participant's own pace.

Each step is one item, also where several stand on a page: the step says which of them is to be
answered now, and how the others were. Which item comes next depends on the answers before: some are
asked only after certain answers, and the participant may go back to change one, or go to another
one of the page.
"""

from __future__ import annotations

from collections.abc import Mapping

from experiment.plans.questionnaire import ItemTrial, QuestionnairePlan
from experiment.screens import Closing, Item, Page, Row, Screen
from experiment.steps import OnResponse, Step, Task, kept_answer
from experiment.steps import ResponseKind as Takes


def questionnaire(plan: QuestionnairePlan) -> Task:
    """Ask item after item; those that a rule leaves out are not shown."""
    for page in plan.instructions:
        yield Step(Page(page), ends=plan.begins, accepts=Takes.CONTINUE)
    answers: dict[str, int | None] = {}
    place, on_page, marker = 0, 0, "run_start"
    while place < len(plan.trials):
        trial = plan.trials[place]
        if not trial.asked(answers):
            answers.pop(trial.item, None)  # was asked, before an earlier answer was changed
            place += 1
            continue
        if trial.opening is not None and trial.page > on_page:
            yield Step(Page(trial.opening), ends=OnResponse(), accepts=Takes.CONTINUE)
        screen = _screen(trial, plan, answers)
        outcome = yield Step(
            screen,
            ends=plan.answer_ends,
            marker=marker,
            accepts=Takes.RATING,
            trial=trial.number,
        )
        marker, on_page, response = "item", trial.page, outcome.response
        if response is not None and response.goes_to is not None:
            place = response.goes_to - 1
        elif response is not None and response.back:
            place = _before(place, plan, answers)
        else:
            answers[trial.item] = kept_answer(screen, response)
            place = _after(place, plan, answers)
    yield Step(Closing("closing"), ends=plan.closing_ends, marker="run_end")


def items_of(plan: QuestionnairePlan) -> tuple[Screen, ...]:
    """Return every item that can be asked, whatever the answers are."""
    return tuple(_screen(trial, plan, {}) for trial in plan.trials)


def _before(place: int, plan: QuestionnairePlan, answers: Mapping[str, int | None]) -> int:
    """Return the place of the last item before one that is asked."""
    return max(i for i, trial in enumerate(plan.trials[:place]) if trial.asked(answers))


def _after(place: int, plan: QuestionnairePlan, answers: Mapping[str, int | None]) -> int:
    """Return the place of the page's first item without an answer, or of what follows the page."""
    page = [i for i, trial in enumerate(plan.trials) if trial.page == plan.trials[place].page]
    return next((i for i in page if plan.trials[i].item not in answers), page[-1] + 1)


def _screen(trial: ItemTrial, plan: QuestionnairePlan, answers: Mapping[str, int | None]) -> Item:
    page = [one.item for one in plan.trials if one.page == trial.page]
    return Item(
        trial.item,
        trial.start,
        trial.number,
        len(plan.trials),
        given=answers.get(trial.item),
        required=trial.required,
        back=trial.back,
        page=tuple(Row(item, answers.get(item)) for item in page) if len(page) > 1 else (),
    )
