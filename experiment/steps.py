"""Steps and their outcomes: a task yields a `Step` and is sent back an `Outcome`.

Everything here is frozen data, as the screens in `experiment.screens` are.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, TypeAlias

from experiment.screens import Item, Screen

# --- when a step ends ----------------------------------------------------------------------------


@dataclass(frozen=True)
class At:
    """Ends at an absolute time of the run clock (s); a late frame never moves what follows."""

    time: float
    kind: Literal["at"] = "at"


@dataclass(frozen=True)
class After:
    """Ends `duration` (s) after its own onset."""

    duration: float
    kind: Literal["after"] = "after"


@dataclass(frozen=True)
class OnResponse:
    """Ends with the participant's answer.

    Parameters
    ----------
    limit : float or None
        Seconds after onset at which the step ends without an answer; None waits for ever.
    earliest : float
        Seconds after onset before which an answer is not taken (guards against a double press).
    """

    limit: float | None = None
    earliest: float = 0.0
    kind: Literal["on_response"] = "on_response"


@dataclass(frozen=True)
class OnPulse:
    """Ends with the scanner's first volume pulse, whose time stamp becomes the run's zero."""

    kind: Literal["on_pulse"] = "on_pulse"


MarkName: TypeAlias = Literal["scan_start", "injection"]


@dataclass(frozen=True)
class OnMark:
    """Ends with a mark of a PET session, whose time becomes the run's zero.

    A mark that was made before the step is taken too: an injection isn't repeated.
    """

    mark: MarkName
    kind: Literal["on_mark"] = "on_mark"


Ends: TypeAlias = At | After | OnResponse | OnPulse | OnMark


class ResponseKind(str, Enum):
    """What kind of answer a step takes."""

    RATING = "rating"
    CONTINUE = "continue"
    CHOICE = "choice"
    """Of one of the players of a `Court`, by number."""


# --- the step and what became of it --------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One screen, until when it stays, and the marker sent on the flip that first shows it.

    Parameters
    ----------
    screen : Screen
        Data that says what to draw.
    ends : Ends
        When the step is over.
    marker : str or None
        Name in the protocol's marker table.
    accepts : ResponseKind or None
        Kind of answer taken while the step is shown.
    trial : int or None
        Number (from 1) of the trial it belongs to. Where it changes is a trial boundary, the only
        place at which a run may be paused.
    block : int or None
        Number (from 1) of the block that is one whole: a pause between two of its trials is a
        fault of its own.
    """

    screen: Screen
    ends: Ends
    marker: str | None = None
    accepts: ResponseKind | None = None
    trial: int | None = None
    block: int | None = None


@dataclass(frozen=True)
class Response:
    """A participant's answer.

    Parameters
    ----------
    value : int or None
        Position on the scale, or number of the player who was chosen; None where the answer is only
        "go on", or an item was left out.
    rt : float
        Seconds from the step's onset to the confirmation, or to the last move if unconfirmed.
    confirmed : bool
        False where time ran out; `value` is then the last position.
    lefts, rights : int
        How many moves went each way.
    back : bool
        Whether the participant went back to the item before instead of answering.
    goes_to : int or None
        Number of the item of the page to which they went instead of answering.
    """

    value: int | None
    rt: float
    confirmed: bool
    lefts: int = 0
    rights: int = 0
    back: bool = False
    goes_to: int | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether the participant went to another item instead of answering."""
        return self.back or self.goes_to is not None


@dataclass(frozen=True)
class Outcome:
    """What became of a step.

    Parameters
    ----------
    onset : float
        Run-clock time (s) of the flip that first showed the step.
    offset : float
        Run-clock time (s) at which the next flip was due when the step was found to be over. The
        flip that really replaced it is the next step's onset.
    response : Response or None
        The answer, if one was given.
    """

    onset: float
    offset: float
    response: Response | None = None


Task: TypeAlias = Generator[Step, Outcome, Any]
"""What it returns, if anything, is what the run came to (a data class); the log keeps it."""


def kept_answer(item: Item, response: Response | None) -> int | None:
    """Return the answer to an item that counts once it is over; None if there is none.

    Only one that was confirmed does: where the time ran out, the mark may still stand at the
    place of chance at which it appeared. What was given before stays.
    """
    if response is None or not response.confirmed or response.elsewhere:
        return item.given
    return response.value


def end_of(ends: Ends, onset: float, zero: float, *, answered: bool) -> float | None:
    """Return when a step is over (s, session clock); None as long as that isn't known.

    Player and replay both ask here, so that they can't differ.

    Parameters
    ----------
    ends : Ends
    onset : float
        When the step was first shown (s, session clock).
    zero : float
        Where the run's planned times count from (s, session clock), pauses included.
    answered : bool
        Whether its answer has been confirmed.
    """
    if isinstance(ends, At):
        return zero + ends.time
    if isinstance(ends, After):
        return onset + ends.duration
    if isinstance(ends, OnResponse):
        if answered:
            return onset
        return None if ends.limit is None else onset + ends.limit
    return None


def next_planned(ends: Ends, end: float | None, *, answered: bool) -> float | None:
    """Return when the step after this one is planned (s); None where an answer or pulse decides."""
    return None if isinstance(ends, OnResponse) and answered else end
