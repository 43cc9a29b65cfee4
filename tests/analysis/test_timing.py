from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from analysis.criteria import verdicts_on
from analysis.timing import Ledger, Moment, RunPulses, Timing, measure
from analysis.timing_figure import draw
from analysis.timing_summary import summary, write_timing
from experiment.log import LogWriter
from experiment.readlog import SessionLog, read_log
from tests.analysis.conftest import Rewrite

NOTHING = np.array([])
LEDGER = Ledger(
    planned=20,
    sent=20,
    reset=20,
    lags=np.full(20, 1e-4),
    widths=np.full(20, 5.2e-3),
    asked_width=0.005,
)


def pulses(times: npt.NDArray[Any], number: int = 1, task: str = "messages") -> RunPulses:
    begun = 0.0 if not len(times) else float(times[0]) - 3.0
    ended = 100.0 if not len(times) else float(times[-1]) + 1.0
    return RunPulses(task, number, begun, ended, times, tr=2.0)


def timing(**changes: object) -> Timing:
    values: dict[str, object] = {
        "period": 1 / 60,
        "intervals": np.full(600, 1 / 60),
        "onset_times": np.arange(0.0, 100.0, 5.0),
        "onset_errors": np.zeros(20),
        "ledger": LEDGER,
        "runs": (pulses(3.0 + 2.0 * np.arange(50)),),
        "faults": (),
        "marks": (),
        "status": "complete",
        "waits_for_blank": True,
    }
    return Timing(**{**values, **changes})  # type: ignore[arg-type]


def test_a_frame_longer_than_1_2_frames_counts_as_dropped() -> None:
    intervals = np.array([1.0, 1.19, 1.21, 2.0, 0.9]) / 60
    assert timing(intervals=intervals).dropped == 2


def test_a_drift_is_found_in_seconds_per_second() -> None:
    times = np.arange(0.0, 100.0, 5.003)
    drift = timing(onset_times=times, onset_errors=times * 50e-6).drift
    assert drift is not None
    assert drift.slope == pytest.approx(50e-6)
    assert drift.found
    assert timing(onset_times=times[:3], onset_errors=times[:3]).drift is None


def shown(trials: int, ppm: float, seed: int) -> Timing:
    """Onsets of trials with jittered fixation, each on the first frame that is not before it."""
    dice = np.random.default_rng(seed)
    begins = 2.0 + np.cumsum(14.0 + dice.uniform(1.0, 3.0, trials))
    planned = (begins[:, None] + [0.0, 5.0, 9.0, 13.0]).ravel()
    period = 1 / 60
    phase = dice.uniform(0, period)
    flips = np.ceil((planned * (1 + ppm * 1e-6) - phase) / period) * period + phase
    return timing(period=period, onset_times=planned, onset_errors=flips - planned)


def test_rounding_to_frames_is_no_drift() -> None:
    sessions = [shown(trials, 0.0, seed) for trials in (8, 20) for seed in range(200)]
    drifts = [one.drift for one in sessions]
    assert sum(drift is not None and drift.found for drift in drifts) <= 2  # 0.4 by chance
    verdicts = [v for one in sessions for v in verdicts_on(one) if v.criterion == "drift_ppm"]
    assert sum(verdict.met is False for verdict in verdicts) <= 2


def test_a_clock_that_slips_is_told_among_roundings() -> None:
    drift = shown(40, 200.0, 3).drift
    assert drift is not None
    assert drift.slope == pytest.approx(200e-6, abs=30e-6)
    assert drift.found


def test_a_plan_of_whole_frames_may_seem_to_slip_by_a_frame() -> None:
    times = np.arange(0.0, 100.0, 5.0)
    within = timing(onset_times=times, onset_errors=np.linspace(0, 0.9 / 60, 20)).drift
    beyond = timing(onset_times=times, onset_errors=np.linspace(0, 1.3 / 60, 20)).drift
    assert within is not None
    assert beyond is not None
    assert (within.found, beyond.found) == (False, True)


