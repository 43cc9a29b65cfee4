from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment.frames import FrameIntervals

FRAME = 1 / 60


class Journal:
    failure: Exception | None = None

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def add(self, type_: str, t: float | None, **fields: Any) -> None:
        self.events.append({"type": type_, "t": t, **fields})

    def of(self, type_: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == type_]


def shown(*intervals: float) -> tuple[FrameIntervals, Journal]:
    log = Journal()
    frames = FrameIntervals(log, FRAME)
    stamp = 100.0
    frames.add(stamp)
    for interval in intervals:
        stamp += interval
        frames.add(stamp)
    frames.flush()
    return frames, log


def test_frames_in_time_and_a_few_dropped_ones_are_no_fault() -> None:
    few = [*[FRAME] * 100, 2 * FRAME] * 30  # 1 %
    frames, log = shown(*few)
    assert frames.faults() == []
    assert log.of("fault") == []


def test_a_machine_that_is_too_busy_is_told_once_in_ten_seconds() -> None:
    frames, log = shown(*[FRAME, FRAME, FRAME, 2 * FRAME] * 360)  # each fifth is lost, for 30 s
    assert frames.faults() == ["frames_dropped"] * 3
    assert frames.faults() == []
    first, second, third = (fault["t"] for fault in log.of("fault"))
    assert first == pytest.approx(102.5, abs=0.2)  # half a second's frames were lost by then
    assert second - first == pytest.approx(10.0, abs=0.2)
    assert third - second == pytest.approx(10.0, abs=0.2)
    assert [fault["count"] for fault in log.of("fault")] == [30, 30, 30]


def test_one_long_stall_counts_for_all_that_it_cost() -> None:
    _, log = shown(*[FRAME] * 60, 0.6, *[FRAME] * 60)
    (fault,) = log.of("fault")
    assert fault["count"] == 35
    _, log = shown(*[FRAME] * 60, 0.4, *[FRAME] * 60)
    assert log.of("fault") == []


@given(st.lists(st.floats(0.001, 0.5), max_size=60))
def test_every_interval_is_logged_once(intervals: list[float]) -> None:
    _, log = shown(*intervals)
    logged = [us for event in log.of("frames") for us in event["us"]]
    assert logged == pytest.approx([t * 1e6 for t in intervals], abs=1)
