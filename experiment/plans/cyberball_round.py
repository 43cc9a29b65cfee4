"""A round of a ball game as it is planned: whom each player would throw to, and how soon."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiment.chance import Dice
from experiment.dose import YOU
from experiment.protocol.cyberball import Delays
from experiment.protocol.schedules import GameRound, Lists, Table
from experiment.spread import Spread


@dataclass(frozen=True)
class PlannedThrow:
    """What happens at a throw of the round, whoever has the ball then.

    Parameters
    ----------
    delay : float
        How long one of the others has the ball before the throw (s).
    automatic : int
        Where the ball goes if the participant has it and doesn't choose.
    to : tuple of int
        Whom each of the others, from player 1, throws to; empty where lists say it.
    """

    delay: float
    automatic: int
    to: tuple[int, ...]


@dataclass(frozen=True)
class Script:
    """All throws of a round.

    Parameters
    ----------
    first : int
        Who has the ball at first; 0 is the participant.
    throws : tuple of PlannedThrow
        As many as can be played at the most.
    lists : tuple of tuple of int
        Whom each of the others throws to, turn by turn; empty unless the protocol gives lists.
    excludes : bool
        Whether there comes a moment from which on nobody is to throw to the participant.
    """

    first: int
    throws: tuple[PlannedThrow, ...]
    lists: tuple[tuple[int, ...], ...]
    excludes: bool

    def target(self, number: int, holder: int, turn: int) -> int | None:
        """Return whom one of the others throws to; None if a list is used up.

        Parameters
        ----------
        number : int
            Of the throw in the round, from 1.
        holder : int
            Who has the ball, from 1.
        turn : int
            Which turn of the holder's it is, from 1.
        """
        if not self.lists:
            return self.throws[number - 1].to[holder - 1]
        turns = self.lists[holder - 1]
        return turns[turn - 1] if turn <= len(turns) else None

    def excluding(self, holder: int, thrown: int, turns: Sequence[int]) -> bool:
        """Whether the exclusion has begun: nobody is to throw to the participant any more.

        Parameters
        ----------
        holder : int
            Who has the ball.
        thrown : int
            How many throws have been made.
        turns : sequence of int
            How many turns each of the others has had.
        """
        if not self.excludes or holder == YOU:
            return False
        if not self.lists:
            return not any(YOU in throw.to for throw in self.throws[thrown:])
        left = (turns_of[had:] for turns_of, had in zip(self.lists, turns, strict=True))
        return not any(YOU in rest for rest in left)


def draw_script(
    game: GameRound,
    others: int,
    first: str,
    throws: int,
    delays: Delays,
    chance: Dice,
    *,
    excludes: bool,
) -> Script:
    """Draw a round.

    Parameters
    ----------
    game : GameRound
    others : int
        Players besides the participant.
    first : str
        ``participant`` or ``other``.
    throws : int
        As many as can be played at the most.
    delays : Delays
    chance : Dice
    excludes : bool
    """
    begins = YOU if first == "participant" else 1 + chance.below(others)
    spread = game.spread(others + 1, first, throws)
    receipts = _receipts(spread, throws, chance)
    lists = game.schedule.players if isinstance(game.schedule, Lists) else {}
    table = game.schedule.to if isinstance(game.schedule, Table) else None
    planned = []
    for to_you in receipts:
        delay, automatic = draw_delay(delays, chance), 1 + chance.below(others)
        if lists:
            to: tuple[int, ...] = ()
        elif table is not None:
            to = tuple(_by_share(table[player], chance) for player in range(1, others + 1))
        elif to_you:
            to = (YOU,) * others
        else:
            to = tuple(_another(player, others, chance) for player in range(1, others + 1))
        planned.append(PlannedThrow(delay, automatic, to))
    by_player = tuple(lists[player] for player in sorted(lists))
    return Script(begins, tuple(planned), by_player, excludes)


def draw_delay(delays: Delays, chance: Dice) -> float:
    """Return a time that a person takes (s, whole milliseconds)."""
    for _ in range(_TRIES):
        drawn = delays.median * math.exp(delays.log_sd * chance.normal())
        if delays.shortest <= drawn <= delays.longest:
            return round(drawn, 3)
    return delays.median


_TRIES = 100


def _receipts(spread: Spread | None, throws: int, chance: Dice) -> tuple[bool, ...]:
    drawn = () if spread is None else spread.drawn(chance)
    return (drawn + (False,) * throws)[:throws]


def _another(player: int, others: int, chance: Dice) -> int:
    """Return any of the others but the player."""
    to = 1 + chance.below(others - 1)
    return to + (to >= player)


def _by_share(row: Mapping[int, float], chance: Dice) -> int:
    drawn = chance.uniform() * sum(row.values())
    for to, share in sorted(row.items()):
        drawn -= share
        if drawn < 0:
            return to
    return max(to for to, share in row.items() if share > 0)
