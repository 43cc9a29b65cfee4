"""Text becomes an image: any script, real line breaks, colour emoji.

Qt's text engine does the shaping. `QTextLayout`, the part of it beneath `QTextDocument`, is used
so that lines stand on an even grid of baselines even where one of them borrows a taller font, and
so that lines can be balanced.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, copysign

from PyQt6.QtCore import QPointF
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QTextLayout, QTextOption

from stimuli.fonts import font_for, runs_right_to_left
from stimuli.linebreaks import balanced, line_count, pieces_of
from stimuli.qt import application, centred, each, ink, laid_out, pixels, transparent
from stimuli.sprites import Image

LINE_SPACING = 1.35
"""Distance of baselines in units of the text size; a script that needs more room gets it."""

PARAGRAPH_GAP = 0.55
"""Extra distance between paragraphs, in units of the distance of baselines."""

SHRINK = 0.95
"""Each smaller size tried is this share of the one before."""

_SPACE_BEFORE_EMOJI = re.compile(" (?=[\u2600-\u27bf\U0001f000-\U0001faff])")
_BETWEEN_HANGUL = re.compile("(?<=[\uac00-\ud7af])(?=[\uac00-\ud7af.,!?…~])")
_BLANK_LINE = re.compile("\n\n+")
_LINE_SEPARATOR = "\u2028"
_WORD_JOINER = "\u2060"
_NO_BREAK_SPACE = "\u00a0"


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
    leading : int
        Distance (px) of baselines within a paragraph.
    """

    image: Image
    axis: float
    first_baseline: int
    last_baseline: int
    lines: int
    px: int
    rtl: bool
    leading: int

    @property
    def width(self) -> int:
        """Width of the ink (px)."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Height of the ink (px)."""
        return int(self.image.shape[0])


class Typesetter:
    """Sets text in images, all of it by rules that the text and its language decide."""

    def __init__(self) -> None:
        application()

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

    def lines(self, text: str, *, px: int, max_width: float, language: str = "en") -> list[str]:
        """Break a text in the lines that `set` would draw; parameters as there."""
        return _Setting(text, language, px, max_width).line_texts()

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
        centred_lines: bool = True,
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
        centred_lines : bool
            Whether lines stand about a middle. Else they begin at one edge, the left one where they
            run to the right.
        """
        with_broken_words = []
        for size in _sizes(px, smallest_px):
            setting = _Setting(text, language, size, max_width, centred_lines)
            if setting.breaks_a_word:
                with_broken_words.append(setting)
            elif done := setting.paint_within(max_height, colour, spacing):
                return done
        for setting in () if whole_words else with_broken_words:
            if done := setting.paint_within(max_height, colour, spacing):
                return done
        return None


class _Setting:
    """A text broken into lines at one size."""

    def __init__(
        self, text: str, language: str, px: int, max_width: float, centred_lines: bool = True
    ) -> None:
        clean = _clean(text)
        self.px = px
        self.rtl = runs_right_to_left(clean)
        self._lean = 0 if centred_lines else (1 if self.rtl else -1)
        font = font_for(clean, language, px)
        option = centred(rtl=self.rtl)
        self._paragraphs = [
            [_Passage(line, font, option, max_width) for line in paragraph.split("\n")]
            for paragraph in _BLANK_LINE.split(_bind(clean))
        ]
        passages = [passage for group in self._paragraphs for passage in group]
        self.lines = sum(passage.lines for passage in passages)
        self.breaks_a_word = any(passage.breaks_a_word for passage in passages)
        self._tallest = max(passage.tallest for passage in passages)

    def line_texts(self) -> list[str]:
        """Give each line's text, as the engine got it."""
        return [
            line for group in self._paragraphs for passage in group for line in passage.line_texts()
        ]

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
        widest = max(p.natural_width for group in self._paragraphs for p in group)
        width = ceil(widest) + 2 * pad
        first = pad + leading
        last = first + self.least_height(spacing)
        canvas = transparent(width, last + pad)
        painter = QPainter(canvas)
        painter.setPen(QColor(colour))
        baseline = first
        for group in self._paragraphs:
            for passage in group:
                passage.draw(painter, width / 2, baseline, leading, self._lean * widest / 2)
                baseline += passage.lines * leading
            baseline += round(PARAGRAPH_GAP * leading)
        painter.end()

        whole = pixels(canvas)
        top, bottom, left, right = ink(whole)
        image = whole[top:bottom, left:right].copy()
        image.flags.writeable = False
        return Typeset(
            image=image,
            axis=width / 2 - left,
            first_baseline=first - top,
            last_baseline=last - top,
            lines=self.lines,
            px=self.px,
            rtl=self.rtl,
            leading=leading,
        )


class _Passage:
    """Text between two forced line breaks, broken where it reads well.

    How many lines it takes is known at once; where they break is found when it is drawn, so that
    a text that turns out too long costs little.
    """

    def __init__(self, text: str, font: QFont, option: QTextOption, max_width: float) -> None:
        self._text, self._font, self._option, self._max_width = text, font, option, max_width
        # Qt knows where lines may break: in a column of no width they break wherever they may.
        column = laid_out(text, font, option, 0.0)
        self._pieces = pieces_of(text, column, QFontMetricsF(font).horizontalAdvance(" "))
        self.tallest = max((line.ascent() + line.descent() for line in each(column)), default=0.0)
        self.breaks_a_word = max(piece.width for piece in self._pieces) > max_width
        self.lines = (
            self._layout.lineCount() if self.breaks_a_word else line_count(self._pieces, max_width)
        )

    @cached_property
    def _layout(self) -> QTextLayout:
        if self.breaks_a_word:
            anywhere = QTextOption(self._option)
            anywhere.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
            return laid_out(self._text, self._font, anywhere, self._max_width)
        text = _LINE_SEPARATOR.join(balanced(self._pieces, self._max_width))
        # A little wider, since kerning over a joint of pieces must not make Qt break again.
        return laid_out(text, self._font, self._option, 1.1 * self._max_width)

    @property
    def natural_width(self) -> float:
        """Width (px) of the longest line."""
        return max((line.naturalTextWidth() for line in each(self._layout)), default=0.0)

    def line_texts(self) -> list[str]:
        """Give each line's text."""
        units = self._layout.text().encode("utf-16-le")  # Qt counts in these
        spans = [(n.textStart(), n.textStart() + n.textLength()) for n in each(self._layout)]
        lines = [units[2 * start : 2 * end].decode("utf-16-le") for start, end in spans]
        return [line.rstrip(_LINE_SEPARATOR) for line in lines]

    def draw(
        self, painter: QPainter, centre: float, baseline: float, leading: float, edge: float
    ) -> None:
        """Draw the lines, the first one on `baseline` (px).

        They stand about `centre` (px) if `edge` is 0, else they end at `edge` (px) beside it.
        """
        for line in each(self._layout):
            aside = edge - copysign(line.naturalTextWidth() / 2, edge) if edge else 0.0
            x = centre + aside - line.width() / 2
            line.draw(painter, QPointF(x, baseline - line.ascent()))
            baseline += leading


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
