"""A session in real time, the share of a frame that is ours, and how long the rest takes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from analysis.timing import Timing, measure
from benchmarks.studies import long_study
from benchmarks.table import Row, at_most, beside, stolen
from experiment.chance import dice
from experiment.clock import FrameGrid, RealClock
from experiment.display import Extent, NoWindow, OnFlip
from experiment.examples import EXAMPLE_PARTICIPANT
from experiment.log import LogWriter
from experiment.plans.messages import plan_messages
from experiment.plans.plan import PlanInputs
from experiment.player import Player
from experiment.readlog import read_log
from experiment.robot import Robot, temper
from experiment.screens import Screen
from experiment.session import SessionRequest, prepare
from experiment.session import run as run_session
from experiment.steady import steady
from experiment.study import open_study
from experiment.tasks.messages import messages
from hardware.awake import kept_awake
from hardware.markers import MarkerLine
from hardware.ports import open_port
from hardware.priority import raised_priority
from hardware.pulses import open_scanner
from hardware.scan import SimulatedScan
from hardware.simulator import simulator
from stimuli.virtual_display import some_display

ROOT = Path(__file__).parents[1]
PERSON = EXAMPLE_PARTICIPANT
_SHORT = 1.5  # minutes, of the session beside which the processors sleep


def real_time(folder: Path, minutes: float) -> list[Row]:
    """Run the messages task in a window, markers and pulses over pseudo-terminals."""
    with kept_awake():
        bare, idle = bare_loop(20.0), sleeping_loop(20.0)
    before = stolen()
    timing = _session(folder / "awake", minutes, awake=True)
    kept = stolen() - before
    slept_bare, slept_idle = bare_loop(20.0), sleeping_loop(20.0)
    before = stolen()
    slept = _session(folder / "asleep", min(minutes, _SHORT), awake=False)
    slept_kept = stolen() - before
    frame = timing.period * 1e3
    errors = timing.onset_errors * 1e3
    seconds = timing.onset_times[-1] - timing.onset_times[0]
    return [
        Row(
            "length, frames; processors kept awake",
            f"{seconds / 60:.1f} min, {len(timing.intervals)}",
        ),
        at_most("dropped frames (> 1.2 frames)", _share_dropped(timing), 0.1, "%"),
        beside("dropped by an empty PsychoPy loop, paced the same way", bare, "%"),
        beside("late by a loop that only sleeps: the machine itself", idle, "%"),
        beside("CPU time that the hypervisor kept from us meanwhile", kept, "s"),
        at_most("onset error, p99", float(np.percentile(np.abs(errors), 99)), frame, "ms"),
        beside("onset error, median", float(np.median(errors)), "ms"),
        _drift(timing, seconds),
        at_most("markers not sent", timing.ledger.planned - timing.ledger.sent, 0, ""),
        at_most("volumes not seen", timing.volumes_missing, 0, ""),
        beside("frame interval, p99", float(np.percentile(timing.intervals, 99)) * 1e3, "ms"),
        beside(
            "flip to marker written, p99", float(np.percentile(timing.marker_lags, 99)) * 1e3, "ms"
        ),
        beside("processors not kept awake: dropped frames", _share_dropped(slept), "%"),
        beside("by an empty PsychoPy loop", slept_bare, "%"),
        beside("by a loop that only sleeps", slept_idle, "%"),
        beside("CPU time that the hypervisor kept from us", slept_kept, "s"),
    ]


def _session(folder: Path, minutes: float, *, awake: bool) -> Timing:
    """Run a session of so many minutes, and measure it."""
    trials = max(2 * round(minutes * 60 / 15.5 / 2), 2)
    study = long_study(folder, trials)
    file = study / "study.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("keep_awake: false", f"keep_awake: {awake!s}".lower()), "utf-8")
    scan = SimulatedScan(tr=2.0, volumes=int(minutes * 30) + 30, start_on=10)
    with some_display(), simulator(scan, folder / "simulator.jsonl") as ports:
        result = run_session(
            prepare(
                SessionRequest(
                    study,
                    PERSON,
                    "01",
                    robot="typical",
                    port=f"{ports.trigger}?device=plain&pulse_ms=5",
                    scanner=ports.scanner,
                )
            )
        )
    return measure(read_log(result.log))


def _share_dropped(timing: Timing) -> float:
    return 100.0 * timing.dropped / len(timing.intervals)


def _drift(timing: Timing, seconds: float) -> Row:
    """Return the trend of onset errors over the run, and whether it can be told from none."""
    drift = timing.drift
    assert drift is not None
    return Row(
        "drift over the run",
        f"{drift.slope * seconds * 1e3:.2g} ± {drift.reach * seconds * 1e3:.2g} ms",
        "none (99.9 % interval holds 0)",
        not drift.found,
    )


def bare_loop(seconds: float) -> float:
    """Return the share (%) dropped by an empty window that sleeps until each frame is due."""
    from psychopy import logging, visual

    logging.console.setLevel(logging.ERROR)
    window = visual.Window((1280, 720), units="pix", checkTiming=False, allowGUI=False)
    clock = RealClock()
    grid = FrameGrid(clock, 1 / 60)
    stamps = []
    while clock.now() < seconds:
        grid.wait(None)
        window.flip()
        stamps.append(clock.now())
    clock.close()
    window.close()
    return _dropped(np.diff(stamps[5:]))


def sleeping_loop(seconds: float) -> float:
    """Return the share (%) late in a loop that sleeps until each frame is due, and does nothing."""
    clock = RealClock()
    grid = FrameGrid(clock, 1 / 60)
    stamps = []
    while clock.now() < seconds:
        grid.wait(None)
        stamps.append(clock.now())
    clock.close()
    return _dropped(np.diff(stamps))


def _dropped(intervals: npt.NDArray[np.float64]) -> float:
    return 100.0 * float(np.mean(intervals > 1.2 / 60))


class _Outside(NoWindow):
    """A display without a window that measures the time spent outside of it, between flips.

    It says that it is a window, so that its frames' intervals are logged as a window's are.
    """

    def __init__(self, clock: RealClock) -> None:
        super().__init__(clock, (1280, 720), 60.0)
        self.facts = replace(self.facts, kind="window")
        self.outside: list[float] = []
        self._left: float | None = None

    def prepare(self, screens: Iterable[Screen]) -> dict[Screen, Extent]:
        return super().prepare(screens)

    def flip(
        self,
        screen: Screen,
        cursor: int | None,
        confirmed: bool,
        on_flip: OnFlip | None,
        horizon: float | None,
        age: float = 0.0,
        lit: bool = False,
    ) -> float:
        if self._left is not None:
            self.outside.append(time.perf_counter() - self._left)
        stamp = super().flip(screen, cursor, confirmed, on_flip, horizon, age, lit)
        self._left = time.perf_counter()
        return stamp


def own_share(folder: Path) -> list[Row]:
    """Measure what task, player and log add to a frame, in real time, markers over a port.

    With the priority and the settings of Python that a session with a window has for its runs.
    """
    study = open_study(long_study(folder / "own-share", 4))
    protocol = study.protocol
    from experiment.kit import load_kit

    kit = load_kit(study.kit_folder(PERSON)).index()
    plan = plan_messages(PlanInputs(protocol, "messages", kit, "01", PERSON, study.seed))
    scan = SimulatedScan(tr=2.0, volumes=60, start_on=10)
    with (
        simulator(scan, folder / "own.jsonl") as ports,
        raised_priority(),
        LogWriter(folder / "own-share.jsonl", {}) as log,
    ):
        clock = RealClock()
        display = _Outside(clock)
        line = MarkerLine(open_port(ports.trigger), clock, log.add)
        pulses = open_scanner(ports.scanner, clock, log.add, 2.0, 60)
        robot = Robot(
            temper("hasty"), dice(1, "bench"), clock, protocol.devices.buttons, protocol.scales
        )
        player = Player(
            clock=clock,
            display=display,
            keys=[robot],
            markers=line,
            pulses=pulses,
            log=log,
            buttons=protocol.devices.buttons,
            codes=protocol.markers,
            scales=protocol.scales,
            policies={},
            audience=robot,
        )
        with steady():  # as a session does
            player.play(messages(plan), plan.pause_grid)
        line.close()
        pulses.close()
        clock.close()
    ms = np.array(display.outside) * 1e3
    return [
        at_most("task, player and log, per frame, p99", float(np.percentile(ms, 99)), 0.3, "ms"),
        beside("median", float(np.median(ms)), "ms"),
        beside("longest", float(ms.max()), "ms"),
    ]


def virtual(folder: Path) -> list[Row]:
    """Run 30 minutes on the virtual clock, without a window."""
    study = long_study(folder / "virtual", 116)
    request = SessionRequest(
        study,
        PERSON,
        "01",
        robot="typical",
        fast=True,
        no_window=True,
        port="mock:",
        scanner="mock:",
    )
    begun = time.perf_counter()
    result = run_session(prepare(request))
    taken = time.perf_counter() - begun
    last = next(read_log(result.log).of("end"))["t"]
    command = [
        *("run", str(study), "--participant", PERSON, "--session", "02"),
        *("--robot", "typical", "--speed", "fast", "--no-window"),
    ]
    return [
        Row("session time", f"{last / 60:.1f} min"),
        at_most("30 minutes on the virtual clock", taken * 30 * 60 / last, 2.0, "s"),
        beside("a short session as a command, timing figure included", _command(command), "s"),
    ]


def start_times(folder: Path) -> list[Row]:
    """Time whole commands on a short log, byte code compiled: their start and little else."""
    study = folder / "virtual"
    log = next(study.glob("sourcedata/*/ses-02/*.jsonl"))
    python = statistics.median(_timed([sys.executable, "-c", "import numpy, pydantic"]))
    verify = ["replay", str(log), "--verify"]
    export = ["export", str(study), "--bids", str(folder / "bids")]
    return [
        at_most("`replay --verify` of a short session, all of it", _command(verify), 1.0, "s"),
        at_most("`export --bids` of two sessions, all of it", _command(export), 1.0, "s"),
        beside("python -c 'import numpy, pydantic'", python, "s"),
        at_most(
            "psychopy modules imported by them", float(_imports_psychopy(verify, export)), 0, ""
        ),
    ]


def _imports_psychopy(*commands: list[str]) -> int:
    found = 0
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "run_session.py", *command],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=True,
        )
        found += sum("psychopy" in line for line in done.stderr.splitlines())
    return found


def _command(words: list[str]) -> float:
    """Return the median time (s) of a command of ours; the first call only compiles."""
    command = [sys.executable, "run_session.py", *words]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    if words[0] == "run":
        return _timed(command, environment, times=1)[0]
    return statistics.median(_timed(command, environment)[1:])


def _timed(
    command: list[str], environment: dict[str, str] | None = None, times: int = 6
) -> list[float]:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        taken.append(time.perf_counter() - begun)
    return taken
