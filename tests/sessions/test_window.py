"""The real window shows what the painter painted, and takes the mouse."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from experiment.clock import RealClock
from experiment.errors import HardwareError
from experiment.events import PointerEvent
from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS
from experiment.kit import load_kit, save_kit
from experiment.kit.importing import import_kit
from experiment.looks import looks_of
from experiment.protocol import load_protocol
from experiment.screens import Closing, Fixation, Message, Page, Scale, Screen, Waiting
from stimuli.painter import Painter
from stimuli.pictures import Track, compose
from stimuli.window import Window, check_rate, wait_for_blank

pytestmark = [pytest.mark.linux, pytest.mark.usefixtures("display")]
SIZE = (960, 540)
SCREENS: tuple[Screen, ...] = (
    Page("messages.welcome"),
    Waiting("waiting_scanner"),
    Fixation(),
    Message("m001"),
    Message("m025"),
    Message("m031"),
    Message("m053"),
    Scale("connection", 4),
    Scale("good", 1, "practice.prompt"),
    Closing("closing"),
)
Rig = tuple[Window, RealClock, Callable[[Screen, int | None, bool], np.ndarray]]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("kit")
    save_kit(import_kit(EXAMPLE / EXAMPLE_ANSWERS, "012", None).kit, folder)
    protocol, _ = load_protocol(EXAMPLE / "study.yaml")
    looks = looks_of(protocol, SIZE, load_kit(folder).texts())
    clock = RealClock()
    background = protocol.screen.background
    window = Window(
        SIZE, background, lambda _: looks.painter, clock, 60.0, fullscreen=False, mouse=True
    )
    window.prepare(SCREENS)

    def expected(screen: Screen, cursor: int | None, confirmed: bool) -> np.ndarray:
        return compose(looks.painter.paint(screen), looks.style, cursor, confirmed)

    yield window, clock, expected
    window.close()
    clock.close()


def rms(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean((a.astype(float) - b.astype(float)) ** 2)))


@pytest.mark.parametrize("screen", SCREENS, ids=lambda s: f"{s.kind}-{SCREENS.index(s)}")
def test_the_window_shows_what_replay_shows(rig: Rig, screen: Screen) -> None:
    window, _, expected = rig
    cursor = 3 if isinstance(screen, Scale) else None
    for confirmed in (False, True) if cursor else (False,):
        shown = window.capture(screen, cursor, confirmed)
        should = expected(screen, cursor, confirmed)
        assert shown.shape == should.shape
        assert rms(shown, should) < 0.6
        assert np.abs(shown.astype(int) - should).max() <= 3


def test_another_screen_is_another_picture(rig: Rig) -> None:
    window, _, expected = rig
    assert rms(window.capture(Message("m001"), None, False), expected(Fixation(), None, False)) > 3


def test_stamps_are_monotonic_and_the_callback_comes_with_the_flip(rig: Rig) -> None:
    window, clock, _ = rig
    stamps: list[float] = []
    begun = clock.now()
    flips = [window.flip(Fixation(), None, False, stamps.append, None) for _ in range(20)]
    assert flips == stamps == sorted(stamps)
    assert begun < stamps[0] < stamps[-1] <= clock.now()


def test_a_display_that_waits_for_nothing_is_found_out_and_paced(rig: Rig) -> None:
    window, _, _ = rig
    facts = window.facts
    if facts.waits_for_blank:
        pytest.skip("this display waits for the vertical blank")
    stamps = [window.flip(Fixation(), None, False, None, None) for _ in range(61)]
    # No claim about single frames on a shared machine, only that somebody paces them.
    assert stamps[-1] - stamps[0] >= 60 / 60.0 - 0.1


def pointer_after(window: Window, *words: str) -> list[PointerEvent]:
    subprocess.run(["xdotool", *words], check=True, timeout=10)
    events: list[PointerEvent] = []
    for _ in range(30):
        window.flip(Scale("connection", 4), 4, False, None, None)
        events += window.pointer()
        if events:
            break
    return events


def desktop(window: Window, position: int, down: int = 0) -> tuple[str, str]:
    """Where on the desktop a position of the scale is, and so many pixels below it."""
    window.flip(Scale("connection", 4), 4, False, None, None)
    track = window.track
    assert isinstance(track, Track)
    left, top = window.place
    return str(left + track.x_of(position)), str(top + track.row_px + down)


def test_a_click_on_the_scale_picks(rig: Rig) -> None:
    window, _, _ = rig
    hovering = pointer_after(window, "mousemove", *desktop(window, 6))
    assert hovering == []
    clicked = pointer_after(window, "click", "1")
    assert [(e.point, e.released) for e in clicked] == [(6, False), (6, True)]


def test_a_drag_moves_the_cursor_wherever_it_goes_and_letting_go_picks(rig: Rig) -> None:
    window, _, _ = rig
    pointer_after(window, "mousemove", *desktop(window, 2))
    pressed = pointer_after(window, "mousedown", "1")
    dragged = pointer_after(window, "mousemove", *desktop(window, 5, down=150))
    let_go = pointer_after(window, "mouseup", "1")
    assert [(e.point, e.released) for e in pressed] == [(2, False)]
    assert [(e.point, e.released) for e in dragged][-1] == (5, False)
    assert [(e.point, e.released) for e in let_go] == [(5, True)]


def test_a_click_beside_the_scale_points_nowhere(rig: Rig) -> None:
    window, _, _ = rig
    pointer_after(window, "mousemove", *desktop(window, 2, down=150))
    clicked = pointer_after(window, "click", "1")
    assert [(e.point, e.released) for e in clicked] == [(None, True)]


def test_a_full_screen_window_is_laid_out_for_the_screens_own_size() -> None:
    protocol, _ = load_protocol(EXAMPLE / "study.yaml")
    asked: list[tuple[int, int]] = []

    def painter_for(size: tuple[int, int]) -> Painter:
        asked.append(size)
        return looks_of(protocol, size, {}).painter

    clock = RealClock()
    background = protocol.screen.background
    window = Window((640, 360), background, painter_for, clock, 60.0, fullscreen=True, mouse=False)
    try:
        assert asked == [window.facts.size_px]
        shown = window.capture(Page("messages.welcome"), None, False)
        looks = looks_of(protocol, asked[0], {})
        expected = compose(looks.painter.paint(Page("messages.welcome")), looks.style)
        assert shown.shape == expected.shape
        assert rms(shown, expected) < 0.6
    finally:
        window.close()
        clock.close()


@pytest.mark.parametrize("measured", [59.94, 60.0, 61.0])
def test_a_rate_near_the_protocol_s_passes(measured: float) -> None:
    check_rate(measured, 60.0)


@pytest.mark.parametrize("measured", [50.0, 72.0, 75.0, 58.0])
def test_another_rate_than_the_protocol_s_is_refused_with_the_remedy(measured: float) -> None:
    with pytest.raises(HardwareError, match="the protocol says 60 Hz; set the display's rate"):
        check_rate(measured, 60.0)


def test_a_window_notices_that_keys_go_elsewhere(rig: Rig) -> None:
    window, clock, _ = rig

    def changes(*search: str) -> list[bool]:
        """Give the keys to the window that is found; return what our window notices."""
        found = subprocess.run(
            ["xdotool", "search", *search], check=True, capture_output=True, text=True
        )
        subprocess.run(["xdotool", "windowfocus", found.stdout.split()[-1]], check=True)
        noticed: list[tuple[float, bool]] = []
        for _ in range(60):
            window.flip(Fixation(), None, False, None, None)
            noticed += window.focus()
        assert all(0 < t <= clock.now() for t, _ in noticed)
        return [on for _, on in noticed]

    own = ("--onlyvisible", "--name", "PsychoPy")
    root = ("--maxdepth", "0", "--onlyvisible", "--name", "")
    changes(*own)
    assert changes(*root) == [False]
    assert changes(*own) == [True]


FRAME = 1 / 60


@pytest.mark.parametrize(
    ("intervals", "waits"),
    [
        ([FRAME] * 34, True),
        ([FRAME * 1.002, FRAME * 0.998] * 15 + [2 * FRAME] * 4, True),  # a few were late
        ([1 / 75] * 34, True),  # waits, but for another display than the protocol's
        ([0.002] * 34, False),
        ([0.004] * 8 + [0.013, 0.020] * 13, False),  # a virtual display on a busy machine
        ([1 / 144] * 34, False),  # too fast for the protocol: paced by the clock
    ],
)
def test_flips_that_wait_for_the_blank_are_told_from_slow_ones(
    intervals: list[float], waits: bool
) -> None:
    assert wait_for_blank(intervals, FRAME) is waits
