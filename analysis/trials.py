"""One row for each trial, and one for each run's frames: summaries of what `tables` has in full."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby

from analysis.row_types import FrameRow, StepRow, TrialRow
from analysis.runs import runs_of
from analysis.tables import rating_rows, step_rows
from experiment.frames import DROPPED
from experiment.readlog import SessionLog

_LEAD = ("fixation", "waiting")  # of a trial, before what it is about


def trial_rows(log: SessionLog) -> list[TrialRow]:
    """Return one row per trial that was begun."""
    in_trials = [row for row in step_rows(log) if row.trial is not None and row.onset is not None]
    answers = {row.n: row for row in rating_rows(log)}
    rows = []
    for _, group in groupby(in_trials, key=lambda row: (row.run, row.trial)):
        steps = list(group)
        about = next((row for row in steps if row.screen not in _LEAD), steps[0])
        rated = [answers[row.n] for row in steps if row.n in answers]
        rows.append(
            TrialRow(
                task=about.task,
                run=about.run,
                trial=about.trial,
                block=about.block,
                condition=_first(row.condition for row in steps),
                message_id=_first(row.message_id for row in steps),
                writer_id=_first(row.writer_id for row in steps),
                profile_id=_first(row.profile_id for row in steps),
                stimulus=about.screen,
                onset=steps[0].onset,
                stimulus_onset=about.onset,
                stimulus_planned=about.planned,
                stimulus_duration=about.duration,
                end=_end(steps[-1]),
                asked=len(rated),
                answered=sum(row.confirmed is True for row in rated),
            )
        )
    return rows


def _first(values: Iterator[str | None]) -> str | None:
    return next((value for value in values if value is not None), None)


def _end(row: StepRow) -> float | None:
    if row.onset is None or row.duration is None:
        return None
    return round(row.onset + row.duration, 6)


def frame_rows(log: SessionLog) -> list[FrameRow]:
    """Return one row per run that drew frames in a window."""
    import numpy as np  # takes a tenth of a second, and few logs of an export have frames

    rows = []
    period = 1.0 / log.header["display"]["nominal_hz"]
    runs = runs_of(log)
    ends = [*(run.begun["seq"] for run in runs), sys.maxsize][1:]
    for events, end in zip(runs, ends, strict=True):
        found = log.intervals(events.begun["seq"], end) / 1e6
        if not len(found):
            continue
        p50, p95, p99 = np.percentile(found, (50, 95, 99))
        rows.append(
            FrameRow(
                task=events.task,
                run=events.begun["run"],
                nominal=round(period, 9),
                frames=len(found),
                dropped=int(np.sum(found > DROPPED * period)),
                median=round(float(p50), 6),
                p95=round(float(p95), 6),
                p99=round(float(p99), 6),
                longest=round(float(found.max()), 6),
            )
        )
    return rows
