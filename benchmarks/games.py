"""Ball games played through in no time: a made-up participant, frames on a grid, no player."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from experiment.chance import Dice
from experiment.dose import Dose
from experiment.examples import make_study
from experiment.kit import Kit
from experiment.people import People
from experiment.plans.cyberball import CyberballPlan, plan_cyberball
from experiment.plans.plan import PlanInputs
from experiment.profiles import DEMO, load_profiles
from experiment.protocol import LabCyberball, Protocol, ScannerCyberball, load_protocol
from experiment.screens import Court
from experiment.steps import OnPulse, OnResponse, Outcome, Response, ResponseKind, Step
from experiment.steps import end_of as end_of_step
from experiment.tasks.cyberball import cyberball

FRAME = 1 / 60
T = TypeVar("T")


@dataclass(frozen=True)
class Played:
    """A game that was played through.

    Parameters
    ----------
    steps : list of (Step, Outcome)
    doses : tuple of Dose
    """

    steps: list[tuple[Step, Outcome]]
    doses: tuple[Dose, ...]


@lru_cache(maxsize=1)
def preset() -> Protocol:
    """Return the preset's protocol."""
    with TemporaryDirectory() as folder:
        study = Path(folder) / "study"
        make_study(study, "cyberball")
        return load_protocol(study / "study.yaml")[0]


def a_game(task: str, kind: type[T]) -> T:
    """Return one of the preset's games."""
    spec = preset().tasks[task]
    assert isinstance(spec, kind), task
    return spec


@lru_cache(maxsize=1)
def demo_people() -> People:
    """Return the demo profile set as plans know it."""
    index = load_profiles(DEMO).index()
    everybody = tuple(one for ids in index.groups.values() for one in ids)
    return People(index.digest, everybody, index.neutral, (), everybody)


def inputs(spec: LabCyberball | ScannerCyberball, seed: int, **other: Any) -> PlanInputs:
    """Return what a game is planned of, in place of the preset's first one of its version."""
    task, session = ("included", "lab") if spec.version == "lab" else ("scanincluded", "scanner")
    protocol = preset().model_copy(update={"tasks": {**preset().tasks, task: spec}})
    given = {"session": session, "participant": "012", "people": demo_people(), **other}
    return PlanInputs(protocol, task, Kit("012", (), ()).index(), seed=seed, **given)


def changed(spec: Any, **settings: Any) -> Any:
    """Return a task's settings with others in their place, checked."""
    return type(spec).model_validate({**spec.model_dump(), **settings})


def planned(spec: LabCyberball | ScannerCyberball, seed: int, **other: Any) -> CyberballPlan:
    """Return the plan of a game."""
    return plan_cyberball(inputs(spec, seed, **other))


def play(plan: CyberballPlan, chance: Dice, misses: float = 0.1) -> Played:
    """Play a game through, with a participant who throws to anybody, at any speed, or not at all.

    Parameters
    ----------
    plan : CyberballPlan
    chance : Dice
    misses : float
        Share of turns, before and after a reminder, in which nothing is chosen.
    """
    task, steps = cyberball(plan), []
    zero = now = 0.0
    try:
        step = next(task)
        while True:
            response = _response(step, chance, misses)
            end = end_of_step(step.ends, now, zero, answered=False)
            if response is not None:
                end = now + response.rt
            elif end is None:
                end = now + 1.0
            frames = math.ceil((max(end, now + FRAME) - 0.5 * FRAME) / FRAME)
            if isinstance(step.ends, OnPulse):
                zero = end
            outcome = Outcome(round(now - zero, 6), round(frames * FRAME - zero, 6), response)
            steps.append((step, outcome))
            now = frames * FRAME
            step = task.send(outcome)
    except StopIteration as ended:
        return Played(steps, ended.value.rounds)


def _response(step: Step, chance: Dice, misses: float) -> Response | None:
    if step.accepts is ResponseKind.CONTINUE:
        return Response(None, 1.0, confirmed=True)
    if step.accepts is not ResponseKind.CHOICE or not isinstance(step.screen, Court):
        return None
    assert isinstance(step.ends, OnResponse)
    limit = 20.0 if step.ends.limit is None else step.ends.limit
    if step.ends.limit is not None and chance.uniform() < misses:
        return None
    to = 1 + chance.below(len(step.screen.players))
    return Response(to, round(chance.uniform(0.0, 0.99) ** 2 * limit, 6), confirmed=True)


def throws(played: Played) -> Iterator[tuple[int, int, float]]:
    """Yield who threw to whom, and when (s, run clock)."""
    for step, outcome in played.steps:
        if step.screen.kind == "throw":
            yield step.screen.thrower, step.screen.catcher, outcome.onset
