"""The robot: a simulated participant who sees the screens and presses keys, seeded.

Ratings come from a normal distribution per condition, answer times from a log-normal one, and some
timed questions are missed. It sits where a person sits: the same player takes its keys.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from experiment.chance import Dice
from experiment.clock import Clock
from experiment.errors import BadInput
from experiment.events import KeyEvent
from experiment.protocol import Buttons
from experiment.screens import Court, Item, Rated, Scale, ScaleRange
from experiment.steps import At, OnMark, OnResponse, ResponseKind, Step


@dataclass(frozen=True)
class Temper:
    """How a robot answers.

    Parameters
    ----------
    rating : mapping of str to (float, float)
        Mean and SD of ratings on a 7-point scale, by the marker of what is rated.
    latency : tuple of float
        Median (s) and log-SD of the time to the first press.
    between : float
        Seconds from press to press.
    misses : float
        Share of timed questions left without a press.
    """

    rating: Mapping[str, tuple[float, float]]
    latency: tuple[float, float]
    between: float
    misses: float


# Kind and stranger: connection in Inagaki et al. 2019 (close others M 4.671, SD 0.871; strangers
# M 1.966, SD 0.720). All others, and all times, are lab defaults.
_RATING = {
    "kind": (4.671, 0.871),
    "stranger": (1.966, 0.720),
    "neutral": (3.0, 0.9),
    "hold_warm": (4.2, 1.0),
    "hold_neutral": (3.2, 1.0),
    "profile": (5.2, 1.3),
    "baseline": (4.0, 0.8),
    "rejection": (3.4, 1.0),
    "acceptance": (4.9, 1.0),
    "item": (4.2, 1.6),
}
TEMPERS: Mapping[str, Temper] = {
    "typical": Temper(_RATING, latency=(0.9, 0.35), between=0.16, misses=0.03),
    "hasty": Temper(_RATING, latency=(0.4, 0.25), between=0.09, misses=0.0),
    "absent": Temper(_RATING, latency=(1.4, 0.5), between=0.25, misses=0.4),
}
_HOLD = 0.06  # s that a key is held
_SURELY = 3  # positions
_GOES_BACK, _LEAVES_OUT = 0.05, 0.1  # share of items, where they are allowed
_READING = (1.6, 0.3)  # median (s) and log-SD of the time on a page or a message


def temper(name: str) -> Temper:
    """Return a robot's temper by name.

    Raises
    ------
    BadInput
        If there is none of that name.
    """
    if name not in TEMPERS:
        raise BadInput(f"robot {name!r} is unknown, allowed: {', '.join(sorted(TEMPERS))}")
    return TEMPERS[name]


def wish(temper: Temper, rated: str, scale: ScaleRange, dice: Dice) -> int:
    """Return where on a scale a robot wants the cursor, by what it rates.

    Parameters
    ----------
    temper : Temper
    rated : str
        Marker of what is rated.
    scale : ScaleRange
    dice : Dice
    """
    mean, sd = temper.rating[rated]
    on_seven = mean + sd * dice.normal()
    length = scale.highest - scale.lowest
    aim = round(scale.lowest + (on_seven - 1) * length / 6)
    return min(max(aim, scale.lowest), scale.highest)


class Robot:
    """A simulated participant.

    Parameters
    ----------
    temper : Temper
    dice : Dice
    clock : Clock
    buttons : Buttons
        The keys that it may press.
    scales : mapping of str to ScaleRange
        The study's rating scales by name.
    """

    def __init__(
        self,
        temper: Temper,
        dice: Dice,
        clock: Clock,
        buttons: Buttons,
        scales: Mapping[str, ScaleRange],
    ) -> None:
        self._temper = temper
        self._dice = dice
        self._clock = clock
        self._buttons = buttons
        self._scales = scales
        self._pressed: deque[KeyEvent] = deque()
        self._rated = "neutral"
        self._looks = 0  # how many steps it has seen

    def shown(self, step: Step, onset: float) -> None:
        """Look at a step and decide what to press; what it meant to press before is off."""
        self._looks += 1
        if step.marker is not None and step.marker in self._temper.rating:
            self._rated = step.marker
        earliest = step.ends.earliest if isinstance(step.ends, OnResponse) else 0.0
        # Nobody else is there to press the operator's key; without one, a device makes the mark.
        if isinstance(step.ends, OnMark) and step.ends.mark in self._buttons.marks:
            self._press(self._buttons.marks[step.ends.mark], onset + self._skewed(*_READING))
        elif step.accepts is ResponseKind.CONTINUE:
            self._press(self._buttons.confirm[0], onset + earliest + self._skewed(*_READING))
        elif step.accepts is ResponseKind.RATING and isinstance(step.screen, Rated):
            if self._may_miss(step) and self._dice.uniform() < self._temper.misses:
                return
            t = onset + earliest + self._skewed(*self._temper.latency)
            if isinstance(step.screen, Item):
                self._fill_in(step.screen, t)
            else:
                self._rate(step.screen, t)
        elif step.accepts is ResponseKind.CHOICE and isinstance(step.screen, Court):
            if self._may_miss(step) and self._dice.uniform() < self._temper.misses:
                return
            self._throw(step.screen, onset + earliest + self._skewed(*self._temper.latency))

    def poll(self) -> list[KeyEvent]:
        """Return the keys that were pressed and released since the last call."""
        return [self._pressed.popleft() for _ in range(len(self._pressed))]

    def _rate(self, screen: Rated, t: float) -> None:
        scale = self._scales[screen.rating]
        moves: list[tuple[str, int]]
        if (
            isinstance(screen, Scale) and screen.prompt is not None
        ):  # practice: once in each direction
            moves = self._there_and_back(scale, screen.start)
        else:
            moves = self._way(scale, screen.start, self._wish(scale))
        for key, distance in moves:
            hold = self._hold(scale, distance)
            self._press(key, t, hold)
            t += max(self._temper.between, hold + _HOLD)
        self._press(self._buttons.confirm[0], t + self._temper.between)

    def _throw(self, court: Court, t: float) -> None:
        """Throw the ball to any of the others."""
        others, buttons = len(court.players), self._buttons
        keys = ways_to_throw(1 + self._dice.below(others), others, court.cursor, buttons.one_way)
        by_action = {"left": buttons.left, "right": buttons.right, "move": buttons.move}
        for action in keys:
            self._press(by_action.get(action, buttons.confirm)[0], t)
            t += self._temper.between

    def _fill_in(self, item: Item, t: float) -> None:
        """Answer an item; now and then go back first, or leave it out where that is allowed."""
        self._rated = "item"
        if item.back and self._buttons.back and self._dice.uniform() < _GOES_BACK:
            self._press(self._buttons.back[0], t)
            return
        if not item.required and item.given is None and self._dice.uniform() < _LEAVES_OUT:
            self._press(self._buttons.confirm[0], t)
            return
        scale = self._scales[item.rating]
        at = item.given
        if at is None:  # the first press puts the mark on the scale
            at = item.start
            self._press(
                (self._buttons.move if self._buttons.one_way else self._buttons.right)[0], t
            )
            t += self._temper.between
        for key, distance in self._way(scale, at, self._wish(scale)):
            hold = self._hold(scale, distance)
            self._press(key, t, hold)
            t += max(self._temper.between, hold + _HOLD)
        self._press(self._buttons.confirm[0], t + self._temper.between)

    def _way(self, scale: ScaleRange, start: int, target: int) -> list[tuple[str, int]]:
        """Return the keys from one position to another, each with how far holding it goes.

        Where holding does nothing a key goes one position. With a two-button box the cursor has
        to go by way of the right end if the target is on the left.
        """
        distance = target - start
        if self._buttons.one_way and distance < 0:
            up, down = scale.highest - start, scale.highest - target
            if scale.repeat is not None and up > 0:
                up += _SURELY  # held a little longer, it stops at the end
            return [*self._presses("move", scale, up), *self._presses("move", scale, down)]
        if self._buttons.one_way:
            return self._presses("move", scale, distance)
        return self._presses("right" if distance > 0 else "left", scale, abs(distance))

    def _there_and_back(self, scale: ScaleRange, start: int) -> list[tuple[str, int]]:
        if self._buttons.one_way:
            return self._way(scale, start, start - 1)
        return [*self._way(scale, start, start - 1), *self._way(scale, start - 1, start)]

    def _presses(self, action: str, scale: ScaleRange, distance: int) -> list[tuple[str, int]]:
        buttons = self._buttons
        key = {"left": buttons.left, "right": buttons.right, "move": buttons.move}[action][0]
        if distance <= 0:
            return []
        return [(key, distance)] if scale.repeat is not None else [(key, 1)] * distance

    @staticmethod
    def _hold(scale: ScaleRange, distance: int) -> float:
        """Return how long (s) a key is held to go so far: the first position comes at once."""
        if scale.repeat is None or distance <= 1:
            return _HOLD
        return scale.repeat.after + (distance - 1.5) / scale.repeat.per_second

    def _wish(self, scale: ScaleRange) -> int:
        return wish(self._temper, self._rated, scale, self._dice)

    def _skewed(self, median: float, log_sd: float) -> float:
        return median * math.exp(log_sd * self._dice.normal())

    @staticmethod
    def _may_miss(step: Step) -> bool:
        return isinstance(step.ends, At) or (
            isinstance(step.ends, OnResponse) and step.ends.limit is not None
        )

    def _press(self, key: str, t: float, hold: float = _HOLD) -> None:
        step = self._looks

        def go(event: KeyEvent) -> None:
            if self._looks == step or not event.down:
                self._pressed.append(event)

        down = KeyEvent(round(t, 6), key, True, "robot")
        up = KeyEvent(round(t + hold, 6), key, False, "robot")
        self._clock.call_at(t, lambda: go(down))
        self._clock.call_at(t + hold, lambda: go(up))


def ways_to_throw(target: int, others: int, cursor: int | None, one_way: bool) -> list[str]:
    """Return what to press to throw a ball to a player.

    Parameters
    ----------
    target : int
        The player, from 1.
    others : int
        How many there are.
    cursor : int or None
        Where the cursor stands; None if it stands at nobody yet.
    one_way : bool
        Whether one button alone moves it.
    """
    if one_way:
        start = 0 if cursor is None else cursor
        there = target - start
        back = (others - start) + (others - target)  # by way of the last player
        return ["move"] * (there if there >= 0 else back) + ["confirm"]
    if others == 2:
        return ["left" if target == 1 else "right"]
    if cursor is not None:
        return ["right" if target > cursor else "left"] * abs(target - cursor) + ["confirm"]
    if target - 1 <= others - target:
        return ["left"] + ["right"] * (target - 1) + ["confirm"]
    return ["right"] + ["left"] * (others - target) + ["confirm"]
