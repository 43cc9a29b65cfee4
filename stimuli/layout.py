"""Where texts stand on a screen, and how large: what all kinds of screens share."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from stimuli.contents import Contents
from stimuli.fonts import missing_glyphs
from stimuli.photos import Photos
from stimuli.pictures import Style
from stimuli.sprites import Sprite, mix
from stimuli.typeset import LINE_SPACING, Typeset, Typesetter

Made = TypeVar("Made")

# Sizes in units of the message text's size.
PAGE_SIZE = 0.80
QUESTION_SIZE = 0.90
ANCHOR_SIZE = 0.60
FOOTER_SIZE = 0.50

SMALLEST_SHARE = 0.6
"""A text that does not fit is set smaller, down to this share of its size ..."""
SMALLEST_PX = 10
"""... but never smaller than this (px per em)."""

PAGE_MEASURE = 30.0
"""Longest line of a page in units of its size (about 55 Latin characters)."""

HALF_X_HEIGHT = 0.27
"""Half the height of a small letter in units of the text's size (Noto Sans: 0.536 / 2)."""


class Layout:
    """A window's size and colours, and texts set in them.

    Parameters
    ----------
    style : Style
        Sizes and colours.
    contents : Contents
        What there is to show.
    draft : bool
        Whether it is only looked at, not shown to a participant: what can't be shown well is
        drawn as it would come out, boxes and all.
    """

    def __init__(self, style: Style, contents: Contents, *, draft: bool = False) -> None:
        self.style = style
        self.contents = contents
        self.draft = draft
        self.width, self.height = style.size_px
        self.soft = mix(style.ink, style.background, 0.80)
        self.quiet = mix(style.ink, style.background, 0.60)
        self.faint = mix(style.ink, style.background, 0.35)
        self._typesetter = Typesetter()
        self.photos = Photos(style.background)
        self._kept: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Give what many screens have in common, made the first time only."""
        if key not in self._kept:
            self._kept[key] = make()
        made: Made = self._kept[key]
        return made

    def centred_text(self, key: str, colour: str) -> Sprite:
        """Set one of the study's texts in the middle of the window."""
        typeset = self.fit(
            self.contents.texts[key],
            f"text {key!r}",
            share=PAGE_SIZE,
            colour=colour,
            width=min(0.84 * self.width, PAGE_MEASURE * PAGE_SIZE * self.style.text_px),
            height=0.72 * self.height,
        )
        return self.about(typeset, 0.47 * self.height)

    def footer(self, key: str) -> Sprite:
        """Set one of the study's texts, small, at the foot of the window."""
        typeset = self.fit(
            self.contents.texts[key],
            f"text {key!r}",
            share=FOOTER_SIZE,
            colour=self.quiet,
            width=0.84 * self.width,
            height=0.08 * self.height,
        )
        left = round(self.width / 2 - typeset.axis)
        return Sprite(typeset.image, left, round(0.93 * self.height) - typeset.last_baseline)

    def fit(
        self,
        text: str,
        name: str,
        *,
        share: float,
        colour: str,
        width: float,
        height: float,
        px: int | None = None,
        language: str | None = None,
        spacing: float = LINE_SPACING,
        whole_words: bool = False,
        centred_lines: bool = True,
    ) -> Typeset:
        """Set a text in a box, as little smaller as makes it fit.

        Parameters
        ----------
        text : str
        name : str
            What an error calls it, since the text may be private.
        share : float
            Its size in units of the message text's size.
        colour : str
        width, height : float
            The box (px).
        px : int or None
            Size (px per em) tried first in place of `share`.
        language : str or None
            Language tag in place of the contents' own.
        spacing, whole_words, centred_lines
            As for `Typesetter.fit`.

        Raises
        ------
        ValueError
            If it does not fit, or, but in a draft, no font has all of it; it says which, by `name`.
        """
        tag = self.contents.language if language is None else language
        if not self.draft and missing_glyphs(text, tag):
            raise ValueError(
                f"{name} holds characters that no font on this machine has: install a font for "
                "them (docs/install.md), or write it otherwise"
            )
        asked = max(SMALLEST_PX, round(share * self.style.text_px))
        smallest = max(SMALLEST_PX, round(SMALLEST_SHARE * asked))
        typeset = self._typesetter.fit(
            text,
            px=asked if px is None else px,
            smallest_px=smallest,
            colour=colour,
            max_width=width,
            max_height=height,
            language=tag,
            spacing=spacing,
            whole_words=whole_words,
            centred_lines=centred_lines,
        )
        if typeset is None:
            raise ValueError(
                f"{name} does not fit in {width:.0f} x {height:.0f} px even at {smallest} px"
                " per em: shorten it, or set a smaller text size"
            )
        return typeset

    def about(self, typeset: Typeset, middle: float, centre: float | None = None) -> Sprite:
        """Centre by baselines, not by ink: a text with a g stands no higher than one without.

        Parameters
        ----------
        typeset : Typeset
        middle : float
            How far down (px) its middle is.
        centre : float or None
            How far to the right (px) its middle is; the window's own middle if None.
        """
        left = round((self.width / 2 if centre is None else centre) - typeset.axis)
        down = (typeset.first_baseline + typeset.last_baseline) / 2 - HALF_X_HEIGHT * typeset.px
        return Sprite(typeset.image, left, round(middle - down))
