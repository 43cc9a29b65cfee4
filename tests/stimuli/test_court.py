"""The ball game as it is painted: where everybody and the ball are, and how they move."""

from __future__ import annotations

from itertools import pairwise, product
from math import hypot
from pathlib import Path

import numpy as np
import pytest

from experiment.profiles import DEMO, OwnProfile, load_profiles, look_of, looks_of_set
from experiment.screens import Court, Lobby, Screen, Throw
from stimuli.contents import NOBODY, Contents, ProfileLook
from stimuli.game.places import Places
from stimuli.painter import Painter
from stimuli.pictures import Moving, Picture, Style, Targets, compose, film
from stimuli.sprites import Sprite

SIZES = [(800, 600), (1280, 720), (1920, 1080), (3840, 2160)]
SMALL = (800, 600)
FLIGHT = 0.6
FRAME = 1 / 60
TEXTS = {
    "players_connecting": "The other players are connecting",
    "players_here": "All players are here",
    "reminder": "It is your turn. Whom would you like to throw to?",
    "hi": "hi",
    "hello": "مرحبا",
}
_DEMO = looks_of_set(load_profiles(DEMO))
_MADE = {
    "ar": ProfileLook("ليلى عبد الرحمن", 27, "", DEMO / "photos" / "p22.png", "ar"),
    "ja": ProfileLook("さくら", 27, "", None, "ja"),
    "nobody": NOBODY,
}
OWN = look_of(OwnProfile("Alex", 31, "Hello.", DEMO / "photos" / "p05.png"))
PEOPLE = ("p43", "ar", "p42", "ja", "p01")


def profile(profile_id: str) -> ProfileLook:
    return _MADE[profile_id] if profile_id in _MADE else _DEMO(profile_id)


def no_message(message_id: str) -> tuple[str, str]:
    raise KeyError(message_id)


def style_for(size: tuple[int, int]) -> Style:
    return Style(size, round(0.033 * size[0]))


def painter_for(size: tuple[int, int], own: ProfileLook | None = OWN) -> Painter:
    return Painter(style_for(size), Contents(TEXTS, {}, no_message, profile=profile, own=own))


def shown(picture: Picture, ages: tuple[float, ...]) -> list[Sprite]:
    return [sprite for age in ages for sprite in picture.shown_at(age)]


# --- places --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("others", [2, 3, 4, 5])
def test_the_ball_flies_from_hand_to_hand_on_a_bow(size: tuple[int, int], others: int) -> None:
    places = Places(*size, others)
    for thrower, catcher in product(range(others + 1), repeat=2):
        if thrower == catcher:
            continue
        way = [places.between(thrower, catcher, i / 100) for i in range(101)]
        assert (way[0].x, way[0].y) == (
            places.ready(thrower, catcher).x,
            places.ready(thrower, catcher).y,
        )
        assert way[-1].x == pytest.approx(places.held(catcher).x)
        assert way[-1].y == pytest.approx(places.held(catcher).y)
        length = hypot(way[-1].x - way[0].x, way[-1].y - way[0].y)
        for a, b in pairwise(way):
            assert hypot(b.x - a.x, b.y - a.y) < 0.03 * length + 0.01 * places.unit
        middle = way[50].y
        assert middle < (way[0].y + way[-1].y) / 2  # higher than on a straight line
        radius = [air.size * places.ball / 2 for air in way]
        assert min(air.x - r for air, r in zip(way, radius, strict=True)) > 0
        assert max(air.x + r for air, r in zip(way, radius, strict=True)) < size[0]
        assert min(air.y - r for air, r in zip(way, radius, strict=True)) > 0
        assert max(air.y + r for air, r in zip(way, radius, strict=True)) < size[1]
        assert all(air.ground >= air.y for air in way)


@pytest.mark.parametrize(
    ("size", "others"), [(SIZES[0], 5), (SIZES[0], 2), (SIZES[1], 4), (SIZES[2], 3), (SIZES[3], 5)]
)
def test_nothing_is_outside_the_window(size: tuple[int, int], others: int) -> None:
    painter, players = painter_for(size), PEOPLE[:others]
    screens: tuple[Screen, ...] = (
        Court(players, 0, line="reminder"),
        Court(players, others, turned_to=1),
        Lobby(players, others - 1, ((1, "hi"), (2, "hello"))),
        *((Throw(players, 1, 0, FLIGHT),) if size[0] <= SIZES[1][0] else ()),
        *((Throw(players, 0, others, FLIGHT),) if size == SMALL else ()),
    )
    width, height = size
    for screen in screens:
        picture = painter.paint(screen)
        sprites = shown(picture, (0.0, 0.2, 0.4, FLIGHT))
        if picture.cursor is not None:
            sprites += [picture.at(n, confirmed=False) for n in range(1, others + 1)]
        for sprite in sprites:
            assert sprite.left >= 0
            assert sprite.right <= width
            assert sprite.top >= 0
            assert sprite.bottom <= height


