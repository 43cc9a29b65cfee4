"""What the player draws on: the protocol of a display, and one without a window."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from experiment.clock import Clock, FrameGrid
from experiment.events import PointerEvent
from experiment.screens import Screen

OnFlip = Callable[[float], None]


@dataclass(frozen=True)
class DisplayFacts:
    """What is known of a display, for the log.

    Parameters
    ----------
    kind : str
        ``window`` or ``none``.
    size_px : tuple of int
    nominal_hz : float
        As the protocol has it.
    measured_hz : float or None
        Flips per second when nothing but the display paces them.
    waits_for_blank : bool
        Whether a flip waits for the vertical blank. If not, flips are paced by the clock.
    screens : int or None
        How many are attached to the machine; None if that isn't known.
    """

    kind: str
    size_px: tuple[int, int]
    nominal_hz: float
    measured_hz: float | None
    waits_for_blank: bool
    screens: int | None = None


Extent = tuple[int, int, int, int]  # left, top, width, height of what is drawn, px


class Display(Protocol):
    """Shows screens, frame by frame."""

    facts: DisplayFacts

    def prepare(self, screens: Iterable[Screen]) -> dict[Screen, Extent]:
        """Make everything for these screens beforehand, so that drawing them is only drawing.

        Returns
        -------
        dict of Screen to (int, int, int, int)
            Left, top, width and height (px) of what is drawn; nothing without a window.
        """
        ...

    def next_flip(self) -> float:
        """Return when the next flip is expected (s, session clock)."""
        ...

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
        """Draw, wait for the frame, flip, and return the flip's stamp (s, session clock).

        Parameters
        ----------
        screen : Screen
        cursor : int or None
            Point at which a scale's cursor stands.
        confirmed : bool
            Whether the answer has been taken.
        on_flip : callable or None
            Called with the stamp, as the first thing after the flip.
        horizon : float or None
            Nothing will change before this time (s); a virtual display may skip frames until then.
        age : float
            How long (s) the screen will have been shown at this flip: where things are that move.
        lit : bool
            Whether the photodiode's patch is white, where the protocol has one.
        """
        ...

    def pointer(self) -> list[PointerEvent]:
        """Return what the mouse did since the last call."""
        ...

    def focus(self) -> list[tuple[float, bool]]:
        """Return when the keyboard's focus went (False) or came back (True) since the last call."""
        ...

    def close(self) -> None:
        """Close the window."""
        ...


class NoWindow:
    """A display that nobody sees, with frames on a grid, in real or in virtual time.

    Parameters
    ----------
    clock : Clock
    size_px : tuple of int
    refresh_hz : float
    """

    def __init__(self, clock: Clock, size_px: tuple[int, int], refresh_hz: float) -> None:
        self._clock = clock
        self._grid = FrameGrid(clock, 1.0 / refresh_hz)
        self.facts = DisplayFacts("none", size_px, refresh_hz, None, waits_for_blank=False)

    def prepare(self, screens: Iterable[Screen]) -> dict[Screen, Extent]:  # noqa: ARG002
        return {}

    def next_flip(self) -> float:
        return self._grid.due()

    def flip(
        self,
        screen: Screen,  # noqa: ARG002
        cursor: int | None,  # noqa: ARG002
        confirmed: bool,  # noqa: ARG002
        on_flip: OnFlip | None,
        horizon: float | None,
        age: float = 0.0,  # noqa: ARG002
        lit: bool = False,  # noqa: ARG002
    ) -> float:
        self._grid.wait(horizon)
        stamp = self._clock.now()
        if on_flip is not None:
            on_flip(stamp)
        return stamp

    def pointer(self) -> list[PointerEvent]:
        return []

    def focus(self) -> list[tuple[float, bool]]:
        return []

    def close(self) -> None:
        """Nothing to close."""
