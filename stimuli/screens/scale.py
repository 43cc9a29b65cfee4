"""The picture of a rating scale: question, line, anchors, cursor. Other screens take its line."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from experiment.screens import Scale
from stimuli.layout import ANCHOR_SIZE, PAGE_MEASURE, QUESTION_SIZE, Layout
from stimuli.pictures import Picture, Track, Word
from stimuli.sprites import Sprite, dot, merge, strokes
from stimuli.typeset import Typeset

_NO_SMALLER = 0.85  # of an anchor's size, to have it in one line
_MARGIN = 0.13  # of the window's width: beside a line that has the window
_READING_ABOVE = 0.06  # of the window's height: from the line to the number that is read out


def scale(screen: Scale, layout: Layout) -> Picture:
    """Lay a rating scale out."""
    line = RatingLine(screen.rating, layout)
    parts = (*_heading(screen, layout), *line.parts(), layout.footer("confirm"))
    return line.picture(merge(parts))


def _heading(screen: Scale, layout: Layout) -> tuple[Sprite, ...]:
    """Set the question, and the prompt above it, between the window's top and the line."""
    prompt = screen.prompt
    question = set_question(screen.rating, layout, height=0.34 if prompt is None else 0.20)
    if prompt is None:
        return (layout.about(question, 0.30 * layout.height),)
    above = layout.fit(
        layout.contents.texts[prompt],
        f"text {prompt!r}",
        share=ANCHOR_SIZE,
        colour=layout.soft,
        width=question_width(layout),
        height=0.15 * layout.height,
    )
    return (
        layout.about(above, 0.15 * layout.height),
        layout.about(question, 0.345 * layout.height),
    )


def question_width(layout: Layout) -> float:
    """Longest line (px) of a question."""
    return min(0.84 * layout.width, PAGE_MEASURE * QUESTION_SIZE * layout.style.text_px)


def set_question(
    rating: str, layout: Layout, *, height: float, share: float = QUESTION_SIZE
) -> Typeset:
    """Set a rating's question.

    Parameters
    ----------
    rating : str
    layout : Layout
    height : float
        Room for it in units of the window's height.
    share : float
        Its size in units of the message text's size.
    """
    return layout.fit(
        layout.contents.scales[rating].question,
        f"the question of rating {rating!r}",
        share=share,
        colour=layout.style.ink,
        width=question_width(layout),
        height=height * layout.height,
    )


