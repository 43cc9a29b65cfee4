"""Seeded chance that gives the same draws with every numpy version and on every machine.

numpy guarantees the raw stream of its bit generators for ever, but not the streams of
`Generator.shuffle` and its kin (NEP 19). So only raw 64-bit words are taken from numpy and the few
draws that a plan needs are made here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # every protocol needs `seed_from`, few who read one need dice
    import numpy as np

T = TypeVar("T")
_WORD = 2**64


class Dice:
    """Draws from a `numpy.random.Generator(PCG64)` that is passed in.

    Parameters
    ----------
    generator : numpy.random.Generator
        Its bit generator is the only source of chance.
    """

    def __init__(self, generator: np.random.Generator) -> None:
        self._bits = generator.bit_generator

    def below(self, n: int) -> int:
        """Return an integer in ``[0, n)``, without modulo bias."""
        if n < 1:
            raise ValueError(f"a die needs at least one side, got {n}")
        limit = _WORD - _WORD % n
        while True:
            word = int(self._bits.random_raw())
            if word < limit:
                return word % n

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return a number in ``[low, high)`` with 53 random bits."""
        return low + (high - low) * ((int(self._bits.random_raw()) >> 11) * 2.0**-53)

    def normal(self) -> float:
        """Return a standard normal draw (sum of twelve uniforms, exact in every C library)."""
        return sum(self.uniform() for _ in range(12)) - 6.0

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order (Fisher-Yates)."""
        result = list(items)
        for i in range(len(result) - 1, 0, -1):
            j = self.below(i + 1)
            result[i], result[j] = result[j], result[i]
        return result


def dice(seed: int, *purpose: str) -> Dice:
    """Return dice for one purpose, independent of the dice for any other purpose.

    Parameters
    ----------
    seed : int
        The session's or participant's seed, at least 0.
    *purpose : str
        Words that name what is drawn; they are hashed into the seed.
    """
    import numpy as np

    entropy = [seed, seed_from(*purpose)]
    return Dice(np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy))))


def seed_from(*words: str) -> int:
    """Return a 63-bit seed made from words (SHA-256), the same on every machine."""
    digest = hashlib.sha256("\x1f".join(words).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
