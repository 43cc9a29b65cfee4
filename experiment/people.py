"""Whom a participant can meet in a task of social feedback, and how much each was liked.

Ids, groups and values only: photographs, names and texts stay in the profile set and in the kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from experiment.profiles import ProfileIndex


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
    profiles : ProfileIndex
    groups : tuple of str
        Groups that the participant would like to meet; empty for all.
    choices : tuple of Choice
        Made so far, each person once.
    """

    profiles: ProfileIndex
    groups: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()

    @property
    def preferred(self) -> tuple[str, ...]:
        """Everybody whom the participant may be asked about, in the set's order."""
        groups = self.profiles.groups
        return tuple(
            one
            for group in groups
            if not self.groups or group in self.groups
            for one in groups[group]
        )

    @property
    def values(self) -> Mapping[str, int]:
        """How much each person was liked, by id."""
        return {choice.profile_id: choice.value for choice in self.choices}
