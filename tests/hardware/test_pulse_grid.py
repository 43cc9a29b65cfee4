from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiment.errors import BadInput
from hardware.pulse_faults import PulseFault
from hardware.pulse_grid import fit_grid
from hardware.pulse_watch import PulseWatch
from hardware.scan import simulated_scan

# --- the fit ------------------------------------------------------------------------------------


def drifting(seed: int, *, outliers: float = 0.0, drop: float = 0.0, double: float = 0.0) -> Any:
    """Ten minutes at TR 2 s with 1 ms jitter, 50 ppm apart."""
    chance = np.random.default_rng(seed)
    t = 977.0 + np.arange(301) * 2.0 * (1 + 50e-6) + chance.normal(0, 1e-3, 301)
    late = chance.random(301) < outliers
    t[late] += chance.uniform(0.01, 0.2, late.sum())
    bounced = t[chance.random(301) < double] + 0.002
    kept = t[chance.random(301) >= drop]
    return np.concatenate([kept, bounced])


def test_a_drift_of_50_ppm_is_found_within_2_ppm_after_ten_minutes() -> None:
    fits = [fit_grid(drifting(seed), 2.0) for seed in range(60)]
    errors = np.array([fit.ppm - 50 for fit in fits if fit is not None])
    assert len(errors) == 60
    assert np.abs(errors).max() < 2.0
    # sd / sqrt(sum((i - mean)**2)) / TR, with sd 1 ms and 301 volumes, is 0.332 ppm
    theory = 1e-3 / math.sqrt(301 * (301**2 - 1) / 12) / 2.0 * 1e6
    assert 0.75 * theory < errors.std() < 1.35 * theory
    said = np.array([fit.ppm_se for fit in fits if fit is not None])
    assert said.mean() == pytest.approx(theory, rel=0.15)
    assert np.mean(np.abs(errors) < 2 * said) > 0.85


def test_the_same_with_late_lost_and_doubled_pulses() -> None:
    for seed in range(60):
        fit = fit_grid(drifting(seed, outliers=0.1, drop=0.1, double=0.05), 2.0)
        assert fit is not None
        assert abs(fit.ppm - 50) < 2.0
        assert fit.sd == pytest.approx(1e-3, rel=0.4)


@settings(deadline=None, max_examples=60)
@given(
    tr=st.floats(0.3, 4.0),
    ppm=st.floats(-300, 300),
    count=st.integers(20, 120),
    lost=st.sets(st.integers(1, 100), max_size=8),
    extras=st.sets(st.integers(0, 100), max_size=4),
    seed=st.integers(0, 2**20),
)
def test_volumes_are_named_whatever_is_missing_or_too_much(
    tr: float, ppm: float, count: int, lost: set[int], extras: set[int], seed: int
) -> None:
    chance = np.random.default_rng(seed)
    step = tr * (1 + ppm * 1e-6)
    lost = {volume for volume in lost if volume < count - 1}
    volumes = [i for i in range(count) if i not in lost]
    stamps = [5.0 + i * step + chance.normal(0, 1e-4) for i in volumes]
    between = [5.0 + (i + 0.5) * step for i in extras if i < count - 1]
    order = chance.permutation(len(stamps) + len(between))
    mixed = np.array([*stamps, *between])[order]
    truth = np.array([*volumes, *[-1] * len(between)])[order]
    fit = fit_grid(mixed, tr)
    assert fit is not None
    assert fit.indices.tolist() == truth.tolist()
    assert set(fit.missing) == lost
    assert fit.surplus == len(between)
    assert abs(fit.ppm - ppm) < max(8 * fit.ppm_se, 200 / tr)
    assert np.nanmax(np.abs(fit.residuals)) < 1e-3
    assert np.isnan(fit.residuals).sum() == len(between)


@pytest.mark.parametrize("true", [0.7, 1.0, 1.9, 2.5, 3.0, 4.0])
def test_another_tr_is_measured(true: float) -> None:
    fit = fit_grid((np.arange(50) * true).tolist(), 2.0)
    assert fit is not None
    assert fit.tr == pytest.approx(true)
    assert fit.missing == ()


def test_too_few_pulses_give_no_grid() -> None:
    assert fit_grid([], 2.0) is None
    assert fit_grid([1.0, 3.0], 2.0) is None
    assert fit_grid([1.0, 1.0, 1.0], 2.0) is None


