"""The real window: pictures made beforehand are uploaded once, a frame is a few textured quads."""

from __future__ import annotations

import contextlib
import itertools
import os
import statistics
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiment.clock import Clock, FrameGrid, RealClock
from experiment.display import DisplayFacts, Extent, OnFlip
from experiment.errors import HardwareError
from experiment.events import PointerEvent
from experiment.screens import Screen
from stimuli.lean import lean_imports
from stimuli.painter import Painter, given_beside, still
from stimuli.pictures import Column, Moving, Picture, Targets, Track
from stimuli.quads import Quads
from stimuli.sprites import Sprite
from stimuli.virtual_display import display_answers

if TYPE_CHECKING:
    from psychopy import visual

_PROBE_FRAMES = 40
_RATE_TOLERANCE = 0.03  # 59.94 Hz passes for 60, 75 and 50 don't
_BLANKING = 0.7  # intervals below this share of the nominal or the usual one: flips don't wait


@dataclass(frozen=True)
class _Loaded:
    """A picture on the graphics card, its parts by the numbers that `Quads` gave them."""

    still: int
    moving: tuple[_Moves, ...]
    cursor: int
    confirmed: int
    readings: tuple[int, ...]
    beside: tuple[tuple[int, Track], ...]
    track: Track | Column | Targets | None
    extent: Extent


@dataclass(frozen=True)
class _Moves:
    """Something that moves: all its looks on the graphics card, and which is where when."""

    frames: tuple[int, ...]
    moving: Moving


