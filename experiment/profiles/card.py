"""Whether a set's names and texts fit on the screens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from experiment.profiles.looks import look_of
from experiment.profiles.model import Profile
from experiment.profiles.reading import Entry, Problem
from experiment.steps import ProfileScale
from stimuli.contents import Contents, ScaleLook
from stimuli.painter import Painter
from stimuli.pictures import Style

SIZES = ((800, 600), (1280, 720), (1920, 1080))
"""Windows (px) in which the texts are tried."""
TEXT_SHARE = 0.033
"""Size of texts in units of the window's width: the example study's 1.1 degrees at its screen."""


def check_cards(table: Path, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Lay out the card of each profile whose row is complete.

    Parameters
    ----------
    table : Path
        The set's table, whose lines are named.
    entries : sequence of Entry
        Those whose pictures can be shown.
    """
    painters = [sample_painter(size, entries) for size in SIZES]
    for entry in entries:
        for (width, height), painter in zip(SIZES, painters, strict=True):
            try:
                painter.paint(ProfileScale(entry.profile_id, "liking", 1))
            except ValueError as error:
                yield Problem(table, entry.line, f"in a window of {width} x {height} px, {error}")
                break


def sample_painter(size: tuple[int, int], entries: Sequence[Entry]) -> Painter:
    """Return a painter with a set's profiles and sample texts around them."""
    looks = {
        entry.profile_id: look_of(
            Profile(entry.profile_id, entry.group, entry.name, entry.age, entry.text, entry.photo)
        )
        for entry in entries
        if entry.age is not None and entry.photo is not None
    }
    scale = ScaleLook("Does this person like you?", 1, 6, {1: "Definitely no", 6: "Definitely yes"})
    texts = {"confirm": "Move with the left and right keys, then press confirm"}
    contents = Contents(texts, {"liking": scale}, {}.__getitem__, profile=looks.__getitem__)
    return Painter(Style(size, round(TEXT_SHARE * size[0])), contents)
