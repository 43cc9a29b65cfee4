"""The plan and the steps of social feedback, and who is dealt to it."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiment.catalogue import plan_task
from experiment.chance import dice
from experiment.errors import BadInput
from experiment.examples import make_study
from experiment.kit import Kit
from experiment.people import Choice, People
from experiment.plain import from_plain, to_plain
from experiment.plans.feedback import (
    BaselineTrial,
    FeedbackPlan,
    FeedbackTrial,
    Report,
    UpliftTask,
    apportioned,
    plan_feedback,
)
from experiment.plans.frames import frame_lines
from experiment.plans.people import (
    deal_faces,
    deal_people,
    matched,
    shortfall,
    still_to_like,
)
from experiment.plans.plan import PlanInputs
from experiment.plans.shown import Shown
from experiment.protocol import FeedbackTask, Protocol, load_protocol
from experiment.rehearsal import screens_of
from experiment.screens import Feedback, Page, Prompt, Scale
from experiment.steps import At, OnMark, Outcome, Response, ResponseKind, Step, Task
from experiment.tasks.feedback import feedback

BOTH_WAYS = Response(4, 1.0, confirmed=True, lefts=1, rights=1)
NO_KIT = Kit("012", (), ()).index()


@pytest.fixture(scope="module")
def protocol(tmp_path_factory: pytest.TempPathFactory) -> Protocol:
    folder = tmp_path_factory.mktemp("hsu") / "study"
    make_study(folder, "hsu2013")
    return load_protocol(folder / "study.yaml")[0]


def people_who(values: list[int]) -> People:
    ids = [f"p{i:03d}" for i in range(len(values))]
    faces = tuple(f"n{i}" for i in range(8))
    choices = tuple(Choice(one, value) for one, value in zip(ids, values, strict=True))
    return People("0" * 64, tuple(ids), faces, choices)


def inputs(
    protocol: Protocol, people: People, session: str = "02", participant: str = "012", seed: int = 1
) -> PlanInputs:
    return PlanInputs(protocol, "feedback", NO_KIT, session, participant, seed, people=people)


def changed(protocol: Protocol, **settings: Any) -> Protocol:
    """Return the protocol with other settings of its feedback task, by dotted name."""
    plain = protocol.model_dump()
    for name, value in settings.items():
        node = plain["tasks"]["feedback"]
        *path, last = name.split("__")
        for part in path:
            node = node[part]
        node[last] = value
    return Protocol.model_validate(plain)


def steps_of(task: Task) -> list[Step]:
    steps = [next(task)]
    while True:
        try:
            answer = None if steps[-1].accepts is None else BOTH_WAYS
            steps.append(task.send(Outcome(0.0, 1.0, answer)))
        except StopIteration:
            return steps


def spans(plan: FeedbackPlan) -> list[tuple[float, float]]:
    """Return begin and end of each trial, report and task."""
    ends = []
    for trial in plan.trials:
        match trial:
            case FeedbackTrial():
                ends.append(trial.answer_ends.time)
            case BaselineTrial():
                ends.append(trial.face_ends.time)
            case Report():
                last = trial.questions[-1].ends
                assert isinstance(last, At)
                ends.append(last.time)
            case UpliftTask():
                ends.append(trial.ends[-1].time)
    begins = [
        trial.rest_ends.time if trial.rest_ends is not None else before
        for trial, before in zip(plan.trials, [0.0, *ends], strict=False)
    ]
    return list(zip(begins, ends, strict=True))


LIKED = st.lists(st.integers(4, 6), min_size=16, max_size=40)


@given(LIKED, st.integers(0, 2**32), st.sampled_from(["012", "x7", "Q"]))
@settings(max_examples=25, deadline=None)
def test_a_plan_holds_its_promises(
    protocol: Protocol, values: list[int], seed: int, participant: str
) -> None:
    people = people_who([*values, 1, 2, 3])
    scans = ("02", "03")
    plans = [
        plan_feedback(inputs(protocol, people, session, participant, seed)) for session in scans
    ]
    again = plan_feedback(inputs(protocol, people, "02", participant, seed))
    assert to_plain(again) == to_plain(plans[0])
    assert from_plain(FeedbackPlan, to_plain(again)) == again
    answering = [t for plan in plans for t in plan.trials if isinstance(t, FeedbackTrial)]
    ids = [trial.profile_id for trial in answering]
    assert len(ids) == len(set(ids)) == 16  # nobody twice, over both scans
    liked = {choice.profile_id: choice.value for choice in people.choices if choice.value >= 4}
    assert set(ids) <= set(liked)
    left = sorted(value for one, value in liked.items() if one not in ids)
    assert not left or left[-1] <= min(liked[one] for one in ids)  # the ones liked most
    for plan in plans:
        for kind, mix in (("rejection", {1: 2, 2: 2}), ("acceptance", {5: 2, 6: 2})):
            block = [t for t in plan.trials if isinstance(t, FeedbackTrial) and t.condition == kind]
            assert Counter(t.answer for t in block) == mix
        faces = [t.profile_id for t in plan.trials if isinstance(t, BaselineTrial)]
        assert len(set(faces)) == 4
        assert not set(faces) & set(ids)
        times = spans(plan)
        assert all(begin < end for begin, end in times)
        assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(times))
        assert [t.number for t in plan.trials] == list(range(1, len(plan.trials) + 1))
        assert [block.begins for block in plan.blocks] == [600, 2400, 4200]
        assert {round(block.ends - block.begins, 3) for block in plan.blocks} == {96}
    orders = [[block.condition for block in plan.blocks] for plan in plans]
    assert orders[0][1:] == orders[1][:0:-1]  # they change places from scan to scan


@given(LIKED, st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_two_sets_of_a_size_are_matched_to_within_one_stratum(values: list[int], seed: int) -> None:
    values = sorted(values[: len(values) // 2 * 2], reverse=True)
    ids = [f"p{i}" for i in range(len(values))]
    liking = dict(zip(ids, values, strict=True))
    half = len(ids) // 2
    one, other = matched(ids, liking, [half, half], dice(seed, "test"))
    assert sorted((*one, *other)) == sorted(ids)
    difference = sum(liking[i] for i in one) - sum(liking[i] for i in other)
    apart = abs(difference)
    assert apart <= max(values) - min(values)
    assert not any(  # and no swap would bring them nearer
        abs(difference + 2 * (liking[b] - liking[a])) < apart for a in one for b in other
    )


@given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(1, 60))
def test_answers_come_in_the_shares_that_were_asked_for(weights: list[int], count: int) -> None:
    shares = {answer: weight / sum(weights) for answer, weight in enumerate(weights, start=1)}
    answers = apportioned(shares, count)
    assert len(answers) == count
    for answer, share in shares.items():
        assert abs(answers.count(answer) - share * count) < 1 + 1e-6


def test_the_deal_does_not_depend_on_a_session_s_seed(protocol: Protocol) -> None:
    people = people_who([4, 5, 6] * 8)
    first, other = (plan_feedback(inputs(protocol, people, seed=seed)) for seed in (1, 2))

    def who(plan: FeedbackPlan, kind: str) -> set[str]:
        answering = [t for t in plan.trials if isinstance(t, FeedbackTrial)]
        return {t.profile_id for t in answering if t.condition == kind}

    assert all(who(first, kind) == who(other, kind) for kind in ("rejection", "acceptance"))
    assert first != other


@given(LIKED, st.lists(st.integers(1, 7), max_size=12), st.booleans(), st.data())
@settings(max_examples=25, deadline=None)
def test_nobody_comes_again_in_another_run_whatever_was_changed_since(
    protocol: Protocol, values: list[int], later: list[int], repeated: bool, data: st.DataObject
) -> None:
    people = people_who(values)
    before = deal_people(protocol, people, "012")
    first = {slot.block: ids for slot, ids in before.items() if slot.session == "02"}
    met = {one for ids in first.values() for one in ids}
    shown = (Shown("02", "feedback", people=first, set_aside=repeated),)
    unliked = data.draw(st.sets(st.sampled_from(sorted(met))))  # rated anew, or out of the set
    now = people_who([*values, *later])
    now = replace(now, choices=tuple(c for c in now.choices if c.profile_id not in unliked))
    new = {choice.profile_id for choice in now.choices if choice.value >= 4} - met
    lacking = 8 + (len(unliked) if repeated else 0) - len(new)
    assert still_to_like(protocol, now, shown) == max(lacking, 0)
    assert bool(shortfall(protocol, now, shown)) == (lacking > 0)
    if lacking > 0:
        return
    dealt = deal_people(protocol, now, "012", shown)
    assert {slot.session for slot in dealt} == ({"02", "03"} if repeated else {"03"})
    assert all(len(ids) == 4 for ids in dealt.values())
    ids = [one for block in dealt.values() for one in block]
    assert len(ids) == len(set(ids))
    assert not {one for slot, block in dealt.items() if slot.session == "03" for one in block} & met
    for slot, block in dealt.items():
        if slot.session == "02":  # whoever rejected doesn't accept, nor the other way round
            assert met & set(block) == set(first[slot.block]) - unliked


@pytest.mark.parametrize("repeated", [False, True])
def test_a_deal_of_which_a_part_took_place_stays_as_it_was(
    protocol: Protocol, repeated: bool
) -> None:
    people = people_who([4, 5, 6] * 8)
    before = deal_people(protocol, people, "012")
    first = {slot.block: ids for slot, ids in before.items() if slot.session == "02"}
    shown = (Shown("02", "feedback", people=first, set_aside=repeated),)
    assert from_plain(Shown, json.loads(json.dumps(to_plain(shown[0])))) == shown[0]  # as in a log
    now = deal_people(protocol, people, "012", shown)
    for session in ("02", "03") if repeated else ("03",):
        assert {one for slot, ids in now.items() if slot.session == session for one in ids} == {
            one for slot, ids in before.items() if slot.session == session for one in ids
        }
    if repeated:
        as_planned = plan_feedback(inputs(protocol, people))
        assert plan_feedback(replace(inputs(protocol, people), shown=shown)) == as_planned


def test_a_run_that_is_optional_has_its_people(protocol: Protocol) -> None:
    plain = protocol.model_dump()
    tasks = plain["sessions"]["03"]["tasks"]
    plain["sessions"]["03"]["tasks"] = [task for task in tasks if task != "feedback"]
    plain["sessions"]["03"]["optional"] = [*plain["sessions"]["03"]["optional"], "feedback"]
    people = people_who([4, 5, 6] * 8)
    other = Protocol.model_validate(plain)
    assert deal_people(other, people, "012") == deal_people(protocol, people, "012")
    assert plan_feedback(inputs(other, people, "03")) == plan_feedback(
        inputs(protocol, people, "03")
    )


def test_blocks_are_matched_by_liking_over_both_scans(protocol: Protocol) -> None:
    people = people_who([4, 5, 6] * 8)
    dealt = deal_people(protocol, people, "012")
    means = [sum(people.values[one] for one in ids) / len(ids) for ids in dealt.values()]
    assert max(means) - min(means) < 0.26
    faces = [one for ids in deal_faces(protocol, people, "012").values() for one in ids]
    assert sorted(faces) == [f"n{i}" for i in range(8)]


def test_the_exact_sequence_of_markers(protocol: Protocol) -> None:
    plan = plan_feedback(inputs(protocol, people_who([6] * 20)))
    steps = steps_of(feedback(plan))
    report = ["rate_sad", "rate_happy", "rate_desire", "rate_selfesteem"]
    shown = {
        "baseline": ["baseline"],
        "rejection": ["awaiting", "rejection"],
        "acceptance": ["awaiting", "acceptance"],
    }
    expected = ["waiting", "run_start"]
    for number, block in enumerate(plan.blocks):
        expected += [] if number == 0 else ["rest"]
        expected += report
        for trial in range(4):
            expected.append("fixation" if trial else f"block_{block.condition}")
            expected += shown[block.condition]
        expected += [*report, "rest", *report]
        expected += ["rest", "uplift", "uplift"] if block.condition == "rejection" else []
    assert [s.marker for s in steps if s.marker] == [*expected, "rest", "run_end"]
    wait = next(i for i, step in enumerate(steps) if isinstance(step.ends, OnMark))
    assert all(isinstance(step.ends, At) for step in steps[wait + 1 :])  # nothing waits for anybody
    times = [step.ends.time for step in steps[wait + 1 :] if isinstance(step.ends, At)]
    assert times == sorted(times)
    assert times[-1] == 5400
    read = [s for s in steps if isinstance(s.screen, Feedback) and s.screen.answer is not None]
    assert all(step.accepts is ResponseKind.CONTINUE for step in read)


def test_a_sync_pattern_has_as_many_markers_as_it_says(protocol: Protocol) -> None:
    plan = plan_feedback(inputs(changed(protocol, sync_pattern=8), people_who([6] * 20)))
    sent = [step.marker for step in steps_of(feedback(plan)) if step.marker]
    assert sent[:11] == ["waiting", "run_start", *["sync"] * 8, "rate_sad"]


def test_a_baseline_can_be_fixation_alone(protocol: Protocol) -> None:
    people = replace(people_who([6] * 20), faces=())
    assert "0 neutral faces" in shortfall(protocol, people)[0]
    plan = plan_feedback(inputs(changed(protocol, baseline="fixation"), people))
    assert {t.profile_id for t in plan.trials if isinstance(t, BaselineTrial)} == {None}
    kinds = {step.screen.kind for step in steps_of(feedback(plan)) if step.marker == "baseline"}
    assert kinds == {"fixation"}


def test_the_positive_task_can_be_left_out(protocol: Protocol) -> None:
    plan = plan_feedback(inputs(changed(protocol, uplift=None), people_who([6] * 20)))
    assert not any(isinstance(trial, UpliftTask) for trial in plan.trials)


WORDS = re.compile(r"reject(?!ed)|accept(?!ed)|baseline|ostraci|exclu", re.IGNORECASE)


def test_nothing_on_the_screen_says_a_condition_s_name(protocol: Protocol) -> None:
    """All texts, all scales, all screens; "rejected" is a word of the published self-report."""
    assert not [key for key, text in protocol.texts.items() if WORDS.search(text)]
    shown = [str(rating.model_dump()) for rating in protocol.ratings.values()]
    assert not [text for text in shown if WORDS.search(text)]
    people = people_who([6] * 20)
    for task, session in (("choosing", "01"), ("feedback", "02"), ("debriefing", "03")):
        who = replace(people, choices=()) if task == "choosing" else people
        planned = plan_task(replace(inputs(protocol, who, session), task=task))
        for screen in screens_of(planned.play()):
            named = {
                Page: lambda s: s.text,
                Prompt: lambda s: s.text,
                Scale: lambda s: s.rating,
            }.get(type(screen), repr)(screen)
            assert not WORDS.search(named), screen


def test_too_few_liked_is_told_with_what_to_do(protocol: Protocol) -> None:
    with pytest.raises(BadInput) as refused:
        plan_feedback(inputs(protocol, people_who([6] * 11 + [3] * 20)))
    lines = str(refused.value).splitlines()
    assert "11 people were liked (4 or more), the study's scans need 16" in lines[0]
    assert "5 are missing" in lines[0]
    assert len(lines) == 4
    assert all(line.startswith("- ") for line in lines[1:])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"reports__minutes_after": (30,)}, "self-report 30 min after block 1 (baseline)"),
        ({"timing__run": 4300}, "but the last screen comes at 4290 s"),
        ({"uplift__begins": 20.0}, "positive task after block"),
        (
            {"reports__answer": 200.0},
            "5 min after block 1 (baseline) would begin at 996 s",
        ),
        (
            {
                "sync_pattern": 32,
                "blocks": (
                    {"kind": "baseline", "begins": 41, "trials": 1},
                    {"kind": "rejection", "begins": 1000, "trials": 4},
                ),
                "balanced": False,
            },
            "the run is ready only at",
        ),
    ],
)
def test_a_schedule_that_does_not_fit_is_refused_and_nothing_moved(
    protocol: Protocol, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput, match=re.escape(said)):
        plan_feedback(inputs(changed(protocol, **settings), people_who([6] * 20)))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"answers__rejection": {1: 0.5, 2: 0.6}}, "add up to 1"),
        ({"answers__acceptance": {9: 1.0}}, "9 is not on the scale 'likes_you'"),
        ({"liked__at_least": 8}, "8 is not on the scale 'liking'"),
        ({"liked__choosing": "debriefing"}, "no choosing task 'debriefing'"),
        ({"shown_on": "nothing"}, "no rating 'nothing'"),
        ({"shown_on": "sad"}, "'sad' (1 to 7) is another scale than 'liking' (1 to 6)"),
        (
            {
                "blocks": (
                    {"kind": "rejection", "begins": 100, "trials": 3},
                    {"kind": "acceptance", "begins": 900, "trials": 4},
                )
            },
            "equally many trials",
        ),
    ],
)
def test_a_wrong_feedback_section_is_refused(
    protocol: Protocol, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        changed(protocol, **settings)


def test_who_is_deceived_can_stop(protocol: Protocol) -> None:
    plain = protocol.model_dump()
    plain["devices"]["buttons"]["stop"] = None
    with pytest.raises(ValueError, match="needs a key that stops it"):
        Protocol.model_validate(plain)


def test_a_study_with_made_up_answers_must_end_with_a_debriefing(tmp_path: Path) -> None:
    make_study(tmp_path / "study", "hsu2013")
    file = tmp_path / "study" / "study.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("[feedback, debriefing]", "[feedback]"), "utf-8")
    with pytest.raises(BadInput, match=r"study.yaml:\d+: sessions.03.tasks: .*debriefing: true"):
        load_protocol(file)


def test_choosing_leaves_out_what_was_rated_and_ends_when_nothing_is_left(
    protocol: Protocol,
) -> None:
    people = people_who([5] * 20)
    fresh = replace(people, choices=())
    whole: Any = plan_task(replace(inputs(protocol, fresh, "01"), task="choosing")).plan
    assert [trial.number for trial in whole.trials] == list(range(1, 21))
    rated = tuple(Choice(trial.profile_id, 5) for trial in whole.trials[:7])
    rest: Any = plan_task(
        replace(inputs(protocol, replace(people, choices=rated), "01"), task="choosing")
    ).plan
    assert rest.trials == whole.trials[7:]
    with pytest.raises(BadInput, match=r"all 20 profiles .* are rated already"):
        plan_task(replace(inputs(protocol, people, "01"), task="choosing"))
    assert isinstance(protocol.tasks["feedback"], FeedbackTask)


def ten_minutes(start: float, count: int = 10) -> list[dict[str, float]]:
    return [{"start": start + 600.0 * i, "duration": 600.0} for i in range(count)]


def test_blocks_begin_where_pet_frames_do(protocol: Protocol) -> None:
    aligned = changed(protocol, frames=ten_minutes(0))
    plan = plan_feedback(inputs(aligned, people_who([6] * 20)))
    lines = frame_lines(aligned, "feedback", plan)
    assert lines[0] == (
        "task 'feedback': block 1 (600 to 696 s) lies in PET frame 2 (600 to 1200 s) and doesn't "
        "fill it"
    )
    assert len(lines) == 3


def test_blocks_that_begin_within_pet_frames_are_refused_unless_the_protocol_says_so(
    protocol: Protocol,
) -> None:
    off = changed(protocol, frames=ten_minutes(-550, 11))
    with pytest.raises(BadInput, match=r"block 1 begins at 600 s, .*where no PET frame starts"):
        plan_feedback(inputs(off, people_who([6] * 20)))
    short = changed(off, frames=ten_minutes(0, 2), frames_align=False)
    told = changed(off, frames_align=False)
    plan = plan_feedback(inputs(told, people_who([6] * 20)))
    lines = frame_lines(told, "feedback", plan)
    assert "block 1 (600 to 696 s) lies in PET frames 2, 3 (50 to 1250 s)" in lines[0]
    assert frame_lines(short, "feedback", plan)[1].endswith("lies in no PET frame")