@pytest.mark.parametrize("tr", [0.0, -1.0, math.nan, math.inf])
def test_an_impossible_tr(tr: float) -> None:
    with pytest.raises(BadInput, match="above 0"):
        fit_grid([0.0, 2.0, 4.0], tr)
    with pytest.raises(BadInput, match="above 0"):
        PulseWatch(tr)


def test_stamps_that_are_no_numbers() -> None:
    with pytest.raises(BadInput, match="finite"):
        fit_grid([0.0, math.nan, 4.0], 2.0)


# --- the watch ----------------------------------------------------------------------------------


def watched(
    watch: PulseWatch, pulses: Sequence[float], until: float | None = None
) -> list[PulseFault]:
    """Feed pulses, with a tick whenever the watch asks for one, until some time behind them."""
    found: list[PulseFault] = []
    end = (pulses[-1] if len(pulses) else 0.0) if until is None else until
    for t in [*pulses, math.inf]:
        while (due := watch.next_due()) is not None and due < min(t, end):
            found += watch.tick(due)
            again = watch.next_due()
            assert again is None or again > due, "asks for the same tick for ever"
        if t < math.inf:
            found += watch.pulse(t)
    return found + watch.finish(end)


def told(found: Sequence[PulseFault]) -> list[str]:
    return [fault.what for fault in found]


def counted(found: Sequence[PulseFault], what: str) -> int:
    return sum(fault.detail["count"] for fault in found if fault.what == what)


def grid(count: int, tr: float = 2.0, start: float = 10.0) -> list[float]:
    return [start + i * tr for i in range(count)]


@settings(deadline=None, max_examples=80)
@given(tr=st.floats(0.2, 5.0), count=st.integers(1, 200), seed=st.integers(0, 2**20))
def test_a_good_run_gives_no_fault(tr: float, count: int, seed: int) -> None:
    jitter = np.random.default_rng(seed).normal(0, min(0.01 * tr, 0.005), count)
    watch = PulseWatch(tr, count)
    pulses = (np.arange(count) * tr * (1 + 1e-4) + jitter).tolist()
    assert watched(watch, pulses, until=pulses[-1] + 100 * tr) == []
    assert watch.volume == count
    assert watch.next_due() is None


@settings(deadline=None, max_examples=120)
@given(
    lost=st.sets(st.integers(2, 116), max_size=6),
    doubled=st.sets(st.integers(1, 120), max_size=6),
    extra=st.sets(st.integers(5, 115), max_size=3),
    seed=st.integers(0, 2**20),
)
def test_faults_add_up_and_volumes_stay_right(
    lost: set[int], doubled: set[int], extra: set[int], seed: int
) -> None:
    # Two lost ones in a row are a stop; extras next to anything else are a matter of taste.
    lost = {v for v in lost if v - 1 not in lost}
    taken = {near for v in lost for near in range(v - 5, v + 6)}
    extra = {v for v in extra if not taken & {v, v + 1}}
    extra = {v for v in extra if not {v - 1, v - 2, v - 3} & extra}
    chance = np.random.default_rng(seed)
    own = {v: v * 2.0 + chance.normal(0, 0.001) for v in range(1, 121) if v not in lost}
    pulses = sorted(
        [*own.values(), *[own[v] + 0.003 for v in doubled - lost], *[v * 2.0 + 1.1 for v in extra]]
    )
    watch = PulseWatch(2.0, 120)
    found = watched(watch, pulses, until=300.0)
    assert watch.volume == 120
    assert counted(found, "pulse_missed") == len(lost)
    assert counted(found, "pulse_doubled") == len(doubled - lost)
    assert counted(found, "pulse_extra") == len(extra)
    named = {v for f in found if f.what == "pulse_missed" for v in f.detail["volumes"]}
    assert named == lost
    assert set(told(found)) <= {"pulse_missed", "pulse_doubled", "pulse_extra"}


def test_a_missed_pulse_is_told_with_the_next_one() -> None:
    watch = PulseWatch(2.0, 10)
    for t in (0.0, 2.0, 4.0, 6.0):
        assert watch.pulse(t) == []
    assert watch.next_due() == pytest.approx(6.0 + 7.0)
    (fault,) = watch.pulse(10.0)
    assert (fault.what, fault.volume) == ("pulse_missed", 5)
    assert fault.t == pytest.approx(8.0)
    assert watch.volume == 6


def test_until_the_rhythm_is_sure_a_missed_pulse_waits() -> None:
    watch = PulseWatch(2.0, 10)
    assert [watch.pulse(t) for t in (0.0, 4.0, 6.0)] == [[], [], []]
    (fault,) = watch.pulse(8.0) or watch.tick(8.0)
    assert (fault.what, fault.volume) == ("pulse_missed", 2)
    assert fault.t == pytest.approx(2.0)


