"""Keys that are held, repeated, pressed late or go elsewhere, as the player takes them."""

from __future__ import annotations

from collections import deque

import pytest

from experiment.clock import VirtualClock
from experiment.events import KeyEvent
from experiment.screens import Fixation, Repeat, Scale, ScaleRange
from experiment.steps import (
    After,
    At,
    OnResponse,
    ResponseKind,
    Step,
)
from tests.experiment.stage import Stage


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
