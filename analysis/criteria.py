"""Whether a session's timing is what the protocol asks for, criterion by criterion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from experiment.protocol.criteria import Criteria

if TYPE_CHECKING:
    from analysis.timing import Timing


@dataclass(frozen=True)
class Verdict:
    """A criterion of the protocol, and what a session was like.

    Parameters
    ----------
    criterion : str
        Its name in the protocol.
    limit : float
        The most that is allowed.
    found : float or None
        None where there was nothing to measure.
    """

    criterion: str
    limit: float
    found: float | None

    @property
    def met(self) -> bool | None:
        """Whether it is met; None where there was nothing to measure."""
        return None if self.found is None else self.found <= self.limit

    def told(self) -> str:
        """Return it in a few words."""
        name, unit = _named(self.criterion)
        if self.found is None:
            return f"{name}: not measured"
        word = "met" if self.met else "NOT MET"
        return f"{name}: {word} ({round(self.found, 4):g}, at most {self.limit:g}{unit})"


def verdicts_on(timing: Timing) -> tuple[Verdict, ...]:
    """Return a verdict for each criterion that the protocol has."""
    found = dict(_found(timing))
    return tuple(
        Verdict(name, float(limit), found[name])
        for name in Criteria.model_fields
        if (limit := getattr(timing.criteria, name)) is not None
    )


def _found(timing: Timing) -> Iterator[tuple[str, float | None]]:
    frames, errors, ledger = timing.intervals, timing.onset_errors, timing.ledger
    yield "dropped_percent", 100.0 * timing.dropped / len(frames) if len(frames) else None
    yield (
        "onset_error_frames",
        float(np.percentile(np.abs(errors), 99)) / timing.period if len(errors) else None,
    )
    drift = timing.drift
    yield (
        "drift_ppm",
        None if drift is None else drift.least * 1e6,
    )
    yield "markers_lost", float(ledger.planned - ledger.sent) if ledger.has_port else None
    lags = ledger.lags * 1e3
    yield "marker_lag_ms", float(np.percentile(lags, 99)) if len(lags) else None
    yield "marker_jitter_ms", float(lags.std()) if len(lags) else None
    grids = [run.grid for run in timing.runs if run.grid is not None]
    known = any(run.missing is not None for run in timing.runs)
    yield "pulses_missed", float(timing.volumes_missing) if known else None
    yield (
        "pulse_residual_ms",
        max(1e3 * float(np.nanmax(np.abs(grid.residuals))) for grid in grids) if grids else None,
    )
    yield "clock_ppm", max(abs(grid.ppm) for grid in grids) if grids else None
    light = timing.light_lags * 1e3
    yield "light_jitter_ms", float(light.std()) if len(light) else None


_UNITS = {"percent": " %", "ms": " ms", "ppm": " ppm", "frames": " frames"}


def _named(criterion: str) -> tuple[str, str]:
    """Return a criterion's name in words, and its unit."""
    name, _, unit = criterion.rpartition("_")
    if unit in _UNITS:
        return name.replace("_", " "), _UNITS[unit]
    return criterion.replace("_", " "), ""


def about_criteria(verdicts: tuple[Verdict, ...]) -> Iterator[str]:
    """Yield the verdicts as lines for the analyst, the whole one first."""
    failed = sum(verdict.met is False for verdict in verdicts)
    measured = sum(verdict.met is not None for verdict in verdicts)
    whole = f"{measured - failed} of {measured} measured criteria of the protocol are met"
    yield f"verdict       {'NOT GOOD: ' if failed else ''}{whole}"
    for verdict in verdicts:
        yield f"  {verdict.told()}"