class RatingLine:
    """A rating's line with its points, anchors and cursors, at its place in a window.

    Parameters
    ----------
    rating : str
    layout : Layout
    row : float
        How far down the line is, in units of the window's height.
    anchors_below, anchors_height : float
        How far below the line its anchors begin, and the room for them, in the same units.
    across : tuple of float
        Where the line begins and ends, in units of the window's width.
    within : tuple of float
        What its anchors may take of the window, in the same units.
    size : float
        Size of points, marks and anchors, in units of those of a scale that has the window.
    """

    def __init__(
        self,
        rating: str,
        layout: Layout,
        *,
        row: float = 0.55,
        anchors_below: float = 0.075,
        anchors_height: float = 0.20,
        across: tuple[float, float] = (_MARGIN, 1 - _MARGIN),
        within: tuple[float, float] = (0.03, 0.97),
        size: float = 1.0,
    ) -> None:
        self._layout = layout
        self._look = layout.contents.scales[rating]
        self._name = f"rating {rating!r}"
        self._width, self._height = layout.width, layout.height
        self._row = round(row * self._height)
        self._anchors_top = round((row + anchors_below) * self._height)
        self._anchors_height = anchors_height * self._height
        self._first, self._last = (round(share * self._width) for share in across)
        self._within = within
        self._size = size
        self._unit = size * self._height
        self.track = Track(
            lowest=self._look.lowest,
            highest=self._look.highest,
            first_px=self._first,
            last_px=self._last,
            row_px=self._row,
            beyond_px=self._beyond(),
            aside_px=0.08 * self._unit,
        )

    def parts(self, chosen: int | None = None) -> tuple[Sprite, ...]:
        """Draw all that stands still; the anchor of a `chosen` point is brighter."""
        return (*self._line(), *self._anchors(chosen))

    def picture(self, *still: Sprite, words: tuple[Word, ...] = ()) -> Picture:
        """Put what stands still and the cursors together; `words` can be clicked, too."""
        return Picture(
            still,
            self.cursor(),
            self.confirmed_cursor(),
            replace(self.track, words=words),
            readings=self._readings(),
        )

    def _readings(self) -> tuple[Sprite, ...]:
        """Set the number of each position above where its mark stands, all in one size."""
        if not self._look.reading:
            return ()
        middle = self._row - _READING_ABOVE * self._unit
        return tuple(
            self._layout.about(
                self._layout.fit(
                    self._look.reading.format(position=position),
                    f"the number at point {position} of {self._name}",
                    share=self._size * ANCHOR_SIZE,
                    colour=self._layout.style.ink,
                    width=2 * _MARGIN * self._width,
                    height=2 * _READING_ABOVE * self._unit,
                ),
                middle,
                self.track.x_of(position),
            )
            for position in range(self._look.lowest, self._look.highest + 1)
        )

    def _beyond(self) -> float:
        """Return how far (px) beyond the line's ends clicks count."""
        step = (self._last - self._first) / (self._look.highest - self._look.lowest)
        return min(max(step / 2, 0.02 * self._width), 0.08 * self._width)

    # --- texts -----------------------------------------------------------------------------------

    def _anchors(self, chosen: int | None) -> list[Sprite]:
        """Set the anchors below their places, all in one size, none in another's way."""
        top = self._anchors_top
        columns = self._anchor_columns()

        def fit(position: int, px: int | None) -> Typeset:
            return self._layout.fit(
                self._look.anchors[position],
                f"the anchor at point {position} of {self._name}",
                share=self._size * ANCHOR_SIZE,
                px=px,
                colour=self._layout.style.ink if position == chosen else self._layout.soft,
                width=columns[position],
                height=self._anchors_height,
                whole_words=True,
            )

        sprites = []
        for position, typeset in zip(columns, _alike(fit, columns), strict=True):
            left = round(self.track.x_of(position) - typeset.axis)
            sprites.append(Sprite(typeset.image, left, top + typeset.px - typeset.first_baseline))
        return sprites

    def _anchor_columns(self) -> dict[int, float]:
        """Widths (px) that anchors may take, half-way to their neighbours.

        The outer ones' further neighbours are their own mirror images behind the margins.
        """
        positions = sorted(self._look.anchors)
        if not positions:
            return {}
        low, high = (share * self._width for share in self._within)
        gap = 0.02 * self._width * self._size
        places = [self.track.x_of(position) for position in positions]
        before = [2 * low - places[0], *places[:-1]]
        after = [*places[1:], 2 * high - places[-1]]
        return {
            position: min(place - left, right - place) - gap
            for position, place, left, right in zip(positions, places, before, after, strict=True)
        }

    # --- the line --------------------------------------------------------------------------------

    def _line(self) -> tuple[Sprite, Sprite]:
        """Draw the line and its points; where they are dense, only the ends and the anchors'.

        A continuous scale has no points: short strokes end its line.
        """
        look, row = self._look, self._row
        radius = 0.0085 * self._unit
        if look.continuous:
            return self._bare_line()
        dense = (self._last - self._first) / (look.highest - look.lowest) < 5 * radius
        every = range(look.lowest, look.highest + 1)
        marked = {look.lowest, look.highest, *look.anchors} if dense else set(every)
        line = (((self._first, row), (self._last, row)),)
        dots = [dot(self.track.x_of(position), row) for position in sorted(marked)]
        return (
            strokes(line, 0.0025 * self._unit, self._layout.faint),
            strokes(dots, radius, self._layout.quiet),
        )

    def _bare_line(self) -> tuple[Sprite, Sprite]:
        row, height = self._row, 0.016 * self._unit
        line = (((self._first, row), (self._last, row)),)
        places = {self._first, self._last, *map(self.track.x_of, self._look.anchors)}
        ends = [((x, row - height), (x, row + height)) for x in sorted(places)]
        return (
            strokes(line, 0.0025 * self._unit, self._layout.faint),
            strokes(ends, 0.0025 * self._unit, self._layout.quiet),
        )

    def cursor(self) -> Sprite:
        """Draw a ring that parts the line."""
        style, radius, here = self._layout.style, 0.026 * self._unit, (dot(0, self._row),)
        return merge(
            (
                strokes(here, 1.3 * radius, style.background),
                strokes(here, radius, style.accent),
                strokes(here, 0.62 * radius, style.background),
            )
        )

    def confirmed_cursor(self) -> Sprite:
        """Draw a filled disc with a tick, so that the change is one of shape, not only of hue."""
        style, radius, row = self._layout.style, 0.026 * self._unit, self._row
        low = (-0.1 * radius, row + 0.36 * radius)
        tick = (
            ((-0.46 * radius, row + 0.02 * radius), low),
            (low, (0.48 * radius, row - 0.34 * radius)),
        )
        return merge(
            (
                strokes((dot(0, row),), 1.3 * radius, style.background),
                strokes((dot(0, row),), 1.1 * radius, style.accent),
                strokes(tick, 0.12 * radius, style.background),
            )
        )


def _alike(fit: Callable[[int, int | None], Typeset], positions: Collection[int]) -> list[Typeset]:
    """Set anchors in one size; where a little smaller spares all of them a second line, so."""
    largest = min((fit(position, None).px for position in positions), default=0)
    for px in range(largest, round(_NO_SMALLER * largest) - 1, -1):
        anchors = [fit(position, px) for position in positions]
        if all(anchor.first_baseline == anchor.last_baseline for anchor in anchors):
            return anchors
    return [fit(position, largest) for position in positions]
