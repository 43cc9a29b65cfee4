"""The columns that the events of a ball game have besides those of every task."""

from __future__ import annotations

from typing import Any

from analysis.throws import rounds_of, throw_rows
from experiment.readlog import SessionLog

COLUMNS = (
    *("holder", "throw", "thrower", "catcher", "thrower_id", "catcher_id"),
    *("chosen_by", "reminded", "excluded"),
)


def game_columns(log: SessionLog) -> dict[int, dict[str, Any]]:
    """Return what is to be said of a game's screens, by their steps; none if there is no game."""
    found: dict[int, dict[str, Any]] = {
        row.n: {"holder": screen["holder"]}
        for game in rounds_of(log)
        for row, screen in game.steps
        if screen["kind"] == "court"
    }
    for row in throw_rows(log):
        found[row.step] = {
            "throw": row.number,
            "thrower": row.thrower,
            "catcher": row.catcher,
            "thrower_id": row.thrower_id,
            "catcher_id": row.catcher_id,
            "chosen_by": row.chosen_by,
            "reminded": row.reminded,
            "excluded": row.excluded,
            "response_time": row.rt,
        }
    return found
