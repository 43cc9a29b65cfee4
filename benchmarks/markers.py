"""Markers: from the flip to the byte in another process, and what a pulse costs the frames."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import peers
from benchmarks.far_end import FarEnd, far_end
from benchmarks.peers import BARE, EXPYRIMENT, KINDRED, PSYFLOW, Sender
from benchmarks.ratios import Floats, Ratio, paired
from benchmarks.table import Row, surely_at_most, why
from benchmarks.window import Flips, flips
from experiment.chance import dice
from experiment.clock import FrameGrid, RealClock
from experiment.log import LogWriter

_BLOCK = 25  # markers of one sender before the next has its turn
_TURN, _BETWEEN = 0.5, 0.1  # s
_DRAWS = 2000
_AGAIN = "the bare write again"
# A wait after the write lends the core to whatever carries a pseudo-terminal's byte; a driver of
# real hardware needs none of it.
_UNWAITED = "psyflow without its wait of 1 ms after each"
_UNLOGGED = "Kindred, its markers not logged"
_COST = 1.02  # of a frame with pulses to one without
_PERCENT = {"median": 50, "p99": 99}
_BOUNDS = {  # of ours against each, in the order of _PERCENT
    BARE: (1.1, 1.3),
    PSYFLOW: (1.0, 1.0),
    EXPYRIMENT: (1.0, 1.0),
}
_WITNESSES = (  # pairs that tell why a bound was not reached
    (_AGAIN, BARE),
    (KINDRED, _UNWAITED),
    (_UNWAITED, PSYFLOW),
    (BARE, PSYFLOW),
    (BARE, EXPYRIMENT),
)
Ratios = dict[tuple[str, str, str], Ratio]
"""By `median` or `p99`, the one sender and the other."""


def flip_to_byte(folder: Path, markers: int = 3200) -> list[Row]:
    """Measure so many markers of each sender, one on each frame of a 60 Hz window.

    The senders take turns in blocks, each round in another order, so that whatever else the
    machine does hits all of them alike. What it does comes in bursts, so that a ratio's interval
    is found by drawing whole rounds again (bootstrap).
    """
    lags, queued = _lags(folder, markers)
    pairs = [*((KINDRED, other) for other in _BOUNDS), *_WITNESSES]
    ratios = {(at, *pair): _compared(at, lags, *pair) for at in _PERCENT for pair in pairs}
    rows = [
        Row("markers of each sender", f"{len(lags[KINDRED])}, in turns of {_BLOCK}"),
        Row("priority of the senders' process", "normal; raised in a session"),
        *judged(ratios),
    ]
    for name, values in lags.items():
        median, p99 = (float(np.percentile(values, at)) * 1e6 for at in _PERCENT.values())
        rows.append(Row(name, f"median {median:.0f} µs, p99 {p99:.0f} µs"))
    at_once = 1e6 * np.delete(lags[KINDRED], queued)
    median, p99 = np.percentile(at_once, (50, 99))
    rows += [
        Row("Kindred's markers that waited for the reset before them", f"{len(queued)}"),
        Row("Kindred's others", f"median {median:.0f} µs, p99 {p99:.0f} µs"),
    ]
    for at in _PERCENT:
        for one, other in _WITNESSES:
            rows.append(Row(f"{at}, {one} : {other}", str(ratios[at, one, other])))
    return rows


def judged(ratios: Ratios) -> list[Row]:
    """Return a row for each bound, and below each that was not reached what tells why."""
    rows = []
    for other, bounds in _BOUNDS.items():
        for at, bound in zip(_PERCENT, bounds, strict=True):
            ratio = ratios[at, KINDRED, other]
            row = surely_at_most(f"{at}, {KINDRED} : {other}", ratio.value, ratio.interval, bound)
            rows.append(row)
            if row.holds is False:
                rows.append(why(_shown(ratios, at, other, ratio, bound)))
    return rows


def _shown(ratios: Ratios, at: str, other: str, ratio: Ratio, bound: float) -> Iterator[str]:
    """Yield what the witnesses show of a ratio that is above its bound."""
    same = ratios[at, _AGAIN, BARE]
    if max(same.high, 1 / same.low) >= ratio.value:
        yield f"by chance the bare write may be as far from itself ({same})"
    unwaited = ratios.get((at, _UNWAITED, other))
    if unwaited is not None and unwaited.low > bound:
        yield f"{_UNWAITED} is later than with it ({unwaited})"
    bare = ratios.get((at, BARE, other))
    if bare is not None and bare.low > bound:
        yield f"a bare write is later than {other} too ({bare})"


def _compared(at: str, lags: dict[str, Floats], one: str, other: str) -> Ratio:
    """Return the ratio of two senders' medians or 99th percentiles."""
    rounds = np.stack([lags[name].reshape(-1, _BLOCK) for name in (one, other)])
    chance = np.random.default_rng(1)

    def ratio(which: npt.NDArray[Any]) -> float:
        mine, theirs = np.percentile(rounds[:, which].reshape(2, -1), _PERCENT[at], axis=1)
        return float(mine / theirs)

    count = rounds.shape[1]
    drawn = [ratio(chance.integers(count, size=(count,))) for _ in range(_DRAWS)]
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Ratio(ratio(np.arange(count, dtype=np.int64)), float(low), float(high))


