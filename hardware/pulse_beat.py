"""Which of a scan's pulses are stamped far from their place in the beat."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass
from statistics import median

_FAR = (0.025, 0.02)  # s and TR, added: so far off is told
_UNFOLLOWED = 0.015  # of a TR, by which the true one may be another
_JUDGED_BY = 5  # pulses by which a pulse's place is judged


@dataclass(frozen=True)
class FarOff:
    """Pulses (s, volume) that are far from their place, and how far the furthest is (s)."""

    pulses: tuple[tuple[float, int], ...]
    furthest: float


class Beat:
    """Judges the pulses of volumes, one after the other: a box, or a machine that is too busy.

    Neither by the grid alone, which follows another TR with some delay, nor by the neighbours
    alone: a pulse is far off if it is by both.
    """

    def __init__(self) -> None:
        # The first pulses, until they are judged together: the very first is the run's zero.
        self._first: list[tuple[float, int]] | None = []
        self._offs: deque[tuple[int, float]] = deque(maxlen=_JUDGED_BY)  # volume, off

    def restart(self) -> None:
        """Forget what came before: from here on, the beat is another one."""
        self._first = None
        self._offs.clear()

    def take(self, t: float, volume: int, off: float, tr: float) -> FarOff | None:
        """Take a volume's pulse and return what is far off, if anything is.

        Parameters
        ----------
        t : float
            (s)
        volume : int
        off : float
            Its distance from the grid that has followed the pulses so far (s).
        tr : float
            As measured so far (s).
        """
        limit = _FAR[0] + _FAR[1] * tr
        before = list(self._offs)
        if self._first != []:  # the very first one is where the grid begins
            self._offs.append((volume, off))
        if self._first is not None:
            self._first.append((t, volume))
            if len(self._first) <= _JUDGED_BY:
                return None
            first, self._first = self._first, None
            return _far_off(first, tr, limit)
        if len(before) < _JUDGED_BY:
            return None
        n, latest = before[-1]
        by_last = off - median(value for _, value in before)
        away = [by_last]
        # By the trend of the last two, which is soon right, and that of all, which jitter cannot
        # throw far where volumes are missing.
        for m, earlier in (before[-2], before[0]):
            away.append(off - latest - (latest - earlier) / (n - m) * (volume - n))
        # While volumes are missing the grid can't follow a TR that is a little another one.
        if min(map(abs, away)) <= limit + _UNFOLLOWED * tr * (volume - n - 1):
            return None
        return FarOff(((t, volume),), by_last)


def _far_off(pulses: list[tuple[float, int]], tr: float, limit: float) -> FarOff | None:
    """Return which of some pulses are far from where all of them have the beat."""
    step = median((b - a) / (n - m) for (a, m), (b, n) in itertools.pairwise(pulses))
    by_tr, by_step = (_away(pulses, unit) for unit in (tr, step))
    far = [
        (pulse, away)
        for pulse, away, also in zip(pulses, by_tr, by_step, strict=True)
        if min(abs(away), abs(also)) > limit
    ]
    if not far:
        return None
    furthest = max((away for _, away in far), key=abs)
    return FarOff(tuple(pulse for pulse, _ in far), furthest)


def _away(pulses: list[tuple[float, int]], unit: float) -> list[float]:
    rest = [t - volume * unit for t, volume in pulses]
    middle = median(rest)
    return [r - middle for r in rest]
