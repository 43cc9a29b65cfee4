"""Pictures of the ball game for the docs: a sheet of its screens, and some seconds of a game.

``python -m benchmarks.game_pictures`` writes ``docs/pictures/cyberball.png`` and ``.webp``, made of
the same pictures that the window shows.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from analysis.sheets import Frame, sheet
from experiment.examples import PRESETS
from experiment.profiles import DEMO, OwnProfile, load_profiles, look_of, looks_of_set
from experiment.screens import Court, Lobby, Screen, Throw
from experiment.yaml_files import read_yaml
from stimuli.contents import Contents
from stimuli.painter import Painter
from stimuli.pictures import Style, compose

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
FRAMES_PER_SECOND = 30
_TWO, _THREE = ("p32", "p35"), ("p32", "p35", "p43")
_FIVE = ("p32", "p01", "p43", "p42", "p22")
_TEXTS = {
    "players_connecting": "The other players are connecting",
    "players_here": "All players are here",
    "reminder": "It is your turn. Whom would you like to throw to?",
    "hi": "hi",
    "hello": "hello everyone",
}


def main() -> None:
    """Make both."""
    _sheet(PICTURES / "cyberball.png")
    _film(PICTURES / "cyberball.webp")


def _flight() -> float:
    """Return how long a ball flies (s), as the preset has it."""
    tasks = read_yaml(PRESETS / "cyberball.yaml")["tasks"]
    return float(tasks["included"]["timing"]["flight"])


def _screens(flight: float) -> tuple[tuple[Screen, float, int | None, str], ...]:
    """Give the screens of the sheet, each with its age (s), the cursor and the caption."""
    return (
        (Lobby(_THREE, 2), 0.9, None, "players are connecting"),
        (Lobby(_THREE, 3, ((2, "hi"), (1, "hello"))), 1.0, None, "some may say something"),
        (Court(_TWO, 1, turned_to=2), 1.0, None, "a player turns to another"),
        (Throw(_TWO, 1, 2, flight), 0.36, None, "the ball flies"),
        (Throw(_TWO, 2, 0, flight), 0.44, None, "to the participant"),
        (Court(_TWO, 0), 1.0, None, "who now has it"),
        (Court(_THREE, 0, line="reminder"), 1.0, 2, "cursor and reminder, three others"),
        (Throw(_FIVE, 0, 4, flight), 0.18, None, "the participant throws, five others"),
        (Throw(_THREE, 3, 1, flight, watching=True), 0.32, None, "watching only"),
    )


def _painter(size: tuple[int, int]) -> tuple[Style, Painter]:
    style = Style(size, round(0.033 * size[0]))
    contents = Contents(
        _TEXTS,
        {},
        _no_message,
        profile=looks_of_set(load_profiles(DEMO)),
        own=look_of(OwnProfile("Alex", 31, "", DEMO / "photos" / "p05.png")),
    )
    return style, Painter(style, contents)


def _no_message(message_id: str) -> tuple[str, str]:
    raise KeyError(message_id)


def _sheet(file: Path) -> None:
    style, painter = _painter((1280, 720))
    pictures = [
        (_frame(painter, style, screen, age, cursor), [caption])
        for screen, age, cursor, caption in _screens(_flight())
    ]
    made = Image.fromarray(sheet(pictures, columns=3, width=440))
    # A palette that keeps rare colours (a sleeve, a shirt), and dots where the ground shades off.
    palette = made.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=4)
    made.quantize(palette=palette).save(file, optimize=True)


def _frame(
    painter: Painter, style: Style, screen: Screen, age: float, cursor: int | None = None
) -> Frame:
    return compose(painter.paint(screen), style, cursor, age=age)


def _game(players: tuple[str, ...]) -> Iterator[tuple[Screen, float]]:
    """Give what is shown one after the other, each for so long (s)."""
    yield from ((Lobby(players, joined), length) for joined, length in ((0, 0.7), (1, 0.9), (2, 1)))
    holder, flight = 1, _flight()
    for catcher, wait in ((2, 0.5), (0, 0.4), (1, 0.8), (2, 0.6), (1, 0.3), (0, 0.5), (2, 0.7)):
        yield Court(players, holder), wait
        yield Court(players, holder, turned_to=catcher), 0.35
        yield Throw(players, holder, catcher, flight), flight
        holder = catcher
    yield Court(players, holder), 0.8


def _film(file: Path) -> None:
    style, painter = _painter((800, 450))
    frames: list[Image.Image] = []
    begins = 0.0
    for screen, length in _game(_TWO):
        picture = painter.paint(screen)
        while len(frames) / FRAMES_PER_SECOND < begins + length:
            age = len(frames) / FRAMES_PER_SECOND - begins
            frames.append(Image.fromarray(np.ascontiguousarray(compose(picture, style, age=age))))
        begins += length
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        "webp",
        save_all=True,
        append_images=frames[1:],
        duration=round(1000 / FRAMES_PER_SECOND),
        loop=0,
        quality=80,
        method=3,
    )
    file.write_bytes(buffer.getvalue())


if __name__ == "__main__":
    main()
