"""Following a session while it happens: a growing log, and where the session stands.

`Follower` reads what is new in a log; `advance` turns it into a `State`, without any effect. Both
only ever read: a session can't notice that it is followed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from experiment.readlog import Event

_CHUNK = 1 << 20  # bytes that one poll reads at most
_PATIENCE = 20  # polls for which a damaged line may still become whole
_FIT = 30  # pulses from which the TR is measured
_NAMES = 16  # markers whose names are remembered until they are sent
_SILENT_AFTER = 5.0  # s without an event; a window's frames are logged ten times a second
_ABOUT_MARKERS = ("marker_not_sent", "marker_queued", "reset_failed")
_ENDED_BY = {
    "scanner_port_back": ("scanner_port_lost",),
    "trigger_port_back": ("trigger_port_lost",),
    "pulses_back": ("stopped", "toggled", "wrong_tr"),
    "pulse": ("stopped",),
}

# --- reading --------------------------------------------------------------------------------------


class Follower:
    """Reads what is new in a log, also over a network share.

    The file is opened anew at each poll, which is what makes a share look again. Only complete
    lines count; reading goes on behind the last one, whatever size the share reports. A complete
    line that can't be read (a share may show zeros for a moment) is read again before it is given
    up.

    Parameters
    ----------
    file : Path
        Need not exist yet.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.trouble: str | None = None  # why the last poll could not read
        self.damaged = 0  # lines given up
        self._offset = 0
        self._reach = _CHUNK
        self._tries = 0

    def poll(self) -> list[Event]:
        """Return the events since the last call; its cost does not depend on the log's length."""
        try:
            with self.file.open("rb", buffering=0) as stream:
                stream.seek(self._offset)
                data = stream.read(self._reach)
        except OSError as error:
            self.trouble = error.strerror or type(error).__name__
            return []
        self.trouble = None
        *lines, rest = data.split(b"\n")
        if not lines and len(rest) == self._reach:
            self._reach *= 2  # a header longer than that
        return list(self._events(lines))

    def _events(self, lines: list[bytes]) -> Iterable[Event]:
        for line in lines:
            event = _event(line)
            if event is None:
                self._tries += 1
                if self._tries <= _PATIENCE:
                    return
                self.damaged += 1
            else:
                yield event
            self._tries = 0
            self._offset += len(line) + 1


def newest_log(study: Path, since: float = 0.0) -> Path | None:
    """Return the log of a study that was written to last.

    Parameters
    ----------
    study : Path
        The study's folder.
    since : float
        Logs not written to since then (s, UTC epoch) don't count.
    """
    found: list[tuple[float, Path]] = []
    for file in study.glob("sourcedata/sub-*/ses-*/*.jsonl"):
        try:
            found.append((file.stat().st_mtime, file))
        except OSError:  # gone, or the share is
            continue
    written, newest = max(found, default=(0.0, None))
    return newest if written >= since else None


