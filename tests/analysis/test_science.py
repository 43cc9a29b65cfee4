"""Models, classical tests and effect sizes on simulated tables with a known truth."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.science.arms import read_arms
from analysis.science.classical import period_differences
from analysis.science.effects import correlation, noncentral_limits, one_sample, two_samples
from analysis.science.gather import COLUMNS, SCORES, frame_of
from analysis.science.models import Design, effect_rows, estimate_weights, fit_ratings
from analysis.science.moods import moods
from analysis.science.ratings import Outcome, outcome
from analysis.science.scores import asked, daily, read_traits, with_traits
from benchmarks.simulated import SCALE, Truth, ratings_of
from experiment.chance import dice
from experiment.errors import BadInput
from experiment.robot import TEMPERS, wish

ARM = "naltrexone − placebo"


@pytest.fixture(scope="module")
def crossover() -> Outcome:
    rows, arms = ratings_of(Truth("inagaki2016", 31, -0.5), 7)
    return outcome("messages", "connection", rows, arms)


@pytest.fixture(scope="module")
def parallel() -> Outcome:
    rows, arms = ratings_of(Truth("inagaki2019", 24, -0.5), 7)
    return outcome("messages", "connection", rows, arms)


def test_a_crossover_is_modelled_as_its_classical_test_says(crossover: Outcome) -> None:
    fit = crossover.fit
    assert fit is not None
    assert fit.converged
    assert fit.design.formula == "rating ~ arm + period + sequence"
    model = fit.estimate(ARM)
    ((kind, periods),) = crossover.periods
    assert kind == "kind"
    assert periods.arm is not None
    # With as many answers everywhere both estimate the same; the model may only know its error
    # a little better, where it puts a variance at zero.
    assert model.value == pytest.approx(periods.arm.value, abs=1e-3)
    assert model.high - model.low == pytest.approx(periods.arm.high - periods.arm.low, rel=0.15)
    assert model.df == periods.arm.df == 29
    assert model.low < -0.5 < model.high


def test_parallel_groups_have_arm_by_message(parallel: Outcome) -> None:
    fit = parallel.fit
    assert fit is not None
    assert fit.converged
    assert fit.random == "participant, message within participant"
    both = fit.estimate(f"({ARM}) × (kind − stranger)")
    parts = [fit.estimate(f"{ARM}: {kind}").value for kind in ("kind", "stranger")]
    assert both.value == pytest.approx(parts[0] - parts[1])
    assert fit.estimate(ARM).value == pytest.approx(np.mean(parts))
    assert fit.estimate("kind − stranger").value == pytest.approx(2.455, abs=0.6)
    welch = next(one for one in parallel.tests if one.what == f"{ARM}: kind")
    assert fit.estimate(f"{ARM}: kind").value == pytest.approx(welch.value, abs=0.05)


@pytest.mark.parametrize("which", ["crossover", "parallel"])
def test_the_model_is_that_of_statsmodels(which: str, request: pytest.FixtureRequest) -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM

    found: Outcome = request.getfixturevalue(which)
    assert found.fit is not None
    some = found.table[found.table["participant"] <= "014"]
    table = some.sample(frac=0.8, random_state=3)  # not as many answers everywhere
    fit = fit_ratings(table, found.design)
    assert fit is not None
    assert fit.converged
    data = pd.DataFrame({name: table[name].to_numpy(str) for name in ("participant", "session")})
    data["message"] = table["condition"].to_numpy(str)
    data["value"] = table["value"].to_numpy(float)
    names = [f"x{n}" for n in range(len(found.design.columns()) + 1)]
    data[names] = effect_rows(table, found.design)
    parts = [part.split(" ")[0] for part in fit.random.split(", ")[1:]]
    result = MixedLM.from_formula(
        "value ~ 0 + " + " + ".join(names),
        data,
        groups="participant",
        re_formula="1",
        vc_formula={part: f"0 + C({part})" for part in parts},
    ).fit(reml=True, method="bfgs")
    weights = estimate_weights(found.design)[ARM]
    estimate = fit.estimate(ARM)
    assert estimate.value == pytest.approx(weights @ result.fe_params, abs=1e-3)
    spread = result.cov_params().loc[names, names].to_numpy()
    error = estimate.value / estimate.t
    assert error == pytest.approx(math.sqrt(weights @ spread @ weights), rel=1e-3)
    assert fit.variances["residual"] == pytest.approx(result.scale, rel=1e-3)
    own = float(np.asarray(result.cov_re)[0, 0])
    assert fit.variances["participant"] == pytest.approx(own, abs=1e-3)


def test_sealed_arms_leave_no_trace_in_the_results() -> None:
    rows, _ = ratings_of(Truth("inagaki2016", 12, -1.5), 3)
    found = outcome("messages", "connection", rows, None)
    assert found.design == Design(None, ("kind",), False)
    assert not found.periods
    assert not found.tests
    assert found.fit is not None
    assert found.fit.estimates == ()
    assert set(found.table.columns) == set(COLUMNS)


def test_a_model_that_cannot_be_fitted_says_so() -> None:
    rows, arms = ratings_of(Truth("inagaki2016", 3, 0.0), 1)
    assert outcome("messages", "connection", rows, arms).fit is None
    flat = rows.assign(value=4.0)
    assert fit_ratings(flat, Design(None, ("kind",), False)) is None


def test_a_participant_with_one_period_is_in_the_model_alone(crossover: Outcome) -> None:
    arms = crossover.design.arms
    assert arms is not None
    table = crossover.table
    table = table[~((table["participant"] == "005") & (table["period"] == 2))]
    assert period_differences(table, arms).incomplete == ("005",)
    fit = fit_ratings(table, crossover.design)
    assert fit is not None
    assert fit.participants == 31


# --- effect sizes --------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(t=st.floats(-8, 8), df=st.integers(5, 120))
@example(t=7.0, df=5)  # scipy's distribution function has no digits left at the first bracket
def test_noncentral_limits_are_those_of_their_definition(t: float, df: int) -> None:
    low, high = noncentral_limits(t, df)
    assert low < high
    assert stats.nct.sf(t, df, low) == pytest.approx(0.025, abs=1e-4)
    assert stats.nct.cdf(t, df, high) == pytest.approx(0.025, abs=1e-4)


def test_estimates_agree_with_scipy() -> None:
    generator = np.random.default_rng(4)
    a, b = generator.normal(0, 1, 20), generator.normal(1, 2, 31)
    welch, student = two_samples("d", a, b, "w"), two_samples("d", a, b, "s", equal=True)
    assert welch is not None
    assert student is not None
    for found, equal in ((welch, False), (student, True)):
        told = stats.ttest_ind(b, a, equal_var=equal)
        assert (found.t, found.p) == pytest.approx((told.statistic, told.pvalue))
        interval = told.confidence_interval()
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert student.size is not None
    # Hedges' correction, approximately 1 - 3 / (4 df - 1)
    pooled = math.sqrt((19 * a.var(ddof=1) + 30 * b.var(ddof=1)) / 49)
    assert student.size.value == pytest.approx(student.value / pooled * (1 - 3 / 195), rel=1e-3)
    paired = one_sample("d", a, "p")
    assert paired is not None
    assert paired.p == pytest.approx(stats.ttest_1samp(a, 0).pvalue)
    r = correlation("r", list(a), list(b[:20]))
    assert r is not None
    interval = stats.pearsonr(a, b[:20]).confidence_interval()
    assert (r.low, r.high) == pytest.approx((interval.low, interval.high))


# --- feelings, scores, traits --------------------------------------------------------------------


def test_feelings_change_with_their_block() -> None:
    generator = np.random.default_rng(2)
    rows: list[tuple[object, ...]] = []
    for person in range(18):
        for block, (condition, change) in enumerate(
            [("baseline", 0.0), ("rejection", 1.5), ("acceptance", -0.5)], start=1
        ):
            for moment in ("before", "after", "after_5_min"):
                value = 3 + generator.normal(0, 0.3) + (change if moment == "after" else 0)
                rows.append((f"{person:02d}", "01", "feedback", block, condition, block, moment,
                             "sad", value, 1.0, True))  # fmt: skip
    (mood,) = moods(frame_of(rows))
    assert mood.moments == ("before", "after", "after_5_min")
    assert mood.conditions == ("baseline", "acceptance", "rejection")
    changes = {one.what: one for one in mood.changes}
    assert changes["rejection: after − before"].value == pytest.approx(1.5, abs=0.3)
    assert changes["baseline: 5 min after − before"].p > 0.001
    contrasts = {one.what: one.value for one in mood.contrasts}
    assert contrasts["rejection − baseline, after"] == pytest.approx(1.5, abs=0.4)


def test_scores_are_told_by_task_and_by_day() -> None:
    generator = np.random.default_rng(3)
    rows: list[tuple[object, ...]] = []
    for n in range(12):
        for task, mean in (("afterin", 4.0), ("afterout", 2.0)):
            value = mean + generator.normal(0, 0.4)
            rows.append((f"{n:02d}", "01", task, None, "needs", "belonging", value))
        for session in ("01", "02"):
            for day in range(1, 5):
                value = generator.normal(4, 1)
                rows.append((f"{n:02d}", session, "daily", day, "daily", "mood", value))
    scores = frame_of(rows, SCORES)
    means = {one.task: one.mean for one in asked(scores)}
    assert means["afterin"].n == means["afterout"].n == 12
    assert means["afterout"].value == pytest.approx(2.0, abs=0.4)
    (days,) = daily(scores, None, crossover=False)
    assert days.fit is not None
    assert days.fit.answers == 96


def test_a_trait_goes_with_what_it_was_made_of(tmp_path: Path) -> None:
    file = tmp_path / "traits.tsv"
    numbers = {f"{n:02d}": float(n * n % 7) for n in range(20)}
    text = "participant_id\ter89\n" + "".join(f"sub-{k}\t{v}\n" for k, v in numbers.items())
    file.write_text(text, "utf-8")
    traits = read_traits(file)
    outcome_of = pd.Series({k: 2 * v + 1 for k, v in numbers.items()})
    (found,) = with_traits(traits, {"change": outcome_of})
    assert found.what == "er89 and change"
    assert found.value == pytest.approx(1.0)
    file.write_text(text + "sub-03\t1\n", "utf-8")
    with pytest.raises(BadInput, match="participant '03' is there twice"):
        read_traits(file)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("participant\tarm\n01\tA\n", "no column 'sequence'"),
        ("participant\tsequence\tperiod\tsession\tarm\n1\tAB\t3\t01\tA\n", "period '3'"),
        ("participant\tsequence\tperiod\tsession\tarm\n1\tAB\t1\t01\t\n", ":2: a cell is empty"),
        ("participant\tsequence\tperiod\tsession\tarm\n1\tAB\t1\t01\tA\n", "two arms are needed"),
        (
            "participant\tsequence\tperiod\tsession\tarm\n1\tAB\t1\t01\tA\n1\tAB\t2\t01\tB\n",
            ":3: session '01' of participant '1' is there twice",
        ),
    ],
)
def test_a_wrong_table_of_arms_is_refused(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "arms.tsv"
    file.write_text(text, "utf-8")
    with pytest.raises(BadInput) as caught:
        read_arms(file)
    assert told in str(caught.value)


# --- the robot's own model -----------------------------------------------------------------------


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
