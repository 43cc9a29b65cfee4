"""Texts as they were written: normalised to NFC, never altered."""

from __future__ import annotations

import unicodedata

OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that turn the direction of what follows, and can make a text read as another."""


class Unclean(ValueError):
    """A text holds a character that can't be shown honestly; says which, not where."""


def clean(cell: str) -> str:
    """Return a cell's text: NFC, line ends as line feeds, outer white space gone.

    Raises
    ------
    Unclean
        If it holds a control character other than a line end, or a direction override.
    """
    text = unicodedata.normalize("NFC", cell.replace("\r\n", "\n").replace("\r", "\n"))
    # Before stripping: some control characters (U+001C to U+001F, U+0085) are white space too.
    outer_tabs_gone = text.strip(" \t\n")
    for character in outer_tabs_gone:
        if unicodedata.category(character) == "Cc" and character != "\n":
            raise Unclean(f"the control character U+{ord(character):04X}")
        if character in OVERRIDES:
            raise Unclean(f"the direction override U+{ord(character):04X}")
    return text.strip()
