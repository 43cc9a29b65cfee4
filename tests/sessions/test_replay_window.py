"""The replay's window, for real, in a process of its own: Qt takes one application a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.show import moments, picture_at
from experiment.readlog import read_log
from experiment.screens import Message
from experiment.session import SessionRequest, prepare, run
from run_session import main

ROOT = Path(__file__).parents[2]
HANDS = """
import json, sys
from pathlib import Path
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication
application = QApplication(["test"])
from analysis.replay_window import ReplayWindow
from experiment.readlog import read_log
window = ReplayWindow(read_log(Path(sys.argv[1])), Path(sys.argv[2]), speed=8.0)
window.resize(1000, 800)
window.show()
QTest.qWaitForWindowExposed(window)
playback = window.playback
told = {"begin": playback.t}
def press(key):
    QTest.keyClick(window, key)
    return [playback.t, playback.playing, playback.speed]
told["play"] = press(Qt.Key.Key_Space)
for _ in range(2000):
    if playback.t >= told["begin"] + 1.0:
        break
    QTest.qWait(5)
told["pause"] = press(Qt.Key.Key_Space)
told["right"] = press(Qt.Key.Key_Right)
told["page"] = [press(Qt.Key.Key_PageDown), press(Qt.Key.Key_PageDown)]
told["slower"] = press(Qt.Key.Key_Minus)
told["frame"] = press(Qt.Key.Key_Period)
timeline = window._timeline
QTest.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=QPoint(timeline.width() - 16, 15))
told["click"] = playback.t
playback.seek(float(sys.argv[3]))
window._update()
QTest.qWait(50)
window.grab().save(sys.argv[4])
window._screen.grab().save(sys.argv[5])
told["where"] = window._where.text()
print(json.dumps(told))
"""


@pytest.mark.usefixtures("display")
def test_keys_and_clicks_move_it_and_it_shows_what_was_seen(
    new_study: Callable[..., Path], tmp_path: Path
) -> None:
    request = SessionRequest(
        new_study(), "012", "02", robot="typical", fast=True, no_window=True, size=(640, 360)
    )
    log = read_log(run(prepare(request)).log)
    kit = log.file.parents[3] / "participants" / "012" / "kit"
    changes = [moment.t for moment in moments(log)]
    message = next(m.t for m in moments(log) if isinstance(m.step.screen, Message)) + 0.5
    done = subprocess.run(
        [sys.executable, "-c", HANDS, str(log.file), str(kit), str(message),
         str(tmp_path / "window.png"), str(tmp_path / "screen.png")],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=50,
        env={**os.environ, "QT_QPA_PLATFORM": "xcb"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["begin"] == changes[0]
    assert told["play"][1:] == [True, 8.0]
    paused = told["pause"][0]
    assert told["pause"][1] is False
    assert told["right"][0] == min(t for t in changes if t > paused)
    first, second = (next(m.t for m in moments(log) if m.step.trial == trial) for trial in (1, 2))
    assert [place[0] for place in told["page"]] == [first, second]
    assert told["slower"][2] == 4.0
    assert told["frame"][0] == pytest.approx(second + 1 / 60)
    assert told["click"] == pytest.approx(log.events[-1]["t"], abs=0.5)
    assert "message" in told["where"]
    seen = Image.open(tmp_path / "screen.png").convert("RGB")
    expected = Image.fromarray(picture_at(log, message, kit))
    scale = min(seen.width / expected.width, seen.height / expected.height)
    size = (round(expected.width * scale), round(expected.height * scale))
    left, top = (seen.width - size[0]) // 2, (seen.height - size[1]) // 2
    inner = np.asarray(seen.crop((left, top, left + size[0], top + size[1])), float)
    wanted = np.asarray(expected.resize(size, Image.Resampling.BILINEAR), float)
    assert np.sqrt(np.mean((inner - wanted) ** 2)) < 6.0


def test_without_a_display_it_is_one_line(
    logs_of_a_session: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":9876")
    assert main(["replay", str(logs_of_a_session), "--show"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: --show: no display; ")
    assert error.count("\n") == 1


@pytest.fixture
def logs_of_a_session(new_study: Callable[..., Path]) -> Path:
    request = SessionRequest(new_study(), "012", "02", robot="typical", fast=True, no_window=True)
    return run(prepare(request)).log
