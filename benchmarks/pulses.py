"""Pulses: how true their stamps are, whether any is lost, and how well a drift is found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.far_end import ROOT, far_end, nuisance
from benchmarks.table import Row, at_most, beside, why
from benchmarks.window import flips
from experiment.chance import dice
from experiment.clock import RealClock
from experiment.log import LogWriter
from hardware.pulse_dialects import Forp
from hardware.pulse_grid import fit_grid
from hardware.pulses import open_scanner
from hardware.reading import HANDED_DOWN, Reading

_START = 3.0  # s from the simulator's start to volume 1
_TR, _JITTER, _MINUTES, _DRIFT = 2.0, 0.001, 10.0, 50e-6
Floats = npt.NDArray[np.float64]


def stamps(folder: Path, count: int = 20_000, period: float = 0.01) -> list[Row]:
    """Measure stamps while a window renders at its limit and the disk is being synced.

    What is written to a terminal is carried over by a worker of the kernel, which has to wait for
    its turn; what is written to a pipe is there at once. So the same pulses are sent, in between,
    over lines of their own: to a bare reader at a terminal, and over pipes to our reading process
    and to a bare reader. How late a pipe's stamps are is what a reader itself adds.
    """
    heard = _hear(folder / "stamps", "plain", count * period, "pulses", period, count)
    late = {
        name: lateness(sent[:, 0], came)
        for name, sent, came in zip(_LINES, heard.sent, heard.stamps, strict=True)
    }
    came, p99 = len(heard.stamps[0]), {name: _ms(times, 99) for name, times in late.items()}
    sent = f"of {count} at {1 / period:.0f} per second"
    rows = [
        at_most(f"pulses lost, {sent}", max(count - came, 0), 0, ""),
        at_most("stamps too many", max(came - count, 0), 0, ""),
        beside("stamps later than the next pulse", int(sum(late[_OURS] > period)), f"of {count}"),
        *judged(p99),
    ]
    for name, times in late.items():
        share = 100 * float(np.mean(times > _BOUND / 1e3))
        rows.append(Row(name, f"median {_ms(times, 50):.3f} ms, {share:.2g} % above {_BOUND:g} ms"))
    rows.append(beside("frames meanwhile", heard.frames_per_second, "per second"))
    return rows


_LINES = _OURS, _BARE, _OURS_PIPED, _BARE_PIPED = (
    "ours",
    "a process that only reads and stamps",
    "ours, from a pipe instead of a terminal",
    "that process, from a pipe",
)
_BOUND = 0.5  # ms


def judged(p99: Mapping[str, float]) -> list[Row]:
    """Return the rows of the lines' 99th percentiles (ms); if ours is too late, with the cause."""
    row = at_most("stamp minus send time, p99", p99[_OURS], _BOUND, "ms")
    because = [] if row.holds else [why(_shown(p99))]
    return [row, *because, *(beside(f"p99 of {name}", p99[name], "ms") for name in _LINES[1:])]


def _shown(p99: Mapping[str, float]) -> Iterator[str]:
    """Yield what the other lines show of stamps that are too late."""
    if p99[_BARE] > _BOUND:
        yield f"{_BARE} is late as well ({p99[_BARE]:.3g} ms)"
    if p99[_OURS_PIPED] < p99[_OURS] and p99[_BARE_PIPED] < p99[_BARE]:
        in_time = ", where ours is in time" if p99[_OURS_PIPED] <= _BOUND else ""
        piped = f"{p99[_OURS_PIPED]:.3g} and {p99[_BARE_PIPED]:.3g} ms"
        yield f"over a pipe instead of a terminal both are earlier ({piped}{in_time})"


def lateness(sent: Floats, stamps: Floats) -> Floats:
    """Return how late each pulse was stamped (s).

    A line keeps its order: where as many stamps came as pulses were sent, each is of its own pulse,
    however late. Else those count that came before the next pulse was sent, and each stamp that is
    left over as late by two of the shortest gaps.

    Parameters
    ----------
    sent, stamps : array of float
        Times (s), rising.
    """
    if len(sent) == len(stamps):
        return stamps - sent
    late, strange = matched(sent, stamps)
    return np.append(late, np.full(strange, 2 * np.diff(sent).min()))