def _lags(folder: Path, markers: int) -> tuple[dict[str, Floats], list[int]]:
    """Return flip to byte (s) of each sender's markers, and which of ours were queued."""
    queued: list[int] = []

    def note(type_: str, **fields: Any) -> None:
        if type_ == "marker_sent" and fields["queued"]:
            queued.append(fields["n"])

    names = (KINDRED, BARE, PSYFLOW, EXPYRIMENT, _AGAIN, _UNWAITED)
    with _bench(folder / "flip-to-byte", names, 5, note) as (window, senders, reader):
        clock = RealClock()
        grid = FrameGrid(clock, 1 / 60)
        sent: list[list[float]] = [[] for _ in senders]
        chance = dice(1, "bench", "flip to byte")
        for _ in range(markers // _BLOCK):
            for place in chance.shuffled(range(len(senders))):
                for _ in range(_BLOCK):
                    window.draw()
                    code = len(sent[place]) % 255 + 1
                    senders[place].arm(window.call_on_flip, code, grid.due())
                    grid.wait(None)
                    window.flip()
                    sent[place].append(window.stamp)
        clock.sleep_until(clock.now() + 0.1)
        clock.close()
        got = reader.result()
    lags = {}
    for sender, stamps, came in zip(senders, sent, got, strict=True):
        ups = [(t, code) for t, code in came if code]
        if [code for _, code in ups] != [n % 255 + 1 for n in range(len(stamps))]:
            raise RuntimeError(f"{sender.name}: {len(ups)} of {len(stamps)} markers came, or mixed")
        lags[sender.name] = np.array([t for t, _ in ups]) - np.array(stamps)
    return lags, queued


def frame_cost(folder: Path, rounds: int = 160) -> list[Row]:
    """Measure frames at the renderer's limit, with and without markers, in turns of half a second.

    A sender's turn is compared with the turn without markers in the same round, whose order is
    drawn. The median of these ratios stands in the table, as single rounds are at the mercy of the
    machine's others.
    """
    markers = (KINDRED, _UNLOGGED, BARE, EXPYRIMENT)
    with _bench(folder / "frame-cost", markers, 10, lambda *_, **__: None) as (window, senders, _):
        chosen = [None, *senders]
        frames: list[list[Floats]] = [[] for _ in chosen]
        chance = dice(1, "bench", "frame cost")
        for _ in range(rounds):
            for place in chance.shuffled(range(len(chosen))):
                frames[place].append(_turn(window, chosen[place]))
    means = np.array([[values.mean() for values in turns] for turns in frames])  # sender, round
    rows = cost_rows(dict(zip(("without", *markers), means, strict=True)))
    for name, turns in zip(("without", *markers), frames, strict=True):
        ms = np.concatenate(turns) * 1e3
        median, mean, p99 = np.median(ms), ms.mean(), np.percentile(ms, 99)
        rows.append(
            Row(f"frame, {name}", f"median {median:.2f} ms, mean {mean:.2f} ms, p99 {p99:.2f} ms")
        )
    return rows


def cost_rows(means: dict[str, Floats]) -> list[Row]:
    """Return the rows of what markers cost, from each sender's mean frame (s) in each round."""
    ours = paired(means[KINDRED], means["without"])
    row = surely_at_most(
        f"frame with pulses, {KINDRED} : without", ours.value, ours.interval, _COST
    )
    others = {name: paired(means[name], means["without"]) for name in means}
    others = {name: cost for name, cost in others.items() if name not in ("without", KINDRED)}
    against = {name: paired(means[KINDRED], means[name]) for name in (_UNLOGGED, BARE)}
    return [
        row,
        *([] if row.holds else [why(_cost_shown(against))]),
        *(Row(f"frame with pulses, {name} : without", str(cost)) for name, cost in others.items()),
        *(Row(f"{KINDRED} : {name}", str(ratio)) for name, ratio in against.items()),
    ]


def _cost_shown(against: dict[str, Ratio]) -> Iterator[str]:
    """Yield what the witnesses show of a cost that is not surely within its bound."""
    if against[_UNLOGGED].low > 1:
        yield f"it is less without the log ({KINDRED} : {_UNLOGGED}, {against[_UNLOGGED]})"
    if against[BARE].low <= 1:
        yield f"a bare write may cost as much ({KINDRED} : {BARE}, {against[BARE]})"


def _turn(window: Flips, sender: Sender | None) -> Floats:
    """Return the frame intervals (s) of half a second, with a marker each 100 ms.

    What was left to do by the turn before is let pass first.
    """
    begun = due = time.perf_counter() + _BETWEEN
    stamps: list[float] = []
    codes = itertools.count(1)
    while not stamps or stamps[-1] < begun + _TURN:
        window.draw()
        if time.perf_counter() >= due:
            due += 0.1
            if sender is not None:
                sender.arm(window.call_on_flip, next(codes), time.perf_counter())  # no waiting
        window.flip()
        stamps.append(window.stamp)
    intervals = np.diff(np.array([stamp for stamp in stamps if stamp >= begun]))
    return np.asarray(intervals, dtype=np.float64)


@contextmanager
def _bench(
    folder: Path, names: Sequence[str], pulse_ms: int, note: Callable[..., None]
) -> Iterator[tuple[Flips, list[Sender], FarEnd]]:
    """Set up a window, the senders of these names, and the process at the other end of their lines.

    What our own sender logs is noted as well.
    """
    folder.mkdir(parents=True)
    clock = RealClock(zero=0.0)  # perf_counter itself
    with ExitStack() as stack:
        log = stack.enter_context(LogWriter(folder / "log.jsonl", {}))
        stack.callback(clock.close)

        def record(type_: str, t: float | None, **fields: Any) -> None:
            log.add(type_, t, **fields)
            note(type_, **fields)

        reader = stack.enter_context(far_end(folder / "read.json", "read", len(names)))
        window = stack.enter_context(flips((640, 360), raised=False))
        nowhere = stack.enter_context(Path(os.devnull).open("w"))
        made: dict[str, Callable[[str], AbstractContextManager[Sender]]] = {
            KINDRED: lambda path: peers.kindred(path, clock, record, window, pulse_ms),
            _UNLOGGED: lambda path: peers.kindred(
                path, clock, _unlogged, window, pulse_ms, _UNLOGGED
            ),
            BARE: peers.bare,
            _AGAIN: lambda path: peers.bare(path, _AGAIN),
            PSYFLOW: peers.psyflow,
            _UNWAITED: lambda path: peers.psyflow(path, _UNWAITED, post_delay=0),
            EXPYRIMENT: lambda path: peers.expyriment(path, pulse_ms),
        }
        senders = [
            stack.enter_context(made[name](path))
            for name, path in zip(names, reader.ports, strict=True)
        ]
        stack.enter_context(contextlib.redirect_stdout(nowhere))  # psyflow tells of each marker
        yield window, senders, reader


def _unlogged(type_: str, t: float | None, **fields: Any) -> None:
    """Take what a marker line has to say, and keep none of it."""
