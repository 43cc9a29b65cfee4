"""What is left of an interrupted run, and where a task stands: pure functions, all kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from experiment.anchors import tie_between
from experiment.catalogue import KINDS, PlannedTask, plan_task, rest_of
from experiment.choices import profiles_of
from experiment.errors import BadInput
from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS
from experiment.kit import KitIndex
from experiment.kit.importing import import_kit
from experiment.people import Choice, People
from experiment.plain import from_plain, to_plain
from experiment.plans.feedback import BaselineTrial, FeedbackPlan, FeedbackTrial, Report
from experiment.plans.messages import MessagesPlan
from experiment.plans.plan import PlanInputs
from experiment.plans.rest import Rest
from experiment.protocol import PagesTask, Protocol
from experiment.protocol.task import Resume
from experiment.runs import stands_at
from experiment.steps import At, Outcome, Response, Step
from experiment.study import Study, open_study
from tests.studies import Edit, edited_study

NewStudy = Callable[..., Path]
P = TypeVar("P", MessagesPlan, FeedbackPlan)


def played(planned: PlannedTask) -> list[Step]:
    """Return the steps of a run in which everything is answered."""
    steps: list[Step] = []
    task = planned.play()
    try:
        step = next(task)
        while True:
            steps.append(step)
            answer = Response(1, 0.5, confirmed=True, lefts=1, rights=1)
            step = task.send(Outcome(0.0, 0.0, None if step.accepts is None else answer))
    except StopIteration:
        return steps


def trials_of(planned: PlannedTask) -> tuple[Any, ...]:
    return tuple(getattr(planned.plan, "trials", ()))


def plan_of(planned: PlannedTask, kind: type[P]) -> P:
    assert isinstance(planned.plan, kind)
    return planned.plan


def times_of(planned: PlannedTask) -> list[float]:
    return [step.ends.time for step in played(planned) if isinstance(step.ends, At)]


def _study(folder: Path, preset: str | None, *edits: Edit) -> Study:
    return open_study(edited_study(folder, preset, *edits))


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, PlannedTask]:
    """A planned run of every kind: messages in scanner, PET and lab, and what the presets have."""
    folder = tmp_path_factory.mktemp("plans")
    example = _study(folder / "example", None).protocol
    pet = _study(
        folder / "pet",
        None,
        ("begins: pulse", "begins: injection"),
        ("sync_pattern: 0", "sync_pattern: 8"),
        ("lead_in: 2.0", "lead_in: 12.0"),
    ).protocol
    kit = import_kit(EXAMPLE / EXAMPLE_ANSWERS, "012", EXAMPLE / "stranger_messages.csv").kit
    index = kit.index()
    hsu = _study(folder / "hsu", "hsu2013")
    profiles = profiles_of(hsu).index()
    offered = tuple(one for ids in profiles.groups.values() for one in ids)
    everybody = People(profiles.digest, offered, profiles.neutral)
    # Half of the people are liked very much, so that there are enough of both.
    choices = tuple(Choice(one, 6 - 3 * (i % 2)) for i, one in enumerate(offered))
    liked = replace(everybody, choices=choices)
    warm = _study(folder / "warm", "inagaki2016").protocol
    nobody = KitIndex("", ())

    def planned(
        protocol: Protocol, task: str, index: KitIndex = nobody, people: People | None = None
    ) -> PlannedTask:
        visit = next(s for s, v in protocol.sessions.items() if task in v.all_tasks)
        return plan_task(PlanInputs(protocol, task, index, visit, "012", 5, (), people))

    def of_kind(kind: str) -> str:
        return next(task for task, spec in hsu.protocol.tasks.items() if spec.kind == kind)

    return {
        "messages": planned(example, "messages", index),
        "messages_pet": planned(pet, "messages", index),
        "messageslab": planned(example, "messageslab", index),
        "object": planned(warm, "warmobject"),
        "choosing": planned(hsu.protocol, of_kind("choosing"), people=everybody),
        "feedback": planned(hsu.protocol, of_kind("feedback"), people=liked),
        "pages": planned(hsu.protocol, of_kind("pages")),
    }


@pytest.mark.parametrize(
    "name", ["messages", "messages_pet", "messageslab", "object", "choosing", "feedback", "pages"]
)
def test_what_was_done_and_the_rest_are_the_whole(name: str, plans: dict[str, PlannedTask]) -> None:
    whole = plans[name]
    trials = trials_of(whole)
    for done in range(1, len(trials) + 1):
        for ready in (None, 0.0, 400.0):
            left = trials_of(rest_of(whole, Rest(done, ready)))
            numbers = [trial.number for trial in (*trials[:done], *left)]
            assert numbers == [trial.number for trial in trials]
    shown = [step.trial for step in played(rest_of(whole, Rest(2))) if step.trial is not None]
    assert sorted(set(shown)) == sorted(trial.number for trial in trials[2:])


@pytest.mark.parametrize("name", ["messages", "messages_pet", "feedback"])
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_timed_rest_keeps_its_order_and_lengths(
    name: str, plans: dict[str, PlannedTask], data: st.DataObject
) -> None:
    whole = plans[name]
    count = len(trials_of(whole))
    ready = data.draw(st.none() | st.floats(0, 9000).map(lambda t: round(t, 3)))
    done = data.draw(st.integers(1 if ready is None else 0, count - 1))
    rest = rest_of(whole, Rest(done, ready))
    times = times_of(rest)
    assert times == sorted(times)
    first = next(step for step in played(rest) if isinstance(step.ends, At))
    assert isinstance(first.ends, At)
    assert ready is None or times[1] > ready
    numbers = {trial.number for trial in trials_of(whole)[done:]}
    lengths = _lengths(whole, numbers)
    assert _lengths(rest, numbers) == pytest.approx(lengths, abs=2e-3)


def _lengths(planned: PlannedTask, numbers: set[int]) -> list[float]:
    """Return how long each step of some trials lasts, but for the first step of each."""
    timed = [(step.trial, step.ends.time) for step in played(planned) if isinstance(step.ends, At)]
    return [
        end - begin
        for (before, begin), (trial, end) in pairwise(timed)
        if before == trial and trial in numbers
    ]


def test_in_a_new_scan_the_first_trial_left_comes_after_the_lead_in(
    plans: dict[str, PlannedTask],
) -> None:
    whole = plans["messages"]
    rest = plan_of(rest_of(whole, Rest(3)), MessagesPlan)
    assert rest.lead_in_ends == plan_of(whole, MessagesPlan).lead_in_ends
    assert rest.instructions == ()
    assert rest.practice is None


@pytest.mark.parametrize("name", ["messages_pet", "feedback"])
def test_a_pet_run_that_broke_off_before_its_first_trial_keeps_its_zero(
    name: str, plans: dict[str, PlannedTask]
) -> None:
    plan: Any = plans[name].plan
    opened = replace(plan, instructions=(), practice=None, sync_ends=())
    assert rest_of(plans[name], Rest(0, 11.0)).plan == opened
    assert times_of(rest_of(plans[name], Rest(0, 5000.0)))[0] == 5000.0


def test_parts_of_a_pet_run_keep_their_times_unless_these_have_passed(
    plans: dict[str, PlannedTask],
) -> None:
    whole = plans["feedback"]
    trials = trials_of(whole)
    second = next(i for i, t in enumerate(trials) if isinstance(t, FeedbackTrial | BaselineTrial)
                  and t.block == 2)  # fmt: skip
    blocks = plan_of(whole, FeedbackPlan).blocks
    begins = blocks[1].begins
    kept = rest_of(whole, Rest(second, begins - 200))
    assert plan_of(kept, FeedbackPlan).blocks == blocks[1:]
    assert times_of(kept)[-1] == times_of(whole)[-1]
    late = rest_of(whole, Rest(second, begins + 60))
    moved = plan_of(late, FeedbackPlan).blocks
    assert moved[0].begins == pytest.approx(begins + 60)
    assert moved[0].ends - moved[0].begins == pytest.approx(blocks[1].ends - begins)
    before, after = _reports(whole, 2), _reports(late, 2)
    for moment in set(after) - {"before"}:  # minutes after a block count from where it ended
        assert after[moment] == pytest.approx(before[moment] + 60)


def _reports(planned: PlannedTask, block: int) -> dict[str, float]:
    """Return when the first question of each self-report of a block ends."""
    return {
        trial.moment: trial.questions[0].ends.time
        for trial in trials_of(planned)
        if isinstance(trial, Report)
        and trial.block == block
        and isinstance(trial.questions[0].ends, At)
    }


def test_a_task_says_itself_where_it_stands(plans: dict[str, PlannedTask]) -> None:
    whole = plans["messageslab"]
    steps = played(whole)
    answer = Response(1, 0.5, confirmed=True, lefts=1, rights=1)
    outcomes = [Outcome(0.0, 0.0, None if step.accepts is None else answer) for step in steps]
    for count in range(len(steps)):
        over, following = stands_at(whole.play(), outcomes[:count])
        assert over == steps[:count]
        assert following == steps[count]
    assert stands_at(whole.play(), outcomes) == (steps, None)


def test_every_kind_repeats_a_whole_run_if_it_can_do_no_more(
    plans: dict[str, PlannedTask],
) -> None:
    for name, planned in plans.items():
        assert rest_of(planned, Rest(0)) == planned, name
        plan: Any = planned.plan
        timed = isinstance(plan, MessagesPlan | FeedbackPlan)
        again = replace(plan, sync_ends=()) if timed else plan
        assert rest_of(planned, Rest(0, 100.0, again=True)).plan == again, name
        rest = rest_of(planned, Rest(2, 100.0)).plan
        assert from_plain(KINDS[planned.kind].plan_type, to_plain(rest)) == rest


def test_a_kind_that_cannot_go_on_at_a_trial_refuses_that(new_study: NewStudy) -> None:
    study = new_study(
        ("    version: lab\n", "    version: lab\n    resume: page\n"),
    )
    with pytest.raises(BadInput, match="resume"):
        open_study(study)


def test_what_a_kind_cannot_do_is_refused_by_its_own_list() -> None:
    class Game(PagesTask):
        resumes_at: ClassVar[tuple[Resume, ...]] = ("run",)

    plain = {
        "kind": "pages",
        "version": "lab",
        "ratings": [],
        "instructions": [],
        "debriefing": False,
        "pages": ["a"],
        "closing": 1.0,
    }
    assert Game.model_validate({**plain, "resume": "run"}).resume == "run"
    with pytest.raises(ValidationError, match="this kind of task allows run"):
        Game.model_validate({**plain, "resume": "trial"})


def header(utc: datetime, zero: float, boot: str | None, error: float | None) -> dict[str, Any]:
    return {
        "utc": utc.isoformat(),
        "utc_at": 1.5,
        "clock_zero": zero,
        "boot": boot,
        "utc_error": error,
        "speed": "real",
    }


def test_clocks_are_tied_by_the_machine_s_counter_or_by_utc() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
    first = header(noon, 1000.0, "a", 0.02)
    same = tie_between(first, header(noon + timedelta(seconds=99), 1100.0, "a", 0.02))
    assert (same.by, same.offset, same.uncertainty) == ("monotonic", -100.0, 1e-3)
    later = header(noon + timedelta(seconds=100), 7.0, "b", 0.03)
    other = tie_between(first, later)
    assert (other.by, other.offset) == ("utc", -100.0)
    assert other.uncertainty == pytest.approx(0.05)
    assert tie_between(first, {**later, "utc_error": None}).uncertainty is None
