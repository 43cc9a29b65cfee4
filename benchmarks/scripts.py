"""Our rendering of every script beside that of headless Chromium: ``make scripts``.

Chromium gets the same text, fonts, size and line breaks, and sets them by itself: shaping, fallback
from font to font, direction. Its pictures are kept in ``tests/stimuli/reference``, where the tests
find them; the sheet of both goes to ``docs/pictures/scripts.png``.
"""

from __future__ import annotations

import argparse
import html
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageDraw, ImageFont

from benchmarks.table import Row, at_least, beside
from stimuli.fonts import EMOJI, font_families, font_px, missing_glyphs, runs_right_to_left
from stimuli.pictures import Picture, Style, compose
from stimuli.sprites import Sprite
from stimuli.typeset import Typeset, Typesetter

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "tests" / "stimuli" / "reference"
SHEET = ROOT / "docs" / "pictures" / "scripts.png"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

Colour: TypeAlias = npt.NDArray[np.uint8]
"""Red, green, blue, shape (height, width, 3)."""
Grey: TypeAlias = npt.NDArray[np.float64]
"""Brightness, shape (height, width), 0 to 1."""

WIDTH, PX, SPACING, TOP, SIDE = 760, 40, 1.45, 40, 4
MEASURE = 0.9 * WIDTH
BACKGROUND, INK = "#23211f", "#f1e8da"
PAPER, CAPTION = "#f4f2ee", "#333333"  # of the sheet
EMOJI_SIZE = f"@font-face {{ font-family: '{EMOJI}'; src: local('{EMOJI}'); size-adjust: 85.16% }}"
"""The emoji font's pictures are 128 px high and made for 109 px per em. Qt makes an em of their
height, Chromium of the 109 px, so that its emoji would be larger by 128 / 109."""
ENOUGH = 0.90
"""Correlation from which a stretch of text shows the same as its reference (see `likeness`)."""


@dataclass(frozen=True)
class Sample:
    """A message in a script."""

    language: str
    text: str


