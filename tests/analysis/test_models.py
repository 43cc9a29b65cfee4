"""Mixed models on simulated tables with a known truth."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.science.classical import period_differences
from analysis.science.effects import two_samples
from analysis.science.gather import cells_from
from analysis.science.models import Design, as_cells, effect_rows, estimate_weights, fit_ratings
from analysis.science.ratings import Outcome, outcome
from benchmarks.simulated import Truth, ratings_of
from tests.analysis.truths import ARM, TRUTHS


def analysed(name: str) -> Outcome:
    rows, arms = ratings_of(TRUTHS[name], 7)
    return outcome("messages", "connection", cells_from(rows), arms)


@pytest.fixture(scope="module")
def crossover() -> Outcome:
    return analysed("crossover")


@pytest.fixture(scope="module")
def two_kinds() -> Outcome:
    return analysed("two_kinds")


@pytest.fixture(scope="module")
def parallel() -> Outcome:
    return analysed("parallel")


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


def test_a_crossover_of_two_kinds_has_arm_by_message_as_its_classical_test_says(
    two_kinds: Outcome,
) -> None:
    fit, contrast = two_kinds.fit, f"({ARM}) × (kind − stranger)"
    assert fit is not None
    assert fit.converged
    parts = ("session", "message", "session × message")
    assert fit.random == "participant, " + ", ".join(f"{part} within participant" for part in parts)
    assert [about for about, _ in two_kinds.periods] == ["kind", "stranger", "kind − stranger"]
    model = fit.estimate(contrast)
    classical = next(one for one in two_kinds.beside if one.what == contrast)
    # The test takes another period effect for each kind; with 16 and 15 people in the sequences
    # that is not quite the same estimate.
    assert model.value == pytest.approx(classical.value, abs=0.02)
    assert model.high - model.low == pytest.approx(classical.high - classical.low, rel=0.05)


def test_model_and_classical_test_tell_sequence_alike(crossover: Outcome) -> None:
    assert crossover.fit is not None
    order = "naltrexone first − placebo first"
    model = crossover.fit.estimate(f"sequence, {order} (with carry-over)")
    (sums,) = [one for one in crossover.beside if one.what == f"carry-over, {order}"]
    assert sums.how == "two-sample test on sums of both periods"
    assert model.value == pytest.approx(sums.value / 2, abs=1e-3)
    assert model.t == pytest.approx(sums.t, rel=0.05)


def test_a_part_that_is_each_single_answer_is_none_of_the_model(parallel: Outcome) -> None:
    rows, arms = ratings_of(TRUTHS["parallel"], 7)
    known = arms.joined(rows[rows["value"].notna()])
    once = as_cells(known.groupby(["participant", "session", "condition"]).head(1))
    fit = fit_ratings(once, parallel.design)
    assert fit is not None
    assert fit.converged
    assert fit.random == "participant"
    assert set(fit.variances) == {"participant", "residual"}
    kind = once[once["condition"] == "kind"]
    alone = fit_ratings(kind, Design(parallel.design.arms, ("kind",), crossover=False))
    assert alone is not None
    assert (alone.random, set(alone.variances)) == ("none", {"residual"})
    placebo, naltrexone = (
        kind[kind["arm"] == arm]["value"].to_numpy(float) for arm in ("placebo", "naltrexone")
    )
    student = two_samples(ARM, placebo, naltrexone, "test", equal=True)
    assert student is not None
    assert (alone.estimate(ARM).value, alone.estimate(ARM).p) == pytest.approx(
        (student.value, student.p)
    )


def test_parallel_groups_have_arm_by_message(parallel: Outcome) -> None:
    fit = parallel.fit
    assert fit is not None
    assert fit.converged
    assert fit.random == "participant, message within participant"
    both = fit.estimate(f"({ARM}) × (kind − stranger)")
    parts = [fit.estimate(f"{ARM}: {kind}").value for kind in ("kind", "stranger")]
    # Some questions had no answer, and each kind is weighed by variances of its own.
    assert both.value == pytest.approx(parts[0] - parts[1], abs=0.01)
    assert fit.estimate(ARM).value == pytest.approx(np.mean(parts), abs=0.01)
    assert fit.estimate("kind − stranger").value == pytest.approx(2.455, abs=0.6)
    welch = next(one for one in parallel.tests if one.what == f"{ARM}: kind")
    assert fit.estimate(f"{ARM}: kind").value == pytest.approx(welch.value, abs=0.05)


KIND_SDS = {"acceptance": 1.4, "baseline": 0.7, "rejection": 0.3}


@pytest.mark.parametrize("count", [2, 3])
def test_what_is_told_of_a_kind_has_its_own_variance(count: int) -> None:
    """Parallel groups, as many answers from everybody, people who differ more in some kinds."""
    from statsmodels.regression.mixed_linear_model import MixedLM

    generator = np.random.default_rng(8)
    kinds, arms = tuple(KIND_SDS)[:count], ("placebo", "naltrexone")
    people, answers = 40, 5
    sds = np.array([KIND_SDS[kind] for kind in kinds])
    values = generator.normal(0, 1.0, (people, 1, 1)) + generator.normal(
        0, sds[None, :, None], (people, count, 1)
    )
    values = values + generator.normal(0, 0.8, (people, count, answers))
    person, kind, _ = np.indices(values.shape).reshape(3, -1)
    table = pd.DataFrame(
        {
            "participant": np.char.zfill(person.astype(str), 2),
            "session": "1",
            "condition": np.array(kinds)[kind],
            "arm": np.array(arms)[person % 2],
            "value": values.ravel(),
        }
    )
    fit = fit_ratings(as_cells(table), Design(arms, kinds, crossover=False))
    assert fit is not None
    assert fit.converged
    means = dict(zip(kinds, values.mean(axis=2).T, strict=True))
    outcomes = {f"{ARM}: {kind}": means[kind] for kind in kinds}
    for a, b in itertools.combinations(kinds, 2):
        outcomes[f"({ARM}) × ({a} − {b})"] = means[a] - means[b]
    outcomes[ARM] = np.mean([*means.values()], axis=0)
    for what, own in outcomes.items():
        model = fit.estimate(what)
        student = stats.ttest_ind(own[1::2], own[::2])
        interval = student.confidence_interval()
        assert (model.t, model.df) == pytest.approx((student.statistic, people - 2), rel=1e-4)
        assert (model.low, model.high) == pytest.approx((interval.low, interval.high), rel=1e-4)
        welch = stats.ttest_ind(own[1::2], own[::2], equal_var=False)
        assert model.p == pytest.approx(welch.pvalue, abs=0.01)
    for cell in fit.cells:
        assert cell.message is not None
        own = means[cell.message]
        spread = math.sqrt((own[1::2].var(ddof=1) + own[::2].var(ddof=1)) / 2)
        reach = stats.t.ppf(0.975, people - 2) * spread / math.sqrt(people / 2)
        assert cell.mean.high - cell.mean.value == pytest.approx(reach, rel=1e-4)
    first = table[table["condition"] == kinds[0]].assign(side=lambda t: t["arm"] == arms[1])
    theirs = MixedLM.from_formula("value ~ side", first, groups="participant").fit(reml=True)
    ours = fit.estimate(f"{ARM}: {kinds[0]}")
    assert ours.value == pytest.approx(theirs.params.iloc[1], abs=1e-4)
    assert ours.value / ours.t == pytest.approx(theirs.bse.iloc[1], rel=1e-3)


def test_what_is_told_of_a_kind_in_a_crossover_is_its_own_classical_test(
    two_kinds: Outcome,
) -> None:
    assert two_kinds.fit is not None
    for kind, tests in two_kinds.periods[:2]:
        model = two_kinds.fit.arm_effect(kind)
        assert model is not None
        assert tests.arm is not None
        assert model.value == pytest.approx(tests.arm.value, abs=1e-3)
        assert model.high - model.low == pytest.approx(tests.arm.high - tests.arm.low, rel=0.01)


def test_what_a_kind_has_too_few_answers_for_is_left_out_and_told(parallel: Outcome) -> None:
    table = parallel.table
    few = ("001", "002", "003")
    fit = fit_ratings(
        table[(table["condition"] == "kind") | table["participant"].isin(few)], parallel.design
    )
    assert fit is not None
    assert fit.converged
    assert fit.arm_effect("kind") is not None
    assert fit.arm_effect("stranger") is None
    assert f"{ARM}: stranger can't be estimated from the answers it is about alone" in fit.notes
    assert {cell.message for cell in fit.cells} == {"kind"}


@pytest.mark.parametrize(
    "which", ["crossover", "parallel", pytest.param("two_kinds", marks=pytest.mark.slow)]
)
def test_the_model_is_that_of_statsmodels(which: str, request: pytest.FixtureRequest) -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM

    found: Outcome = request.getfixturevalue(which)
    assert found.fit is not None
    rows, arms = ratings_of(TRUTHS[which], 7)
    some = rows[(rows["participant"] <= "014") & rows["value"].notna()]
    some = some.sample(frac=0.8, random_state=3)  # not as many answers everywhere
    fit = fit_ratings(arms.joined(cells_from(some)), found.design)
    table = arms.joined(some)
    assert fit is not None
    assert fit.converged
    data = pd.DataFrame({name: table[name].to_numpy(str) for name in ("participant", "session")})
    data["message"] = table["condition"].to_numpy(str)
    data["value"] = table["value"].to_numpy(float)
    names = [f"x{n}" for n in range(len(found.design.columns()) + 1)]
    data[names] = effect_rows(table, found.design)
    parts = [part.removesuffix(" within participant") for part in fit.random.split(", ")[1:]]
    result = MixedLM.from_formula(
        "value ~ 0 + " + " + ".join(names),
        data,
        groups="participant",
        re_formula="1",
        vc_formula={
            part: "0 + " + ":".join(f"C({one})" for one in part.split(" × ")) for part in parts
        },
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


def test_every_two_kinds_are_set_against_each_other() -> None:
    """Rejection stands against baseline, not only against what comes first."""
    kinds = ("acceptance", "rejection", "baseline")
    weights = estimate_weights(Design(("placebo", "naltrexone"), kinds, crossover=True))
    told = [what for what in weights if what.startswith(f"({ARM})")]
    assert told == [
        f"({ARM}) × ({a} − {b})" for a, b in (kinds[:2], (kinds[0], kinds[2]), kinds[1:])
    ]
    both = f"({ARM}) × (rejection − baseline)"
    parts = [weights[f"{ARM}: {kind}"] for kind in kinds[1:]]
    assert np.allclose(weights[both], parts[0] - parts[1])


def test_sealed_arms_leave_no_trace_in_the_results() -> None:
    rows, _ = ratings_of(Truth("inagaki2016", 12, -1.5), 3)
    found = outcome("messages", "connection", cells_from(rows), None)
    assert found.design == Design(None, ("kind",), False)
    assert not found.periods
    assert not found.tests
    assert found.fit is not None
    assert found.fit.estimates == ()
    assert not {"arm", "sequence", "period"} & set(found.table.columns)


def test_a_model_that_cannot_be_fitted_says_so() -> None:
    rows, arms = ratings_of(Truth("inagaki2016", 3, 0.0), 1)
    assert outcome("messages", "connection", cells_from(rows), arms).fit is None
    flat = rows.assign(value=4.0)
    assert fit_ratings(cells_from(flat), Design(None, ("kind",), False)) is None


def test_a_participant_with_one_period_is_in_the_model_alone(crossover: Outcome) -> None:
    arms = crossover.design.arms
    assert arms is not None
    table = crossover.table
    table = table[~((table["participant"] == "005") & (table["period"] == 2))]
    assert period_differences(table, arms).incomplete == ("005",)
    fit = fit_ratings(table, crossover.design)
    assert fit is not None
    assert fit.participants == 31


def test_arms_that_came_in_one_period_only_are_told_to_be_inseparable(crossover: Outcome) -> None:
    half = crossover.table[crossover.table["period"] == 1]
    fit = fit_ratings(half, crossover.design)
    assert fit is not None
    assert not fit.converged
    assert fit.notes == ("arm, period and sequence can't be told apart in what there is so far",)


def test_means_and_sds_are_told_by_arm_too(crossover: Outcome) -> None:
    rows, arms = ratings_of(TRUTHS["crossover"], 7)
    people = arms.joined(rows).groupby(["participant", "arm"])["value"].mean().unstack("arm")
    told = {one.arm: one for one in crossover.described}
    assert list(told) == ["placebo", "naltrexone", None]
    for arm in arms.names:
        assert (told[arm].mean, told[arm].sd) == pytest.approx(
            (people[arm].mean(), people[arm].std())
        )
        assert (told[arm].participants, told[arm].answers) == (31, 31 * 6)
