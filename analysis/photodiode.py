"""A photodiode's recording joined with a log: when the light of each marked screen really came.

The recording is a CSV file with the columns ``time`` (s, on the recorder's clock) and ``value``
(any unit), and, if the recorder saw the trigger port too, ``marker``: the code on its lines, 0 in
between. With markers, the recorder's clock is laid over the session's by their sequence, and the
lag from each flip's stamp to the light is known. Without, the clocks are laid over each other by
the flashes themselves: then only the lag's spread and differences between screens are known, not
its mean.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from analysis.bids_events import table_of
from analysis.runs import runs_of
from experiment.errors import BadInput
from experiment.readlog import SessionLog

Array = npt.NDArray[np.float64]
_REFRACTORY = 0.025  # s within which the light can't come twice: a screen is scanned line by line
_APART = 2e-4  # of the recorder's clock from the computer's; a quartz is better by ten times
_NEAR = 0.012  # s within which a flash and a marked step are taken for one, once the clocks fit
_LEAST = 5  # so many pairs are needed to fit two clocks
_VOTES = 150  # of our times that are counted at most
_RIVAL = 0.9  # share of the best fit's pairs with which another fit is as good
_ENOUGH = 0.5  # share of the marked steps whose flash must be found
_NUMBERS = "numbers are needed in the columns time, value and marker, with points (3.5)"


@dataclass(frozen=True)
class Recording:
    """What a photodiode saw.

    Parameters
    ----------
    flashes : array
        When the light came (s, recorder's clock).
    markers : tuple of (float, int), or None
        When codes appeared on the trigger lines (s, recorder's clock), and which; None if the file
        has no such column.
    begin, end : float
        Of the recording (s).
    """

    flashes: Array
    markers: tuple[tuple[float, int], ...] | None
    begin: float
    end: float


@dataclass(frozen=True)
class Lag:
    """The light of one marked step.

    Parameters
    ----------
    step : int
    screen : str
    marker : str
    code : int
    flip : float
        Session clock (s).
    lag : float or None
        From the flip's stamp to the light (s); None where no flash was found. Where the recording
        has no markers, from the mean of all.
    """

    step: int
    screen: str
    marker: str
    code: int
    flip: float
    lag: float | None


@dataclass(frozen=True)
class Joined:
    """A recording on a session's clock.

    Parameters
    ----------
    lags : tuple of Lag
        One for each marked step that the recording covers.
    ratio : float
        Seconds of the recorder's clock to one of the session's.
    absolute : bool
        Whether the lags' mean is known.
    surplus : int
        Flashes that belong to no marked step.
    """

    lags: tuple[Lag, ...]
    ratio: float
    absolute: bool
    surplus: int

    @property
    def found(self) -> Array:
        """The lags (s) of the flashes that were found."""
        return np.array([lag.lag for lag in self.lags if lag.lag is not None], float)


# --- the recording --------------------------------------------------------------------------------


def read_recording(file: Path) -> Recording:
    """Read a recording and find the flashes in it.

    Raises
    ------
    BadInput
        If it isn't such a CSV file, times don't rise, or nothing flashes in it.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            header = [name.strip().lower() for name in next(reader, [])]
            if "time" not in header or "value" not in header:
                raise BadInput(
                    f"{file}:1: columns time and value are needed, marker if there is one, with "
                    "commas between them and points in numbers (3.5)"
                )
            places = [header.index(name) for name in ("time", "value", "marker") if name in header]
            table = np.array(list(_numbers(reader, places, file)), float)
    except OSError as error:
        raise BadInput(f"{file}: can't be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error):
        raise BadInput(f"{file}: not a text file; save the recording as CSV") from None
    if len(table) < 2:
        raise BadInput(f"{file}: no recording in it: {len(table)} samples")
    times = table[:, 0]
    backwards = np.flatnonzero(np.diff(times) <= 0)
    if len(backwards):
        raise BadInput(f"{file}:{backwards[0] + 3}: the time does not rise from the line before")
    flashes = flashes_in(times, table[:, 1])
    if not len(flashes):
        raise BadInput(
            f"{file}: nothing flashes in it; is the photodiode on the patch, and is "
            "screen.photodiode set in study.yaml?"
        )
    markers = _codes(times, table[:, 2]) if table.shape[1] == 3 else None
    return Recording(flashes, markers, float(times[0]), float(times[-1]))


def _numbers(
    reader: Iterator[list[str]], places: Sequence[int], file: Path
) -> Iterator[list[float]]:
    for number, row in enumerate(reader, start=2):
        if not row:
            continue
        try:
            values = [float(row[place]) for place in places]
        except (ValueError, IndexError):
            raise BadInput(f"{file}:{number}: {_NUMBERS}") from None
        if not all(map(np.isfinite, values)):
            raise BadInput(f"{file}:{number}: {_NUMBERS}")
        yield values


def flashes_in(times: Array, values: Array) -> Array:
    """Return when the light came: where it rises through the middle between dark and light.

    Dark is the median, light what only one sample in 5000 exceeds, and two at least, so that a lone
    spike is none; a flash ends where the signal falls below a quarter of the way. Between samples,
    the time is interpolated.

    Parameters
    ----------
    times : array
        s, rising.
    values : array
        Any unit; light is more than dark.
    """
    dark = float(np.median(values))
    light = float(np.sort(values)[-min(max(len(values) // 5000, 3), len(values))])
    noise = 1.4826 * float(np.median(np.abs(values - dark)))
    if light - dark <= max(10 * noise, 1e-12):
        return np.array([])
    share = (values - dark) / (light - dark)
    rises = np.flatnonzero((share[:-1] < 0.5) & (share[1:] >= 0.5))
    low = np.flatnonzero(share < 0.25)
    found: list[float] = []
    last = -1
    for place in rises:
        since = np.searchsorted(low, place, side="right")
        if found and (since == 0 or low[since - 1] <= last):
            continue  # it never went dark in between
        part = (0.5 - share[place]) / (share[place + 1] - share[place])
        t = float(times[place] + part * (times[place + 1] - times[place]))
        if not found or t - found[-1] > _REFRACTORY:
            found.append(t)
            last = int(place)
    return np.array(found)


def _codes(times: Array, values: Array) -> tuple[tuple[float, int], ...]:
    codes = np.rint(values).astype(int)
    changed = np.flatnonzero(np.diff(codes, prepend=0) != 0)
    # A code came at some time since the sample before: half-way is right on average.
    came = np.concatenate([times[:1], (times[1:] + times[:-1]) / 2])
    return tuple((float(came[i]), int(codes[i])) for i in changed if codes[i] != 0)


# --- laying clocks over each other ----------------------------------------------------------------


@dataclass(frozen=True)
class _Line:
    """Another clock's time as a line over ours: ``other = ratio * ours + offset``."""

    ratio: float
    offset: float

    def ours(self, other: Array) -> Array:
        return (other - self.offset) / self.ratio


def _fit(ours: Array, others: Array, same: npt.NDArray[np.bool_], file: Path) -> _Line:
    """Fit two clocks by things that both have seen, some of which either may lack.

    The differences of all possible pairs are counted, for each ratio that clocks can have; where
    most agree, pairs are made, and a line is fitted to them by least squares, twice.

    Parameters
    ----------
    ours, others : array
        Times (s), rising.
    same : array of bool, shape (ours, others)
        Which could be the same.
    """
    votes = slice(None, None, len(ours) // _VOTES + 1)
    span = max(float(ours[-1] - ours[0]), 1.0)
    ratios = 1 + np.arange(-_APART, _APART + 1e-12, _NEAR / 2 / span)
    middle = ours.mean()
    best, rival, line = 0, 0, _Line(1.0, 0.0)
    for ratio in ratios:
        moved = middle + ratio * (ours[votes] - middle)
        apart = np.sort((others[None, :] - moved[:, None])[same[votes]])
        if not len(apart):
            break
        within = np.searchsorted(apart, apart + _NEAR, side="right") - np.arange(len(apart))
        place = int(within.argmax())
        if within[place] > best:
            best = int(within[place])
            offset = float(np.median(apart[place : place + best]))
            line = _Line(float(ratio), offset + middle * (1 - float(ratio)))
            elsewhere = within[np.abs(apart - offset) > 4 * _NEAR]
            rival = int(elsewhere.max(initial=0))
    if rival > _RIVAL * best:
        raise BadInput(
            f"{file}: fits the log in more than one way, for its markers come too regularly; "
            "record the trigger port's codes beside the light (column marker)"
        )
    for _ in range(2):
        pairs = [
            (ours[i], others[j]) for i, j in _pairs(line.ratio * ours + line.offset, others, same)
        ]
        if len(pairs) < max(_LEAST, _ENOUGH * len(ours)):
            raise BadInput(
                f"{file}: does not fit the log: {len(pairs)} of {len(ours)} marked steps are found "
                "in it; is it the recording of this session?"
            )
        a, b = np.array(pairs).T
        slope, rest = np.polyfit(a - middle, b, 1)
        line = _Line(float(slope), float(rest - slope * middle))
    return line


def _pairs(ours: Array, others: Array, same: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield which of two rows of times on one clock are the same: the nearest ones."""
    for i, t in enumerate(ours):
        possible = np.flatnonzero(same[i] & (np.abs(others - t) <= _NEAR))
        if len(possible):
            yield i, int(possible[np.abs(others[possible] - t).argmin()])


# --- joining --------------------------------------------------------------------------------------


def join(log: SessionLog, file: Path) -> Joined:
    """Join a recording with a log.

    Raises
    ------
    BadInput
        If the session had no patch for a photodiode, the file is no recording, is of another
        session, or has no flash of any marked step.
    """
    if log.header["protocol"]["screen"].get("photodiode") is None:
        raise BadInput(
            f"{log.file}: this session showed no patch for a photodiode; set screen.photodiode in "
            "study.yaml before a session"
        )
    recording = read_recording(file)
    steps = list(_marked(log))
    if len(steps) < _LEAST:
        raise BadInput(f"{log.file}: {len(steps)} marked steps; {_LEAST} are needed for two clocks")
    flips = np.array([lag.flip for lag in steps])
    if recording.markers is None:
        every = np.ones((len(flips), len(recording.flashes)), bool)
        line = _fit(flips, recording.flashes, every, file)
    else:
        line = _by_markers(log, recording.markers, file)
    on_ours = line.ours(recording.flashes)
    covered = line.ours(np.array([recording.begin, recording.end]))
    lags: list[Lag] = []
    taken: set[int] = set()
    reach = (-_NEAR, _NEAR) if recording.markers is None else _REACH
    for lag in steps:
        if not covered[0] <= lag.flip <= covered[1]:
            continue
        apart = on_ours - lag.flip
        possible = [
            int(i)
            for i in np.flatnonzero((apart >= reach[0]) & (apart <= reach[1]))
            if int(i) not in taken
        ]
        found = min(possible, key=lambda i: abs(float(apart[i])), default=None)
        if found is not None:
            taken.add(found)
        value = None if found is None else round(float(apart[found]), 6)
        lags.append(Lag(lag.step, lag.screen, lag.marker, lag.code, lag.flip, value))
    if not taken:
        raise BadInput(
            f"{file}: fits the log, but no flash of it lies {reach[0]:g} to {reach[1]:g} s from "
            f"any of {len(lags)} marked flips; is the photodiode on the patch, and other light "
            "kept off it?"
        )
    surplus = len(recording.flashes) - len(taken)
    return Joined(tuple(lags), line.ratio, recording.markers is not None, surplus)


_REACH = (-0.05, 0.2)  # s from a flip in which its light may come


def _by_markers(log: SessionLog, markers: Sequence[tuple[float, int]], file: Path) -> _Line:
    sent = [(float(event["begun"]), int(event["code"])) for event in log.of("marker_sent")]
    if len(sent) < _LEAST or len(markers) < _LEAST:
        raise BadInput(
            f"{file}: {len(markers)} markers in it, {len(sent)} in the log; {_LEAST} are needed to "
            "lay its clock over the session's. Leave the column marker out to do without"
        )
    same = np.array([[code == other for _, other in markers] for _, code in sent])
    ours, others = (np.array([t for t, _ in row]) for row in (sent, markers))
    return _fit(ours, others, same, file)


def _marked(log: SessionLog) -> Iterator[Lag]:
    for run in runs_of(log):
        for event in run.steps:
            onset, mark = run.onsets.get(event["n"]), run.planned.get(event["n"])
            if onset is not None and mark is not None:
                screen = event["step"]["screen"]["kind"]
                t = float(onset["t"])
                yield Lag(event["n"], screen, mark["name"], int(mark["code"]), t, None)


# --- telling --------------------------------------------------------------------------------------


def about_lags(joined: Joined) -> list[str]:
    """Return a join as lines for the analyst."""
    found = joined.found * 1e3
    lines = [
        f"photodiode    {len(found)} of {len(joined.lags)} marked steps flashed; "
        f"{joined.surplus} flashes of no step; recorder's clock {1e6 * (joined.ratio - 1):+.1f} ppm"
    ]
    if joined.absolute:
        lines.append(
            f"light         flip to light mean {found.mean():.2f} SD {found.std():.2f} min "
            f"{found.min():.2f} max {found.max():.2f} ms (screen.photodiode_offset_ms: "
            f"{found.mean():.1f})"
        )
    else:
        lines.append(
            f"light         SD {found.std():.2f} ms about a mean that can't be known: no markers "
            "in the recording"
        )
    for screen in sorted({lag.screen for lag in joined.lags}):
        seen = [g.lag for g in joined.lags if g.screen == screen and g.lag is not None]
        own = np.array(seen, float) * 1e3
        if len(own):
            lines.append(f"  {screen}: {len(own)}, mean {own.mean():+.2f} SD {own.std():.2f} ms")
        else:
            lines.append(f"  {screen}: none was seen")
    return lines


def lag_table(joined: Joined) -> str:
    """Return the lags as tab-separated values, one row for each marked step."""
    columns = ("step", "screen", "marker", "code", "flip", "lag")
    return table_of(
        ({name: getattr(lag, name) for name in columns} for lag in joined.lags), columns
    )
