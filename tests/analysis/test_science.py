"""Models, classical tests and effect sizes on simulated tables with a known truth."""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.report.study import check_labels
from analysis.science.arms import Arms, Given, read_arms
from analysis.science.classical import period_differences
from analysis.science.effects import correlation, noncentral_limits, one_sample, two_samples
from analysis.science.facts import Seen, counted_once
from analysis.science.gather import SCORES, cells_from, frame_of
from analysis.science.models import Design, as_cells, effect_rows, estimate_weights, fit_ratings
from analysis.science.moods import moods
from analysis.science.ratings import Outcome, outcome
from analysis.science.scores import (
    asked,
    by_arm,
    counted_days,
    daily,
    with_daily,
)
from analysis.science.traits import Number, numbers_of, read_traits, with_trait
from benchmarks.recovery.docs import DOCS, RESULTS, short_table
from benchmarks.simulated import SCALE, Truth, ratings_of
from experiment.chance import dice
from experiment.daily.reports import DailyReports, Report
from experiment.errors import BadInput
from experiment.protocol import Questionnaire
from experiment.robot import TEMPERS, wish

ARM = "naltrexone − placebo"


TRUTHS = {
    "crossover": Truth("inagaki2016", 31, -0.5),
    "two_kinds": Truth("inagaki2016", 31, -0.5, two_kinds=True),
    "parallel": Truth("inagaki2019", 24, -0.5),
}


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


def test_the_table_in_docs_is_that_of_the_results() -> None:
    table = short_table(RESULTS.read_text("utf-8"))
    assert table.count("\n") >= 8
    assert table in DOCS.read_text("utf-8")


def test_model_and_classical_test_tell_sequence_alike(crossover: Outcome) -> None:
    assert crossover.fit is not None
    order = "naltrexone first − placebo first"
    model = crossover.fit.estimate(f"sequence, {order} (with carry-over)")
    (sums,) = [one for one in crossover.beside if one.what == f"carry-over, {order}"]
    assert sums.how == "two-sample test on sums of both periods"
    assert model.value == pytest.approx(sums.value / 2, abs=1e-3)
    assert model.t == pytest.approx(sums.t, rel=0.05)


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


# --- parts of a session --------------------------------------------------------------------------


def part(
    answers: list[tuple[int, float]], *, anew: tuple[str, ...] = (), edited: bool = False
) -> dict[str, Any]:
    """Return the facts of a part: answers by trial, a score and a round of a ball game."""
    seen = asdict(Seen("log", "01", "01", left_out="edited" if edited else None))
    if edited:
        return {"seen": seen}
    rows = [
        ("01", "01", "messages", trial, "kind", None, None, "connection", value, 1.0, True)
        for trial, value in answers
    ]
    scores = [("01", "01", "needs", None, "nts", "belonging", 4.0)]
    games = [{"task": "ball", "round": 1}]
    return {"seen": seen, "answers": rows, "scores": scores, "games": games, "anew": [*anew]}


def test_what_a_later_part_asked_again_counts_once() -> None:
    first, second = [(1, 2.0), (2, 3.0), (3, 4.0)], [(3, 5.0), (4, 6.0)]
    before, after = counted_once([part(first), part(second)])
    assert [row[3] for row in before["answers"]] == [1, 2]
    assert (before["scores"], before["games"]) == ([], [])
    assert before["seen"]["again"] == 3
    assert after == part(second)

    before, after = counted_once([part(first), part([(1, 2.0)], anew=("messages",))])
    assert before["answers"] == []
    assert counted_once([part(first), part(second, edited=True)])[0] == part(first)


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
    slope = stats.linregress(a, b[:20])
    assert (r.t, r.p) == pytest.approx((slope.slope / slope.stderr, slope.pvalue))
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
    (mood,) = moods(cells_from(frame_of(rows)))
    assert mood.moments == ("before", "after", "after_5_min")
    assert mood.conditions == ("baseline", "acceptance", "rejection")
    changes = {one.what: one for one in mood.changes}
    assert changes["rejection: after − before"].value == pytest.approx(1.5, abs=0.3)
    assert changes["baseline: 5 min after − before"].p > 0.001
    contrasts = {one.what: one.value for one in mood.contrasts}
    assert contrasts["rejection − baseline, after"] == pytest.approx(1.5, abs=0.4)


@pytest.mark.parametrize("crossover", [True, False])
def test_what_the_arm_changes_in_feelings_and_scores_is_told(crossover: bool) -> None:
    generator = np.random.default_rng(5)
    given: dict[tuple[str, str], Given] = {}
    answers: list[tuple[object, ...]] = []
    scores: list[tuple[object, ...]] = []
    for n in range(24):
        label, sequence = f"{n:02d}", ("AB", "BA")[n % 2]
        for period, letter in enumerate(sequence[: 2 if crossover else 1], start=1):
            where, drug = (label, f"{period:02d}"), letter == "B"
            given[where] = Given("naltrexone" if drug else "placebo", sequence, period)
            for task in ("afterin", "afterout"):
                value = 4 + generator.normal(0, 0.3) - (drug and task == "afterout")
                scores.append((*where, task, None, "needs", "belonging", value))
            for condition in ("baseline", "rejection"):
                for moment in ("before", "after"):
                    value = 3 + generator.normal(0, 0.3)
                    value += 1.5 * (drug and condition == "rejection" and moment == "after")
                    answers.append((*where, "feedback", 1, condition, 1, moment, "sad", value, 1.0,
                                    True))  # fmt: skip
    arms = Arms(given)
    (mood,) = moods(cells_from(frame_of(answers)), arms)
    ((moment, change),) = mood.by_arm
    ((name, score),) = by_arm(frame_of(scores, SCORES), arms)
    assert (moment, name) == ("after", "needs, belonging")
    for fit, what, truth in (
        (change, f"({ARM}) × (rejection − baseline)", 1.5),
        (score, f"{ARM}: afterout", -1.0),
    ):
        assert fit.converged
        told = {one.what: one for one in fit.of_arm}
        assert told[what].low < truth < told[what].high
        assert told[what].p < 0.001
    assert by_arm(frame_of(scores, SCORES), None) == []
    assert moods(cells_from(frame_of(answers)))[0].by_arm == ()


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


