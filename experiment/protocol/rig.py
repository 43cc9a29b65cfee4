"""What stands in the room: screen, ports, buttons, scanner, and what to do when one fails."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from experiment.protocol.keys import key_name
from experiment.protocol.values import Number, Pixels, Seconds, Strict, Whole
from experiment.steps import MarkName

_SQUARE = 0.03  # by how much pixels may be wider than high: a ruler is no better


class Photodiode(Strict):
    """A patch in a corner of the window: white on the first frame of each marked step, else black.

    A photodiode on it, recorded beside the markers, shows when the light really came.
    """

    corner: Literal["top_left", "top_right", "bottom_left", "bottom_right"]
    size_px: Annotated[Whole, Field(ge=8, le=400)]


class ScreenSettings(Strict):
    """The participant's display.

    `width_cm` and `height_cm` are those of the picture on the screen, as the participant sees it;
    with a height given, pixels are checked to be square. `photodiode_offset_ms` is how long after
    a flip's stamp the light comes, as it was measured on this rig.
    """

    size_px: tuple[Pixels, Pixels]
    refresh_hz: Number = Field(gt=20, lt=500)
    width_cm: Number = Field(gt=5, lt=1000)
    height_cm: Annotated[Number, Field(gt=5, lt=1000)] | None = None
    distance_cm: Number = Field(gt=10, lt=2000)
    text_height_deg: Number = Field(gt=0.1, lt=5)
    background: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
    ink: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
    accent: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
    photodiode: Photodiode | None = None
    photodiode_offset_ms: Annotated[Number, Field(ge=-50, le=500)] | None = None

    @model_validator(mode="after")
    def _square_pixels(self) -> ScreenSettings:
        if self.height_cm is None:
            return self
        across = self.size_px[0] / self.width_cm
        down = self.size_px[1] / self.height_cm
        if abs(across / down - 1) > _SQUARE:
            raise ValueError(
                f"pixels must be square: {self.size_px[0]} px on {self.width_cm:g} cm are "
                f"{across:.1f} px per cm, {self.size_px[1]} px on {self.height_cm:g} cm are "
                f"{down:.1f}; measure the picture again, or set the screen's own resolution"
            )
        return self


Key = Annotated[str, AfterValidator(key_name)]


class Abort(Strict):
    """Two keys, held together, that end the session."""

    keys: tuple[Key, Key]
    hold: Annotated[Seconds, Field(gt=0)]


class Stop(Strict):
    """Keys of the participant's own, each of which says "I want to stop" when held so long (s).

    The last screen then stays for `closing` s.
    """

    keys: tuple[Key, ...] = Field(min_length=1)
    hold: Annotated[Seconds, Field(gt=0, le=5)]
    closing: Annotated[Seconds, Field(le=120)]


class Buttons(Strict):
    """Keys (keyboard or button box) and what they mean.

    A two-button box has no keys for `left` and `right` but one that moves the cursor (`move`) and
    one that confirms. `back` goes back to the question before, in questionnaires that allow it.
    `marks` are the operator's: with one key each, the start of a PET scan and the injection are
    marked at the moment they happen. `note` is the operator's too: it keeps the moment of a note
    whose words are typed later, so that the participant sees nothing.
    """

    left: tuple[Key, ...]
    right: tuple[Key, ...]
    move: tuple[Key, ...] = ()
    confirm: tuple[Key, ...] = Field(min_length=1)
    back: tuple[Key, ...] = ()
    pause: tuple[Key, ...] = Field(min_length=1)
    abort: Abort
    stop: Stop | None = None
    marks: dict[MarkName, Key]
    note: Key | None = None

    def keys(self) -> set[str]:
        """Return all keys and buttons that mean something."""
        answers = {*self.left, *self.right, *self.move, *self.confirm, *self.back}
        operators = {*self.pause, *self.abort.keys, *self.marks.values(), *self.note_keys}
        return answers | operators | {*self.stop_keys}

    @property
    def note_keys(self) -> tuple[str, ...]:
        """The key that keeps the moment of a note, if there is one."""
        return () if self.note is None else (self.note,)

    @property
    def stop_keys(self) -> tuple[str, ...]:
        """Keys with which the participant can stop."""
        return () if self.stop is None else self.stop.keys

    @model_validator(mode="after")
    def _each_key_once(self) -> Buttons:
        keys = [*self.left, *self.right, *self.move, *self.confirm, *self.back, *self.pause]
        keys += [*self.marks.values(), *self.abort.keys, *self.stop_keys, *self.note_keys]
        twice = sorted({k for k in keys if keys.count(k) > 1})
        if twice:
            raise ValueError(f"key {twice[0]!r} has two meanings; give each key one")
        return self

    @property
    def one_way(self) -> bool:
        """Whether one button alone moves the cursor."""
        return not self.left

    @model_validator(mode="after")
    def _both_ways(self) -> Buttons:
        if bool(self.left) != bool(self.right) or not (self.left or self.move):
            raise ValueError(
                "the cursor needs keys for left and for right; a two-button box has left: [], "
                "right: [] and move: [...]"
            )
        return self


class Devices(Strict):
    """What is plugged in. ``none`` where there is no such device.

    `echo` is the port on which marker codes come back; `marks` one on which a PET scanner says what
    happens, `marks_file` a file in which another system or the operator writes it. With
    `keep_awake` the computer's processors never sleep while a session runs (`hardware.awake`).
    """

    trigger: str | None
    scanner: str | None
    echo: str | None = None
    marks: str | None = None
    marks_file: str | None = None
    mouse: bool
    keep_awake: bool = False
    buttons: Buttons

    @property
    def variants(self) -> tuple[str, ...]:
        """Which texts take the place of others of the same name, the last one first of all.

        Where scales take the mouse, a text ``mouse.confirm`` is shown for ``confirm``; with a
        two-button box it is ``two_buttons.confirm``.
        """
        two_buttons = ("two_buttons",) if self.buttons.one_way else ()
        return (*two_buttons, *(("mouse",) if self.mouse else ()))


class Scanner(Strict):
    """The scanner's rhythm.

    `volumes` is how many pulses it sends in one run, dummy volumes included, if that is always the
    same: then a run that lost its first ones, or was stopped early, is known by the count.
    """

    tr: Number = Field(gt=0.05, lt=30)
    dummy_volumes: Whole = Field(ge=0, le=100)
    volumes: Annotated[Whole, Field(ge=1, le=100_000)] | None = None


def _enough_to_be_unique(count: int) -> int:
    if 0 < count < _LEAST_SYNC:
        raise ValueError(
            f"{count} sync markers have too few gaps between them for a pattern of each run's own: "
            f"give 0 (no pattern) or {_LEAST_SYNC} and more"
        )
    return count


_LEAST_SYNC = 8  # see experiment.plans.sync for how unlikely two equal patterns are then
SyncPattern = Annotated[Whole, Field(ge=0, le=32), AfterValidator(_enough_to_be_unique)]


class PetFrame(Strict):
    """A frame of a PET scan, in seconds from the zero of the run."""

    start: Annotated[Number, Field(ge=-36000, le=36000)]
    duration: Annotated[Number, Field(gt=0, le=36000)]


def frames_in_line(frames: tuple[PetFrame, ...]) -> tuple[PetFrame, ...]:
    """Return frames, if each begins where the one before ends."""
    for before, after in pairwise(frames):
        if abs(before.start + before.duration - after.start) > 1e-3:
            raise ValueError(
                f"the frame from {before.start:g} s ends at "
                f"{before.start + before.duration:g} s, the next one starts at "
                f"{after.start:g} s; frames follow each other without gap or overlap"
            )
    return frames


FaultName = Literal[
    "marker_not_sent",
    "trigger_port_lost",
    "scanner_port_lost",
    "pulses_before_wait",
    "begun_late",
    "pulse_missed",
    "pulse_extra",
    "pulse_doubled",
    "pulse_off_grid",
    "late_first",
    "volumes_short",
    "scan_over",
    "toggled",
    "wrong_tr",
    "stopped",
    "keyboard_pulses",
    "unknown_byte",
    "reset_failed",
    "marker_not_echoed",
    "echo_strange",
    "echo_port_lost",
    "mark_refused",
    "mark_repeated",
    "marks_port_lost",
    "focus_lost",
    "frames_dropped",
    "block_interrupted",
]
Policy = Literal["stop", "hold", "go_on"]
