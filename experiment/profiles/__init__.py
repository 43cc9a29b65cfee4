"""Profile sets: people whom a participant may like, with photos, names, ages and texts.

A set is a folder; a study names it. It is the only place where names and texts are: everything
else refers to a profile by its opaque id.
"""

from experiment.profiles.looks import look_of, looks_of_set
from experiment.profiles.model import (
    NEUTRAL,
    IndexedProfile,
    NeutralPhoto,
    OwnProfile,
    Profile,
    ProfileIndex,
    ProfileSet,
)
from experiment.profiles.reading import Problem
from experiment.profiles.store import DEMO, check_profiles, load_profiles

__all__ = [
    "DEMO",
    "NEUTRAL",
    "IndexedProfile",
    "NeutralPhoto",
    "OwnProfile",
    "Problem",
    "Profile",
    "ProfileIndex",
    "ProfileSet",
    "check_profiles",
    "load_profiles",
    "look_of",
    "looks_of_set",
]
