"""Text becomes an image: any script, real line breaks, colour emoji.

Qt's text engine does the shaping. `QTextLayout`, the part of it beneath `QTextDocument`, is used
so that lines stand on an even grid of baselines even where one of them borrows a taller font, and
so that lines can be balanced.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QLoggingCategory, QPointF, Qt
from PyQt6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QPainter,
    QTextLayout,
    QTextLine,
    QTextOption,
)

Image: TypeAlias = npt.NDArray[np.uint8]
"""Pixels, shape (height, width, 4): red, green, blue, straight alpha."""

LINE_SPACING = 1.35
"""Distance of baselines in units of the text size; a script that needs more room gets it."""

PARAGRAPH_GAP = 0.55
"""Extra distance between paragraphs, in units of the distance of baselines."""

SHRINK = 0.95
"""Each smaller size tried is this share of the one before."""

LATIN = "Noto Sans"
SCRIPTS = (
    "Noto Naskh Arabic",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Bengali",
    "Noto Sans Tamil",
    "Noto Sans Thai",
    "Noto Sans Georgian",
    "Noto Sans Armenian",
)
EMOJI = "Noto Color Emoji"
LAST_RESORT = ("Noto Sans Symbols2", "Noto Sans Symbols", "Noto Sans Math", "DejaVu Sans")
"""After the emoji font, since some of these draw a heart or a face in outline."""

OPTICAL_SCALES = {"ARABIC": 1.15, "THAI": 1.08}

CJK_BY_LANGUAGE = {
    "zh": "Noto Sans CJK SC",
    "zh-hans": "Noto Sans CJK SC",
    "zh-hant": "Noto Sans CJK TC",
    "zh-tw": "Noto Sans CJK TC",
    "zh-hk": "Noto Sans CJK HK",
    "zh-mo": "Noto Sans CJK HK",
    "yue": "Noto Sans CJK HK",
    "ja": "Noto Sans CJK JP",
    "ko": "Noto Sans CJK KR",
}

_KANA = re.compile("[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9d]")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_HAN = re.compile("[\u2e80-\u2fdf\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SPACE_BEFORE_EMOJI = re.compile(" (?=[\u2600-\u27bf\U0001f000-\U0001faff])")
_BETWEEN_HANGUL = re.compile("(?<=[\uac00-\ud7af])(?=[\uac00-\ud7af.,!?…~])")
_BLANK_LINE = re.compile("\n\n+")
_HIRAGANA = re.compile("[\u3041-\u309f]")
_THAI = re.compile("[\u0e00-\u0e7f]")  # parts clauses, not words, by spaces
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟", "۔")
_CLAUSE_ENDS = (",", ";", ":", "—", "–", "，", "、", "；", "：", "،", "؛", ")", "）", "」")
_LINE_SEPARATOR = "\u2028"
_WORD_JOINER = "\u2060"
_NO_BREAK_SPACE = "\u00a0"
_UNLIMITED = 1e6


@dataclass(frozen=True, eq=False)
class Typeset:
    """A text as pixels, cropped to its ink.

    Parameters
    ----------
    image : Image
        The ink; shape (height, width, 4), at least 1 x 1 pixel, read-only.
    axis : float
        Distance (px) from the image's left edge to the line on which the text is centred.
    first_baseline, last_baseline : int
        Distance (px) from the image's top edge to the first and last line's baseline.
    lines : int
        Number of lines.
    px : int
        Size at which it was set (px per em).
    rtl : bool
        Whether its lines run from right to left.
    """

    image: Image
    axis: float
    first_baseline: int
    last_baseline: int
    lines: int
    px: int
    rtl: bool

    @property
    def width(self) -> int:
        """Width of the ink (px)."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Height of the ink (px)."""
        return int(self.image.shape[0])


