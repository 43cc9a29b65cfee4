"""Frame intervals on their way to the log."""

from __future__ import annotations

from experiment.equipment import Log

_BATCH = 0.1  # s of frame intervals in one log line


class FrameIntervals:
    """Gathers flip stamps and logs them as intervals (whole microseconds), a few at a time."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._first: float | None = None
        self._last = 0.0
        self._intervals: list[int] = []

    def add(self, stamp: float) -> None:
        """Take the stamp of a flip (s, session clock)."""
        if self._first is None:
            self._first = self._last = stamp
            return
        self._intervals.append(round((stamp - self._last) * 1e6))
        self._last = stamp
        if stamp - self._first >= _BATCH:
            self._put()

    def flush(self) -> None:
        """Log what is left; the next frame begins anew."""
        if self._intervals:
            self._put()
        self._first = None

    def _put(self) -> None:
        self._log.add("frames", self._first, us=self._intervals)
        self._first = self._last
        self._intervals = []
