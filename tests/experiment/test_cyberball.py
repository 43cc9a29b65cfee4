"""Cyberball: what its schedules promise holds whatever the participant does."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.games import (
    FRAME,
    Played,
    a_game,
    changed,
    demo_people,
    planned,
    play,
    preset,
    throws,
)
from experiment.answers import Answer, Press, unanswered
from experiment.chance import dice
from experiment.dose import YOU
from experiment.errors import BadInput
from experiment.examples import make_study
from experiment.plain import from_plain, to_plain
from experiment.plans.cyberball import CyberballPlan, foreseen_lines, players_of, screens_of_game
from experiment.plans.cyberball_foresight import expected_shares
from experiment.protocol import LabCyberball, ScannerCyberball, load_protocol
from experiment.rehearsal import screens_of
from experiment.robot import ways_to_throw
from experiment.screens import Court
from experiment.spread import Spread
from experiment.steps import After, OnResponse, ResponseKind, Step
from experiment.tasks.cyberball import cyberball
from stimuli.painter import still

LAB = a_game("included", LabCyberball)
OUT = a_game("excluded", LabCyberball)
SCAN = a_game("scanincluded", ScannerCyberball)
SCANOUT = a_game("scanexcluded", ScannerCyberball)
WATCH = a_game("scanwatch", ScannerCyberball)
FAST = settings(max_examples=12, deadline=None)
seeds = st.integers(0, 2**32)


def game(condition: str = "included", **schedule: Any) -> Any:
    """Return a lab game of 30 throws, or so many, with a schedule and so many players."""
    others, first = schedule.pop("others", 2), schedule.pop("first", "other")
    made = {"condition": condition, "throws": schedule.pop("throws", 30), "schedule": schedule}
    players = {"count": others, "among": None}
    return changed(LAB, rounds=[made], players=players, first=first, lobby=None)


def receipts(played: Played) -> list[int]:
    """Return the numbers of the throws that went to the participant."""
    return [i for i, (_, to, _) in enumerate(throws(played), start=1) if to == YOU]


# --- places of the receipts ----------------------------------------------------------------------


def keeps(spread: Spread, to_you: tuple[bool, ...]) -> bool:
    """Say whether receipts keep all rules, by looking at them one by one."""
    places = [i for i, got in enumerate(to_you) if got]
    apart = all(b - a > 1 for a, b in itertools.pairwise(places))
    counts = [sum(to_you[i : i + spread.stretch]) for i in range(0, spread.throws, spread.stretch)]
    runs = [len(list(group)) for got, group in itertools.groupby(to_you) if not got]
    short = spread.longest_without is None or max(runs, default=0) <= spread.longest_without
    free = not (spread.has_ball and to_you[0])
    return apart and free and short and all(count == spread.receipts for count in counts)


spreads = st.builds(
    lambda stretches, stretch, receipts, longest, has_ball: Spread(
        stretches * stretch, stretch, receipts, longest, has_ball
    ),
    *(st.integers(1, 2), st.integers(1, 6), st.integers(0, 4)),
    *(st.none() | st.integers(1, 5), st.booleans()),
)


@FAST
@given(spreads, seeds)
def test_receipts_keep_their_rules_or_it_is_known_that_they_can_t(
    spread: Spread, seed: int
) -> None:
    everything = itertools.product((False, True), repeat=spread.throws)
    assert spread.possible == any(keeps(spread, one) for one in everything)
    if spread.possible:
        assert keeps(spread, spread.drawn(dice(seed, "spread")))
    else:
        with pytest.raises(ValueError, match="no way"):
            spread.drawn(dice(seed, "spread"))


def test_each_way_to_spread_receipts_is_as_likely() -> None:
    spread, chance = Spread(6, 6, 2), dice(1, "even")
    found = Counter(spread.drawn(chance) for _ in range(5000))
    assert len(found) == 10  # choose 2 of 6 that aren't neighbours
    assert max(found.values()) < 1.2 * min(found.values())


# --- what a game comes to ------------------------------------------------------------------------


@FAST
@given(seeds, st.integers(2, 5), st.sampled_from(["participant", "other"]), st.floats(0, 1))
def test_the_planned_share_is_got_whatever_the_participant_does(
    seed: int, others: int, first: str, misses: float
) -> None:
    count = 6 * (others + 1)
    specs = {
        6: game(kind="fair", of=count, longest_without=None, throws=count, others=others),
        7: game(
            kind="over_inclusion",
            receipts=7,
            of=15,
            longest_without=3,
            others=others,
            first=first,
        ),
        1: game(
            kind="partial_exclusion",
            receipts=1,
            of=count,
            longest_without=None,
            throws=count,
            others=others,
        ),
    }
    for many, spec in specs.items():
        plan = planned(spec, seed)
        (dose,) = play(plan, dice(seed, "participant"), misses).doses
        assert dose.receipts == many * dose.throws / spec.rounds[0].schedule.of
        assert dose.share == plan.trials[0].foreseen.shares[YOU].share
        within(plan, dose)


def within(plan: CyberballPlan, dose: Any) -> None:
    """Check what a round came to against what was foreseen of it."""
    foreseen = plan.trials[dose.round - 1].foreseen
    assert foreseen.fewest_throws <= dose.throws <= foreseen.most_throws
    assert foreseen.fewest_receipts <= dose.receipts <= foreseen.most_receipts
    for share in foreseen.shares:
        got = sum(row[share.player] for row in dose.matrix) / dose.throws
        assert share.lowest - 1e-6 <= got <= share.highest + 1e-6
    assert all(dose.matrix[i][i] == 0 for i in range(len(dose.matrix)))
    if plan.limit is not None and not plan.trials[dose.round - 1].watching:
        assert sum(share.share for share in foreseen.shares) == pytest.approx(1, abs=0.2)


@FAST
@given(seeds, st.integers(0, 4), st.integers(8, 12), st.sampled_from(["participant", "other"]))
def test_nobody_throws_to_the_participant_once_the_exclusion_has_begun(
    seed: int, many: int, early: int, first: str
) -> None:
    spec = game("excluded", kind="ostracism", receipts=many, within=early, first=first)
    plan = planned(spec, seed)
    played = play(plan, dice(seed, "participant"))
    (dose,) = played.doses
    got = receipts(played)
    assert len(got) == dose.receipts == many
    assert all(number <= early for number in got)
    (onset,) = [o.onset for step, o in played.steps if step.marker == "exclusion_begins"]
    assert dose.exclusion_onset == onset
    assert all(t < onset for _, to, t in throws(played) if to == YOU)
    (begun,) = [o.onset for s, o in played.steps if s.marker in STARTS][:1]
    foreseen = plan.trials[0].foreseen
    assert foreseen.earliest_exclusion is not None
    assert foreseen.latest_exclusion is not None
    assert foreseen.earliest_exclusion <= onset - begun <= foreseen.latest_exclusion
    within(plan, dose)


STARTS = ("round_begins", "exclusion_begins")


@FAST
@given(seeds)
def test_players_follow_their_lists_turn_by_turn(seed: int) -> None:
    chance = dice(seed, "lists")
    lists = {
        player: tuple(
            chance.shuffled([to for to in (0, 1, 2, 3) if to != player])[0] for _ in range(20)
        )
        for player in (1, 2, 3)
    }
    spec = game(kind="lists", players=lists, excludes=False, throws=20, others=3)
    plan = planned(spec, seed)
    played = play(plan, dice(seed, "participant"))
    for player, turns in lists.items():
        made = [to for thrower, to, _ in throws(played) if thrower == player]
        assert tuple(made) == turns[: len(made)]
    within(plan, played.doses[0])


def test_the_exclusion_of_lists_begins_when_no_list_has_the_participant_any_more() -> None:
    lists = {1: (0, *[2] * 15), 2: (1, 0, *[1] * 15)}
    spec = game("excluded", kind="lists", players=lists, excludes=True, throws=24)
    for seed in range(15):
        plan = planned(spec, seed)
        played = play(plan, dice(seed, "participant"))
        (onset,) = [o.onset for step, o in played.steps if step.marker == "exclusion_begins"]
        assert all(t < onset for _, to, t in throws(played) if to == YOU)
        assert played.doses[0].receipts == 2
        within(plan, played.doses[0])


@FAST
@given(seeds, st.sampled_from([SCAN, SCANOUT, WATCH]), st.floats(0, 1))
def test_a_round_in_the_scanner_ends_on_time_whatever_the_participant_does(
    seed: int, spec: ScannerCyberball, misses: float
) -> None:
    plan = planned(spec, seed)
    played = play(plan, dice(seed, "participant"), misses)
    for block, dose in zip(plan.blocks, played.doses, strict=True):
        shown = [(s, o) for s, o in played.steps if s.block == block.number]
        (first, begun), (last, over) = shown[0], shown[-1]
        assert first.marker in STARTS
        assert begun.onset == pytest.approx(block.begins, abs=FRAME)
        assert over.offset == pytest.approx(block.ends, abs=FRAME)
        assert last.screen.kind == "court"  # the ball never hangs in the air
        assert over.offset - over.onset >= plan.settle - 3 * FRAME
        within(plan, dose)
    assert plan.planned_duration == 240.0  # the same for everybody
    rests = [after.begins - before.ends for before, after in itertools.pairwise(plan.blocks)]
    assert sorted(rests) == pytest.approx([9, 11, 13, 15])


def test_an_included_scan_gives_the_share_over_each_stretch() -> None:
    for seed in range(5):
        played = play(planned(SCAN, seed), dice(seed, "participant"), 0.0)
        for block in range(1, 6):
            to_you = [
                step.screen.catcher == YOU
                for step, _ in played.steps
                if step.block == block and step.screen.kind == "throw"
            ]
            whole = len(to_you) - len(to_you) % 6
            assert whole >= 12
            assert sum(to_you[:whole]) == whole / 3


def test_a_table_is_followed_and_its_share_is_what_is_achieved_on_average() -> None:
    row = {1: {0: 0.5, 2: 0.5}, 2: {0: 0.5, 1: 0.5}}
    spec = game(kind="table", to=row, throws=60)
    got = []
    for seed in range(60):
        plan = planned(spec, seed)
        (dose,) = play(plan, dice(seed, "participant")).doses
        within(plan, dose)
        got.append(dose.receipts / dose.throws)
    assert plan.trials[0].foreseen.shares[YOU].share == pytest.approx(1 / 3, abs=0.01)
    assert sum(got) / len(got) == pytest.approx(1 / 3, abs=0.02)


def test_a_third_of_the_throws_needs_a_half_and_not_a_third() -> None:
    def share(p: float) -> float:
        rows = {1: {0: p, 2: 1 - p}, 2: {0: p, 1: 1 - p}}
        return expected_shares(rows, first=1, throws=3000)[YOU]

    assert share(1 / 3) == pytest.approx(0.25, abs=1e-3)
    assert share(1 / 2) == pytest.approx(1 / 3, abs=1e-3)


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


# --- what can't be played ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("games") / "study"
    make_study(folder, "cyberball")
    return folder / "study.yaml"


@pytest.fixture
def study_file(whole_file: Path) -> Iterator[Path]:
    """Give the preset's protocol, to be edited; it is as it was afterwards."""
    text = whole_file.read_text("utf-8")
    yield whole_file
    whole_file.write_text(text, "utf-8")