class Typesetter:
    """Sets text in images, all of it by rules that the text and its language decide.

    It holds the process's Qt application and makes one if there is none yet. That one has no
    screen (Qt's "offscreen" platform) unless ``QT_QPA_PLATFORM`` names another.
    """

    def __init__(self) -> None:
        self._app = _application()

    def set(
        self,
        text: str,
        *,
        px: int,
        colour: str,
        max_width: float,
        language: str = "en",
        spacing: float = LINE_SPACING,
    ) -> Typeset:
        """Set a text, centred, in balanced lines.

        Parameters
        ----------
        text : str
            Plain text; a line break is kept, a blank line parts paragraphs. Its first strong
            character decides the direction.
        px : int
            Size (px per em).
        colour : str
            Colour as ``#rrggbb``; emoji keep their own.
        max_width : float
            Longest line (px). A word that is longer is broken.
        language : str
            Language tag, for the regional forms of Chinese characters.
        spacing : float
            Distance of baselines in units of `px`.
        """
        return _Setting(text, language, px, max_width).paint(colour, spacing)

    def fit(
        self,
        text: str,
        *,
        px: int,
        smallest_px: int,
        colour: str,
        max_width: float,
        max_height: float,
        language: str = "en",
        spacing: float = LINE_SPACING,
        whole_words: bool = False,
    ) -> Typeset | None:
        """Set a text at `px`, or as little smaller as makes it fit; None where nothing does.

        Parameters
        ----------
        text, px, colour, max_width, language, spacing
            As for `set`.
        smallest_px : int
            Smallest size tried.
        max_height : float
            Height (px) that the ink may take.
        whole_words : bool
            Whether a text with a word that is too long even at `smallest_px` is refused. Else it
            is broken.
        """
        with_broken_words = []
        for size in _sizes(px, smallest_px):
            setting = _Setting(text, language, size, max_width)
            if setting.breaks_a_word:
                with_broken_words.append(setting)
            elif done := setting.paint_within(max_height, colour, spacing):
                return done
        for setting in () if whole_words else with_broken_words:
            if done := setting.paint_within(max_height, colour, spacing):
                return done
        return None

    def missing_glyphs(self, text: str, language: str = "en") -> tuple[str, ...]:
        """The characters, each once, that would be shown as a box: no installed font has them."""
        return tuple(
            character
            for character in dict.fromkeys(text)
            if _is_visible(character) and not _has_glyph(character, _font(text, language, 32))
        )


class _Setting:
    """A text broken into lines at one size."""

    def __init__(self, text: str, language: str, px: int, max_width: float) -> None:
        clean = _clean(text)
        self.px = px
        self.rtl = runs_right_to_left(clean)
        font = _font(clean, language, px)
        option = _centred(self.rtl)
        self._paragraphs = [
            [_Passage(line, font, option, max_width) for line in paragraph.split("\n")]
            for paragraph in _BLANK_LINE.split(_bind(clean))
        ]
        passages = [passage for group in self._paragraphs for passage in group]
        self.lines = sum(passage.lines for passage in passages)
        self.breaks_a_word = any(passage.breaks_a_word for passage in passages)
        self._tallest = max(passage.tallest for passage in passages)

    def leading(self, spacing: float) -> int:
        """Distance of baselines (px)."""
        return round(max(spacing * self.px, self._tallest))

    def least_height(self, spacing: float) -> int:
        """Height (px) from the first to the last baseline, less than the ink will have."""
        leading = self.leading(spacing)
        gaps = len(self._paragraphs) - 1
        return leading * (self.lines - 1) + gaps * round(PARAGRAPH_GAP * leading)

    def paint_within(self, height: float, colour: str, spacing: float) -> Typeset | None:
        """Draw the lines if their ink is no higher than `height` (px)."""
        if self.least_height(spacing) > height:
            return None
        done = self.paint(colour, spacing)
        return done if done.height <= height else None

    def paint(self, colour: str, spacing: float) -> Typeset:
        """Draw the lines and crop to what was drawn."""
        leading = self.leading(spacing)
        pad = 2 * self.px  # room for marks and swashes beyond the line's own box
        width = ceil(max(p.natural_width for group in self._paragraphs for p in group)) + 2 * pad
        first = pad + leading
        last = first + self.least_height(spacing)
        canvas = _transparent(width, last + pad)
        painter = QPainter(canvas)
        painter.setPen(QColor(colour))
        baseline = first
        for group in self._paragraphs:
            for passage in group:
                passage.draw(painter, width / 2, baseline, leading)
                baseline += passage.lines * leading
            baseline += round(PARAGRAPH_GAP * leading)
        painter.end()

        pixels = _pixels(canvas)
        top, bottom, left, right = _ink(pixels)
        image = pixels[top:bottom, left:right].copy()
        image.flags.writeable = False
        return Typeset(
            image=image,
            axis=width / 2 - left,
            first_baseline=first - top,
            last_baseline=last - top,
            lines=self.lines,
            px=self.px,
            rtl=self.rtl,
        )


