"""Each fault of a scanner, by way of a pseudo-terminal, through a whole session to what is told."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.advance import advance
from analysis.follow import Follower
from analysis.standing import Phase, State
from analysis.timing import measure
from analysis.timing_summary import summary
from experiment.readlog import SessionLog, read_log
from experiment.session import SessionRequest, prepare
from hardware.scan import SimulatedScan
from hardware.simulator import simulator
from tests.conftest import QUICK, faults_of
from tests.products import check_products
from tests.studies import Edit

ROOT = Path(__file__).parents[2]
PERSON = ("--participant", "012", "--session", "01", "--robot", "hasty", "--no-window")
SCAN = SimulatedScan(tr=0.5, volumes=40, start_on=10, start_after=0.2, seed=3)
GO_ON: tuple[Edit, ...] = (
    ("scanner_port_lost: hold", "scanner_port_lost: go_on"),
    ("toggled: hold", "toggled: go_on"),
    ("wrong_tr: hold", "wrong_tr: go_on"),
    ("stopped: hold", "stopped: go_on"),
)
MakeStudy = Callable[..., Path]

slow = pytest.mark.slow  # one of these sessions is run each time
pytestmark = [pytest.mark.linux, pytest.mark.timeout(180)]


def run(study: Path, scan: SimulatedScan, folder: Path) -> tuple[int, str, SessionLog, State]:
    """Run a session with a simulated scanner; return how it ended, its log and a monitor's view."""
    with simulator(scan, folder / "simulator.jsonl") as ports:
        wires = ("--port", ports.trigger, "--scanner", ports.scanner)
        done = subprocess.run(
            [sys.executable, "run_session.py", "run", str(study), *PERSON, *wires],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    file = study / "sourcedata" / "sub-012" / "ses-01" / "sub-012_ses-01.jsonl"
    state = advance(State(), Follower(file).poll(), time.time())
    return done.returncode, done.stdout + done.stderr, read_log(file), state


@pytest.mark.parametrize(
    ("faults", "what"),
    [
        ({"toggle": True}, "toggled"),
        # With this seed no pulse is 0.2 TR or more from its place: none is taken for an extra one.
        pytest.param({"jitter_ms": 60.0, "seed": 393}, "pulse_off_grid", marks=slow),
        pytest.param({"double": 0.5}, "pulse_doubled", marks=slow),
        pytest.param({"drop_at": (5,)}, "pulse_missed", marks=slow),
        pytest.param({"drop": 0.2}, "pulse_missed", marks=slow),
        pytest.param({"extra": 0.4}, "pulse_extra", marks=slow),
        pytest.param({"stop_after": 6}, "stopped", marks=slow),
        pytest.param({"ratio": 1.1}, "wrong_tr", marks=slow),
        pytest.param(
            {"disconnect_at": 1.6, "reconnect_after": 0.8}, "scanner_port_lost", marks=slow
        ),
    ],
)
def test_a_fault_for_which_the_session_goes_on_is_told_everywhere(
    new_study: MakeStudy,
    tmp_path: Path,
    faults: dict[str, Any],
    what: str,
) -> None:
    study = new_study(*QUICK, *GO_ON)
    code, out, log, state = run(study, replace(SCAN, **faults), tmp_path)
    assert code == 0, out
    assert log.status == "complete"
    assert what in {fault["what"] for fault in log.of("fault")}
    assert list(log.of("pause")) == []
    assert what in summary(measure(log))
    assert what in out
    assert state.stage is Phase.DONE
    assert what in {fault.name for fault in state.faults}
    check_products(study, log, tmp_path, told=what)


@slow
def test_a_scanner_port_that_comes_back_is_no_fault_any_more_and_its_pulses_count(
    new_study: MakeStudy, tmp_path: Path
) -> None:
    study = new_study(*QUICK, *GO_ON)
    scan = replace(SCAN, disconnect_at=1.6, reconnect_after=0.8)
    _, _, log, state = run(study, scan, tmp_path)
    (back,) = log.of("scanner_port_back")
    assert any(pulse["t"] > back["t"] for pulse in log.of("pulse"))
    assert {fault.name: fault.over for fault in state.faults}["scanner_port_lost"]


@slow
@pytest.mark.parametrize(
    ("faults", "what"), [({"stop_after": 4}, "stopped"), ({"toggle": True}, "toggled")]
)
def test_a_fault_for_which_the_session_stops_stops_it(
    new_study: MakeStudy, tmp_path: Path, faults: dict[str, Any], what: str
) -> None:
    study = new_study(*QUICK, (f"{what}: hold", f"{what}: stop"))
    code, out, log, state = run(study, replace(SCAN, **faults), tmp_path)
    assert code == 1
    assert f"{what}: the protocol says to stop" in out
    assert log.status == "aborted"
    assert list(log.of("run_end")) == []
    assert state.stage is Phase.ABORTED
    assert what in summary(measure(log))
    check_products(study, log, tmp_path, told=what)


@slow
def test_a_hold_with_a_robot_alone_ends_the_session_and_says_why(
    new_study: MakeStudy, tmp_path: Path
) -> None:
    study = new_study(*QUICK)
    code, out, log, state = run(study, replace(SCAN, toggle=True), tmp_path)
    assert code == 1
    assert "held for toggled: with a robot alone nobody is there to go on" in out
    assert [event["fault"] for event in log.of("pause_asked")] == ["toggled"]
    assert state.stage is Phase.ABORTED
    check_products(study, log, tmp_path, told="toggled")


@slow
def test_a_scan_that_ends_a_little_before_its_run_holds_nothing(
    new_study: MakeStudy, tmp_path: Path
) -> None:
    """How many volumes it sends is in no protocol here; how long the run lasts is in the plan."""
    study = new_study(*QUICK)
    request = SessionRequest(study, "012", "01", robot="hasty", no_window=True, scanner="mock:")
    plans = prepare(request).plans
    lasts = plans["messages"].plan.planned_duration
    assert lasts is not None
    scan = replace(SCAN, volumes=math.ceil(lasts / SCAN.tr) - 4)
    code, out, log, state = run(study, scan, tmp_path)
    assert code == 0, out
    assert log.status == "complete"
    assert faults_of(log) == ["scan_over"]
    assert list(log.of("pause_asked")) == []
    assert "scan_over" in out
    assert "scan_over" in {one.name for one in state.faults}
    check_products(study, log, tmp_path, told="scan_over")


@slow
def test_first_volumes_that_were_lost_are_known_at_the_run_s_end(
    new_study: MakeStudy, tmp_path: Path
) -> None:
    study = new_study(*QUICK, *GO_ON, ("volumes: none ", "volumes: 8 "))
    scan = replace(SCAN, volumes=8, late_first=2)
    code, out, log, state = run(study, scan, tmp_path)
    assert code == 0, out
    (fault,) = (f for f in log.of("fault") if f["what"] == "volumes_short")
    assert fault["certain"] is False  # two are missing, at the beginning or at the end
    assert "volumes_short" in out
    assert "volumes_short" in {one.name for one in state.faults}
    check_products(study, log, tmp_path, told="pulses missed: NOT MET (2, at most 0)")
