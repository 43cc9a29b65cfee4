"""Sound: a mail that arrives in the middle of a scan is heard by the participant."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from experiment.preflight.asking import Ask, ask
from experiment.preflight.line import Line

_CARDS = Path("/proc/asound")


@dataclass(frozen=True)
class SoundFacts:
    """What is known of the sound.

    Parameters
    ----------
    cards : int or None
        How many sound cards there are; None if that can't be told.
    muted : bool or None
    """

    cards: int | None
    muted: bool | None


def gather_sound(ask: Ask = ask, cards: Path = _CARDS, platform: str = sys.platform) -> SoundFacts:
    """Ask the system whether its sound is off.

    Parameters
    ----------
    ask : callable
    cards : Path
        Where Linux shows sound cards.
    platform : str
        As `sys.platform`.
    """
    if platform == "darwin":
        told = ask(["osascript", "-e", "output muted of (get volume settings)"])
        return SoundFacts(None, None if told is None else told.strip() == "true")
    if not platform.startswith("linux"):
        return SoundFacts(None, None)
    count = len(list(cards.glob("card[0-9]*")))
    if count == 0:
        return SoundFacts(0, None)
    told = ask(["pactl", "get-sink-mute", "@DEFAULT_SINK@"])
    if told is not None:
        return SoundFacts(count, "yes" in told.lower())
    told = ask(["amixer", "get", "Master"])
    return SoundFacts(count, None if told is None else "[off]" in told)


def judge_sound(facts: SoundFacts) -> Line:
    """Judge whether the participant can be startled."""
    if facts.cards == 0:
        return Line("sound", "go", "no_card")
    if facts.muted is None:
        return Line("sound", "warning", "unknown")
    return Line("sound", "go", "off") if facts.muted else Line("sound", "warning", "on")
