"""What a session's timing must be like: the timing report says of each criterion whether it is."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from experiment.protocol.values import Number, Strict, Whole

Limit = Annotated[Number, Field(ge=0)] | None


class Criteria(Strict):
    """Upper limits; ``none`` where a study has none.

    `dropped_percent` are frames longer than 1.2 nominal ones. `onset_error_frames` and
    `marker_lag_ms` are 99th percentiles, of onset minus plan and from the flip to the end of the
    marker's write; `marker_jitter_ms` is the latter's standard deviation. `drift_ppm` is the
    slope of onset errors, as far as chance can't make it (99.9 %). `pulse_residual_ms` is the
    furthest that a pulse is off the grid of its run, `clock_ppm` how far the scanner's TR, on the
    computer's clock, is from the protocol's. `light_jitter_ms` is the standard deviation from the
    flip to the light at a photodiode, where a recording of it was joined.
    """

    dropped_percent: Limit = 0.1
    onset_error_frames: Limit = 1.0
    drift_ppm: Limit = 10.0
    markers_lost: Annotated[Whole, Field(ge=0)] | None = 0
    marker_lag_ms: Limit = 2.0
    marker_jitter_ms: Limit = 1.0
    pulses_missed: Annotated[Whole, Field(ge=0)] | None = 0
    pulse_residual_ms: Limit = 5.0
    clock_ppm: Limit = 200.0
    light_jitter_ms: Limit = 2.0