FAIR = "schedule: {kind: {value: fair, source: L5}, of: 30, longest_without: 6}"


@pytest.mark.parametrize(
    ("old", "new", "place", "problem"),
    [
        (FAIR, FAIR.replace("30", "29"), "included.rounds.0.schedule.of",
         "29 throws can't be shared evenly by 3 players; for example 30 can"),
        (FAIR, FAIR.replace("30", "9"), "included.rounds.0.schedule.of",
         "the round has 30 throws, which is no multiple of 9"),
        (FAIR, FAIR.replace("6}", "1}"), "included.rounds.0.schedule",
         "10 of 30 throws can't go to the participant, with at most 1 throws in a row to others"),
        (FAIR, "schedule: {kind: over_inclusion, receipts: 10, of: 30, longest_without: none}",
         "included.rounds.0.schedule.receipts",
         "10 of 30 throws is 33.3%; over_inclusion is more than an equal share, 33.3%"),
        (FAIR, "schedule: {kind: over_inclusion, receipts: 16, of: 30, longest_without: none}",
         "included.rounds.0.schedule", "16 of 30 throws can't go to the participant: nobody gets"),
        (FAIR, "schedule: {kind: partial_exclusion, receipts: 11, of: 30, longest_without: none}",
         "included.rounds.0.schedule.receipts", "partial_exclusion is less than an equal share"),
        ("          within: 8\n", "          within: 30\n", "excluded.rounds.0.schedule.within",
         "of 30 throws, 30 are before the exclusion: none is left for it"),
        ("          within: 8\n", "          within: 2\n", "excluded.rounds.0.schedule",
         "2 of 2 throws can't go to the participant"),
        (FAIR, "schedule: {kind: lists, players: {1: [0, 1], 2: [0]}, excludes: false}",
         "included.rounds.0.schedule.players.1.1", "player 1 can throw to 0, 2, not to 1"),
        (FAIR, "schedule: {kind: lists, players: {1: [0, 2]}, excludes: false}",
         "included.rounds.0.schedule.players", "needs players 1 to 2, found 1"),
        (FAIR, "schedule: {kind: table, to: {1: {0: 0.5, 2: 0.4}, 2: {0: 1}}}",
         "included.rounds.0.schedule.to.1", "probabilities of player 1 add up to 0.9, not to 1"),
        (FAIR, "schedule: {kind: table, to: {1: {0: 0.5, 3: 0.5}, 2: {0: 1}}}",
         "included.rounds.0.schedule.to.1.3", "player 1 can throw to 0, 2, each with"),
        ("throws: {value: 30, source: L5}\n    timing: &timing",
         "throws: 30\n        seconds: 60\n    timing: &timing",
         "included.rounds.0", "a round ends by throws or by seconds; give one of the two"),
        ("condition: included\n        schedule: {kind: {value: fair, source: L5}, of: 30",
         "condition: watch\n        schedule: {kind: {value: fair, source: L5}, of: 30",
         "included.rounds.0", "condition watch and a schedule of kind watch go together"),
        ("{player: 2, text", "{player: 3, text", "included.lobby.chat.0.player",
         "there are 2 others, no player 3"),
        ("text: cyberball.chat.hi}", "text: cyberball.chat.hey}", "language",
         "texts/en.yaml lacks 'cyberball.chat.hey', task 'included' needs it"),
        ("reminder: 8.0 ", "reminder: 15.0 ", "included.choice",
         "the reminder (15 s) comes before the limit (15 s)"),
        ("limit: 6.0, reminder: 3.5", "limit: none, reminder: 3.5", "scanincluded.rounds.0.seconds",
         "a round that ends by seconds needs a choice.limit"),
        ("turning: 0.3              #", "turning: 0.7 #", "included.timing",
         "the shortest delay (0.6 s) is longer than turning (0.7 s)"),
        ("arriving: &arriving {median: 4.0", "arriving: &arriving {median: 0.4",
         "included.lobby.arriving", "the median (0.4 s) lies between shortest (1.5 s)"),
        ("among: none               #", "among: [p43] #", "included.players",
         "2 players can't be drawn from 1 profiles"),
        ("among: none               #", "among: [p43, p43] #", "included.players.among",
         "name each profile once"),
        ("        seconds: 36\n      - *fair", "        throws: 12\n      - *fair",
         "scanincluded.rounds", "in the scanner each round ends by seconds, not by throws"),
        ("  folder: none  ", "  folders: none  ", "profiles.folders", "no such field"),
        ("afterexcluded, debriefing]\n\nprofiles", "afterexcluded]\n\nprofiles",
         "sessions.scanner.tasks",
         "the players of a ball game are made up: the last session ends with a task of kind pages"),
        ("  exclusion_begins: 88\n", "", "markers", "needs a code for 'exclusion_begins'"),
    ],
)  # fmt: skip
def test_a_protocol_that_can_t_be_played_is_refused_with_its_place(
    study_file: Path, old: str, new: str, place: str, problem: str
) -> None:
    text = study_file.read_text("utf-8")
    assert old in text
    study_file.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(BadInput) as refused:
        load_protocol(study_file)
    assert problem in str(refused.value)
    assert re.search(rf"study\.yaml:\d+: (tasks\.)?{re.escape(place)}: ", str(refused.value))


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (game(kind="lists", players={1: (0,), 2: (0, 1)}, excludes=False),
         "round 1: the list of player"),
        (game("excluded", kind="lists", players={1: (0,) * 30, 2: (0,) * 30}, excludes=True),
         "the exclusion may never begin"),
        (changed(LAB, players={"count": 2, "among": ("p43", "w99")}),
         "players.among: the profile set has no profile 'w99'"),
        (changed(LAB, players={"count": 2, "among": ("p43", "n01")}),
         "players.among: the profile set has no profile 'n01'"),
        (changed(SCANOUT, rounds=[{"condition": "excluded", "seconds": 20,
                                   "schedule": {"kind": "ostracism", "receipts": 3, "within": 9}}]),
         "the exclusion may begin only after"),
        (changed(SCAN, rounds=[{"condition": "included", "seconds": 2.5,
                                "schedule": {"kind": "fair", "of": 3, "longest_without": None}}]),
         "no throw is sure to be made in its 2.5 s"),
    ],
)  # fmt: skip
def test_a_game_that_can_t_keep_its_promise_is_refused_before_the_session(
    spec: LabCyberball | ScannerCyberball, problem: str
) -> None:
    with pytest.raises(BadInput, match=re.escape(problem)):
        planned(spec, 1)


def test_a_participant_may_have_all_the_time_in_the_world() -> None:
    plan = planned(changed(OUT, choice={"limit": None, "reminder": None}), 1)
    played = play(plan, dice(1, "p"))
    asked = [step.ends for step, _ in played.steps if step.accepts is ResponseKind.CHOICE]
    assert asked == [OnResponse(None), OnResponse(None)]
    assert (played.doses[0].reminders, played.doses[0].automatic) == (0, 0)
    assert plan.trials[0].foreseen.latest_exclusion is None
    assert " s or later into the round" in foreseen_lines("excluded", plan)[1]


def test_a_round_in_the_lab_may_end_by_seconds() -> None:
    spec = changed(
        LAB,
        rounds=[
            {
                "condition": "included",
                "seconds": 40,
                "schedule": {"kind": "fair", "of": 12, "longest_without": 6},
            }
        ],
    )
    plan = planned(spec, 1)
    played = play(plan, dice(1, "p"))
    shown = [(step, outcome) for step, outcome in played.steps if step.block == 1]
    assert isinstance(shown[-1][0].ends, After)
    assert shown[-1][1].offset - shown[0][1].onset == pytest.approx(40, abs=2 * FRAME)
    within(plan, played.doses[0])
