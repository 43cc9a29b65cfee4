"""The timing of a session as one picture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.timing import Array, Ledger, RunPulses, Timing
from experiment.frames import DROPPED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK, _ALARM = "#444444", "#c0392b"
_RUNS = ("#3b6ea5", "#d08b2c", "#4f9a6b", "#8a5fa8")  # one colour a run, then again
_MAIN = _RUNS[0]
_ROWS = 8  # kinds of fault that are shown apart
_CORNER: dict[str, Any] = {
    "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 1.5},  # over any line
    "xy": (0.985, 0.95),
    "xycoords": "axes fraction",
    "ha": "right",
    "va": "top",
    "fontsize": 9,
    "color": _INK,
}
_LAYOUT = """
fffooo
mmwwee
gggggg
tttttt
"""


def draw(timing: Timing) -> bytes:
    """Return the timing figure as PNG: frames, onsets, the marker ledger, pulses, faults."""
    from matplotlib.figure import Figure

    height = max(len(_rows(timing)), 1) * 0.28 + 0.9
    rows, heights = _LAYOUT, [2.5, 2.5, 2.9, height]
    if len(timing.light_lags):
        rows, heights = _LAYOUT + "llllll\n", [*heights, 2.2]
    figure = Figure(figsize=(12, 0.5 + sum(heights)), layout="constrained")
    axes = figure.subplot_mosaic(rows, height_ratios=heights)
    _frames(axes["f"], timing)
    _onsets(axes["o"], timing)
    _ledger(axes, timing.ledger)
    _pulses(axes["g"], timing)
    _faults(axes["t"], timing)
    if len(timing.light_lags):
        note = "by photodiode, of marked screens"
        _histogram(axes["l"], timing.light_lags, "Flip to light", note, "", 24)
    if timing.runs:
        span = (min(run.begun for run in timing.runs), max(run.ended for run in timing.runs))
        outer = [moment.t for moment in (*timing.faults, *timing.marks, *timing.notes)]
        first, last = min([span[0], *outer]) / 60.0, max([span[1], *outer]) / 60.0
        margin = 0.02 * (last - first)
        for ax in (axes["g"], axes["t"]):
            ax.set_xlim(first - margin, last + margin)
    buffer = io.BytesIO()
    # No date or version in the file, so that the same log gives the same bytes.
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def _frames(ax: Axes, timing: Timing) -> None:
    frame = 1e3 * timing.period
    note = f"{timing.dropped} of {len(timing.intervals)} longer than {DROPPED} frames"
    if not _histogram(ax, timing.intervals, "Frame intervals", note, "no window, no frames", 60):
        return
    ax.axvline(frame, color=_INK, lw=0.8, ls=":")
    ax.axvline(DROPPED * frame, color=_ALARM, lw=1)
    ax.set_yscale("log")


def _onsets(ax: Axes, timing: Timing) -> None:
    _dress(ax, "Onset minus plan", "session time (min)", "ms")
    if not len(timing.onset_errors):
        _say_empty(ax, "nothing was timed (self-paced)")
        return
    frame, errors = 1e3 * timing.period, timing.onset_errors * 1e3
    ax.axhline(0, color=_INK, lw=0.6)
    ax.axhspan(-frame, frame, color=_MAIN, alpha=0.08, lw=0)
    ax.plot(timing.onset_times / 60.0, errors, ".", ms=4, color=_MAIN)
    ax.set_ylim(min(-1.3 * frame, 1.1 * errors.min()), max(1.3 * frame, 1.1 * errors.max()))
    ax.annotate("shaded: within one frame", **_CORNER)


# --- the ledger -----------------------------------------------------------------------------------


def _ledger(axes: dict[str, Axes], ledger: Ledger) -> None:
    empty = "none was sent" if ledger.has_port else "no trigger port"
    note = f"{ledger.sent} of {ledger.planned} sent"
    if ledger.queued:
        note += f"\n{ledger.queued} queued, up to {1e3 * ledger.waits.max():.1f} ms"
    _histogram(axes["m"], ledger.lags, "Markers: flip to written", note, empty)
    note = f"{ledger.reset} of {ledger.sent} reset"
    if _histogram(axes["w"], ledger.widths, "Markers: pulse width", note, empty):
        asked = 1e3 * (ledger.asked_width or 0.0)
        axes["w"].axvline(asked, color=_INK, lw=0.8, ls=":")
        axes["w"].annotate(f"dotted: {asked:g} ms asked", (0.985, 0.84), **_SECOND)
    empty = "no code came back" if ledger.has_echo else "no echo line wired"
    note = f"{ledger.echoed} of {ledger.sent} came back"
    _histogram(axes["e"], ledger.echoes, "Markers: write to echo", note, empty)


_SECOND: dict[str, Any] = {k: v for k, v in _CORNER.items() if k != "xy"}


def _histogram(ax: Axes, seconds: Array, title: str, note: str, empty: str, bins: int = 30) -> bool:
    """Draw times as a histogram in ms; return whether there was anything to draw."""
    _dress(ax, title, "ms", "count")
    if not len(seconds):
        _say_empty(ax, empty)
        return False
    ms = seconds * 1e3
    # A spread below some microseconds is drawn as one bar, not blown up to fill the panel.
    middle, reach = float(np.median(ms)), 0.05
    low, high = min(ms.min(), middle - reach), max(ms.max(), middle + reach)
    ax.hist(ms, bins=bins, range=(low, high), color=_MAIN)
    ax.margins(y=0.28)
    ax.annotate(note, **_CORNER)
    return True


# --- along the session ----------------------------------------------------------------------------


def _pulses(ax: Axes, timing: Timing) -> None:
    _dress(ax, "Pulses minus the grid that fits their run", "", "ms")
    found = [run for run in timing.runs if run.grid is not None]
    if not found:
        none = not any(len(run.times) for run in timing.runs)
        _say_empty(ax, "no scanner pulses" if none else "too few pulses to fit a grid")
        return
    worst = max(
        float(np.nanmax(np.abs(run.grid.residuals))) for run in found if run.grid is not None
    )
    reach = max(2.0, 1.25e3 * worst)
    ax.axhline(0, color=_INK, lw=0.6)
    for place, run in enumerate(timing.runs):
        _one_run(ax, run, _RUNS[place % len(_RUNS)], reach)
    ax.set_ylim(-reach, reach)
    handles, labels = ax.get_legend_handles_labels()
    kept = dict(sorted(zip(labels, handles, strict=True), key=lambda one: one[0][:4] != "run "))
    ax.legend(
        list(kept.values()),
        list(kept),
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),  # above the panel, where it hides nothing
        fontsize=9,
        frameon=False,
        labelcolor=_INK,
        borderpad=0.0,
    )


def _one_run(ax: Axes, run: RunPulses, colour: str, reach: float) -> None:
    grid = run.grid
    if grid is None:
        return
    on = grid.indices >= 0
    told = (
        f"run {run.number}, {run.task}: {len(run.times)} pulses, {run.missing} missing, "
        f"{grid.surplus} too many; TR {grid.tr:.5f} s ({grid.ppm:+.1f} ± {grid.ppm_se:.1f} ppm)"
    )
    ax.plot(run.times[on] / 60.0, grid.residuals[on] * 1e3, ".", ms=4, color=colour, label=told)
    if grid.missing:
        due = grid.phase + np.array(grid.missing) * grid.tr
        ax.plot(
            due / 60.0,
            np.full(len(due), -0.93 * reach),
            "v",
            ms=6,
            color=_ALARM,
            label="missing",
        )
    if grid.surplus:
        off = np.clip(grid.off[~on] * 1e3, -0.93 * reach, 0.93 * reach)
        ax.plot(run.times[~on] / 60.0, off, "x", ms=6, color=_ALARM, label="too many")


def _faults(ax: Axes, timing: Timing) -> None:
    _dress(ax, "Marks, notes and faults", "session time (min)", "")
    ax.spines["left"].set_visible(False)
    for place, run in enumerate(timing.runs):
        colour = _RUNS[place % len(_RUNS)]
        ax.axvspan(run.begun / 60.0, run.ended / 60.0, color=colour, alpha=0.10, lw=0)
    rows = _rows(timing)
    for place, (_, times, is_fault) in enumerate(rows):
        style: dict[str, Any] = (
            {"marker": "|", "ms": 11, "mew": 2} if is_fault else {"marker": "D", "ms": 5}
        )
        minutes = np.array(times) / 60.0
        colour = _ALARM if is_fault else _INK
        ax.plot(minutes, np.full(len(times), place), ls="", color=colour, **style)
    ax.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    if not timing.faults:
        ax.annotate("no faults", **_CORNER | {"xy": (0.5, 0.95), "ha": "center"})


def _rows(timing: Timing) -> list[tuple[str, list[float], bool]]:
    """Return the name, the times (s) and whether it is a fault of each row: marks come first."""
    marks, faults = dict[str, list[float]](), dict[str, list[float]]()
    for mark in timing.marks:
        marks.setdefault(f"{mark.what} ({mark.origin})", []).append(mark.t)
    for note in timing.notes:
        marks.setdefault("notes", []).append(note.t)
    for fault in timing.faults:
        faults.setdefault(fault.what, []).append(fault.t)
    while len(faults) > _ROWS:
        _, times = faults.popitem()
        name, others = faults.popitem()
        faults["others" if name != "others" else name] = others + times
    return [
        (_row_name(name, times), times, kind is faults)
        for kind in (marks, faults)
        for name, times in kind.items()
    ]


def _row_name(name: str, times: list[float]) -> str:
    return name.replace("_", " ") + (f" × {len(times)}" if len(times) > 1 else "")


def _dress(ax: Axes, title: str, x: str, y: str) -> None:
    ax.set_title(title, loc="left", fontsize=11, fontweight="bold")
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.spines[["top", "right"]].set_visible(False)


def _say_empty(ax: Axes, text: str) -> None:
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=_INK)
    ax.set_xticks([])
    ax.set_yticks([])
