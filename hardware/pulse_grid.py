"""The grid that volume pulses fall on, fitted to a whole run.

A scanner sends one pulse a volume, all TR apart on its own clock. `fit_grid` finds that grid in
stamps that were taken on the computer's clock.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiment.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ON_GRID = 0.2  # TR; further off than this, a pulse belongs to no volume

_LEAST = 3  # pulses for a fit
_TUKEY = 4.685  # bisquare constant: 95 % efficiency for normal residuals (Holland & Welsch 1977)
_MAD = 1.4826  # median absolute deviation to standard deviation, normal residuals
_NO_SPREAD = 1e-9  # s; below this, residuals are rounding errors
_STILL = 1e-11  # s per volume; a fit that moves less has converged (5e-6 ppm at TR 2 s)
_WINDOW = 16  # pulses in which the grid is first looked for


@dataclass(frozen=True, eq=False)
class GridFit:
    """The grid that was found in a run's pulses.

    Parameters
    ----------
    phase : float
        Time of volume 1 (s, on the clock of the stamps).
    tr : float
        Measured TR (s, on that clock).
    ppm : float
        Clock ratio: how many parts per million the measured TR is longer than the nominal one,
        that is, how much faster the computer's clock runs than the scanner's.
    ppm_se : float
        Its standard error.
    sd : float
        Robust standard deviation of the residuals (s).
    indices : array of int
        Volume of each stamp, from 0; -1 for pulses off the grid and all but one of a volume.
    residuals : array of float
        Stamp minus grid (s); NaN where the index is -1.
    off : array of float
        How far each stamp is from its nearest grid place (s), whether it is a volume's or not.
    """

    phase: float
    tr: float
    ppm: float
    ppm_se: float
    sd: float
    indices: Ints
    residuals: Floats
    off: Floats

    @property
    def missing(self) -> tuple[int, ...]:
        """Volumes without a pulse (from 0), between the first and the last one with a pulse."""
        seen = {int(i) for i in self.indices if i >= 0}
        return tuple(i for i in range(max(seen) + 1) if i not in seen)

    @property
    def surplus(self) -> int:
        """Pulses that are no volume's own: extra and doubled ones."""
        return int(np.sum(self.indices < 0))


def fit_grid(stamps: Sequence[float] | Floats, tr: float) -> GridFit | None:
    """Fit an even grid to pulses, of which some may be missing, extra, doubled or late.

    The rhythm is taken from the median interval, the phase from the pulse that most others agree
    with. The line through (volume, stamp) is then grown from a few pulses to all of them and
    fitted by iteratively reweighted least squares with Tukey's bisquare. Its standard error is
    that of an M-estimator (Huber 1981, eq. 6.5): for clean residuals it is the textbook
    ``sd / sqrt(sum((i - mean(i))**2))``.

    Parameters
    ----------
    stamps : sequence of float
        Pulses of one run (s), in any order.
    tr : float
        Nominal TR (s).

    Returns
    -------
    GridFit or None
        None if there are fewer than three pulses on one grid.

    Raises
    ------
    BadInput
        If the TR or a stamp is no usable number.
    """
    if not (math.isfinite(tr) and tr > 0):
        raise BadInput(f"TR {tr!r}: a number of seconds above 0 is needed")
    times = np.asarray(stamps, float)
    if times.ndim != 1 or not np.all(np.isfinite(times)):
        raise BadInput("pulse stamps: a row of finite numbers (s) is needed")
    if len(times) < _LEAST:
        return None
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    origin = float(ordered[0])
    line = _grow(ordered - origin, _rhythm(np.diff(ordered), tr))
    if line is None:
        return None
    start, step = line.start, line.step
    first = int(line.indices[line.indices >= 0].min())
    indices = np.full(len(times), -1, np.int64)
    indices[order] = np.where(line.indices >= 0, line.indices - first, -1)
    off = np.empty(len(times))
    since = ordered - origin - start
    off[order] = since - np.round(since / step) * step
    return GridFit(
        phase=origin + start + first * step,
        tr=step,
        ppm=(step / tr - 1.0) * 1e6,
        ppm_se=line.step_se / tr * 1e6,
        sd=line.sd,
        indices=indices,
        residuals=np.where(indices >= 0, off, np.nan),
        off=off,
    )


