"""Effect sizes and intervals beside SciPy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.science.effects import correlation, noncentral_limits, one_sample, two_samples


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
