"""How well a session kept time: frames, onsets, markers and pulses, from its log alone."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from analysis.runs import runs_of
from experiment.files import write_whole
from experiment.readlog import SessionLog
from hardware.pulse_grid import GridFit, fit_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]
_NOTHING: Array = np.array([])
DROPPED = 1.2  # frames; PsychoPy's own rule for a dropped frame


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
    marker_lags : array
        From the flip's stamp to the end of the marker's write.
    markers_planned, markers_sent : int
        Counted over steps that were shown.
    has_port : bool
        Whether there was a trigger port to send them to.
    pulse_times : array
        Pulses of the session (session clock).
    tr : float
        As the protocol has it.
    faults : tuple of str
        What the log calls faults, in order.
    status : str
        How the session ended.
    waits_for_blank : bool
        Whether the display paced the frames; else the clock did.
    """

    period: float
    intervals: Array
    onset_times: Array
    onset_errors: Array
    marker_lags: Array
    markers_planned: int
    markers_sent: int
    has_port: bool
    pulse_times: Array
    tr: float
    faults: tuple[str, ...]
    status: str
    waits_for_blank: bool

    @property
    def dropped(self) -> int:
        """Frames longer than 1.2 nominal ones."""
        return int(np.sum(self.intervals > DROPPED * self.period))

    @property
    def drift(self) -> float | None:
        """Slope of onset errors over time (s per s), by least squares; None below 3 onsets."""
        if len(self.onset_times) < 3:
            return None
        return float(np.polyfit(self.onset_times - self.onset_times[0], self.onset_errors, 1)[0])

    @cached_property
    def grid(self) -> GridFit | None:
        """The grid that fits the pulses; None below three of them."""
        return fit_grid(self.pulse_times, self.tr)


def measure(log: SessionLog) -> Timing:
    """Measure a session's timing from its log."""
    planned: list[float] = []
    errors: list[float] = []
    lags: list[float] = []
    marks = sent = 0
    for run in runs_of(log):
        for step in run.steps:
            onset = run.onsets.get(step["n"])
            if onset is not None and step["planned"] is not None:
                planned.append(step["planned"])
                errors.append(onset["t"] - step["planned"])
        for number, mark in run.planned.items():
            marks += number in run.onsets
            for event in run.sent.get(mark["n"], [])[:1]:
                sent += 1
                lags.append(event["ended"] - event["t"])
    intervals = [us / 1e6 for event in log.of("frames") for us in event["us"]]
    return Timing(
        period=1.0 / log.header["display"]["nominal_hz"],
        intervals=np.array(intervals, float),
        onset_times=np.array(planned, float),
        onset_errors=np.array(errors, float),
        marker_lags=np.array(lags, float),
        markers_planned=marks,
        markers_sent=sent,
        has_port=log.header["devices"]["trigger"] is not None,
        pulse_times=np.array([event["t"] for event in log.of("pulse")], float),
        tr=log.header["protocol"]["scanner"]["tr"],
        faults=tuple(event["what"] for event in log.of("fault")),
        status=log.status,
        waits_for_blank=log.header["display"]["waits_for_blank"],
    )


def summary(timing: Timing) -> str:
    """Return the timing as a few lines for the assistant."""
    lines = [f"session       {timing.status}"]
    if len(timing.intervals) and not timing.waits_for_blank:
        lines.append("display       does not wait for the vertical blank; paced by the clock")
    if len(timing.intervals):
        share = 100.0 * timing.dropped / len(timing.intervals)
        lines.append(
            f"frames        {len(timing.intervals)} at {1 / timing.period:g} Hz; "
            f"{timing.dropped} dropped ({share:.2f} %); interval {_spread(timing.intervals)}"
        )
    else:
        lines.append("frames        none: there was no window")
    if len(timing.onset_errors):
        drift = timing.drift
        slope = "" if drift is None else f"; drift {drift * 1e6:+.1f} us per s"
        lines.append(
            f"onset error   {len(timing.onset_errors)} planned; "
            f"{_spread(timing.onset_errors)}{slope}"
        )
    if not timing.has_port:
        lines.append(f"markers       {timing.markers_planned} planned; no trigger port")
    elif len(timing.marker_lags):
        lag = timing.marker_lags * 1e3
        lines.append(
            f"markers       {timing.markers_sent} of {timing.markers_planned} sent; flip to "
            f"written mean {lag.mean():.2f} SD {lag.std():.2f} max {lag.max():.2f} ms"
        )
    grid = timing.grid
    if grid is not None:
        worst = 1e3 * float(np.nanmax(np.abs(grid.residuals)))
        lines.append(
            f"pulses        {len(timing.pulse_times)}; {len(grid.missing)} missing, {grid.surplus} "
            f"too many; TR {grid.tr:.5f} s ({grid.ppm:+.1f} ppm, SE {grid.ppm_se:.1f}); furthest "
            f"off the grid {worst:.2f} ms"
        )
    elif len(timing.pulse_times):
        lines.append(f"pulses        {len(timing.pulse_times)}, too few to fit a grid")
    lines.append(f"faults        {', '.join(timing.faults) or 'none'}")
    lines.append("not seen here: the monitor's own delay (measure it with a photodiode)")
    return "\n".join(lines) + "\n"


