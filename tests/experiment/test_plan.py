from __future__ import annotations

import hashlib
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiment.errors import BadInput
from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS
from experiment.files import canonical
from experiment.kit import Condition, IndexedMessage, KitIndex
from experiment.kit.importing import import_kit
from experiment.kit.reading import Length
from experiment.plain import from_plain, to_plain
from experiment.plans.frames import frame_lines
from experiment.plans.messages import MessagesPlan, plan_messages
from experiment.plans.plan import PlanInputs
from experiment.plans.sync import sync_times
from experiment.protocol import Protocol, load_protocol
from experiment.steps import At, OnMark

PROTOCOL, _ = load_protocol(EXAMPLE / "study.yaml")
KIT = import_kit(EXAMPLE / EXAMPLE_ANSWERS, "012", EXAMPLE / "stranger_messages.csv").kit.index()


def plan(
    seed: int = 1,
    session: str = "01",
    task: str = "messages",
    protocol: Protocol = PROTOCOL,
    kit: KitIndex = KIT,
) -> MessagesPlan:
    return plan_messages(PlanInputs(protocol, task, kit, session, "012", seed))


def with_task(task: str, **changes: object) -> Protocol:
    data = PROTOCOL.model_dump(mode="json")
    data["tasks"][task].update(changes)
    return Protocol.model_validate(data)


def share(total: int, per_writer: int | None = None) -> dict[str, int | None]:
    return {"total": total, "per_writer": per_writer}


def test_the_same_inputs_give_the_same_bytes_on_every_machine() -> None:
    digest = hashlib.sha256(canonical(to_plain(plan(seed=42))).encode()).hexdigest()[:16]
    assert digest == GOLDEN


GOLDEN = "e43d391a4793efb1"


def test_another_seed_session_or_participant_gives_another_plan() -> None:
    plans = [plan(1), plan(2), plan_messages(PlanInputs(PROTOCOL, "messages", KIT, "01", "013", 1))]
    orders = {tuple(t.message_id for t in p.trials) for p in plans}
    assert len(orders) == 3


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**62))
def test_every_order_obeys_the_protocol(seed: int) -> None:
    trials = plan(seed).trials
    assert [t.number for t in trials] == list(range(1, 9))
    assert sorted(t.condition for t in trials) == ["kind"] * 4 + ["stranger"] * 4
    assert len({t.message_id for t in trials}) == 8
    assert all(a.writer_id != b.writer_id for a, b in pairwise(trials))
    assert max(len(list(run)) for _, run in groupby(t.condition for t in trials)) <= 2
    assert all(1 <= q.start <= 7 for t in trials for q in t.questions)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**62))
def test_onsets_are_absolute_and_rise(seed: int) -> None:
    made = plan(seed)
    ends = [made.lead_in_ends]
    for trial in made.trials:
        ends += [trial.fixation_ends, trial.reading_ends, *(q.ends for q in trial.questions)]
    ends.append(made.closing_ends)
    times = [end.time for end in ends if isinstance(end, At)]
    assert len(times) == len(ends) == 1 + 8 * 4 + 1
    assert times[0] == 6.0  # two dummy volumes of 2 s, then the lead-in
    gaps = [round(b - a, 3) for a, b in pairwise(times)]
    assert all(1.0 <= gap <= 3.0 for gap in gaps[0:-1:4])
    assert {tuple(gaps[i : i + 3]) for i in range(1, len(gaps) - 1, 4)} == {(5.0, 4.0, 4.0)}
    assert made.planned_duration == times[-1]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**62))
def test_no_message_comes_up_in_two_sessions(seed: int) -> None:
    first = {t.message_id for t in plan(seed).trials}
    second = {t.message_id for t in plan(seed, "02", "messageslab").trials}
    assert len(second) == 6
    assert not first & second


def test_writers_share_evenly() -> None:
    writers = [t.writer_id for t in plan(3, "02", "messageslab").trials]
    assert len(set(writers)) == 6


def test_it_comes_back_from_plain_data() -> None:
    made = plan(5)
    assert from_plain(MessagesPlan, to_plain(made)) == made


def test_too_few_messages_are_told_with_how_many_are_missing() -> None:
    protocol = with_task("messages", messages={"kind": share(50)})
    expected = r"session 01, task messages: 2 kind messages missing \(50 needed, 48 there\); get 1 "
    with pytest.raises(BadInput, match=expected):
        plan(protocol=protocol)


