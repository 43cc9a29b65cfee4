"""The plan of the block in which objects are held."""

from __future__ import annotations

from dataclasses import dataclass

from experiment.chance import Dice, dice
from experiment.errors import BadInput
from experiment.plans.opening import SelfPaced
from experiment.plans.plan import PlanInputs, Question, random_start
from experiment.protocol import ObjectCondition, ObjectTask
from experiment.steps import After, Ends, OnResponse


@dataclass(frozen=True)
class ObjectTrial:
    """A rest, an object that is taken up, held and put down, and the questions after it.

    Parameters
    ----------
    number : int
        From 1.
    condition : str
        Which object.
    rest_ends, take_up_ends, hold_ends, put_down_ends : Ends
    questions : tuple of Question
    """

    number: int
    condition: ObjectCondition
    rest_ends: Ends
    take_up_ends: Ends
    hold_ends: Ends
    put_down_ends: Ends
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class ObjectPlan(SelfPaced):
    """A whole run of holding objects, from its opening on.

    Parameters
    ----------
    trials : tuple of ObjectTrial
    """

    trials: tuple[ObjectTrial, ...]


def plan_objects(inputs: PlanInputs) -> ObjectPlan:
    """Decide a whole run of holding objects.

    Parameters
    ----------
    inputs : PlanInputs
        Its task is one of holding objects.

    Raises
    ------
    BadInput
        If the session does not have the task.
    """
    spec = inputs.protocol.tasks[inputs.task]
    assert isinstance(spec, ObjectTask)
    timing = spec.timing
    chance = dice(inputs.seed, inputs.participant, inputs.session, inputs.task)
    return ObjectPlan(
        instructions=spec.instructions,
        lead_in_ends=After(timing.rest[0]),
        trials=tuple(
            ObjectTrial(
                number,
                held,
                rest_ends=After(round(chance.uniform(*timing.rest), 3)),
                take_up_ends=After(timing.take_up),
                hold_ends=After(timing.hold),
                put_down_ends=After(timing.put_down),
                questions=_questions(inputs, spec, chance),
            )
            for number, held in enumerate(order_of_objects(inputs), start=1)
        ),
        closing_ends=After(timing.closing),
    )


def order_of_objects(inputs: PlanInputs) -> tuple[ObjectCondition, ...]:
    """Return which object is held in each trial.

    Each round has every object once, and begins with the one after that with which the round before
    began: warm, neutral, neutral, warm. Chance (the study's own seed) says with which object a
    participant's first session begins; each later one begins with the next. So in a crossover each
    object comes first in one of the two sessions.
    """
    protocol = inputs.protocol
    spec = protocol.tasks[inputs.task]
    assert isinstance(spec, ObjectTask)
    objects = spec.objects
    visits = [s for s, visit in sorted(protocol.sessions.items()) if inputs.task in visit.all_tasks]
    if inputs.session not in visits:
        raise BadInput(f"session {inputs.session!r} has no task {inputs.task!r}")
    first = dice(protocol.seed, inputs.participant, inputs.task, "objects").below(len(objects))
    begin = first + visits.index(inputs.session)
    return tuple(
        objects[(begin + turn + place) % len(objects)]
        for turn in range(spec.rounds)
        for place in range(len(objects))
    )


def _questions(inputs: PlanInputs, spec: ObjectTask, chance: Dice) -> tuple[Question, ...]:
    scales = inputs.protocol.ratings
    return tuple(
        Question(
            rating,
            random_start(scales[rating].range, chance),
            OnResponse(spec.timing.answer_limit),
        )
        for rating in spec.ratings
    )