class _Passage:
    """Text between two forced line breaks, broken where it reads well.

    How many lines it takes is known at once; where they break is found when it is drawn, so that
    a text that turns out too long costs little.
    """

    def __init__(self, text: str, font: QFont, option: QTextOption, max_width: float) -> None:
        self._text, self._font, self._option, self._max_width = text, font, option, max_width
        # Qt knows where lines may break: in a column of no width they break wherever they may.
        column = _laid_out(text, font, option, 0.0)
        self._pieces = _pieces(text, column, QFontMetricsF(font).horizontalAdvance(" "))
        self.tallest = max((line.ascent() + line.descent() for line in _each(column)), default=0.0)
        self.breaks_a_word = max(piece.width for piece in self._pieces) > max_width
        self.lines = (
            self._layout.lineCount() if self.breaks_a_word else _line_count(self._pieces, max_width)
        )

    @cached_property
    def _layout(self) -> QTextLayout:
        if self.breaks_a_word:
            anywhere = QTextOption(self._option)
            anywhere.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
            return _laid_out(self._text, self._font, anywhere, self._max_width)
        text = _LINE_SEPARATOR.join(_lines(self._pieces, self._max_width))
        # A little wider, since kerning over a joint of pieces must not make Qt break again.
        return _laid_out(text, self._font, self._option, 1.1 * self._max_width)

    @property
    def natural_width(self) -> float:
        """Width (px) of the longest line."""
        return max((line.naturalTextWidth() for line in _each(self._layout)), default=0.0)

    def draw(self, painter: QPainter, centre: float, baseline: float, leading: float) -> None:
        """Draw the lines about `centre` (px), the first one on `baseline` (px)."""
        for line in _each(self._layout):
            line.draw(painter, QPointF(centre - line.width() / 2, baseline - line.ascent()))
            baseline += leading


# --- where lines break ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Piece:
    """A stretch of text that no line break may part, with the space behind it."""

    text: str
    width: float
    space: float

    @cached_property
    def gain(self) -> float:
        """How well a line ends here, in the units of `_lines`'s cost."""
        text = self.text.rstrip()
        if text.endswith(_SENTENCE_ENDS):
            return 0.15
        if text.endswith(_CLAUSE_ENDS) or (self.space and _THAI.match(text[-1:])):
            return 0.06
        return -0.04 if self.space and len(text) <= 2 else 0.0


def _pieces(text: str, column: QTextLayout, space: float) -> list[_Piece]:
    units = text.encode("utf-16-le")  # Qt counts in these
    pieces = []
    for line in _each(column):
        start, end = line.textStart(), line.textStart() + line.textLength()
        piece = units[2 * start : 2 * end].decode("utf-16-le")
        spaces = len(piece) - len(piece.rstrip(" "))
        pieces.append(_Piece(piece, line.naturalTextWidth(), spaces * space))
    return pieces or [_Piece("", 0.0, 0.0)]


def _lines(pieces: Sequence[_Piece], max_width: float) -> list[str]:
    """Join pieces to as few lines as they need, alike in length and ending at natural pauses.

    The cost of a set of lines is the sum of their squared relative deviations from the mean
    length, less the gain of each break (a sentence's end counts most), plus a fine for a line
    that ends or begins within a run of hiragana, which is mostly within a word.
    """
    needed = _line_count(pieces, max_width)
    mean = sum(piece.width + piece.space for piece in pieces) / needed or 1.0
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for _ in range(needed):
        ways: dict[int, tuple[float, int]] = {}
        for start, (cost, _) in best[-1].items():
            width = 0.0
            for end in range(start + 1, len(pieces) + 1):
                width += pieces[end - 1].width
                if width > max_width:
                    break
                total = cost + (width / mean - 1.0) ** 2
                if end < len(pieces):
                    total -= pieces[end - 1].gain
                    total += 0.06 * _within_hiragana(pieces[end - 1].text, pieces[end].text)
                if end not in ways or total < ways[end][0]:
                    ways[end] = (total, start)
                width += pieces[end - 1].space
        best.append(ways)

    lines: list[str] = []
    end = len(pieces)
    for ways in reversed(best[1:]):
        start = ways[end][1]
        lines.insert(0, "".join(piece.text for piece in pieces[start:end]).rstrip(" "))
        end = start
    return lines


def _line_count(pieces: Sequence[_Piece], max_width: float) -> int:
    count, width = 1, 0.0
    for piece in pieces:
        if width and width + piece.width > max_width:
            count, width = count + 1, 0.0
        width += piece.width + piece.space
    return count


def _within_hiragana(before: str, after: str) -> bool:
    return bool(_HIRAGANA.match(before[-1:]) and _HIRAGANA.match(after[:1]))


def _laid_out(text: str, font: QFont, option: QTextOption, width: float) -> QTextLayout:
    layout = QTextLayout(text, font)
    layout.setTextOption(option)
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
    layout.endLayout()
    return layout


def _each(layout: QTextLayout) -> Iterator[QTextLine]:
    return map(layout.lineAt, range(layout.lineCount()))


# --- fonts and directions ------------------------------------------------------------------------