def test_missing_pulses_are_counted_on_the_grid() -> None:
    run = pulses(np.delete(3.0 + 2.0 * np.arange(50), [10, 11, 30]))
    assert run.grid is not None
    assert run.grid.missing == (10, 11, 30)
    assert timing(runs=(run,)).volumes_missing == 3
    assert pulses(NOTHING).grid is None
    assert timing(runs=(pulses(NOTHING),)).volumes_missing == 0


def test_a_clock_that_runs_apart_and_a_late_pulse_are_told_apart() -> None:
    times = 3.0 + 2.0 * 1.00005 * np.arange(300)
    times[7] += 0.004
    run = pulses(times)
    assert run.grid is not None
    assert run.grid.ppm == pytest.approx(50, abs=2)
    assert run.grid.residuals[7] == pytest.approx(0.004, abs=2e-5)
    assert "+50." in summary(timing(runs=(run,)))


def test_two_scans_have_a_grid_each() -> None:
    first, second = 3.0 + 2.0 * np.arange(20), 100.7 + 2.0 * np.arange(20)
    measured = timing(runs=(pulses(first), pulses(second, 2, "again")))
    assert measured.volumes_missing == 0
    text = summary(measured)
    assert "run 1 (messages): 20; 0 missing, 0 too many" in text
    assert "run 2 (again): 20; 0 missing, 0 too many" in text


def test_the_summary_says_what_was_measured_and_what_cannot_be() -> None:
    fault = Moment(5.0, "marker_not_sent")
    text = summary(timing(ledger=replace(LEDGER, sent=19), faults=(fault,)))
    assert "19 of 20 sent" in text
    assert "faults        marker_not_sent\n" in text
    assert "echo          not wired" in text
    assert "photodiode" in text
    bare = timing(
        intervals=NOTHING,
        onset_errors=NOTHING,
        onset_times=NOTHING,
        ledger=Ledger(planned=3),
        runs=(pulses(NOTHING),),
    )
    assert "there was no window" in summary(bare)
    assert "3 planned; no trigger port" in summary(bare)
    assert "pulses  " not in summary(bare)


def test_the_summary_tells_the_ledger_in_full() -> None:
    ledger = replace(
        LEDGER, queued=2, waits=np.array([0.004, 0.0061]), echoed=19, echoes=np.full(19, 3e-4)
    )
    marks = (Moment(1.5, "injection", "file"), *(Moment(t, "sync", "hardware") for t in (2.0, 3.0)))
    faults = tuple(Moment(float(t), "pulse_missed") for t in range(3))
    text = summary(timing(ledger=replace(ledger, has_echo=True), marks=marks, faults=faults))
    assert "2 queued, for 6.10 ms at most" in text
    assert "pulse width   5 ms asked; 20 of 20 reset; median 5.20" in text
    assert "echo          19 of 20 came back; write to echo median 0.30" in text
    assert "marks         injection at 1.500 s (file), 2 sync" in text
    assert "faults        pulse_missed × 3" in text


def test_the_figure_is_the_same_for_the_same_log() -> None:
    assert draw(timing()) == draw(timing())
    assert draw(timing())[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    "changes",
    [
        {"intervals": NOTHING, "onset_times": NOTHING, "onset_errors": NOTHING},
        {"ledger": Ledger(), "runs": ()},
        {"runs": (pulses(NOTHING),)},
        {"faults": tuple(Moment(float(i), f"kind_{i}") for i in range(12))},
        {"ledger": replace(LEDGER, has_echo=True)},
    ],
)
def test_the_figure_leaves_room_for_what_is_not_there(changes: dict[str, Any]) -> None:
    assert draw(timing(**changes))[:4] == b"\x89PNG"


# --- from a log -----------------------------------------------------------------------------------


def test_a_session_of_two_runs_is_measured_run_by_run(
    logs: dict[str, Path], tmp_path: Path
) -> None:
    log = read_log(logs["03"])
    scanned, own_pace = measure(log).runs
    assert (scanned.task, own_pace.task) == ("messages", "messageslab")
    assert scanned.grid is not None
    assert scanned.grid.missing == ()
    again = doubled(log, tmp_path / "twice.jsonl", apart=500.3)
    runs = measure(again).runs
    assert [run.number for run in runs] == [1, 2]
    for run in runs:
        assert run.grid is not None
        assert (run.grid.missing, run.grid.surplus) == ((), 0)
        assert run.grid.ppm == pytest.approx(0.0, abs=0.5)