def test_a_scanner_that_stops_is_told_once_and_when_it_goes_on() -> None:
    watch = PulseWatch(2.0, 40)
    found = watched(watch, grid(10), until=100.0)
    assert told(found) == ["stopped"]
    assert found[0].t == pytest.approx(28.0 + 7.0)
    assert found[0].detail == {"received": 10, "expected": 40, "short": 30}
    found = watched(watch, grid(10, start=60.0), until=78.0)
    assert told(found) == ["pulse_missed", "pulses_back"]
    assert found[1].detail["missed"] == 15
    assert watch.volume == 35


def test_no_stop_behind_the_expected_number_and_none_in_a_run_that_was_ended() -> None:
    assert watched(PulseWatch(2.0, 10), grid(10), until=500.0) == []
    assert watched(PulseWatch(2.0, 10), grid(14), until=500.0) == []
    assert watched(PulseWatch(2.0, None), grid(10)) == []


def test_without_an_expected_number_any_end_is_a_stop() -> None:
    assert told(watched(PulseWatch(2.0), grid(10), until=99.0)) == ["stopped"]


def test_toggled_pulses_are_one_fault() -> None:
    watch = PulseWatch(2.0, 39)
    found = watched(watch, grid(20, 4.0), until=500.0)
    assert told(found) == ["toggled"]
    assert found[0].detail["measured_tr"] == pytest.approx(4.0)
    assert watch.volume == 39


def test_one_pulse_missed_behind_a_toggling_adapter() -> None:
    watch = PulseWatch(2.0, 79)
    pulses = grid(40, 4.0)
    del pulses[30]
    found = watched(watch, pulses, until=500.0)
    assert told(found) == ["toggled", "pulse_missed"]
    assert found[1].volume == 61
    assert watch.volume == 79


@pytest.mark.parametrize("true", [0.5, 1.0, 1.5, 1.9, 2.1, 2.5, 3.0, 6.0])
def test_another_tr_is_named_and_then_followed(true: float) -> None:
    chance = np.random.default_rng(1)
    pulses = (np.arange(60) * true + chance.normal(0, 0.001, 60)).tolist()
    watch = PulseWatch(2.0, 60)
    found = watched(watch, pulses, until=1000.0)
    wrong = [fault for fault in found if fault.what == "wrong_tr"]
    assert len(wrong) == 1
    assert wrong[0].t <= pulses[4]
    assert wrong[0].detail["measured_tr"] == pytest.approx(true, abs=0.002)
    assert watch.volume == 60
    assert set(told(found)) == {"wrong_tr"}


def test_a_tr_that_is_off_by_little_is_named_before_a_fifth_of_a_volume_is_lost() -> None:
    pulses = (np.arange(300) * 2.008).tolist()
    watch = PulseWatch(2.0, 300)
    (fault,) = watched(watch, pulses, until=1000.0)
    assert fault.what == "wrong_tr"
    assert fault.detail["measured_tr"] == pytest.approx(2.008, abs=0.001)
    assert fault.t < 50 * 2.0
    assert watch.volume == 300


def test_a_drift_between_clocks_is_no_wrong_tr() -> None:
    pulses = (np.arange(3600) * 2.0 * (1 + 100e-6)).tolist()
    assert watched(PulseWatch(2.0, 3600), pulses, until=8000.0) == []


def test_pulses_before_the_wait_make_the_first_one_late() -> None:
    watch = PulseWatch(2.0, 20, before=[1.0, 4.0, 6.0, 8.0])
    found = watched(watch, grid(17), until=100.0)
    (fault,) = found
    assert (fault.what, fault.volume) == ("late_first", 4)
    assert fault.detail == {"shift": 3, "source": "pulses_before_wait", "certain": True}
    assert watch.volume == 20


def test_pulses_of_an_earlier_scan_do_not() -> None:
    watch = PulseWatch(2.0, 10, before=[1.0, 3.0, 5.0])
    assert watched(watch, grid(10), until=100.0) == []


@pytest.mark.parametrize("silence", [2.5, 8.0])  # s: the run ends before, or behind, the alarm
@pytest.mark.parametrize("short", [1, 2, 4])
@pytest.mark.parametrize("at_the_end", [False, True])
def test_a_count_that_falls_short_is_told_once_and_nothing_is_claimed(
    short: int, silence: float, at_the_end: bool
) -> None:
    pulses = grid(20)[:-short] if at_the_end else grid(20)[short:]
    watch = PulseWatch(2.0, 20)
    (fault,) = watched(watch, pulses, until=pulses[-1] + silence)
    assert fault.what == "volumes_short"
    assert fault.detail == {
        "short": short,
        "received": 20 - short,
        "expected": 20,
        "certain": False,
    }
    assert watch.first == "short"


