"""Where lines break: few of them, alike in length, ending where a reader would pause."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from PyQt6.QtGui import QTextLayout

from stimuli.qt import each

# Two characters of Japanese between which a word, or one with its particle, goes on: a break is
# better before a kanji that follows kana, where words begin, or before the 'o' or 'go' that
# belongs to it. Chinese has no such places, and all its breaks cost the same.
_IN_A_WORD = re.compile(
    "(?![はがをにでともへて][おご])"
    "(?:[\u3041-\u309f\u30a1-\u30ff\u3400-\u9fff][\u3041-\u309f]"
    "|[\u3400-\u9fffおご][\u3400-\u9fff]|[\u30a1-\u30ff]{2})"
)
_THAI = re.compile("[\u0e00-\u0e7f]")  # parts clauses, not words, by spaces
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟", "۔")
_CLAUSE_ENDS = (",", ";", ":", "—", "–", "，", "、", "；", "：", "،", "؛", ")", "）", "」")


@dataclass(frozen=True)
class Piece:
    """A stretch of text that no line break may part, with the space behind it."""

    text: str
    width: float
    space: float

    @cached_property
    def gain(self) -> float:
        """How well a line ends here, in the units of `balanced`'s cost."""
        text = self.text.rstrip()
        if text.endswith(_SENTENCE_ENDS):
            return 0.15
        if text.endswith(_CLAUSE_ENDS) or (self.space and _THAI.match(text[-1:])):
            return 0.06
        return -0.04 if self.space and len(text) <= 2 else 0.0


def pieces_of(text: str, column: QTextLayout, space: float) -> list[Piece]:
    """Give the pieces of a text that was laid out in a column of no width; `space` in px."""
    units = text.encode("utf-16-le")  # Qt counts in these
    pieces = []
    for line in each(column):
        start, end = line.textStart(), line.textStart() + line.textLength()
        piece = units[2 * start : 2 * end].decode("utf-16-le")
        spaces = len(piece) - len(piece.rstrip(" "))
        pieces.append(Piece(piece, line.naturalTextWidth(), spaces * space))
    return pieces or [Piece("", 0.0, 0.0)]


def balanced(pieces: Sequence[Piece], max_width: float) -> list[str]:
    """Join pieces to as few lines as they need, alike in length and ending at natural pauses.

    The cost of a set of lines is the sum of their squared relative deviations from the mean
    length, less the gain of each break (a sentence's end counts most), plus a fine for each break
    that is mostly within a word of Japanese.
    """
    needed = line_count(pieces, max_width)
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
                    total += 0.12 * _in_a_word(pieces[end - 1].text, pieces[end].text)
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


def line_count(pieces: Sequence[Piece], max_width: float) -> int:
    """How many lines no wider than `max_width` (px) the pieces need."""
    count, width = 1, 0.0
    for piece in pieces:
        if width and width + piece.width > max_width:
            count, width = count + 1, 0.0
        width += piece.width + piece.space
    return count


def _in_a_word(before: str, after: str) -> bool:
    return _IN_A_WORD.fullmatch(before[-1:] + after[:1]) is not None
