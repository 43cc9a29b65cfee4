"""Whether the truth of simulated studies is recovered, as far as that takes no time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.science.classical import period_differences
from analysis.science.models import Design, as_cells, fit_ratings
from benchmarks.recovery.docs import DOCS, RESULTS, short_table
from benchmarks.simulated import SCALE, Truth, ratings_of
from experiment.chance import dice
from experiment.robot import TEMPERS, wish
from tests.analysis.truths import ARM


def test_the_table_in_docs_is_that_of_the_results() -> None:
    table = short_table(RESULTS.read_text("utf-8"))
    assert table.count("\n") >= 8
    assert table in DOCS.read_text("utf-8")


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_no_effect_on_the_difference_of_two_kinds_gives_five_per_cent_false_positives() -> None:
    """A crossover of 31 whose kinds of message vary from session to session in their own way."""
    generator = np.random.default_rng(31)
    arms = ("placebo", "naltrexone")
    design = Design(arms, ("kind", "stranger"), crossover=True)
    people, sessions, kinds, answers = 31, 2, 2, 6
    person, session, kind, _ = np.indices((people, sessions, kinds, answers)).reshape(4, -1)
    given = (person + session) % 2
    table = pd.DataFrame(
        {
            "participant": np.char.zfill(person.astype(str), 3),
            "session": (session + 1).astype(str),
            "condition": np.array(design.messages)[kind],
            "arm": np.array(arms)[given],
            "period": session + 1,
        }
    )
    hits, studies = 0, 150
    for _ in range(studies):
        middles = generator.normal(0, 0.7, (people, 1, kinds, 1))
        shared = generator.normal(0, 0.3, (people, sessions, 1, 1))
        own = generator.normal(0, 0.5, (people, sessions, kinds, 1))
        noise = generator.normal(0, 1.0, (people, sessions, kinds, answers))
        values = middles + shared + own + noise
        fit = fit_ratings(as_cells(table.assign(value=values.ravel())), design)
        assert fit is not None
        assert fit.converged
        hits += fit.estimate(f"({ARM}) × (kind − stranger)").p < 0.05
    assert stats.binomtest(hits, studies, 0.05).pvalue > 0.01


def test_no_effect_gives_five_per_cent_false_positives() -> None:
    """By the classical test; the mixed model's table is benchmarks/recovery."""
    hits = 0
    for seed in range(60):
        rows, arms = ratings_of(Truth("inagaki2016", 12, 0.0), seed)
        found = period_differences(arms.joined(rows), arms.names).arm
        hits += found is not None and found.p < 0.05
    assert stats.binomtest(hits, 60, 0.05).pvalue > 0.001


def test_the_model_of_ratings_has_the_published_mean_at_the_robot() -> None:
    die = dice(1, "test")
    drawn = [wish(TEMPERS["typical"], "kind", SCALE, die) for _ in range(4000)]
    assert np.mean(drawn) == pytest.approx(4.671, abs=0.06)