def test_what_is_known_of_the_first_pulse() -> None:
    for volumes, first in ((None, "unknown"), (12, "unknown"), (10, "counted")):
        watch = PulseWatch(2.0, volumes)
        assert watch.first == "unknown"
        assert watched(watch, grid(10)) == []  # ends with the last pulse: more may be to come
        assert watch.first == first
    watch = PulseWatch(2.0, None, before=[6.0, 8.0])
    watched(watch, grid(10))
    assert watch.first == "late"


def alarms(seeds: int, volumes: int | None = 150, **faults: Any) -> Counter[str]:
    """Return in how many simulated scans (TR 2 s, 1 ms jitter) each fault was told."""
    runs: Counter[str] = Counter()
    for seed in range(seeds):
        scan = simulated_scan(volumes=150, seed=seed, jitter_ms=1.0, **faults)
        pulses = scan.offsets()
        ends = 301.0 if "stop_after" in faults else pulses[-1] + 3.0
        found = watched(PulseWatch(2.0, volumes), pulses, until=ends)
        runs.update(set(told(found)))
    return runs


@pytest.mark.parametrize("volumes", [150, None])
@pytest.mark.parametrize(
    ("faults", "kinds"),
    [
        ({}, set()),
        ({"toggle": True}, {"toggled"}),
        ({"ratio": 1.25}, {"wrong_tr"}),
        ({"ratio": 0.75}, {"wrong_tr"}),
        ({"double": 0.2}, {"pulse_doubled"}),
        ({"extra": 0.05}, {"pulse_extra"}),
        ({"extra": 0.2}, {"pulse_extra"}),
        ({"drop": 0.02}, {"pulse_missed"}),
        ({"stop_after": 50}, {"stopped"}),
    ],
)
def test_a_fault_has_one_name_whatever_the_seed(
    faults: dict[str, Any], kinds: set[str], volumes: int | None
) -> None:
    runs = alarms(60, volumes, **faults)
    runs.pop("volumes_short", None)  # true where a dropped pulse was the first or last
    assert set(runs) == kinds
    assert all(count >= 55 for count in runs.values())


def test_dropped_pulses_are_taken_for_something_else_only_where_they_look_like_it() -> None:
    runs = alarms(200, drop=0.1)
    assert runs["pulse_missed"] == 200
    assert runs["late_first"] == 0
    assert runs["stopped"] <= 0.02 * 200
    assert runs["toggled"] + runs["wrong_tr"] <= 0.03 * 200
    assert runs["volumes_short"] <= 0.25 * 200  # the first or the last was dropped, so it is true


def test_faults_of_one_kind_are_gathered() -> None:
    pulses = [t for i, t in enumerate(grid(200)) if i % 3 != 2]
    found = watched(PulseWatch(2.0, 200), pulses, until=500.0)
    assert counted(found, "pulse_missed") == 66
    assert set(told(found)) == {"pulse_missed"}
    assert len(found) < 25
    assert all(b.t > a.t for a, b in itertools.pairwise(found))


def test_a_scan_that_goes_on_beside_its_grid_is_followed() -> None:
    pulses = [*grid(10), *grid(30, start=30.9)]
    watch = PulseWatch(2.0, 40)
    found = watched(watch, pulses, until=89.0)
    assert "pulse_extra" in told(found)
    assert len(found) <= 3
    assert watch.volume == 40
    assert watched(watch, grid(10, start=90.9)) == []


@settings(deadline=None, max_examples=150)
@given(
    gaps=st.lists(st.floats(0.0, 12.0), max_size=80),
    expected=st.none() | st.integers(1, 60),
    before=st.lists(st.floats(-20, 0), max_size=4),
)
def test_no_stream_of_pulses_upsets_it(
    gaps: list[float], expected: int | None, before: list[float]
) -> None:
    watch = PulseWatch(2.0, expected, before=sorted(before))
    pulses = np.cumsum([0.0, *gaps]).tolist()
    watched(watch, pulses, until=pulses[-1] + 100.0)
    assert watch.volume >= 1


def test_a_number_of_volumes_that_can_not_be() -> None:
    with pytest.raises(BadInput, match="at least 1"):
        PulseWatch(2.0, 0)
