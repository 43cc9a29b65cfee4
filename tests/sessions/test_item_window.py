"""A questionnaire's items in a real window: what it shows, and clicks of a real mouse."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from experiment.clock import RealClock
from experiment.events import PointerEvent
from experiment.examples import EXAMPLE
from experiment.looks import looks_of
from experiment.protocol import load_protocol
from experiment.screens import BACK, LEAVE_OUT, Item, Row, row_of
from stimuli.pictures import Column, Track, compose
from stimuli.window import Window

pytestmark = [pytest.mark.linux, pytest.mark.usefixtures("display")]
SIZE = (960, 540)
LISTED = Item("daily.with_whom", 3, 11, 11, back=True)
ON_LINE = Item("daily.sad", 3, 8, 11, back=True, required=False)
MOOD = tuple(Row(f"mood.{one}", given) for one, given in (("good", 2), ("sad", None), ("bad", 5)))
ON_PAGE = Item("mood.sad", 3, 2, 3, back=True, page=MOOD)


def clicked(window: Window, item: Item, position: int, aside: int = 0) -> list[PointerEvent]:
    """Press in the middle of a spot, let go so many pixels beside it; return what came of it."""
    window.flip(item, None, False, None, None)
    assert isinstance(window.track, Track | Column)
    (spot,) = (spot for spot in window.track.words if spot.position == position)
    left, top = window.place
    x = left + round((spot.left + spot.right) / 2)
    y = top + round((spot.top + spot.bottom) / 2)
    away = ["mousemove", str(x + aside), str(y)] if aside else []
    words = ["mousemove", str(x), str(y), "mousedown", "1", *away, "mouseup", "1"]
    subprocess.run(["xdotool", *words], check=True, timeout=10)
    events: list[PointerEvent] = []
    for _ in range(60):
        window.flip(item, None, False, None, None)
        events += window.pointer()
        if events and events[-1].released:
            break
    return events


def test_items_are_shown_as_replay_shows_them_and_take_the_mouse() -> None:
    protocol, _ = load_protocol(EXAMPLE / "study.yaml")
    looks = looks_of(protocol, SIZE, {})
    clock = RealClock()
    background = protocol.screen.background
    window = Window(
        SIZE, background, lambda _: looks.painter, clock, 60.0, fullscreen=False, mouse=True
    )
    try:
        for item, cursor in ((LISTED, None), (LISTED, 4), (ON_LINE, 6), (ON_PAGE, 1)):
            shown = window.capture(item, cursor, False).astype(int)
            should = compose(looks.painter.paint(item), looks.style, cursor)
            assert np.abs(shown - should).max() <= 3
        for item, position in (
            *((LISTED, 2), (LISTED, 5), (LISTED, BACK)),
            *((ON_LINE, LEAVE_OUT), (ON_PAGE, row_of(3)), (ON_PAGE, BACK)),
        ):
            events = clicked(window, item, position)
            assert (events[-1].point, events[-1].released) == (position, True)
        assert clicked(window, LISTED, 2, aside=-400)[-1].point is None  # thought better of it
    finally:
        window.close()
        clock.close()
