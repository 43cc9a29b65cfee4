"""A profile set on disk: loaded to be shown, or checked for all that is wrong."""

from __future__ import annotations

import hashlib
from pathlib import Path

from experiment.errors import BadInput
from experiment.files import canonical
from experiment.profiles.model import NeutralPhoto, Profile, ProfileSet
from experiment.profiles.photos import check_photos, photo_bytes
from experiment.profiles.reading import TABLE, Entry, Problem, read_entries

DEMO = Path(__file__).parents[2] / "stimuli" / "assets" / "profiles"
"""The demo set: 48 fictitious people, half of them women, and 8 neutral faces."""


def load_profiles(folder: Path) -> ProfileSet:
    """Load a profile set.

    Pictures are read for the digest, not decoded; that happens when screens are made.

    Raises
    ------
    BadInput
        With the first problem of the table or of a file that can't be read. `check_profiles` finds
        the rest.
    """
    entries, problems = read_entries(folder)
    if problems:
        raise BadInput(f"{problems[0]}{_more(len(problems) - 1, folder)}")
    digest = hashlib.sha256()
    profiles: list[Profile] = []
    neutral: list[NeutralPhoto] = []
    for entry in entries:
        photo, raw = _read(folder, entry)
        row = [entry.profile_id, entry.group, entry.name, entry.age, entry.text]
        digest.update(canonical([*row, hashlib.sha256(raw).hexdigest()]).encode())
        if entry.age is None:
            neutral.append(NeutralPhoto(entry.profile_id, photo))
        else:
            profiles.append(
                Profile(entry.profile_id, entry.group, entry.name, entry.age, entry.text, photo)
            )
    return ProfileSet(folder, digest.hexdigest(), tuple(profiles), tuple(neutral))


def check_profiles(folder: Path) -> tuple[Problem, ...]:
    """Return all that is wrong with a profile set, in the order of its table's lines.

    Raises
    ------
    BadInput
        If there is no table that could be checked.
    """
    from experiment.profiles.card import check_cards  # lays cards out: replay must not wait for Qt

    table = folder / TABLE
    entries, problems = read_entries(folder)
    of_photos = check_photos(table, entries)
    wrong = {problem.line for problem in (*problems, *of_photos)}
    sound = [entry for entry in entries if entry.line not in wrong and not entry.is_neutral]
    found = (*problems, *of_photos, *check_cards(table, sound))
    return tuple(sorted(found, key=lambda problem: problem.line or 0))


def _read(folder: Path, entry: Entry) -> tuple[Path, bytes]:
    photo = entry.photo
    if photo is None:  # told by read_entries
        raise AssertionError(entry.line)
    raw, wrong = photo_bytes(photo)
    if raw is None:
        raise BadInput(f"{folder / TABLE}:{entry.line}: {entry.label}: the picture {wrong}")
    return photo, raw


def _more(count: int, folder: Path) -> str:
    if count == 0:
        return ""
    return f" (and {count} more: run_session.py profiles check {folder})"
