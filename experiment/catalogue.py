"""Which tasks there are, and what belongs to each: its plan and its generator.

A new task is a module in `experiment.protocol`, one in `experiment.plans`, one in
`experiment.tasks`, and a row here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from experiment.plain import from_plain
from experiment.plans.choosing import ChoosingPlan, plan_choosing
from experiment.plans.cyberball import CyberballPlan, plan_cyberball, screens_of_game
from experiment.plans.feedback import FeedbackPlan, plan_feedback
from experiment.plans.messages import MessagesPlan, plan_messages
from experiment.plans.objects import ObjectPlan, plan_objects
from experiment.plans.pages import PagesPlan, plan_pages
from experiment.plans.plan import Plan, PlanInputs
from experiment.plans.questionnaire import QuestionnairePlan, plan_questionnaire
from experiment.plans.rest import (
    Rest,
    repeated,
    rest_at_own_pace,
    rest_of_feedback,
    rest_of_messages,
)
from experiment.protocol import Protocol
from experiment.screens import Screen
from experiment.steps import Task
from experiment.tasks.choosing import choosing
from experiment.tasks.cyberball import cyberball
from experiment.tasks.feedback import feedback
from experiment.tasks.messages import messages
from experiment.tasks.objects import objects
from experiment.tasks.pages import pages
from experiment.tasks.questionnaire import items_of, questionnaire

P = TypeVar("P", bound=Plan)


@dataclass(frozen=True)
class TaskKind(Generic[P]):
    """A kind of task.

    Parameters
    ----------
    plan_type : type
    make_plan : callable
        Decides a whole run.
    play : callable
        Makes the generator of a planned run.
    needs_people : bool
        Whether it shows profiles.
    can_be_continued : bool
        Whether a session may be run again, and goes on where it stopped.
    screens : callable
        Names the screens that depend on the participant's choices, so that they can be made before
        the run; none for most tasks.
    rest : callable or None
        Returns what is left of an interrupted run; None where it is only ever repeated as a whole.
    """

    plan_type: type[P]
    make_plan: Callable[[PlanInputs], P]
    play: Callable[[P], Task]
    needs_people: bool = False
    can_be_continued: bool = False
    screens: Callable[[P], Iterable[Screen]] = lambda _: ()
    rest: Callable[[P, Rest], P] | None = None


KINDS: Mapping[str, TaskKind[Any]] = {
    "messages": TaskKind(MessagesPlan, plan_messages, messages, rest=rest_of_messages),
    "object": TaskKind(ObjectPlan, plan_objects, objects, rest=rest_at_own_pace),
    "choosing": TaskKind(
        ChoosingPlan,
        plan_choosing,
        choosing,
        needs_people=True,
        can_be_continued=True,
        rest=rest_at_own_pace,
    ),
    "cyberball": TaskKind(
        CyberballPlan, plan_cyberball, cyberball, needs_people=True, screens=screens_of_game
    ),
    "feedback": TaskKind(
        FeedbackPlan, plan_feedback, feedback, needs_people=True, rest=rest_of_feedback
    ),
    "pages": TaskKind(PagesPlan, plan_pages, pages, rest=rest_at_own_pace),
    "questionnaire": TaskKind(
        QuestionnairePlan, plan_questionnaire, questionnaire, screens=items_of
    ),
}
"""Kinds by the name that `study.yaml` gives them."""


@dataclass(frozen=True)
class PlannedTask:
    """A run that has been decided.

    Parameters
    ----------
    kind : str
    plan : Plan
    """

    kind: str
    plan: Plan

    def play(self) -> Task:
        """Return a fresh generator of its steps."""
        return KINDS[self.kind].play(self.plan)

    def screens(self) -> tuple[Screen, ...]:
        """Return the screens that depend on what the participant chooses."""
        return tuple(KINDS[self.kind].screens(self.plan))


def plan_task(inputs: PlanInputs) -> PlannedTask:
    """Decide a whole run of a task of any kind.

    Raises
    ------
    BadInput
        If the kit or the protocol does not allow it.
    """
    kind = inputs.protocol.tasks[inputs.task].kind
    return PlannedTask(kind, KINDS[kind].make_plan(inputs))


def rest_of(planned: PlannedTask, rest: Rest) -> PlannedTask:
    """Return what is left of an interrupted run; the whole run where nothing is left out of it."""
    rest_of_kind = KINDS[planned.kind].rest
    if rest.whole or rest_of_kind is None:
        return PlannedTask(planned.kind, repeated(planned.plan, rest))
    return PlannedTask(planned.kind, rest_of_kind(planned.plan, rest))


def planned_from(protocol: Protocol, task: str, plain: object) -> PlannedTask:
    """Return a planned run as it was written in a log's header."""
    kind = protocol.tasks[task].kind
    return PlannedTask(kind, from_plain(KINDS[kind].plan_type, plain))
