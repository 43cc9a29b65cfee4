"""How presses become an answer: a pure state machine, so that replay can run it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from experiment.screens import BACK, LEAVE_OUT, Court, Item, Rated, Repeat, ScaleRange, number_of
from experiment.steps import OnResponse, Response, ResponseKind, Step

_TWO = 2  # players besides the participant, who are chosen by one press each
Action: TypeAlias = Literal["left", "right", "move", "confirm", "back", "point", "pick"]


@dataclass(frozen=True)
class Press:
    """Something the participant did, in the meaning that the protocol gives to the key.

    Parameters
    ----------
    t : float
        When (s, session clock).
    action : str
        ``left``, ``right``, ``confirm``; ``move`` (the one moving button of a two-button box);
        ``point`` (the mouse is pressed on a scale or dragged along it) or ``pick`` (it is let go).
    device : str
        Where it came from: ``keyboard``, ``mouse``, ``buttons`` or ``robot``.
    point : int or None
        Position of the scale, or player, at the mouse.
    repeat : bool
        Whether a key that is held made it, not a finger.
    """

    t: float
    action: Action
    device: str
    point: int | None = None
    repeat: bool = False

    @property
    def deliberate(self) -> bool:
        """Whether it is an act of its own, and not part of a drag or of holding a key."""
        return not self.repeat and self.action != "point"

    @property
    def holds(self) -> bool:
        """Whether its key, as long as it is held, goes on moving a cursor."""
        return not self.repeat and self.action in ("left", "right", "move")


@dataclass(frozen=True)
class Answer:
    """An answer in the making.

    Parameters
    ----------
    accepts : ResponseKind or None
        What the step takes.
    cursor : int or None
        Position at which the cursor stands; None where there is no scale, or where none of the
        players is pointed at yet.
    lowest, highest : int
        Ends of the scale; the first and the last of the players.
    earliest : float
        Seconds after onset before which a confirmation isn't taken.
    changed : float or None
        When the answer last changed (s, session clock).
    confirmed : bool
    lefts, rights : int
        How many moves went each way.
    heading : int
        Which way the moving button of a two-button box goes: 1 to the right, -1 to the left.
    """

    accepts: ResponseKind | None
    cursor: int | None = None
    lowest: int = 0
    highest: int = 0
    earliest: float = 0.0
    changed: float | None = None
    confirmed: bool = False
    lefts: int = 0
    rights: int = 0
    heading: int = 1

    def after(self, press: Press, onset: float) -> Answer:
        """Return the answer after a press.

        Parameters
        ----------
        press : Press
        onset : float
            When the step was first shown (s, session clock). Presses before it don't count.
        """
        if self.accepts is None or self.confirmed or press.t < onset:
            return self
        if self.accepts is ResponseKind.CHOICE:
            return self._chosen(press, onset)
        if press.action in ("confirm", "pick"):
            if press.t - onset < self.earliest:
                return self
            if self.cursor is None:
                return replace(self, confirmed=True, changed=press.t)
            if press.action == "pick" and press.point is None:
                return self  # a click beside the scale
            return replace(self._moved(press.point, press.t), confirmed=True, changed=press.t)
        if self.cursor is None:
            return self
        if press.action == "move":
            return self._pushed(self.cursor, press)
        step = {"left": -1, "right": 1}.get(press.action, 0)
        return self._moved(press.point if step == 0 else self.cursor + step, press.t)

    def _chosen(self, press: Press, onset: float) -> Answer:
        """Choose one of the players: of two by one press, of more with the cursor.

        The cursor stands at nobody before the first move, which brings it to the end that the key
        is for, so that no player is nearer than another by chance.
        """
        takes = press.action in ("confirm", "pick") or (
            self.highest == _TWO and press.action in ("left", "right")
        )
        if takes and press.t - onset < self.earliest:
            return self
        if press.action == "pick":
            at: int | None = press.point  # a click beside the players is none
        elif press.action == "confirm":
            at = self.cursor
        elif takes or (self.cursor is None and press.action != "point"):
            at = self.highest if press.action == "right" else self.lowest
        else:
            return self._pointing(press)
        if at is None:
            return self
        return replace(self, cursor=at, confirmed=takes, changed=press.t)

    def _pointing(self, press: Press) -> Answer:
        """Move the cursor from a player to another; with the mouse, to the one it is at."""
        if press.action == "point":
            at = press.point
            return self if at in (None, self.cursor) else replace(self, cursor=at, changed=press.t)
        assert self.cursor is not None
        if press.action == "move":
            return self._pushed(self.cursor, press)
        return self._moved(self.cursor + (1 if press.action == "right" else -1), press.t)

    def _pushed(self, cursor: int, press: Press) -> Answer:
        """Move the way that the two-button box's cursor is heading.

        At an end a new press turns it back, so that no press ever moves it further than to its
        neighbour: were it to jump to the other end, one press too many would turn the highest
        answer into the lowest one. A key that is held stops at the end.
        """
        at_end = cursor == (self.highest if self.heading > 0 else self.lowest)
        if at_end and press.repeat:
            return self
        heading = -self.heading if at_end else self.heading
        return replace(self._moved(cursor + heading, press.t), heading=heading)

    def _moved(self, to: int | None, t: float) -> Answer:
        if to is None or self.cursor is None:
            return self
        to = min(max(to, self.lowest), self.highest)
        if to == self.cursor:
            return self
        return replace(
            self,
            cursor=to,
            changed=t,
            lefts=self.lefts + (to < self.cursor),
            rights=self.rights + (to > self.cursor),
        )

    def response(self, onset: float) -> Response | None:
        """Return what goes into the outcome; None if nothing was answered."""
        if self.changed is None:
            return None
        return Response(
            value=self.cursor,
            rt=round(self.changed - onset, 6),
            confirmed=self.confirmed,
            lefts=self.lefts,
            rights=self.rights,
        )


def unanswered(step: Step, scales: Mapping[str, ScaleRange]) -> Answer:
    """Return the answer that a step begins with.

    Parameters
    ----------
    step : Step
    scales : mapping of str to ScaleRange
        The study's rating scales by name.
    """
    earliest = step.ends.earliest if isinstance(step.ends, OnResponse) else 0.0
    if isinstance(step.screen, Court):
        others = len(step.screen.players)
        return Answer(step.accepts, step.screen.cursor, 1, others, earliest)
    if not isinstance(step.screen, Rated):
        return Answer(step.accepts, earliest=earliest)
    scale = scales[step.screen.rating]
    if isinstance(step.screen, Item):
        return item_answer(step.screen, scale, earliest)
    return Answer(step.accepts, step.screen.start, scale.lowest, scale.highest, earliest)


class HeldKey:
    """The presses that a held key makes, at the pace of the scale and not of the system.

    They are presses like others, at exact times, so that they are logged and replayed like others.

    Parameters
    ----------
    repeat : Repeat or None
        The scale's pace; None where holding a key does nothing.
    onset : float
        When the scale was first shown (s, session clock); a key held from before does nothing.
    """

    def __init__(self, repeat: Repeat | None, onset: float) -> None:
        self._repeat = repeat
        self._onset = onset
        self._key: str | None = None
        self._press: Press | None = None
        self._made = 0

    def down(self, key: str, press: Press) -> None:
        """Take note of a key that moves the cursor; it takes the place of one held before."""
        if self._repeat is not None and press.holds and press.t >= self._onset:
            self._key, self._press, self._made = key, press, 0

    def up(self, key: str) -> None:
        """Take note of a key that was let go."""
        if key == self._key:
            self._key = self._press = None

    @property
    def due(self) -> float | None:
        """When it makes its next press (s, session clock); None if nothing is held."""
        if self._repeat is None or self._press is None:
            return None
        return self._press.t + self._repeat.after + self._made / self._repeat.per_second

    def until(self, t: float) -> list[Press]:
        """Return the presses that it has made up to a time (s), each only once."""
        presses = []
        while self._press is not None and (due := self.due) is not None and due <= t:
            presses.append(replace(self._press, t=round(due, 6), repeat=True))
            self._made += 1
        return presses


@dataclass(frozen=True)
class ItemAnswer(Answer):
    """An answer to a questionnaire's item in the making; `cursor` is None without a mark.

    No mark stands on the scale at first, so that nobody confirms an answer that they did not give.
    The first press of a key that moves the mark puts it on the scale, at a place of chance; from
    then on it is moved as on any scale. An item that needn't be answered is left out by confirming
    without a mark.

    Parameters
    ----------
    start : int
        Where the mark appears.
    required, may_go_back : bool
    others : frozenset of int
        Numbers of the page's other items, to which the participant may go.
    back : bool
        Whether the participant went back instead of answering.
    goes_to : int or None
        Number of the page's item to which they went instead.
    """

    start: int = 0
    required: bool = True
    may_go_back: bool = False
    others: frozenset[int] = frozenset()
    back: bool = False
    goes_to: int | None = None

    def after(self, press: Press, onset: float) -> ItemAnswer:
        if self.confirmed or press.t < onset:
            return self
        clicked = press.point if press.action == "pick" else None
        if press.action == "back" or clicked == BACK:
            return self._left(press, onset, back=True) if self.may_go_back else self
        if clicked == LEAVE_OUT or (press.action == "confirm" and self.cursor is None):
            return self if self.required else self._left(press, onset)
        if (number := number_of(clicked)) is not None:
            return self._left(press, onset, goes_to=number) if number in self.others else self
        if press.action == "point" and (press.point is None or press.point < self.lowest):
            return self
        if self.cursor is None and press.action in ("left", "right", "move"):
            return replace(self, cursor=self.start, changed=press.t)
        if self.cursor is None and press.action in ("point", "pick"):
            if press.point is None or not self._in_time(press, onset):
                return self
            picked = press.action == "pick"
            return replace(self, cursor=press.point, changed=press.t, confirmed=picked)
        moved = super().after(press, onset)
        assert isinstance(moved, ItemAnswer)
        return moved

    def _left(
        self, press: Press, onset: float, *, back: bool = False, goes_to: int | None = None
    ) -> ItemAnswer:
        if not self._in_time(press, onset):
            return self
        left = replace(self, cursor=None, confirmed=True, changed=press.t)
        return replace(left, back=back, goes_to=goes_to)

    def _in_time(self, press: Press, onset: float) -> bool:
        return press.action == "point" or press.t - onset >= self.earliest

    def response(self, onset: float) -> Response | None:
        response = super().response(onset)
        if response is None:
            return None
        return replace(response, back=self.back, goes_to=self.goes_to)


def item_answer(screen: Item, scale: ScaleRange, earliest: float) -> ItemAnswer:
    """Return the answer that an item begins with: none, or that which was given before."""
    return ItemAnswer(
        accepts=ResponseKind.RATING,
        cursor=screen.given,
        lowest=scale.lowest,
        highest=scale.highest,
        earliest=earliest,
        start=screen.start,
        required=screen.required,
        may_go_back=screen.back,
        others=frozenset(screen.others),
    )
