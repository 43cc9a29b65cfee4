"""What stands in the room: screen, ports, buttons, scanner, and what to do when one fails."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from experiment.protocol.keys import key_name
from experiment.protocol.values import Pixels, Seconds, Strict
from experiment.steps import MarkName


class ScreenSettings(Strict):
    """The participant's display."""

    size_px: tuple[Pixels, Pixels]
    refresh_hz: float = Field(gt=20, lt=500)
    width_cm: float = Field(gt=5, lt=1000)
    distance_cm: float = Field(gt=10, lt=2000)
    text_height_deg: float = Field(gt=0.1, lt=5)
    background: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
    ink: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
    accent: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


Key = Annotated[str, AfterValidator(key_name)]


class Abort(Strict):
    """Two keys, held together, that end the session."""

    keys: tuple[Key, Key]
    hold: Seconds


class Buttons(Strict):
    """Keys (keyboard or button box) and what they mean.

    `marks` are the operator's: with one key each, the start of a PET scan and the injection are
    marked at the moment they happen.
    """

    left: tuple[Key, ...] = Field(min_length=1)
    right: tuple[Key, ...] = Field(min_length=1)
    confirm: tuple[Key, ...] = Field(min_length=1)
    pause: tuple[Key, ...] = Field(min_length=1)
    abort: Abort
    marks: dict[MarkName, Key]

    def keys(self) -> set[str]:
        """Return all keys and buttons that mean something."""
        answers = {*self.left, *self.right, *self.confirm}
        return answers | {*self.pause, *self.abort.keys, *self.marks.values()}

    @model_validator(mode="after")
    def _each_key_once(self) -> Buttons:
        keys = [*self.left, *self.right, *self.confirm, *self.pause, *self.marks.values()]
        keys += self.abort.keys
        twice = sorted({k for k in keys if keys.count(k) > 1})
        if twice:
            raise ValueError(f"key {twice[0]!r} has two meanings; give each key one")
        return self


class Devices(Strict):
    """What is plugged in. ``none`` where there is no such device.

    `echo` is the port on which marker codes come back; `marks` one on which a PET scanner says what
    happens, `marks_file` a file in which another system or the operator writes it.
    """

    trigger: str | None
    scanner: str | None
    echo: str | None = None
    marks: str | None = None
    marks_file: str | None = None
    mouse: bool
    buttons: Buttons


class Scanner(Strict):
    """The scanner's rhythm."""

    tr: float = Field(gt=0.05, lt=30)
    dummy_volumes: int = Field(ge=0, le=100)


class PetFrame(Strict):
    """A frame of a PET scan, in seconds from the zero of the run."""

    start: Annotated[float, Field(ge=-36000, le=36000)]
    duration: Annotated[float, Field(gt=0, le=36000)]


FaultName = Literal[
    "marker_not_sent",
    "trigger_port_lost",
    "scanner_port_lost",
    "pulses_before_wait",
    "begun_late",
    "pulse_missed",
    "pulse_extra",
    "pulse_doubled",
    "late_first",
    "toggled",
    "wrong_tr",
    "stopped",
    "keyboard_pulses",
    "unknown_byte",
    "marker_not_echoed",
    "echo_strange",
    "echo_port_lost",
    "mark_refused",
    "mark_repeated",
    "marks_port_lost",
    "focus_lost",
]
Policy = Literal["stop", "hold", "go_on"]
