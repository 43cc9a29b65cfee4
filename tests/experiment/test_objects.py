from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiment.errors import BadInput
from experiment.examples import make_study
from experiment.kit import KitIndex
from experiment.plain import from_plain, to_plain
from experiment.plans.objects import ObjectPlan, order_of_objects, plan_objects
from experiment.plans.plan import PlanInputs
from experiment.protocol import Protocol, load_protocol, worded
from experiment.rehearsal import screens_of
from experiment.screens import Prompt, Scale
from experiment.steps import After, OnResponse, Outcome, Response, ResponseKind, Step
from experiment.tasks.objects import objects

NO_KIT = KitIndex("", ())


def _preset() -> Protocol:
    with TemporaryDirectory() as folder:
        make_study(Path(folder) / "study", "inagaki2016")
        return load_protocol(Path(folder) / "study" / "study.yaml")[0]


PROTOCOL = _preset()


def inputs(
    session: str = "01", person: str = "012", seed: int = 1, protocol: Protocol = PROTOCOL
) -> PlanInputs:
    return PlanInputs(protocol, "warmobject", NO_KIT, session, person, seed)


def steps_of(plan: ObjectPlan) -> list[Step]:
    task = objects(plan)
    steps = [next(task)]
    while True:
        response = Response(4, 1.0, confirmed=True) if steps[-1].accepts is not None else None
        try:
            steps.append(task.send(Outcome(0.0, 1.0, response)))
        except StopIteration:
            return steps


def test_the_markers_are_those_of_each_object_in_its_turn() -> None:
    plan = plan_objects(inputs())
    sent = [step.marker for step in steps_of(plan) if step.marker is not None]
    first, second = plan.trials[0].condition, plan.trials[1].condition
    assert {first, second} == {"warm", "neutral"}
    trials = [
        marker
        for held in (first, second, second, first)
        for marker in (
            "fixation",
            "take_up",
            f"hold_{held}",
            "put_down",
            "rate_connection_now",
            "rate_good_now",
        )
    ]
    assert sent == ["waiting", "run_start", *trials, "run_end"]


def test_every_marker_that_it_sends_is_required() -> None:
    sent = {step.marker for step in steps_of(plan_objects(inputs()))} - {None}
    assert sent == set(PROTOCOL.tasks["warmobject"].required_markers())


def test_an_object_is_held_for_so_long_and_rated_at_ones_own_pace() -> None:
    steps = steps_of(plan_objects(inputs()))
    ends = [step.ends for step in steps if isinstance(step.screen, Prompt)]
    assert ends == [After(6.0), After(20.0), After(5.0)] * 4
    assert all(step.accepts is None for step in steps if isinstance(step.screen, Prompt))
    ratings = [step for step in steps if isinstance(step.screen, Scale)]
    assert all(step.ends == OnResponse(None) for step in ratings)
    assert [step.trial for step in ratings] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert all(step.accepts is ResponseKind.RATING for step in ratings)


def test_no_text_that_is_shown_says_which_condition_it_is() -> None:
    shown = [
        PROTOCOL.texts[screen.text]
        for screen in screens_of(objects(plan_objects(inputs())))
        if not isinstance(screen, Scale) and hasattr(screen, "text")
    ]
    assert len(shown) > 8
    for text in (*shown, *(worded(scale.question, "en") for scale in PROTOCOL.ratings.values())):
        assert not {"warm", "neutral", "condition"} & set(text.lower().replace(".", " ").split())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**40), st.text("0123456789", min_size=1, max_size=4))
def test_each_object_comes_first_in_one_session_of_a_crossover(seed: int, person: str) -> None:
    orders = [order_of_objects(inputs(s, person, seed)) for s in ("01", "02")]
    assert orders[0][0] != orders[1][0]
    for order in orders:
        assert Counter(order) == {"warm": 2, "neutral": 2}
        assert order[:2] == order[:1:-1]  # there and back
    assert order_of_objects(inputs("01", person, 0)) == orders[0]


def test_participants_differ_in_the_object_that_comes_first() -> None:
    first = Counter(order_of_objects(inputs("01", f"{i:03d}"))[0] for i in range(200))
    assert first["warm"] > 70
    assert first["neutral"] > 70


def test_it_comes_back_from_plain_data_and_depends_on_the_seed() -> None:
    plan = plan_objects(inputs())
    assert from_plain(ObjectPlan, to_plain(plan)) == plan
    assert plan_objects(inputs()) == plan
    assert plan_objects(inputs(seed=2)) != plan


def test_a_session_without_the_task_is_told() -> None:
    data = PROTOCOL.model_dump(mode="json")
    data["daily"] = None
    data["sessions"]["02"]["optional"] = []
    with pytest.raises(BadInput, match="session '02' has no task 'warmobject'"):
        plan_objects(inputs("02", protocol=Protocol.model_validate(data)))
