"""A scanner on the session clock, for rehearsals and tests without any port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from experiment.clock import Clock
from hardware.pulse_source import PulseSource
from hardware.record import Record


class MockScanner(PulseSource):
    """A scanner on the session clock: starts some seconds after it is armed.

    Parameters
    ----------
    clock : Clock
    record : Record
        Takes ``pulse``, ``fault``, ``pulses_back``, ``pulse_count`` and ``pulse_grid`` events.
    tr : float
        Nominal TR (s).
    volumes : int
        How many it means to send.
    start_after : float
        Seconds from arming to the first pulse.
    offsets : sequence of float or None
        When pulses come (s after volume 1 is due), faults and all; None for a perfect scanner.
        `SimulatedScan.offsets` makes such.
    """

    def __init__(
        self,
        clock: Clock,
        record: Record,
        tr: float,
        volumes: int,
        start_after: float = 3.0,
        offsets: Sequence[float] | None = None,
    ) -> None:
        super().__init__("mock:", clock, record, tr)
        self._volumes = volumes
        self._start_after = start_after
        self._offsets = None if offsets is None else tuple(sorted(offsets))
        self._scans = 0

    def _start(self) -> int:
        self._scans += 1
        self._next(_MockScan(self._scans, self._clock.now() + self._start_after), 0)
        return self._volumes

    def disarm(self) -> None:
        """Say that the run is over; the scan ends with it, so that the next run has its own."""
        super().disarm()
        self._scans += 1  # what is still due is of no scan any more

    def close(self) -> None:
        self.disarm()

    def _next(self, scan: _MockScan, place: int) -> None:
        if self._offsets is None:
            offset = place * self._tr if place < self._volumes else None
        else:
            offset = self._offsets[place] if place < len(self._offsets) else None
        if offset is not None:
            t = scan.start + offset
            self._clock.call_at(t, lambda: self._send(scan, t, place))

    def _send(self, scan: _MockScan, t: float, place: int) -> None:
        if scan.number != self._scans:
            return  # over, or the operator has started another scan
        self._pulse(t)
        self._next(scan, place + 1)


@dataclass(frozen=True)
class _MockScan:
    """One scan of the mock: which one it is, and when it starts (s)."""

    number: int
    start: float
