"""A session's timing in words, and the files beside its log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from analysis.criteria import about_criteria, verdicts_on
from analysis.notes import about_notes
from analysis.parts import about_parts
from analysis.photodiode import Joined, about_lags
from analysis.timing import Array, Drift, Ledger, Moment, RunPulses, Timing, measure
from experiment.files import write_whole
from experiment.readlog import SessionLog


def summary(timing: Timing) -> str:
    """Return the timing as a few lines for the assistant."""
    lines = [f"session       {timing.status}", *timing.remarks]
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
        slope = "" if timing.drift is None else _about_drift(timing.drift)
        lines.append(
            f"onset error   {len(timing.onset_errors)} planned; "
            f"{_spread(timing.onset_errors)}{slope}"
        )
    lines += _about_markers(timing.ledger)
    lines += [line for run in timing.runs for line in _about_pulses(run, len(timing.runs))]
    lines += _about_marks(timing.marks)
    faults = Counter(fault.what for fault in timing.faults)
    told = ", ".join(f"{what} × {n}" if n > 1 else what for what, n in faults.items())
    lines.append(f"faults        {told or 'none'}")
    lines.append(_about_light(timing))
    lines += about_criteria(verdicts_on(timing))
    return "\n".join(lines) + "\n"


def _about_light(timing: Timing) -> str:
    offset = timing.light_offset
    if len(timing.light_lags):
        return "light         seen by a photodiode, as told below"
    if offset is None:
        return "light         not seen here: the monitor's own delay (measure it with a photodiode)"
    told = f"light         {1e3 * offset:+.2f} ms after each flip, as measured on this rig"
    if len(timing.ledger.lags):
        after = offset - float(timing.ledger.lags.mean())
        told += f"; {1e3 * after:+.2f} ms after its marker's write, on average"
    if len(timing.onset_errors):
        late = offset + float(np.median(timing.onset_errors))
        told += f"; {1e3 * late:+.2f} ms after its plan (median)"
    return told


def _about_drift(drift: Drift) -> str:
    told = f"{drift.slope * 1e6:+.1f} ± {drift.reach * 1e6:.1f} us per s"
    return f"; DRIFT {told}" if drift.found else f"; no drift ({told})"


def _about_markers(ledger: Ledger) -> Iterator[str]:
    if not ledger.has_port:
        yield f"markers       {ledger.planned} planned; no trigger port"
        return
    line = f"markers       {ledger.sent} of {ledger.planned} sent"
    if len(ledger.lags):
        lag = ledger.lags * 1e3
        line += f"; flip to written mean {lag.mean():.2f} SD {lag.std():.2f} max {lag.max():.2f} ms"
    if ledger.queued:
        line += f"; {ledger.queued} queued, for {ledger.waits.max() * 1e3:.2f} ms at most"
    yield line
    if len(ledger.widths):
        yield (
            f"pulse width   {1e3 * (ledger.asked_width or 0):g} ms asked; "
            f"{ledger.reset} of {ledger.sent} reset; {_spread(ledger.widths)}"
        )
    if not ledger.has_echo:
        yield "echo          not wired: nothing proves that the codes arrived"
    else:
        delay = f"; write to echo {_spread(ledger.echoes)}" if len(ledger.echoes) else ""
        yield f"echo          {ledger.echoed} of {ledger.sent} came back{delay}"


def _about_pulses(run: RunPulses, runs: int) -> Iterator[str]:
    if not len(run.times):
        return
    name = "" if runs == 1 else f"run {run.number} ({run.task}): "
    grid = run.grid
    if grid is None:
        yield f"pulses        {name}{len(run.times)}, too few to fit a grid"
        return
    worst = 1e3 * float(np.nanmax(np.abs(grid.residuals)))
    yield (
        f"pulses        {name}{len(run.times)}; {run.missing} missing, {grid.surplus} "
        f"too many; TR {grid.tr:.5f} s ({grid.ppm:+.1f} ppm, SE {grid.ppm_se:.1f}); furthest "
        f"off the grid {worst:.2f} ms"
    )
    yield (
        f"clock ratio   {name}{1 + grid.ppm * 1e-6:.6f}, the scanner's clock to the computer's, "
        "if its TR is the protocol's"
    )
    yield f"first volume  {name}{_about_first(run)}"


def _about_first(run: RunPulses) -> str:
    if run.first == "late":
        return "missed by the run: pulses of its scan came before (see the fault late_first)"
    if run.first == "counted":
        return f"seen: all {run.expected} pulses of the scanner came"
    if run.first == "short":
        return (
            f"not sure: fewer pulses than the scanner's {run.expected}, lost at the beginning or "
            "at the end; compare with its console"
        )
    if run.expected is None:
        return (
            "can't be known: the protocol does not say how many volumes the scanner sends "
            "(scanner: volumes)"
        )
    return f"can't be known: the run ended before the scanner's {run.expected} volumes"


def _about_marks(marks: tuple[Moment, ...]) -> Iterator[str]:
    single = [mark for mark in marks if mark.what != "sync"]
    syncs = len(marks) - len(single)
    told = [f"{mark.what} at {mark.t:.3f} s ({mark.origin})" for mark in single]
    if syncs:
        told.append(f"{syncs} sync")
    if told:
        yield f"marks         {', '.join(told)}"


def _spread(seconds: Array) -> str:
    ms = seconds * 1e3
    p50, p95, p99 = np.percentile(ms, (50, 95, 99))
    return f"median {p50:.2f} p95 {p95:.2f} p99 {p99:.2f} max {ms.max():.2f} ms"


def write_timing(log: SessionLog, joined: Joined | None = None) -> tuple[Path, Path]:
    """Write the timing beside a log, as text and as a figure, and return both files.

    Parameters
    ----------
    log : SessionLog
    joined : Joined or None
        A photodiode's recording of the session.
    """
    from analysis.timing_figure import draw

    timing = measure(log)
    light: list[str] = []
    if joined is not None:
        timing, light = replace(timing, light_lags=joined.found), about_lags(joined)
    text = log.file.with_name(log.file.stem + "_timing.txt")
    figure = log.file.with_name(log.file.stem + "_timing.png")
    more = [*light, *about_parts(log), *about_notes(log)]
    write_whole(text, summary(timing) + "".join(f"{line}\n" for line in more))
    write_whole(figure, draw(timing))
    return text, figure
