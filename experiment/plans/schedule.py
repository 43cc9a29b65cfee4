"""A schedule whose parts have fixed times: they fit, or it is said which don't."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from experiment.errors import BadInput
from experiment.protocol.social import BlockKind


@dataclass(frozen=True)
class Item:
    """A part of a run with its fixed time (s from the run's zero).

    Parameters
    ----------
    begins, ends : float
    name : str
        What it is, in words.
    block : int
        The block that it is, or belongs to.
    kind : str
        Of that block.
    part : str
        ``block``, ``uplift``, or the moment of a self-report.
    """

    begins: float
    ends: float
    name: str
    block: int
    kind: BlockKind
    part: str


def in_line(who: str, items: Iterable[Item], begins: float, ends: float) -> list[Item]:
    """Return items in the order of their times, if none overlaps another or the run's ends.

    Parameters
    ----------
    who : str
        Whose schedule it is, for the error.
    items : iterable of Item
    begins, ends : float
        What the schedule must lie within (s).

    Raises
    ------
    BadInput
        Naming the two parts that overlap, and by how much.
    """
    line = sorted(items, key=lambda item: (item.begins, item.ends))
    for before, after in pairwise(line):
        if after.begins < before.ends - 1e-6:
            raise BadInput(
                f"{who}: the {after.name} would begin at {after.begins:g} s, but the {before.name} "
                f"ends only at {before.ends:g} s, {before.ends - after.begins:g} s later; move a "
                "block, or give shorter or fewer self-reports (nothing is moved by itself)"
            )
    if line and line[0].begins < begins - 1e-6:
        raise BadInput(
            f"{who}: the {line[0].name} would begin at {line[0].begins:g} s, but the run is ready "
            f"only at {begins:g} s; let the first block begin {begins - line[0].begins:g} s later"
        )
    if line and line[-1].ends > ends + 1e-6:
        raise BadInput(
            f"{who}: the {line[-1].name} ends at {line[-1].ends:g} s, but the last screen comes at "
            f"{ends:g} s; lengthen timing.run by {line[-1].ends - ends:g} s or move a block"
        )
    return line
