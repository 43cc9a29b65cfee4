"""What all sources of volume pulses share: counting, recording and watching them."""

from __future__ import annotations

import math
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from typing import Any

from experiment.clock import Clock
from experiment.errors import BadInput
from experiment.events import KeyEvent, Pulse
from hardware.pulse_faults import NEWS, PulseFault
from hardware.pulse_grid import fit_grid
from hardware.pulse_watch import PulseWatch
from hardware.record import Faults, Record

_BEFORE = 256  # pulses that are kept while no run is armed


class PulseSource(ABC):
    """Where volume pulses come from. A source calls `_pulse` for each, `_fault` for each trouble.

    Parameters
    ----------
    name : str
    clock : Clock
        Wakes the watch when nothing comes.
    record : Record
        Takes ``pulse``, ``fault``, ``pulses_back``, ``pulse_count`` and ``pulse_grid`` events.
    tr : float
        Nominal TR (s).

    Raises
    ------
    BadInput
        If the TR can't be.
    """

    def __init__(self, name: str, clock: Clock, record: Record, tr: float) -> None:
        if not (math.isfinite(tr) and tr > 0):
            raise BadInput(f"TR {tr!r}: a number of seconds above 0 is needed")
        self.name = name
        self._clock = clock
        self._record = record
        self._tr = tr
        self._lock = threading.Lock()
        self._new: deque[Pulse] = deque()
        self._faults = Faults(record)
        self._count = 0
        self._before: deque[float] = deque(maxlen=_BEFORE)
        self._watch: PulseWatch | None = None
        self._since = 0.0
        self._stamps: list[float] = []
        self._woken_at = math.inf
        self._blind = False

    def arm(
        self,
        volumes: int | None = None,
        *,
        since: float | None = None,
        lasts: float | None = None,
    ) -> None:
        """Say that the run now waits for its first pulse; the pulses are watched from here on.

        Parameters
        ----------
        volumes : int or None
            How many the scanner will send, dummy volumes included, where that is known.
        since : float or None
            Since when the run has been waiting (s, session clock); None for now.
        lasts : float or None
            How long the run is planned to last from its first pulse (s), where that is known.
        """
        self.disarm()
        since = self._clock.now() if since is None else since
        sends = self._start()
        expected = sends if volumes is None else volumes
        if expected != 0:
            self._watch_from(since, expected, lasts)

    def last_for(self, lasts: float) -> None:
        """Say how long the run lasts from its first pulse (s), now that a pause was added."""
        with self._lock:
            if self._watch is not None:
                self._watch.last_for(lasts)
                self._wake()

    def disarm(self) -> None:
        """Say that the run is over: pulses may end now without that being a fault.

        A ``pulse_count`` event says what was counted, up to which pulse, and what that tells of the
        first one (`PulseWatch.first`).
        """
        with self._lock:
            watch, self._watch = self._watch, None
            if watch is None:
                return
            now = self._clock.now()
            self._tell(watch.finish(now))
            stamps, self._stamps = self._stamps, []
            self._before.extend(stamps[-_BEFORE:])
            self._record(
                "pulse_count",
                now,
                since=self._since,
                until=self._count,
                pulses=len(stamps),
                volumes=watch.volume,
                expected=watch.expected,
                first=watch.first,
            )
        fit = fit_grid(stamps, self._tr)
        if fit is not None:
            self._record(
                "pulse_grid",
                now,
                pulses=len(stamps),
                tr=round(fit.tr, 9),
                ppm=round(fit.ppm, 3),
                ppm_se=round(fit.ppm_se, 3),
                residual_sd=round(fit.sd, 7),
                missing=len(fit.missing),
                surplus=fit.surplus,
            )

    def poll(self) -> list[Pulse]:
        """Return the pulses that came since the last call."""
        return [self._new.popleft() for _ in range(len(self._new))]

    def keys(self) -> list[KeyEvent]:
        """Return presses of the device's own buttons since the last call."""
        return []

    def faults(self) -> list[str]:
        """Return the names of the faults since the last call."""
        return self._faults.take()

    @abstractmethod
    def close(self) -> None:
        """Stop reading."""

    def _start(self) -> int | None:
        """Start what is to follow from being armed; return how many volumes will come, if known."""
        return None

    def _watch_from(self, since: float, volumes: int | None, lasts: float | None) -> None:
        with self._lock:
            self._since = since
            early = [t for t in self._before if t < since]
            waited = [t for t in self._before if t >= since]
            self._before.clear()
            self._watch = PulseWatch(self._tr, volumes, before=early, lasts=lasts)
            for t in waited:
                self._feed(t)

    def _pulse(self, t: float) -> None:
        """Take a pulse (s, session clock)."""
        with self._lock:
            self._count += 1
            self._record("pulse", t, n=self._count)
            self._new.append(Pulse(t, self._count))
            self._feed(t)

    def _fault(self, what: str, t: float, **detail: Any) -> None:
        """Record a fault and keep its name for the player."""
        self._faults.add(what, t, **detail)

    def _look_away(self, *, away: bool) -> None:
        """Say that pulses can't be seen for now, or can again: silence means nothing meanwhile."""
        with self._lock:
            self._blind = away
            if self._watch is not None and not away:
                self._watch.seen_from(self._clock.now())
            self._wake()

    def _feed(self, t: float) -> None:
        if self._watch is None or t < self._since:
            self._before.append(t)
            return
        self._stamps.append(t)
        self._tell(self._watch.pulse(t))
        self._wake()

    def _wake(self) -> None:
        """Have the watch look again when it asks for it; one call is under way at a time."""
        due = None if self._watch is None or self._blind else self._watch.next_due()
        if due is not None and due < self._woken_at:
            self._woken_at = due
            self._clock.call_at(due, lambda: self._look(due))

    def _look(self, due: float) -> None:
        with self._lock:
            if due != self._woken_at:
                return  # an earlier call has taken its place
            self._woken_at = math.inf
            if self._watch is not None and not self._blind:
                self._tell(self._watch.tick(self._clock.now()))
                self._wake()

    def _tell(self, faults: Sequence[PulseFault]) -> None:
        for fault in faults:
            if fault.what in NEWS:
                self._record(fault.what, fault.t, volume=fault.volume, **fault.detail)
            else:
                self._fault(fault.what, fault.t, volume=fault.volume, **fault.detail)