def doubled(log: SessionLog, file: Path, apart: float) -> SessionLog:
    """Write the first run of a log twice, so many seconds apart."""
    end = next(e["seq"] for e in log.of("run_end"))
    events = [event for event in log.events if event["seq"] <= end and event["t"] is not None]
    own = ("seq", "type", "t", "schema", "digest")
    with LogWriter(file, {k: v for k, v in log.header.items() if k not in own}) as writer:
        for number, shift in ((1, 0.0), (2, apart)):
            for event in events:
                fields = {k: v for k, v in event.items() if k not in own}
                if "run" in fields:
                    fields["run"] = number
                writer.add(event["type"], event["t"] + shift, **fields)
    return read_log(file)


def test_the_timing_files_hold_no_private_text(logs: dict[str, Path], tmp_path: Path) -> None:
    copy = tmp_path / "log.jsonl"
    copy.write_bytes(logs["01"].read_bytes())
    text, figure = write_timing(read_log(copy))
    kit = logs["01"].parents[3] / "participants" / "012" / "kit"
    secrets = [line for file in kit.glob("*.json") for line in _texts(json.loads(file.read_text()))]
    assert secrets
    said = text.read_text() + figure.read_bytes().decode("latin-1")
    assert not [secret for secret in secrets if secret in said]


def _texts(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in _texts(value)]
    if isinstance(node, list):
        return [text for value in node for text in _texts(value)]
    return [node] if isinstance(node, str) and len(node) > 12 else []


@pytest.mark.parametrize(
    ("expected", "first", "says"),
    [
        (None, "unknown", "can't be known: the protocol does not say"),
        (60, "unknown", "can't be known: the run ended before"),
        (50, "counted", "seen: all 50"),
        (51, "short", "not sure: fewer pulses"),
        (51, "late", "missed by the run"),
    ],
)
def test_the_summary_says_what_is_known_of_the_first_volume(
    expected: int | None, first: str, says: str
) -> None:
    run = replace(pulses(3.0 + 2.0 * np.arange(50)), expected=expected, first=first)
    assert f"first volume  {says}" in summary(timing(runs=(run,)))


@pytest.mark.parametrize(
    ("what", "volumes", "found"),
    [("late_first", {"shift": 2}, 2.0), ("volumes_short", {"short": 3}, 3.0)],
)
def test_volumes_at_an_end_of_the_grid_are_missed_ones_too(
    logs: dict[str, Path],
    tmp_path: Path,
    rewrite: Rewrite,
    what: str,
    volumes: dict[str, int],
    found: float,
) -> None:
    log = read_log(logs["03"])  # of whose two runs one has a scan
    events = list(log.events)
    at = next(i for i, event in enumerate(events) if event["type"] == "pulse_count")
    events.insert(at, {"type": "fault", "t": events[at]["t"], "what": what, **volumes})
    measured = measure(read_log(rewrite(log, events, tmp_path / "short.jsonl")))
    (verdict,) = (v for v in verdicts_on(measured) if v.criterion == "pulses_missed")
    assert (verdict.found, verdict.met) == (found, False)
    assert [run.missing for run in measured.runs] == [found, None]
    assert f"{found:g} missing, 0 too many" in summary(measured)


def test_the_report_counts_the_pulses_that_the_logs_grid_has(logs: dict[str, Path]) -> None:
    log = read_log(logs["01"])
    grids = {event["t"]: event["pulses"] for event in log.of("pulse_grid")}
    runs = measure(log).runs
    assert [len(run.times) for run in runs if len(run.times)] == list(grids.values())
    counts = log.of("pulse_count")
    late = {**list(log.of("pulse"))[-1], "t": next(iter(counts))["t"], "n": 10_000}
    behind = replace(log, events=(*log.events, late))
    assert [len(run.times) for run in measure(behind).runs] == [len(run.times) for run in runs]