def test_daily_reports_count_once_for_a_day_that_has_a_number() -> None:
    mood = Questionnaire.model_validate(
        {
            "title": "Mood", "version": "1", "wording": "lab", "source": "-", "licence": "-",
            "share_texts": True, "languages": ["en"], "scale": {"kind": "percent"},
            "items": [{"id": "mood", "text": {"en": "How was your mood?"}}],
            "subscales": {"mood": {"items": ["mood"], "score": "mean", "least_answered": 1}},
        }
    )  # fmt: skip

    def report(number: int | None, hour: int, value: int) -> Report:
        day = date(2026, 9, number or 20)
        completed = datetime(2026, 9, day.day, hour)
        answers = {"daily.mood": value}
        return Report("01", "01", day, completed, "page", answers, Path(), {"daily": mood}, "daily",
                      "en", late=False, number=number)  # fmt: skip

    days = counted_days(
        DailyReports((report(1, 20, 30), report(1, 21, 90), report(2, 20, 50), report(None, 20, 7)))
    )
    assert (days.unplaced, days.repeated) == (1, 1)
    table = with_daily(frame_of([], SCORES), days)
    assert list(zip(table["day"], table["value"], strict=True)) == [(1, 30.0), (2, 50.0)]
    assert asked(table) == []


def test_a_trait_goes_with_what_it_was_made_of(tmp_path: Path) -> None:
    file = tmp_path / "traits.tsv"
    numbers = {f"{n:02d}": float(n * n % 7) for n in range(20)}
    text = "participant_id\ter89\n" + "".join(f"sub-{k}\t{v}\n" for k, v in numbers.items())
    file.write_text(text, "utf-8")
    traits = read_traits(file)
    outcome_of = pd.Series({k: 2 * v + 1 for k, v in numbers.items()})
    (found,) = with_trait(traits["er89"], [Number("change", {None: outcome_of})])
    assert found.what == "er89 and change"
    assert found.value == pytest.approx(1.0)
    file.write_text(text + "sub-03\t1\n", "utf-8")
    with pytest.raises(BadInput, match="participant '03' is there twice"):
        read_traits(file)
    # As a German table program saves it: semicolons, Windows-1252, a number with a comma.
    saved = "participant_id;Zufriedenheit für alle\r\n012;3.5\r\n013;\r\n"
    file.write_bytes(saved.encode("cp1252"))
    assert read_traits(file).loc["012"].tolist() == [3.5]
    file.write_bytes(saved.replace("3.5", "3,5").encode("cp1252"))
    with pytest.raises(BadInput, match=r":2: column .* numbers have a point"):
        read_traits(file)


def test_a_table_whose_labels_lost_their_zeros_is_refused() -> None:
    file = Path("traits.tsv")
    check_labels(file, "participant", {"012", "099"}, {"012", "013"})
    with pytest.raises(BadInput, match="participant '12' is '012' in the study"):
        check_labels(file, "participant", {"12", "013"}, {"012", "013"})
    with pytest.raises(BadInput, match="none of its participants"):
        check_labels(file, "participant", {"A1"}, {"012", "013"})


@pytest.mark.parametrize("which", ["crossover", "parallel"])
def test_traits_are_held_against_each_arm_by_itself(which: str) -> None:
    """What only the drug brings about in people of a trait is told as that, not pooled away."""
    truth = TRUTHS[which]
    rows, arms = ratings_of(truth, 7)
    trait = pd.Series(
        {f"{n:03d}": float(n * n % 11) for n in range(1, truth.people + 1)}, name="er"
    )
    on_drug = arms.joined(rows)["arm"] == "naltrexone"
    about = on_drug & (rows["condition"] == "kind")
    rows.loc[about, "value"] += trait.loc[rows.loc[about, "participant"]].to_numpy()
    sealed = outcome("messages", "connection", cells_from(rows), None)
    open_ = outcome("messages", "connection", cells_from(rows), arms)
    name = "connection" if which == "crossover" else "connection: kind − stranger"
    told = {one.what: one for one in with_trait(trait, numbers_of([open_], [], arms))}
    assert told.pop(f"er and {name}, naltrexone").low > 0.7
    assert abs(told.pop(f"er and {name}, placebo").value) < 0.5
    if which == "crossover":
        assert told.pop(f"er and {name}, {ARM}").low > 0.7
    assert not told
    (pooled,) = with_trait(trait, numbers_of([sealed], [], None))
    assert (pooled.what, pooled.n) == (f"er and {name}", truth.people)


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
