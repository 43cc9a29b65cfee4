"""The pictures of questionnaires in docs/: their screens, and the page for daily reports.

``python -m benchmarks.form_pictures`` draws both; the page is shown by headless Chromium.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from benchmarks.scripts import shoot
from experiment.daily.days import set_first_day
from experiment.daily.page import page_for
from experiment.examples import make_study
from experiment.looks import looks_of
from experiment.protocol import load_protocol
from experiment.screens import Item, Row
from experiment.study import open_study
from stimuli.pictures import compose

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
_SIZE = (1280, 720)
_SHOWN = (640, 360)
_GAP = 20  # px between phones

_PHONE = (390, 1180)
_DAY = date(2026, 3, 2)
_EVENING = """
const evening = new Date(2026, 2, 2, 20, 30).getTime(), RealDate = Date;
Date = class extends RealDate {
  constructor(...parts) { super(...(parts.length ? parts : [evening])); }
  static now() { return evening; }
};
// Phones side by side would find each other's drafts.
const nothing = { getItem: () => null, setItem: () => {} };
Object.defineProperty(window, "localStorage", { value: nothing });
"""
_ANSWERS = {"connected": 6, "close": 5, "cared_for": 7, "cut_off": 2, "happy": 5, "content": 4}
_ANSWERS |= {"enthusiastic": 3, "met": 1, "with_whom": 3}
_FILL_IN = """
for (const [item, value] of Object.entries(%s))
  document.querySelector(`input[name="daily.${item}"][value="${value}"]`).click();
const line = document.querySelector('[data-item="daily.met_good"] input');
line.value = 72;
line.dispatchEvent(new Event("input", { bubbles: true }));
"""
_TO_THE_END = "window.scrollTo({ top: document.body.scrollHeight, behavior: 'instant' });"
_SAVE = "document.getElementById('save').click();"


def main() -> None:
    """Draw both."""
    draw_screens(PICTURES / "questionnaires.png")
    draw_page(PICTURES / "daily-page.png")


# --- screens -------------------------------------------------------------------------------------


def draw_screens(file: Path) -> None:
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


# --- the page ------------------------------------------------------------------------------------


def draw_page(file: Path) -> None:
    """Show the page on phones side by side: filled in, at its end, saved; then in Arabic."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        pages = {language: _page_in(folder / language, language) for language in ("en", "ar")}
        phones = (
            *(_used(pages["en"], done) for done in ("", _TO_THE_END, _SAVE)),
            *(_used(pages["ar"], done) for done in ("", _TO_THE_END)),
        )
        width, height = len(phones) * (_PHONE[0] + _GAP) - _GAP, _PHONE[1]
        sheet, shot = folder / "phones.html", folder / "shot.png"
        sheet.write_text(_side_by_side(phones), "utf-8")
        shoot(sheet, shot, width, height)
        picture = Image.open(shot).convert("RGB").crop((0, 0, width, height))
    picture.quantize(64, dither=Image.Dither.NONE).save(file, optimize=True)


def _page_in(folder: Path, language: str) -> str:
    make_study(folder)
    study = open_study(folder)
    set_first_day(study, "012", "01", _DAY)
    return page_for(study, "012", language)


def _used(page: str, then: str) -> str:
    """Have the page filled in as soon as it is there, on the evening of the first day."""
    after = f"<script>{_FILL_IN % json.dumps(_ANSWERS)}{then}</script></body>"
    return page.replace("<head>", f"<head><script>{_EVENING}</script>").replace("</body>", after)


def _side_by_side(pages: Iterable[str]) -> str:
    width, height = _PHONE
    frames = "".join(
        f'<iframe width="{width}" height="{height}" srcdoc="{html.escape(page)}"></iframe>'
        for page in pages
    )
    style = f"body {{ display: flex; gap: {_GAP}px; margin: 0 }} iframe {{ border: 0; flex: none }}"
    return f'<!doctype html><meta charset="utf-8"><style>{style}</style>{frames}'


if __name__ == "__main__":
    main()
