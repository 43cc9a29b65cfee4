"""What is on the screen: one small data type for each kind, which a task yields in its steps.

Everything here is frozen data; texts that belong to a participant are never in it, only their ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class Page:
    """A page of text for the participant, left with a key.

    Parameters
    ----------
    text : str
        Key of the text in the study's text file, for example ``"messages.welcome"``.
    """

    text: str
    kind: Literal["page"] = "page"


@dataclass(frozen=True)
class Waiting:
    """A calm screen while something outside has to happen (the scanner's first volume)."""

    text: str
    kind: Literal["waiting"] = "waiting"


@dataclass(frozen=True)
class Prompt:
    """A text that says what to do now; it goes by itself when its time is over."""

    text: str
    kind: Literal["prompt"] = "prompt"


@dataclass(frozen=True)
class Fixation:
    """A fixation cross in the centre."""

    kind: Literal["fixation"] = "fixation"


@dataclass(frozen=True)
class Message:
    """One message from the participant's kit, by its opaque id."""

    message_id: str
    kind: Literal["message"] = "message"


@dataclass(frozen=True)
class Repeat:
    """How a key that is held moves a cursor on.

    Parameters
    ----------
    after : float
        Seconds that it is held before it moves the cursor again.
    per_second : float
        Positions per second from then on.
    """

    after: float
    per_second: float


@dataclass(frozen=True)
class ScaleRange:
    """Where the cursor of a rating scale can stand.

    Parameters
    ----------
    lowest, highest : int
        Positions at the left and at the right end: 1 and the number of points, or 0 and the number
        of steps of a continuous scale.
    repeat : Repeat or None
        What holding a key does; None where each press moves one position.
    """

    lowest: int
    highest: int
    repeat: Repeat | None = None


@dataclass(frozen=True)
class Scale:
    """A rating scale with a cursor.

    Parameters
    ----------
    rating : str
        Name of the rating in the protocol.
    start : int
        Position at which the cursor stands at first.
    prompt : str or None
        Key of a text shown above the question (used in practice).
    """

    rating: str
    start: int
    prompt: str | None = None
    kind: Literal["scale"] = "scale"


@dataclass(frozen=True)
class ProfileScale:
    """A person's profile with a rating scale below it, for choosing.

    Parameters
    ----------
    profile_id : str
    rating : str
        Name of the rating in the protocol.
    start : int
        Point (1-based) at which the cursor stands at first.
    """

    profile_id: str
    rating: str
    start: int
    kind: Literal["profile_scale"] = "profile_scale"


BACK, LEAVE_OUT = -1, -2
"""Positions that no scale has: words beside an item that can be clicked."""
_ROWS = -100  # below it, one position for each other item of a page


def row_of(number: int) -> int:
    """Return the position that another item of a page has, by its number (from 1)."""
    return _ROWS - number


def number_of(position: int | None) -> int | None:
    """Return the number of the item at such a position; None if it is no item's."""
    return None if position is None or position >= _ROWS else _ROWS - position


@dataclass(frozen=True)
class Row:
    """An item on a page with others.

    Parameters
    ----------
    rating : str
        Name of the item within the study, ``questionnaire.item``.
    given : int or None
        The answer that was given to it, if one was.
    """

    rating: str
    given: int | None = None


@dataclass(frozen=True)
class Item:
    """An item of a questionnaire with its scale or its list of options.

    Parameters
    ----------
    rating : str
        Name of the item within the study, ``questionnaire.item``.
    start : int
        Position at which the mark appears with the first press; there is none before.
    number, count : int
        Its place among all items of the run, for the participant to see.
    given : int or None
        The answer that was given before, if the participant came back to it.
    required : bool
        Whether it must be answered.
    back : bool
        Whether the participant may go back from here.
    page : tuple of Row
        All items of the page on which it stands, itself among them; it is the one to be answered
        now. Empty where it has a screen of its own.
    """

    rating: str
    start: int
    number: int
    count: int
    given: int | None = None
    required: bool = True
    back: bool = False
    page: tuple[Row, ...] = ()
    kind: Literal["item"] = "item"

    @property
    def numbers(self) -> range:
        """Numbers of the page's items."""
        place = [row.rating for row in self.page].index(self.rating) if self.page else 0
        return range(self.number - place, self.number - place + len(self.page))

    @property
    def others(self) -> dict[int, Row]:
        """The page's other items by their numbers."""
        rows = zip(self.numbers, self.page, strict=True)
        return {number: row for number, row in rows if number != self.number}


@dataclass(frozen=True)
class Feedback:
    """The participant's own picture beside another person's, and that person's answer on a scale.

    Parameters
    ----------
    profile_id : str
    rating : str
        Name of the rating whose question and scale are shown.
    answer : int or None
        Point that the person chose; None while the answer is awaited (the scale is empty).
    """

    profile_id: str
    rating: str
    answer: int | None
    kind: Literal["feedback"] = "feedback"


@dataclass(frozen=True)
class NeutralFace:
    """A face without any expression or answer, for the baseline."""

    profile_id: str
    kind: Literal["neutral_face"] = "neutral_face"


@dataclass(frozen=True)
class Lobby:
    """Players of a ball game arriving one after the other, before it begins.

    Parameters
    ----------
    players : tuple of str
        Profile ids of the others, as they will stand around the court from left to right.
    joined : int
        How many of them are there already.
    chat : tuple of (int, str)
        Lines said so far: the player (from 1) and the key of the text.
    """

    players: tuple[str, ...]
    joined: int
    chat: tuple[tuple[int, str], ...] = ()
    kind: Literal["lobby"] = "lobby"


@dataclass(frozen=True)
class Court:
    """The ball game while a player has the ball.

    Parameters
    ----------
    players : tuple of str
        Profile ids of the others, as they stand around the court from left to right.
    holder : int
        Who has the ball: 0 is the participant, below; the others count from 1, left to right.
    turned_to : int or None
        The player to whom the holder has turned, about to throw.
    watching : bool
        Whether the participant only looks on, and has no hand in the game.
    line : str or None
        Key of a text below the court: a gentle reminder to throw.
    cursor : int or None
        Player at whom the participant's cursor stands at first, where it was before the reminder.
    """

    players: tuple[str, ...]
    holder: int
    turned_to: int | None = None
    watching: bool = False
    line: str | None = None
    cursor: int | None = None
    kind: Literal["court"] = "court"


@dataclass(frozen=True)
class Throw:
    """The ball flying from one player of a ball game to another.

    Parameters
    ----------
    players : tuple of str
        As in `Court`.
    thrower, catcher : int
        0 is the participant.
    flight : float
        How long the ball flies (s).
    watching : bool
    """

    players: tuple[str, ...]
    thrower: int
    catcher: int
    flight: float
    watching: bool = False
    kind: Literal["throw"] = "throw"


@dataclass(frozen=True)
class Closing:
    """The last screen of a run."""

    text: str
    kind: Literal["closing"] = "closing"


Screen: TypeAlias = (
    Page
    | Waiting
    | Prompt
    | Fixation
    | Message
    | Scale
    | ProfileScale
    | Item
    | Feedback
    | NeutralFace
    | Lobby
    | Court
    | Throw
    | Closing
)

Rated: TypeAlias = Scale | ProfileScale | Item
"""Screens with a cursor, on which the participant answers; all have a `rating` and a `start`."""
