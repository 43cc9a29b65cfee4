"""The photodiode's patch: where it is, and that window and replay agree on it."""

from __future__ import annotations

import numpy as np
import pytest

from experiment.clock import RealClock
from experiment.errors import BadInput
from experiment.examples import EXAMPLE
from experiment.looks import looks_of
from experiment.protocol import Protocol, load_protocol
from experiment.protocol.rig import Photodiode
from experiment.screens import Fixation, Screen
from stimuli.patch import Patch
from stimuli.pictures import Picture, Style, compose
from stimuli.window import Window

SIZE = (640, 360)


@pytest.mark.parametrize(
    ("corner", "place"),
    [("top_left", (0, 0)), ("top_right", (0, 580)), ("bottom_left", (300, 0)),
     ("bottom_right", (300, 580))],
)  # fmt: skip
def test_it_is_in_its_corner_white_when_lit_and_else_black(
    corner: str, place: tuple[int, int]
) -> None:
    style = Style(SIZE, 30, "#808080", patch=Patch(corner, 60))
    top, left = place
    for lit in (False, True):
        frame = compose(Picture(()), style, lit=lit)
        here = frame[top : top + 60, left : left + 60]
        assert (here == (255 if lit else 0)).all()
        frame = frame.copy()
        frame[top : top + 60, left : left + 60] = 0x80
        assert (frame == 0x80).all()


def test_without_one_nothing_is_drawn() -> None:
    style = Style(SIZE, 30)
    assert np.array_equal(
        compose(Picture(()), style, lit=True), compose(Picture(()), style, lit=False)
    )


def patched() -> Protocol:
    protocol, _ = load_protocol(EXAMPLE / "study.yaml")
    screen = protocol.screen.model_copy(
        update={"photodiode": Photodiode(corner="bottom_right", size_px=48)}
    )
    return protocol.model_copy(update={"screen": screen})


@pytest.mark.usefixtures("display")
def test_the_window_draws_it_as_replay_does() -> None:
    protocol = patched()
    looks = looks_of(protocol, SIZE, {})
    clock = RealClock()
    window = Window(
        SIZE, "#23211f", lambda _: looks.painter, clock, 60.0, fullscreen=False, mouse=False
    )
    screen: Screen = Fixation()
    try:
        for lit in (False, True):
            shown = window.capture(screen, None, False, lit=lit)
            expected = compose(looks.painter.paint(screen), looks.style, lit=lit)
            assert np.abs(shown.astype(int) - expected).max() <= 3
            assert (shown[-48:, -48:] == (255 if lit else 0)).all()
    finally:
        window.close()
        clock.close()


def test_a_study_without_it_has_none_and_a_wrong_one_is_told(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    import shutil

    protocol, _ = load_protocol(EXAMPLE / "study.yaml")
    assert looks_of(protocol, SIZE, {}).style.patch is None
    folder = tmp_path_factory.mktemp("study") / "study"
    shutil.copytree(EXAMPLE, folder)
    file = folder / "study.yaml"
    text = file.read_text("utf-8").replace(
        '  accent: "#e9a178"\n',
        '  accent: "#e9a178"\n  photodiode: {corner: bottom_right, size_px: 60}\n'
        "  photodiode_offset_ms: 12.5\n",
        1,
    )
    file.write_text(text + "criteria: {dropped_percent: 1.0, clock_ppm: none}\n", "utf-8")
    protocol, sources = load_protocol(file)
    assert protocol.screen.photodiode_offset_ms == 12.5
    assert (protocol.criteria.dropped_percent, protocol.criteria.clock_ppm) == (1.0, None)
    assert sources
    file.write_text(text.replace("bottom_right", "middle"), "utf-8")
    with pytest.raises(BadInput, match="photodiode"):
        load_protocol(file)
