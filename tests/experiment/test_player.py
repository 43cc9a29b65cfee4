from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from experiment.clock import VirtualClock
from experiment.display import NoWindow
from experiment.equipment import Keys
from experiment.errors import HardwareError, SessionAborted
from experiment.events import KeyEvent, Pulse
from experiment.examples import EXAMPLE
from experiment.player import Player
from experiment.protocol import load_protocol
from experiment.screens import Fixation, Message, Page, Repeat, Scale, ScaleRange, Waiting
from experiment.steps import (
    After,
    At,
    OnMark,
    OnPulse,
    OnResponse,
    Outcome,
    ResponseKind,
    Step,
    Task,
)
from hardware.markers import MarkerLine
from hardware.ports import MockPort

PROTOCOL, _ = load_protocol(EXAMPLE / "study.yaml")
FRAME = 1 / 60


class Journal:
    """A log that keeps events in a list."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.failure: Exception | None = None

    def add(self, type_: str, t: float | None, **fields: Any) -> None:
        self.events.append({"type": type_, "t": t, **fields})

    def of(self, type_: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == type_]


class Hands:
    """Keys that go down and up at given times."""

    def __init__(self, clock: VirtualClock, presses: Sequence[tuple[float, float, str]]) -> None:
        self._events: deque[KeyEvent] = deque()
        for down, up, name in presses:
            for t, is_down in ((down, True), (up, False)):
                event = KeyEvent(t, name, is_down, "keyboard")
                clock.call_at(t, lambda event=event: self._events.append(event))  # type: ignore[misc]

    def poll(self) -> list[KeyEvent]:
        return [self._events.popleft() for _ in range(len(self._events))]


class Scan:
    """Pulses at given times."""

    def __init__(self, clock: VirtualClock, times: Sequence[float]) -> None:
        self._new: deque[Pulse] = deque()
        self._faults: deque[str] = deque()
        self.armed = 0
        self.lasts: list[float | None] = []
        self.at_end: list[str] = []  # faults that come to light with the run's end
        for n, t in enumerate(times, 1):
            clock.call_at(t, lambda n=n, t=t: self._new.append(Pulse(t, n)))  # type: ignore[misc]

    def last_for(self, lasts: float) -> None:
        self.lasts.append(lasts)

    def arm(
        self,
        volumes: int | None = None,  # noqa: ARG002
        *,
        since: float,  # noqa: ARG002
        lasts: float | None = None,
    ) -> None:
        self.lasts = [lasts]
        self.armed += 1

    def disarm(self) -> None:
        self.armed -= 1
        self._faults.extend(self.at_end)
        self.at_end = []

    def go_wrong(self, clock: VirtualClock, t: float, fault: str) -> None:
        clock.call_at(t, lambda: self._faults.append(fault))

    def faults(self) -> list[str]:
        return [self._faults.popleft() for _ in range(len(self._faults))]

    def poll(self) -> list[Pulse]:
        return [self._new.popleft() for _ in range(len(self._new))]


class Wandering(NoWindow):
    """A display whose keyboard focus goes and comes at given times."""

    def __init__(self, clock: VirtualClock, changes: Sequence[tuple[float, bool]]) -> None:
        super().__init__(clock, (1280, 720), 60.0)
        self._changes = list(changes)

    def focus(self) -> list[tuple[float, bool]]:
        now = self.next_flip()
        due = [change for change in self._changes if change[0] <= now]
        self._changes = self._changes[len(due) :]
        return due


class Stage:
    """A player on a virtual clock, and all that it works with."""

    def __init__(
        self,
        presses: Sequence[tuple[float, float, str]] = (),
        pulses: Sequence[float] | None = None,
        scales: Mapping[str, ScaleRange] = PROTOCOL.scales,
        focus: Sequence[tuple[float, bool]] = (),
        display: Callable[[VirtualClock], NoWindow] | None = None,
    ) -> None:
        self.clock = VirtualClock()
        self.log = Journal()
        self.port = MockPort()
        self.display = Wandering(self.clock, focus) if display is None else display(self.clock)
        self.outcomes: list[Outcome] = []
        self.scan = None if pulses is None else Scan(self.clock, pulses)
        self.keys: list[Keys] = [Hands(self.clock, presses)]
        self._scales = scales
        self.player = self.make_player(attended=True)

    def make_player(self, *, attended: bool) -> Player:
        return Player(
            clock=self.clock,
            display=self.display,
            keys=self.keys,
            markers=MarkerLine(self.port, self.clock, self.log.add),
            pulses=self.scan,
            log=self.log,
            buttons=PROTOCOL.devices.buttons,
            codes=PROTOCOL.markers,
            scales=self._scales,
            attended=attended,
            policies={
                "toggled": "stop",
                "stopped": "hold",
                "pulse_missed": "go_on",
                "frames_dropped": "stop",
            },
        )

    def play(
        self, *steps: Step, pause_grid: float | None = None, lasts: float | None = None
    ) -> None:
        def task() -> Task:
            for step in steps:
                self.outcomes.append((yield step))

        self.player.play(task(), pause_grid, lasts)

    @property
    def onsets(self) -> list[float]:
        return [event["t"] for event in self.log.of("onset")]

    @property
    def codes(self) -> list[int]:
        return [code for _, code in self.port.sent]


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


def trials(count: int) -> list[Step]:
    return [
        step
        for n in range(1, count + 1)
        for step in (
            Step(Fixation(), At(4.0 * n - 2), trial=n),
            Step(Message("m001"), At(4.0 * n), trial=n),
        )
    ]


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


def pet_run(*, before: float = 0.0) -> tuple[Step, ...]:
    return (
        Step(Fixation(), After(before)),
        Step(Waiting("waiting_injection"), OnMark("injection")),
        Step(Fixation(), At(4.0), marker="run_start"),
        Step(Message("m001"), At(6.0), trial=1),
        Step(Fixation(), After(0.1)),
    )


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


def test_a_key_that_is_held_and_repeated_by_the_system_moves_once() -> None:
    stage = Stage()
    stage.keys[:] = [Repeating(stage.clock)]
    stage.play(
        Step(Scale("connection", 2), OnResponse(limit=2.0), accepts=ResponseKind.RATING),
        Step(Fixation(), After(0.1)),
    )
    response = stage.outcomes[0].response
    assert response is not None
    assert (response.value, response.rights) == (3, 1)


class Repeating:
    """A key that goes down at 0.5 s, is repeated every 30 ms, and goes up at 1 s."""

    def __init__(self, clock: VirtualClock) -> None:
        self._events: deque[KeyEvent] = deque()
        for i in range(16):
            self._at(clock, 0.5 + 0.03 * i, down=True)
        self._at(clock, 1.0, down=False)

    def _at(self, clock: VirtualClock, t: float, *, down: bool) -> None:
        clock.call_at(t, lambda: self._events.append(KeyEvent(t, "right", down, "keyboard")))

    def poll(self) -> list[KeyEvent]:
        return [self._events.popleft() for _ in range(len(self._events))]


def test_a_press_in_the_last_frame_of_a_step_is_logged_and_changes_nothing() -> None:
    # The step ends at 1.017 s; its answer is taken a frame before, when the next flip is ordered.
    stage = Stage(presses=[(0.2, 0.25, "right"), (1.008, 1.012, "right")])
    stage.play(
        Step(Scale("good", 3), At(1.0), accepts=ResponseKind.RATING),
        Step(Scale("connection", 3), At(2.0), accepts=ResponseKind.RATING),
    )
    first, second = stage.outcomes
    assert first.response is not None
    assert first.response.value == 4
    assert second.response is None
    used, late = stage.log.of("press")
    assert (used["step"], used["used"], used["cursor"]) == (0, True, 4)
    assert (late["step"], late["used"], late["cursor"], late["t"]) == (1, False, 3, 1.008)
    assert late["t"] < stage.onsets[1]


def test_a_held_key_moves_the_cursor_of_a_continuous_scale_and_not_that_of_points() -> None:
    scales = {"good": ScaleRange(0, 100, Repeat(0.3, 40.0)), "connection": ScaleRange(1, 7)}
    stage = Stage(presses=[(0.1, 0.91, "right"), (1.5, 2.3, "right")], scales=scales)
    stage.play(
        Step(Scale("good", 3), At(1.2), accepts=ResponseKind.RATING),
        Step(Scale("connection", 3), At(3.0), accepts=ResponseKind.RATING),
    )
    line, points = (outcome.response for outcome in stage.outcomes)
    assert line is not None
    assert points is not None
    # One at once; then from 0.4 s to 0.91 s every 25 ms.
    assert line.value == 3 + 1 + 21
    assert points.value == 4
    presses = [event for event in stage.log.of("press") if event["step"] == 0]
    assert [event["repeat"] for event in presses] == [False] + 21 * [True]
    assert [event["cursor"] for event in presses] == list(range(4, 26))
    assert presses[1]["t"] == pytest.approx(0.4)


def test_a_key_held_over_the_end_of_a_step_does_not_move_the_next_cursor() -> None:
    scales = {"good": ScaleRange(0, 100, Repeat(0.3, 40.0))}
    stage = Stage(presses=[(0.5, 2.0, "right")], scales=scales)
    stage.play(
        Step(Scale("good", 3), At(1.0), accepts=ResponseKind.RATING),
        Step(Scale("good", 50), At(2.5), accepts=ResponseKind.RATING),
    )
    assert stage.outcomes[1].response is None


def test_keys_that_go_to_another_window_are_noted_an_instant_of_them_is_not() -> None:
    changes = [(0.1, False), (0.100047, True), (0.5, False), (0.9, True), (1.4, True)]
    stage = Stage(focus=changes)
    stage.play(*(Step(Fixation(), After(0.2)) for _ in range(10)))
    assert [(e["t"], e["on"]) for e in stage.log.of("focus")] == [(0.5, False), (0.9, True)]
    assert [(f["t"], f["what"]) for f in stage.log.of("fault")] == [(0.5, "focus_lost")]


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
