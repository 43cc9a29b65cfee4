"""Pictures of profiles: choosing whom one likes, learning who likes one back, neutral faces."""

from __future__ import annotations

from dataclasses import dataclass

from experiment.screens import Feedback, NeutralFace, ProfileScale
from stimuli.contents import ProfileLook
from stimuli.layout import Layout
from stimuli.photos import UNREADABLE, unreadable
from stimuli.pictures import Picture
from stimuli.screens.scale import RatingLine, set_question
from stimuli.sprites import Sprite, merge
from stimuli.typeset import Typeset

# Sizes in units of the message text's size.
NAME_SIZE = 1.0
CAPTION_SIZE = 0.74
TEXT_SIZE = 0.70
QUESTION_SIZE = 0.72

TEXT_SPACING = 1.5
"""Distance of baselines of a profile's text in units of its size."""

# Heights in units of the window's height; both screens with a scale have it at the same place, so
# that eyes and hands that have learned one know the other.
_PHOTO_TOP = 0.065
_CARD_PHOTO = 0.46
_PAIR_PHOTO = 0.40
_CAPTION = 0.518
_QUESTION = 0.614
_ROW = 0.708
_NEUTRAL_PHOTO = 0.50


def profile_scale(screen: ProfileScale, layout: Layout) -> Picture:
    """Lay out a profile with a rating scale below it."""
    line = _line(screen.rating, layout)
    below = layout.once(
        ("choosing", screen.rating),
        lambda: merge((_question(screen.rating, layout), *line.parts(), layout.footer("confirm"))),
    )
    sprites = (*card(screen.profile_id, layout), below)
    return Picture(sprites, line.cursor(), line.confirmed_cursor(), line.track)


def card(profile_id: str, layout: Layout) -> tuple[Sprite, ...]:
    """Place a profile's photo and texts, without a scale."""
    return _Card(profile_id, _look(profile_id, layout), layout).sprites()


def feedback(screen: Feedback, layout: Layout) -> Picture:
    """Lay out two pictures side by side, and the answer of one to the other.

    The answer is a mark that stands still: no key moves it.

    Raises
    ------
    ValueError
        If the participant has no profile, the scale has no such point, or something does not fit.
    """
    own = layout.contents.own
    if own is None:
        raise ValueError("feedback needs the participant's own profile, and their kit has none")
    answer = layout.once(
        ("answer", screen.rating, screen.answer),
        lambda: _answer(screen.rating, screen.answer, layout),
    )
    other = _look(screen.profile_id, layout)
    return Picture(
        (
            *_person(own, "the participant's own profile", -1, layout),
            *_person(other, f"profile {screen.profile_id!r}", 1, layout),
            answer,
        )
    )


def _answer(rating: str, answer: int | None, layout: Layout) -> Sprite:
    """Draw the question and the scale, with the answer's mark if there is one."""
    line = _line(rating, layout)
    parts = [_question(rating, layout), *line.parts(answer)]
    if answer is not None:
        marked = Picture((), line.cursor(), line.confirmed_cursor(), line.track)
        parts += [marked.at(answer, confirmed=True), layout.footer("seen")]
    return merge(parts)


def neutral_face(screen: NeutralFace, layout: Layout) -> Picture:
    """Lay out a face in the middle of the window."""
    side = round(_NEUTRAL_PHOTO * min(layout.height, layout.width))
    look = _look(screen.profile_id, layout)
    left, top = (layout.width - side) // 2, (layout.height - side) // 2
    return Picture((_photo(look, f"profile {screen.profile_id!r}", side, left, top, layout),))


def _line(rating: str, layout: Layout) -> RatingLine:
    return RatingLine(rating, layout, row=_ROW, anchors_below=0.062, anchors_height=0.105)


def _question(rating: str, layout: Layout) -> Sprite:
    typeset = set_question(rating, layout, height=0.09, share=QUESTION_SIZE)
    return layout.about(typeset, _QUESTION * layout.height)


def _look(profile_id: str, layout: Layout) -> ProfileLook:
    try:
        return layout.contents.profile(profile_id)
    except KeyError:
        raise ValueError(f"the profile set has no profile {profile_id!r}") from None


