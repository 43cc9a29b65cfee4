"""How well a session kept time: frames, onsets, markers and pulses, from its log alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analysis.gathering import about_edit
from analysis.notes import note_rows
from analysis.runs import Run, runs_of
from experiment.frames import DROPPED
from experiment.protocol.criteria import Criteria
from experiment.readlog import SessionLog
from hardware.pulse_grid import GridFit, fit_grid

Array = npt.NDArray[np.float64]
_FEWEST = 4  # onsets that show a trend
_WHOLE_FRAMES = 0.02  # of a frame: planned that near to whole frames apart, two are rounded alike
_LACKING = {"late_first": "shift", "volumes_short": "short"}  # faults that say so many volumes
_BY_CHANCE = 0.001  # of sessions without drift may seem to have some


@dataclass(frozen=True)
class Ledger:
    """What became of the markers of the steps that were shown. All arrays are 1-d, in seconds.

    Parameters
    ----------
    planned, sent, reset, queued, echoed : int
        How many; `queued` waited for the marker before them.
    lags : array
        From the flip's stamp to the end of the write.
    waits : array
        From the flip's stamp to the begin of the write, of queued markers.
    widths : array
        From the begin of the write to the lines' being back at 0.
    echoes : array
        From the begin of the write to the code's coming back.
    asked_width : float or None
        Pulse width that the port was told; None without a port.
    has_echo : bool
        Whether an echo line was wired.
    """

    planned: int = 0
    sent: int = 0
    reset: int = 0
    queued: int = 0
    echoed: int = 0
    lags: Array = field(default_factory=lambda: np.array([]))
    waits: Array = field(default_factory=lambda: np.array([]))
    widths: Array = field(default_factory=lambda: np.array([]))
    echoes: Array = field(default_factory=lambda: np.array([]))
    asked_width: float | None = None
    has_echo: bool = False

    @property
    def has_port(self) -> bool:
        """Whether there was a trigger port."""
        return self.asked_width is not None


@dataclass(frozen=True, eq=False)
class RunPulses:
    """The volume pulses of one run. Each run is a scan of its own, with a grid of its own.

    Parameters
    ----------
    task : str
    number : int
        Place in the session, from 1.
    begun, ended : float
        Session clock (s); `ended` is the end of the log if the run was cut short.
    times : array
        Pulses from the run's zero to its end, as far as they were watched (s, session clock).
    tr : float
        As the protocol has it (s).
    expected : int or None
        How many pulses the scanner sends in a run, if that is known.
    first : str
        What the log knows of the first one: ``late``, ``short``, ``counted`` or ``unknown``.
    unseen : int
        Volumes of its scan before the first pulse or behind the last one, as far as the log knows.
    """

    task: str
    number: int
    begun: float
    ended: float
    times: Array
    tr: float
    expected: int | None = None
    first: str = "unknown"
    unseen: int = 0

    @cached_property
    def grid(self) -> GridFit | None:
        """The grid that fits the pulses; None below three of them."""
        return fit_grid(self.times, self.tr)

    @property
    def missing(self) -> int | None:
        """Volumes without a pulse: within the grid and beyond it; None if nothing tells."""
        if self.grid is None:
            return self.unseen or None
        return len(self.grid.missing) + self.unseen


@dataclass(frozen=True)
class Moment:
    """Something that happened once: a fault or a mark (s, session clock)."""

    t: float
    what: str
    origin: str = ""


@dataclass(frozen=True)
class Drift:
    """Whether onsets slip against their plan, in seconds per second.

    Parameters
    ----------
    slope : float
        Of onset minus plan over time, by least squares.
    reach : float
        Half of its 99.9 % interval: of a thousand sessions without drift, one seems to have some.
    """

    slope: float
    reach: float

    @property
    def found(self) -> bool:
        """Whether there is one beyond what chance makes."""
        return abs(self.slope) > self.reach

    @property
    def least(self) -> float:
        """How much there is for certain, 0 if none."""
        return max(abs(self.slope) - self.reach, 0.0)


@dataclass(frozen=True)
class Timing:
    """What was measured. All arrays are 1-d; times in seconds.

    Parameters
    ----------
    period : float
        Nominal frame.
    intervals : array
        From each flip to the next.
    onset_times, onset_errors : array
        Planned onsets (session clock) and actual minus planned.
    ledger : Ledger
    runs : tuple of RunPulses
    faults, marks : tuple of Moment
        In order.
    status : str
        How the session ended.
    waits_for_blank : bool
        Whether the display paced the frames; else the clock did.
    notes : tuple of Moment
        When the operator noted something.
    criteria : Criteria
        Of the protocol.
    light_offset : float or None
        How long after a flip's stamp the light comes, as it was measured on the rig.
    light_lags : array
        From a marked step's flip to its light, where a photodiode's recording was joined.
    remarks : tuple of str
        What must be known of the log before all else.
    """

    period: float
    intervals: Array
    onset_times: Array
    onset_errors: Array
    ledger: Ledger
    runs: tuple[RunPulses, ...]
    faults: tuple[Moment, ...]
    marks: tuple[Moment, ...]
    status: str
    waits_for_blank: bool
    notes: tuple[Moment, ...] = ()
    criteria: Criteria = field(default_factory=Criteria)
    light_offset: float | None = None
    light_lags: Array = field(default_factory=lambda: np.array([]))
    remarks: tuple[str, ...] = ()

    @property
    def dropped(self) -> int:
        """Frames longer than 1.2 nominal ones."""
        return int(np.sum(self.intervals > DROPPED * self.period))

    @property
    def drift(self) -> Drift | None:
        """The trend of onset errors; None below 4 onsets.

        Onsets fall on frames and plans don't, and onsets that were planned whole frames apart
        share one rounding, so that only the first of them counts. Where the whole plan is one of
        whole frames all count, and a frame over the session is what rounding may make alone.
        """
        if len(self.onset_times) < _FEWEST:
            return None
        own = _own_rounding(self.onset_times, self.period)
        if np.sum(own) >= _FEWEST:
            return _drift(self.onset_times[own], self.onset_errors[own], 0.0)
        return _drift(self.onset_times, self.onset_errors, self.period)

    @property
    def marker_lags(self) -> Array:
        """From the flip's stamp to the end of each marker's write."""
        return self.ledger.lags

    @property
    def pulse_times(self) -> Array:
        """Pulses of all runs (session clock)."""
        return np.concatenate([np.array([]), *(run.times for run in self.runs)])

    @property
    def volumes_missing(self) -> int:
        """Volumes without a pulse, over all runs."""
        return sum(run.missing or 0 for run in self.runs)


def _own_rounding(planned: Array, period: float) -> npt.NDArray[np.bool_]:
    """Return which onsets were not planned whole frames after the one before."""
    frames = np.diff(planned) / period
    apart = np.abs(frames - np.round(frames)) > _WHOLE_FRAMES
    return np.concatenate([[True], apart])


def _drift(times: Array, errors: Array, rounding: float) -> Drift:
    from scipy.special import stdtrit

    slope, cov = np.polyfit(times - times[0], errors, 1, cov=True)
    reach = float(stdtrit(len(times) - 2, 1 - _BY_CHANCE / 2)) * float(np.sqrt(max(cov[0, 0], 0.0)))
    return Drift(float(slope[0]), reach + rounding / float(times[-1] - times[0]))


def measure(log: SessionLog) -> Timing:
    """Measure a session's timing from its log."""
    planned: list[float] = []
    errors: list[float] = []
    runs = runs_of(log)
    for run in runs:
        for step in run.steps:
            onset = run.onsets.get(step["n"])
            if onset is not None and step["planned"] is not None:
                planned.append(step["planned"])
                errors.append(onset["t"] - step["planned"])
    protocol = log.header["protocol"]
    offset = protocol["screen"].get("photodiode_offset_ms")
    return Timing(
        period=1.0 / log.header["display"]["nominal_hz"],
        intervals=log.intervals() / 1e6,
        onset_times=np.array(planned, float),
        onset_errors=np.array(errors, float),
        ledger=_ledger(log, runs),
        runs=tuple(_run_pulses(log, runs)),
        faults=tuple(_moments(log, "fault", "what")),
        marks=tuple(_moments(log, "mark", "name")),
        status=log.status,
        waits_for_blank=log.header["display"]["waits_for_blank"],
        notes=tuple(Moment(row.t, "note") for row in note_rows(log)),
        criteria=Criteria.model_validate(protocol.get("criteria", {})),  # older logs have none
        light_offset=None if offset is None else offset / 1e3,
        remarks=tuple(about_edit(log)),
    )


