"""The plan of choosing: which profiles are paged through, in which order."""

from __future__ import annotations

from dataclasses import dataclass

from experiment.chance import dice
from experiment.errors import BadInput
from experiment.plans.opening import SelfPaced
from experiment.plans.plan import PlanInputs, random_start
from experiment.protocol import ChoosingTask
from experiment.steps import After, Ends, OnResponse


@dataclass(frozen=True)
class ChoosingTrial:
    """A profile that is rated.

    Parameters
    ----------
    number : int
        Its place in the participant's whole order, from 1, so that a session that goes on where
        another one stopped counts on.
    profile_id : str
    start : int
        Position at which the cursor stands at first.
    """

    number: int
    profile_id: str
    start: int


@dataclass(frozen=True)
class ChoosingPlan(SelfPaced):
    """A run of choosing, at the participant's own pace, from its opening on.

    Parameters
    ----------
    rating : str
        The scale of liking.
    answer_ends : Ends
    trials : tuple of ChoosingTrial
        What is left to be rated.
    """

    rating: str
    answer_ends: Ends
    trials: tuple[ChoosingTrial, ...]


def plan_choosing(inputs: PlanInputs) -> ChoosingPlan:
    """Decide a run of choosing: all profiles of the groups that the participant prefers.

    Those that were rated already are left out, so that running it again goes on.

    Raises
    ------
    BadInput
        If nobody is left to be rated.
    """
    spec = inputs.protocol.tasks[inputs.task]
    assert isinstance(spec, ChoosingTask)
    people = inputs.people
    assert people is not None, "the session reads the profile set for every task that needs it"
    chance = dice(inputs.seed, inputs.participant, inputs.task, "choosing")
    scale = inputs.protocol.ratings[spec.rating].range
    order = chance.shuffled(people.offered)
    trials = [
        ChoosingTrial(number, one, random_start(scale, chance))
        for number, one in enumerate(order, start=1)
    ]
    left = tuple(trial for trial in trials if trial.profile_id not in people.values)
    if not left:
        raise BadInput(
            f"task {inputs.task!r}: all {len(order)} profiles of the participant's groups are "
            "rated already; add people to the profile set or a group with: run_session.py profile"
        )
    return ChoosingPlan(
        instructions=spec.instructions,
        lead_in_ends=After(spec.timing.lead_in),
        rating=spec.rating,
        answer_ends=OnResponse(None, spec.timing.looking_at_least),
        trials=left,
        closing_ends=After(spec.timing.closing),
    )