class Window:
    """A PsychoPy window that shows screens.

    Parameters
    ----------
    size_px : tuple of int
        Size asked for; a full-screen window takes the screen's.
    background : str
        Colour, ``#rrggbb``.
    painter_for : callable
        Takes the window's true size (px) and returns the painter for it.
    clock : Clock
        With a virtual clock frames are paced by it, and what nobody looks at is skipped.
    refresh_hz : float
        Nominal rate, as the protocol has it.
    fullscreen : bool
    mouse : bool
        Whether the mouse is shown and listened to.

    Raises
    ------
    HardwareError
        If there is no display.
    """

    def __init__(
        self,
        size_px: tuple[int, int],
        background: str,
        painter_for: Callable[[tuple[int, int]], Painter],
        clock: Clock,
        refresh_hz: float,
        *,
        fullscreen: bool,
        mouse: bool,
    ) -> None:
        self._clock = clock
        self._loaded: dict[Screen, _Loaded] = {}
        self._pointer: deque[PointerEvent] = deque()
        self._focus: deque[tuple[float, bool]] = deque()
        self._track: Track | Column | Targets | None = None
        self._grabbed: Track | Column | Targets | None = None
        self._stamp = 0.0
        self._on_flip: OnFlip | None = None
        self._window = _open(size_px, background, fullscreen, mouse)
        width, height = (int(n) for n in self._window.size)
        self._quads = Quads(self._window)
        self._painter = painter_for((width, height))
        patch = self._painter.style.patch
        self._patch = (
            {}
            if patch is None
            else {
                lit: self._quads.upload(patch.sprite((width, height), lit=lit))
                for lit in (False, True)
            }
        )
        if mouse:
            self._window.winHandle.push_handlers(
                on_mouse_press=self._pressed,
                on_mouse_drag=self._dragged,
                on_mouse_release=self._released,
            )
        # Psychtoolbox's queue takes keys whatever window they are typed into.
        self._window.winHandle.push_handlers(
            on_activate=lambda: self._focused(True), on_deactivate=lambda: self._focused(False)
        )
        self._period = 1.0 / refresh_hz
        intervals = self._measure()
        interval = statistics.median(intervals)
        waits = isinstance(clock, RealClock) and wait_for_blank(intervals, self._period)
        if waits:
            try:
                check_rate(1.0 / interval, refresh_hz)
            except HardwareError:
                self._window.close()
                raise
        self._grid = None if waits else FrameGrid(clock, self._period)
        self._height = height
        self.facts = DisplayFacts(
            kind="window",
            size_px=(width, height),
            nominal_hz=refresh_hz,
            measured_hz=round(1.0 / interval, 1),
            waits_for_blank=waits,
            screens=len(self._window.winHandle.display.get_screens()),
        )

    def prepare(self, screens: Iterable[Screen]) -> dict[Screen, Extent]:
        extents = {screen: self._load(screen).extent for screen in screens}
        self._window.clearBuffer()
        return extents

    def next_flip(self) -> float:
        if self._grid is not None:
            return self._grid.due()
        since = self._clock.now() - self._stamp
        return self._stamp + self._period * (int(since / self._period) + 1)

    def flip(
        self,
        screen: Screen,
        cursor: int | None,
        confirmed: bool,
        on_flip: OnFlip | None,
        horizon: float | None,
        age: float = 0.0,
        lit: bool = False,
    ) -> float:
        picture = self._load(screen)
        self._track = picture.track
        if self._grabbed is not self._track:
            self._grabbed = None  # what was pressed on another screen
        # The buffer is cleared here and not by the flip, which would do it before its stamp is
        # taken: on a software renderer that takes longer than the swap.
        self._window.clearBuffer()
        self._draw(screen, picture, cursor, confirmed, age, lit)
        self._on_flip = on_flip
        self._window.callOnFlip(self._stamped)
        if self._grid is not None:
            self._finish()  # the renderer's work is done before the wait, not after it
            self._grid.wait(horizon)
        self._window.flip(clearBuffer=False)
        return self._stamp

    def pointer(self) -> list[PointerEvent]:
        return [self._pointer.popleft() for _ in range(len(self._pointer))]

    def focus(self) -> list[tuple[float, bool]]:
        return [self._focus.popleft() for _ in range(len(self._focus))]

    @property
    def track(self) -> Track | Column | Targets | None:
        """Where what is shown can be clicked; None if there is nothing to click."""
        return self._track

    @property
    def uploaded(self) -> int:
        """How many different images are on the graphics card."""
        return self._quads.count

    @property
    def place(self) -> tuple[int, int]:
        """Left and top of the window on the desktop (px)."""
        left, top = self._window.winHandle.get_location()
        return int(left), int(top)

    def capture(
        self,
        screen: Screen,
        cursor: int | None,
        confirmed: bool,
        age: float = 0.0,
        lit: bool = False,
    ) -> Any:
        """Return what the window would show of a screen, as an RGB array (height, width, 3)."""
        import numpy as np

        picture = self._load(screen)
        self._window.clearBuffer()
        self._draw(screen, picture, cursor, confirmed, age, lit)
        frame = self._window.getMovieFrame(buffer="back")
        self._window.movieFrames = []
        self._window.clearBuffer()
        return np.asarray(frame)[:, :, :3]

    def close(self) -> None:
        self._window.close()

    # --- drawing ----------------------------------------------------------------------------------

    def _load(self, screen: Screen) -> _Loaded:
        key = still(screen)
        if key in self._loaded:
            return self._loaded[key]
        picture: Picture = self._painter.paint(screen)
        upload = self._quads.upload
        loaded = _Loaded(
            upload(*picture.sprites),
            tuple(_Moves(tuple(map(upload, one.frames)), one) for one in picture.moving),
            upload() if picture.cursor is None else upload(picture.cursor),
            upload() if picture.confirmed is None else upload(picture.confirmed),
            tuple(map(upload, picture.readings)),
            tuple((upload(one.mark), one.track) for one in picture.beside),
            picture.track,
            _extent(picture.shown_at(0.0)),
        )
        self._loaded[key] = loaded
        return loaded

    def _draw(
        self,
        screen: Screen,
        picture: _Loaded,
        cursor: int | None,
        confirmed: bool,
        age: float,
        lit: bool,
    ) -> None:
        draw = self._quads.draw
        with self._quads.drawing():
            draw(picture.still)
            for (mark, track), given in zip(picture.beside, given_beside(screen), strict=True):
                if given is not None:
                    draw(mark, *track.place_of(given))
            for moves in picture.moving:
                spot = moves.moving.spot(age)
                if spot is not None:
                    index, right, down = spot
                    draw(moves.frames[index], right, down)
            if cursor is not None and picture.track is not None:
                right, down = picture.track.place_of(cursor)
                draw(picture.confirmed if confirmed else picture.cursor, right, down)
                if picture.readings:
                    draw(picture.readings[cursor - picture.track.lowest])
            if self._patch:
                draw(self._patch[lit])

    def _stamped(self) -> None:
        # The first thing after the flip. PsychoPy's own stamp is the wall clock.
        self._stamp = self._clock.now()
        if self._on_flip is not None:
            self._on_flip(self._stamp)

    @staticmethod
    def _finish() -> None:
        from pyglet import gl

        gl.glFinish()

    def _measure(self) -> list[float]:
        """Return the intervals (s) of flips that nothing else paces."""
        import time

        stamps = []
        for _ in range(_PROBE_FRAMES):
            self._window.flip()
            stamps.append(time.perf_counter())
        self._stamp = self._clock.now()
        return [b - a for a, b in itertools.pairwise(stamps[5:])]

    def _focused(self, on: bool) -> None:
        self._focus.append((round(self._clock.now(), 6), on))

    # --- the mouse --------------------------------------------------------------------------------

    # A scale is pressed, dragged along and let go, which takes the answer. The drag may leave the
    # line; hovering over it moves nothing, so that a mouse at rest never answers. A thing among
    # others is pressed and let go; if it is let go beside them all, nothing is taken.

    def _pressed(self, x: float, y: float, *_: Any) -> None:
        track, down = self._track, self._height - y
        self._grabbed = track if track is not None and track.pressed(x, down) is not None else None
        self._dragged(x, y)

    def _dragged(self, x: float, y: float, *_: Any) -> None:
        if self._grabbed is not None and self._grabbed is self._track:
            position = self._grabbed.dragged(x, self._height - y)
            if position is not None:
                self._point(position, released=False)

    def _released(self, x: float, y: float, *_: Any) -> None:
        grabbed, self._grabbed = self._grabbed, None
        here = grabbed is not None and grabbed is self._track
        position = grabbed.dragged(x, self._height - y) if grabbed is not None and here else None
        self._point(position, released=True)

    def _point(self, position: int | None, *, released: bool) -> None:
        self._pointer.append(PointerEvent(round(self._clock.now(), 6), position, released))


