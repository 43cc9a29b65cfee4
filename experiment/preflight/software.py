"""The software, and the version with which the study is to be run."""

from __future__ import annotations

from experiment.preflight.line import Line
from experiment.version import VERSION


def judge_version(wanted: str | None, found: str = VERSION) -> Line:
    """Judge the version against the one that the study names, if it does."""
    values = {"found": found, "wanted": wanted}
    if wanted is None:
        return Line("version", "go", "free", values)
    return Line("version", *(("go", "right") if wanted == found else ("no-go", "other")), values)
