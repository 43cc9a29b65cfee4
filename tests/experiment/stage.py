"""A stage for tests: a player on a virtual clock, with hands, a scanner and a port of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from experiment.clock import Clock, VirtualClock
from experiment.display import NoWindow
from experiment.equipment import Keys
from experiment.events import KeyEvent, Pulse
from experiment.examples import EXAMPLE
from experiment.player import Player
from experiment.protocol import load_protocol
from experiment.screens import Fixation, Message, ScaleRange, Waiting
from experiment.steps import (
    After,
    At,
    OnMark,
    Outcome,
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

    def __init__(self, clock: Clock, presses: Sequence[tuple[float, float, str]]) -> None:
        self._events: deque[KeyEvent] = deque()
        for down, up, name in presses:
            for t, is_down in ((down, True), (up, False)):
                event = KeyEvent(t, name, is_down, "keyboard")
                clock.call_at(t, partial(self._events.append, event))

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
            clock.call_at(t, partial(self._new.append, Pulse(t, n)))

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


def trials(count: int) -> list[Step]:
    return [
        step
        for n in range(1, count + 1)
        for step in (
            Step(Fixation(), At(4.0 * n - 2), trial=n),
            Step(Message("m001"), At(4.0 * n), trial=n),
        )
    ]


def pet_run(*, before: float = 0.0) -> tuple[Step, ...]:
    return (
        Step(Fixation(), After(before)),
        Step(Waiting("waiting_injection"), OnMark("injection")),
        Step(Fixation(), At(4.0), marker="run_start"),
        Step(Message("m001"), At(6.0), trial=1),
        Step(Fixation(), After(0.1)),
    )
