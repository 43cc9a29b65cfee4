"""Other copies of a session that run at the same time."""

from __future__ import annotations

from collections.abc import Sequence

from experiment.preflight.line import Line
from experiment.running import Running


def judge_copies(running: Sequence[Running]) -> Line:
    """Judge whether another session of the study runs now.

    A warning: it may be in another room, which somebody is asked about. The same session twice is
    refused when it begins.
    """
    if not running:
        return Line("copies", "go", "alone")
    other = running[0]
    values = {"name": other.name, "since": other.since, "host": other.host, "process": other.pid}
    return Line("copies", "warning", "another", values)
