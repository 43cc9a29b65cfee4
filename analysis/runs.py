"""A log's events, sorted into runs, steps and markers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from experiment.errors import BadInput
from experiment.readlog import Event, SessionLog


@dataclass
class Run:
    """The events of one run, gathered by step and by marker.

    Parameters
    ----------
    task : str
    begun : dict
        The ``run_begin`` event.
    steps : list of dict
        In order.
    onsets, outcomes, presses, planned : dict by step number
    sent, reset, echoes : dict by marker number
        A marker may be sent more than once only by a fault, so `sent` has lists.
    zeros, shifts : list of dict
        ``run_zero`` and ``continue`` events, in order.
    paused_after : dict by step number
        ``pause`` event behind a step.
    result : dict or None
        What the task said that it came to.
    ended : dict or None
    """

    task: str
    begun: Event
    steps: list[Event] = field(default_factory=list)
    onsets: dict[int, Event] = field(default_factory=dict)
    outcomes: dict[int, Event] = field(default_factory=dict)
    presses: dict[int, list[Event]] = field(default_factory=dict)
    planned: dict[int, Event] = field(default_factory=dict)
    sent: dict[int, list[Event]] = field(default_factory=dict)
    reset: dict[int, Event] = field(default_factory=dict)
    echoes: dict[int, Event] = field(default_factory=dict)
    zeros: list[Event] = field(default_factory=list)
    shifts: list[Event] = field(default_factory=list)
    paused_after: dict[int, Event] = field(default_factory=dict)
    result: Event | None = None
    ended: Event | None = None


@lru_cache(maxsize=2)
def runs_of(log: SessionLog) -> tuple[Run, ...]:
    """Sort a log's events into runs; nobody changes them, since all who ask get the same ones.

    Raises
    ------
    BadInput
        If an event lacks what it is sorted by, or has it in another form.
    """
    runs: list[Run] = []
    owner: dict[int, Run] = {}
    event = log.header
    try:
        for event in log.but_frames:
            kind = event["type"]
            if kind == "run_begin":
                runs.append(Run(event["task"], event))
                continue
            if not runs:
                continue
            run = runs[-1]
            if kind == "step":
                run.steps.append(event)
            elif kind == "onset":
                run.onsets[event["n"]] = event
            elif kind == "outcome":
                run.outcomes[event["n"]] = event
            elif kind == "press":
                run.presses.setdefault(event["step"], []).append(event)
            elif kind == "marker_planned":
                run.planned[event["step"]] = event
                owner[event["n"]] = run
            elif kind == "marker_sent":
                owner.get(event["n"], run).sent.setdefault(event["n"], []).append(event)
            elif kind == "marker_reset":
                owner.get(event["n"], run).reset[event["n"]] = event
            elif kind == "marker_echo":
                owner.get(event["n"], run).echoes[event["n"]] = event
            elif kind == "run_zero":
                run.zeros.append(event)
            elif kind == "pause" and run.steps:
                run.paused_after[run.steps[-1]["n"]] = event
            elif kind == "continue":
                run.shifts.append(event)
            elif kind == "result":
                run.result = event
            elif kind == "run_end":
                run.ended = event
    except (KeyError, TypeError) as error:
        raise BadInput(
            f"{log.file}:{line_of(event)}: lacks what a line of this kind must have "
            f"({type(error).__name__}: {error}); was it edited?"
        ) from None
    return tuple(runs)


def line_of(event: Event) -> int:
    """Return the line (from 1) on which an event stands."""
    return int(event["seq"]) + 1
