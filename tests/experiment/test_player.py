"""The player on a virtual clock: markers on flips, times of steps, zeros of runs, answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from experiment.clock import VirtualClock
from experiment.display import NoWindow
from experiment.errors import HardwareError, SessionAborted
from experiment.screens import Fixation, Message, Scale, Waiting
from experiment.steps import (
    After,
    At,
    OnPulse,
    OnResponse,
    ResponseKind,
    Step,
)
from tests.experiment.stage import FRAME, Stage, pet_run


def test_the_exact_sequence_of_codes_goes_out_with_a_reset_after_each() -> None:
    stage = Stage()
    stage.play(
        Step(Fixation(), After(0.5), marker="fixation"),
        Step(Message("m001"), After(0.5), marker="kind"),
        Step(Fixation(), After(0.5)),
        Step(Scale("good", 3), After(0.5), marker="rate_good", accepts=ResponseKind.RATING),
        Step(Fixation(), After(0.5), marker="run_end"),
    )
    assert stage.codes == [0, 20, 0, 31, 0, 42, 0, 12, 0]


def test_a_marker_leaves_a_record_of_plan_write_and_reset_on_the_flip_that_it_marks() -> None:
    stage = Stage()
    stage.play(Step(Fixation(), After(0.2), marker="fixation"))
    (planned,) = stage.log.of("marker_planned")
    (sent,) = stage.log.of("marker_sent")
    (reset,) = stage.log.of("marker_reset")
    assert planned["n"] == sent["n"] == reset["n"]
    assert (planned["name"], planned["code"], sent["code"]) == ("fixation", 20, 20)
    assert sent["t"] == stage.onsets[0]
    assert reset["t"] == pytest.approx(sent["begun"] + 0.005, abs=2e-6)


def test_steps_of_a_timed_run_fall_on_their_frames_and_never_drift() -> None:
    stage = Stage()
    times = [round(0.4137 * (i + 1), 4) for i in range(50)]
    stage.play(*(Step(Fixation(), At(t)) for t in times), Step(Fixation(), After(0.1)))
    zero = stage.onsets[0]
    errors = [onset - zero - t for onset, t in zip(stage.onsets[1:], times, strict=True)]
    assert max(abs(error) for error in errors) <= FRAME / 2 + 1e-6
    assert abs(errors[-1] - errors[0]) < FRAME


def test_a_late_frame_moves_only_itself() -> None:
    late: list[float] = []

    class Stalling(NoWindow):
        def flip(self, screen: Any, *rest: Any) -> float:
            if isinstance(screen, Message) and not late:
                late.append(stage.clock.now())
                stage.clock.sleep_until(stage.clock.now() + 0.3)
            return super().flip(screen, *rest)

    stage = Stage(display=lambda clock: Stalling(clock, (1280, 720), 60.0))
    stage.play(
        Step(Fixation(), At(1.0)),
        Step(Message("m001"), At(2.0)),
        Step(Fixation(), At(3.0)),
        Step(Fixation(), After(0.1)),
    )
    relative = [onset - stage.onsets[0] for onset in stage.onsets]
    assert relative[1] > 1.25
    assert relative[2] == pytest.approx(2.0, abs=FRAME / 2 + 1e-6)
    assert relative[3] == pytest.approx(3.0, abs=FRAME / 2 + 1e-6)


def test_the_first_pulse_is_the_zero_of_the_run() -> None:
    stage = Stage(pulses=[5.0, 7.0, 9.0])
    stage.play(
        Step(Waiting("waiting_scanner"), OnPulse()),
        Step(Fixation(), At(3.0), marker="run_start"),
        Step(Message("m001"), At(4.0)),
        Step(Fixation(), After(0.1)),
    )
    assert [(z["t"], z["source"]) for z in stage.log.of("run_zero")][1] == (5.0, "pulse")
    assert stage.onsets[1] - 5.0 <= FRAME + 1e-6
    assert stage.onsets[2] - 5.0 == pytest.approx(3.0, abs=FRAME / 2 + 1e-6)
    assert stage.outcomes[2].onset == pytest.approx(3.0, abs=FRAME / 2 + 1e-6)


def test_pulses_before_the_wait_are_not_taken_for_the_first_and_are_told() -> None:
    stage = Stage(pulses=[0.5, 1.5, 2.5])
    stage.play(
        Step(Fixation(), After(2.0)),
        Step(Waiting("waiting_scanner"), OnPulse()),
        Step(Fixation(), After(0.1)),
    )
    assert stage.log.of("run_zero")[-1]["t"] == 2.5
    (fault,) = stage.log.of("fault")
    assert (fault["what"], fault["count"]) == ("pulses_before_wait", 2)


def test_the_scanner_is_told_how_long_the_run_lasts_and_that_a_pause_made_it_longer() -> None:
    stage = Stage([(5.5, 5.6, "p"), (9.5, 9.6, "p")], pulses=[4.0])
    assert stage.scan is not None
    stage.play(
        Step(Waiting("waiting_scanner"), OnPulse()),
        Step(Message("m001"), At(2.0), trial=1),
        Step(Message("m002"), At(4.0), trial=2),
        pause_grid=2.0,
        lasts=4.0,
    )
    assert stage.scan.lasts == [4.0, 8.0]


def test_waiting_for_a_scanner_without_a_port_is_an_error() -> None:
    with pytest.raises(HardwareError, match="no scanner port"):
        Stage().play(Step(Waiting("waiting_scanner"), OnPulse()))


def test_an_answer_ends_a_self_paced_step_and_every_move_is_logged() -> None:
    stage = Stage([(1.0, 1.006, "right"), (1.2, 1.3, "right"), (1.5, 1.6, "space")])
    stage.play(
        Step(Scale("connection", 2), OnResponse(), accepts=ResponseKind.RATING),
        Step(Fixation(), After(0.1)),
    )
    response = stage.outcomes[0].response
    assert response is not None
    assert (response.value, response.confirmed, response.rights) == (4, True, 2)
    assert response.rt == pytest.approx(1.5 - stage.onsets[0])
    moves = [(p["t"], p["cursor"], p["confirmed"]) for p in stage.log.of("press")]
    assert moves == [(1.0, 3, False), (1.2, 4, False), (1.5, 4, True)]
    assert stage.onsets[1] - 1.5 <= 2 * FRAME


def test_a_timed_step_stays_after_the_answer() -> None:
    stage = Stage([(0.5, 0.6, "space")])
    stage.play(
        Step(Scale("connection", 2), At(2.0), accepts=ResponseKind.RATING),
        Step(Fixation(), After(0.1)),
    )
    assert stage.outcomes[0].response is not None
    assert stage.onsets[1] - stage.onsets[0] == pytest.approx(2.0, abs=FRAME)


def test_time_runs_out_and_the_last_position_is_kept_and_flagged() -> None:
    stage = Stage([(0.5, 0.6, "left")])
    stage.play(
        Step(Scale("connection", 5), OnResponse(limit=1.0), accepts=ResponseKind.RATING),
        Step(Fixation(), After(0.1)),
    )
    response = stage.outcomes[0].response
    assert response is not None
    assert (response.value, response.confirmed) == (4, False)


def test_a_run_is_timed_from_the_injection_that_the_operator_marks() -> None:
    stage = Stage([(3.0, 3.1, "f8")])
    stage.play(*pet_run(before=1.0), pause_grid=1.0)
    (mark,) = stage.log.of("mark")
    assert (mark["t"], mark["name"], mark["origin"]) == (3.0, "injection", "operator")
    assert mark["utc"].endswith("+00:00")
    assert stage.log.of("run_zero")[-1] | {"type": ""} == {
        "type": "",
        "t": 3.0,
        "source": "injection",
    }
    assert stage.onsets[3] == pytest.approx(7.0, abs=FRAME)


def test_an_injection_before_the_wait_is_taken_and_a_late_run_is_moved_by_whole_seconds() -> None:
    stage = Stage([(1.0, 1.1, "f8")])
    stage.play(*pet_run(before=7.5), pause_grid=1.0)
    # Its first step ends 4 s after the injection, at 5.0 s; it is 7.5 s already, so 3 s are added.
    (fault,) = stage.log.of("fault")
    assert fault["what"] == "begun_late"
    (moved,) = stage.log.of("continue")
    assert moved["shift"] == 3.0
    assert stage.onsets[3] == pytest.approx(1.0 + 4.0 + 3.0, abs=FRAME)
    assert stage.onsets[4] == pytest.approx(1.0 + 6.0 + 3.0, abs=FRAME)


def test_a_mark_made_again_is_logged_but_the_first_one_counts() -> None:
    stage = Stage([(1.0, 1.1, "f8"), (2.0, 2.1, "f8")])
    stage.play(*pet_run(before=2.5), pause_grid=1.0)
    assert [m["again"] for m in stage.log.of("mark")] == [False, True]
    assert stage.log.of("run_zero")[-1]["t"] == 1.0


def test_a_machine_that_is_too_busy_to_draw_is_a_fault_with_a_policy() -> None:
    class Busy(NoWindow):
        def __init__(self, clock: VirtualClock) -> None:
            super().__init__(clock, (1280, 720), 60.0)
            self.facts = replace(self.facts, kind="window")
            self._time = clock

        def flip(self, *frame: Any) -> float:
            self._time.sleep_until(self._time.now() + 3 * FRAME)
            return super().flip(*frame)

    stage = Stage(display=Busy)
    with pytest.raises(SessionAborted, match="frames_dropped: the protocol says to stop"):
        stage.play(*(Step(Fixation(), After(0.1)) for _ in range(100)))
    (fault,) = stage.log.of("fault")
    assert fault["what"] == "frames_dropped"


def test_the_patch_is_lit_on_the_first_frame_of_marked_steps_only() -> None:
    seen: list[tuple[str, bool]] = []

    class Watched(NoWindow):
        def flip(self, screen: Any, *rest: Any) -> float:
            seen.append((screen.kind, rest[5]))
            return super().flip(screen, *rest)

    stage = Stage(display=lambda clock: Watched(clock, (1280, 720), 60.0))
    stage.play(
        Step(Fixation(), After(0.1)),
        Step(Message("m001"), After(0.1), marker="run_start"),
        Step(Fixation(), After(0.1)),
    )
    assert [kind for kind, lit in seen if lit] == ["message"]
    messages = [lit for kind, lit in seen if kind == "message"]
    assert messages[0]
    assert len(messages) > 1
