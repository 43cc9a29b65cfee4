"""One row for each trial, and one for each run's frames: summaries of what `tables` has in full."""

from __future__ import annotations

import sys
from collections.abc import Sequence
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
                condition=_first("condition", steps),
                message_id=_first("message_id", steps),
                writer_id=_first("writer_id", steps),
                profile_id=_first("profile_id", steps),
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


def _first(name: str, steps: Sequence[StepRow]) -> str | None:
    for row in steps:
        value: str | None = getattr(row, name)
        if value is not None:
            return value
    return None


def _end(row: StepRow) -> float | None:
    if row.onset is None or row.duration is None:
        return None
    return round(row.onset + row.duration, 6)


def frame_rows(log: SessionLog) -> list[FrameRow]:
    """Return one row per run that drew frames in a window."""
    rows: list[FrameRow] = []
    period = 1.0 / log.header["display"]["nominal_hz"]
    if len(log.events) == len(log.but_frames):
        return rows
    import numpy as np  # takes a tenth of a second, and few logs of an export have frames

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