def runs_right_to_left(text: str) -> bool:
    """Whether the first strong character of `text` is of a script that runs right to left."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def font_families(text: str, language: str) -> list[str]:
    """Families in the order in which a glyph is sought.

    A text mostly in Chinese characters, kana or Hangul takes the regional font first, so that its
    punctuation is of the same cut; in any other text that font only helps out.
    """
    east_asian = _cjk_family(text, language)
    ideographs = sum(1 for c in text if _KANA.match(c) or _HANGUL.match(c) or _HAN.match(c))
    letters = sum(1 for c in text if c.isalpha())
    if 2 * ideographs > letters:
        return [east_asian, LATIN, *SCRIPTS, EMOJI, *LAST_RESORT]
    return [LATIN, *SCRIPTS, EMOJI, east_asian, *LAST_RESORT]


def _cjk_family(text: str, language: str) -> str:
    tag = language.lower().replace("_", "-")
    while tag and tag not in CJK_BY_LANGUAGE:
        tag = tag.rpartition("-")[0]
    if tag:
        return CJK_BY_LANGUAGE[tag]
    if _KANA.search(text):
        return CJK_BY_LANGUAGE["ja"]
    return CJK_BY_LANGUAGE["ko" if _HANGUL.search(text) else "zh"]


def _font(text: str, language: str, px: int) -> QFont:
    font = QFont(font_families(text, language))
    font.setPixelSize(round(px * _optical_scale(text)))
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    font.setStyleStrategy(
        QFont.StyleStrategy.PreferAntialias | QFont.StyleStrategy.NoSubpixelAntialias
    )
    return font


def _optical_scale(text: str) -> float:
    """How much larger a script is set to look as large as Latin letters beside it."""
    letters = [character for character in text if character.isalpha()]
    for script, scale in OPTICAL_SCALES.items():
        if 2 * sum(unicodedata.name(c, "").startswith(script) for c in letters) > len(letters):
            return scale
    return 1.0


def _centred(rtl: bool) -> QTextOption:
    option = QTextOption(Qt.AlignmentFlag.AlignHCenter)
    option.setTextDirection(
        Qt.LayoutDirection.RightToLeft if rtl else Qt.LayoutDirection.LeftToRight
    )
    option.setWrapMode(QTextOption.WrapMode.WordWrap)
    return option


def _clean(text: str) -> str:
    """One kind of line break, no space beside it, composed characters."""
    lines = unicodedata.normalize("NFC", text).replace("\t", " ").splitlines()
    return "\n".join(line.strip() for line in lines).strip()


def _bind(text: str) -> str:
    """Keep an emoji with the word before it, and Korean words whole."""
    text = _SPACE_BEFORE_EMOJI.sub(_NO_BREAK_SPACE, text)
    return _BETWEEN_HANGUL.sub(_WORD_JOINER, text)


def _sizes(px: int, smallest_px: int) -> Sequence[int]:
    sizes = [px]
    while sizes[-1] > smallest_px:
        sizes.append(max(smallest_px, min(sizes[-1] - 1, round(sizes[-1] * SHRINK))))
    return sizes


def _is_visible(character: str) -> bool:
    """Whether a character should leave ink: no space, control, joiner or variation selector."""
    selector = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return not (
        selector
        or character.isspace()
        or unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp")
        or character == "\u034f"
    )


def _has_glyph(character: str, font: QFont) -> bool:
    layout = _laid_out(character, font, _centred(False), _UNLIMITED)
    glyphs = [index for run in layout.glyphRuns() for index in run.glyphIndexes()]
    return bool(glyphs) and 0 not in glyphs


# --- Qt and numpy --------------------------------------------------------------------------------


def _application() -> QGuiApplication:
    running = QGuiApplication.instance()
    if isinstance(running, QGuiApplication):
        return running
    # Qt warns of each font in a list that lacks a script before it takes the next, which has it.
    QLoggingCategory.setFilterRules("qt.text.font.db=false")
    chosen = "QT_QPA_PLATFORM" in os.environ
    # An argument instead of the variable: a program started from here inherits nothing.
    return QGuiApplication(["kindred"] if chosen else ["kindred", "-platform", "offscreen"])


def _transparent(width: int, height: int) -> QImage:
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    return image


def _pixels(image: QImage) -> Image:
    straight = image.convertToFormat(QImage.Format.Format_RGBA8888)
    bits = straight.constBits()
    if bits is None:
        raise MemoryError(f"no memory for an image of {image.width()} x {image.height()} px")
    data = np.frombuffer(bits.asstring(straight.sizeInBytes()), dtype=np.uint8)
    return data.reshape(straight.height(), straight.width(), 4)


def _ink(image: Image) -> tuple[int, int, int, int]:
    """Top, bottom, left, right of all that is not transparent; one pixel where nothing is."""
    alpha = image[..., 3]
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if rows.size == 0:
        return 0, 1, 0, 1
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
