"""Blocks and strata keep the balance in every design; mistakes are told with their line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment.blinding.blocks import SecretDice, draw, draw_stratum
from experiment.chance import dice
from experiment.errors import BadInput
from experiment.protocol import Design, Window
from experiment.protocol.design import Period
from experiment.study import open_study

DESIGN = """
design:
  kind: crossover
  block_sizes: [4, 6]
  strata: {sex: [female, male]}
  slots: 10
  drug_days: 4
  washout_days: 10
  periods:
    - sessions: {"01": {day: 4, earlier: 1, later: 2}}
    - sessions: {"02": {day: 4, earlier: 1, later: 2}}

kit:
"""


@st.composite
def designs(chance: st.DrawFn) -> Design:
    crossover = chance(st.booleans())
    halves = chance(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    levels = st.lists(st.sampled_from(["a", "b", "c"]), min_size=2, max_size=3, unique=True)
    strata = chance(st.dictionaries(st.sampled_from(["sex", "site"]), levels, max_size=2))
    return Design(
        kind="crossover" if crossover else "parallel",
        block_sizes=tuple(2 * half for half in halves),
        strata={factor: tuple(found) for factor, found in strata.items()},
        slots=chance(st.integers(2, 60)),
        drug_days=4,
        washout_days=10 if crossover else None,
        periods=tuple(
            Period(sessions={f"{n:02d}": Window(day=1)}) for n in range(1, 2 + crossover)
        ),
    )


@given(designs(), st.integers(0, 2**32))
def test_every_stratum_is_balanced_at_every_point(design: Design, seed: int) -> None:
    first, second = design.sequences
    drawn = draw(design, dice(seed, "allocation"))
    assert tuple(drawn) == design.stratum_names
    for sequences in drawn.values():
        assert design.slots <= len(sequences) < design.slots + max(design.block_sizes)
        ahead = 0
        for sequence in sequences:
            ahead += 1 if sequence == first else -1
            assert abs(ahead) <= max(design.block_sizes) // 2
        assert Counter(sequences) == {first: len(sequences) // 2, second: len(sequences) // 2}


@given(designs())
def test_each_combination_of_levels_has_one_stratum(design: Design) -> None:
    names = [
        design.stratum(dict(zip(design.strata, name.split("-"), strict=True)))
        if design.strata
        else design.stratum({})
        for name in design.stratum_names
    ]
    assert tuple(names) == design.stratum_names
    assert len(set(names)) == len(names)


def test_every_order_of_a_block_is_as_likely_as_any_other(
    new_study: Callable[..., Path],
) -> None:
    study = new_study(("\nkit:\n", DESIGN), ("source: lab default", "source: lab default"))
    design = open_study(study).protocol.design
    assert design is not None
    one_block = design.model_copy(update={"block_sizes": (4,), "slots": 4})
    seen = Counter(tuple(draw_stratum(one_block, dice(seed, "x"))) for seed in range(1200))
    assert len(seen) == 6  # AABB in all its orders
    assert all(150 < count < 250 for count in seen.values())  # 200 expected, SD 13


def test_secret_chance_is_fair_in_form_and_never_the_same() -> None:
    die = SecretDice()
    assert {die.below(3) for _ in range(200)} == {0, 1, 2}
    items = list(range(100))
    once, twice = die.shuffled(items), die.shuffled(items)
    assert sorted(once) == sorted(twice) == items
    assert once != twice  # by chance once in 100! times


MISTAKES = [
    ("kind: crossover", "kind: cross-over", "design.kind: allowed are 'crossover' or"),
    ("[4, 6]", "[4, 5]", "design.block_sizes: a block of 5 can't hold both sequences"),
    ("[4, 6]", "[]", "design.block_sizes: at least 1 in the list"),
    ("[female, male]", "[female]", "design.strata.sex: at least 2 in the list"),
    ("[female, male]", "[female, female]", "design.strata.sex: a level is there twice"),
    (
        "[female, male]",
        "[female, '?']",
        "design.strata.sex.1: a label of letters and digits is needed",
    ),
    ("slots: 10", "slots: many", "design.slots: a number is needed, not a text"),
    ("drug_days: 4", "drug_days: 0", "design.drug_days: a number is needed, at least 1"),
    ("washout_days: 10", "washout_days: none", "design.washout_days: crossover: a number"),
    ("kind: crossover", "kind: parallel", "design.periods: parallel has 1 of them, found 2"),
    ('"02": {day: 4', '"07": {day: 4', "design.periods.1.sessions.07: no session '07'"),
    ('"02": {day: 4', '"01": {day: 4', "sessions.01: session '01' is in two periods"),
    ("day: 4, earlier: 1", "day: 1, earlier: 1", "day 1 and 1 days earlier would be before"),
    ("block_sizes:", "blocks:", "design.blocks: not permitted, no such field"),
    ("earlier: 1", "before: 1", "periods.0.sessions.01.before: not permitted, no such field"),
]


def test_a_mistake_in_the_design_is_told_with_its_line(new_study: Callable[..., Path]) -> None:
    file = new_study(("\nkit:\n", DESIGN), kit=False) / "study.yaml"
    whole = file.read_text("utf-8")
    for old, new, problem in MISTAKES:
        line = whole[: whole.index(old)].count("\n") + 1
        file.write_text(whole.replace(old, new, 1), "utf-8")
        with pytest.raises(BadInput) as caught:
            open_study(file.parent)
        told = str(caught.value)
        assert told.startswith(f"{file}:")
        assert problem in told
        assert "\n" not in told
        found = int(told.removeprefix(f"{file}:").split(":")[0])
        # What hangs together with another line is told at the one that is to be changed.
        assert abs(found - line) <= (6 if "periods" in problem else 1)


def test_periods_come_in_the_order_of_the_sessions(new_study: Callable[..., Path]) -> None:
    turned = DESIGN.replace('"01"', '"00"').replace('"02"', '"01"').replace('"00"', '"02"')
    study = new_study(("\nkit:\n", turned))
    with pytest.raises(BadInput, match=r"periods\.1\.sessions\.01: comes after a later one"):
        open_study(study)


def test_a_study_without_a_design_has_none(new_study: Callable[..., Path]) -> None:
    assert open_study(new_study()).protocol.design is None
