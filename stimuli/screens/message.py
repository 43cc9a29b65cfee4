"""A message, by itself in the middle of the window."""

from __future__ import annotations

from experiment.steps import Message
from stimuli.layout import Layout
from stimuli.pictures import Picture
from stimuli.typeset import Typeset

MESSAGE_SPACING = 1.45
"""Distance of a message's baselines in units of its size: wider than a page's, to read slowly."""

MESSAGE_MEASURE = 22.0
"""Longest line of a message in units of its size (about 42 Latin characters)."""


def message(screen: Message, layout: Layout) -> Picture:
    """Lay a message out; an error calls it by its id."""
    return Picture((layout.about(typeset(screen.message_id, layout), 0.5 * layout.height),))


def typeset(message_id: str, layout: Layout) -> Typeset:
    """Set a message as it will be shown.

    Raises
    ------
    ValueError
        If it does not fit in the window; it says which, by its id.
    """
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
