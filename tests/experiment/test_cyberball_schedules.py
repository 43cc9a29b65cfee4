"""Cyberball's schedules: what they promise holds whatever the participant does."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benchmarks.games import FRAME, changed, planned, play, throws
from experiment.chance import dice
from experiment.dose import YOU
from experiment.errors import BadInput
from experiment.plans.cyberball_foresight import expected_shares
from experiment.protocol import ScannerCyberball
from experiment.spread import Spread
from experiment.steps import After
from tests.experiment.games import (
    FAST,
    LAB,
    SCAN,
    SCANOUT,
    STARTS,
    WATCH,
    game,
    receipts,
    seeds,
    within,
)

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


@FAST
@given(
    seeds,
    st.integers(2, 5),
    st.integers(0, 4),
    st.integers(7, 12),
    st.floats(0.5, 5),
    st.floats(0, 1),
)
def test_a_timed_exclusion_that_is_not_refused_begins_when_it_was_foreseen(
    seed: int, others: int, many: int, early: int, limit: float, misses: float
) -> None:
    chance = dice(seed, "round")
    schedule = {"kind": "ostracism", "receipts": many, "within": early}
    seconds = round(chance.uniform(6, 30), 1)
    spec = changed(
        SCAN,
        rounds=[{"condition": "excluded", "seconds": seconds, "schedule": schedule}],
        players={"count": others, "among": None},
        choice={"limit": limit, "reminder": None},
    )
    try:
        plan = planned(spec, seed)
    except BadInput:
        assume(False)  # its own tests tell which rounds are refused
    played = play(plan, chance, misses)
    (begun,) = [o.onset for s, o in played.steps if s.marker in STARTS][:1]
    (onset,) = [o.onset for s, o in played.steps if s.marker == "exclusion_begins"]
    foreseen = plan.trials[0].foreseen
    assert foreseen.earliest_exclusion is not None
    assert foreseen.latest_exclusion is not None
    assert foreseen.earliest_exclusion <= onset - begun <= foreseen.latest_exclusion
    assert played.doses[0].receipts == many
    within(plan, played.doses[0])


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
