"""What many simulated studies come to, as rows of the results' table."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from analysis.science.classical import BY_PERIODS, WELCH
from analysis.science.effects import Array
from benchmarks import table
from benchmarks.recovery.studies import ARM, Study
from benchmarks.simulated import F_PUBLISHED, PUBLISHED, Truth


def rows_of_design(truth: Truth, studies: Sequence[Study]) -> list[table.Row]:
    """Return all rows of one design and effect."""
    effect = truth.effect != 0
    fits = [study.found[0].converged for study in studies if study.found]
    rows = [table.Row("mixed model converged", f"{sum(fits)} of {len(studies)} studies")]
    if truth.two_kinds:
        both = f"({ARM}) × (kind − stranger)"
        rows += rows_of(truth, studies, both, "mixed model", "mixed, arm × message", effect=effect)
        told = "period differences, arm × message"
        rows += rows_of(truth, studies, both, BY_PERIODS, told, effect=effect)
        kind, told = f"{ARM}: kind", "period differences, close others"
        rows += rows_of(truth, studies, kind, "mixed model", "mixed, close others", effect=effect)
        return rows + rows_of(truth, studies, kind, BY_PERIODS, told, effect=effect)
    if truth.crossover:
        rows += rows_of(truth, studies, ARM, "mixed model", "mixed model", effect=effect)
        told = "period differences"
        return rows + rows_of(truth, studies, ARM, BY_PERIODS, told, effect=effect)
    if not effect:
        rows = [*published_rows(studies), *rows]
    kind, both = f"{ARM}: kind", f"({ARM}) × (kind − stranger)"
    rows += rows_of(truth, studies, kind, "mixed model", "mixed, close others", effect=effect)
    rows += rows_of(truth, studies, kind, WELCH, "Welch's test, close others", effect=effect)
    rows += rows_of(truth, studies, both, "mixed model", "mixed, arm × message", effect=effect)
    contrast = "kind − stranger"
    return rows + rows_of(truth, studies, contrast, "mixed model", "mixed, message", effect=True)


def rows_of(
    truth: Truth, studies: Sequence[Study], what: str, how: str, told: str, *, effect: bool
) -> list[table.Row]:
    """Return bias, coverage and power (or false positives) of one estimate over studies."""
    own = [one for study in studies for one in study.found if (one.what, one.how) == (what, how)]
    errors = np.array([one.value - one.truth for one in own])
    reach = 1.96 * errors.std(ddof=1) / math.sqrt(len(own))
    bias = float(errors.mean())
    rows = [
        table.Row(
            f"{told}: bias, of {truth.expected(what):.3f}",
            f"{bias:+.3f} [{bias - reach:+.3f}, {bias + reach:+.3f}]",
            "0 within the interval of 99.9 %",
            bool(abs(bias) <= reach * 3.29 / 1.96),
        ),
        _share_row(f"{told}: coverage of the 95 % interval", [one.covers for one in own], 0.95),
    ]
    hits = [one.p < 0.05 for one in own]
    if effect:
        low, high = share_interval(sum(hits), len(hits))
        power = f"{100 * np.mean(hits):.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
        rows.append(table.Row(f"{told}: power", power))
    else:
        rows.append(_share_row(f"{told}: false positives", hits, 0.05))
    return rows


def _share_row(what: str, hits: Sequence[bool], truth: float) -> table.Row:
    """Return a row for a share that should be `truth`; held against an exact binomial test."""
    low, high = share_interval(sum(hits), len(hits))
    p = float(stats.binomtest(sum(hits), len(hits), truth).pvalue)
    measured = f"{100 * np.mean(hits):.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
    return table.Row(
        f"{what}, {len(hits)} studies", measured, f"{100 * truth:g} %, binomial p > .001", p > 0.001
    )


def share_interval(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927)."""
    found = stats.binomtest(hits, of).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def published_rows(studies: Sequence[Study]) -> list[table.Row]:
    """Return how well the published means, SDs and F come back in the placebo and drug arms."""
    rows = []
    for kind, (mean, sd) in PUBLISHED.items():
        means = np.array([study.described[kind][0] for study in studies])
        sds = np.array([study.described[kind][1] for study in studies])
        told = "close others" if kind == "kind" else "strangers"
        rows.append(
            table.Row(
                f"{told}: mean and SD of participants, published {mean}, {sd}",
                f"{means.mean():.3f}, {sds.mean():.3f}",
                "mean within 0.03, SD within 0.03",
                bool(abs(means.mean() - mean) <= 0.03 and abs(sds.mean() - sd) <= 0.03),
            )
        )
    f = [
        stats.t.ppf(0.975, 79) ** 2 * (one.value / ((one.high - one.low) / 2)) ** 2
        for study in studies
        for one in study.found
        if one.what == "kind − stranger" and one.how.startswith("paired")
    ]
    low, high = np.percentile(f, [2.5, 97.5])
    rows.append(
        table.Row(
            f"close others against strangers: F, published {F_PUBLISHED}",
            f"median {np.median(f):.0f}, 95 % of studies {low:.0f} to {high:.0f}",
            "published one among them",
            bool(low <= F_PUBLISHED <= high),
        )
    )
    return rows


def both_ways(whole: Sequence[Study], drawn: Sequence[Study], told: str) -> list[table.Row]:
    """Return whether answers by way of sessions and logs are distributed as those drawn straight.

    Answers of one person are alike, so no test of single answers would do: the difference is held
    against that of as many studies, drawn straight, from all that were drawn.
    """
    points = np.arange(1, 8)

    def shares(studies: Sequence[Study]) -> Array:
        answers = np.concatenate([study.answers for study in studies])
        return np.array([(answers <= point).mean() for point in points])

    pool = shares(drawn)
    apart = float(np.abs(shares(whole) - pool).max())
    step = len(whole)
    groups = [drawn[start : start + step] for start in range(0, len(drawn) - step + 1, step)]
    usual = np.array([np.abs(shares(group) - pool).max() for group in groups])
    further = int((usual >= apart).sum())
    p = (1 + further) / (1 + len(groups))  # of a Monte Carlo test: never below what it resolves
    logs = np.concatenate([study.answers for study in whole])
    model = np.concatenate([study.answers for study in drawn])
    spread = np.std([np.mean(study.answers) for study in drawn], ddof=1)
    z = float((logs.mean() - model.mean()) / (spread / math.sqrt(len(whole))))
    return [
        table.Row(
            f"{told}: mean and SD of single answers, by way of {len(whole)} studies' logs "
            f"({len(logs)} answers) and straight ({len(model)})",
            f"{logs.mean():.3f}, {logs.std():.3f} and {model.mean():.3f}, {model.std():.3f}",
            "means within 3.3 SE",
            abs(z) < 3.3,
        ),
        table.Row(
            f"{told}: largest difference of the two cumulative distributions",
            f"{apart:.3f}; {further} of {len(groups)} groups of as many drawn studies lie further "
            f"off (half of them above {np.median(usual):.3f}), so p = {p:.3f}",
            "Monte Carlo p > .005",
            p > 0.005,
        ),
    ]


def estimates_rows(whole: Sequence[Study], what: str, how: str, told: str) -> list[table.Row]:
    """Return the estimates of the studies that went the whole way."""
    own = [one for study in whole for one in study.found if (one.what, one.how) == (what, how)]
    return [
        table.Row(
            f"{told}: estimates of whole studies, truth {one.truth:.3f}",
            f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]",
            "" if one.covers else "(one in 20 misses it)",
            None,
        )
        for one in own
    ]
