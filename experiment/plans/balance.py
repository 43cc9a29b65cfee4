"""How like the sets of messages are that a participant sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

from experiment.kit import KitIndex
from experiment.plans.deal import Deal, deal
from experiment.plans.measures import MEASURES, Measure, measured
from experiment.plans.sharing import Cell
from experiment.plans.shown import Shown
from experiment.protocol import Protocol, ReadingSpeed


@dataclass(frozen=True)
class SetName:
    """The messages of one condition in one run."""

    session: str
    task: str
    condition: str


@dataclass(frozen=True)
class Comparison:
    """Two sets of messages, compared.

    Parameters
    ----------
    measure : str
        ``characters`` or ``reading_ms``.
    sets : tuple of SetName
        The two of them.
    means : tuple of float
        Of each (characters or ms).
    smd : float or None
        Standardised mean difference, first minus second; None where it isn't defined.
    """

    measure: Measure
    sets: tuple[SetName, SetName]
    means: tuple[float, float]
    smd: float | None

    def beyond(self, limit: float) -> bool:
        """Whether the sets differ by more than a limit."""
        return self.smd is None or abs(self.smd) > limit


def balance(
    protocol: Protocol, kit: KitIndex, participant: str, shown: Sequence[Shown] = ()
) -> tuple[Comparison, ...]:
    """Compare the sets of messages that a participant would see.

    Compared are the conditions of each run with one another, and each condition between runs: the
    two sessions of a crossover.

    Parameters
    ----------
    protocol : Protocol
    kit : KitIndex
    participant : str
        Label; the deal depends on it.
    shown : sequence of Shown
        What earlier runs showed.

    Returns
    -------
    tuple of Comparison
        Two for each pair of sets, one per measure.
    """
    return compare(deal(protocol, kit, participant, shown), protocol.kit.reading)


def compare(dealt: Deal, speed: ReadingSpeed) -> tuple[Comparison, ...]:
    """Compare the sets of a deal; see `balance`."""
    values = {
        cell: tuple(zip(*(measured(message, speed) for message in messages), strict=True))
        for cell, messages in dealt.items()
        if messages
    }
    return tuple(
        Comparison(
            measure,
            (_name(a), _name(b)),
            (round(_mean(values[a][k]), 1), round(_mean(values[b][k]), 1)),
            smd(values[a][k], values[b][k]),
        )
        for a, b in combinations(values, 2)
        if (a.session, a.task) == (b.session, b.task) or a.condition == b.condition
        for k, measure in enumerate(MEASURES)
    )


def comparisons_of(
    comparisons: Iterable[Comparison], session: str, task: str
) -> tuple[Comparison, ...]:
    """Return the comparisons in which a run takes part."""
    return tuple(
        c for c in comparisons if any((s.session, s.task) == (session, task) for s in c.sets)
    )


def smd(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Return the standardised mean difference of two samples.

    ``(mean(first) - mean(second)) / sqrt((var(first) + var(second)) / 2)`` with sample variances:
    Cohen's d with the average variance, as balance is reported after matching (Austin 2009, Stat
    Med 28:3083). 0 for equal means whatever the variances; None where both variances are 0, or a
    sample has one value, and the means differ.
    """
    difference = _mean(first) - _mean(second)
    if difference == 0:
        return 0.0
    if len(first) < 2 or len(second) < 2:
        return None
    spread = sqrt((_variance(first) + _variance(second)) / 2)
    return round(difference / spread, 3) if spread else None


def _name(cell: Cell) -> SetName:
    return SetName(cell.session, cell.task, cell.condition)


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values)


def _variance(values: Sequence[int]) -> float:
    # Sums are whole numbers, and one division is exact to the last bit: the same everywhere.
    count, total = len(values), sum(values)
    return (count * sum(v * v for v in values) - total * total) / (count * (count - 1))