def wait_for_blank(intervals: Sequence[float], period: float) -> bool:
    """Whether flips wait for the vertical blank.

    If they do, none comes early: the fastest tenth takes as long as most do. On a display that
    does not wait, some flips are fast even if the machine has much else to do.

    Parameters
    ----------
    intervals : sequence of float
        Of flips (s) that nothing else paces.
    period : float
        Nominal seconds from frame to frame.
    """
    fastest = sorted(intervals)[len(intervals) // 10]
    return fastest > _BLANKING * max(period, statistics.median(intervals))


class WrongRate(HardwareError):
    """A display that runs at another rate than the protocol's (Hz)."""

    def __init__(self, measured_hz: float, nominal_hz: float) -> None:
        self.measured_hz, self.nominal_hz = measured_hz, nominal_hz
        super().__init__(
            f"the display runs at {measured_hz:.1f} Hz, the protocol says {nominal_hz:g} Hz; set "
            "the display's rate, or screen.refresh_hz in study.yaml"
        )


def check_rate(measured_hz: float, nominal_hz: float) -> None:
    """Make sure that a display runs at the protocol's rate: all times are laid out for it.

    Parameters
    ----------
    measured_hz, nominal_hz : float
        Flips per second, where they wait for the vertical blank.

    Raises
    ------
    WrongRate
        If they differ by more than `_RATE_TOLERANCE`.
    """
    if abs(measured_hz / nominal_hz - 1.0) > _RATE_TOLERANCE:
        raise WrongRate(measured_hz, nominal_hz)


def rush(on: bool) -> bool:
    """Have Windows or macOS run this process before others, as PsychoPy does it, or end that.

    No right is needed there.

    Returns
    -------
    bool
        Whether it was granted.
    """
    with lean_imports():
        from psychopy import logging

        logging.console.setLevel(logging.ERROR)  # a refusal is told by the log's header
        from psychopy.platform_specific import rush as psychopy_rush

    return bool(psychopy_rush(on))


def _extent(sprites: Sequence[Sprite]) -> Extent:
    left, top = min(s.left for s in sprites), min(s.top for s in sprites)
    return (
        left,
        top,
        max(s.right for s in sprites) - left,
        max(s.bottom for s in sprites) - top,
    )


def _open(
    size_px: tuple[int, int], background: str, fullscreen: bool, mouse: bool
) -> visual.Window:
    if sys.platform.startswith("linux") and not display_answers():
        raise HardwareError(
            f"no display (DISPLAY is {os.environ.get('DISPLAY') or 'not set'}): start this session "
            "in a desktop session, under xvfb-run, or with --no-window and a --robot"
        )
    with _quiet():
        with lean_imports():
            from psychopy import logging, visual

        logging.console.setLevel(logging.ERROR)
        return visual.Window(
            size=size_px,
            fullscr=fullscreen,
            color=background,
            colorSpace="hex",
            units="pix",
            allowGUI=mouse,
            checkTiming=False,
            waitBlanking=True,
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's start-up chatter off the assistant's terminal."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield
