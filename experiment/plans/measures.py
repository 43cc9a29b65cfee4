"""What messages are matched by and compared in."""

from __future__ import annotations

from typing import Literal, TypeAlias

from experiment.kit import IndexedMessage
from experiment.kit.reading import reading_time
from experiment.protocol import ReadingSpeed

Measure: TypeAlias = Literal["characters", "reading_ms"]
MEASURES: tuple[Measure, ...] = ("characters", "reading_ms")


def measured(message: IndexedMessage, speed: ReadingSpeed) -> tuple[int, int]:
    """Return a message's measures: characters, and reading time (ms); whole numbers."""
    seconds = reading_time(message.length, speed.words_per_minute, speed.characters_per_minute)
    return message.characters, round(1000 * seconds)
