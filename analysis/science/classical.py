"""The classical tests beside the models: on one number for each participant.

In a crossover of two periods the arms are compared by the two-sample test on period differences
(Hills and Armitage 1979): each participant's period 1 minus period 2, half of it, in one sequence
against the other. Carry-over can't be told from sequence there: it is shown, and decides nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.science.effects import (
    Array,
    Estimate,
    Size,
    noncentral_limits,
    one_sample,
    two_samples,
)
from analysis.science.models import Design, difference

if TYPE_CHECKING:
    from pandas import DataFrame, Series

BY_PERIODS = "two-sample test on period differences"
PAIRED = "paired test, periods ignored"
CARRY_OVER = "two-sample test on sums of both periods"
WELCH = "Welch's test on participants' means"
WITHIN = "paired test on participants' means"


@dataclass(frozen=True)
class Periods:
    """What the two periods of a crossover say about one outcome.

    Parameters
    ----------
    arm, paired, period, carry_over : Estimate or None
        None where too few participants have both periods.
    incomplete : tuple of str
        Participants with one period only; these tests leave them out, the model doesn't.
    """

    arm: Estimate | None
    paired: Estimate | None
    period: Estimate | None
    carry_over: Estimate | None
    incomplete: tuple[str, ...]


def of_periods(table: DataFrame, design: Design) -> list[tuple[str, Periods]]:
    """Compare the arms of a crossover for each kind of message and for their difference.

    Returns
    -------
    list of (str, Periods)
        With the kind, or the difference of two.
    """
    assert design.arms is not None
    if len(design.messages) == 1:
        return [(design.messages[0], period_differences(table, design.arms))]
    keys = ["participant", "period", "arm", "condition"]
    means = table.groupby(keys)["value"].mean().unstack("condition")
    outcomes = {(kind, f"{{}}: {kind}"): means[kind] for kind in design.messages}
    for first, other in design.contrasts:
        contrast = difference(first, other)
        outcomes[contrast, f"({{}}) × ({contrast})"] = means[first] - means[other]
    return [
        (about, period_differences(values.dropna().reset_index(name="value"), design.arms, told))
        for (about, told), values in outcomes.items()
    ]


def period_differences(table: DataFrame, arms: tuple[str, str], told: str = "{}") -> Periods:
    """Compare the arms of a crossover by each participant's period means.

    Parameters
    ----------
    table : DataFrame
        Answers to one question about one kind of message, with arm and period; or any other
        number for each participant and period.
    arms : (str, str)
        The first one is the reference.
    told : str
        How an estimate is called, with ``{}`` for what is compared.
    """
    means = table.groupby(["participant", "period"])["value"].mean().unstack("period")
    first = table[table["period"] == 1].groupby("participant")["arm"].first()
    both = means.dropna()
    both = both[both.index.isin(first.index)]
    if not {1, 2} <= set(both.columns):
        return Periods(None, None, None, None, tuple(map(str, means.index)))
    half = (both[1] - both[2]) / 2
    began = first.loc[both.index]
    reference, other = half[began == arms[0]], half[began == arms[1]]
    arm = told.format(difference(arms[1], arms[0]))
    order = difference(f"{arms[1]} first", f"{arms[0]} first")
    sign = np.where(began == arms[1], 1.0, -1.0)
    sums = both[1] + both[2]
    return Periods(
        arm=_of_differences(
            two_samples(arm, _array(reference), _array(other), BY_PERIODS, equal=True),
            len(reference),
            len(other),
        ),
        paired=one_sample(arm, 2 * _array(half) * sign, PAIRED),
        period=_of_differences(
            two_samples(
                told.format("period 2 − period 1"),
                _array(reference),
                -_array(other),
                BY_PERIODS,
                equal=True,
            ),
            len(reference),
            len(other),
        ),
        carry_over=two_samples(
            told.format(f"carry-over, {order}"),
            _array(sums[began == arms[0]]),
            _array(sums[began == arms[1]]),
            CARRY_OVER,
            equal=True,
        ),
        incomplete=tuple(sorted(map(str, set(means.index) - set(both.index)))),
    )


def _of_differences(one: Estimate | None, na: int, nb: int) -> Estimate | None:
    """Return a test of half differences with d_z, the effect by the SD of whole differences."""
    if one is None:
        return None
    half = math.sqrt(1 / na + 1 / nb) / 2
    low, high = noncentral_limits(one.t, one.df)
    return replace(one, size=Size("d_z", one.t * half, low * half, high * half))


def _array(series: Series[float]) -> Array:
    return series.to_numpy(dtype=float)


def groups(table: DataFrame, design: Design) -> list[Estimate]:
    """Compare the arms of parallel groups, for each kind of message and for their difference."""
    assert design.arms is not None
    means = person_means(table)
    arm_of = table.groupby("participant")["arm"].first()
    name = difference(design.arms[1], design.arms[0])
    outcomes = {
        (name if len(design.messages) == 1 else f"{name}: {message}"): means[message]
        for message in design.messages
    }
    for first, other in design.contrasts:
        contrast = difference(first, other)
        outcomes[f"({name}) × ({contrast})"] = means[first] - means[other]
    found = []
    for what, values in outcomes.items():
        whole = values.dropna()
        arms = [_array(whole[arm_of.loc[whole.index] == arm]) for arm in design.arms]
        found.append(two_samples(what, arms[0], arms[1], WELCH))
    return [one for one in found if one is not None]


def messages(table: DataFrame, design: Design) -> list[Estimate]:
    """Compare the kinds of message within participants, over all sessions."""
    means = person_means(table)
    found = []
    for first, other in design.contrasts:
        pairs = (means[first] - means[other]).dropna()
        found.append(one_sample(difference(first, other), _array(pairs), WITHIN))
    return [one for one in found if one is not None]


def person_means(table: DataFrame) -> DataFrame:
    """Return the mean of each participant (rows) for each kind of message (columns).

    Sessions count alike, however many answers each has.
    """
    by_session = table.groupby(["participant", "session", "condition"])["value"].mean()
    means: DataFrame = by_session.groupby(["participant", "condition"]).mean().unstack("condition")
    return means
