"""Cyberball: what 4,000 games come to, and the ball in flight in a real window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from analysis.replay import verify
from analysis.tables import marker_rows, step_rows
from analysis.throws import throw_rows
from analysis.timing import measure
from benchmarks.games import FRAME, a_game, changed, planned, play, throws
from benchmarks.session import bare_loop, sleeping_loop
from benchmarks.table import Row, at_most, beside
from experiment.chance import dice
from experiment.dose import YOU
from experiment.examples import make_study
from experiment.plans.cyberball_foresight import Foresight
from experiment.protocol import LabCyberball, ScannerCyberball
from experiment.protocol.schedules import Fair
from experiment.readlog import SessionLog, read_log
from experiment.session import SessionRequest, prepare, run
from stimuli.virtual_display import some_display

SEEDS = 4000
_LONGEST = 6  # throws
_DROPPED = 1.2  # frames
_GAMES = 4  # in a window: in one alone, a single frame is more than 0.09 %
_BESIDE = 20.0  # s of each loop that stands beside them


def shares() -> list[Row]:
    """Play 4,000 games of each schedule through, with a participant who throws to anybody."""
    weighted = {"of": 30, "longest_without": _LONGEST}
    scheduled: dict[str, dict[str, Any]] = {
        "fair play, 10 of 30": {"kind": "fair", **weighted},
        "over-inclusion, 13 of 30": {"kind": "over_inclusion", "receipts": 13, **weighted},
        "partial exclusion, 4 of 30": {
            **{"kind": "partial_exclusion", "receipts": 4, "of": 30, "longest_without": None},
        },
        "ostracism, 2 of the first 8 of 30": {"kind": "ostracism", "receipts": 2, "within": 8},
    }
    rows = [_exact(name, schedule) for name, schedule in scheduled.items()]
    rows += [_listed(), _timed()]
    for p in (1 / 2, 1 / 3):
        rows += _random(p)
    return rows


def _exact(name: str, schedule: dict[str, Any]) -> Row:
    """Count the games whose share isn't the planned one, or that break a rule."""
    spec, wrong = _game(schedule), 0
    for seed in range(SEEDS):
        plan = planned(spec, seed)
        played = play(plan, dice(seed, "participant"))
        (dose,) = played.doses
        begun = next(outcome.onset for step, outcome in played.steps if step.block == 1)
        foreseen = plan.trials[0].foreseen
        as_planned = dose.share == foreseen.shares[YOU].share
        shares = (
            sum(row[one.player] for row in dose.matrix) / dose.throws for one in foreseen.shares
        )
        within = all(
            one.lowest - 1e-6 <= share <= one.highest + 1e-6
            for one, share in zip(foreseen.shares, shares, strict=True)
        )
        wrong += not (as_planned and within and _in_time(dose.exclusion_onset, begun, foreseen))
    return at_most(f"{name}: games that break their schedule, of {SEEDS}", wrong, 0, "")


def _listed() -> Row:
    """Count the games in which somebody does not follow their list, or the exclusion is wrong."""
    lists = {1: (0, *[2] * 15), 2: (1, 0, *[1] * 15)}
    spec = _game({"kind": "lists", "players": lists, "excludes": True}, throws=24)
    wrong = 0
    for seed in range(SEEDS):
        plan = planned(spec, seed)
        played = play(plan, dice(seed, "participant"))
        (dose,) = played.doses
        begun = next(outcome.onset for step, outcome in played.steps if step.block == 1)
        made = {player: [b for a, b, _ in throws(played) if a == player] for player in lists}
        follows = all(made[player] == list(lists[player][: len(made[player])]) for player in lists)
        foreseen = plan.trials[0].foreseen
        in_time = _in_time(dose.exclusion_onset, begun, foreseen)
        wrong += not (follows and in_time and dose.receipts == 2)
    return at_most(
        f"lists, 2 receipts of 24: games that break their lists, of {SEEDS}", wrong, 0, ""
    )


def _timed() -> Row:
    """Count the rounds in the scanner that break their stretches, their span or their end."""
    spec, wrong = a_game("scanincluded", ScannerCyberball), 0
    fair = spec.rounds[0].schedule
    assert isinstance(fair, Fair)
    one_round = changed(spec, rounds=[spec.rounds[0].model_dump()], lobby=None)
    for seed in range(SEEDS):
        plan = planned(one_round, seed)
        played = play(plan, dice(seed, "participant"))
        (dose,), (block,) = played.doses, plan.blocks
        foreseen = plan.trials[0].foreseen
        to_you = [b == YOU for _, b, _ in throws(played)]
        stretches = range(0, len(to_you) - fair.of + 1, fair.of)
        whole = all(3 * sum(to_you[i : i + fair.of]) == fair.of for i in stretches)
        within = foreseen.fewest_receipts <= dose.receipts <= foreseen.most_receipts
        over = next(o.offset for step, o in reversed(played.steps) if step.block == 1)
        wrong += not (whole and within and abs(over - block.ends) <= FRAME)
    return at_most(
        f"fair play, timed round in the scanner: rounds that break it, of {SEEDS}", wrong, 0, ""
    )


