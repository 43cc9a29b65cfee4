"""Whoever clicks in the launcher while a session runs takes no key from the session's window."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint
from PyQt6.QtWidgets import QPushButton, QWidget

from experiment.desk.texts import speaking
from experiment.desk.window.running import QuestionSheet, RunningSheet
from tests.sessions.assistant import rest, sit_down

pytestmark = [pytest.mark.linux, pytest.mark.slow]


def test_keeping_a_moment_leaves_the_focus_with_the_session(
    quick_study: Path,
    tmp_path: Path,
    display: None,  # noqa: ARG001
) -> None:
    assistant = sit_down(quick_study, tmp_path / "desk.json")
    texts, done = speaking("en"), list[str]()
    running = RunningSheet(texts, "", lambda: None, lambda: done.append("kept"))
    question = QuestionSheet(texts, "Is it?", done.append, lambda: done.append("no"))
    session = QWidget()
    session.setGeometry(1200, 200, 300, 200)
    session.show()

    assistant.desk.show(running)
    session.activateWindow()
    rest(300)
    click(running.keep)
    assert (done, session.isActiveWindow()) == (["kept"], True)

    assistant.desk.show(question)
    session.activateWindow()
    rest(300)
    click(question.no)
    assert (done, session.isActiveWindow()) == (["kept", "no"], False)
    session.close()
    assistant.window.close()


def click(button: QPushButton) -> None:
    """Click as a mouse does, at a place of the screen."""
    place = button.mapToGlobal(QPoint(20, 12))
    move = ("mousemove", str(place.x()), str(place.y()))
    subprocess.run(["xdotool", *move, "click", "1"], check=True)
    rest(300)
