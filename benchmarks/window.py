"""A PsychoPy window to measure in, and what stamps its flips."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from experiment.steady import steady
from hardware.priority import raised_priority


class Flips:
    """A window whose flips are stamped first of all, with one picture that moves."""

    def __init__(self, window: Any, picture: Any) -> None:
        self.call_on_flip = window.callOnFlip
        self.stamp = 0.0  # `time.perf_counter` (s) of the last flip
        self.count = 0
        self._window = window
        self._picture = picture

    def draw(self) -> None:
        """Draw the next frame, and have the renderer finish it."""
        from pyglet import gl

        self._picture.pos = (self.count % 100, 0)
        self._picture.draw()
        self._window.callOnFlip(self._stamped)
        gl.glFinish()

    def flip(self) -> None:
        self._window.flip()
        self.count += 1

    def _stamped(self) -> None:
        self.stamp = time.perf_counter()


@contextmanager
def flips(size: tuple[int, int], *, raised: bool) -> Iterator[Flips]:
    """Open a window, and set up this process as a session does for its runs.

    Parameters
    ----------
    size : tuple of int
        Pixels.
    raised : bool
        Whether to have a session's priority too; so have processes that are started later. Not for
        markers to a terminal of this machine: the kernel's worker that carries them to the far end,
        which a real device does without, would wait for the renderer.
    """
    with raised_priority() if raised else nullcontext():
        yield from _flips(size)


def _flips(size: tuple[int, int]) -> Iterator[Flips]:
    from psychopy import visual

    window = visual.Window(size, units="pix", checkTiming=False, allowGUI=False)
    picture = visual.Rect(window, width=size[0] // 4, height=size[1] // 4)
    try:
        with steady():
            yield Flips(window, picture)
    finally:
        window.close()
