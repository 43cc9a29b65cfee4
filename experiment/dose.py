"""The dose of a ball game: how often the participant got the ball, and how long they went without.

The task keeps this tally as it plays, and an analysis keeps it again from the log.
"""

from __future__ import annotations

from dataclasses import dataclass

YOU = 0
"""The participant's number; the others count from 1, left to right."""


@dataclass(frozen=True)
class Dose:
    """What a round came to. Times are run-clock times or lengths (s).

    Parameters
    ----------
    round : int
        From 1.
    throws, receipts : int
        In all; to the participant.
    share : float or None
        Receipts by throws; None if nothing was thrown.
    exclusion_onset : float or None
        The flip from which on nobody throws to the participant any more, as planned.
    longest_without : float or None
        Longest time without the ball, from its leaving the participant (or the round's begin) to
        its coming back (or the round's end); None if the participant only looked on.
    reminders, automatic : int
        How often the participant was reminded, and how often the throw was made for them.
    matrix : tuple of tuple of int
        Throws by thrower (row) and catcher (column), the participant first.
    """

    round: int
    throws: int
    receipts: int
    share: float | None
    exclusion_onset: float | None
    longest_without: float | None
    reminders: int
    automatic: int
    matrix: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class GameResult:
    """What a run came to."""

    rounds: tuple[Dose, ...]


class Tally:
    """Counts along as a round is played. All times are run-clock times (s).

    Parameters
    ----------
    round_number : int
        From 1.
    players : int
        The participant included.
    watching : bool
        Whether the participant only looks on.
    """

    def __init__(self, round_number: int, players: int, *, watching: bool) -> None:
        self._number = round_number
        self._matrix = [[0] * players for _ in range(players)]
        self._watching = watching
        self._without_since: float | None = None
        self._longest = 0.0
        self._exclusion: float | None = None
        self._reminders = 0
        self._automatic = 0

    def begun(self, t: float, holder: int) -> None:
        """Take note of the round's first flip, and of who has the ball."""
        self._without_since = None if holder == YOU else t

    def reminded(self) -> None:
        """Take note of a reminder."""
        self._reminders += 1

    def thrown_for_you(self) -> None:
        """Take note that a throw of the participant's was made for them."""
        self._automatic += 1

    def thrown(self, thrower: int, catcher: int, left: float, came: float) -> None:
        """Take note of a throw, of when the ball left and when it came."""
        self._matrix[thrower][catcher] += 1
        if thrower == YOU:
            self._without_since = left
        if catcher == YOU:
            self._measure(came)
            self._without_since = None

    def excluded(self, t: float) -> None:
        """Take note that nobody throws to the participant from now on."""
        self._exclusion = t

    def over(self, t: float) -> Dose:
        """Return what the round came to that ended now."""
        self._measure(t)
        throws = sum(map(sum, self._matrix))
        receipts = sum(row[YOU] for row in self._matrix)
        return Dose(
            round=self._number,
            throws=throws,
            receipts=receipts,
            share=round(receipts / throws, 6) if throws else None,
            exclusion_onset=self._exclusion,
            longest_without=None if self._watching else round(self._longest, 6),
            reminders=self._reminders,
            automatic=self._automatic,
            matrix=tuple(map(tuple, self._matrix)),
        )

    def _measure(self, t: float) -> None:
        if self._without_since is not None:
            self._longest = max(self._longest, t - self._without_since)
