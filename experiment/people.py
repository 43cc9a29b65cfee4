"""Whom a participant can meet in a task of social feedback, and how much each was liked.

Ids and values only: photographs, names and texts stay in the profile set and in the kit. So do the
groups that a participant would like to meet, which may tell of their sexual orientation: what is
planned and logged has the ids of those who were offered, not which group they are of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """How much a participant liked a person."""

    profile_id: str
    value: int


@dataclass(frozen=True)
class People:
    """What plans and logs know of the profile set and of a participant's choices.

    Parameters
    ----------
    digest : str
        Of the profile set, which ties a log to what was shown.
    offered : tuple of str
        Everybody whom the participant may be asked about, in the set's order.
    faces : tuple of str
        Neutral faces, in the set's order.
    choices : tuple of Choice
        Made so far, each person once.
    everybody : tuple of str
        All people of the set but the neutral faces, in its order: who can play in a game.
    """

    digest: str
    offered: tuple[str, ...]
    faces: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    everybody: tuple[str, ...] = ()

    @property
    def values(self) -> Mapping[str, int]:
        """How much each person was liked, by id."""
        return {choice.profile_id: choice.value for choice in self.choices}

    @property
    def unrated(self) -> int:
        """How many of those who are offered have not been rated yet."""
        return sum(one not in self.values for one in self.offered)
