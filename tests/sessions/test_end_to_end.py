"""Whole sessions: a real window, real serial code over pseudo-terminals, a robot that reads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from analysis.bids_validator import validate
from analysis.replay import verify
from analysis.timing import measure
from experiment.readlog import SessionLog, read_log
from hardware.scan import SimulatedScan
from hardware.simulator import SimulatorPorts, simulator
from tests.exports import export_bids
from tests.products import check_products

ROOT = Path(__file__).parents[2]
PERSON = ("--participant", "012", "--session", "01", "--robot", "hasty")

pytestmark = [pytest.mark.linux, pytest.mark.usefixtures("display"), pytest.mark.timeout(120)]


def heeds_interrupts() -> None:
    """Make sure that Ctrl-C reaches a program even if the tests were started in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def running(study: Path, ports: SimulatorPorts, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "run_session.py", "run", str(study), *PERSON, *words]
    wires = ["--port", f"{ports.trigger}?device=plain&pulse_ms=5", "--scanner", ports.scanner]
    process = subprocess.Popen(
        [*command, *wires],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeds_interrupts,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def simulated(folder: Path) -> tuple[SimulatedScan, Path]:
    scan = SimulatedScan(tr=0.5, volumes=40, start_on=10, start_after=0.3)
    return scan, folder / "simulator.jsonl"


def received(record: Path) -> list[int]:
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    return [line["byte"] for line in lines if "byte" in line]


def log_of(study: Path) -> Path:
    return study / "sourcedata" / "sub-012" / "ses-01" / "sub-012_ses-01.jsonl"


def wait_until(holds: Callable[[], bool], limit: float = 60.0) -> None:
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def seen(study: Path, type_: str, count: int = 1, after: str = "header") -> bool:
    """Whether there are so many events of a kind after the first one of another."""
    file = log_of(study)
    if not file.exists():
        return False
    wanted, start = (b'"type":"%s"' % name.encode() for name in (type_, after))
    return file.read_bytes().partition(start)[2].count(wanted) >= count


def test_the_whole_way_from_scanner_and_window_to_bids(quick_study: Path, tmp_path: Path) -> None:
    scan, record = simulated(tmp_path)
    with simulator(scan, record) as ports, running(quick_study, ports) as process:
        out, err = process.communicate(timeout=90)
        assert process.returncode == 0, err
    log = read_log(log_of(quick_study))
    assert log.status == "complete"

    planned = [event["code"] for event in log.of("marker_planned")]
    trial = {"kind": [20, 31, 41, 42], "stranger": [20, 33, 41, 42]}
    trials = [t["condition"] for t in log.header["plans"]["messages"]["trials"]]
    assert planned == [10, 11, *trial[trials[0]], *trial[trials[1]], 12]
    # What the simulated trigger box really got: each code once, 0 after each, 0 at start and end.
    assert received(record) == [0] + [byte for code in planned for byte in (code, 0)] + [0]

    found = verify(log)
    assert found.differences == ()
    assert (found.markers, found.status) == (len(planned), "complete")
    assert log.header["display"]["kind"] == "window"
    timing = measure(log)
    assert timing.ledger.sent == timing.ledger.planned == len(planned)
    assert len(timing.intervals) > 100
    assert len(timing.pulse_times) > 5
    assert "session       complete" in out
    assert log.file.with_name("sub-012_ses-01_timing.png").read_bytes()[:4] == b"\x89PNG"

    report = export_bids([log.file], tmp_path / "bids")
    assert report.left_out == ()
    assert validate(tmp_path / "bids") == type(validate(tmp_path / "bids"))((), ())


@pytest.mark.parametrize("while_", ["marker_sent", pytest.param("press", marks=pytest.mark.slow)])
def test_a_kill_leaves_a_readable_log_up_to_the_last_moments(
    quick_study: Path, tmp_path: Path, while_: str
) -> None:
    scan, record = simulated(tmp_path)
    with simulator(scan, record) as ports, running(quick_study, ports) as process:
        wait_until(lambda: seen(quick_study, "marker_sent"))  # the scan runs: practice is over
        wait_until(lambda: seen(quick_study, while_, 2, after="marker_sent"))
        killed_at = time.perf_counter()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
    log = read_log(log_of(quick_study))
    assert log.status == "crashed"
    assert log.broken_at is None
    assert _lost(log, killed_at) <= 0.2
    check_products(quick_study, log, tmp_path, told="crashed")


def _lost(log: SessionLog, killed_at: float) -> float:
    """Return how long before the kill (s) the log ends, by the frames that it holds."""
    frames = [event["t"] + sum(event["us"]) / 1e6 for event in log.of("frames")]
    return killed_at - float(max(frames) + float(log.header["clock_zero"]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "words"), [(signal.SIGTERM, ("--no-window",)), (signal.SIGINT, ())]
)
def test_a_polite_kill_is_an_abort_that_brings_the_line_down(
    quick_study: Path, tmp_path: Path, how: signal.Signals, words: tuple[str, ...]
) -> None:
    scan, record = simulated(tmp_path)
    with simulator(scan, record) as ports, running(quick_study, ports, *words) as process:
        wait_until(lambda: seen(quick_study, "marker_sent", 3))
        process.send_signal(how)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "error: the session was aborted" in err
    log = read_log(log_of(quick_study))
    assert log.status == "aborted"
    assert received(record)[-1] == 0
    assert verify(log).differences == ()


def test_by_key_a_session_is_paused_between_trials_and_aborted(
    quick_study: Path, tmp_path: Path
) -> None:
    scan, record = simulated(tmp_path)
    with simulator(scan, record) as ports, running(quick_study, ports) as process:
        wait_until(lambda: seen(quick_study, "marker_sent", 4))  # the first message is shown
        press("key", "p")
        wait_until(lambda: seen(quick_study, "pause"))
        press("key", "p")
        wait_until(lambda: seen(quick_study, "marker_sent", 7))  # and the trial behind it
        press("keydown", "Escape", "keydown", "q")
        try:
            out, err = process.communicate(timeout=30)
        finally:
            press("keyup", "Escape", "keyup", "q")
    assert process.returncode == 1
    assert "pause asked: the session holds before its next trial or run" in out
    assert "paused; p goes on" in out
    assert "stopped with the keys escape and q" in err
    log = read_log(log_of(quick_study))
    assert log.status == "aborted"
    (moved,) = log.of("continue")
    assert moved["shift"] > 0
    assert moved["shift"] % 0.5 == pytest.approx(0.0)  # whole volumes
    assert received(record)[-1] == 0
    assert verify(log).differences == ()


def press(*words: str) -> None:
    subprocess.run(["xdotool", *words], check=True, timeout=10)


@pytest.mark.slow
def test_a_trigger_port_lost_in_the_session_is_a_fault_and_the_session_goes_on(
    quick_study: Path, tmp_path: Path
) -> None:
    scan, record = simulated(tmp_path)
    other = tmp_path / "other.jsonl"
    file = quick_study / "study.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("trigger_port_lost: hold", "trigger_port_lost: go_on"), "utf-8")
    with simulator(scan, record) as ports, simulator(SimulatedScan(1.0, 0), other) as box:
        wires = SimulatorPorts(scanner=ports.scanner, trigger=box.trigger)
        # The scanner is started by a hand of its own here: its trigger box is another one.
        with running(quick_study, wires) as process:
            wait_until(lambda: seen(quick_study, "marker_sent"))
            start_scan(ports.trigger)
            wait_until(lambda: seen(quick_study, "marker_sent", 3))
            os.kill(box.pid, signal.SIGKILL)
            _, err = process.communicate(timeout=90)
    log = read_log(log_of(quick_study))
    faults = [event["what"] for event in log.of("fault")]
    assert process.returncode == 0, err
    assert log.status == "complete"
    assert {"marker_not_sent", "trigger_port_lost"} <= set(faults)
    found = verify(log).differences
    assert all("planned, not sent" in one.problem for one in found)
    assert found
    told = "trigger_port_lost"
    check_products(quick_study, log, tmp_path, told=told, differences=len(found))


def start_scan(trigger: str) -> None:
    with Path(trigger).open("wb", buffering=0) as port:
        port.write(bytes([10]))
