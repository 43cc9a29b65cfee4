"""Ball games for tests: the preset's, and some made up with a schedule; what holds of any."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from benchmarks.games import Played, a_game, changed, throws
from experiment.dose import YOU
from experiment.plans.cyberball import CyberballPlan
from experiment.protocol import LabCyberball, ScannerCyberball

LAB = a_game("included", LabCyberball)
OUT = a_game("excluded", LabCyberball)
SCAN = a_game("scanincluded", ScannerCyberball)
SCANOUT = a_game("scanexcluded", ScannerCyberball)
WATCH = a_game("scanwatch", ScannerCyberball)
FAST = settings(max_examples=12, deadline=None)
seeds = st.integers(0, 2**32)
STARTS = ("round_begins", "exclusion_begins")


def game(condition: str = "included", **schedule: Any) -> Any:
    """Return a lab game of 30 throws, or so many, with a schedule and so many players."""
    others, first = schedule.pop("others", 2), schedule.pop("first", "other")
    made = {"condition": condition, "throws": schedule.pop("throws", 30), "schedule": schedule}
    players = {"count": others, "among": None}
    return changed(LAB, rounds=[made], players=players, first=first, lobby=None)


def receipts(played: Played) -> list[int]:
    """Return the numbers of the throws that went to the participant."""
    return [i for i, (_, to, _) in enumerate(throws(played), start=1) if to == YOU]


def within(plan: CyberballPlan, dose: Any) -> None:
    """Check what a round came to against what was foreseen of it."""
    foreseen = plan.trials[dose.round - 1].foreseen
    assert foreseen.fewest_throws <= dose.throws <= foreseen.most_throws
    assert foreseen.fewest_receipts <= dose.receipts <= foreseen.most_receipts
    for share in foreseen.shares:
        got = sum(row[share.player] for row in dose.matrix) / dose.throws
        assert share.lowest - 1e-6 <= got <= share.highest + 1e-6
    assert all(dose.matrix[i][i] == 0 for i in range(len(dose.matrix)))
    if plan.limit is not None and not plan.trials[dose.round - 1].watching:
        assert sum(share.share for share in foreseen.shares) == pytest.approx(1, abs=0.2)
