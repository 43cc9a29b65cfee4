"""Pulses: how true their stamps are, whether any is lost, and how well a drift is found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.far_end import ROOT, far_end, nuisance
from benchmarks.table import Row, at_most, beside
from benchmarks.window import flips
from experiment.chance import dice
from experiment.clock import RealClock
from experiment.log import LogWriter
from hardware.pulse_dialects import Forp
from hardware.pulse_grid import fit_grid
from hardware.pulses import open_scanner

_START = 3.0  # s from the simulator's start to volume 1
_TR, _JITTER, _MINUTES, _DRIFT = 2.0, 0.001, 10.0, 50e-6
Floats = npt.NDArray[np.float64]


def stamps(folder: Path, count: int = 20_000, period: float = 0.01) -> list[Row]:
    """Measure stamps while a window renders at its limit and the disk is being synced.

    Two bare readers, with pulses in between on lines of their own, show what this machine allows:
    one at a terminal, one at a pipe. What is written to a terminal is carried over by a worker of
    the kernel that has to wait for its turn; what is written to a pipe is there at once.
    """
    heard = _hear(folder / "stamps", "plain", count * period, "pulses", period, count)
    ours, strange = matched(heard.sent[0][:, 0], heard.pulses)
    lost = count - len(heard.pulses)
    rows = [
        at_most(f"pulses lost, of {count} at {1 / period:.0f} per second", max(lost, 0), 0, ""),
        at_most("stamps too many", max(-lost, 0), 0, ""),
        beside("stamps later than the next pulse", strange, f"of {count}"),
    ]
    if lost == 0:
        ours = np.append(ours, np.full(strange, 2 * period))  # these are late by no less
        terminal, pipe = heard.bare
        rows += [
            at_most("stamp minus send time, p99", _ms(ours, 99), 0.5, "ms"),
            beside("p99 of a process that only reads and stamps", _ms(terminal, 99), "ms"),
            beside("p99 of that, from a pipe instead of a terminal", _ms(pipe, 99), "ms"),
        ]
        for name, late in (("ours", ours), ("bare", terminal), ("bare, from a pipe", pipe)):
            share = 100 * float(np.mean(late > 0.0005))
            rows.append(Row(name, f"median {_ms(late, 50):.3f} ms, {share:.2g} % above 0.5 ms"))
    rows.append(beside("frames meanwhile", heard.frames_per_second, "per second"))
    return rows


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
        at_most(f"pulses lost, of {pulses} in them", pulses - len(heard.pulses), 0, ""),
        beside("frames meanwhile", heard.frames_per_second, "per second"),
    ]


@dataclass(frozen=True)
class _Heard:
    """What was sent and what came.

    Parameters
    ----------
    sent : list of array of float, (writes, 2)
        Of each line: before and after each write (s).
    bare : list of array of float
        Stamp minus send time (s) of bare readers at the other lines.
    pulses : array of float
        Stamps (s).
    bytes : int
    frames_per_second : float
    """

    sent: list[Floats]
    bare: list[Floats]
    pulses: Floats
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
        scanner = open_scanner(f"{sender.ports[0]}?device={device}", clock, record, _TR, 0)
        bare = [
            stack.enter_context(far_end(folder / f"bare-{place}.json", "listen", port))
            for place, port in enumerate(sender.ports[1:])
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
        came = [np.array([stamp for stamp, _ in end.result()[0]]) for end in bare]
        sent = [np.array(line) for line in sender.result()]
        scanner.close()
        clock.close()
    late = [stamps - times[:, 0] for stamps, times in zip(came, sent[1:], strict=True)]
    return _Heard(sent, late, np.array(pulses), sum(totals), window.count / taken)


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
