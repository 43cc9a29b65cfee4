"""The plan of questionnaires: which items come in which order, and where their marks appear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiment.chance import Dice, dice
from experiment.plans.plan import PlanInputs, random_start
from experiment.protocol import Protocol, Questionnaire, QuestionnaireTask
from experiment.protocol.questionnaire import (
    Choice,
    Percent,
    ShowIf,
    check_filled,
    check_language,
    item_key,
)
from experiment.protocol.questionnaire import Item as ItemSpec
from experiment.steps import After, Ends, OnResponse


@dataclass(frozen=True)
class Rule:
    """When an item is asked: if an earlier one has one of these answers.

    Parameters
    ----------
    item : str
        Name of the earlier item within the study.
    any_of : tuple of int
        Answers; empty for all within the bounds.
    at_least, at_most : int or None
    """

    item: str
    any_of: tuple[int, ...]
    at_least: int | None
    at_most: int | None


@dataclass(frozen=True)
class ItemTrial:
    """An item that may be asked.

    Parameters
    ----------
    number : int
        Its place in the run, from 1.
    item : str
        Its name within the study, ``questionnaire.item``.
    page : int
        Number of the page on which it stands, from 1; all items of a page have the same rule.
    start : int
        Position at which the mark appears with the first press.
    required : bool
    back : bool
        Whether the participant may go back from it.
    rule : Rule or None
        None where it is always asked.
    opening : str or None
        Key of the page with which its questionnaire opens, at its first item.
    """

    number: int
    item: str
    page: int
    start: int
    required: bool
    back: bool
    rule: Rule | None = None
    opening: str | None = None

    def asked(self, answers: Mapping[str, int | None]) -> bool:
        """Whether it is asked after these answers, by name of the item."""
        if self.rule is None:
            return True
        rule = ShowIf(
            item="earlier",
            any_of=self.rule.any_of,
            at_least=self.rule.at_least,
            at_most=self.rule.at_most,
        )
        return rule.holds({"earlier": answers.get(self.rule.item)})


@dataclass(frozen=True)
class QuestionnairePlan:
    """A run of questionnaires, at the participant's own pace.

    Parameters
    ----------
    instructions : tuple of str
        Keys of the pages shown first.
    begins : Ends
    trials : tuple of ItemTrial
    answer_ends : Ends
        Of each item.
    closing_ends : Ends
    planned_duration, pause_grid : None
        It is self-paced.
    """

    instructions: tuple[str, ...]
    begins: Ends
    trials: tuple[ItemTrial, ...]
    answer_ends: Ends
    closing_ends: Ends
    planned_duration: None = None
    pause_grid: None = None


def plan_questionnaire(inputs: PlanInputs) -> QuestionnairePlan:
    """Decide a run of questionnaires.

    Raises
    ------
    BadInput
        If one of them is a template that was not filled in, or lacks the language.
    """
    spec = inputs.protocol.tasks[inputs.task]
    assert isinstance(spec, QuestionnaireTask)
    chance = dice(inputs.seed, inputs.participant, inputs.session, inputs.task)
    trials: list[ItemTrial] = []
    for name in spec.questionnaires:
        one = inputs.protocol.questionnaires[name]
        check_filled(name, one)
        check_language(name, one, inputs.protocol.language)
        trials += _trials(inputs.protocol, name, chance, after=trials[-1] if trials else None)
    return QuestionnairePlan(
        instructions=spec.instructions,
        begins=OnResponse(),
        trials=tuple(trials),
        answer_ends=OnResponse(spec.answer_limit, spec.earliest),
        closing_ends=After(spec.closing),
    )


def ordered_items(one: Questionnaire, chance: Dice) -> list[ItemSpec]:
    """Return a questionnaire's items in the order in which they are asked."""
    return chance.shuffled(one.items) if one.order == "shuffled" else list(one.items)


def paged(one: Questionnaire, items: Sequence[ItemSpec]) -> list[int]:
    """Return on which page each item stands, from 1."""
    pages: list[int] = []
    for place, item in enumerate(items):
        before = items[place - 1] if place else None
        if (
            before is not None
            and pages.count(pages[-1]) < one.page
            and not item.new_page
            and item.show_if == before.show_if
            and not any(isinstance(one.scale_of(each), Choice | Percent) for each in (before, item))
        ):
            pages.append(pages[-1])
        else:
            pages.append(pages[-1] + 1 if pages else 1)
    return pages


def _trials(
    protocol: Protocol, name: str, chance: Dice, *, after: ItemTrial | None
) -> list[ItemTrial]:
    """Return a questionnaire's items; the first one can't be gone back from."""
    one, buttons = protocol.questionnaires[name], protocol.devices.buttons
    back = one.back and bool(buttons.back or protocol.devices.mouse)
    items = ordered_items(one, chance)
    number, page = (0, 0) if after is None else (after.number, after.page)
    return [
        ItemTrial(
            number=number + place + 1,
            item=item_key(name, item.id),
            page=page + on_page,
            start=random_start(one.scale_of(item).range, chance),
            required=one.requires(item),
            back=back and place > 0,
            rule=_rule(name, item.show_if),
            opening=f"questionnaires.{name}" if one.instructions and not place else None,
        )
        for place, (item, on_page) in enumerate(zip(items, paged(one, items), strict=True))
    ]


def _rule(name: str, rule: ShowIf | None) -> Rule | None:
    if rule is None:
        return None
    return Rule(item_key(name, rule.item), rule.any_of, rule.at_least, rule.at_most)
