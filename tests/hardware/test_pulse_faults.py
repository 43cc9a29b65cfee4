"""Pulses that are lost by chance, scans that end before their run, stamps that are far off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from experiment.clock import VirtualClock
from hardware.mock_scanner import MockScanner
from hardware.pulse_faults import PulseFault
from hardware.pulse_watch import PulseWatch
from hardware.scan import simulated_scan

TR = 2.0


def watched(watch: PulseWatch, pulses: Sequence[float], until: float) -> list[PulseFault]:
    """Feed pulses, with a tick whenever the watch asks for one, until some time behind them."""
    found: list[PulseFault] = []
    for t in [*pulses, math.inf]:
        while (due := watch.next_due()) is not None and due < min(t, until):
            found += watch.tick(due)
        if t < math.inf:
            found += watch.pulse(t)
    return found + watch.finish(until)


def told(found: Sequence[PulseFault]) -> list[str]:
    return [fault.what for fault in found]


def grid(count: int, start: float = 10.0) -> list[float]:
    return [start + i * TR for i in range(count)]


# --- lost by chance, or stopped ----------------------------------------------------------------


@pytest.mark.parametrize(("drop", "mistaken"), [(0.1, 2), (0.2, 6)])
def test_pulses_lost_by_chance_are_no_stop(drop: float, mistaken: int) -> None:
    stopped = 0
    for seed in range(60):
        pulses = simulated_scan(volumes=300, seed=seed, jitter_ms=1.0, drop=drop).offsets()
        found = watched(PulseWatch(TR, None), pulses, until=pulses[-1] + 3.0)
        stopped += "stopped" in told(found)
    assert stopped <= mistaken  # three of the first ones, before anybody can know that some are


@pytest.mark.parametrize("drop", [0.0, 0.1, 0.3])
def test_a_stop_is_told_however_many_are_lost(drop: float) -> None:
    for seed in range(20):
        scan = simulated_scan(volumes=200, seed=seed, drop=drop, stop_after=100)
        pulses = scan.offsets()
        found = watched(PulseWatch(TR, 200), pulses, until=pulses[-1] + 15 * TR)
        assert told(found)[-1] in ("stopped", "pulse_missed")
        (stop,) = [fault for fault in found if fault.what == "stopped"][-1:]
        assert stop.t - pulses[-1] <= 12.5 * TR
        assert drop > 0 or stop.t - pulses[-1] == pytest.approx(3.5 * TR)


def test_silence_while_nobody_could_see_is_no_stop() -> None:
    watch = PulseWatch(TR, 50)
    for t in grid(10):
        watch.pulse(t)
    watch.seen_from(60.0)  # the port was lost until then
    assert watch.next_due() == pytest.approx(60.0 + 3.5 * TR)
    assert told(watch.pulse(62.0)) == ["pulse_missed"]
    assert watch.volume == 27


# --- a scan that ends before the run does ------------------------------------------------------


def test_a_scan_that_lasts_as_long_as_the_run_has_no_fault() -> None:
    watch = PulseWatch(TR, None, lasts=99.0)
    assert watched(watch, grid(50), until=500.0) == []
    assert watch.first == "unknown"  # nobody said how many the scanner sends


@pytest.mark.parametrize("count", [45, 47, 49])
def test_a_scan_that_ends_a_little_before_the_run_is_over_not_stopped(count: int) -> None:
    watch = PulseWatch(TR, None, lasts=100.0)
    (fault,) = watched(watch, grid(count), until=500.0)
    assert fault.what == "scan_over"
    assert fault.detail == {"received": count, "needed": 50}
    assert fault.t == pytest.approx(grid(count)[-1] + 3.5 * TR)


def test_the_end_of_the_run_comes_before_the_silence_means_anything() -> None:
    assert watched(PulseWatch(TR, None, lasts=100.0), grid(48), until=110.0) == []


def test_a_scan_that_ends_long_before_the_run_has_stopped() -> None:
    (fault,) = watched(PulseWatch(TR, None, lasts=100.0), grid(44), until=500.0)
    assert (fault.what, fault.detail["short"]) == ("stopped", 6)


def test_a_pause_makes_the_run_longer_than_its_scan() -> None:
    watch = PulseWatch(TR, 50, lasts=100.0)
    found = [fault for t in grid(50) for fault in watch.pulse(t)]
    assert found == []
    assert watch.next_due() is None  # all that the scanner sends has come, and the run is over
    watch.last_for(130.0)
    due = watch.next_due()
    assert due is not None
    (fault,) = watch.tick(due)
    assert (fault.what, fault.detail) == ("scan_over", {"received": 50, "needed": 65})
    assert watch.next_due() is None
    assert watch.first == "counted"


def test_volumes_missed_at_the_start_are_no_part_of_the_run() -> None:
    watch = PulseWatch(TR, None, before=[6.0, 8.0], lasts=100.0)
    found = watched(watch, grid(50), until=500.0)
    assert told(found) == ["late_first"]


def test_a_source_hands_on_how_long_the_run_lasts(records: Any) -> None:
    clock = VirtualClock()
    mock = MockScanner(clock, records.add, TR, 50)
    mock.arm(50, lasts=100.0)
    clock.sleep_until(102.0)
    mock.last_for(120.0)
    clock.sleep_until(119.0)
    assert mock.faults() == ["scan_over"]
    mock.close()
    assert [event["first"] for event in records.of("pulse_count")] == ["counted"]


# --- far off the beat --------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 1, 5, 6, 9, 20, 49])
@pytest.mark.parametrize("off", [0.08, 0.2, -0.08])
def test_a_pulse_that_is_stamped_far_off_is_told(place: int, off: float) -> None:
    pulses = [10.0 + i * TR for i in range(50)]
    pulses[place] += off
    watch = PulseWatch(TR, 50)
    (fault,) = watched(watch, pulses, until=500.0)
    assert (fault.what, fault.volume) == ("pulse_off_grid", place + 1)
    assert fault.detail["volumes"] == (place + 1,)
    assert fault.detail["furthest"] == pytest.approx(off, abs=0.02)
    assert watch.volume == 50


def test_many_of_them_are_told_together() -> None:
    chance = np.random.default_rng(1)
    late = chance.random(200) < 0.3
    late[:8] = False
    pulses = (np.arange(200) * TR + np.where(late, 0.15, 0.0)).tolist()
    found = watched(PulseWatch(TR, 200), pulses, until=1000.0)
    assert set(told(found)) == {"pulse_off_grid"}
    assert len(found) <= 25  # once in 10 TR, and at the end
    assert sum(fault.detail["count"] for fault in found) == pytest.approx(late.sum(), abs=20)


@settings(deadline=None, max_examples=60)
@given(
    ratio=st.floats(0.985, 1.015),
    jitter=st.floats(0.0, 0.005),
    lost=st.sets(st.integers(1, 149), max_size=8),
    seed=st.integers(0, 2**20),
)
@example(ratio=0.985, jitter=0.00390625, lost={10, 11}, seed=3)
def test_neither_another_tr_nor_jitter_is_off_the_beat(
    ratio: float, jitter: float, lost: set[int], seed: int
) -> None:
    chance = np.random.default_rng(seed)
    pulses = np.arange(150) * TR * ratio + chance.normal(0, jitter, 150)
    kept = [t for i, t in enumerate(pulses.tolist()) if i not in lost]
    assert "pulse_off_grid" not in told(watched(PulseWatch(TR, 150), kept, until=500.0))
