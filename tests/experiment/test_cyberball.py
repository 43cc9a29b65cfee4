"""Cyberball: the course of a game, and how the participant chooses."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.games import changed, demo_people, planned, play, preset, throws
from experiment.answers import Answer, Press, unanswered
from experiment.chance import dice
from experiment.dose import YOU
from experiment.plain import from_plain, to_plain
from experiment.plans.cyberball import CyberballPlan, foreseen_lines, players_of, screens_of_game
from experiment.rehearsal import screens_of
from experiment.robot import ways_to_throw
from experiment.screens import Court
from experiment.steps import OnResponse, ResponseKind, Step
from experiment.tasks.cyberball import cyberball
from stimuli.painter import still
from tests.experiment.games import FAST, LAB, OUT, SCAN, SCANOUT, WATCH, game, receipts, seeds

# --- the course of a game ------------------------------------------------------------------------


def test_markers_of_a_whole_short_game() -> None:
    spec = game("excluded", kind="ostracism", receipts=1, within=2, throws=4)
    plan = planned(spec, 3)
    assert receipts(play(plan, dice(1, "p"))) == [1]
    markers = [step.marker for step, _ in play(plan, dice(1, "p"), misses=0.0).steps]
    start = [None, None, None, "waiting", "run_start"]
    receipt = ["round_begins", None, "throw_begins", "have_ball"]
    away = ["choice", "throw_begins", "exclusion_begins"]
    others = [None, "throw_begins", "ball_arrives", None, "throw_begins", "ball_arrives"]
    assert markers == [*start, *receipt, *away, *others, "run_end"]
    late = [step.marker for step, _ in play(plan, dice(1, "p"), misses=1.0).steps]
    slow = ["reminder", "choice_automatic", "throw_begins", "exclusion_begins"]
    assert late == [*start, *receipt, *slow, *others, "run_end"]


def test_a_throw_made_for_the_participant_goes_where_the_plan_says() -> None:
    plan = planned(game(kind="fair", of=30, longest_without=6), 5)
    played = play(plan, dice(1, "p"), misses=1.0)
    assert played.doses[0].automatic == played.doses[0].reminders > 0
    made = [(i, to) for i, (by, to, _) in enumerate(throws(played), start=1) if by == YOU]
    assert made == [(i, plan.trials[0].script.throws[i - 1].automatic) for i, _ in made]


def test_players_take_human_times() -> None:
    delays = [
        throw.delay for seed in range(30) for throw in planned(LAB, seed).trials[0].script.throws
    ]
    spec = LAB.timing.delay
    ordered = sorted(delays)
    median, mean = ordered[len(ordered) // 2], sum(ordered) / len(ordered)
    assert median == pytest.approx(spec.median, abs=0.06)
    assert mean > median + 0.05  # skewed
    assert spec.shortest <= ordered[0] < ordered[-1] <= spec.longest


def test_players_connect_one_after_the_other_and_say_their_lines() -> None:
    plan = planned(LAB, 1)
    assert [m.screen.joined for m in plan.lobby] == [0, 1, 2, 2, 2]
    assert [len(m.screen.chat) for m in plan.lobby] == [0, 0, 0, 1, 2]
    assert plan.lobby[-1].screen.chat == ((2, "cyberball.chat.hi"), (1, "cyberball.chat.hello"))
    assert len({m.ends.duration for m in plan.lobby}) == 5
    assert plan.lobby != planned(LAB, 2).lobby


@FAST
@given(seeds, st.sampled_from([LAB, OUT, SCAN, SCANOUT, WATCH]))
def test_a_plan_is_the_same_again_and_as_a_log_has_it(seed: int, spec: Any) -> None:
    plan = planned(spec, seed)
    assert plan == planned(spec, seed)
    assert from_plain(CyberballPlan, to_plain(plan)) == plan
    one, other = (play(plan, dice(seed, "p")) for _ in range(2))
    assert one == other


@FAST
@given(seeds, st.integers(2, 5))
def test_every_screen_of_a_game_is_made_before_it(seed: int, others: int) -> None:
    plan = planned(game(kind="fair", of=others + 1, longest_without=None, others=others), seed)
    made = set(screens_of(cyberball(plan), screens_of_game(plan)))
    for misses in (0.0, 0.7):
        shown = play(plan, dice(seed, "p"), misses).steps
        assert {still(step.screen) for step, _ in shown} <= made


def test_who_plays_is_the_same_in_a_session_and_differs_from_session_to_session() -> None:
    lab, scanner, another = (
        players_of(preset(), demo_people(), person, session)
        for person, session in (("012", "lab"), ("012", "scanner"), ("013", "lab"))
    )
    assert planned(LAB, 1).players == planned(LAB, 99).players == planned(OUT, 2).players == lab
    few = changed(LAB, players={"count": 2, "among": ("p43", "p01", "p35")})
    tasks = {"included": few, "excluded": changed(OUT, players=few.players)}
    protocol = preset().model_copy(update={"tasks": {**preset().tasks, **tasks}})
    drawn = {players_of(protocol, demo_people(), str(n), "lab") for n in range(40)}
    assert drawn == set(itertools.permutations(("p43", "p01", "p35"), 2))
    assert planned(SCAN, 1).players == planned(WATCH, 7).players == scanner
    assert not set(lab) & set(scanner)
    assert lab != another


def test_the_assistant_is_told_what_a_game_will_come_to() -> None:
    told = foreseen_lines("excluded", planned(SCANOUT, 1))
    assert re.search(r"round 1 \(excluded\): \d+ to \d+ throws, the participant \d+\.\d%", told[0])
    assert re.search(r"round 1: exclusion begins \d+\.\d s to \d+\.\d s into the round", told[1])
    assert foreseen_lines("debriefing", object()) == []


def test_a_participant_may_have_all_the_time_in_the_world() -> None:
    plan = planned(changed(OUT, choice={"limit": None, "reminder": None}), 1)
    played = play(plan, dice(1, "p"))
    asked = [step.ends for step, _ in played.steps if step.accepts is ResponseKind.CHOICE]
    assert asked == [OnResponse(None), OnResponse(None)]
    assert (played.doses[0].reminders, played.doses[0].automatic) == (0, 0)
    assert plan.trials[0].foreseen.latest_exclusion is None
    assert " s or later into the round" in foreseen_lines("excluded", plan)[1]


# --- choosing ------------------------------------------------------------------------------------


def court(others: int, cursor: int | None = None, earliest: float = 0.0) -> Answer:
    players = tuple(f"p{i}" for i in range(others))
    step = Step(
        Court(players, YOU, cursor=cursor),
        OnResponse(None, earliest),
        accepts=ResponseKind.CHOICE,
    )
    return unanswered(step, {})


def after(answer: Answer, *presses: tuple[str, int | None] | str) -> Answer:
    for i, press in enumerate(presses, start=1):
        action, point = (press, None) if isinstance(press, str) else press
        answer = answer.after(Press(float(i), action, "robot", point), 0.0)  # type: ignore[arg-type]
    return answer


@pytest.mark.parametrize(
    ("others", "presses", "chosen"),
    [
        (2, ["left"], 1),
        (2, ["right"], 2),
        (2, ["right", "left"], 2),  # thrown already
        (2, ["confirm"], None),
        (2, ["move", "confirm"], 1),
        (2, ["move", "move", "confirm"], 2),
        (2, ["move", "move", "move", "confirm"], 1),
        (3, ["left", "confirm"], 1),
        (3, ["right", "confirm"], 3),
        (3, ["left", "right", "confirm"], 2),
        (3, ["confirm", "right", "left", "confirm"], 2),
        (5, ["left", "left", "right", "right", "right", "right", "right", "confirm"], 5),
        (5, ["left"], None),
        (4, [("pick", 3)], 3),
        (4, [("pick", None)], None),
        (4, [("point", 2), ("pick", 3)], 3),
        (2, [("pick", 2)], 2),
    ],
)
def test_what_is_pressed_is_who_gets_the_ball(
    others: int, presses: list[Any], chosen: int | None
) -> None:
    answer = after(court(others), *presses)
    assert answer.confirmed == (chosen is not None)
    if chosen is not None:
        assert answer.cursor == chosen


def test_a_choice_that_comes_too_early_is_not_taken() -> None:
    assert not after(court(2, earliest=1.5), "left").confirmed
    assert after(court(2, earliest=1.5), "left", "right").cursor == 2
    assert not after(court(3, earliest=5.0), ("pick", 1)).confirmed


@FAST
@given(
    st.integers(2, 5),
    st.lists(st.sampled_from(["left", "right", "move", "confirm"]), max_size=12),
)
def test_nobody_else_than_a_player_is_ever_chosen(others: int, presses: list[str]) -> None:
    answer = after(court(others), *presses)
    assert answer.cursor is None or 1 <= answer.cursor <= others
    assert not answer.confirmed or answer.cursor is not None


def test_the_robot_knows_the_way_to_each_player() -> None:
    for others in range(2, 6):
        for target in range(1, others + 1):
            for one_way in (False, True):
                for cursor in (None, *range(1, others + 1)):
                    keys = ways_to_throw(target, others, cursor, one_way)
                    answer = after(court(others, cursor), *keys)
                    assert (answer.confirmed, answer.cursor) == (True, target)
