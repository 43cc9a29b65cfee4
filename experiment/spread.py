"""Where in a game the participant gets the ball: random places under rules, each way as likely.

Only combinatorics, so that a protocol can be checked with it and a plan be made with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from experiment.chance import Dice

_State: TypeAlias = tuple[int, int]  # receipts in this stretch, throws since the last receipt


@dataclass(frozen=True)
class Spread:
    """The rules by which receipts are spread over the throws of a game.

    Whoever has got the ball throws next and can't throw to himself, so no two receipts follow each
    other.

    Parameters
    ----------
    throws : int
        In all; a multiple of `stretch`.
    stretch : int
        So many throws have exactly `receipts` receipts, and so have the next ones.
    receipts : int
    longest_without : int or None
        The most throws in a row of which none goes to the participant.
    has_ball : bool
        Whether the participant has the ball at first.
    """

    throws: int
    stretch: int
    receipts: int
    longest_without: int | None = None
    has_ball: bool = False

    @property
    def possible(self) -> bool:
        """Whether there is any way to keep all rules."""
        return _ways(self)[0][0, 0] > 0

    def drawn(self, chance: Dice) -> tuple[bool, ...]:
        """Return for each throw whether it goes to the participant; each way is equally likely.

        Raises
        ------
        ValueError
            If there is no way to keep all rules.
        """
        ways = _ways(self)
        if not ways[0][0, 0]:
            raise ValueError("no way to spread the receipts")
        state, receipts = (0, 0), []
        for place in range(self.throws):
            moves = self._moves(place, state)
            to_you = ways[place + 1][moves[True]] if True in moves else 0
            receipts.append(chance.uniform() < to_you / ways[place][state])
            state = moves[receipts[-1]]
        return tuple(receipts)

    def _moves(self, place: int, state: _State) -> dict[bool, _State]:
        """Return what the next throw may be, to the participant or not, and what it leads to."""
        received, since = state
        free = not self.has_ball if place == 0 else since > 0
        moves: dict[bool, _State] = {}
        if free and received < self.receipts:
            moves[True] = (received + 1, 0)
        if self.longest_without is None:
            moves[False] = (received, 1)
        elif since < self.longest_without:
            moves[False] = (received, since + 1)
        if (place + 1) % self.stretch == 0:
            return {to: (0, gap) for to, (n, gap) in moves.items() if n == self.receipts}
        return moves


@lru_cache(maxsize=128)
def _ways(spread: Spread) -> tuple[Mapping[_State, int], ...]:
    """Return in how many ways a game can go on from each place in each state."""
    states: list[set[_State]] = [{(0, 0)}]
    for place in range(spread.throws):
        here = (spread._moves(place, state).values() for state in states[-1])
        states.append({state for found in here for state in found})
    after: Mapping[_State, int] = dict.fromkeys(states[-1], 1)
    ways = [after]
    for place in reversed(range(spread.throws)):
        after = {
            state: sum(after[to] for to in spread._moves(place, state).values())
            for state in states[place]
        }
        ways.append(after)
    return tuple(reversed(ways))
