"""One hour of markers with one core kept busy by another program."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from benchmarks import peers
from benchmarks.far_end import far_end, nuisance
from benchmarks.table import Row, at_most, beside
from benchmarks.window import flips
from experiment.chance import dice
from experiment.clock import FrameGrid, RealClock
from experiment.log import LogWriter


def hour(folder: Path, seconds: float) -> list[Row]:
    """Send a marker each 0.5-1 s from a 60 Hz window, and compare with what the far end got."""
    clock = RealClock(zero=0.0)  # perf_counter itself
    gaps, codes = dice(1, "bench", "hour"), itertools.cycle(range(1, 256))
    sent: list[tuple[float, int]] = []
    with ExitStack() as stack:
        log = stack.enter_context(LogWriter(folder / "hour.jsonl", {}))
        reader = stack.enter_context(far_end(folder / "hour.json", "read", 1))
        stack.enter_context(nuisance("spin"))
        window = stack.enter_context(flips((1280, 720), raised=True))
        line = stack.enter_context(peers.kindred(reader.ports[0], clock, log.add, window, 5))
        grid = FrameGrid(clock, 1 / 60)
        begun = due = clock.now()
        while clock.now() < begun + seconds:
            window.draw()
            marked = clock.now() >= due
            if marked:
                due += gaps.uniform(0.5, 1.0)
                code = next(codes)
                line.arm(window.call_on_flip, code, grid.due())
            grid.wait(None)
            window.flip()
            if marked:
                sent.append((window.stamp, code))
        taken = clock.now() - begun
        clock.sleep_until(clock.now() + 0.1)
        clock.close()
        came = [(t, byte) for t, byte in reader.result()[0]]
    lost, unordered, unreset = faults(len(sent), [byte for _, byte in came])
    ups = [(t, byte) for t, byte in came if byte]
    numbers = _numbers([byte for _, byte in ups])
    late = [t - sent[n][0] for (t, _), n in zip(ups, numbers, strict=True) if 0 <= n < len(sent)]
    return [
        Row("length, markers", f"{taken / 60:.1f} min, {len(sent)}"),
        at_most("markers lost", lost, 0, ""),
        at_most("markers reordered", unordered, 0, ""),
        at_most("markers without a reset", unreset, 0, ""),
        beside("flip to byte, median", float(np.median(late)) * 1e3, "ms"),
        beside("flip to byte, p99", float(np.percentile(late, 99)) * 1e3, "ms"),
        beside("flip to byte, longest", max(late) * 1e3, "ms"),
        beside("frames", window.count / taken, "per second"),
    ]


def _numbers(codes: list[int]) -> list[int]:
    """Return which marker each code is: the one nearest to its place, as codes count 1 to 255."""
    numbers, expected = [], 0
    for code in codes:
        ahead = (code - 1 - expected + 127) % 255 - 127
        numbers.append(expected + ahead)
        expected = numbers[-1] + 1
    return numbers


def faults(count: int, came: list[int]) -> tuple[int, int, int]:
    """Return how many of so many markers were lost, out of order, and without a reset.

    Parameters
    ----------
    count : int
        Markers sent, with the codes 1 to 255 over and over.
    came : list of int
        Bytes that came, resets included.
    """
    numbers = _numbers([byte for byte in came if byte])
    lost = len(set(range(count)) - set(numbers))
    unordered = sum(b <= a for a, b in itertools.pairwise(numbers))
    unreset = sum(a != 0 and b != 0 for a, b in itertools.pairwise([*came, 1]))
    return lost, unordered, unreset
