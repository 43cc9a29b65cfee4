"""Whether a set's names and texts fit on the screens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from experiment.profiles.looks import look_of
from experiment.profiles.model import Profile
from experiment.profiles.reading import Entry, Problem
from stimuli.contents import Contents
from stimuli.painter import Painter
from stimuli.pictures import Style

SIZE = (1280, 720)
"""Window (px) in which texts are tried; others of 4:3 to 16:9 have at least as much room for them,
since sizes follow from the window's width."""
TEXT_SHARE = 0.033
"""Size of texts in units of the window's width: the example study's 1.1 degrees on its screen."""


def check_cards(table: Path, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Lay out the card of each profile.

    Parameters
    ----------
    table : Path
        The set's table, whose lines are named.
    entries : sequence of Entry
        Those whose row and picture are right.
    """
    painter = sample_painter(entries, SIZE)
    for entry in entries:
        try:
            painter.card_of_profile(entry.profile_id)
        except ValueError as error:
            yield Problem(table, entry.line, f"in a window of {SIZE[0]} x {SIZE[1]} px, {error}")


def sample_painter(people: Sequence[Entry], size: tuple[int, int]) -> Painter:
    """Return a painter of cards, in sizes as in the example study."""
    looks = {
        one.profile_id: look_of(
            Profile(one.profile_id, one.group, one.name, one.age, one.text, one.photo)
        )
        for one in people
        if one.age is not None and one.photo is not None
    }
    contents = Contents({}, {}, _no_message, profile=looks.__getitem__)
    return Painter(Style(size, round(TEXT_SHARE * size[0])), contents)


def _no_message(message_id: str) -> tuple[str, str]:
    raise KeyError(message_id)