def test_all_four_sizes_are_drawn_at_their_own_resolution() -> None:
    heights = []
    for size in (SMALL, SIZES[-1]):
        picture = painter_for(size).paint(Court(PEOPLE[:2], 1))
        ball = picture.sprites[-1].image
        heights.append(ball.shape[0])
        # Crisp: the ball's edge goes from nothing to full within two pixels, however large it is.
        row = ball[ball.shape[0] // 2, :, 3]
        assert (row[3:-3] == 255).all()
    assert heights[1] > 3 * heights[0]


# --- the ball's way on the screen ----------------------------------------------------------------


def ball_at(painter: Painter, screen: Screen, age: float) -> tuple[float, float]:
    """Middle of the sprite that is drawn last, which is the ball."""
    ball = painter.paint(screen).shown_at(age)[-1]
    return (ball.left + ball.right) / 2, (ball.top + ball.bottom) / 2


def test_screens_join_on_without_a_jump_of_the_ball() -> None:
    painter, players = painter_for(SMALL), PEOPLE[:3]
    for thrower, catcher in ((1, 2), (2, 0), (0, 3), (3, 1)):
        held = ball_at(painter, Court(players, thrower), 1.0)
        turning = Court(players, thrower, turned_to=catcher)
        flying = Throw(players, thrower, catcher, FLIGHT)
        assert ball_at(painter, turning, 0.0) == pytest.approx(held, abs=1.5)
        assert ball_at(painter, turning, 0.5) == pytest.approx(
            ball_at(painter, flying, 0.0), abs=1.5
        )
        assert ball_at(painter, flying, FLIGHT) == pytest.approx(
            ball_at(painter, Court(players, catcher), 0.0), abs=1.5
        )
        frames = [ball_at(painter, flying, i * FRAME) for i in range(round(FLIGHT / FRAME) + 1)]
        steps = [hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(frames)]
        assert min(steps) > 0
        assert max(steps) < 0.06 * SMALL[0]


def test_the_others_turn_and_their_arms_move() -> None:
    painter, players = painter_for(SMALL), PEOPLE[:3]
    style = style_for(SMALL)
    turned = [
        compose(painter.paint(Court(players, 2, turned_to=to)), style, age=1.0) for to in (0, 1, 3)
    ]
    assert all((a != b).any() for a, b in ((turned[0], turned[1]), (turned[1], turned[2])))
    throw = painter.paint(Throw(players, 1, 3, FLIGHT))
    bodies = [moving for moving in throw.moving[1:] if len(moving.frames) in (6, 7)]
    assert len(bodies) == 2
    for body in bodies:
        images = [body.at(i * FRAME) for i in range(37)]
        assert len({id(one.image) for one in images if one is not None}) >= 4


def test_who_looks_on_has_no_hands_and_no_picture_there() -> None:
    style = style_for(SMALL)
    painter = painter_for(SMALL)
    below = slice(round(0.95 * SMALL[1]), SMALL[1])
    for screen in (Court(PEOPLE[:2], 1), Throw(PEOPLE[:2], 1, 2, FLIGHT)):
        taking_part = compose(painter.paint(screen), style)[below]
        watched = compose(painter.paint(type(screen)(**{**vars(screen), "watching": True})), style)
        empty = compose(Picture(()), style)[below]
        assert (taking_part != empty).any()
        assert np.array_equal(watched[below], empty)


def test_the_sign_that_one_has_the_ball_comes_up_gently() -> None:
    style = style_for(SMALL)
    picture = painter_for(SMALL).paint(Court(PEOPLE[:2], 0))
    about = (slice(400, 600), slice(280, 520))
    frames = [compose(picture, style, age=age)[about].astype(int) for age in (0.0, 0.2, 0.5, 9.0)]
    sums = [int(frame.sum()) for frame in frames]
    assert sums[0] < sums[1] < sums[2] == sums[3]


# --- pointing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("others", [2, 3, 4, 5])
def test_each_player_is_a_place_to_click(size: tuple[int, int], others: int) -> None:
    places = Places(*size, others)
    picture = painter_for(size, None).paint(Court(PEOPLE[:others], 0)) if size == SMALL else None
    for player in range(1, others + 1):
        x, y = places.feet(player)
        if picture is None:
            assert 0 < x < size[0]
            continue
        targets = picture.track
        assert isinstance(targets, Targets)
        assert (targets.lowest, targets.highest) == (1, others)
        assert targets.pressed(x, y - places.head) == player
        assert targets.dragged(x, y - 1.9 * places.head) == player
        halo = picture.at(player, confirmed=False)
        middle = (halo.left + halo.right) / 2, (halo.top + halo.bottom) / 2
        assert targets.pressed(*middle) == player
        assert targets.pressed(size[0] / 2, 0.95 * size[1]) is None
        with pytest.raises(ValueError, match=f"points 1 to {others}"):
            picture.at(others + 1, confirmed=False)


def test_only_who_has_the_ball_points() -> None:
    painter, players = painter_for(SMALL), PEOPLE[:3]
    for screen in (
        Court(players, 1),
        Court(players, 0, turned_to=2),
        Throw(players, 0, 1, FLIGHT),
        Lobby(players, 2),
    ):
        assert painter.paint(screen).track is None


def test_a_reminder_leaves_the_targets_as_they_are() -> None:
    painter, players = painter_for(SMALL), PEOPLE[:3]
    plain, reminded = (painter.paint(Court(players, 0, line=line)) for line in (None, "reminder"))
    assert plain.track is reminded.track
    assert len(reminded.sprites) == len(plain.sprites) + 1


# --- the lobby -----------------------------------------------------------------------------------


def test_players_arrive_one_after_the_other_beneath_a_waiting_sign() -> None:
    painter, players, style = painter_for(SMALL), PEOPLE[:3], style_for(SMALL)
    pictures = [painter.paint(Lobby(players, joined)) for joined in range(4)]
    frames = [compose(picture, style, age=1.0) for picture in pictures]
    row = slice(round(0.3 * SMALL[1]), round(0.6 * SMALL[1]))
    assert all((a[row] != b[row]).any() for a, b in pairwise(frames))
    titles = [frame[: row.start // 2] for frame in frames]
    assert [(titles[0] != title).any() for title in titles] == [False, False, False, True]
    waiting = pictures[1].moving[-1]
    assert len({waiting.spot(i * 0.1) for i in range(15)}) > 10
    said = painter.paint(Lobby(players, 3, ((2, "hi"), (1, "hello"))))
    assert len(said.sprites) > len(pictures[3].sprites)
    assert not said.moving  # all are there, and nothing is waited for


# --- what many screens share ---------------------------------------------------------------------


def test_screens_share_their_images() -> None:
    painter, players = painter_for(SMALL), PEOPLE[:3]
    pairs = [(a, b) for a, b in product(range(4), repeat=2) if a != b]
    pictures = [painter.paint(Throw(players, a, b, FLIGHT)) for a, b in pairs]
    images = {
        id(sprite.image): sprite.image.nbytes
        for picture in pictures
        for sprite in (*picture.sprites, *(f for m in picture.moving for f in m.frames))
    }
    whole = SMALL[0] * SMALL[1] * 4
    assert sum(images.values()) < 10 * whole  # less than one full picture for each throw
    assert len({id(picture.sprites[0].image) for picture in pictures}) == 1


def test_what_cannot_be_shown_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "CANARY.png"
    broken.write_bytes(b"CANARY")
    people = {"broken": ProfileLook("CANARY", 3, "", broken), "fine": NOBODY}
    contents = Contents(TEXTS, {}, no_message, profile=people.__getitem__)
    painter = Painter(style_for(SMALL), contents)
    with pytest.raises(ValueError, match="photo of profile 'broken'") as refusal:
        painter.paint(Court(("broken", "fine"), 1))
    assert "CANARY" not in str(refusal.value)
    with pytest.raises(ValueError, match="the profile set has no profile 'x'"):
        painter.paint(Court(("fine", "x"), 1))
    for count in (1, 6):
        with pytest.raises(ValueError, match=f"2 to 5 other players, not {count}"):
            painter.paint(Court(("fine",) * count, 1))


# --- moving, of any screen -----------------------------------------------------------------------


def test_a_film_is_shown_once_and_stays() -> None:
    frames = tuple(Sprite(np.full((1, 1, 4), n, np.uint8), n, 0) for n in range(4))
    moving = film(frames, 0.3, begins=1.0)
    seen = [moving.at(age) for age in (0.0, 1.0, 1.11, 1.21, 1.31, 99.0)]
    assert [sprite.left for sprite in seen if sprite is not None] == [0, 0, 1, 2, 3, 3]


def test_what_moves_is_drawn_in_front_where_its_age_says_and_may_be_away() -> None:
    style = Style((8, 4), 4, background="#000000")
    still = Sprite(np.full((4, 8, 4), (9, 9, 9, 255), np.uint8), 0, 0)
    one = Sprite(np.full((1, 1, 4), 255, np.uint8), 0, 0)
    moving = Moving((one,), lambda age: (0, round(age), 2) if age < 5 else None)
    picture = Picture((still,), moving=(moving,))
    lit = [np.argwhere(compose(picture, style, age=age)[..., 0] == 255) for age in (0.0, 3.0, 6.0)]
    assert [places.tolist() for places in lit] == [[[2, 0]], [[2, 3]], []]
