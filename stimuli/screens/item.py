"""The picture of a questionnaire's item: where one is, what is asked, and how it is answered.

An item has the window for itself, or is a row of a page.
"""

from __future__ import annotations

from experiment.screens import BACK, LEAVE_OUT, Item
from stimuli.contents import ItemLook
from stimuli.layout import FOOTER_SIZE, QUESTION_SIZE, Layout
from stimuli.pictures import Column, Picture, Word
from stimuli.screens.form import form
from stimuli.screens.scale import RatingLine, question_width
from stimuli.sprites import Sprite, dot, merge, strokes

_STEM_SIZE = 0.65  # of the message text's size
_OPTION_SIZE = 0.70
_ITEM_SIZE = 0.85 * QUESTION_SIZE
_FOOT = 0.93  # how far down the foot of the window is, in units of its height
_REACH = 0.03  # by how much a spot is larger than its word, in units of the window's height


def item(screen: Item, layout: Layout) -> Picture:
    """Lay an item out, alone or on its page."""
    look = layout.contents.items[screen.rating]
    listed = bool(look.options) and not screen.page
    frame, clickable = _frame(screen, layout, "choose" if listed else "confirm")
    if screen.page:
        return form(screen, layout, frame, clickable)
    if look.options:
        return _listed(look, screen.rating, layout, frame, clickable)
    parts = (*frame, *_heading(look, screen.rating, layout, top=0.13, height=0.36))
    line = RatingLine(screen.rating, layout, row=0.58)
    return line.picture(merge((*parts, *line.parts())), words=clickable)


def _heading(
    look: ItemLook, name: str, layout: Layout, *, top: float, height: float
) -> list[Sprite]:
    """Set the item, and above it what all items of its questionnaire share."""
    sprites = []
    width, above = question_width(layout), 0.12 if look.stem else 0.0
    if look.stem:
        stem = layout.fit(
            look.stem,
            f"what stands above item {name!r}",
            share=_STEM_SIZE,
            colour=layout.soft,
            width=width,
            height=above * layout.height,
        )
        sprites.append(layout.about(stem, (top + above / 2) * layout.height))
    text = layout.fit(
        look.text,
        f"the text of item {name!r}",
        share=_ITEM_SIZE,
        colour=layout.style.ink,
        width=width,
        height=(height - above) * layout.height,
    )
    middle = top + above + (height - above) / 2
    return [*sprites, layout.about(text, middle * layout.height)]


# --- what frames an item -------------------------------------------------------------------------


def _frame(screen: Item, layout: Layout, footer: str) -> tuple[list[Sprite], tuple[Word, ...]]:
    """Set where one is, what to do, and the ways past the item; return what can be clicked."""
    progress = layout.contents.texts["item.progress"].format(
        number=screen.number, count=screen.count
    )
    words = [
        _word(progress, "text 'item.progress'", layout, row=0.075, place=0.5),
        _word(
            layout.contents.texts[f"item.{footer}"],
            f"text 'item.{footer}'",
            layout,
            row=_FOOT,
            place=0.5,
            width=0.48,
        ),
    ]
    clickable = []
    for shown, key, position, place in (
        (screen.back, "item.back", BACK, 0.13),
        (not screen.required, "item.leave_out", LEAVE_OUT, 0.87),
    ):
        if shown:
            text = layout.contents.texts[key]
            words.append(_word(text, f"text {key!r}", layout, row=_FOOT, place=place, width=0.2))
            clickable.append(_clickable(position, words[-1], layout))
    return [*words, _progress_bar(screen, layout)], tuple(clickable)


def _word(
    text: str, name: str, layout: Layout, *, row: float, place: float, width: float = 0.5
) -> Sprite:
    """Set a few quiet words about a place."""
    typeset = layout.fit(
        text,
        name,
        share=FOOTER_SIZE,
        colour=layout.quiet,
        width=width * layout.width,
        height=0.09 * layout.height,
    )
    return layout.about(typeset, row * layout.height, place * layout.width)


def _clickable(position: int, word: Sprite, layout: Layout) -> Word:
    reach = _REACH * layout.height
    return Word(
        position, word.left - reach, word.top - reach, word.right + reach, word.bottom + reach
    )


def _progress_bar(screen: Item, layout: Layout) -> Sprite:
    """Draw how far one is, as a short thin line."""
    row, half = round(0.108 * layout.height), 0.06 * layout.width
    first, last = layout.width / 2 - half, layout.width / 2 + half
    here = first + (last - first) * screen.number / screen.count
    radius = 0.0022 * layout.height
    return merge(
        (
            strokes((((first, row), (last, row)),), radius, layout.faint),
            strokes((((first, row), (here, row)),), radius, layout.quiet),
        )
    )


# --- options -------------------------------------------------------------------------------------


def _listed(
    look: ItemLook, name: str, layout: Layout, frame: list[Sprite], clickable: tuple[Word, ...]
) -> Picture:
    """Lay options out: a ring where the reading of each begins, with a disc in the chosen one."""
    top, foot = 0.42, 0.86
    step = min((foot - top) / len(look.options), 0.11)
    radius = 0.016 * layout.height
    typesets = [
        layout.fit(
            option,
            f"option {number} of item {name!r}",
            share=_OPTION_SIZE,
            colour=layout.style.ink,
            width=0.62 * layout.width,
            height=0.94 * step * layout.height,
            centred_lines=False,
        )
        for number, option in enumerate(look.options, start=1)
    ]
    px = min(typeset.px for typeset in typesets)
    widest = max(typeset.width for typeset in typesets)
    gap = 2 * radius + 0.6 * px
    left = (layout.width - widest - gap) / 2
    begin = top + ((foot - top) - step * len(look.options)) / 2
    rows = tuple(
        round((begin + step * (i + 0.5)) * layout.height) for i in range(len(look.options))
    )
    rtl = any(typeset.rtl for typeset in typesets)
    ring_at = layout.width - left - radius if rtl else left + radius
    sprites = list(frame) + _heading(look, name, layout, top=0.13, height=0.28)
    for typeset, row in zip(typesets, rows, strict=True):
        sprites.append(_ring(ring_at, row, radius, layout.quiet, layout.style.background))
        words = layout.about(typeset, row)
        begins = layout.width - left - gap - typeset.width if rtl else left + gap
        sprites.append(words.moved(round(begins) - words.left, 0))
    half = step * layout.height / 2
    options = tuple(
        Word(look.lowest + i, left - gap, row - half, left + gap + widest + gap, row + half)
        for i, row in enumerate(rows)
    )
    accent, background = layout.style.accent, layout.style.background
    here = (dot(ring_at, 0),)
    chosen = merge(
        (
            _ring(ring_at, 0, radius, accent, background),
            strokes(here, 0.55 * radius, accent),
        )
    )
    confirmed = merge((strokes(here, 1.15 * radius, accent), _tick(ring_at, radius, background)))
    column = Column(look.lowest, rows, (*options, *clickable))
    return Picture((merge(sprites),), chosen, confirmed, column)


def _ring(x: float, row: float, radius: float, colour: str, background: str) -> Sprite:
    here = (dot(x, row),)
    return merge((strokes(here, radius, colour), strokes(here, 0.78 * radius, background)))


def _tick(x: float, radius: float, colour: str) -> Sprite:
    low = (x - 0.1 * radius, 0.4 * radius)
    tick = (((x - 0.5 * radius, 0.02 * radius), low), (low, (x + 0.52 * radius, -0.36 * radius)))
    return strokes(tick, 0.14 * radius, colour)
