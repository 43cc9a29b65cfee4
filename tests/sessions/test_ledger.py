"""Whole sessions over pseudo-terminals: codes that come back, and PET runs timed by marks."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from analysis.bids_validator import ValidatorReport, validate
from analysis.replay import verify
from analysis.tables import mark_rows, marker_rows
from analysis.timing import measure
from analysis.timing_summary import summary
from experiment.readlog import SessionLog, read_log
from hardware.scan import SimulatedScan
from hardware.simulator import simulator
from run_session import main
from tests.conftest import QUICK, faults_of
from tests.exports import export_bids
from tests.studies import Edit

ROOT = Path(__file__).parents[2]
PERSON = ("--participant", "012", "--session", "01", "--robot", "hasty", "--no-window")
PET: tuple[Edit, ...] = (
    *QUICK,
    ("begins: pulse", "begins: injection"),
    ("sync_pattern: 0", "sync_pattern: 8"),
    ("lead_in: 0.4", "lead_in: 4.0"),
    ("marks: {scan_start: f7, injection: f8}", "marks: {}"),
)

pytestmark = [pytest.mark.linux, pytest.mark.timeout(120)]
MakeStudy = Callable[..., Path]


def log_of(study: Path) -> Path:
    return study / "sourcedata" / "sub-012" / "ses-01" / "sub-012_ses-01.jsonl"


@contextmanager
def running(study: Path, *wires: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "run_session.py", "run", str(study), *PERSON, *wires],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(holds: Callable[[], bool], limit: float = 60.0) -> None:
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def waits_for_a_mark(study: Path) -> bool:
    file = log_of(study)
    return file.exists() and b'"kind":"on_mark"' in file.read_bytes().partition(b"\n")[2]


def marks_in(study: Path) -> int:
    return log_of(study).read_bytes().count(b'"type":"mark"')


def finished(process: subprocess.Popen[str], study: Path) -> tuple[SessionLog, str]:
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    log = read_log(log_of(study))
    assert verify(log).differences == ()
    return log, out


def test_a_session_with_a_loop_back_cable_knows_when_each_code_came_back(
    quick_study: Path, tmp_path: Path
) -> None:
    scan = SimulatedScan(tr=0.5, volumes=40, start_on=10, start_after=0.3, loop_back=True)
    with simulator(scan, tmp_path / "simulator.jsonl") as ports:
        wires = ("--port", ports.trigger, "--scanner", ports.scanner, "--echo", ports.trigger)
        with running(quick_study, *wires) as process:
            log, out = finished(process, quick_study)
    assert log.header["devices"]["echo"] == {"name": ports.trigger, "url": ports.trigger}
    rows = marker_rows(log)
    assert all(row.echo is not None and row.begun is not None for row in rows)
    assert all(0 < (row.echo or 0) - (row.begun or 0) < 0.25 for row in rows)
    assert [e["code"] for e in log.of("marker_echo")] == [row.code for row in rows]
    assert faults_of(log) == []
    assert f"echo          {len(rows)} of {len(rows)} came back; write to echo median" in out
    assert log.events[-1]["type"] == "end"
    (count,) = log.of("scanner_bytes")  # what devices tell at the end is in the log
    assert count["count"] == len(list(log.of("pulse")))


@pytest.mark.slow
def test_a_session_whose_codes_do_not_come_back_says_so(quick_study: Path, tmp_path: Path) -> None:
    scan = SimulatedScan(tr=0.5, volumes=40, start_on=10, start_after=0.3)
    with simulator(scan, tmp_path / "simulator.jsonl") as ports:
        wires = ("--port", ports.trigger, "--scanner", ports.scanner, "--echo", ports.trigger)
        with running(quick_study, *wires) as process:
            log, out = finished(process, quick_study)
    sent = len(list(log.of("marker_sent")))
    assert faults_of(log) == ["marker_not_echoed"] * sent
    assert f"echo          0 of {sent} came back\n" in out
    assert f"marker_not_echoed × {sent}" in out


def test_a_pet_run_timed_by_an_injection_that_the_scanner_tells(
    new_study: MakeStudy, terminal: Any, tmp_path: Path
) -> None:
    study = new_study(*PET)
    url = f"{terminal.path}?scan_start=s&injection=i&sync=y"
    with running(study, "--port", "mock:", "--scanner", "none", "--marks", url) as process:
        wait_until(lambda: waits_for_a_mark(study))
        terminal.write(b"s")
        terminal.write(b"i")
        for count in range(3, 8):
            terminal.write(b"y")
            wait_until(lambda count=count: marks_in(study) == count)  # type: ignore[misc]
        log, out = finished(process, study)
    zero = list(log.of("run_zero"))[-1]
    rows = mark_rows(log)
    assert [row.name for row in rows] == ["scan_start", "injection", *["sync"] * 5]
    assert {row.origin for row in rows} == {"hardware"}
    assert (zero["source"], zero["t"]) == ("injection", rows[1].at)
    assert [row.t for row in rows][1] == 0.0
    assert "injection at" in out
    assert "(hardware), 5 sync" in out
    report = export_bids([log.file], tmp_path / "bids")
    assert report.left_out == ()
    (events,) = (tmp_path / "bids").glob("sub-*/ses-*/beh/*_events.tsv")
    assert "\tmark_injection\t" in events.read_text()
    assert events.read_text().count("\tmark_sync\t") == 5
    assert '"Origin": "hardware"' in events.with_suffix(".json").read_text()
    assert validate(tmp_path / "bids") == ValidatorReport((), ())


@pytest.mark.slow
def test_a_pet_run_timed_by_an_injection_in_a_file(new_study: MakeStudy) -> None:
    study = new_study(*PET)
    wires = ("--port", "mock:", "--scanner", "none", "--marks-file", "pet.txt")
    with running(study, *wires) as process:
        wait_until(lambda: waits_for_a_mark(study))
        at = datetime.now(timezone.utc) - timedelta(seconds=0.5)
        late = at + timedelta(hours=1)
        lines = [f"{at.isoformat()} injection", f"{late.isoformat()} sync", "soon injection"]
        (study / "pet.txt").write_text("\n".join(lines) + "\n", "utf-8")
        log, _ = finished(process, study)
    (mark,) = log.of("mark")
    assert (mark["name"], mark["origin"], mark["line"]) == ("injection", "file", 1)
    assert abs((datetime.fromisoformat(mark["utc"]) - at).total_seconds()) < 0.01
    assert mark["anchor"] in {event["t"] for event in log.of("anchor")}
    zero = list(log.of("run_zero"))[-1]
    assert (zero["source"], zero["t"]) == ("injection", mark["t"])
    refused = [f["reason"] for f in log.of("fault") if f["what"] == "mark_refused"]
    assert refused == ["in_the_future", "unreadable_time"]
    assert "mark_refused × 2" in summary(measure(log))


@pytest.mark.parametrize(
    ("wires", "problem"),
    [
        ((), "waits for the mark 'injection', but nothing can make it"),
        (("--marks", "{port}?scan_start=s"), "waits for the mark 'injection', but nothing"),
        (("--marks", "{port}"), "say which character means what"),
        (("--marks-file", "no/such/folder/pet.txt"), "the folder of the file of marks does not"),
        (("--marks", "/dev/nowhere?injection=i"), "no such device"),
        (("--marks-file", "pet.txt", "--echo", "{port}", "--port", "none"), "no trigger port"),
        (("--marks-file", "pet.txt", "--speed", "fast"), "can't follow --speed fast"),
    ],
)
def test_wires_that_cannot_do_what_the_run_needs(
    new_study: MakeStudy,
    terminal: Any,
    capsys: pytest.CaptureFixture[str],
    wires: tuple[str, ...],
    problem: str,
) -> None:
    study = new_study(*PET)
    given = [part.format(port=terminal.path) for part in wires]
    words = ["run", str(study), *PERSON, "--scanner", "none", "--port", "mock:", *given]
    assert main(words) in (1, 2)
    err = capsys.readouterr().err
    assert problem in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert not log_of(study).exists()


@pytest.mark.slow
def test_first_volumes_that_were_lost_are_known_by_the_count(
    new_study: MakeStudy, tmp_path: Path
) -> None:
    # The scan is as long as the run's waiting and first trial, so that its end is seen.
    study = new_study(*QUICK, ("volumes: none ", "volumes: 6 "))
    scan = SimulatedScan(tr=0.5, volumes=6, start_on=10, start_after=0.3, late_first=2)
    with simulator(scan, tmp_path / "simulator.jsonl") as ports:
        wires = ("--port", ports.trigger, "--scanner", ports.scanner)
        with running(study, *wires) as process:
            wait_until(lambda: said(study, "volumes_short"))
            process.terminate()
            process.communicate(timeout=30)
    (fault,) = (f for f in read_log(log_of(study)).of("fault") if f["what"] == "volumes_short")
    assert (fault["short"], fault["certain"]) == (2, False)


def said(study: Path, what: str) -> bool:
    file = log_of(study)
    return file.exists() and f'"what":"{what}"'.encode() in file.read_bytes()
