"""Estimates with 95 % intervals, effect sizes, and the classical tests.

Intervals of standardised effects come from the noncentral t distribution (Steiger and Fouladi
1997; Cumming and Finch 2001), those of correlations from Fisher's z.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

Array = npt.NDArray[np.float64]
LEVEL = 0.95
_TAIL = (1 - LEVEL) / 2
_FEWEST = 3  # values that a test needs
_FAR = 35.0
_ALIKE = 1e-9  # SD, in units of the scale, that is the arithmetic's own


@dataclass(frozen=True)
class Size:
    """A standardised effect.

    Parameters
    ----------
    name : str
        ``d_z`` (mean difference by the SD of differences), ``g`` (by the pooled SD, Hedges'
        correction).
    value, low, high : float
    """

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """An estimate with its 95 % interval.

    Parameters
    ----------
    what : str
        Of what, in words of the study.
    value, low, high : float
        In units of the scale.
    t : float
        The statistic behind `p`; a correlation's interval is not made of it, but is Fisher's.
    p : float
        Two-sided.
    df : float
        Degrees of freedom of the t distribution behind interval and p.
    n : int
        Participants.
    how : str
        Which method.
    size : Size or None
    """

    what: str
    value: float
    low: float
    high: float
    t: float
    p: float
    df: float
    n: int
    how: str
    size: Size | None = None


def from_t(
    what: str, value: float, error: float, df: float, n: int, how: str, size: Size | None = None
) -> Estimate:
    """Return an estimate from its standard error, with the t distribution of `df`."""
    reach = float(stats.t.ppf(1 - _TAIL, df)) * error
    t = value / error if error > 0 else math.copysign(math.inf, value) if value else 0.0
    p = float(2 * stats.t.sf(abs(t), df))
    return Estimate(what, value, value - reach, value + reach, t, p, df, n, how, size)


def one_sample(what: str, values: Sequence[float] | Array, how: str) -> Estimate | None:
    """Return the mean of differences, tested against 0; None below three, or if all are alike."""
    x = np.asarray(values, float)
    if len(x) < _FEWEST or x.std() < _ALIKE:
        return None
    error = float(x.std(ddof=1) / math.sqrt(len(x)))
    t, df = float(x.mean()) / error, len(x) - 1
    low, high = noncentral_limits(t, df)
    root = math.sqrt(len(x))
    size = Size("d_z", t / root, low / root, high / root)
    return from_t(what, float(x.mean()), error, df, len(x), how, size)


def mean_of(values: Sequence[float] | Array) -> Estimate | None:
    """Return a mean with its interval; None below three values."""
    x = np.asarray(values, float)
    if len(x) < _FEWEST:
        return None
    error = float(x.std(ddof=1) / math.sqrt(len(x)))
    return from_t("mean", float(x.mean()), error, len(x) - 1, len(x), "mean")


def two_samples(
    what: str, first: Sequence[float] | Array, second: Sequence[float] | Array, how: str,
    *, equal: bool = False
) -> Estimate | None:  # fmt: skip
    """Return the mean of `second` minus that of `first`; None where a group is too small.

    By Welch's test; by Student's, with one variance for both, if `equal`.
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    if min(len(a), len(b)) < _FEWEST or a.std() + b.std() < _ALIKE:
        return None
    va, vb = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    pooled = ((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / (len(a) + len(b) - 2)
    if equal:
        error, df = math.sqrt(pooled * (1 / len(a) + 1 / len(b))), float(len(a) + len(b) - 2)
    else:
        error = math.sqrt(va + vb)
        df = float((va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1)))
    difference = float(b.mean() - a.mean())
    size = _hedges(difference, math.sqrt(pooled), len(a), len(b))
    return from_t(what, difference, error, df, len(a) + len(b), how, size)


def correlation(
    what: str, x: Sequence[float] | Array, y: Sequence[float] | Array
) -> Estimate | None:
    """Return Pearson's r with the interval of Fisher's z; None below four pairs, or if constant."""
    a, b = np.asarray(x, float), np.asarray(y, float)
    if len(a) <= _FEWEST or min(a.std(), b.std()) < _ALIKE:
        return None
    r, p = map(float, stats.pearsonr(a, b))
    reach = float(stats.norm.ppf(1 - _TAIL)) / math.sqrt(len(a) - 3)
    inner = min(max(r, -1 + 1e-12), 1 - 1e-12)
    z, df = math.atanh(inner), len(a) - 2
    low, high = math.tanh(z - reach), math.tanh(z + reach)
    t = inner * math.sqrt(df / (1 - inner * inner))
    return Estimate(what, r, low, high, t, p, df, len(a), "Pearson's r")


def noncentral_limits(t: float, df: float) -> tuple[float, float]:
    """Return the noncentralities for which `t` lies at the upper and lower 2.5 %."""
    error = math.sqrt(1 + t * t / (2 * df))
    if abs(t) > _FAR:  # where the distribution function runs out of digits; normal to 1 %
        reach = float(stats.norm.ppf(1 - _TAIL)) * error
        return t - reach, t + reach
    spread = 6 * error

    def limit(share: float) -> float:
        def off(delta: float) -> float:
            below = float(special.nctdtr(df, delta, t))
            # Its series runs out of digits far from `t`, where it is 0 or 1.
            return (float(delta < t) if math.isnan(below) else below) - share

        return float(optimize.brentq(off, t - spread, t + spread, xtol=1e-6))

    return limit(1 - _TAIL), limit(_TAIL)


def _hedges(difference: float, sd: float, na: int, nb: int) -> Size:
    """Return Hedges' g; its correction is exact, by the gamma function (Hedges 1981)."""
    df = na + nb - 2
    root = math.sqrt(na * nb / (na + nb))
    low, high = noncentral_limits(difference / sd * root, df)
    exact = math.lgamma(df / 2) - math.lgamma((df - 1) / 2)
    correction = math.exp(exact) / math.sqrt(df / 2)
    return Size("g", *(correction * value for value in (difference / sd, low / root, high / root)))