def _event(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "type" in event and "seq" in event else None


# --- where the session stands ---------------------------------------------------------------------


class Phase(str, Enum):
    """What the big word says."""

    NO_SESSION = "no_session"
    STARTING = "starting"
    WAITING = "waiting"
    RUNNING = "running"
    HOLD = "hold"
    DONE = "done"
    ABORTED = "aborted"
    CRASHED = "crashed"
    SILENT = "silent"


_ENDS = {"complete": Phase.DONE, "aborted": Phase.ABORTED}  # any other status is a crash
OVER = (Phase.DONE, Phase.ABORTED, Phase.CRASHED)


@dataclass(frozen=True)
class Planned:
    """What the header says about a run.

    Parameters
    ----------
    task : str
    duration : float or None
        Seconds from its zero to its end; None if the participant sets the pace.
    trials : int
    has_volumes : bool
        Whether it begins with a volume, so that volumes can be expected of it.
    """

    task: str
    duration: float | None
    trials: int
    has_volumes: bool


@dataclass(frozen=True)
class Session:
    """What the header says.

    Parameters
    ----------
    participant, session : str
        Labels.
    began : float
        UTC (s since 1970) of the session clock's zero.
    keeps_time : bool
        Whether the session clock runs as the wall clock does; false at ``--speed fast``.
    beats : bool
        Whether a window logs its frames, so that silence means something.
    robot : bool
    tr : float or None
        The protocol's (s).
    has_scanner, has_port : bool
    runs : tuple of Planned
    """

    participant: str
    session: str
    began: float
    keeps_time: bool
    beats: bool
    robot: bool
    tr: float | None
    has_scanner: bool
    has_port: bool
    runs: tuple[Planned, ...]


@dataclass(frozen=True)
class Marker:
    """A marker that was sent.

    Parameters
    ----------
    name : str
    code : int
    lag : float
        From the flip's stamp to the end of its write (s).
    """

    name: str
    code: int
    lag: float


@dataclass(frozen=True)
class Grid:
    """What the last pulses measure.

    Parameters
    ----------
    tr : float
        Slope of their times over their numbers (s).
    residual : float
        The furthest of them from that line (s).
    """

    tr: float
    residual: float


@dataclass(frozen=True)
class Fault:
    """A kind of fault, and when it happened.

    Parameters
    ----------
    name : str
    count : int
    last : float
        Latest (s, session clock).
    marker : str or None
        The marker that the latest was about.
    over : bool
        Whether what it told of is mended: a port is back, pulses come again.
    """

    name: str
    count: int
    last: float
    marker: str | None = None
    over: bool = False


@dataclass(frozen=True)
class State:
    """Where a session stands. Times in seconds.

    Parameters
    ----------
    session : Session or None
        None as long as there is no header.
    stage : Phase
        By the events alone; `phase` takes silence into account.
    now : float
        Session clock, as far as it can be told from here.
    quiet : float
        Since the last event.
    run : int
        Number of the present run, from 1; 0 before the first.
    zero : float or None
        The run's first pulse, or what else began it (session clock); None before.
    shift : float
        What pauses have added to the run.
    trial : int
        0 before the first.
    volumes : int
        Since the run's zero.
    pulses : tuple of float
        The last ones of the run.
    marker : Marker or None
        The last that was sent.
    sent, unsent : int
        Markers that went out, and that could not.
    faults : tuple of Fault
        The latest first.
    hold_asked : bool
        Whether the run will pause at the next trial, or go on if it is paused.
    hold_fault : str or None
        The fault that asked for it, if it was not the operator.
    held_since : float or None
    awaits : str
        What a waiting run waits for: ``pulse``, the name of a mark, or ``key``.
    names : tuple of (int, str)
        Numbers and names of the last markers that were planned.
    last : float
        Latest time stamp (session clock).
    heard : float
        When events were last read (UTC of this computer).
    behind : float or None
        By how much this computer's clock differs from the session's; None until it is known.
    """

    session: Session | None = None
    stage: Phase = Phase.NO_SESSION
    now: float = 0.0
    quiet: float = 0.0
    run: int = 0
    zero: float | None = None
    shift: float = 0.0
    trial: int = 0
    volumes: int = 0
    pulses: tuple[float, ...] = ()
    marker: Marker | None = None
    sent: int = 0
    unsent: int = 0
    faults: tuple[Fault, ...] = ()
    hold_asked: bool = False
    hold_fault: str | None = None
    held_since: float | None = None
    awaits: str = ""
    names: tuple[tuple[int, str], ...] = ()
    last: float = 0.0
    heard: float = 0.0
    behind: float | None = None

    @property
    def phase(self) -> Phase:
        """What is to be shown."""
        if self.session is None or self.stage in OVER:
            return self.stage
        # Without a window nothing is logged while a participant or a scanner is waited for.
        idle = not self.session.beats and self.stage is not Phase.RUNNING
        limit = _SILENT_AFTER if self.session.beats else 12 * _SILENT_AFTER
        return Phase.SILENT if self.quiet > limit and not idle else self.stage

    @property
    def planned(self) -> Planned | None:
        """What the header says about the present run, or the first if none has begun."""
        number = max(self.run, 1)
        if self.session is None or number > len(self.session.runs):
            return None
        return self.session.runs[number - 1]

    @property
    def expected(self) -> int | None:
        """Volumes that the run lasts, with its pauses; None if that isn't known."""
        planned, session = self.planned, self.session
        if planned is None or planned.duration is None or not planned.has_volumes:
            return None
        if session is None or not session.tr:
            return None
        return -int(-(planned.duration + self.shift) // session.tr)

    @property
    def run_left(self) -> float | None:
        """Time left in the run; None if the participant sets the pace."""
        if self.planned is None or self.planned.duration is None:
            return None
        if self.zero is None:
            return self.planned.duration
        at = self.now if self.held_since is None else min(self.now, self.held_since)
        return max(0.0, self.zero + self.shift + self.planned.duration - at)

    @property
    def session_left(self) -> float | None:
        """Time left in all runs from here; None if the participant sets a pace in any."""
        if self.session is None:
            return None
        later = [planned.duration for planned in self.session.runs[max(self.run, 1) :]]
        parts = [self.run_left, *later]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None

    @property
    def due(self) -> int | None:
        """Volumes that should have come by the last event; None if none are expected."""
        if self.zero is None or self.expected is None or self.session is None:
            return None
        assert self.session.tr is not None
        return int((self.last - self.zero) / self.session.tr) + 1

    @property
    def in_step(self) -> bool:
        """Whether volumes came as they were due, give or take the one on its way."""
        return self.due is not None and abs(self.volumes - self.due) <= 1

    @property
    def held(self) -> float:
        """For how long the run has been paused."""
        return 0.0 if self.held_since is None else max(0.0, self.now - self.held_since)

    @property
    def grid(self) -> Grid | None:
        """What the last pulses measure; None for fewer than three."""
        return fit(self.pulses)


def fit(pulses: tuple[float, ...]) -> Grid | None:
    """Fit a line through pulses and their numbers; a gap counts as the volumes it lasts.

    Parameters
    ----------
    pulses : tuple of float
        In order (s).

    Returns
    -------
    Grid or None
        None for fewer than three pulses.
    """
    if len(pulses) < 3:
        return None
    steps = [b - a for a, b in pairwise(pulses)]
    unit = median(steps)
    if unit <= 0:
        return None
    numbers = [0]
    for step in steps:
        numbers.append(numbers[-1] + round(step / unit))
    middle, centre = sum(numbers) / len(numbers), sum(pulses) / len(pulses)
    spread = sum((n - middle) ** 2 for n in numbers)
    if not spread:
        return None
    pairs = list(zip(numbers, pulses, strict=True))
    tr = sum((n - middle) * (t - centre) for n, t in pairs) / spread
    return Grid(tr, max(abs(t - centre - tr * (n - middle)) for n, t in pairs))


def advance(state: State, events: list[Event], now: float) -> State:
    """Return where the session stands after some more events.

    Parameters
    ----------
    state : State
    events : list of dict
        As `Follower.poll` gave them.
    now : float
        UTC of this computer (s since 1970).
    """
    grew = bool(events) and state.session is not None
    for event in events:
        state = _after(state, event)
    if state.session is None:
        return state
    session = state.session
    if events:
        behind = _behind(state, now - (session.began + state.last), grew=grew)
        state = replace(state, heard=now, behind=behind)
    written = session.began + state.last + (state.behind or 0.0)
    quiet = max(0.0, now - (written if session.keeps_time else state.heard))
    runs_on = session.keeps_time and state.stage not in OVER
    return replace(state, quiet=quiet, now=state.last + (quiet if runs_on else 0.0))


def _behind(state: State, difference: float, *, grew: bool) -> float | None:
    """Learn by how much the two computers' clocks differ: the least that was ever seen.

    A first look can't tell an old log from clocks that differ, unless it lies in the future.
    """
    if not grew and difference >= 0:
        return None
    return difference if state.behind is None else min(state.behind, difference)


def _after(state: State, event: Event) -> State:
    kind = event["type"]
    if kind == "header":
        return State(session=_session(event), stage=Phase.STARTING)
    if state.session is None:
        return state
    if isinstance(event.get("t"), float | int):
        state = replace(state, last=max(state.last, event["t"]))
    if kind in _ENDED_BY:
        state = _mend(state, _ENDED_BY[kind])
    step = _STEPS.get(kind)
    return state if step is None else step(state, event)


def _session(header: Event) -> Session:
    devices = header["devices"]
    at = datetime.fromisoformat(header["utc"]).timestamp()
    scanner = header["protocol"].get("scanner")
    return Session(
        participant=header["participant"],
        session=header["session"],
        began=at - header["utc_at"],
        keeps_time=header["speed"] == "real",
        beats=header["display"]["kind"] == "window",
        robot=header["robot"] is not None,
        tr=None if scanner is None else scanner["tr"],
        has_scanner=devices["scanner"] is not None,
        has_port=devices["trigger"] is not None,
        runs=tuple(_planned(task, plan) for task, plan in header["plans"].items()),
    )


def _planned(task: str, plan: dict[str, Any]) -> Planned:
    ends = plan.get("closing_ends") or {}
    timed = ends.get("kind") == "at"
    return Planned(
        task=task,
        duration=ends["time"] if timed else None,
        trials=len(plan.get("trials") or ()),
        has_volumes=(plan.get("begins") or {}).get("kind") == "on_pulse",
    )


def _run_begin(state: State, event: Event) -> State:
    return replace(
        state,
        stage=Phase.STARTING,
        run=event["run"] if "run" in event else state.run + 1,
        zero=None,
        shift=0.0,
        trial=0,
        volumes=0,
        pulses=(),
        held_since=None,
    )


def _run_end(state: State, event: Event) -> State:  # noqa: ARG001
    return replace(state, stage=Phase.STARTING)


def _step(state: State, event: Event) -> State:
    step = event["step"]
    trial = step.get("trial")
    if step["screen"].get("kind") == "waiting":
        return replace(state, stage=Phase.WAITING, awaits=_awaited(step["ends"]))
    if trial is not None:
        return replace(state, stage=Phase.RUNNING, trial=trial)
    begun = state.stage in (Phase.WAITING, Phase.RUNNING, Phase.HOLD)
    return replace(state, stage=Phase.RUNNING) if begun else state


def _awaited(ends: dict[str, Any]) -> str:
    return "pulse" if ends["kind"] == "on_pulse" else str(ends.get("mark", "key"))


def _run_zero(state: State, event: Event) -> State:
    if event["source"] == "first_flip" and state.zero is not None:
        return state
    since = sum(t >= event["t"] for t in state.pulses)
    begun = event["source"] != "first_flip"
    stage = Phase.RUNNING if begun else state.stage
    return replace(state, stage=stage, zero=event["t"] if begun else None, volumes=since)


def _pulse(state: State, event: Event) -> State:
    counts = state.zero is not None and event["t"] >= state.zero and state.run > 0
    pulses = (*state.pulses, event["t"])[-_FIT:]
    return replace(state, pulses=pulses, volumes=state.volumes + counts)


def _marker_planned(state: State, event: Event) -> State:
    return replace(state, names=(*state.names, (event["n"], event["name"]))[-_NAMES:])


def _marker_sent(state: State, event: Event) -> State:
    name = _name(state, event["n"]) or str(event["code"])
    marker = Marker(name, event["code"], event["ended"] - event["t"])
    return replace(state, marker=marker, sent=state.sent + 1)


def _name(state: State, number: int | None) -> str | None:
    return next((name for n, name in reversed(state.names) if n == number), None)


def _fault(state: State, event: Event) -> State:
    name = str(event["what"])
    if name in _ENDED_BY:
        return _mend(state, _ENDED_BY[name])
    before = next((fault for fault in state.faults if fault.name == name), None)
    others = tuple(fault for fault in state.faults if fault.name != name)
    last = state.last if event["t"] is None else event["t"]
    marker = _name(state, event.get("n")) if name in _ABOUT_MARKERS else None
    fault = Fault(name, 1 + (before.count if before else 0), last, marker)
    unsent = state.unsent + (name == "marker_not_sent")
    return replace(state, faults=(fault, *others), unsent=unsent)


def _mend(state: State, names: tuple[str, ...]) -> State:
    if all(fault.name not in names or fault.over for fault in state.faults):
        return state
    faults = (replace(fault, over=fault.over or fault.name in names) for fault in state.faults)
    return replace(state, faults=tuple(faults))


def _pause_asked(state: State, event: Event) -> State:
    return replace(state, hold_asked=event["on"], hold_fault=event.get("fault"))


def _pause(state: State, event: Event) -> State:
    return replace(state, stage=Phase.HOLD, held_since=event["t"])


def _continue(state: State, event: Event) -> State:
    return replace(state, stage=Phase.RUNNING, held_since=None, shift=event["shift"])


def _end(state: State, event: Event) -> State:
    return replace(state, stage=_ENDS.get(event["status"], Phase.CRASHED), held_since=None)


_STEPS = {
    "run_begin": _run_begin,
    "run_end": _run_end,
    "step": _step,
    "run_zero": _run_zero,
    "pulse": _pulse,
    "marker_planned": _marker_planned,
    "marker_sent": _marker_sent,
    "fault": _fault,
    "pause_asked": _pause_asked,
    "pause": _pause,
    "continue": _continue,
    "end": _end,
}
