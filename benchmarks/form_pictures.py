"""The picture of questionnaires' screens for the documentation: pages and single items."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from experiment.examples import make_study
from experiment.looks import looks_of
from experiment.protocol import load_protocol
from experiment.screens import Item, Row
from stimuli.pictures import compose

_SIZE = (1280, 720)
_SHOWN = (640, 360)


def draw(file: Path) -> None:
    """Draw pages in three languages, and items that have a screen of their own."""
    page = (4, 2, 5, None, None)
    shown = [_page(language, page) for language in ("en", "ar", "ja")]
    shown.append(_alone("en", "gamechecks.percent_of_throws", 30))
    sheet = Image.new("RGB", (2 * _SHOWN[0] + 12, 2 * _SHOWN[1] + 12), "#ffffff")
    for place, frame in enumerate(shown):
        left, top = (place % 2) * (_SHOWN[0] + 12), (place // 2) * (_SHOWN[1] + 12)
        small = Image.fromarray(np.ascontiguousarray(frame)).resize(
            _SHOWN, Image.Resampling.LANCZOS
        )
        sheet.paste(small, (left, top))
    sheet.quantize(96, dither=Image.Dither.NONE).save(file, optimize=True)


def _painted(language: str, screen: Item, cursor: int | None) -> np.ndarray:
    with TemporaryDirectory() as folder:
        study = Path(folder) / "study"
        make_study(study, "cyberball", language)
        looks = looks_of(load_protocol(study / "study.yaml")[0], _SIZE, {})
    return compose(looks.painter.paint(screen), looks.style, cursor)


def _page(language: str, given: tuple[int | None, ...]) -> np.ndarray:
    names = [f"needthreat.belonging_{number}" for number in range(1, 6)]
    rows = tuple(Row(name, value) for name, value in zip(names, given, strict=True))
    screen = Item(names[3], 3, 4, 20, back=True, page=rows)
    return _painted(language, screen, 4)


def _alone(language: str, name: str, cursor: int) -> np.ndarray:
    return _painted(language, Item(name, 50, 31, 31, back=True), cursor)


if __name__ == "__main__":
    draw(Path("docs/pictures/questionnaires.png"))
