"""Ratios of what was measured side by side, round by round: what a machine does hits both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ratio:
    """Of one figure to another's, with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3g}, {self.low:.3g} to {self.high:.3g}"

    @property
    def interval(self) -> tuple[float, float]:
        """Both ends of the interval."""
        return self.low, self.high


def paired(one: Floats | Sequence[float], other: Floats | Sequence[float]) -> Ratio:
    """Return the median of the ratios of two figures, each pair of the same round.

    Parameters
    ----------
    one, other : array of float, shape (rounds,)
        Six rounds at least, or the interval is narrower than it says.
    """
    ratios = np.asarray(one, np.float64) / np.asarray(other, np.float64)
    return Ratio(float(np.median(ratios)), *_interval(ratios))


def _interval(values: Floats) -> tuple[float, float]:
    """Return the 95 % interval of a median, by the order statistics of its sample."""
    reach = 0.98 * np.sqrt(len(values))  # 1.96 standard deviations of a binomial with p = 1/2
    low, high = (len(values) / 2 + side * reach for side in (-1, 1))
    places = np.clip([np.floor(low), np.ceil(high)], 0, len(values) - 1).astype(int)
    below, above = np.sort(values)[places]
    return float(below), float(above)