def _in_time(onset: float | None, begun: float, foreseen: Foresight) -> bool:
    if foreseen.earliest_exclusion is None or onset is None:
        return onset is None and foreseen.earliest_exclusion is None
    assert foreseen.latest_exclusion is not None, "the preset's choice has a limit"
    return foreseen.earliest_exclusion <= onset - begun <= foreseen.latest_exclusion


def _random(p: float) -> list[Row]:
    """Compare the mean share of a table of throws with the planned one."""
    spec = _game({"kind": "table", "to": {1: {0: p, 2: 1 - p}, 2: {0: p, 1: 1 - p}}})
    achieved, wanted = [], 0.0
    for seed in range(SEEDS):
        plan = planned(spec, seed)
        (dose,) = play(plan, dice(seed, "participant")).doses
        achieved.append(dose.receipts / dose.throws)
        wanted += plan.trials[0].foreseen.shares[YOU].share / SEEDS
    mean = float(np.mean(achieved))
    half = 1.96 * float(np.std(achieved)) / SEEDS**0.5
    furthest = max(abs(mean - half - wanted), abs(mean + half - wanted))
    name = f"each throws to the participant with {p:.3f}"
    return [
        at_most(
            f"{name}: end of the 95 % interval furthest from the planned {wanted:.1%}",
            100 * furthest,
            2.0,
            "points",
        ),
        beside(f"{name}: achieved, mean", 100 * mean, "%"),
    ]


def _game(schedule: dict[str, Any], throws: int = 30) -> LabCyberball:
    spec = a_game("included", LabCyberball)
    out = schedule["kind"] == "ostracism" or schedule.get("excludes", False)
    condition = "excluded" if out else "included"
    rounds = [{"condition": condition, "schedule": schedule, "throws": throws}]
    made: LabCyberball = changed(spec, rounds=rounds, lobby=None)
    return made


def flight(folder: Path) -> list[Row]:
    """Play games in a window at 1280x720, paced at 60 Hz, and look at the ball's frames."""
    with some_display():
        logs = [_played(folder / f"game-{number}") for number in range(_GAMES)]
        bare = bare_loop(_BESIDE)
    idle = sleeping_loop(_BESIDE)
    period = 1e3 / logs[0].header["display"]["nominal_hz"]
    throws = [_of_throws(log) for log in logs]
    late = [ms for lates, _, _ in throws for ms in lates]
    frames, dropped = sum(count for _, count, _ in throws), sum(lost for _, _, lost in throws)
    timings = [measure(log) for log in logs]
    lost, shown = sum(one.dropped for one in timings), sum(len(one.intervals) for one in timings)
    statuses = sorted({str(next(log.of("end"))["status"]) for log in logs})
    differences = sum(len(verify(log).differences) for log in logs)
    return [
        Row(
            "games, status, differences in replay", f"{_GAMES}, {'/'.join(statuses)}, {differences}"
        ),
        Row("throws, frames in flight", f"{len(late)}, {frames}"),
        at_most("dropped frames (> 1.2 frames) in flight", 100 * dropped / frames, 0.1, "%"),
        beside("dropped frames in the whole games", 100 * lost / shown, "%"),
        beside("dropped by an empty PsychoPy loop, paced the same way", bare, "%"),
        beside("late by a loop that only sleeps: the machine itself", idle, "%"),
        at_most("marker of a throw against its plan, furthest", max(map(abs, late)), period, "ms"),
        beside("median", float(np.median(late)), "ms"),
    ]


def _played(folder: Path) -> SessionLog:
    """Play a game with a robot, and return its log."""
    study = folder / "cyberball"
    make_study(study, "cyberball")
    request = SessionRequest(
        study, "012", "lab", task="included", robot="typical", port="mock:", size=(1280, 720)
    )
    return read_log(run(prepare(request)).log)


def _of_throws(log: SessionLog) -> tuple[list[float], int, int]:
    """Return how late (ms) markers of throws were, how many frames flew, how many were dropped."""
    markers = {row.step: row for row in marker_rows(log)}
    throws = throw_rows(log)
    zero = next(event["t"] for event in reversed(list(log.of("run_zero"))))
    late = []
    for row in throws:
        begun = markers[row.step].begun
        assert begun is not None
        assert row.planned is not None
        late.append(1e3 * (begun - row.planned))
    flights = [
        (row.onset + zero, row.onset + row.duration + zero)
        for row in step_rows(log)
        if row.screen == "throw" and row.onset is not None and row.duration is not None
    ]
    frames = dropped = 0
    for t, interval in _frames(log):
        if any(begin < t <= end + 1e-4 for begin, end in flights):
            frames += 1
            dropped += interval > _DROPPED / log.header["display"]["nominal_hz"]
    return late, frames, dropped


def _frames(log: SessionLog) -> list[tuple[float, float]]:
    """Return when each frame was flipped (s, session clock), and how long after the one before."""
    found = []
    for event in log.of("frames"):
        t = event["t"]
        for us in event["us"]:
            t += us * 1e-6
            found.append((t, us * 1e-6))
    return found
