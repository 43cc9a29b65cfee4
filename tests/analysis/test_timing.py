from __future__ import annotations

import numpy as np
import pytest

from analysis.timing import Timing, draw, summary


def timing(**changes: object) -> Timing:
    values: dict[str, object] = {
        "period": 1 / 60,
        "intervals": np.full(600, 1 / 60),
        "onset_times": np.arange(0.0, 100.0, 5.0),
        "onset_errors": np.zeros(20),
        "marker_lags": np.full(20, 1e-4),
        "markers_planned": 20,
        "markers_sent": 20,
        "has_port": True,
        "pulse_times": 3.0 + 2.0 * np.arange(50),
        "tr": 2.0,
        "faults": (),
        "status": "complete",
        "waits_for_blank": True,
    }
    return Timing(**{**values, **changes})  # type: ignore[arg-type]


def test_a_frame_longer_than_1_2_frames_counts_as_dropped() -> None:
    intervals = np.array([1.0, 1.19, 1.21, 2.0, 0.9]) / 60
    assert timing(intervals=intervals).dropped == 2


def test_a_drift_is_found_in_seconds_per_second() -> None:
    times = np.arange(0.0, 100.0, 5.0)
    assert timing(onset_times=times, onset_errors=times * 50e-6).drift == pytest.approx(50e-6)
    assert timing(onset_times=times[:2], onset_errors=times[:2]).drift is None


def test_missing_pulses_are_counted_on_the_grid() -> None:
    grid = timing(pulse_times=np.delete(3.0 + 2.0 * np.arange(50), [10, 11, 30])).grid
    assert grid is not None
    assert grid.missing == (10, 11, 30)
    assert timing(pulse_times=np.array([])).grid is None


def test_a_clock_that_runs_apart_and_a_late_pulse_are_told_apart() -> None:
    pulses = 3.0 + 2.0 * 1.00005 * np.arange(300)
    pulses[7] += 0.004
    measured = timing(pulse_times=pulses)
    assert measured.grid is not None
    assert measured.grid.ppm == pytest.approx(50, abs=2)
    assert measured.grid.residuals[7] == pytest.approx(0.004, abs=2e-5)
    assert "+50." in summary(measured)


def test_the_summary_says_what_was_measured_and_what_cannot_be() -> None:
    text = summary(timing(markers_sent=19, faults=("marker_not_sent",)))
    assert "19 of 20 sent" in text
    assert "faults        marker_not_sent" in text
    assert "photodiode" in text
    nothing = np.array([])
    bare = timing(
        intervals=nothing,
        onset_errors=nothing,
        onset_times=nothing,
        marker_lags=nothing,
        has_port=False,
        pulse_times=nothing,
    )
    assert "there was no window" in summary(bare)
    assert "no trigger port" in summary(bare)


def test_the_figure_is_the_same_for_the_same_log() -> None:
    assert draw(timing()) == draw(timing())
    assert draw(timing())[:4] == b"\x89PNG"