def _rhythm(intervals: Floats, tr: float) -> float:
    """Return the interval of one volume (s) by the median, whatever is missing."""
    real = intervals[intervals > 0.1 * tr]  # doubled pulses say nothing
    if len(real) == 0:
        return tr
    volumes = np.maximum(np.round(real / tr), 1.0)
    near = np.abs(real / volumes - tr) < ON_GRID * tr
    if np.mean(near) > 0.5 and (np.mean(volumes[near] == 1) > 0.2 or near.sum() < _LEAST):
        return float(np.median((real / volumes)[near]))
    return float(np.median(real))


@dataclass(frozen=True, eq=False)
class _Line:
    start: float
    step: float
    step_se: float
    sd: float
    indices: Ints


def _grow(times: Floats, step: float) -> _Line | None:
    """Fit the line to the first pulses, then to twice as many, up to all."""
    start = _best_phase(times[:_WINDOW], step)
    size = min(_WINDOW, len(times))
    while True:
        line: _Line | None = None
        for _ in range(3):  # the better the line, the better the volumes, and so again
            indices = _volumes(times[:size], start, step)
            if np.sum(indices != _NONE) < _LEAST:
                break
            line = _robust_line(times[:size], indices)
            start, step = line.start, line.step
        if size == len(times):
            return None if line is None else _from_zero(line)
        size = min(2 * size, len(times))


_NONE = np.iinfo(np.int64).min


def _from_zero(line: _Line) -> _Line:
    """Move the volumes so that the lowest is 0 and unused pulses are -1."""
    used = line.indices != _NONE
    low = int(line.indices[used].min())
    indices = np.where(used, line.indices - low, -1)
    return _Line(line.start + low * line.step, line.step, line.step_se, line.sd, indices)


def _best_phase(times: Floats, step: float) -> float:
    """Return the pulse that most of the others are whole steps away from."""
    apart = (times[None, :] - times[:, None]) / step
    off = np.abs(apart - np.round(apart))
    support = np.sum(off < 0.5 * ON_GRID, axis=1)
    near = np.where(off < 0.5 * ON_GRID, off, 0.0).sum(axis=1)
    best = np.lexsort((near, -support))[0]
    return float(times[best])


def _volumes(times: Floats, start: float, step: float) -> Ints:
    """Give each pulse its volume; the nearest one only, where a volume has several."""
    at = (times - start) / step
    indices = np.round(at).astype(np.int64)
    off = np.abs(at - indices)
    indices[off > ON_GRID] = _NONE
    order = np.lexsort((off, indices))
    again = np.zeros(len(times), bool)
    again[order[1:]] = indices[order[1:]] == indices[order[:-1]]
    indices[again] = _NONE
    return indices


def _robust_line(times: Floats, indices: Ints) -> _Line:
    used = indices != _NONE
    y, x = times[used], indices[used].astype(float)
    middle = x.mean()
    x = x - middle
    weights = np.ones(len(y))
    level, slope, scale, u = 0.0, 0.0, 0.0, np.zeros(len(y))
    for _ in range(50):
        total = weights.sum()
        mean = (weights * x).sum() / total
        spread = (weights * (x - mean) ** 2).sum()
        before = slope
        slope = float((weights * (x - mean) * y).sum() / spread)
        level = float((weights * y).sum() / total - slope * mean)
        rest = y - level - slope * x
        scale = max(_MAD * float(np.median(np.abs(rest))), _NO_SPREAD)
        u = rest / (_TUKEY * scale)
        weights = np.where(np.abs(u) < 1, (1 - u**2) ** 2, 0.0)
        if np.sum(weights > 0) < _LEAST:
            weights = np.ones(len(y))
            break
        if abs(slope - before) < _STILL:
            break
    psi = rest * weights
    inner = np.abs(u) < 1
    steep = float(np.mean(np.where(inner, (1 - u**2) * (1 - 5 * u**2), 0.0)))
    freedom = max(len(y) - 2, 1)
    variance = float((psi**2).sum()) / freedom / max(steep, 0.1) ** 2
    se = math.sqrt(variance / float((x**2).sum()))
    return _Line(level - slope * middle, slope, se, scale, indices)
