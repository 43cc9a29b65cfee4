"""What a player works with, each as the few things that are asked of it."""

from __future__ import annotations

from typing import Any, Protocol

from experiment.events import KeyEvent, Pulse
from experiment.steps import Step


class Log(Protocol):
    """Where events go; `experiment.log.LogWriter` is one."""

    failure: Exception | None

    def add(self, type_: str, t: float | None, **fields: Any) -> None: ...


class Markers(Protocol):
    """Where markers go; `hardware.markers.MarkerLine` is one."""

    def stand_by(self, flip: float) -> None: ...
    def send(self, n: int, name: str, code: int, flip: float) -> None: ...
    def faults(self) -> list[str]: ...


class Pulses(Protocol):
    """Where pulses come from; see `hardware.pulse_source`."""

    def arm(
        self, volumes: int | None = None, *, since: float, lasts: float | None = None
    ) -> None: ...
    def last_for(self, lasts: float) -> None: ...
    def disarm(self) -> None: ...
    def poll(self) -> list[Pulse]: ...
    def faults(self) -> list[str]: ...


class FaultSource(Protocol):
    """A device that can fail while a session runs."""

    def faults(self) -> list[str]:
        """Return the names of the faults since the last call."""
        ...


class Keys(Protocol):
    """Where key presses come from; `hardware.keys.KeyReader` and the robot are such."""

    def poll(self) -> list[KeyEvent]: ...


class Audience(Protocol):
    """Somebody who is told what is on the screen: the robot."""

    def shown(self, step: Step, onset: float) -> None:
        """Take note of a step that has just appeared (s, session clock)."""
        ...
