"""The throws of a ball game, one by one, as a log tells them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from analysis.row_types import StepRow, ThrowRow
from analysis.runs import Run, runs_of
from analysis.tables import step_rows
from experiment.dose import YOU
from experiment.readlog import SessionLog

EXCLUSION = "exclusion_begins"
"""Marker of the flip from which on nobody throws to the participant any more."""


@dataclass(frozen=True)
class RoundSteps:
    """The screens of a round, in order.

    Parameters
    ----------
    run : Run
    number : int
        From 1.
    condition : str
    players : tuple of str
        Profile ids of the others, left to right.
    steps : list of (StepRow, dict)
        Each with its screen as the log has it.
    """

    run: Run
    number: int
    condition: str
    players: tuple[str, ...]
    steps: list[tuple[StepRow, dict[str, Any]]]


def rounds_of(log: SessionLog) -> Iterator[RoundSteps]:
    """Yield the rounds of a session's ball games that were begun."""
    tasks = log.header["protocol"]["tasks"]
    if all(tasks[task]["kind"] != "cyberball" for task in log.header["tasks"]):
        return
    rows = {row.n: row for row in step_rows(log)}
    for run in runs_of(log):
        screens = [
            (rows[event["n"]], event["step"]["screen"])
            for event in run.steps
            if event["step"]["screen"]["kind"] in ("court", "throw") and event["n"] in run.onsets
        ]
        for number, steps in groupby(screens, key=lambda step: step[0].block):
            found = list(steps)
            assert number is not None, "each screen of the game is of a round"
            condition = found[0][0].condition
            assert condition is not None, "each round has a condition"
            players = tuple(found[0][1]["players"])
            yield RoundSteps(run, number, condition, players, found)


def throw_rows(log: SessionLog) -> list[ThrowRow]:
    """Return one row per throw that was begun."""
    return [row for game in rounds_of(log) for row in _throws(game)]


def _throws(game: RoundSteps) -> Iterator[ThrowRow]:
    number, excluded = 0, False
    held: list[StepRow] = []  # screens since the ball came
    for i, (row, screen) in enumerate(game.steps):
        excluded = excluded or row.marker == EXCLUSION
        if screen["kind"] == "court":
            held.append(row)
            continue
        number += 1
        thrower, catcher = screen["thrower"], screen["catcher"]
        after = game.steps[i + 1][0] if i + 1 < len(game.steps) else None
        yield ThrowRow(
            task=row.task,
            run=row.run,
            round=game.number,
            condition=game.condition,
            number=number,
            thrower=thrower,
            catcher=catcher,
            thrower_id=_profile(game, thrower),
            catcher_id=_profile(game, catcher),
            chosen_by=_chosen_by(thrower, held),
            held_since=held[0].onset if held else None,
            rt=_reaction(held) if _chosen_by(thrower, held) == "participant" else None,
            reminded=any(one.marker == "reminder" for one in held),
            planned=row.planned,
            onset=row.onset,
            arrival=None if after is None else after.onset,
            excluded=excluded,
            step=row.n,
        )
        held = []


def _profile(game: RoundSteps, player: int) -> str | None:
    return None if player == YOU else game.players[player - 1]


def _chosen_by(thrower: int, held: list[StepRow]) -> str:
    if thrower != YOU:
        return "schedule"
    automatic = any(row.marker == "choice_automatic" for row in held)
    return "automatic" if automatic else "participant"


def _reaction(held: list[StepRow]) -> float | None:
    """Return the time from having the ball to the choice, reminder included (s)."""
    chose = next((row for row in held if row.confirmed), None)
    if chose is None or chose.rt is None or chose.onset is None or held[0].onset is None:
        return None
    return round(chose.onset + chose.rt - held[0].onset, 6)
