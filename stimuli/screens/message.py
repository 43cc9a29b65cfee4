"""A message, by itself in the middle of the window; and what is to be known of it beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from experiment.screens import Message
from stimuli.fonts import missing_glyphs, parted_emoji, runs_right_to_left
from stimuli.layout import Layout
from stimuli.pictures import Picture
from stimuli.typeset import Typeset

MESSAGE_SPACING = 1.45
"""Distance of a message's baselines in units of its size: wider than a page's, to read slowly."""

MESSAGE_MEASURE = 22.0
"""Longest line of a message in units of its size (about 42 Latin characters)."""


@dataclass(frozen=True)
class MessageLook:
    """How a message will look, as far as it can be said without showing it.

    Parameters
    ----------
    fits : bool
        Whether it fits on the screen, if need be in a smaller size.
    lines : int
        Lines on the screen; 0 if it does not fit.
    size : float
        Its size in units of the protocol's: 1 unless it had to be set smaller.
    right_to_left : bool
        Whether its lines run from right to left.
    missing : tuple of str
        Characters, each once, that no installed font has.
    parted : tuple of str
        Emoji, each once, that come out as several pictures side by side.
    """

    fits: bool
    lines: int
    size: float
    right_to_left: bool
    missing: tuple[str, ...]
    parted: tuple[str, ...]


def message(screen: Message, layout: Layout) -> Picture:
    """Lay a message out; an error calls it by its id."""
    typeset = _typeset(screen.message_id, layout)
    if not (layout.draft or typeset.image[..., 3].any()):
        raise ValueError(
            f"message {screen.message_id!r} shows nothing: its characters leave no ink; leave it "
            "out"
        )
    return Picture((layout.about(typeset, 0.5 * layout.height),))


def look_of_message(message_id: str, layout: Layout) -> MessageLook:
    """Find out in a draft how a message will look; needs no window."""
    text, language = layout.contents.message(message_id)
    lacks = missing_glyphs(text, language), parted_emoji(text, language)
    try:
        done = _typeset(message_id, layout)
    except ValueError:
        return MessageLook(False, 0, 1.0, runs_right_to_left(text), *lacks)
    return MessageLook(True, done.lines, done.px / layout.style.text_px, done.rtl, *lacks)


def _typeset(message_id: str, layout: Layout) -> Typeset:
    text, language = layout.contents.message(message_id)
    return layout.fit(
        text,
        f"message {message_id!r}",
        share=1.0,
        colour=layout.style.ink,
        width=min(0.84 * layout.width, MESSAGE_MEASURE * layout.style.text_px),
        height=0.80 * layout.height,
        language=language,
        spacing=MESSAGE_SPACING,
    )
