"""Sessions taken by hand: mouse, button box, pauses, a disk that is full. No robot is in these."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from analysis.replay import verify
from analysis.tables import rating_rows
from experiment.readlog import SessionLog, read_log
from experiment.session import SessionRequest, prepare, run
from hardware.scan import ButtonPress, SimulatedScan
from hardware.simulator import simulator
from tests.sessions.window_place import window_place

ROOT = Path(__file__).parents[2]
LAB: tuple[tuple[str, str], ...] = (
    ("mouse: false", "mouse: true"),
    ("{total: {value: 6, source: S0}, per_writer: 1}", "{total: 1, per_writer: 1}"),
    ("reading_at_least: 1.0", "reading_at_least: 0.0"),
    ("      fixation: [1.0, 1.5]", "      fixation: [0.1, 0.2]"),
    ("      closing: 4.0\n\n  feelings", "      closing: 0.2\n\n  feelings"),
)

pytestmark = [pytest.mark.linux, pytest.mark.usefixtures("display"), pytest.mark.timeout(120)]


_PATIENCE = 5.0  # s


class Hand:
    """Somebody at the session's keyboard and mouse, who sees in the log what is on the screen."""

    def __init__(self, log: Path, process: subprocess.Popen[str]) -> None:
        self._log = log
        self._process = process
        self.seen = 0

    def screens(self) -> Iterator[dict[str, Any]]:
        """Yield each step once it is on the screen, until the session ends.

        Where nothing comes of what was pressed it is yielded again, as people press again.
        """
        steps: dict[int, dict[str, Any]] = {}
        shown, since = -1, 0.0
        while self._process.poll() is None:
            for event in self.events():
                if event["type"] == "step":
                    steps[event["n"]] = event["step"]
                elif event["type"] == "onset":
                    shown, since = event["n"], time.monotonic()
                    yield steps[shown]
            if shown in steps and time.monotonic() > since + _PATIENCE:
                since = time.monotonic()
                yield steps[shown]
            time.sleep(0.01)  # or it would take the core that the session needs

    def events(self) -> list[dict[str, Any]]:
        """Return what has come to the log since the last call."""
        if not self._log.exists():
            return []
        lines = self._log.read_bytes().split(b"\n")[:-1]
        new, self.seen = lines[self.seen :], len(lines)
        return [json.loads(line) for line in new]

    @staticmethod
    def do(*words: str) -> None:
        subprocess.run(["xdotool", *words], check=True, timeout=10)


@contextmanager
def session(study: Path, visit: str, *words: str, **options: Any) -> Iterator[tuple[Hand, Any]]:
    command = [sys.executable, "run_session.py", "run", str(study), "--participant", "012"]
    # The scanner is a simulated one, so that is a rehearsal; the lab's session comes out of turn.
    words = (*words, "--rehearsal") if visit == "01" else (*words, "--yes")
    process = subprocess.Popen(
        [*command, "--session", visit, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
    try:
        yield Hand(log_file(study, visit), process), process
    finally:
        process.kill()
        process.communicate()


def log_file(study: Path, visit: str) -> Path:
    place = "rehearsals" if visit == "01" else "sourcedata"
    return study / place / "sub-012" / f"ses-{visit}" / f"sub-012_ses-{visit}.jsonl"


def finished(study: Path, visit: str, process: subprocess.Popen[str]) -> SessionLog:
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    log = read_log(log_file(study, visit))
    assert log.status == "complete"
    assert verify(log).differences == ()
    return log


def click(x: int, y: int) -> None:
    """Click at a place (px) of the window."""
    place = window_place()
    Hand.do("mousemove", str(place["X"] + x), str(place["Y"] + y), "click", "1")


def tap(*keys: str) -> None:
    """Press keys one after the other, as a finger does."""
    for key in keys:
        Hand.do("keydown", key)
        Hand.do("keyup", key)


def practise(screen: dict[str, Any]) -> None:
    """Move the mark as the practice asks for: to the left, then, asked again, to the right."""
    tap("Left" if screen["prompt"] == "practice.prompt" else "Right", "space")


def test_a_whole_session_by_mouse(new_study: Callable[..., Path]) -> None:
    study = new_study(*LAB)
    ends = {"practice.prompt": 150, "practice.again": 1130, None: 1130}
    with session(study, "02") as (hand, process):
        for step in hand.screens():
            screen = step["screen"]
            if screen["kind"] == "scale":
                click(ends[screen["prompt"]], 396)  # the scale's line is at 0.55 of the height
            elif step["accepts"] == "continue":
                click(640, 360)
        log = finished(study, "02", process)
    assert {event["device"] for event in log.of("press")} == {"mouse"}
    rows = [row for row in rating_rows(log) if row.trial is not None]
    assert [(row.value, row.confirmed) for row in rows] == [(7, True), (7, True)]


@pytest.mark.slow
def test_a_scanner_session_with_a_button_box(quick_study: Path) -> None:
    study = quick_study
    presses = (  # volume 1, 1.4 s lead-in, up to 0.3 s fixation, 0.5 s message, 0.9 s each question
        ButtonPress(2.5, "yellow"),
        ButtonPress(2.8, "green"),
        ButtonPress(3.4, "blue"),
        ButtonPress(3.7, "red"),  # has no meaning in this protocol
    )
    scan = SimulatedScan(
        tr=0.5, volumes=40, start_on=10, start_after=0.3, device="forp", presses=presses
    )
    with (
        simulator(scan, study.parent / "simulator.jsonl") as ports,
        session(
            study, "01", "--port", ports.trigger, "--scanner", f"{ports.scanner}?device=forp"
        ) as (hand, process),
    ):
        for step in hand.screens():
            screen = step["screen"]
            if screen["kind"] == "scale" and screen["prompt"] is not None:
                practise(screen)
            elif step["accepts"] == "continue":
                tap("space")
        log = finished(study, "01", process)
    first, second = (row for row in rating_rows(log) if row.trial == 1)
    assert (first.confirmed, second.confirmed) == (True, False)
    box = [(e["action"], e["device"]) for e in log.of("press") if e["device"] != "keyboard"]
    assert ("confirm", "buttons") in box
    assert {device for _, device in box} == {"buttons"}
    assert len(list(log.of("pulse"))) > 5


def header_bytes(study: Path) -> int:
    """Return how long this session's header is, from one on the virtual clock."""
    other = study.parent / "other"
    shutil.copytree(study, other)
    request = SessionRequest(
        other, "012", "01", robot="hasty", fast=True, no_window=True, port="mock:", scanner="mock:"
    )
    with run(prepare(request)).log.open("rb") as stream:
        return len(stream.readline())


@pytest.mark.slow
def test_a_disk_that_is_full_stops_the_session_with_one_line(
    quick_study: Path,
) -> None:
    import resource

    study = quick_study
    most = header_bytes(study) + 6_000  # that may be written to any one file
    scan = SimulatedScan(tr=0.5, volumes=60, start_on=10, start_after=0.3)
    record = study.parent / "simulator.jsonl"
    with simulator(scan, record) as ports:
        wires = ("--port", ports.trigger, "--scanner", ports.scanner, "--robot", "hasty")

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        with session(study, "01", *wires, preexec_fn=limit) as (_, process):
            _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert "the log can't be written any more" in line
    assert "Traceback" not in err
    log = read_log(log_file(study, "01"))
    assert log.status == "crashed"
    assert verify(log).differences == ()
    sent = [json.loads(line) for line in record.read_text().splitlines()]
    assert [line["byte"] for line in sent if "byte" in line][-1] == 0
