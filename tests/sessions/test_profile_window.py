"""The real window shows profiles as replay does, and a frame of them costs no decoding."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from experiment.clock import RealClock
from experiment.profiles import DEMO, OwnProfile, load_profiles, look_of, looks_of_set
from experiment.screens import Feedback, NeutralFace, ProfileScale, Screen
from stimuli.contents import Contents, ScaleLook
from stimuli.pictures import Style, compose
from stimuli.window import Window
from tests.sessions.painters import CountingPainter

pytestmark = pytest.mark.usefixtures("display")
STYLE = Style((960, 540), 32)
SCREENS: tuple[tuple[Screen, int | None], ...] = (
    (ProfileScale("p32", "liking", 3), 2),
    (Feedback("p35", "liking", None), None),
    (Feedback("p35", "liking", 6), None),
    (NeutralFace("n03"), None),
)


def no_message(message_id: str) -> tuple[str, str]:
    raise KeyError(message_id)


@pytest.fixture(scope="module")
def rig() -> Iterator[tuple[Window, CountingPainter]]:
    contents = Contents(
        {"confirm": "Press confirm", "seen": "Press confirm when you have read it"},
        {"liking": ScaleLook("Like?", 1, 6, {1: "Definitely no", 6: "Definitely yes"})},
        no_message,
        profile=looks_of_set(load_profiles(DEMO)),
        own=look_of(OwnProfile("Alex", 31, "Hello.", DEMO / "photos" / "p05.png")),
    )
    painter, clock = CountingPainter(STYLE, contents), RealClock()
    window = Window(
        STYLE.size_px,
        STYLE.background,
        lambda _: painter,
        clock,
        60.0,
        fullscreen=False,
        mouse=False,
    )
    window.prepare(screen for screen, _ in SCREENS)
    yield window, painter
    window.close()
    clock.close()


@pytest.mark.parametrize(("screen", "cursor"), SCREENS, ids=lambda value: str(value)[:40])
def test_the_window_shows_what_replay_shows(
    rig: tuple[Window, CountingPainter], screen: Screen, cursor: int | None
) -> None:
    window, painter = rig
    shown = window.capture(screen, cursor, False)
    should = compose(painter.paint(screen), STYLE, cursor)
    assert shown.shape == should.shape
    assert np.abs(shown.astype(int) - should).max() <= 3


def test_nothing_is_painted_in_the_run(rig: tuple[Window, CountingPainter]) -> None:
    window, painter = rig
    painted = painter.painted
    for screen, cursor in SCREENS:
        window.flip(screen, cursor, False, None, None)
    window.flip(
        ProfileScale("p32", "liking", 6), 6, False, None, None
    )  # the cursor began elsewhere
    assert painter.painted == painted
