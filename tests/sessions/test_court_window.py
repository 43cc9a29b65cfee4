"""The real window shows the ball game as replay does at every age, and takes clicks on players."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import numpy as np
import pytest

from experiment.clock import RealClock
from experiment.events import PointerEvent
from experiment.profiles import DEMO, load_profiles, looks_of_set
from experiment.screens import Court, Lobby, Screen, Throw
from stimuli.contents import Contents
from stimuli.pictures import Style, Targets, compose
from stimuli.window import Window
from tests.sessions.painters import CountingPainter

pytestmark = [pytest.mark.linux, pytest.mark.usefixtures("display")]
STYLE = Style((640, 360), 22)
PLAYERS = ("p32", "p35", "p01")
OURS = Court(PLAYERS, 0)
SHOWN: tuple[tuple[Screen, int | None, tuple[float, ...]], ...] = (
    (Throw(PLAYERS, 1, 3, 0.6), None, (0.0, 0.1, 0.31, 0.6)),
    (Throw(PLAYERS, 2, 0, 0.6), None, (0.3, 0.55)),
    (Court(PLAYERS, 2, turned_to=3), None, (0.1, 2.0)),
    (OURS, 2, (0.0, 1.0)),
    (Lobby(PLAYERS, 2), None, (0.1, 0.8)),
)


def no_message(message_id: str) -> tuple[str, str]:
    raise KeyError(message_id)


@pytest.fixture(scope="module")
def rig() -> Iterator[tuple[Window, CountingPainter]]:
    contents = Contents(
        {
            "players_connecting": "The other players are connecting",
            "players_here": "All players are here",
        },
        {},
        no_message,
        profile=looks_of_set(load_profiles(DEMO)),
    )
    painter, clock = CountingPainter(STYLE, contents), RealClock()
    window = Window(
        STYLE.size_px,
        STYLE.background,
        lambda _: painter,
        clock,
        60.0,
        fullscreen=False,
        mouse=True,
    )
    window.prepare(screen for screen, _, _ in SHOWN)
    yield window, painter
    window.close()
    clock.close()


@pytest.mark.parametrize(("screen", "cursor", "ages"), SHOWN, ids=lambda value: str(value)[:40])
def test_the_window_shows_what_replay_shows_at_every_age(
    rig: tuple[Window, CountingPainter], screen: Screen, cursor: int | None, ages: tuple[float, ...]
) -> None:
    window, painter = rig
    picture = painter.paint(screen)
    for age in ages:
        shown = window.capture(screen, cursor, False, age)
        should = compose(picture, STYLE, cursor, age=age)
        assert np.abs(shown.astype(int) - should).max() <= 3


def test_images_are_uploaded_once_and_never_in_the_run(rig: tuple[Window, CountingPainter]) -> None:
    window, painter = rig
    window.prepare([Throw(PLAYERS, 1, 3, 0.6)])
    before = window.uploaded
    window.prepare([Throw(PLAYERS, 1, 3, 0.7)])  # another screen, the same things
    assert window.uploaded == before
    painted = painter.painted
    for screen, cursor, ages in SHOWN:
        for age in ages:
            window.flip(screen, cursor, False, None, None, age)
    assert window.uploaded == before
    assert painter.painted == painted


def events_after(window: Window, *words: str) -> list[tuple[int | None, bool]]:
    subprocess.run(["xdotool", *words], check=True, timeout=10)
    events: list[PointerEvent] = []
    for _ in range(30):
        window.flip(OURS, None, False, None, None, 1.0)
        events += window.pointer()
        if events:
            break
    return [(event.point, event.released) for event in events]


def test_a_click_on_a_player_answers_and_hovering_never_does(
    rig: tuple[Window, CountingPainter],
) -> None:
    window, _ = rig
    window.flip(OURS, None, False, None, None)
    targets, (left, top) = window.track, window.place
    assert isinstance(targets, Targets)
    places = {n: (left + x, top + y) for n, (x, y) in enumerate(targets.places, start=1)}

    def move(x: int, y: int) -> list[tuple[int | None, bool]]:
        return events_after(window, "mousemove", str(x), str(y))

    for place in places.values():
        assert move(*place) == []
    assert events_after(window, "click", "1") == [(3, False), (3, True)]
    # Pressed on one and let go beside them all: nothing is taken.
    assert move(*places[1]) == []
    assert events_after(window, "mousedown", "1") == [(1, False)]
    assert move(left + 320, top + 350) == []
    assert events_after(window, "mouseup", "1") == [(None, True)]
    # A press that another screen comes between answers nothing.
    assert move(*places[2]) == []
    assert events_after(window, "mousedown", "1") == [(2, False)]
    window.flip(Court(PLAYERS, 2, turned_to=3), None, False, None, None)
    assert events_after(window, "mouseup", "1") == [(None, True)]
