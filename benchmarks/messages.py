"""How soon a message is on the screen, and how soon it would be if it were made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.table import Row, at_most, beside
from experiment.clock import FrameGrid, RealClock
from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS, EXAMPLE_PARTICIPANT
from experiment.kit.importing import import_kit
from experiment.kit.reading import length_of, visible_characters
from experiment.looks import looks_of
from experiment.protocol import Protocol, load_protocol
from experiment.screens import Fixation, Message, Screen, Waiting
from hardware.priority import raised_priority
from stimuli.virtual_display import some_display
from stimuli.window import Window

SIZE, HZ = (1280, 720), 60.0
OURS, THEIRS = 400, 100  # how often each is shown
WRITTEN = (
    "I still think of the winter when you drove through the snow to sit with me, and of how you"
    " never once said that it was a long way. Whatever happens, I want you to know that I noticed,"
    " that I remember all of it, and that I am a better person because you are in my life. ❤️"
)
"""A message as long as people write them, and longer than any of the sample kit."""


def first_frames() -> list[Row]:
    """Show the longest message at planned times, against PsychoPy's own texts made on the spot."""
    protocol, _ = load_protocol(EXAMPLE / "study.yaml")
    with raised_priority(), some_display():
        cross = _ours(protocol, Fixation(), "")
        late, rows = _beside_psychopy(protocol, longest_of_the_kit())
        longer, more = _beside_psychopy(protocol, WRITTEN)
    told = f"after its planned onset, p99 of {OURS}"
    return [
        at_most(f"{told}, {_words(longest_of_the_kit())}", late, 1e3 / HZ, "ms"),
        *rows,
        beside("a fixation cross in the same window, p99", _p99(cross), "ms"),
        beside(f"a longer one, {_words(WRITTEN)}: {told}", longer, "ms"),
        *more,
    ]


def longest_of_the_kit() -> str:
    """Return the longest message of the sample kit and its control messages."""
    strangers = EXAMPLE / "stranger_messages.csv"
    kit = import_kit(EXAMPLE / EXAMPLE_ANSWERS, EXAMPLE_PARTICIPANT, strangers).kit
    return max((message.text for message in kit.messages), key=visible_characters)


def _words(text: str) -> str:
    return f"{length_of(text)} words"


def _beside_psychopy(protocol: Protocol, text: str) -> tuple[float, list[Row]]:
    """Return how late (ms, p99) our message was, and rows of what stands beside it."""
    quad = _ours(protocol, Message("longest"), text)
    stim = _psychopys(_text_stim, text)
    box = _psychopys(_text_box, text)
    return _p99(quad), [
        beside("median", float(np.median(quad)), "ms"),
        beside("TextStim made on the spot, same text, p99", _p99(stim), "ms"),
        beside("median", float(np.median(stim)), "ms"),
        beside("TextBox2 made on the spot, same text, p99", _p99(box), "ms"),
        beside("median", float(np.median(box)), "ms"),
    ]


def _p99(late: list[float]) -> float:
    return float(np.percentile(late, 99))


def _ours(protocol: Protocol, screen: Screen, text: str) -> list[float]:
    """Return how late (ms) a screen was that had been laid out and uploaded beforehand."""
    clock = RealClock()
    looks = looks_of(protocol, SIZE, {"longest": (text, "en")})
    colour = protocol.screen.background
    window = Window(SIZE, colour, lambda _: looks.painter, clock, HZ, fullscreen=False, mouse=False)
    window.prepare([Waiting("paused"), screen])
    late = []
    for _ in range(OURS):
        for _ in range(5):
            window.flip(Waiting("paused"), None, False, None, None)
        due = window.next_flip()
        late.append(1e3 * (window.flip(screen, None, False, None, None) - due))
    window.close()
    clock.close()
    return late


def _psychopys(make: Callable[[Any, str], Any], text: str) -> list[float]:
    """Return how late (ms) a message was that was made when it was due."""
    from psychopy import logging, visual
    from pyglet import gl

    logging.console.setLevel(logging.ERROR)
    window = visual.Window(SIZE, units="pix", checkTiming=False, allowGUI=False)
    clock = RealClock()
    grid = FrameGrid(clock, 1 / HZ)
    late = []
    for _ in range(THEIRS):
        for _ in range(5):
            grid.wait(None)
            window.flip()
        due = grid.due()
        make(window, text).draw()
        gl.glFinish()
        grid.wait(None)
        window.flip(clearBuffer=False)
        late.append(1e3 * (clock.now() - due))
        window.clearBuffer()
    clock.close()
    window.close()
    return late


def _text_stim(window: Any, text: str) -> Any:
    from psychopy import visual

    return visual.TextStim(window, text=text, font="Noto Sans", height=44, wrapWidth=968)


def _text_box(window: Any, text: str) -> Any:
    from psychopy import visual

    return visual.TextBox2(
        window, text=text, font="Noto Sans", letterHeight=44, size=(968, 600), alignment="center"
    )
