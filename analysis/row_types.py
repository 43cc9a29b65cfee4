"""The rows of a session's tables: a named tuple for each kind of row.

Times are seconds on the clock of the run that a row belongs to, unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import NamedTuple, get_args, get_type_hints


@dataclass(frozen=True)
class Run:
    """One task of a session.

    Parameters
    ----------
    task : str
    number : int
        Place in the session, from 1.
    begun : float
        Session clock (s).
    ended : float or None
        Session clock (s); None if the run was cut short.
    zero : float or None
        The run clock's zero (s, session clock); None if not even the first screen was shown.
    zero_source : str or None
        ``pulse``, ``scan_start``, ``injection`` or ``first_flip``.
    """

    task: str
    number: int
    begun: float
    ended: float | None = None
    zero: float | None = None
    zero_source: str | None = None

    def at(self, t: float | None) -> float | None:
        """Return a session-clock time on the run clock (s)."""
        return None if t is None or self.zero is None else round(t - self.zero, 6) + 0.0

    @property
    def end(self) -> float | None:
        """When the run ended, on its own clock (s)."""
        return self.at(self.ended)


class StepRow(NamedTuple):
    """One screen.

    Parameters
    ----------
    task : str
    run, n : int
        Numbers of the run (from 1) and of the step (from 0) in the session.
    trial : int or None
        None outside trials: instructions, practice, lead-in, closing.
    screen : str
        Kind of screen.
    message_id, writer_id, condition : str or None
        What the message is, or the message that a rating is about; which object is held. No ids
        where the task has no messages.
    rating : str or None
        Name of the rating in the protocol.
    planned, onset, duration : float or None
        Run clock (s). `duration` is the time to the next screen (of a pause, too) or to the run's
        end; None where the log stops first.
    rt : float or None
        From onset to the answer, or to the last move if it was not confirmed (s).
    confirmed : bool or None
        None where nothing was answered.
    marker : str or None
    code : int or None
        The marker that the step was planned with; `MarkerRow` says whether it was sent.
    profile_id : str or None
        Whose profile, answer or neutral face is shown.
    shown_answer : int or None
        The other person's answer.
    block : int or None
        The block that it is a part of, or that a self-report or positive task is about.
    report : str or None
        Moment of a self-report: ``before``, ``after``, ``after_5_min``.
    """

    task: str
    run: int
    n: int
    trial: int | None
    screen: str
    message_id: str | None
    writer_id: str | None
    condition: str | None
    rating: str | None
    planned: float | None
    onset: float | None
    duration: float | None
    rt: float | None
    confirmed: bool | None
    marker: str | None
    code: int | None
    profile_id: str | None = None
    shown_answer: int | None = None
    block: int | None = None
    report: str | None = None


class RatingRow(NamedTuple):
    """One rating question; in practice `trial` and all about the message are None.

    Parameters
    ----------
    value : int or None
        Position on the scale (points count from 1, steps of a continuous
        one from 0); if not `confirmed`, where the cursor was left. None if the
        cursor was never moved and nothing confirmed.
    rt : float or None
        From onset to the confirmation, or to the last move (s).
    start : int
        Where the cursor stood at first.
    lefts, rights : int or None
        Moves each way.
    onset : float or None
        Run clock (s).
    """

    task: str
    run: int
    n: int
    trial: int | None
    condition: str | None
    message_id: str | None
    writer_id: str | None
    rating: str
    value: int | None
    rt: float | None
    confirmed: bool | None
    start: int
    lefts: int | None
    rights: int | None
    onset: float | None


class PressRow(NamedTuple):
    """One press, also one that changed nothing.

    Parameters
    ----------
    t : float or None
        When, on the run clock (s).
    step : int
        Number of the step that had begun when it was seen. One that was made before that, in the
        last frame of the step before, changed nothing.
    action, device : str
    point : int or None
        Position of the scale at the mouse.
    cursor : int or None
        Where the cursor stood afterwards.
    confirmed : bool
        Whether the answer was taken then.
    used : bool
        Whether it changed the answer.
    repeat : bool
        Whether a key that was held made it.
    """

    task: str
    run: int
    step: int
    trial: int | None
    t: float | None
    action: str
    device: str
    point: int | None
    cursor: int | None
    confirmed: bool
    used: bool
    repeat: bool


class MarkerRow(NamedTuple):
    """One planned marker and what became of it.

    Parameters
    ----------
    n, step : int
        Numbers of the marker and of its step in the session.
    flip, begun, ended, reset, echo : float or None
        Run clock (s): the flip that it marks, the write's begin and end, back at 0, and when its
        code came back. None if it was not sent, or did not come back.
    queued : bool or None
        Whether it waited for the marker before it.
    lag : float or None
        From the flip to the write's begin (s).
    """

    n: int
    task: str
    run: int
    step: int
    name: str
    code: int
    flip: float | None
    begun: float | None
    ended: float | None
    reset: float | None
    echo: float | None
    queued: bool | None
    lag: float | None


class PulseRow(NamedTuple):
    """One scanner pulse; `t` on the clock of the run it falls in (s), None before any run."""

    n: int
    task: str | None
    run: int | None
    t: float | None


class MarkRow(NamedTuple):
    """One mark of a PET session: scan start, injection, or a sync pulse that came in.

    Parameters
    ----------
    name : str
    origin : str
        ``operator`` (a key), ``hardware`` (a port) or ``file``.
    task, run : str or None, int or None
        The run during which it happened; None before any.
    t : float or None
        On the clock of that run (s).
    at : float
        On the session clock (s).
    utc : str
        ISO 8601.
    again : bool
        Whether a mark of that name was there already; the first one counts.
    """

    name: str
    origin: str
    task: str | None
    run: int | None
    t: float | None
    at: float
    utc: str
    again: bool


class PauseRow(NamedTuple):
    """One pause; `onset` on the run clock, `duration` up to the next screen (s)."""

    task: str
    run: int
    onset: float | None
    duration: float | None


class BlockRow(NamedTuple):
    """One block of a run, as it happened.

    Parameters
    ----------
    block : int
        From 1.
    condition : str
    planned : float or None
        When it was to begin, pauses before it included, on the run clock (s).
    onset, duration : float or None
        On the run clock (s); `duration` is None where the log stops first.
    interrupted : bool
        Whether a pause came between two of its trials, or it was broken off, or the part before
        had begun it: then these are the times of what this part showed of it.
    """

    task: str
    run: int
    block: int
    condition: str
    planned: float | None
    onset: float | None
    duration: float | None
    interrupted: bool


class ThrowRow(NamedTuple):
    """One throw of a ball game. The participant is 0, the others count from 1, left to right.

    Parameters
    ----------
    round : int
        From 1.
    condition : str
    number : int
        Of the throw in its round, from 1.
    thrower, catcher : int
    thrower_id, catcher_id : str or None
        Profiles; None for the participant.
    chosen_by : str
        ``schedule``, ``participant``, or ``automatic`` where the participant's time ran out.
    held_since : float or None
        When the thrower had got the ball, or the round began, on the run clock (s).
    rt : float or None
        From the participant's having the ball to their choice (s); None where they made none.
    reminded : bool
        Whether the participant was reminded to throw.
    planned, onset, arrival : float or None
        Run clock (s): when the throw was due, its first flip, and the flip with the ball there.
    excluded : bool
        Whether the exclusion had begun.
    step : int
        Number of its step in the session.
    """

    task: str
    run: int
    round: int
    condition: str
    number: int
    thrower: int
    catcher: int
    thrower_id: str | None
    catcher_id: str | None
    chosen_by: str
    held_since: float | None
    rt: float | None
    reminded: bool
    planned: float | None
    onset: float | None
    arrival: float | None
    excluded: bool
    step: int


class TrialRow(NamedTuple):
    """One trial that was begun.

    Parameters
    ----------
    stimulus : str
        Kind of the screen that it is about: the first that is neither fixation nor rest.
    onset, end : float or None
        Of its first screen, and when its last one went, on the run clock (s).
    stimulus_onset, stimulus_planned, stimulus_duration : float or None
        Of the screen that it is about (s); the first two on the run clock.
    asked, answered : int
        Rating questions that were shown, and confirmed.
    """

    task: str
    run: int
    trial: int | None
    block: int | None
    condition: str | None
    message_id: str | None
    writer_id: str | None
    profile_id: str | None
    stimulus: str
    onset: float | None
    stimulus_onset: float | None
    stimulus_planned: float | None
    stimulus_duration: float | None
    end: float | None
    asked: int
    answered: int


class FrameRow(NamedTuple):
    """The intervals between the frames of a run that was shown in a window (s).

    Parameters
    ----------
    nominal : float
        As the protocol has it.
    frames, dropped : int
        How many intervals, and how many of them longer than 1.2 nominal ones.
    median, p95, p99, longest : float
    """

    task: str
    run: int
    nominal: float
    frames: int
    dropped: int
    median: float
    p95: float
    p99: float
    longest: float


@cache
def types_of(row: type) -> Mapping[str, str]:
    """Return the type of each column of a kind of row: int, float, str or bool."""
    return {
        name: next(one.__name__ for one in (*get_args(hint), hint) if one is not NoneType)
        for name, hint in get_type_hints(row).items()
    }