def _ledger(log: SessionLog, runs: Sequence[Run]) -> Ledger:
    shown, sent, resets, echoes = 0, [], [], []
    for run in runs:
        for number, mark in run.planned.items():
            shown += number in run.onsets
            for event in run.sent.get(mark["n"], [])[:1]:
                sent.append(event)
                if mark["n"] in run.reset:
                    resets.append(run.reset[mark["n"]]["t"] - event["begun"])
                if mark["n"] in run.echoes:
                    echoes.append(run.echoes[mark["n"]]["t"] - event["begun"])
    queued = [event for event in sent if event["queued"]]
    devices = log.header["devices"]
    return Ledger(
        planned=shown,
        sent=len(sent),
        reset=len(resets),
        queued=len(queued),
        echoed=len(echoes),
        lags=np.array([event["ended"] - event["t"] for event in sent], float),
        waits=np.array([event["begun"] - event["t"] for event in queued], float),
        widths=np.array(resets, float),
        echoes=np.array(echoes, float),
        asked_width=None if devices["trigger"] is None else devices["trigger"]["pulse"],
        has_echo=devices.get("echo") is not None,  # logs before there were echo lines
    )


def _run_pulses(log: SessionLog, runs: Sequence[Run]) -> Iterator[RunPulses]:
    pulses = np.array([event["t"] for event in log.of("pulse")], float)
    numbers = np.array([event["n"] for event in log.of("pulse")], int)
    counts = list(log.of("pulse_count"))
    # How many volumes each of these faults is about.
    lacking = [
        (event["seq"], event[_LACKING[event["what"]]])
        for event in log.of("fault")
        if event["what"] in _LACKING
    ]
    last = max((event["t"] for event in log.but_frames if event["t"] is not None), default=0.0)
    ends = [*(run.begun["t"] for run in runs), last][1:]
    nexts = [*(run.begun["seq"] for run in runs), sys.maxsize][1:]
    for run, limit, after in zip(runs, ends, nexts, strict=True):
        begun = run.begun["t"]
        ended = limit if run.ended is None else run.ended["t"]
        zero = run.zeros[-1] if run.zeros else None
        since = zero["t"] if zero is not None and zero["source"] == "pulse" else begun
        within = (pulses >= since) & (pulses <= ended)
        # What comes once the run no longer watches is no part of it, in the log's grid as here.
        count = next((c for c in reversed(counts) if begun <= c["t"] <= limit), None)
        if count is not None:
            within &= numbers <= count["until"]
        yield RunPulses(
            task=run.task,
            number=run.begun["run"],
            begun=begun,
            ended=ended,
            times=pulses[within],
            tr=log.header["protocol"]["scanner"]["tr"],
            expected=None if count is None else count["expected"],
            first="unknown" if count is None else count["first"],
            unseen=sum(volumes for seq, volumes in lacking if run.begun["seq"] < seq < after),
        )


def _moments(log: SessionLog, kind: str, name: str) -> Iterator[Moment]:
    for event in log.of(kind):
        yield Moment(event["t"], event[name], event.get("origin") or "")
