"""Before a ball game: the players arrive one after the other, and may say something."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from experiment.screens import Lobby
from stimuli.contents import ProfileLook
from stimuli.drawing import clear, disc, drawn, oval, plate
from stimuli.game import figures
from stimuli.game.scene import look_of_player, places_of
from stimuli.layout import PAGE_SIZE, Layout
from stimuli.pictures import Moving, Picture, Spot, film
from stimuli.sprites import Sprite, merge

CONNECTING, ALL_HERE = "players_connecting", "players_here"
"""Keys of the text above the players, while one waits for somebody and then."""

_NAME_SIZE, _CHAT_SIZE = 0.62, 0.60  # in units of the message text's size
_TITLE, _DOTS, _ROW, _CHAT = 0.155, 0.235, 0.435, 0.675  # in units of the window's height
_PHOTO, _GAP = 0.185, 1.42  # of a unit; from middle to middle in photos
_LINES = 3  # lines of the chat that are shown, the last ones
_LINE_PITCH = 0.088
_ARRIVING = 0.35  # s that a picture takes to come up
_CYCLE, _PHASES = 1.5, 24  # s of the waiting sign, and its frames


def lobby(screen: Lobby, layout: Layout) -> Picture:
    """Lay out who is there already, whom one waits for, and what has been said."""
    places = places_of(screen.players, layout)
    looks = [look_of_player(one, layout) for one in screen.players]
    whose = [f"profile {one!r}" for one in screen.players]
    shirts = list(figures.SHIRTS[: len(looks)])
    joined, awaited = screen.joined, screen.joined < len(screen.players)
    if layout.contents.own is not None:
        looks.insert(0, layout.contents.own)
        whose.insert(0, "the participant's own profile")
        shirts.insert(0, figures.OWN)
        joined += 1
    pitch = min(_PHOTO * _GAP * places.unit, 0.90 * layout.width / len(looks))
    size = pitch / _GAP
    first = layout.width / 2 - pitch * (len(looks) - 1) / 2
    still, moving = [_title(CONNECTING if awaited else ALL_HERE, layout)], []
    for i, look in enumerate(looks):
        x, y = round(first + i * pitch), round(_ROW * layout.height)
        if i >= joined:
            still.append(_absent(size, layout).moved(x, y))
            continue
        photo = _photo(look, whose[i], shirts[i], size, layout).moved(x, y)
        name = _name(look, whose[i], pitch, x, size, layout)
        if i == joined - 1 and screen.joined and not screen.chat:
            moving += [_coming(photo), *(_coming(part) for part in name)]
        else:
            still += [photo, *name]
    still += _chat(screen, size, layout)
    if awaited:
        moving.append(_waiting(layout))
    return Picture(tuple(still), moving=tuple(moving))


def _title(key: str, layout: Layout) -> Sprite:
    def make() -> Sprite:
        typeset = layout.fit(
            layout.contents.texts[key],
            f"text {key!r}",
            share=PAGE_SIZE,
            colour=layout.style.ink,
            width=0.84 * layout.width,
            height=0.14 * layout.height,
        )
        return layout.about(typeset, _TITLE * layout.height)

    return layout.once(("lobby title", key), make)


def _photo(look: ProfileLook, whose: str, shirt: str, size: float, layout: Layout) -> Sprite:
    background = layout.style.background
    return layout.once(
        ("lobby photo", whose, size),
        lambda: figures.head(look, whose, shirt, size, layout.photos, background),
    )


def _name(
    look: ProfileLook, whose: str, pitch: float, x: int, size: float, layout: Layout
) -> list[Sprite]:
    if not look.name:
        return []
    typeset = layout.fit(
        look.name,
        f"the name of {whose}",
        share=_NAME_SIZE,
        colour=layout.soft,
        width=0.92 * pitch,
        height=0.10 * layout.height,
        language=look.language,
    )
    top = round(_ROW * layout.height + 0.5 * size + 0.75 * typeset.px)
    return [
        Sprite(typeset.image, round(x - typeset.axis), top + typeset.px - typeset.first_baseline)
    ]


def _absent(size: float, layout: Layout) -> Sprite:
    """Draw the place of somebody who isn't there yet: a dashed ring with a faint shape in it."""

    def draw(painter: QPainter) -> None:
        faint = clear(layout.style.ink, 0.10)
        disc(painter, 0, -0.08, 0.135, faint)
        painter.setClipRect(-1, 0, 2, 1)
        oval(painter, 0, 0.34, 0.245, 0.23, faint)
        painter.setClipping(False)
        pen = QPen(clear(layout.style.ink, 0.30), 0.022)
        pen.setDashPattern((3.2, 3.6))
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(0, 0), 0.475, 0.475)

    return layout.once(("lobby absent", size), lambda: drawn((-0.5, -0.5, 0.5, 0.5), draw, size))


