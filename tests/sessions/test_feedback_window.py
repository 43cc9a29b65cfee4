"""A short scan of social feedback in a real window, and one that the participant stops by hand.

That a real window shows its screens as they should be is `test_profile_window`'s, which is quick.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageGrab

from analysis.replay import verify
from analysis.show import contact_sheet, moments, picture_at
from analysis.tables import block_rows, marker_rows, rating_rows, step_rows
from experiment.choices import save_choices
from experiment.examples import make_study
from experiment.kit.own_profile import save_own_profile
from experiment.kit.own_words import OwnWords
from experiment.people import Choice
from experiment.profiles import DEMO
from experiment.readlog import read_log
from experiment.screens import Closing
from experiment.study import open_study
from tests.conftest import faults_of
from tests.sessions.window_place import window_place

ROOT = Path(__file__).parents[2]
PERSON = ("--participant", "012")
# Three blocks of a person each in some eleven seconds.
SHORT = (
    ("size_px: [1920, 1080]", "size_px: [960, 540]"),
    ("hold: 1.0, closing: 20.0", "hold: 0.3, closing: 4.0"),
    ("begins: 600, trials: 4", "begins: 1.6, trials: 1"),
    ("begins: 2400, trials: 4", "begins: 4.8, trials: 1"),
    ("begins: 4200, trials: 4", "begins: 8.7, trials: 1"),
    ("balanced: true", "balanced: false"),
    ("      - {value: desire, source: S3}\n      - {value: selfesteem, source: L3}\n", ""),
    ("minutes_after: {value: [5], source: L3}", "minutes_after: []"),
    ("      answer: 10.0 ", "      answer: 0.5 "),
    ("      begins: 420.0 ", "      begins: 1.1 "),
    ("      each: 60.0", "      each: 0.2"),
    ("    practice: true\n", "    practice: false\n"),
    ("[feedback.welcome, feedback.how, feedback.stop]", "[feedback.stop]"),
    ("fixation: [2.0, 6.0]", "fixation: [0.2, 0.4]"),
    ("awaiting: 6.0", "awaiting: 0.3"),
    ("answer: 14.0", "answer: 0.6"),
    ("face: 20.0", "face: 0.8"),
    ("run: 5400\n      closing: 10.0", "run: 11.5\n      closing: 0.4"),
)

pytestmark = [
    pytest.mark.linux,
    pytest.mark.slow,
    pytest.mark.usefixtures("display"),
    pytest.mark.timeout(120),
]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    make_study(folder, "hsu2013")
    file = folder / "study.yaml"
    text = file.read_text("utf-8")
    for old, new in SHORT:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    kit = open_study(folder).kit_folder("012")
    words = OwnWords("CANARYNAME", 30, "CANARYTEXT.", ("men",))
    save_own_profile(kit, DEMO / "photos" / "p41.png", words)
    save_choices(kit, [Choice(one, 5) for one in ("p01", "p03", "p04", "p05")])
    return folder


def started(study: Path, session: str, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "run_session.py", "run", str(study), *PERSON, "--session", session]
    return subprocess.Popen(
        [*command, "--port", "mock:", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def log_file(study: Path, session: str) -> Path:
    # Nobody's hands without a real port: 03 is a rehearsal.
    place = "rehearsals" if session == "03" else "sourcedata"
    return study / place / "sub-012" / f"ses-{session}" / f"sub-012_ses-{session}.jsonl"


def test_a_whole_scan_in_a_window(study: Path) -> None:
    process = started(study, "02", "--robot", "hasty")
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    log = read_log(log_file(study, "02"))
    assert log.status == "complete"
    assert verify(log).differences == ()
    assert log.header["display"]["kind"] == "window"
    assert set(faults_of(log)) <= {"focus_lost"}

    blocks = block_rows(log)
    assert [row.condition for row in blocks] == ["baseline", "rejection", "acceptance"]
    assert [row.planned for row in blocks] == pytest.approx([1.6, 4.8, 8.7], abs=1e-5)
    assert not any(row.interrupted for row in blocks)
    rows = step_rows(log)
    answers = {row.condition: row.shown_answer for row in rows if row.shown_answer is not None}
    assert answers["rejection"] in (1, 2)
    assert answers["acceptance"] in (5, 6)
    met = [row.profile_id for row in rows if row.shown_answer is not None]
    assert len(set(met)) == len(met) == 2
    reports = {(row.block, row.report) for row in rows if row.report}
    assert len(reports) == 6  # before and right after each block
    assert {row.rating for row in rating_rows(log)} == {"sad", "happy"}
    markers = [row.name for row in marker_rows(log) if row.flip is not None]
    assert [name for name in markers if name.startswith(("block_", "uplift"))] == [
        *("block_baseline", "block_rejection", "uplift", "uplift", "block_acceptance"),
    ]
    (zero,) = [event for event in log.of("run_zero") if event["source"] == "injection"]
    assert zero["t"] in {event["t"] for event in log.of("mark")}
    for said in (out, err, log.file.read_text("utf-8")):
        assert "CANARY" not in said


def test_a_participant_who_stops_by_hand_sees_it(study: Path) -> None:
    process = started(study, "03", "--rehearsal")
    wait_for(study, process, "onset")
    subprocess.run(["xdotool", "keydown", "4"], check=True, timeout=10)
    wait_for(study, process, "stop_shown")
    seen = grabbed()
    subprocess.run(["xdotool", "keyup", "4"], check=True, timeout=10)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "THE PARTICIPANT ASKED TO STOP: go to them now" in out
    assert "the session was stopped: the participant asked to stop" in err
    assert "has not been debriefed" not in out  # nobody was there: it is a rehearsal

    log = read_log(log_file(study, "03"))
    assert verify(log).differences == ()
    last = moments(log)[-1]
    assert last.step.screen == Closing("stopped")
    assert rms(seen, picture_at(log, last.t + 0.01, None)) < 1
    assert rms(seen, picture_at(log, last.t - 0.01, None)) > 3
    assert contact_sheet(log, None).size > 0


def wait_for(study: Path, process: subprocess.Popen[str], kind: str) -> None:
    """Wait until an event of a kind is in the log, and so on the screen."""
    file = log_file(study, "03")
    while process.poll() is None:
        lines = file.read_bytes().split(b"\n")[:-1] if file.exists() else []
        if any(json.loads(line)["type"] == kind for line in lines):
            return
        time.sleep(0.02)
    raise AssertionError(process.communicate()[1])


def grabbed() -> np.ndarray:
    """Return what the task's window shows, as the display has it."""
    facts = window_place()
    left, top = facts["X"], facts["Y"]
    box = (left, top, left + facts["WIDTH"], top + facts["HEIGHT"])
    return np.asarray(ImageGrab.grab(box).convert("RGB"))


def rms(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean((a.astype(float) - b) ** 2)))
