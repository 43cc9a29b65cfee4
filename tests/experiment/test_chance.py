from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment.chance import Dice, dice, seed_from


def test_the_same_seed_and_purpose_give_the_same_draws_everywhere() -> None:
    # Fixed numbers: they must never change, or old plans could not be made again.
    d = dice(7, "012", "01", "messages")
    assert [d.below(1000) for _ in range(6)] == FIXED
    assert seed_from("kindred-example") == 2367044204135247683


FIXED = [946, 442, 331, 771, 873, 531]


def test_purposes_are_independent() -> None:
    assert dice(1, "a").uniform() != dice(1, "b").uniform()
    assert dice(1, "a", "b").uniform() != dice(1, "ab").uniform()


@given(st.integers(0, 2**40), st.lists(st.integers(), max_size=40))
def test_a_shuffle_keeps_every_item(seed: int, items: list[int]) -> None:
    assert Counter(dice(seed).shuffled(items)) == Counter(items)


@given(st.integers(0, 2**40), st.integers(1, 10**6))
def test_a_die_stays_below_its_sides(seed: int, sides: int) -> None:
    d = dice(seed)
    assert all(0 <= d.below(sides) < sides for _ in range(20))


def test_a_die_is_fair() -> None:
    d = dice(3)
    counts = Counter(d.below(6) for _ in range(12_000))
    chi2 = sum((n - 2000) ** 2 / 2000 for n in counts.values())
    assert chi2 < 20.5  # 99.9 % of fair dice, 5 degrees of freedom


def test_the_normal_draw_has_mean_0_and_sd_1() -> None:
    d = dice(4)
    draws = np.array([d.normal() for _ in range(4000)])
    assert abs(draws.mean()) < 0.06
    assert abs(draws.std() - 1) < 0.04


def test_a_die_without_sides_is_refused() -> None:
    generator = np.random.Generator(np.random.PCG64(1))
    with pytest.raises(ValueError, match="at least one side"):
        Dice(generator).below(0)
