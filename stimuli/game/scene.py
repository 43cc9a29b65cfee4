"""Everybody and everything of a ball game at its place: what its screens are put together from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import log
from typing import TypeVar

from stimuli.contents import ProfileLook
from stimuli.drawing import clear, drawn, plate
from stimuli.game import ball as balls
from stimuli.game import figures, hands
from stimuli.game.ground import ground
from stimuli.game.hands import Grip
from stimuli.game.places import Air, Places
from stimuli.game.poses import IDLE, REACH, RECOVER, SWING, Pose, catching, recovering, throwing
from stimuli.layout import Layout
from stimuli.pictures import Moving, Spot, Targets, film
from stimuli.sprites import Sprite, merge

NAME_SIZE, OWN_SIZE, LINE_SIZE = 0.56, 0.50, 0.66  # in units of the message text's size

_STEPS = 48  # places of the ball's frames along its way
_SIZE_STEP = 1.035  # sizes of the ball in steps of this ratio
_HIGH = 0.42  # of a unit: as high as the ball ever is, for its shadow
_LINE_DOWN = 0.675  # how far down the reminder is, in units of the window's height
_LIT = 0.45  # s until the light about the ball is as bright as it gets
_OWN_ASIDE, _OWN_DOWN, _OWN_PHOTO = 0.385, 0.905, 0.086  # the participant's picture, in units

Made = TypeVar("Made")
Keyframe = tuple[float, Grip]


@dataclass(frozen=True)
class Scene:
    """The people of a game and all that they are drawn with, each made once for all screens."""

    players: tuple[str, ...]
    watching: bool
    layout: Layout

    @property
    def others(self) -> range:
        """Numbers of the others."""
        return range(1, len(self.players) + 1)

    @property
    def places(self) -> Places:
        """Where everybody is."""
        return places_of(self.players, self.layout)

    def _once(self, key: object, make: Callable[[], Made]) -> Made:
        return self.layout.once(("court", self.players, key), make)

    # --- what stands still ------------------------------------------------------------------------

    def back(self) -> Sprite:
        """Draw the ground, everybody's shadow and name, and the participant's own picture."""

        def make() -> Sprite:
            parts = [ground(self.places, self.layout.style)]
            for player in self.others:
                x, y = self.places.feet(player)
                parts.append(figures.shadow(self.places.head).moved(round(x), round(y)))
            parts += [sprite for player in self.others for sprite in self._name(player)]
            parts += [] if self.watching else self._own()
            return merge(parts)

        return self._once(("back", self.watching), make)

    def _name(self, player: int) -> list[Sprite]:
        """Set a player's name above the head, its lowest line nearest to it."""
        look, layout = self._look(player), self.layout
        if not look.name:
            return []
        x, y = self.places.feet(player)
        typeset = layout.fit(
            look.name,
            f"the name of profile {self.players[player - 1]!r}",
            share=NAME_SIZE,
            colour=layout.soft,
            width=self.places.room(),
            height=0.10 * layout.height,
            language=look.language,
        )
        top = y - figures.HEIGHT * self.places.head
        above = round(top - 0.05 * self.places.head - 0.55 * typeset.px)
        return [Sprite(typeset.image, round(x - typeset.axis), above - typeset.last_baseline)]

    def _own(self) -> list[Sprite]:
        """Place the participant's own picture and name beside their hands, if they have any."""
        own, layout, unit = self.layout.contents.own, self.layout, self.places.unit
        if own is None:
            return []
        x, y = layout.width / 2 - _OWN_ASIDE * unit, _OWN_DOWN * layout.height
        size, whose = _OWN_PHOTO * unit, "the participant's own profile"
        face = self._face(own, whose, figures.OWN, size)
        parts = [face.moved(round(x), round(y))]
        if own.name:
            typeset = layout.fit(
                own.name,
                f"the name of {whose}",
                share=OWN_SIZE,
                colour=layout.soft,
                width=2.4 * size,
                height=0.034 * layout.height,
                language=own.language,
            )
            parts.append(layout.about(typeset, y + 0.78 * size, x))
        return parts

    def _face(self, look: ProfileLook, whose: str, shirt: str, size: float) -> Sprite:
        layout = self.layout
        return figures.head(look, whose, shirt, size, layout.photos, layout.style.background)

    def _look(self, player: int) -> ProfileLook:
        return look_of_player(self.players[player - 1], self.layout)

    def head(self, player: int, turned_to: int) -> Sprite:
        """Place a player's head."""
        size = self.places.head
        face = self._once(
            ("head", player),
            lambda: self._face(
                self._look(player),
                f"profile {self.players[player - 1]!r}",
                figures.SHIRTS[player - 1],
                size,
            ),
        )
        x, y = self.places.feet(player)
        right, down = figures.head_place(turned_to, size)
        return face.moved(round(x) + right, round(y) + down)

    def body(self, player: int, pose: Pose) -> Sprite:
        """Place a player's body in a pose."""
        shirt, head = figures.SHIRTS[player - 1], self.places.head
        made = self.layout.once(
            ("body", shirt, pose, head), lambda: figures.body(pose, shirt, head)
        )
        x, y = self.places.feet(player)
        return made.moved(round(x), round(y))

    def standing(self, player: int, turned_to: int) -> list[Sprite]:
        """Place somebody who has no part in what happens but looks on."""
        return [self.head(player, turned_to), self.body(player, IDLE.turned(turned_to))]

    def line(self, key: str | None) -> list[Sprite]:
        """Set a text of the study in the court, on a plate that parts it from the ground."""
        if key is None:
            return []
        layout = self.layout

        def make() -> Sprite:
            typeset = layout.fit(
                layout.contents.texts[key],
                f"text {key!r}",
                share=LINE_SIZE,
                colour=layout.style.ink,
                width=self.places.gap(),
                height=0.12 * layout.height,
            )
            text = layout.about(typeset, _LINE_DOWN * layout.height)
            pad = 0.55 * typeset.px
            box = (
                text.left - 1.6 * pad,
                text.top - pad,
                text.right + 1.6 * pad,
                text.bottom + pad,
            )
            radius = min(1.4 * pad, (box[3] - box[1]) / 2)
            fill = clear(layout.style.background, 0.82)
            return merge((drawn(box, lambda painter: plate(painter, box, radius, fill)), text))

        return [self._once(("line", key), make)]

    # --- the participant --------------------------------------------------------------------------

    def hands(self, grip: Grip) -> Sprite:
        """Place the participant's hands."""
        unit, sleeve = self.places.unit, figures.OWN
        made = self.layout.once(("hands", grip, unit), lambda: hands.hands(grip, sleeve, unit))
        return made.moved(self.layout.width // 2, self.layout.height)

    def resting_hands(self) -> list[Sprite]:
        """Place the participant's hands at rest, if they take part."""
        return [] if self.watching else [self.hands(hands.REST)]

    def own_hands(self, keyframes: tuple[Keyframe, ...], per_part: int = 5) -> Moving:
        """Move the participant's hands from one grip at a time (s) to the next."""
        frames: list[Sprite] = []
        ages: list[float] = []
        for (begin, a), (end, b) in pairwise(keyframes):
            for i in range(per_part):
                share = i / per_part
                frames.append(self.hands(hands.between(a, b, share)))
                ages.append(begin + share * (end - begin))
        frames.append(self.hands(keyframes[-1][1]))
        ages.append(keyframes[-1][0])

        def spot(age: float) -> Spot:
            return max(sum(begins <= age for begins in ages) - 1, 0), 0, 0

        return Moving(tuple(frames), spot)

    def light(self) -> Moving:
        """Let the light about the participant's ball come up: it is theirs."""
        held, count, colour = self.places.held(0), 7, self.layout.style.accent
        home = self._once(
            "light",
            lambda: tuple(
                hands.light(colour, self.places.unit, (i + 1) / count) for i in range(count)
            ),
        )
        lit = tuple(
            _within(sprite.moved(round(held.x), round(held.y)), self.layout) for sprite in home
        )
        return film(lit, _LIT)

    def targets(self) -> Targets:
        """What can be clicked: a player with head and name, and some room about them."""
        head = self.places.head

        def make() -> Targets:
            areas, middles = [], []
            half = min(0.95 * head, self.places.room() / 1.84)
            for player in self.others:
                x, y = self.places.feet(player)
                top = y - (figures.HEIGHT + 0.45) * head
                areas.append((round(x - half), round(top), round(x + half), round(y + 0.2 * head)))
                right, down = figures.head_place(0, head)
                middles.append((round(x) + right, round(y) + down))
            return Targets(tuple(areas), tuple(middles))

        return self._once("targets", make)

    def halo(self) -> Sprite:
        """Draw the ring about the head of whoever is pointed at."""
        colour = self.layout.style.accent
        return self._once("halo", lambda: figures.halo(self.places.head, colour))

    # --- the ball ---------------------------------------------------------------------------------

    def ball(self, air: Air, turn: int = 0) -> Sprite:
        """Place the ball."""
        diameter = round(self.places.ball * _stepped(air.size))
        made = self.layout.once(("ball", diameter, turn), lambda: balls.ball(diameter, turn))
        return made.moved(round(air.x), round(air.y))

    def carried(self, begin: Air, end: Air, seconds: float) -> Moving:
        """Carry the ball in somebody's hands from one place to another, gently."""
        ball = self.ball(begin)

        def spot(age: float) -> Spot:
            share = min(max(age / seconds, 0.0), 1.0)
            eased = share * share * (3 - 2 * share)
            # To the pixel that is nearest to the place itself, where the throw then begins.
            right = round(begin.x + eased * (end.x - begin.x)) - round(begin.x)
            down = round(begin.y + eased * (end.y - begin.y)) - round(begin.y)
            return 0, right, down

        return Moving((ball,), spot)

    def flying(self, thrower: int, catcher: int, flight: float) -> Moving:
        """Let the ball fly, turning about itself once in less than a second."""
        way = self.places.between
        back = -1 if way(thrower, catcher, 1).x < way(thrower, catcher, 0).x else 1
        turns = balls.TURNS * max(round(1.4 * flight), 1)
        airs = [way(thrower, catcher, i / _STEPS) for i in range(_STEPS + 1)]
        frames = tuple(
            self.ball(Air(0, 0, 0, air.size), back * round(i * turns / _STEPS) % balls.TURNS)
            for i, air in enumerate(airs)
        )

        def spot(age: float) -> Spot:
            share = min(max(age / flight, 0.0), 1.0)
            air = way(thrower, catcher, share)
            return round(share * _STEPS), round(air.x), round(air.y)

        return Moving(frames, spot)

    def shadow_of_throw(self, thrower: int, catcher: int, flight: float) -> Moving:
        """Let the ball's shadow run along the ground below it."""
        way, unit = self.places.between, self.places.unit
        frames = self._once(
            "shadows",
            lambda: tuple(
                balls.shadow(1.2 * self.places.ball, i / (balls.SHADES - 1))
                for i in range(balls.SHADES)
            ),
        )

        def spot(age: float) -> Spot:
            air = way(thrower, catcher, age / flight)
            height = min((air.ground - air.y) / (_HIGH * unit), 1.0)
            return round(height * (balls.SHADES - 1)), round(air.x), round(air.ground)

        return Moving(frames, spot)

    # --- who moves --------------------------------------------------------------------------------

    def throwing_body(self, player: int, turned_to: int) -> Moving:
        """Swing a player's arm, and bring it back to rest."""
        swing = tuple(self.body(player, pose) for pose in throwing(turned_to))
        rest = tuple(self.body(player, pose) for pose in recovering(turned_to))
        out, back = film(swing, SWING), film(rest, RECOVER, SWING + 0.08)

        def spot(age: float) -> Spot:
            if age < SWING + 0.08:
                return out.spot(age) or (0, 0, 0)
            index, right, down = back.spot(age) or (0, 0, 0)
            return len(swing) + index, right, down

        return Moving((*swing, *rest), spot)

    def catching_body(self, player: int, turned_to: int, flight: float) -> Moving:
        """Let a player reach out for the ball, and hold it when it has come."""
        poses = catching(turned_to)
        reach = min(REACH, 0.8 * flight)
        return film(tuple(self.body(player, pose) for pose in poses), reach, flight - reach)

    def onlooker(
        self, player: int, thrower: int, catcher: int, flight: float
    ) -> tuple[list[Sprite], list[Moving]]:
        """Let somebody look after the ball: from the thrower to the catcher, half-way."""
        ways = [self.places.faces(player, towards) for towards in (thrower, catcher)]
        if ways[0] == ways[1]:
            return self.standing(player, ways[0]), []
        heads = tuple(self.head(player, way) for way in ways)
        bodies = tuple(self.body(player, IDLE.turned(way)) for way in ways)
        return [], [_switch(heads, flight / 2), _switch(bodies, flight / 2)]


def _switch(frames: tuple[Sprite, ...], at: float) -> Moving:
    return Moving(frames, lambda age: (int(age >= at), 0, 0))


def _stepped(size: float) -> float:
    """Give the nearest size of those in steps of one ratio, so that few are made."""
    return float(_SIZE_STEP ** round(log(size) / log(_SIZE_STEP)))


def _within(sprite: Sprite, layout: Layout) -> Sprite:
    """Cut off what would be outside of the window."""
    left, top = max(sprite.left, 0), max(sprite.top, 0)
    right, bottom = min(sprite.right, layout.width), min(sprite.bottom, layout.height)
    image = sprite.image[
        top - sprite.top : bottom - sprite.top, left - sprite.left : right - sprite.left
    ]
    return Sprite(image, left, top)


def places_of(players: tuple[str, ...], layout: Layout) -> Places:
    """Give the places of so many players in this window.

    Raises
    ------
    ValueError
        If there are fewer than two others, or more than five.
    """
    if not 2 <= len(players) <= len(figures.SHIRTS):
        raise ValueError(f"a ball game has 2 to 5 other players, not {len(players)}")
    return layout.once(
        ("places", len(players)), lambda: Places(layout.width, layout.height, len(players))
    )


def look_of_player(profile_id: str, layout: Layout) -> ProfileLook:
    """Give who a player is.

    Raises
    ------
    ValueError
        If there is no such profile.
    """
    try:
        return layout.contents.profile(profile_id)
    except KeyError:
        raise ValueError(f"the profile set has no profile {profile_id!r}") from None
