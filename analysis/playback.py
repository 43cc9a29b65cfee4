"""Where a replay stands and how it moves; what happened when, for the timeline below it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from analysis.runs import runs_of
from experiment.readlog import SessionLog

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_A_HAIR = 1e-6  # s


@dataclass(frozen=True)
class Event:
    """Something that happened once (s, session clock)."""

    t: float
    label: str


@dataclass(frozen=True)
class Span:
    """Something that lasted (s, session clock)."""

    begin: float
    end: float
    label: str


@dataclass(frozen=True)
class Timeline:
    """What happened in a session, in time; all on the session clock (s).

    Parameters
    ----------
    begin, end : float
    runs, screens : tuple of Span
    trials, markers, pulses, answers, faults : tuple of Event
        A trial is where its first screen appears; an answer is where it was given.
    """

    begin: float
    end: float
    runs: tuple[Span, ...]
    screens: tuple[Span, ...]
    trials: tuple[Event, ...]
    markers: tuple[Event, ...]
    pulses: tuple[Event, ...]
    answers: tuple[Event, ...]
    faults: tuple[Event, ...]


def timeline_of(log: SessionLog, begin: float, end: float) -> Timeline:
    """Return what happened in a session between two times (s, session clock)."""
    runs: list[Span] = []
    onsets: list[Event] = []
    trials: list[Event] = []
    answers: list[Event] = []
    for run in runs_of(log):
        ended = end if run.ended is None else float(run.ended["t"])
        runs.append(Span(float(run.begun["t"]), ended, run.task))
        last = None
        for event in run.steps:
            onset = run.onsets.get(event["n"])
            if onset is None:
                continue
            step, t = event["step"], float(onset["t"])
            onsets.append(Event(t, step["screen"]["kind"]))
            if step["trial"] is not None and step["trial"] != last:
                trials.append(Event(t, str(step["trial"])))
            last = step["trial"]
            done = run.outcomes.get(event["n"])
            response = None if done is None else done["outcome"]["response"]
            if response is not None:
                value = "" if response["value"] is None else str(response["value"])
                mark = value if response["confirmed"] else f"({value})"
                answers.append(Event(t + float(response["rt"]), mark))
    gone = [event.t for event in onsets[1:]] + [end]
    return Timeline(
        begin=begin,
        end=end,
        runs=tuple(runs),
        screens=tuple(Span(e.t, t, e.label) for e, t in zip(onsets, gone, strict=True)),
        trials=tuple(trials),
        markers=_events(log, "marker_sent", "code"),
        pulses=_events(log, "pulse", "n"),
        answers=tuple(answers),
        faults=_events(log, "fault", "what"),
    )


def _events(log: SessionLog, kind: str, name: str) -> tuple[Event, ...]:
    return tuple(Event(float(e["t"]), str(e.get(name, ""))) for e in log.of(kind))


@dataclass
class Playback:
    """Where a replay stands (s, session clock), how fast it goes, and whether it does.

    Parameters
    ----------
    begin, end : float
        Of the session.
    changes : sequence of float
        When the screen changed, in order.
    trials : sequence of Event
    """

    begin: float
    end: float
    changes: tuple[float, ...]
    trials: tuple[Event, ...]
    t: float = field(default=0.0)
    speed: float = 1.0
    playing: bool = False

    def __post_init__(self) -> None:
        self.seek(self.t)

    def advance(self, seconds: float) -> None:
        """Go on by so much time of the onlooker's (s); it stops at the end."""
        if not self.playing:
            return
        self.seek(self.t + seconds * self.speed)
        if self.t >= self.end:
            self.playing = False

    def toggle(self) -> None:
        """Play or pause; at the end, play from the beginning."""
        if not self.playing and self.t >= self.end:
            self.seek(self.begin)
        self.playing = not self.playing

    def seek(self, t: float) -> None:
        """Go to a time (s, session clock), or to the end of the session that is nearer."""
        self.t = min(max(t, self.begin), self.end)

    def step(self, by: int) -> None:
        """Pause, and go to the next (1) or the last (-1) change of the screen."""
        self.playing = False
        if by > 0:
            place = bisect_right(self.changes, self.t + _A_HAIR)
            self.seek(self.changes[place] if place < len(self.changes) else self.end)
        else:
            place = bisect_left(self.changes, self.t - _A_HAIR)
            self.seek(self.changes[place - 1] if place else self.begin)

    def nudge(self, seconds: float) -> None:
        """Pause, and move by so much (s), for example by a frame."""
        self.playing = False
        self.seek(self.t + seconds)

    @property
    def trial(self) -> int | None:
        """Which of the trials it stands in, from 0; None before the first."""
        place = bisect_right([trial.t for trial in self.trials], self.t + _A_HAIR)
        return place - 1 if place else None

    def to_trial(self, place: int) -> None:
        """Go to the begin of a trial, from 0; to the first or last one where there is none."""
        if self.trials:
            self.seek(self.trials[min(max(place, 0), len(self.trials) - 1)].t)

    def faster(self, by: int) -> None:
        """Go so many places up or down in the list of speeds."""
        near = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - self.speed))
        self.speed = SPEEDS[min(max(near + by, 0), len(SPEEDS) - 1)]