def _coming(sprite: Sprite, steps: int = 8) -> Moving:
    """Let something come up out of nothing, gently."""
    frames = []
    for i in range(1, steps + 1):
        image = sprite.image.copy()
        image[..., 3] = (image[..., 3].astype(int) * i // steps).astype("uint8")
        frames.append(Sprite(image, sprite.left, sprite.top))
    return film(tuple(frames), _ARRIVING)


def _waiting(layout: Layout) -> Moving:
    """Let three dots swell one after the other, without end: something goes on."""
    style, unit = layout.style, layout.style.text_px
    y = round(_DOTS * layout.height)

    def frame(phase: int) -> Sprite:
        def draw(painter: QPainter) -> None:
            for i in range(3):
                lag = (phase / _PHASES - 0.16 * i) % 1.0
                swell = max(0.0, 1.0 - abs(lag - 0.25) / 0.25)
                swell = swell * swell * (3 - 2 * swell)
                colour = clear(style.accent, 0.30 + 0.65 * swell)
                disc(painter, 0.62 * (i - 1), 0, 0.13 + 0.04 * swell, QColor(colour))

        made = drawn((-1.0, -0.3, 1.0, 0.3), draw, unit)
        return made.moved(layout.width // 2, y)

    frames = layout.once("lobby dots", lambda: tuple(frame(phase) for phase in range(_PHASES)))

    def spot(age: float) -> Spot:
        return int(age / _CYCLE * _PHASES) % _PHASES, 0, 0

    return Moving(frames, spot)


def _chat(screen: Lobby, size: float, layout: Layout) -> list[Sprite]:
    """Set the last lines that were said, each beside a small picture of who said it."""
    parts: list[Sprite] = []
    small = 0.36 * size
    left = layout.width / 2 - min(0.26 * layout.width, 2.0 * size)
    for row, (player, key) in enumerate(screen.chat[-_LINES:]):
        profile_id, shirt = screen.players[player - 1], figures.SHIRTS[player - 1]
        look = look_of_player(profile_id, layout)
        y = round((_CHAT + row * _LINE_PITCH) * layout.height)
        face = _photo(look, f"profile {profile_id!r}", shirt, small, layout)
        parts += [face.moved(round(left), y), _bubble(key, round(left + 0.85 * small), y, layout)]
    return parts


def _bubble(key: str, left: int, middle: int, layout: Layout) -> Sprite:
    typeset = layout.fit(
        layout.contents.texts[key],
        f"text {key!r}",
        share=_CHAT_SIZE,
        colour=layout.style.ink,
        width=0.48 * layout.width,
        height=0.05 * layout.height,
    )
    pad = 0.75 * typeset.px
    text = layout.about(typeset, middle, left + pad + typeset.axis)
    half = 1.0 * typeset.px
    box = (left, middle - half, text.right + pad, middle + half)
    fill = clear(layout.style.ink, 0.10)
    return merge((drawn(box, lambda painter: plate(painter, box, half, fill)), text))