def _photo(look: ProfileLook, whose: str, side: int, left: int, top: int, layout: Layout) -> Sprite:
    """Place a photo; an error says whose it is by the id, since a file's name may be a person's."""
    if look.photo is None:
        raise ValueError(f"{whose} has no photo, and this screen shows it")
    try:
        return Sprite(layout.photos.square(look.photo, side), left, top)
    except UNREADABLE:
        raise unreadable(whose) from None


def _person(look: ProfileLook, whose: str, side_of_middle: int, layout: Layout) -> list[Sprite]:
    """Place one of two people: the photo, and the name below it."""
    side = round(min(_PAIR_PHOTO * layout.height, 0.38 * layout.width))
    gap = 0.05 * layout.width
    centre = layout.width / 2 + side_of_middle * (side + gap) / 2
    name = layout.fit(
        look.name,
        f"the name of {whose}",
        share=CAPTION_SIZE,
        colour=layout.soft,
        width=side + 0.6 * gap,
        height=0.07 * layout.height,
        language=look.language,
    )
    top = round(_PHOTO_TOP * layout.height)
    return [
        _photo(look, whose, side, round(centre - side / 2), top, layout),
        layout.about(name, _CAPTION * layout.height, centre),
    ]


@dataclass(frozen=True)
class _Card:
    """A profile: a large photo, and beside it the name, the age and the text.

    Where the text runs from right to left, the card does too.
    """

    profile_id: str
    look: ProfileLook
    layout: Layout

    def sprites(self) -> tuple[Sprite, ...]:
        """Place photo and texts; together they stand in the middle of the window."""
        layout, look = self.layout, self.look
        side = round(min(_CARD_PHOTO * layout.height, 0.42 * layout.width))
        top = round(_PHOTO_TOP * layout.height)
        gap = round(0.045 * layout.width)
        column = min(0.90 * layout.width - side - gap, 15.5 * layout.style.text_px)
        left = round((layout.width - side - gap - column) / 2)
        name, age, text = self._texts(column, side)
        rtl = (text or name).rtl
        right = round(left + side + gap + column)
        photo_left = right - side if rtl else left
        edge = right - side - gap if rtl else left + side + gap
        placed = self._beside(name, age, text, edge, rtl, top + side / 2)
        whose = f"profile {self.profile_id!r}"
        return (_photo(look, whose, side, photo_left, top, layout), merge(placed))

    def _texts(self, width: float, height: float) -> tuple[Typeset, Typeset | None, Typeset | None]:
        layout, look, whose = self.layout, self.look, f"profile {self.profile_id!r}"
        name_height = 0.22 * height
        name = layout.fit(
            look.name,
            f"the name of {whose}",
            share=NAME_SIZE,
            colour=layout.style.ink,
            width=0.8 * width,
            height=name_height,
            language=look.language,
            centred_lines=False,
        )
        age = None
        if look.age is not None:
            age = layout.fit(
                str(look.age),
                f"the age of {whose}",
                share=NAME_SIZE,
                px=name.px,
                colour=layout.quiet,
                width=0.2 * width,
                height=name_height,
            )
        if not look.text:
            return name, age, None
        text = layout.fit(
            look.text,
            f"the text of {whose}",
            share=TEXT_SIZE,
            colour=layout.soft,
            width=width,
            height=height - 2.0 * name.leading,
            language=look.language,
            spacing=TEXT_SPACING,
            centred_lines=False,
        )
        return name, age, text

    def _beside(
        self,
        name: Typeset,
        age: Typeset | None,
        text: Typeset | None,
        edge: int,
        rtl: bool,
        middle: float,
    ) -> list[Sprite]:
        """Place the texts at an edge (px), their ink about `middle` (px)."""

        def at(typeset: Typeset, start: int, top: int) -> Sprite:
            left = start - int(typeset.image.shape[1]) if rtl else start
            return Sprite(typeset.image, left, top)

        gap = round(0.75 * name.px)
        height = name.last_baseline + (0 if text is None else gap + text.height)
        top = round(middle - height / 2)
        baseline = top + name.last_baseline
        placed = [at(name, edge, top)]
        if age is not None:
            beyond = int(name.image.shape[1]) + round(0.4 * name.px)
            start = edge - beyond if rtl else edge + beyond
            placed.append(at(age, start, baseline - age.first_baseline))
        if text is not None:
            placed.append(at(text, edge, baseline + gap))
        return placed