def _spread(seconds: Array) -> str:
    ms = seconds * 1e3
    p50, p95, p99 = np.percentile(ms, (50, 95, 99))
    return f"median {p50:.2f} p95 {p95:.2f} p99 {p99:.2f} max {ms.max():.2f} ms"


def write_timing(log: SessionLog) -> tuple[Path, Path]:
    """Write the timing beside a log, as text and as a figure, and return both files."""
    timing = measure(log)
    text = log.file.with_name(log.file.stem + "_timing.txt")
    figure = log.file.with_name(log.file.stem + "_timing.png")
    write_whole(text, summary(timing))
    write_whole(figure, draw(timing))
    return text, figure


def draw(timing: Timing) -> bytes:
    """Return the timing figure as PNG: frames, onsets, markers, pulses."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7), layout="constrained")
    axes = figure.subplots(2, 2)
    frame = 1e3 * timing.period
    _histogram(
        axes[0, 0],
        timing.intervals * 1e3,
        "Frame intervals",
        "ms",
        f"{timing.dropped} of {len(timing.intervals)} longer than {DROPPED} frames",
        "no window, no frames",
    )
    if len(timing.intervals):
        axes[0, 0].axvline(frame, color=_INK, lw=0.8, ls=":")
        axes[0, 0].axvline(DROPPED * frame, color=_ALARM, lw=1)
        axes[0, 0].set_yscale("log")
    _scatter(
        axes[0, 1],
        timing.onset_times,
        timing.onset_errors * 1e3,
        "Onset minus plan",
        "ms",
        "nothing was timed (self-paced)",
    )
    if len(timing.onset_errors):
        axes[0, 1].axhspan(-frame, frame, color=_MAIN, alpha=0.08, lw=0)
        axes[0, 1].set_ylim(
            min(-1.3 * frame, 1.1e3 * timing.onset_errors.min()),
            max(1.3 * frame, 1.1e3 * timing.onset_errors.max()),
        )
    _histogram(
        axes[1, 0],
        timing.marker_lags * 1e3,
        "Markers: flip to written",
        "ms",
        f"{timing.markers_sent} of {timing.markers_planned} sent",
        "no trigger port",
    )
    grid = timing.grid
    _scatter(
        axes[1, 1],
        timing.pulse_times if grid is not None else _NOTHING,
        grid.residuals * 1e3 if grid is not None else _NOTHING,
        "Pulses minus the grid that fits them",
        "ms",
        "no scanner",
    )
    if grid is not None:
        reach = max(5.0, 1.2e3 * float(np.nanmax(np.abs(grid.residuals))))
        axes[1, 1].set_ylim(-reach, reach)
        axes[1, 1].annotate(
            f"{len(timing.pulse_times)} pulses, {len(grid.missing)} missing; TR {grid.tr:.5f} s",
            **_CORNER,
        )
    buffer = io.BytesIO()
    # No date or version in the file, so that the same log gives the same bytes.
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


_MAIN, _INK, _ALARM = "#3b6ea5", "#444444", "#c0392b"
_CORNER: dict[str, Any] = {
    "xy": (0.98, 0.95),
    "xycoords": "axes fraction",
    "ha": "right",
    "va": "top",
    "fontsize": 9,
    "color": _INK,
}


def _histogram(ax: Axes, values: Array, title: str, unit: str, note: str, empty: str) -> None:
    _dress(ax, title, unit, "count")
    if len(values) == 0:
        _say_empty(ax, empty)
        return
    ax.hist(values, bins=60, color=_MAIN)
    ax.annotate(note, **_CORNER)


def _scatter(ax: Axes, times: Array, values: Array, title: str, unit: str, empty: str) -> None:
    _dress(ax, title, "session time (min)", unit)
    if len(values) == 0:
        _say_empty(ax, empty)
        return
    ax.axhline(0, color=_INK, lw=0.6)
    ax.plot(times / 60.0, values, ".", ms=4, color=_MAIN)


def _dress(ax: Axes, title: str, x: str, y: str) -> None:
    ax.set_title(title, loc="left", fontsize=11, fontweight="bold")
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.spines[["top", "right"]].set_visible(False)


def _say_empty(ax: Axes, text: str) -> None:
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=_INK)
    ax.set_xticks([])
    ax.set_yticks([])