SAMPLES: Mapping[str, Sample] = {
    "latin": Sample("de", "Für dich würde ich überall hinfahren – auch nachts um drei!"),
    "greek": Sample("el", "Σε σκέφτομαι κάθε μέρα και χαίρομαι που υπάρχεις στη ζωή μου."),
    "cyrillic": Sample("ru", "Ты самый добрый человек, которого я знаю. Спасибо тебе за всё!"),
    "chinese": Sample("zh", "谢谢你这么多年一直在我身边。有你做朋友，是我最大的幸运。"),
    "chinese-traditional": Sample("zh-TW", "謝謝你這麼多年一直在我身邊。有你做朋友，真幸運。"),
    "japanese": Sample("ja", "いつもそばにいてくれて、本当にありがとう。大好きな友だちへ。"),
    "korean": Sample("ko", "언제나 곁에 있어 줘서 정말 고마워. 너는 내 가장 소중한 친구야."),
    "arabic": Sample("ar", "تعالي إليّ متى شئتِ، فبابي مفتوح لكِ، ولن أنسى فضلكِ ما حييت."),
    "hebrew": Sample("he", "את האדם הכי טוב שאני מכיר, ואני חושב עלייך כל יום מחדש!"),
    "hindi": Sample("hi", "जब भी मैं घबराती हूँ, तुम्हारी बात याद करती हूँ और सब ठीक हो जाता है।"),
    "thai": Sample("th", "ขอบคุณที่อยู่เคียงข้างกันเสมอมา เธอคือเพื่อนที่ดีที่สุดของฉันตลอดไป"),
    "hebrew-with-latin": Sample("he", "תודה ל-Anna Smith על 3 שנים נפלאות (2019–2022), באמת!"),
    "english-with-arabic": Sample("en", "You call me حبيبتي يا سلمى, and 12 years later I smile."),
    "emoji": Sample("en", "Proud 👍🏽👏🏿 of my rainbow 🏳️‍🌈 and doctor 👩🏾‍⚕️ ❤️ 🇪🇸 👨‍👩‍👧 1️⃣"),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Shown:
    """A sample as a picture: `TOP` px above and below its lines, which are `leading` px high."""

    picture: Colour
    lines: int
    leading: int

    @property
    def grey(self) -> Grey:
        """Its brightness."""
        return _grey(self.picture)


def ours(sample: Sample) -> Shown:
    """Set a sample as in a session, in the frame of the reference pictures."""
    done = _typeset(sample)
    left = round(WIDTH / 2 - done.axis)
    top = TOP + round(0.72 * done.leading) - done.first_baseline
    style = Style((WIDTH, 2 * TOP + done.lines * done.leading), PX, BACKGROUND, INK)
    picture = compose(Picture((Sprite(done.image, left, top),)), style)
    return Shown(picture, done.lines, done.leading)


def likeness(shown: Shown, other: Grey) -> list[float]:
    """Compare two pictures of a text, line by line and word by part.

    The pictures are brought together by one shift up or down for all lines, so that another order
    of lines shows. Each stretch of a line that is an em wide, a letter or three, is then sought in
    the other picture's line, up to `SIDE` px to the side of its place, since engines round advances
    differently; so that another order of letters shows too. What is compared is brightness less
    the background's, blurred over 3 x 3 px because edges are smoothed differently, by its
    correlation: 0.96 and more for the same glyphs, below 0.8 with one box in a line.

    Parameters
    ----------
    shown : Shown
    other : Grey
        Another picture of it, of the same size.

    Returns
    -------
    list of float
        The lowest correlation of a stretch of each line, from the top; 0 where one has nothing.
    """
    if shown.grey.shape != other.shape:
        return [0.0]
    a, b = (_blurred(np.abs(picture - picture[0, 0])) for picture in (shown.grey, other))
    down = max(range(-25, 26), key=lambda shift: float((a * np.roll(b, shift, axis=0)).sum()))
    b = np.roll(b, down, axis=0)
    found = []
    for number in range(shown.lines):
        top = TOP + number * shown.leading
        band = slice(top, top + shown.leading)
        found.append(min(_sought(a[band], b[band], part) for part in _parts(a[band])))
    return found


def _parts(line: Grey) -> list[slice]:
    """Give the columns of stretches of a line that are an em wide and half an em apart."""
    inked = np.flatnonzero(line.max(axis=0) > 0.05)
    starts = range(int(inked[0]), max(int(inked[-1]) - PX, int(inked[0])) + 1, PX // 2)
    return [slice(start, start + PX) for start in starts if line[:, start : start + PX].any()]


def _sought(line: Grey, other: Grey, part: slice) -> float:
    """Highest correlation of a stretch of a line with the other line near its place."""
    found = 0.0
    for side in range(-SIDE, SIDE + 1):
        columns = slice(max(part.start + side, 0), min(part.stop + side, WIDTH))
        if columns.stop - columns.start == part.stop - part.start:
            found = max(found, _correlation(line[:, part], other[:, columns]))
    return found


def reference(name: str) -> Grey:
    """Read the picture that Chromium made of a sample."""
    return np.asarray(Image.open(REFERENCE / f"{name}.png").convert("L"), np.float64) / 255


def rows() -> list[Row]:
    """Compare our rendering with Chromium's, which is asked now and not read from its files."""
    theirs = chromium()
    worst = {
        name: min(likeness(ours(sample), _grey(theirs[name]))) for name, sample in SAMPLES.items()
    }
    boxes = sum(len(missing_glyphs(s.text, s.language)) for s in SAMPLES.values())
    lowest = min(worst, key=lambda name: worst[name])
    what = f"lowest correlation of a line with Chromium's, {len(SAMPLES)} samples ({lowest})"
    return [
        at_least(what, worst[lowest], ENOUGH, ""),
        beside("median of the samples", float(np.median(list(worst.values()))), ""),
        Row("characters without a glyph", str(boxes), "none", boxes == 0),
    ]


# --- Chromium ------------------------------------------------------------------------------------


def chromium() -> dict[str, Colour]:
    """Have Chromium set all samples, on one page.

    Raises
    ------
    FileNotFoundError
        If it is not installed.
    """
    parts, places, top = [], {}, 0
    for name, sample in SAMPLES.items():
        done = _typeset(sample)
        height = 2 * TOP + done.lines * done.leading
        places[name] = slice(top, top + height)
        top += height
        parts.append(_div(sample, done.leading, height))
    style = f"margin: 0; background: {BACKGROUND}; color: {INK}; text-rendering: geometricPrecision"
    head = f'<!doctype html><meta charset="utf-8"><style>{EMOJI_SIZE}</style>'
    page = f'{head}<body style="{style}">' + "".join(parts)
    with tempfile.TemporaryDirectory() as folder:
        file, shot = Path(folder) / "page.html", Path(folder) / "shot.png"
        file.write_text(page, encoding="utf-8")
        shoot(file, shot, WIDTH, top)
        whole = np.asarray(Image.open(shot).convert("RGB"))
    return {name: whole[rows] for name, rows in places.items()}


def shoot(file: Path, shot: Path, width: int, height: int) -> None:
    """Have Chromium make a picture of a page.

    Parameters
    ----------
    file, shot : Path
        The page, and the PNG that is made of it; some of its lowest rows are not the page's.
    width, height : int
        Of the page (px).

    Raises
    ------
    FileNotFoundError
        If Chromium is not installed.
    """
    flags = [
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
        *("--force-device-scale-factor=1", "--font-render-hinting=none", "--disable-lcd-text"),
        f"--user-data-dir={shot.parent / 'profile'}",
        f"--window-size={width},{height + 200}",  # a part of it is not the page's
        f"--screenshot={shot}",
        file.as_uri(),
    ]
    for program in PROGRAMS:
        try:
            subprocess.run([program, *flags], check=True, capture_output=True, timeout=120)
        except FileNotFoundError:
            continue
        return
    raise FileNotFoundError("no Chromium here; on Debian: apt-get install chromium")


def _div(sample: Sample, leading: int, height: int) -> str:
    families = ", ".join(f"'{f}'" for f in font_families(sample.text, sample.language))
    size = font_px(sample.text, PX)
    style = (
        f"height: {height - TOP}px; padding-top: {TOP}px; width: {WIDTH}px; "
        f"text-align: center; white-space: pre; font: {size}px/{leading}px {families}"
    )
    direction = "rtl" if runs_right_to_left(sample.text) else "ltr"
    lines = Typesetter().lines(sample.text, px=PX, max_width=MEASURE, language=sample.language)
    text = "<br>".join(html.escape(line) for line in lines)
    return f'<div lang="{sample.language}" dir="{direction}" style="{style}">{text}</div>'


# --- pictures ------------------------------------------------------------------------------------


def _typeset(sample: Sample) -> Typeset:
    return Typesetter().set(
        sample.text,
        px=PX,
        colour=INK,
        max_width=MEASURE,
        language=sample.language,
        spacing=SPACING,
    )


def _grey(picture: Colour) -> Grey:
    return np.asarray(picture.mean(axis=2) / 255, np.float64)


def _blurred(picture: Grey) -> Grey:
    padded = np.pad(picture, 1, mode="edge")
    height, width = picture.shape
    shifted = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.asarray(np.mean(shifted, axis=0), np.float64)


def _correlation(one: Grey, other: Grey) -> float:
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def _sheet(theirs: Mapping[str, Colour]) -> Image.Image:
    """Put ours and Chromium's side by side, with the lowest correlation of each line."""
    gap, caption = 12, 30
    deep = sum(picture.shape[0] - TOP + caption for picture in theirs.values())
    paper = Image.new("RGB", (2 * WIDTH + 3 * gap, deep + caption), PAPER)
    draw, font = ImageDraw.Draw(paper), ImageFont.load_default(size=18)
    draw.text((gap, 6), "Kindred (Qt)", CAPTION, font)
    draw.text((2 * gap + WIDTH, 6), "Chromium", CAPTION, font)
    top = caption
    for name, sample in SAMPLES.items():
        shown = ours(sample)
        for left, picture in ((gap, shown.picture), (2 * gap + WIDTH, theirs[name])):
            small = picture[TOP // 2 : -TOP // 2]
            paper.paste(Image.fromarray(np.ascontiguousarray(small)), (left, top))
        top += theirs[name].shape[0] - TOP
        values = "  ".join(f"{value:.3f}" for value in likeness(shown, _grey(theirs[name])))
        draw.text((gap, top + 3), f"{name}   {values}", CAPTION, font)
        top += caption
    return paper


def _in_few_colours(sheet: Image.Image) -> Image.Image:
    """Give a sheet 256 colours, for a third of the size: its grounds and inks, and emoji's."""
    exact = [part for one in (BACKGROUND, INK, PAPER, CAPTION) for part in ImageColor.getrgb(one)]
    room = 256 - len(exact) // 3
    for_emoji = sheet.quantize(room, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    palette = Image.new("P", (1, 1))
    palette.putpalette([*exact, *(for_emoji.getpalette() or [])[: 3 * room]])
    return sheet.quantize(palette=palette, dither=Image.Dither.NONE)


def main() -> None:
    """Compare, and keep Chromium's pictures and the sheet of both."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    theirs = chromium()
    REFERENCE.mkdir(exist_ok=True)
    for name, picture in theirs.items():
        grey = _grey(picture)
        kept = Image.fromarray((255 * grey).round().astype(np.uint8))
        kept.save(REFERENCE / f"{name}.png", optimize=True)
        values = likeness(ours(SAMPLES[name]), grey)
        print(f"{name:24}" + "  ".join(f"{value:.3f}" for value in values))
    _in_few_colours(_sheet(theirs)).save(SHEET, optimize=True)


if __name__ == "__main__":
    main()
