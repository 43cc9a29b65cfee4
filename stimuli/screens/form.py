"""The picture of a page of items: a row for each, with its words and its line; one row is lit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from experiment.screens import Item, row_of
from stimuli.layout import Layout
from stimuli.pictures import Beside, Picture, Word
from stimuli.screens.scale import RatingLine
from stimuli.sprites import Sprite, merge, mix, strokes
from stimuli.typeset import Typeset

_STEM_SIZE, _TEXT_SIZE, _LINE_SIZE = 0.60, 0.60, 0.72
_TOP, _STEM, _FOOT = 0.125, 0.085, 0.875  # of the window's height
_EDGE, _WORDS, _GAP, _OUTER = 0.06, 0.37, 0.10, 0.05  # of its width; a line's ends keep the gap


@dataclass(frozen=True)
class _Form:
    """What all pictures of a page have in common."""

    still: Sprite
    lines: tuple[RatingLine, ...]
    rows: tuple[Sprite, ...]  # the light behind each


def form(
    screen: Item, layout: Layout, frame: Sequence[Sprite], clickable: tuple[Word, ...]
) -> Picture:
    """Lay out a page of items.

    Parameters
    ----------
    screen : Item
        With a page.
    layout : Layout
    frame : sequence of Sprite
        What stands about the items.
    clickable : tuple of Word
        What of that can be clicked.

    Raises
    ------
    ValueError
        If a text does not fit: fewer items to a page, or shorter ones, do.
    """
    names = tuple(row.rating for row in screen.page)
    made = layout.once(("form", names), lambda: _made(names, layout))
    here = names.index(screen.rating)
    spots = tuple(
        Word(row_of(number), row.left, row.top, row.right, row.bottom)
        for number, row in zip(screen.numbers, made.rows, strict=True)
        if number != screen.number
    )
    # Not merged: the light and the words are images that other rows' pictures have, too.
    picture = made.lines[here].picture(
        made.rows[here], merge(frame), made.still, words=(*spots, *clickable)
    )
    others = (line for place, line in enumerate(made.lines) if place != here)
    return replace(
        picture, beside=tuple(Beside(line.confirmed_cursor(), line.track) for line in others)
    )


def _made(names: Sequence[str], layout: Layout) -> _Form:
    stem = layout.contents.items[names[0]].stem
    top = _TOP + (_STEM if stem else 0.0)
    step = (_FOOT - top) / len(names)
    middles = [top + step * (place + 0.5) for place in range(len(names))]
    texts = _texts(names, layout, 0.86 * step * layout.height)
    rtl = any(typeset.rtl for typeset in texts)
    line_from = _EDGE + _WORDS + _GAP
    across = (line_from, 1 - _EDGE - _OUTER)
    within = (_EDGE + _WORDS + 0.02, 1 - _EDGE + 0.01)
    if rtl:
        across, within = (1 - across[1], 1 - across[0]), (1 - within[1], 1 - within[0])
    lines = tuple(
        RatingLine(
            name,
            layout,
            row=middle - 0.14 * step,
            anchors_below=min(0.045, 0.24 * step),
            anchors_height=0.34 * step,
            across=across,
            within=within,
            size=_LINE_SIZE,
        )
        for name, middle in zip(names, middles, strict=True)
    )
    parts = [sprite for line in lines for sprite in line.parts()]
    for typeset, middle in zip(texts, middles, strict=True):
        words = layout.about(typeset, middle * layout.height)
        edge = round(_EDGE * layout.width)
        left = layout.width - edge - typeset.width if rtl else edge
        parts.append(Sprite(words.image, left, words.top))
    if stem:
        above = layout.fit(
            stem,
            f"what stands above item {names[0]!r}",
            share=_STEM_SIZE,
            colour=layout.soft,
            width=(1 - 2 * _EDGE) * layout.width,
            height=_STEM * layout.height,
        )
        parts.append(layout.about(above, (_TOP + _STEM / 2) * layout.height))
    return _Form(merge(parts), lines, tuple(_light(middle, step, layout) for middle in middles))


def _texts(names: Sequence[str], layout: Layout, height: float) -> list[Typeset]:
    """Set all items' words in one size."""

    def fit(name: str, px: int | None = None) -> Typeset:
        return layout.fit(
            layout.contents.items[name].text,
            f"the text of item {name!r}",
            share=_TEXT_SIZE,
            px=px,
            colour=layout.style.ink,
            width=_WORDS * layout.width,
            height=height,
            centred_lines=False,
        )

    common = min(fit(name).px for name in names)
    return [fit(name, common) for name in names]


def _light(middle: float, step: float, layout: Layout) -> Sprite:
    """Draw what stands behind the row that is to be answered: a bar with round corners."""
    half, corner = 0.47 * step * layout.height, 0.018 * layout.height
    left, right = 0.03 * layout.width + corner, 0.97 * layout.width - corner
    rows = round(middle * layout.height)
    top, bottom = rows - half + corner, rows + half - corner
    colour = mix(layout.style.ink, layout.style.background, 0.075)
    outline = strokes(
        (((left, top), (right, top)), ((left, bottom), (right, bottom))), corner, colour
    )
    image = outline.image.copy()
    inner = round(corner) + 1
    image[inner:-inner, :, 3] = image[inner, :, 3]
    return Sprite(image, outline.left, outline.top)
