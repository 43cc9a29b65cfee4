"""From the command to the first frame of a session, to the end of a check, to the launcher."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from statistics import median

from benchmarks.studies import long_study
from benchmarks.table import Row, at_most, beside
from experiment.examples import EXAMPLE_PARTICIPANT
from hardware.scan import SimulatedScan
from hardware.simulator import simulator

ROOT = Path(__file__).parents[1]
_TIMES = 5
_MOST = 1.3
_LONGEST_CHECK = 5.0  # s, with nothing plugged in
_LONGEST_PLUGGED = 15.0  # s, with whatever there may be
_LISTEN = 8  # s, for pulses: the longest that can be asked for
_LAUNCHER = 3.0  # s
_BARE = """
import sys, time
from psychopy import visual
window = visual.Window(size=(1280, 720), units="pix", checkTiming=False)
window.flip()
print("shown", time.time(), flush=True)
"""


def bare() -> float:
    """Return how long a script with a window takes to its first frame (s)."""
    began = time.time()
    done = subprocess.run(
        [sys.executable, "-c", _BARE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    words = done.stdout.split()  # PsychoPy's warnings among them
    return float(words[words.index("shown") + 1]) - began


def ours(study: Path) -> float:
    """Return how long a session takes from the command to its first frame (s)."""
    words = ["--participant", EXAMPLE_PARTICIPANT, "--session", "02", "--robot", "hasty"]
    logs = study / "sourcedata"
    shutil.rmtree(logs, ignore_errors=True)
    began = time.time()
    process = subprocess.Popen(
        [sys.executable, "run_session.py", "run", str(study), *words],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        while process.poll() is None:
            found = next(filter(None, map(first_frame, logs.glob("sub-*/ses-*/*.jsonl"))), None)
            if found is not None:
                return found - began
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    raise RuntimeError("the session ended before its first frame")


def first_frame(log: Path) -> float | None:
    """Return when a session's first screen was shown (s, UTC); None if it wasn't yet."""
    header, *events = [json.loads(line) for line in log.read_bytes().split(b"\n")[:-1]]
    onset = next((event["t"] for event in events if event["type"] == "onset"), None)
    if onset is None:
        return None
    begun = datetime.fromisoformat(header["utc"]).timestamp() - float(header["utc_at"])
    return begun + float(onset)


def start_times(folder: Path) -> list[Row]:
    """Measure both, one after the other so that both meet the same machine, and the list alone."""
    study = long_study(folder / "start", 8)
    ours(study)  # compiles
    pairs = [(bare(), ours(study)) for _ in range(_TIMES)]
    barest, own = (median(taken) for taken in zip(*pairs, strict=True))
    return [
        beside("a bare PsychoPy script, from the command to its first frame", barest, "s"),
        beside("a session, from the command to its first frame", own, "s"),
        at_most("the session against the bare script", own / barest, _MOST, "times"),
        at_most("`check`, nothing plugged in, all of it", _check(study), _LONGEST_CHECK, "s"),
        at_most(
            f"`check`, trigger, echo and a scanner that sends nothing, heard for {_LISTEN} s",
            _plugged(study, folder),
            _LONGEST_PLUGGED,
            "s",
        ),
        at_most("the launcher, from the command to its window", _launcher(study), _LAUNCHER, "s"),
    ]


def _launcher(study: Path) -> float:
    """Return how long the launcher takes until its window, with a study open, is there (s)."""
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        process = subprocess.Popen([sys.executable, "run_session.py", "desk", str(study)], cwd=ROOT)
        try:
            words = ["xdotool", "search", "--sync", "--onlyvisible", "--pid", str(process.pid)]
            subprocess.run(words, check=True, capture_output=True, timeout=60)
            taken.append(time.perf_counter() - began)
        finally:
            process.kill()
            process.wait()
    return median(taken)


def _plugged(study: Path, folder: Path) -> float:
    """Return how long the list takes (s) where it waits as long as it ever does."""
    silent = SimulatedScan(tr=2.0, volumes=1, start_on=None, start_after=999.0, loop_back=True)
    with simulator(silent, folder / "silent.jsonl") as ports:
        wires = ["--port", ports.trigger, "--echo", ports.trigger, "--scanner", ports.scanner]
        return _check(study, *wires, "--listen", str(_LISTEN), "--rehearsal")


def _check(study: Path, *more: str) -> float:
    words = ["--participant", EXAMPLE_PARTICIPANT, "--session", "02", *more]
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "run_session.py", "check", str(study), *words],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        taken.append(time.perf_counter() - began)
        if done.returncode and "no-go" not in done.stdout:  # it was not the list that ended it
            raise RuntimeError(done.stderr)
    return median(taken)
