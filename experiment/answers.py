"""How presses become an answer: a pure state machine, so that replay can run it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from experiment.steps import OnResponse, Response, ResponseKind, Scale, Step

Action: TypeAlias = Literal["left", "right", "confirm", "point", "pick"]


@dataclass(frozen=True)
class Press:
    """Something the participant did, in the meaning that the protocol gives to the key.

    Parameters
    ----------
    t : float
        When (s, session clock).
    action : str
        ``left``, ``right``, ``confirm``; ``point`` (the mouse is over a point of the scale) or
        ``pick`` (it was clicked there).
    device : str
        Where it came from: ``keyboard``, ``mouse``, ``buttons`` or ``robot``.
    point : int or None
        Scale point under the mouse.
    """

    t: float
    action: Action
    device: str
    point: int | None = None


@dataclass(frozen=True)
class Answer:
    """An answer in the making.

    Parameters
    ----------
    accepts : ResponseKind or None
        What the step takes.
    cursor : int or None
        Point at which the cursor stands; None where there is no scale.
    points : int
        Length of the scale.
    earliest : float
        Seconds after onset before which a confirmation isn't taken.
    changed : float or None
        When the answer last changed (s, session clock).
    confirmed : bool
    lefts, rights : int
    """

    accepts: ResponseKind | None
    cursor: int | None = None
    points: int = 0
    earliest: float = 0.0
    changed: float | None = None
    confirmed: bool = False
    lefts: int = 0
    rights: int = 0

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
        step = {"left": -1, "right": 1}.get(press.action, 0)
        return self._moved(press.point if step == 0 else self.cursor + step, press.t)

    def _moved(self, to: int | None, t: float) -> Answer:
        if to is None or self.cursor is None:
            return self
        to = min(max(to, 1), self.points)
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


def unanswered(step: Step, points: int) -> Answer:
    """Return the answer that a step begins with.

    Parameters
    ----------
    step : Step
    points : int
        Length of its scale; 0 where it has none.
    """
    earliest = step.ends.earliest if isinstance(step.ends, OnResponse) else 0.0
    cursor = step.screen.start if isinstance(step.screen, Scale) else None
    return Answer(step.accepts, cursor, points, earliest)
