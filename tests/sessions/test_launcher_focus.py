"""Whoever clicks in the launcher while a session runs takes no key from the session's window."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.linux, pytest.mark.slow]

# A process of its own: this one's Qt has no screen.
TWO_WINDOWS = """
import subprocess, sys
from pathlib import Path
from PyQt6.QtCore import QPoint
from PyQt6.QtWidgets import QWidget
from experiment.desk.commands import Options
from experiment.desk.window.launch import application
from experiment.desk.texts import speaking
from experiment.desk.window.running import QuestionSheet, RunningSheet
from tests.sessions.assistant import sit_down, rest

app = application()
desk = sit_down(Path(sys.argv[1]), Path(sys.argv[2])).desk
texts, done = speaking("en"), []
running = RunningSheet(texts, "", lambda: None, lambda: done.append("kept"))
question = QuestionSheet(texts, "Is it?", done.append, lambda: done.append("no"))
session = QWidget()
session.setGeometry(1200, 200, 300, 200)
session.show()
for sheet, button in ((running, running.keep), (question, question.no)):
    desk.show(sheet)
    session.activateWindow()
    rest(300)
    place = button.mapToGlobal(QPoint(20, 12))
    subprocess.run(["xdotool", "mousemove", str(place.x()), str(place.y()), "click", "1"])
    rest(300)
    print(done[-1:], session.isActiveWindow())
"""


def test_keeping_a_moment_leaves_the_focus_with_the_session(
    quick_study: Path,
    tmp_path: Path,
    display: None,  # noqa: ARG001
) -> None:
    said = subprocess.run(
        [sys.executable, "-c", TWO_WINDOWS, str(quick_study), f"{tmp_path}/desk.json"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.splitlines() == ["['kept'] True", "['no'] False"]
