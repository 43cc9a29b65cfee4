"""The ball game: who has the ball, whom they turn to, and the ball on its way."""

from __future__ import annotations

from experiment.screens import Court, Throw
from stimuli.game import hands
from stimuli.game.poses import HELD, RAISE, REACH, SWING, raising
from stimuli.game.scene import Scene
from stimuli.layout import Layout
from stimuli.pictures import Picture, film


def court(screen: Court, layout: Layout) -> Picture:
    """Lay out the game while somebody has the ball."""
    scene = Scene(screen.players, screen.watching, layout)
    if screen.holder == 0:
        return _with_us(screen, scene)
    holder = screen.holder
    still = [scene.back()]
    for player in scene.others:
        turned = scene.places.faces(player, holder)
        if player == holder:
            turned = 0 if screen.turned_to is None else scene.places.faces(holder, screen.turned_to)
            still.append(scene.head(player, turned))
        else:
            still += scene.standing(player, turned)
    still += [*scene.resting_hands(), *scene.line(screen.line)]
    if screen.turned_to is None:
        ball = scene.ball(scene.places.held(holder))
        return Picture((*still, scene.body(holder, HELD), ball))
    begin, end = scene.places.held(holder), scene.places.ready(holder, screen.turned_to)
    poses = raising(scene.places.faces(holder, screen.turned_to))
    body = film(tuple(scene.body(holder, pose) for pose in poses), RAISE)
    return Picture(tuple(still), moving=(body, scene.carried(begin, end, RAISE)))


def _with_us(screen: Court, scene: Scene) -> Picture:
    """Lay out the game while the participant has the ball: the others look at them."""
    still = [scene.back()]
    for player in scene.others:
        still += scene.standing(player, 0)
    still += scene.line(screen.line)
    if screen.turned_to is not None:
        side = scene.places.side(screen.turned_to)
        begin, end = scene.places.held(0), scene.places.ready(0, screen.turned_to)
        own = scene.own_hands(((0.0, hands.HOLD), (RAISE, hands.ready(side))))
        return Picture(tuple(still), moving=(own, scene.carried(begin, end, RAISE)))
    ball = scene.ball(scene.places.held(0))
    held = film((scene.hands(hands.HOLD),), 1.0)
    moving = (scene.light(), held, film((ball,), 1.0))
    halo = scene.halo()
    return Picture(tuple(still), halo, halo, scene.targets(), moving)


def throw(screen: Throw, layout: Layout) -> Picture:
    """Lay out the ball on its way from one player to another."""
    scene = Scene(screen.players, screen.watching, layout)
    thrower, catcher, flight = screen.thrower, screen.catcher, screen.flight
    still = [scene.back()]
    moving = [scene.shadow_of_throw(thrower, catcher, flight)]
    for player in scene.others:
        if player == thrower:
            turned = scene.places.faces(player, catcher)
            still.append(scene.head(player, turned))
            moving.append(scene.throwing_body(player, turned))
        elif player == catcher:
            turned = scene.places.faces(player, thrower)
            still.append(scene.head(player, turned))
            moving.append(scene.catching_body(player, turned, flight))
        else:
            still_there, turning = scene.onlooker(player, thrower, catcher, flight)
            still += still_there
            moving += turning
    if thrower == 0:
        side = scene.places.side(catcher)
        out = min(SWING, 0.5 * flight)
        swung = (out, hands.let_go(side))
        rest = (max(flight, out + 0.1), hands.REST)
        moving.append(scene.own_hands(((0.0, hands.ready(side)), swung, rest)))
    elif catcher == 0:
        reach = min(REACH, 0.8 * flight)
        begin, wide = (flight - reach, hands.REST), (flight - 0.3 * reach, hands.OPEN)
        moving.append(scene.own_hands((begin, wide, (flight, hands.HOLD))))
    else:
        still += scene.resting_hands()
    moving.append(scene.flying(thrower, catcher, flight))
    return Picture(tuple(still), moving=tuple(moving))
