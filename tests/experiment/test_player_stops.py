"""What stops or holds a player: keys, faults, a log or a clock that fails; and what pauses move."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from experiment.errors import HardwareError, SessionAborted
from experiment.screens import Fixation, Page, Waiting
from experiment.steps import (
    After,
    OnPulse,
    Step,
)
from tests.experiment.stage import FRAME, Stage, trials

ABORT = [(1.0, 3.0, "escape"), (1.2, 3.0, "q")]


def test_two_keys_held_together_abort() -> None:
    stage = Stage(ABORT)
    with pytest.raises(SessionAborted, match="escape and q"):
        stage.play(Step(Fixation(), After(60.0)))
    assert stage.clock.now() == pytest.approx(2.2, abs=2 * FRAME)


@pytest.mark.parametrize(
    "presses",
    [
        [(1.0, 9.0, "escape")],
        [(1.0, 2.0, "escape"), (1.5, 9.0, "q")],
        [(1.0, 1.5, "escape"), (1.6, 3.0, "q")],
    ],
)
def test_less_than_that_does_not_abort(presses: list[tuple[float, float, str]]) -> None:
    stage = Stage(presses)
    stage.play(Step(Fixation(), After(10.0)))
    assert len(stage.outcomes) == 1


def test_a_pause_holds_at_the_next_trial_and_moves_the_rest_by_whole_volumes() -> None:
    stage = Stage([(1.0, 1.1, "p"), (9.3, 9.4, "p")])
    stage.play(*trials(3), Step(Page("x"), After(0.1)), pause_grid=2.0)
    zero = stage.onsets[0]
    relative = [round((onset - zero) / FRAME) * FRAME for onset in stage.onsets]
    # Asked for in trial 1, held from 4.0 s on, given free at 9.3 s: 6 s are added, not 5.3.
    assert relative == pytest.approx([0, 2, 10, 12, 14, 16, 18], abs=FRAME)
    (going_on,) = stage.log.of("continue")
    assert going_on["shift"] == 6.0


def test_a_pause_key_pressed_twice_within_a_trial_changes_nothing() -> None:
    stage = Stage([(1.0, 1.1, "p"), (2.0, 2.1, "p")])
    stage.play(*trials(2), pause_grid=2.0)
    assert stage.log.of("pause") == []


@pytest.mark.parametrize(
    ("failure", "told"),
    [(OSError(28, "No space left on device"), HardwareError), (TypeError("a set"), TypeError)],
)
def test_a_log_that_fails_ends_the_run(failure: Exception, told: type[Exception]) -> None:
    stage = Stage()
    stage.log.failure = failure
    with pytest.raises(told, match=str(failure.args[-1])):
        stage.play(Step(Fixation(), After(0.1)), Step(Fixation(), After(0.1)))


def faulty(fault: str, presses: Sequence[tuple[float, float, str]] = ()) -> Stage:
    stage = Stage(presses, pulses=[])
    assert stage.scan is not None
    stage.scan.go_wrong(stage.clock, 3.0, fault)
    return stage


def test_a_fault_that_stops_stops_at_once() -> None:
    stage = faulty("toggled")
    with pytest.raises(SessionAborted, match="toggled: the protocol says to stop"):
        stage.play(*trials(2))
    assert stage.clock.now() == pytest.approx(3.0, abs=2 * FRAME)


def test_a_fault_that_holds_holds_at_the_next_trial_until_somebody_goes_on() -> None:
    stage = faulty("stopped", [(9.0, 9.1, "p")])
    stage.play(*trials(2), Step(Page("x"), After(0.1)), pause_grid=2.0)
    (asked, going_on) = stage.log.of("pause_asked")
    assert (asked["fault"], asked["on"], going_on["on"]) == ("stopped", True, False)
    (moved,) = stage.log.of("continue")
    assert moved["shift"] == 6.0


@pytest.mark.parametrize("fault", ["pulse_missed", "something_new"])
def test_any_other_fault_lets_the_session_go_on(fault: str) -> None:
    stage = faulty(fault)
    stage.play(*trials(2), Step(Page("x"), After(0.1)))
    assert stage.log.of("pause_asked") == []
    assert len(stage.outcomes) == 5


def test_a_hold_behind_the_last_trial_holds_before_the_next_run_and_not_in_it() -> None:
    stage = faulty("stopped", [(20.0, 20.1, "p")])
    stage.play(*trials(1))  # over at 4 s; the fault at 3 s finds no trial boundary any more
    assert stage.log.of("pause") == []
    stage.player.before_run()
    (held,) = stage.log.of("pause")
    assert held["t"] == pytest.approx(4.0, abs=2 * FRAME)
    assert stage.clock.now() == pytest.approx(20.0, abs=0.15)
    stage.play(*trials(2))
    assert len(stage.log.of("pause")) == 1
    assert stage.log.of("continue") == []


@pytest.mark.parametrize("policy", ["toggled", "stopped"])
def test_a_fault_found_as_a_run_ends_is_heeded_then_and_lets_that_run_end(policy: str) -> None:
    stage = Stage([(9.0, 9.1, "p")], pulses=[])
    assert stage.scan is not None
    stage.scan.at_end = [policy]
    stage.play(*trials(1))
    assert len(stage.outcomes) == 2
    if policy == "toggled":
        with pytest.raises(SessionAborted, match="toggled, at the end of the run"):
            stage.player.before_run()
    else:
        stage.player.before_run()
        assert [p["on"] for p in stage.log.of("pause_asked")] == [True, False]


def test_a_hold_that_nobody_can_end_ends_the_session() -> None:
    stage = faulty("stopped")
    stage.player = stage.make_player(attended=False)
    with pytest.raises(SessionAborted, match="held for stopped: with a robot alone nobody is"):
        stage.play(*trials(2))


def test_a_failure_of_the_clock_ends_a_wait_at_once() -> None:
    stage = Stage(pulses=[])
    stage.clock.call_at(2.0, lambda: setattr(stage.clock, "failure", OSError("gone")))
    with pytest.raises(OSError, match="gone"):
        stage.play(Step(Waiting("waiting_scanner"), OnPulse()))
    assert stage.clock.now() == pytest.approx(2.0, abs=2 * FRAME)


def test_a_failure_of_the_clock_ends_a_pause_at_once() -> None:
    stage = Stage([(1.0, 1.1, "p")])
    stage.clock.call_at(6.0, lambda: setattr(stage.clock, "failure", OSError("gone")))
    with pytest.raises(OSError, match="gone"):
        stage.play(*trials(2), pause_grid=2.0)
    assert stage.clock.now() == pytest.approx(6.0, abs=2 * FRAME)


def test_the_abort_keys_are_heard_while_a_pause_waits_for_the_next_volume() -> None:
    pause = [(1.0, 1.1, "p"), (5.0, 5.1, "p")]  # given free at 5 s, on again at 24 s
    stage = Stage([*pause, (6.0, 9.0, "escape"), (6.0, 9.0, "q")])
    with pytest.raises(SessionAborted, match="escape and q"):
        stage.play(*trials(2), pause_grid=20.0)
    assert stage.clock.now() == pytest.approx(7.0, abs=2 * FRAME)


def test_a_pause_asked_for_while_one_ends_makes_it_longer() -> None:
    stage = Stage([(1.0, 1.1, "p"), (5.0, 5.1, "p"), (6.0, 6.1, "p"), (25.0, 25.1, "p")])
    stage.play(*trials(2), pause_grid=10.0)
    (moved,) = stage.log.of("continue")
    assert moved["shift"] == 30.0
    assert len(stage.log.of("pause")) == 1
