"""A research assistant at the launcher: a robot that reads what is on it, clicks and types."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from PyQt6.QtCore import QEventLoop, QPoint, Qt, QTimer
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QScrollArea,
    QWidget,
)

from experiment.desk.commands import Options
from experiment.desk.window.desk import Desk
from experiment.desk.window.window import DeskWindow

W = TypeVar("W", bound=QWidget)
LEFT = Qt.MouseButton.LeftButton
HANDS: Any = QTest  # its type stubs take its functions for methods


class Assistant:
    """Somebody who has the launcher in front of them.

    Parameters
    ----------
    window : DeskWindow
        Shown.
    pictures : Path or None
        Folder for screenshots.
    """

    def __init__(self, window: DeskWindow, pictures: Path | None = None) -> None:
        self.window, self._pictures = window, pictures
        self.settle()

    @property
    def desk(self) -> Desk:
        assert self.window.desk is not None
        return self.window.desk

    @property
    def page(self) -> QWidget:
        """What is on top: a sheet, or the home page."""
        return self.window if self.window.desk is None else self.desk.sheet or self.window

    def settle(self) -> None:
        """Let all that was asked of the window be done."""
        for _ in range(6):
            QApplication.processEvents()

    def visible(self, kind: type[W]) -> list[W]:
        return [part for part in self.page.findChildren(kind) if part.isVisible()]

    def texts(self) -> str:
        """Return all that can be read, in lines."""
        labels = [part.text() for part in self.visible(QLabel)]
        buttons = [part.text() for part in self.visible(QAbstractButton)]
        return "\n".join([*labels, *buttons])

    def button(self, text: str) -> QAbstractButton:
        found = [
            part
            for part in self.visible(QAbstractButton)
            if part.text().startswith(text) or part.accessibleName() == text
        ]
        assert found, f"no button {text!r} among:\n{self.texts()}"
        return found[0]

    def scroll_to(self, text: str) -> QAbstractButton:
        """Bring a button into sight."""
        chosen = self.button(text)
        for area in self.visible(QScrollArea):
            area.ensureWidgetVisible(chosen)
        return chosen

    def press(self, text: str) -> None:
        """Click on a button as a hand does."""
        chosen = self.scroll_to(text)
        assert chosen.isEnabled(), f"{text!r} can't be pressed:\n{self.texts()}"
        middle = QPoint(20, chosen.height() // 2)
        if isinstance(chosen, QRadioButton):
            middle = QPoint(24, chosen.height() // 2)
        HANDS.mouseClick(chosen, LEFT, pos=middle)
        self.settle()

    def fill(self, caption: str, text: str) -> None:
        """Type into the field of a caption."""
        (line,) = [line for line in self.visible(QLineEdit) if line.accessibleName() == caption]
        line.clear()
        HANDS.keyClicks(line, text)
        self.settle()

    def choose(self, key: str) -> None:
        """Choose from the menu beside the participant."""
        assert self.desk.pane is not None
        menu = self.desk.pane.more.menu()
        assert menu is not None
        (action,) = [one for one in menu.actions() if one.objectName() == key]
        action.trigger()
        self.settle()

    def wait_for(self, text: str, seconds: float = 60.0) -> None:
        """Wait until something can be read."""
        self.wait(lambda: text in self.texts(), f"{text!r} to be read", seconds)

    def wait(self, done: Callable[[], object], what: str, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, f"waited for {what}; there is:\n{self.texts()}"
            rest(20)

    def said(self) -> str:
        return "\n".join(part.toPlainText() for part in self.visible(QPlainTextEdit))

    def picture(self, name: str) -> None:
        """Keep a screenshot, once nothing moves any more."""
        if self._pictures is not None:
            self._pictures.mkdir(parents=True, exist_ok=True)
            rest(250)
            self.settle()  # beside other work the rest may be over before the first round is
            self.window.grab().save(str(self._pictures / f"launcher-{name}.png"))


def rest(ms: int) -> None:
    """Let the window go on for some milliseconds."""
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


def sit_down(
    study: Path | None, settings: Path, options: Options | None = None, pictures: Path | None = None
) -> Assistant:
    """Open the launcher on a study, in English."""
    window = DeskWindow(options or Options(), settings)
    window.resize(1024, 700)
    window.speak("en")
    window.show()
    assistant = Assistant(window, pictures)
    if study is not None:
        window.open(study)
        assistant.settle()
    return assistant
