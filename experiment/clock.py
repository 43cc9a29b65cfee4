"""The session clock: monotonic seconds since the session began, real or virtual."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Protocol

Callback = Callable[[], None]
_WAKE_EARLY = 0.001  # s
_NAP = 0.0001  # s


def utc_offset() -> int:
    """Return by how many seconds this machine's local time is ahead of UTC just now."""
    ahead = datetime.now().astimezone().utcoffset()
    return 0 if ahead is None else round(ahead.total_seconds())


class Clock(Protocol):
    """Monotonic seconds since the session began, and calls that are due at a time of it.

    Attributes
    ----------
    zero : float
        `time.perf_counter` (s) at 0, so that stamps of other processes of this machine can be put
        on this clock; 0 on a virtual clock.
    failure : BaseException or None
        What a due call raised. Nothing more runs then: whoever uses the clock has to stop.
    """

    zero: float
    failure: BaseException | None

    def now(self) -> float:
        """Return the time (s)."""
        ...

    def call_at(self, t: float, callback: Callback) -> None:
        """Have `callback` run at time `t` (s), off the caller's loop."""
        ...

    def utc(self) -> str:
        """Return the present instant in UTC, ISO 8601 with microseconds."""
        ...

    def utc_at(self, t: float) -> str:
        """Return a recent time of this clock (s) in UTC, ISO 8601 with microseconds."""
        ...

    def sleep_until(self, t: float) -> None:
        """Return at time `t` (s), or at once if it has passed."""
        ...

    def skip_to(self, frame: float, horizon: float | None) -> float:
        """Return until when an idle loop may sleep.

        Parameters
        ----------
        frame : float
            When the next frame is due (s).
        horizon : float or None
            When the loop itself has something to do (s); None if it only waits.
        """
        ...

    def close(self) -> None:
        """Drop what is still due."""
        ...


class RealClock:
    """`time.perf_counter`, counted from `zero`; one thread runs what is due.

    Parameters
    ----------
    zero : float or None
        `perf_counter` value that counts as 0; the present one if None. Processes of one machine
        share this counter, so stamps taken in another process can be put on this clock.
    """

    def __init__(self, zero: float | None = None) -> None:
        self.zero = time.perf_counter() if zero is None else zero
        self._due: list[tuple[float, int, Callback]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._open = True
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
        self._thread.start()

    def now(self) -> float:
        return time.perf_counter() - self.zero

    def utc(self) -> str:
        return self.utc_at(self.now())

    def utc_at(self, t: float) -> str:
        moment = datetime.now(timezone.utc) - timedelta(seconds=self.now() - t)
        return moment.isoformat(timespec="microseconds")

    def call_at(self, t: float, callback: Callback) -> None:
        with self._changed:
            heapq.heappush(self._due, (t, next(self._order), callback))
            if self._due[0][2] is callback:
                self._changed.notify()

    def sleep_until(self, t: float) -> None:
        # Short sleeps rather than one long or a busy loop: precise to some 0.1 ms, and the other
        # threads (log, pulses, marker resets) get their turn.
        while (left := t - self.now()) > 0:
            time.sleep(left - _WAKE_EARLY if left > 2 * _WAKE_EARLY else _NAP)

    def skip_to(self, frame: float, horizon: float | None) -> float:  # noqa: ARG002
        return frame

    def close(self) -> None:
        with self._changed:
            self._open = False
            self._due.clear()
            self._changed.notify()
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._open and (not self._due or self._due[0][0] > self.now()):
                    wait = self._due[0][0] - self.now() if self._due else None
                    self._changed.wait(wait if wait is None else max(wait, 0.0))
                if not self._open:
                    return
                callback = heapq.heappop(self._due)[2]
            try:
                callback()
            except BaseException as error:
                self.failure = error
                raise


class VirtualClock:
    """A clock that stands still until it is advanced; due calls run while it advances.

    Parameters
    ----------
    utc : datetime or None
        UTC at its zero; the present if None.
    """

    zero = 0.0
    failure: BaseException | None = None  # a due call raises in the caller's own thread

    def __init__(self, utc: datetime | None = None) -> None:
        self._now = 0.0
        self._due: list[tuple[float, int, Callback]] = []
        self._order = itertools.count()
        self._utc_start = datetime.now(timezone.utc) if utc is None else utc

    def now(self) -> float:
        return self._now

    def utc(self) -> str:
        return self.utc_at(self._now)

    def utc_at(self, t: float) -> str:
        moment = self._utc_start + timedelta(seconds=t)
        return moment.isoformat(timespec="microseconds")

    def call_at(self, t: float, callback: Callback) -> None:
        heapq.heappush(self._due, (t, next(self._order), callback))

    def skip_to(self, frame: float, horizon: float | None) -> float:
        due = self._due[0][0] if self._due else None
        ahead = [t for t in (horizon, due) if t is not None]
        if not ahead:
            raise RuntimeError("a virtual session waits for something that will never happen")
        return max(frame, min(ahead))

    def sleep_until(self, t: float) -> None:
        """Move to time `t` (s), running every call that is due on the way, in order."""
        while self._due and self._due[0][0] <= t:
            due, _, callback = heapq.heappop(self._due)
            self._now = max(self._now, due)
            callback()
        self._now = max(self._now, t)

    def close(self) -> None:
        self._due.clear()


class FrameGrid:
    """Paces a display that does not wait for the vertical blank, and one that doesn't exist.

    Frames fall on a fixed grid. A late frame takes the next slot, so that it can't move the ones
    behind it, as on a real display.

    Parameters
    ----------
    clock : Clock
    period : float
        Seconds from frame to frame.
    """

    def __init__(self, clock: Clock, period: float) -> None:
        self._clock = clock
        self._period = period
        self._start = clock.now()
        self._slot = 0

    def due(self) -> float:
        """Return when the next frame is due (s)."""
        late = self._clock.now() - self._time(self._slot + 1)
        if late > 0:
            self._slot += int(late / self._period)
            if late % self._period > self._period * _TOO_LATE:
                self._slot += 1
        return self._time(self._slot + 1)

    def wait(self, horizon: float | None) -> None:
        """Wait for the next frame's slot; on a virtual clock for the next one of interest."""
        due = self.due()
        target = self._clock.skip_to(due, horizon)
        ahead = int((target - self._period / 2 - due) / self._period)
        self._slot += 1 + max(ahead, 0)
        self._clock.sleep_until(self._time(self._slot))

    def _time(self, slot: int) -> float:
        return self._start + slot * self._period


_TOO_LATE = 0.1  # of a frame: later than this, a frame is shown in the next slot
