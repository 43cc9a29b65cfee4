"""A set of profiles and its parts, and what may be known of them outside the set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

NEUTRAL = "neutral"
"""The group of faces for the baseline, which have neither name nor age nor text."""


@dataclass(frozen=True)
class Profile:
    """One person's profile. Name and text are private (a lab's own set may be of real people).

    Parameters
    ----------
    profile_id : str
        Opaque label: letters, digits, ``-`` and ``_``.
    group : str
        Label of the group that a participant may prefer, for example ``women``.
    name : str
    age : int
        Years.
    text : str
    photo : Path
        File of the picture.
    """

    profile_id: str
    group: str
    name: str = field(repr=False)
    age: int
    text: str = field(repr=False)
    photo: Path


@dataclass(frozen=True)
class NeutralPhoto:
    """A face without any expression, of the group `NEUTRAL`."""

    profile_id: str
    photo: Path


@dataclass(frozen=True)
class OwnProfile:
    """The participant's own profile, a part of their kit. Name and text are private."""

    name: str = field(repr=False)
    age: int
    text: str = field(repr=False)
    photo: Path = field(repr=False)


@dataclass(frozen=True)
class IndexedProfile:
    """What may be known of a profile outside its set."""

    profile_id: str
    group: str


@dataclass(frozen=True)
class ProfileIndex:
    """A profile set without names, ages, texts and pictures: who is in it, and in which group.

    Parameters
    ----------
    digest : str
        SHA-256 of the whole set (hex), pictures included, which ties a log to what was shown.
    profiles : tuple of IndexedProfile
        In the table's order, neutral faces included.
    """

    digest: str
    profiles: tuple[IndexedProfile, ...]

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Ids of each group, in the table's order; without the neutral faces."""
        found: dict[str, list[str]] = {}
        for profile in self.profiles:
            if profile.group != NEUTRAL:
                found.setdefault(profile.group, []).append(profile.profile_id)
        return {group: tuple(ids) for group, ids in found.items()}

    @property
    def neutral(self) -> tuple[str, ...]:
        """Ids of the neutral faces, in the table's order."""
        return tuple(p.profile_id for p in self.profiles if p.group == NEUTRAL)


@dataclass(frozen=True)
class ProfileSet:
    """All profiles of a folder.

    Parameters
    ----------
    folder : Path
    digest : str
        SHA-256 of the table's rows and the pictures' bytes (hex).
    profiles : tuple of Profile
        In the table's order.
    neutral : tuple of NeutralPhoto
        In the table's order.
    """

    folder: Path
    digest: str
    profiles: tuple[Profile, ...]
    neutral: tuple[NeutralPhoto, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Profile | NeutralPhoto]:
        """Profiles and neutral faces by their ids."""
        people: dict[str, Profile | NeutralPhoto] = {p.profile_id: p for p in self.profiles}
        return people | {face.profile_id: face for face in self.neutral}

    def index(self) -> ProfileIndex:
        """Return the set without anything private."""
        people = tuple(IndexedProfile(p.profile_id, p.group) for p in self.profiles)
        faces = tuple(IndexedProfile(p.profile_id, NEUTRAL) for p in self.neutral)
        return ProfileIndex(self.digest, people + faces)
