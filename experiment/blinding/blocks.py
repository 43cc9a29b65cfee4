"""Permuted blocks, stratified: which sequence each slot gets."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Protocol as Interface
from typing import TypeVar

from experiment.protocol import Design

T = TypeVar("T")


class Die(Interface):
    """What drawing needs; `experiment.chance.Dice` is one."""

    def below(self, n: int) -> int:
        """Return an integer in ``[0, n)``, each as likely as any other."""
        ...

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order, each order as likely as any other."""
        ...


class SecretDice:
    """Draws from the system's own source of chance, which nobody can repeat or foresee.

    All else in this software is drawn from seeds, so that it can be done again; an allocation must
    not be, for whoever knew the seed would know every arm.
    """

    def below(self, n: int) -> int:
        """Return an integer in ``[0, n)``."""
        return secrets.randbelow(n)

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order."""
        return secrets.SystemRandom().sample(items, len(items))


def draw_stratum(design: Design, die: Die) -> list[str]:
    """Draw the sequences of one stratum's slots, in the order in which slots are given out.

    Block by block: a size is drawn from the design's, then an order of its sequences, each equally
    often. The last block is whole, so there are at least `design.slots`.

    Parameters
    ----------
    design : Design
    die : Die

    Returns
    -------
    list of str
        ``AB`` or ``BA`` (crossover), ``A`` or ``B`` (parallel).
    """
    drawn: list[str] = []
    while len(drawn) < design.slots:
        size = design.block_sizes[die.below(len(design.block_sizes))]
        block = design.sequences * (size // len(design.sequences))
        drawn += die.shuffled(block)
    return drawn


def draw(design: Design, die: Die) -> dict[str, list[str]]:
    """Draw the sequences of every stratum, each independent of the others."""
    return {stratum: draw_stratum(design, die) for stratum in design.stratum_names}
