from __future__ import annotations

import threading

import pytest

from experiment.clock import FrameGrid, RealClock, VirtualClock

FRAME = 1 / 60


def test_a_virtual_clock_runs_what_is_due_in_order_at_its_time() -> None:
    clock = VirtualClock()
    seen: list[tuple[str, float]] = []
    clock.call_at(2.0, lambda: seen.append(("b", clock.now())))
    clock.call_at(1.0, lambda: seen.append(("a", clock.now())))
    clock.call_at(2.0, lambda: seen.append(("c", clock.now())))
    clock.sleep_until(1.5)
    assert seen == [("a", 1.0)]
    clock.sleep_until(5.0)
    assert seen == [("a", 1.0), ("b", 2.0), ("c", 2.0)]
    assert clock.now() == 5.0


def test_what_becomes_due_on_the_way_runs_too() -> None:
    clock = VirtualClock()
    seen: list[float] = []
    clock.call_at(1.0, lambda: clock.call_at(1.5, lambda: seen.append(clock.now())))
    clock.sleep_until(2.0)
    assert seen == [1.5]


def test_a_real_clock_runs_what_is_due_off_the_callers_thread() -> None:
    clock = RealClock()
    done = threading.Event()
    where: list[str] = []
    clock.call_at(clock.now() + 60.0, lambda: where.append("too early"))

    def call() -> None:
        where.append(threading.current_thread().name)
        done.set()

    clock.call_at(clock.now() + 0.01, call)
    assert done.wait(5.0)
    assert where == ["clock"]
    clock.close()


def test_frames_fall_on_the_grid() -> None:
    clock = VirtualClock()
    grid = FrameGrid(clock, FRAME)
    clock.call_at(10.0, lambda: None)
    stamps = []
    for _ in range(100):
        grid.wait(clock.now())
        stamps.append(clock.now())
    assert stamps == pytest.approx([FRAME * (i + 1) for i in range(100)], abs=1e-9)


def test_a_late_frame_takes_the_next_slot_and_moves_nothing_behind_it() -> None:
    clock = VirtualClock()
    grid = FrameGrid(clock, FRAME)
    grid.wait(0.0)
    clock.sleep_until(clock.now() + 2.5 * FRAME)  # drawing took too long
    grid.wait(0.0)
    assert clock.now() == pytest.approx(4 * FRAME)
    grid.wait(0.0)
    assert clock.now() == pytest.approx(5 * FRAME)


@pytest.mark.parametrize("horizon", [0.5, 1.0, 1.004, 2.3456])
def test_an_idle_virtual_display_skips_to_just_before_what_is_due(horizon: float) -> None:
    clock = VirtualClock()
    grid = FrameGrid(clock, FRAME)
    grid.wait(horizon)
    assert clock.now() <= horizon - FRAME / 2 + 1e-9
    assert grid.due() > horizon - FRAME / 2


def test_waiting_for_nothing_at_all_is_told() -> None:
    grid = FrameGrid(VirtualClock(), FRAME)
    with pytest.raises(RuntimeError, match="never happen"):
        grid.wait(None)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_due_call_that_fails_is_kept_for_whoever_uses_the_clock() -> None:
    clock = RealClock()

    called = threading.Event()

    def fail() -> None:
        called.set()
        raise RuntimeError("broken")

    clock.call_at(clock.now(), fail)
    assert called.wait(5.0)
    clock.close()
    assert isinstance(clock.failure, RuntimeError)
