"""How long a text is, and how long it takes to read."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Scripts that part no words by spaces: Thai, Lao, Burmese, Khmer; kana; Han.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9d"
    "\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)

_UNSEEN = {"Mn", "Mc", "Me", "Zs", "Zl", "Zp", "Cc", "Cf"}  # marks, spaces, controls, joiners


@dataclass(frozen=True)
class Length:
    """How long a text is.

    Parameters
    ----------
    words : int
        Words of scripts that part them by spaces (Korean too): stretches between spaces that hold
        a letter or a digit. Emoji and punctuation alone are none.
    characters : int
        Characters of scripts that don't: Chinese and Japanese, as is usual for them, and Thai, Lao,
        Khmer and Burmese, whose marks above and below are not counted.
    """

    words: int
    characters: int

    def __str__(self) -> str:
        if self.characters == 0:
            return str(self.words)
        return (
            f"{self.characters} ch" if self.words == 0 else f"{self.words} + {self.characters} ch"
        )


def visible_characters(text: str) -> int:
    """Return how many characters a text has, in any script, white space left out.

    Joiners, variation selectors, skin tones and accents change a character; they are none.
    """
    return sum(
        unicodedata.category(c) not in _UNSEEN and not "\U0001f3fb" <= c <= "\U0001f3ff"
        for c in text
    )


def length_of(text: str) -> Length:
    """Return how long a text is."""
    characters = [c for c in _UNSPACED.findall(text) if unicodedata.category(c)[0] == "L"]
    words = [
        word
        for word in _UNSPACED.sub(" ", text).split()
        if any(unicodedata.category(c)[0] in "LN" for c in word)
    ]
    return Length(len(words), len(characters))


def reading_time(length: Length, words_per_minute: float, characters_per_minute: float) -> float:
    """Return how long a text takes to read (s).

    ``60 * (words / words_per_minute + characters / characters_per_minute)``; the speeds are the
    protocol's (`kit.reading`), each with its source there.
    """
    return 60 * (length.words / words_per_minute + length.characters / characters_per_minute)
