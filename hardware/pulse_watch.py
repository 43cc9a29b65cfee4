"""Volume pulses, watched while a run goes on: `PulseWatch` names what is wrong as it happens.

What a stream of pulses can't tell: whether the first ones were lost. If k first pulses never
arrive, all later ones look right. It shows live only against something else: pulses that came
before the run waited for one; and at the end against the number that the scanner sends, where it
can't be told from a scan that was stopped k volumes early, and is not claimed to be
(``volumes_short``). Where that number isn't known either, `PulseWatch.first` says so.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Sequence
from typing import Literal

import numpy as np

from experiment.errors import BadInput
from hardware.pulse_beat import Beat
from hardware.pulse_faults import FaultKind, PulseFault, Tallies
from hardware.pulse_grid import ON_GRID

First = Literal["late", "short", "counted", "unknown"]

_LOST = (3, 12)  # pulses in a row that are lost by chance: at least, and at most
_CHANCE = 1e-5  # so unlikely a row of lost ones is no chance any more: the scanner has stopped
_EXPECTED_LOSS = (0.2, 10.0)  # lost, of so many, that a scan is believed to have before any is seen
_DOUBLED = (0.02, 0.1)  # s and TR; a second pulse within the smaller of them is a bounce
_QUIET = 10.0  # TR in which faults of one kind are told together
_RHYTHM = 3  # equal intervals in a row that are believed
_RHYTHM_DROPS = 5  # the same in mid-run for multiples and halves of TR: drops, strays look alike
_OTHER = 0.03  # of TR; intervals that differ less are left to the slow check
_EVEN = 0.1  # of an interval: equal intervals spread no more
_SLOW = (10, 0.1, 0.02, 5e-4)  # slots, TR, s and ratio off the nominal grid: another TR
_SETTLED = 5  # slots until the phase is steady
_SHORT = (5, 0.1)  # pulses and share of all: so few short at the end may be lost first ones
_GAIN = 0.2  # share of a pulse's deviation by which the grid follows it


class PulseWatch:
    """Watches the pulses of one run as they come.

    Each call takes some microseconds whatever came before. Faults of one kind within 10 TR of one
    that was told are gathered and told together.

    Parameters
    ----------
    tr : float
        Nominal TR (s).
    volumes : int or None
        How many the scanner will send (dummy volumes included); no pulse is missed after them.
    before : sequence of float
        Pulses that came before the run waited for them (s): a scan that was running already makes
        the first pulse of the run a later volume.
    lasts : float or None
        How long the run is planned to last from its first pulse (s), where that is known; see
        `last_for`.

    Raises
    ------
    BadInput
        If TR or number can't be.
    """

    def __init__(
        self,
        tr: float,
        volumes: int | None = None,
        *,
        before: Sequence[float] = (),
        lasts: float | None = None,
    ) -> None:
        if not (math.isfinite(tr) and tr > 0):
            raise BadInput(f"TR {tr!r}: a number of seconds above 0 is needed")
        if volumes is not None and volumes < 1:
            raise BadInput(f"{volumes} volumes expected: at least 1 is needed")
        self.volume = 0
        self._nominal = tr
        self._tr = tr
        self._stride = 1  # volumes from pulse to pulse: 2 behind an adapter that toggles
        self.expected = volumes
        self._before = tuple(before)
        self._count = 0  # pulses, bounces left out
        self._last = 0.0
        self._seen_from = -math.inf  # before, pulses could not be seen
        self._slot = 0.0  # the grid's time of the volume that came last
        self._slots = 0  # since the grid was found
        self._origin: tuple[float, int] | None = None
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RHYTHM_DROPS + 1)
        self._off: list[float] = []
        self._late = 0
        self._lasts = lasts
        self._lost = 0  # pulses, of so many volumes since the rhythm was found
        self._volumes = 0
        self._beat = Beat()
        self._stopped = False
        self._short = False
        self._over = False
        self._tallies = Tallies(_QUIET * tr, self._undecided)

    def last_for(self, lasts: float) -> None:
        """Say how long the run lasts from its first pulse (s): pauses make it longer.

        A scan that ends a little before its run does has not stopped for a fault, yet somebody is
        to know that the rest of the run has no volumes: ``scan_over``.
        """
        self._lasts = lasts
        self._over = False

    def seen_from(self, now: float) -> None:
        """Say that pulses could not be seen until now (s): that silence means nothing."""
        self._seen_from = now

    def pulse(self, t: float) -> list[PulseFault]:
        """Take a pulse (s) and return what is wrong."""
        found = self._tallies.gathered(t)
        if self._count == 0:
            return found + self._first(t)
        if t - self._last < min(_DOUBLED[0], _DOUBLED[1] * self._tr):
            return found + self._tallies.add("pulse_doubled", t, (t, self.volume))
        self._count += 1
        self._last = t
        rhythm = self._rhythm(t)
        found += self._slotted(t) if rhythm is None else self._changed(t, *rhythm)
        self._recent.append((t, self.volume))
        return found

    def tick(self, now: float) -> list[PulseFault]:
        """Return what is wrong by now (s), without a pulse."""
        found = self._tallies.gathered(now)
        if self._silent(now, self._patience):
            self._stopped = True
            found += self._extras(now) + self._ended(now)
        return found

    def next_due(self) -> float | None:
        """Return when `tick` should be called next (s); None if only a pulse can bring news."""
        times = [self._tallies.due()]
        if self._count and not self._done and not self._stopped:
            times.append(self._quiet_from + self._patience * self._tr)
        return min((t for t in times if t is not None), default=None)

    def finish(self, now: float) -> list[PulseFault]:
        """Return what was gathered and not yet told; the run is over (s).

        If a pulse is overdue by then and fewer came than the scanner sends, that is told too: a run
        often ends before the silence is long enough to be called a stop.
        """
        found = self._extras(now) if self._off else []
        found += self._tallies.rest(now)
        if self._silent(now, 1.0 + ON_GRID) and self.expected is not None and not self._all_came:
            found.append(self._shortage(now))
        return found

    @property
    def first(self) -> First:
        """What is known of the run's first pulse by now.

        ``late``: pulses came before it. ``short``: the scan ended with too few, so that it may be.
        ``counted``: as many came as the scanner sends. ``unknown``: nothing tells.
        """
        if self._late:
            return "late"
        if self._short:
            return "short"
        return "counted" if self._all_came else "unknown"

    @property
    def _all_came(self) -> bool:
        """Whether as many volumes came as the scanner sends."""
        if self.expected is None or self._count == 0:
            return False
        return self.volume + self._stride > self.expected

    @property
    def _needed(self) -> int | None:
        """The volume up to which the run lasts; None where that is not known."""
        if self._lasts is None:
            return None
        return self._late + math.ceil(self._lasts / self._tr - 0.01)

    @property
    def _done(self) -> bool:
        """Whether no more pulse is due."""
        if self._short or self._over:
            return True
        last = max(self.expected or 0, self._needed or 0)
        return last > 0 and self.volume + self._stride > last

    @property
    def _patience(self) -> float:
        """After how many TR without a pulse the scanner has stopped.

        Where pulses get lost, some are lost in a row. So many in a row that it is no chance any
        more, at the rate seen so far, are a stop: where each tenth is lost that takes five, where
        none is, three.
        """
        lost, of = _EXPECTED_LOSS
        rate = (self._lost + lost) / (self._volumes + of)
        in_a_row = math.ceil(math.log(_CHANCE) / math.log(rate))
        return min(max(in_a_row, _LOST[0]), _LOST[1]) + 0.5

    def _silent(self, now: float, limit: float) -> bool:
        """Whether the pulses have ended too early, after a silence of some TR."""
        if self._count == 0 or self._done or self._stopped:
            return False
        return now >= self._quiet_from + limit * self._tr

    @property
    def _quiet_from(self) -> float:
        return max(self._last, self._seen_from)

    # --- a pulse ----------------------------------------------------------------------------------

    def _first(self, t: float) -> list[PulseFault]:
        self._count = 1
        self._last = self._slot = t
        self._late = late = self._train(t)
        self.volume = 1 + late
        self._recent.append((t, self.volume))
        self._far_off(t)
        if not late:
            return []
        detail = {"shift": late, "source": "pulses_before_wait", "certain": True}
        return [PulseFault("late_first", t, self.volume, detail)]

    def _train(self, t: float) -> int:
        """Return how many volumes of the same scan came before the run waited for one."""
        train = 0
        after = t
        for earlier in reversed(self._before):
            if after - earlier < min(_DOUBLED[0], _DOUBLED[1] * self._tr):
                continue
            volumes = round((after - earlier) / self._tr)
            if volumes not in (1, 2) or abs(after - earlier - volumes * self._tr) > (
                ON_GRID * self._tr
            ):
                break
            train += volumes
            after = earlier
        return train

    def _slotted(self, t: float) -> list[PulseFault]:
        """Put a pulse into its place on the grid, or aside if it has none."""
        steps = round((t - self._slot) / self._tr)
        off = t - self._slot - steps * self._tr
        if steps >= 1 and abs(off) <= ON_GRID * self._tr:
            found = self._resumed(t, steps) + (self._extras(t) if self._count > _RHYTHM else [])
            found += self._far_off(t, off)
            gain = max(_GAIN, 1.0 / (self._slots + 2))
            self._slot += steps * self._tr + gain * off
            self._slots += steps
            return found + self._slow_check(t)
        if self._stopped:
            found = self._resumed(t, max(steps, 1))
            self._locked(t)
            return found
        self._off.append(t)
        return self._phase_jump(t)

    def _resumed(self, t: float, steps: int) -> list[PulseFault]:
        """Count the volumes up to this pulse, and those that are missing before it."""
        first = self.volume + self._stride
        missing = steps - 1
        found = self._tallies.add(
            "pulse_missed",
            t,
            *(
                (self._slot + (skipped + 1) * self._tr, first + skipped * self._stride)
                for skipped in range(missing)
            ),
        )
        self.volume += steps * self._stride
        if not self._stopped:
            self._lost += missing
            self._volumes += steps
        if self._stopped:
            found.append(PulseFault("pulses_back", t, self.volume, {"missed": missing}))
        self._stopped = self._short = self._over = False
        return found

    def _far_off(self, t: float, off: float = 0.0) -> list[PulseFault]:
        """Tell volumes' pulses that are far from their place."""
        far = self._beat.take(t, self.volume, off, self._tr)
        if far is None:
            return []
        return self._tallies.add("pulse_off_grid", t, *far.pulses, furthest=far.furthest)

    def _extras(self, now: float) -> list[PulseFault]:
        """Tell the pulses that had no place on the grid."""
        found = self._tallies.add("pulse_extra", now, *((t, self.volume) for t in self._off))
        self._off.clear()
        return found

    def _phase_jump(self, t: float) -> list[PulseFault]:
        """Move the grid if pulses go on at the right TR beside it."""
        if len(self._off) <= _RHYTHM:
            return []
        steps = np.diff(self._off[-_RHYTHM - 1 :])
        if np.any(np.abs(steps - self._tr) > _EVEN * self._tr):
            self._off, early = self._off[-_RHYTHM:], self._off[:-_RHYTHM]
            return self._tallies.add("pulse_extra", t, *((extra, self.volume) for extra in early))
        shift = math.remainder(t - self._slot, self._tr)
        self.volume += max(round((t - self._slot) / self._tr), 1) * self._stride
        self._off.clear()
        self._locked(t)
        return [PulseFault("pulse_extra", t, self.volume, {"count": 0, "shift_s": round(shift, 6)})]

    def _locked(self, t: float) -> None:
        self._slot = t
        self._slots = 0
        self._origin = None
        self._off.clear()
        self._beat.restart()

    # --- the rhythm -------------------------------------------------------------------------------

    def _rhythm(self, t: float) -> tuple[int, float, int] | None:
        """Return (intervals, mean interval, TRs in it) if the pulses keep to another rhythm."""
        for count in (_RHYTHM, _RHYTHM_DROPS):
            if len(self._recent) < count:
                return None
            times = [*(stamp for stamp, _ in list(self._recent)[-count:]), t]
            apart = [b - a for a, b in itertools.pairwise(times)]
            mean = (times[-1] - times[0]) / count
            other = mean - self._tr
            if max(apart) - min(apart) > min(0.5 * abs(other), _EVEN * mean):
                continue
            if min(abs(a - self._tr) for a in apart) < _OTHER * self._tr:
                continue
            times_tr = round(mean / self._tr)
            near = 0.25 * ON_GRID * self._tr
            drops = times_tr >= 2 and abs(mean - times_tr * self._tr) <= near
            strays = abs(mean - 0.5 * self._tr) <= _EVEN * self._tr
            if not (drops or strays):
                return count, mean, 1
            if count == _RHYTHM_DROPS or self._count == count + 1:
                return count, mean, times_tr if drops else 1
        return None

    def _changed(self, t: float, count: int, mean: float, times_tr: int) -> list[PulseFault]:
        """Go over to another rhythm, and say so."""
        begun = list(self._recent)[-count][1]
        toggled = times_tr == 2 and self._stride == 1
        self._stride = 2 if toggled else 1
        self.volume = begun + count * self._stride
        self._tr = mean
        self._stopped = False
        self._locked(t)
        self._lost = self._volumes = 0
        self._tallies.drop("pulse_missed")  # what was gathered has this one cause
        what: FaultKind = "toggled" if toggled else "wrong_tr"
        if abs(mean - self._nominal) < _OTHER * self._nominal:
            what = "pulses_back"
        return [self._rhythm_told(what, t)]

    def _rhythm_told(self, what: FaultKind, t: float) -> PulseFault:
        detail = {"measured_tr": round(self._tr, 6), "tr": self._nominal}
        return PulseFault(what, t, self.volume, detail)

    def _slow_check(self, t: float) -> list[PulseFault]:
        """Notice a TR that differs too little to show from one pulse to the next."""
        if self._origin is None:
            if self._slots >= _SETTLED:
                self._origin = self._slot, self._slots
            return []
        slots = self._slots - self._origin[1]
        away = self._slot - self._origin[0] - slots * self._tr
        least, share, seconds, ratio = _SLOW
        if slots < least or abs(away) < max(share * self._tr, seconds, ratio * slots * self._tr):
            return []
        self._tr += away / slots
        self._locked(self._slot)
        return [self._rhythm_told("wrong_tr", t)]

    # --- telling ----------------------------------------------------------------------------------

    def _ended(self, now: float) -> list[PulseFault]:
        """Tell that the pulses have ended while the run goes on."""
        last = self._needed if self.expected is None else self.expected
        short = None if last is None else last - self.volume
        if last is not None and short is not None:
            least, share = _SHORT
            if self._all_came or (self.expected is None and short <= max(least, share * last)):
                return [self._over_before_run(now)]
            if short <= max(least, share * last):
                return [self._shortage(now)]
        detail = {"received": self._count, "expected": self.expected, "short": short}
        return [PulseFault("stopped", now, self.volume, detail)]

    def _over_before_run(self, now: float) -> PulseFault:
        """Tell that the scan has ended as it may have been meant to, and before the run does."""
        self._over = True
        detail = {"received": self._count, "needed": self._needed}
        return PulseFault("scan_over", now, self.volume, detail)

    def _shortage(self, now: float) -> PulseFault:
        """Tell that some pulses are lacking, at the beginning or at the end: nobody knows here."""
        assert self.expected is not None
        self._short = True
        detail = {
            "short": self.expected - self.volume,
            "received": self._count,
            "expected": self.expected,
            "certain": False,
        }
        return PulseFault("volumes_short", now, self.volume, detail)

    def _undecided(self, kind: FaultKind) -> bool:
        """Whether too few pulses have come to tell missed ones from another rhythm."""
        return kind == "pulse_missed" and self._count <= _RHYTHM
