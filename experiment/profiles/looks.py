"""How a set's profiles look: its people, brought to the stimuli room."""

from __future__ import annotations

from collections.abc import Callable

from experiment.profiles.model import NeutralPhoto, OwnProfile, Profile, ProfileSet
from stimuli.contents import ProfileLook


def look_of(
    person: Profile | NeutralPhoto | OwnProfile, language: str | None = None
) -> ProfileLook:
    """Return what a person's profile says and shows.

    Parameters
    ----------
    person : Profile, NeutralPhoto or OwnProfile
    language : str or None
        Language tag of the names and texts; the study's own if None.
    """
    if isinstance(person, NeutralPhoto):
        return ProfileLook("", None, "", person.photo, language)
    return ProfileLook(person.name, person.age, person.text, person.photo, language)


def looks_of_set(profiles: ProfileSet, language: str | None = None) -> Callable[[str], ProfileLook]:
    """Return how to look up a profile by its id: what `Contents` takes as `profile`.

    What is returned raises `KeyError` for an id that the set doesn't have.
    """
    people = profiles.by_id
    return lambda profile_id: look_of(people[profile_id], language)