def matched(sent: Floats, stamps: Floats) -> tuple[Floats, int]:
    """Match each pulse sent with the one stamp that came before the next was sent.

    A stamp can't be of a pulse that was sent after it; one that comes later than the next pulse is
    left over, as nothing but its number would say whose it is.

    Parameters
    ----------
    sent, stamps : array of float
        Times (s), rising.

    Returns
    -------
    late : array of float
        Stamp minus send time (s) of each pulse that has a stamp.
    strange : int
        Stamps left over: doubled ones, late ones, or before the first pulse.
    """
    of = np.searchsorted(sent, stamps, side="right") - 1
    owners, first = np.unique(of, return_index=True)
    first, owners = first[owners >= 0], owners[owners >= 0]
    return stamps[first] - sent[owners], len(stamps) - len(owners)


def _ms(seconds: Floats, percentile: float) -> float:
    return float(np.percentile(seconds, percentile)) * 1e3


def forp_bytes(folder: Path, count: int = 100_000) -> list[Row]:
    """Count the bytes of a fORP's stream under the same load."""
    heard = _hear(folder / "forp", "forp", count / Forp.rate, "forp", count)
    pulses = -(-count // int(Forp.rate))
    return [
        at_most(f"bytes lost, of {count} at 800 per second", count - heard.bytes, 0, ""),
        at_most(f"pulses lost, of {pulses} in them", pulses - len(heard.stamps[0]), 0, ""),
        beside("frames meanwhile", heard.frames_per_second, "per second"),
    ]


@dataclass(frozen=True)
class _Heard:
    """What was sent and what came.

    Parameters
    ----------
    sent : list of array of float, (writes, 2)
        Of each line: before and after each write (s).
    stamps : list of array of float
        Of each line: when its pulses came (s).
    bytes : int
        That came over the first line.
    frames_per_second : float
    """

    sent: list[Floats]
    stamps: list[Floats]
    bytes: int
    frames_per_second: float


def _hear(folder: Path, device: str, seconds: float, what: str, *words: object) -> _Heard:
    folder.mkdir()
    clock = RealClock(zero=0.0)  # perf_counter itself
    pulses: list[float] = []
    totals: list[int] = []
    with ExitStack() as stack:
        log = stack.enter_context(LogWriter(folder / "log.jsonl", {}))

        def record(type_: str, t: float | None, **fields: Any) -> None:
            log.add(type_, t, **fields)
            if type_ == "pulse" and t is not None:
                pulses.append(t)
            elif type_ == "scanner_bytes":
                totals.append(fields["count"])

        sender = stack.enter_context(far_end(folder / "sent.json", what, *words))
        terminal, *others = sender.ports
        scanner = open_scanner(f"{terminal}?device={device}", clock, record, _TR, 0)
        readers = [
            stack.enter_context(_ours(port) if place % 2 else _bare(port, folder))
            for place, port in enumerate(others)
        ]
        stack.enter_context(nuisance("sync", folder))
        window = stack.enter_context(flips((1280, 720), raised=True))
        begun = clock.now()
        sender.go()
        while clock.now() < begun + seconds + 0.5:
            window.draw()
            window.flip()
            scanner.poll()
        taken = clock.now() - begun
        came = [np.array(stamps_of()) for stamps_of in readers]
        sent = [np.array(line) for line in sender.result()]
        scanner.close()
        clock.close()
    return _Heard(sent, [np.array(pulses), *came], sum(totals), window.count / taken)


@contextmanager
def _bare(path: str, folder: Path) -> Iterator[Callable[[], list[float]]]:
    """Run a process that only reads and stamps; give what ends it and returns the stamps."""
    with far_end(folder / f"{Path(path).name}.json", "listen", path) as end:
        yield lambda: [stamp for stamp, _ in end.result()[0]]


@contextmanager
def _ours(pipe: str) -> Iterator[Callable[[], list[float]]]:
    """Have our reading process read a pipe; give what ends it and returns the stamps."""
    came: list[float] = []

    def take(kind: str, rest: list[Any]) -> None:
        if kind == "pulse":
            came.append(rest[0])

    handle = os.open(pipe, os.O_RDONLY)
    what: dict[str, Any] = {"device": "plain", "symbol": None, "marks": {}}
    reading = Reading(pipe, f"{HANDED_DOWN}{handle}", 1, what, take)

    def end() -> list[float]:
        reading.close()
        return came

    try:
        yield end
    finally:
        reading.close()
        os.close(handle)


def drift(seeds: int = 300) -> list[Row]:
    """Fit ten minutes of simulated pulses, many times over."""
    volumes = int(_MINUTES * 60 / _TR) + 1
    fits = [fit_grid(_drifting(seed, volumes), _TR) for seed in range(seeds)]
    off = np.array([np.inf if fit is None else fit.ppm - _DRIFT * 1e6 for fit in fits])
    return [
        Row("simulated scans", f"{seeds} of {_MINUTES:.0f} min, TR 2 s, jitter (sd) 1 ms, 50 ppm"),
        at_most("drift found minus drift, largest", float(np.abs(off).max()), 2.0, "ppm"),
        beside("its median", float(np.median(off)), "ppm"),
        beside("its standard deviation", float(off.std()), "ppm"),
    ]


def drift_live(folder: Path, minutes: float = _MINUTES) -> list[Row]:
    """Have `scanner --ratio` send ten minutes of pulses, and let the reading process stamp them."""
    volumes = int(minutes * 60 / _TR) + 1
    sent, fits, faults = folder / "drift.jsonl", [], []

    def record(type_: str, t: float | None, **fields: Any) -> None:  # noqa: ARG001
        if type_ == "pulse_grid":
            fits.append(fields)
        elif type_ == "fault":
            faults.append(fields["what"])

    with _scanner(sent, volumes) as port:
        clock = RealClock()
        scanner = open_scanner(port, clock, record, _TR, volumes)
        scanner.arm(volumes)
        clock.sleep_until(clock.now() + _START + volumes * _TR * (1 + _DRIFT))
        scanner.close()
        clock.close()
    lines = [json.loads(line) for line in sent.read_text("utf-8").splitlines()]
    true = fit_grid([line["t"] for line in lines if "pulse" in line], _TR)
    (fit,) = fits
    assert true is not None
    return [
        Row("pulses", f"{fit['pulses']} at TR 2 s in {minutes:g} min, jitter (sd) 1 ms, 50 ppm"),
        at_most("drift found minus drift", abs(fit["ppm"] - _DRIFT * 1e6), 2.0, "ppm"),
        beside("its standard error, as the log has it", fit["ppm_se"], "ppm"),
        beside("drift found", fit["ppm"], "ppm"),
        beside("drift of the pulses as they were sent", true.ppm, "ppm"),
        Row("faults", ", ".join(sorted(set(faults))) or "none"),
    ]


@contextmanager
def _scanner(record: Path, volumes: int) -> Iterator[str]:
    """Run the simulator as a user does, and give its port."""
    options = {
        "--record": record,
        "--volumes": volumes,
        "--tr": _TR,
        "--jitter": 1e3 * _JITTER,
        "--ratio": 1 + _DRIFT,
        "--start-after": _START,
        "--seed": 1,
    }
    words = [str(word) for option in options.items() for word in option]
    command = [sys.executable, "run_session.py", "scanner", *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            ports = dict(process.stdout.readline().decode().split() for _ in range(2))
            yield ports["scanner"]
        finally:
            process.terminate()


def _drifting(seed: int, volumes: int) -> Floats:
    chance = dice(seed, "bench", "drift")
    step = _TR * (1 + _DRIFT)
    return np.array([n * step + _JITTER * chance.normal() for n in range(volumes)])
