"""Frame intervals on their way to the log, and whether too many frames were dropped."""

from __future__ import annotations

from experiment.equipment import Log
from hardware.record import Faults

_BATCH = 0.1  # s of frame intervals in one log line
_SPAN = 10.0  # s in which dropped frames are counted together
_MANY = 0.5  # s of them in a span: more is a fault
DROPPED = 1.2  # frames; PsychoPy's own rule for a dropped frame


class FrameIntervals:
    """Gathers flip stamps and logs them as intervals (whole microseconds), a few at a time.

    A machine that is too busy to draw in time is a fault, ``frames_dropped``: once in ten seconds
    in which half a second's frames or more were not shown.

    Parameters
    ----------
    log : Log
        Takes ``frames`` and ``fault`` events.
    period : float
        Nominal frame (s).
    """

    def __init__(self, log: Log, period: float) -> None:
        self._log = log
        self._period = period
        self._first: float | None = None
        self._last = 0.0
        self._intervals: list[int] = []
        self._faults = Faults(log.add)
        self._span_ends = 0.0
        self._dropped = 0
        self._told = False

    def add(self, stamp: float) -> None:
        """Take the stamp of a flip (s, session clock)."""
        if self._first is None:
            self._first = self._last = stamp
            return
        interval = stamp - self._last
        self._intervals.append(round(interval * 1e6))
        self._last = stamp
        if interval > DROPPED * self._period:
            self._drop(stamp, interval)
        if stamp - self._first >= _BATCH:
            self._put()

    def faults(self) -> list[str]:
        """Return the names of the faults since the last call."""
        return self._faults.take()

    def flush(self) -> None:
        """Log what is left; the next frame begins anew."""
        if self._intervals:
            self._put()
        self._first = None

    def _drop(self, stamp: float, interval: float) -> None:
        """Count the frames that an interval was too long for."""
        if stamp > self._span_ends:
            self._span_ends, self._dropped, self._told = stamp + _SPAN, 0, False
        self._dropped += max(round(interval / self._period) - 1, 1)
        if not self._told and self._dropped * self._period >= _MANY:
            self._told = True
            self._faults.add("frames_dropped", stamp, count=self._dropped, within=_SPAN)

    def _put(self) -> None:
        self._log.add("frames", self._first, us=self._intervals)
        self._first = self._last
        self._intervals = []
