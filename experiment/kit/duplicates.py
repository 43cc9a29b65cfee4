"""Messages that are the same, or nearly.

Nearness is the resemblance of Broder (1997, On the resemblance and containment of documents): the
share that two texts have in common of all their shingles (Jaccard index), here stretches of three
characters of the text in small letters without punctuation and spaces.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from experiment.kit.model import KitMessage
from experiment.said import Said

_EMOJI_STYLE = "\ufe0f"  # a mark by its category, though nothing is written by it
SHINGLE = 3  # characters
NEAR = 0.7
"""Resemblance from which two texts count as nearly the same (a lab default)."""


@dataclass(frozen=True)
class Duplicate:
    """Two messages that are alike; the one of a pair that comes later is flagged.

    Parameters
    ----------
    message_id, earlier_id : str
    exact : bool
        Whether they differ in no letter.
    same_writer : bool
    """

    message_id: str
    earlier_id: str
    exact: bool
    same_writer: bool

    def __str__(self) -> str:
        return str(self.said())

    def said(self) -> Said:
        """Return it in words."""
        how = "same" if self.exact else "near"
        whose = "" if self.same_writer else "_other"
        return Said(f"kit.{how}{whose}", other=self.earlier_id)


def find_duplicates(messages: Sequence[KitMessage]) -> tuple[Duplicate, ...]:
    """Return for each message the earlier one that it is most like, if it is alike."""
    keys = [_key(message.text) for message in messages]
    shingles = [_shingles(key) for key in keys]
    found = []
    for i, message in enumerate(messages):
        best, score = None, NEAR
        for j in range(i):
            alike = 1.0 if keys[i] == keys[j] else _resemblance(shingles[i], shingles[j])
            if alike > score or (best is None and alike == score):
                best, score = j, alike
        if best is not None:
            earlier = messages[best]
            found.append(
                Duplicate(
                    message.message_id,
                    earlier.message_id,
                    keys[i] == keys[best],
                    message.writer_id == earlier.writer_id,
                )
            )
    return tuple(found)


def _key(text: str) -> str:
    """Return letters and digits in small; of a text without any (emoji), all but spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    key = "".join(c for c in folded if unicodedata.category(c)[0] in "LNM" and c != _EMOJI_STYLE)
    return key or "".join(folded.split())


def _shingles(key: str) -> frozenset[str]:
    return frozenset(key[i : i + SHINGLE] for i in range(max(len(key) - SHINGLE + 1, 1)))


def _resemblance(a: frozenset[str], b: frozenset[str]) -> float:
    if min(len(a), len(b)) < NEAR * max(len(a), len(b)):
        return 0.0  # cannot be near, whatever they have in common
    return len(a & b) / len(a | b)
