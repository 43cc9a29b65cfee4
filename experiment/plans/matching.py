"""Making the sets of messages that a participant sees alike.

Sets are alike if their means are: of length and reading time, of the squares of both (so the spread
is alike too), and of how often each writer comes up. Everything is counted in whole numbers, so
that every machine finds the same sets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isqrt, lcm

from experiment.kit import IndexedMessage
from experiment.plans.measures import measured
from experiment.protocol import ReadingSpeed

_SWEEPS = 50  # far more than were ever needed; each makes the sets more alike, or is the last

Vector = tuple[int, ...]


def features(messages: Sequence[IndexedMessage], speed: ReadingSpeed) -> dict[str, Vector]:
    """Return what is matched of each message, by its id.

    Standard scores of length and reading time in thousandths, and half of the squares of the
    scores, likewise.
    """
    values = zip(*(measured(message, speed) for message in messages), strict=True)
    scores = [_standard_scores(column) for column in values]
    return {
        message.message_id: (*z, *(score * score // 2000 for score in z))
        for message, z in zip(messages, zip(*scores, strict=True), strict=True)
    }


def _standard_scores(values: Sequence[int]) -> list[int]:
    count, total = len(values), sum(values)
    spread = isqrt(count * sum(v * v for v in values) - total * total)  # SD times count
    return [1000 * (v * count - total) // spread if spread else 0 for v in values]


class Sets:
    """Sets of messages, each with a reserve that it may swap with.

    Parameters
    ----------
    sets : sequence of sequence of IndexedMessage
        No message in two of them. Each is of one condition, and not empty.
    fixed : sequence of sequence of IndexedMessage
        Likewise, but nothing is swapped in them: the others are made like them.
    reserve : sequence of IndexedMessage
        Messages that are in none.
    speed : ReadingSpeed
    """

    def __init__(
        self,
        sets: Sequence[Sequence[IndexedMessage]],
        fixed: Sequence[Sequence[IndexedMessage]],
        reserve: Sequence[IndexedMessage],
        speed: ReadingSpeed,
    ) -> None:
        # The reserve is the last one: it takes part in swaps and in nothing else.
        self._sets = [list(messages) for messages in (*sets, *fixed, reserve)]
        self._reserve = len(self._sets) - 1
        self._free = (*range(len(sets)), self._reserve)
        everything = [message for messages in self._sets for message in messages]
        self._features = features(everything, speed)
        whole = lcm(*(len(messages) for messages in self._sets[:-1]))
        self._weight = [
            whole // len(messages) for messages in self._sets[:-1]
        ]  # mean = weight * sum / whole
        self._writers = [Counter(m.writer_id for m in messages) for messages in self._sets]
        self._sums = [
            [
                sum(column)
                for column in zip(*(self._features[m.message_id] for m in ms), strict=True)
            ]
            for ms in self._sets[:-1]
        ]

    @property
    def result(self) -> list[list[IndexedMessage]]:
        """The sets as they are now, without the fixed ones and the reserve."""
        return [list(self._sets[a]) for a in self._free[:-1]]

    def cost(self) -> tuple[int, int]:
        """Return how unlike the sets are: in their writers, which counts first; in features.

        Each is the sum over all pairs of sets of the squared differences of their means, times a
        constant.
        """
        writers = sorted({writer for count in self._writers[:-1] for writer in count})
        by_writer = [[count[writer] for writer in writers] for count in self._writers[:-1]]
        return self._unlike(by_writer), self._unlike(self._sums)

    def _unlike(self, sums: Sequence[Sequence[int]]) -> int:
        # With n numbers, the squared differences of all pairs add up to n * sum(x²) - sum(x)².
        unlike = 0
        for column in zip(*sums, strict=True):
            means = [w * s for w, s in zip(self._weight, column, strict=True)]
            unlike += len(means) * sum(m * m for m in means) - sum(means) ** 2
        return unlike

    def match(self) -> None:
        """Swap messages as long as that makes the sets more alike.

        Writers go on sharing as they did: who gives one more and who one less may change places.
        """
        for _ in range(_SWEEPS):
            if not any([self._improve(a, i) for a, i in self._places()]):
                return

    def _places(self) -> list[tuple[int, int]]:
        return [(a, i) for a in self._free[:-1] for i in range(len(self._sets[a]))]

    def _improve(self, a: int, i: int) -> bool:
        """Make the best swap for one place of a set, if one makes the sets more alike."""
        best, found = (0, 0), None
        for b in self._free:
            if b == a:
                continue
            for j in range(len(self._sets[b])):
                if self._may_swap(a, i, b, j):
                    gain = self._gain(a, i, b, j)
                    if gain < best:
                        best, found = gain, (b, j)
        if found is None:
            return False
        self._swap(a, i, *found)
        return True

    def _may_swap(self, a: int, i: int, b: int, j: int) -> bool:
        mine, other = self._sets[a][i], self._sets[b][j]
        if mine.condition != other.condition:
            return False
        if mine.writer_id == other.writer_id:
            return True
        here, there = self._writers[a], self._writers[b]
        keeps = here[mine.writer_id] == here[other.writer_id] + 1
        return keeps and (b == self._reserve or there[other.writer_id] == there[mine.writer_id] + 1)

    def _gain(self, a: int, i: int, b: int, j: int) -> tuple[int, int]:
        """Return how a swap would change the cost; less than (0, 0) is better."""
        mine, other = self._sets[a][i], self._sets[b][j]
        change = [(a, 1)] if b == self._reserve else [(a, 1), (b, -1)]
        writers = 0
        if mine.writer_id != other.writer_id:
            for writer, sign in ((mine.writer_id, -1), (other.writer_id, 1)):
                column = [count[writer] for count in self._writers[:-1]]
                writers += self._moved(column, change, sign)
        differences = zip(
            self._features[other.message_id], self._features[mine.message_id], strict=True
        )
        looks = sum(
            self._moved([sums[k] for sums in self._sums], change, new - old)
            for k, (new, old) in enumerate(differences)
            if new != old
        )
        return writers, looks

    def _moved(self, column: Sequence[int], change: list[tuple[int, int]], by: int) -> int:
        """Return how one column's part of the cost changes if some of its sums do."""
        total = sum(w * s for w, s in zip(self._weight, column, strict=True))
        squares = step = 0
        for where, sign in change:
            weight = self._weight[where]
            old, new = weight * column[where], weight * (column[where] + sign * by)
            squares += new * new - old * old
            step += new - old
        return len(column) * squares - (2 * total * step + step * step)

    def _swap(self, a: int, i: int, b: int, j: int) -> None:
        mine, other = self._sets[a][i], self._sets[b][j]
        self._sets[a][i], self._sets[b][j] = other, mine
        for where, gone, come in ((a, mine, other), (b, other, mine)):
            self._writers[where][gone.writer_id] -= 1
            self._writers[where][come.writer_id] += 1
            if where < len(self._sums):
                self._sums[where] = [
                    total - old + new
                    for total, old, new in zip(
                        self._sums[where],
                        self._features[gone.message_id],
                        self._features[come.message_id],
                        strict=True,
                    )
                ]