def test_an_order_that_cannot_be_is_told() -> None:
    one_writer = KitIndex("", tuple(m for m in KIT.messages if m.writer_id == "w01"))
    with pytest.raises(BadInput, match="no writer twice in a row"):
        plan(session="02", task="messageslab", kit=one_writer, protocol=lab_only())


def lab_only() -> Protocol:
    data = PROTOCOL.model_dump(mode="json")
    data["tasks"]["messageslab"]["messages"]["kind"]["per_writer"] = None
    data["daily"] = None
    data["sessions"] = {"02": {"tasks": ["messageslab"]}}
    return Protocol.model_validate(data)


PET_FRAMES = [{"start": 60.0 * i, "duration": 60.0} for i in range(4)]


def pet(**changes: object) -> Protocol:
    return with_task("messages", begins="injection", sync_pattern=8, **changes)


def test_a_pet_run_begins_with_a_pattern_that_no_other_session_has() -> None:
    patterns = {
        tuple(e.time for e in plan(seed, protocol=pet()).sync_ends if isinstance(e, At))
        for seed in range(20)
    }
    assert len(patterns) == 20
    assert all(len(pattern) == 8 for pattern in patterns)


def test_every_run_of_a_large_study_has_a_pattern_of_its_own() -> None:
    patterns = {
        tuple(sync_times(1, f"{person:03d}", session, task, 8))
        for person in range(100)
        for session in ("01", "02")
        for task in ("messages", "feedback")
    }
    assert len(patterns) == 400


LABELS = st.text("ab01", min_size=1, max_size=3)


@given(st.integers(0, 2**32), LABELS, LABELS, LABELS, st.integers(8, 32))
def test_a_sync_pattern_is_the_runs_own(
    seed: int, person: str, session: str, task: str, count: int
) -> None:
    times = sync_times(seed, person, session, task, count)
    assert times == sync_times(seed, person, session, task, count)
    assert len(times) == count
    gaps = [round((b - a - 0.2) / 0.05, 6) for a, b in pairwise(times)]
    assert all(gap in range(16) for gap in gaps)
    for other in ((f"{person}x", session, task), (person, f"{session}x", task)):
        assert times != sync_times(seed, *other, count)


@pytest.mark.parametrize("count", [1, 7])
def test_a_pattern_too_short_to_be_unique_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="too few gaps between them"):
        with_task("messages", sync_pattern=count)


def test_a_pet_run_counts_from_its_mark_without_dummy_volumes() -> None:
    made = plan(protocol=with_task("messages", begins="injection"))
    assert made.begins == OnMark("injection")
    assert made.lead_in_ends == At(2.0)


def test_a_run_must_lie_within_the_pet_frames() -> None:
    assert plan(protocol=pet(frames=PET_FRAMES)).planned_duration is not None
    with pytest.raises(BadInput, match=r"PET frames only from 0 to 60 s; make them fit"):
        plan(protocol=pet(frames=PET_FRAMES[:1]))


def test_messages_that_reach_over_the_end_of_a_frame_are_counted() -> None:
    frames = [{"start": 10.0 * i, "duration": 10.0} for i in range(24)]
    protocol = pet(frames=frames)
    (line,) = frame_lines(protocol, "messages", plan(protocol=protocol))
    assert "8 of 8 trials reach over the end of a PET frame" in line  # 14 s and more each


def test_pet_frames_have_no_gap() -> None:
    with pytest.raises(ValueError, match="without gap or overlap"):
        pet(frames=[PET_FRAMES[0], PET_FRAMES[2]])


@pytest.mark.parametrize(("kind", "stranger"), [(10, 5), (10, 4), (12, 6), (20, 10), (30, 15)])
def test_an_order_is_found_wherever_there_is_one(kind: int, stranger: int) -> None:
    wanted: tuple[tuple[Condition, int], ...] = (("kind", kind), ("stranger", stranger))
    messages = tuple(
        IndexedMessage(f"{c}{i}", f"{c[0]}w{i % 8}", c, "en", 40 + i, Length(8 + i, 0))
        for c, n in wanted
        for i in range(n)
    )
    protocol = with_task("messages", messages={"kind": share(kind), "stranger": share(stranger)})
    for seed in range(10):
        made = plan(seed, protocol=protocol, kit=KitIndex("", messages))
        longest = max(len(list(run)) for _, run in groupby(t.condition for t in made.trials))
        assert longest <= 2
