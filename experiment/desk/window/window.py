"""The launcher's one window: a bar on top, and below it the page that is wanted now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QActionGroup, QCloseEvent, QGuiApplication
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from experiment.desk.commands import Options
from experiment.desk.settings import Settings, load_settings, save_settings
from experiment.desk.texts import Texts, languages, speaking
from experiment.desk.window.desk import Desk
from experiment.desk.window.look import STYLE, font
from experiment.desk.window.parts import label
from experiment.desk.window.welcome import WelcomePage
from experiment.errors import BadInput
from experiment.study import Study, open_study

SMALLEST = (1024, 700)


class DeskWindow(QMainWindow):
    """The launcher.

    Parameters
    ----------
    options : Options
        How sessions are run: for a person, or for a robot in a rehearsal.
    settings_file : Path
        Where the user's settings are kept.
    """

    def __init__(self, options: Options, settings_file: Path) -> None:
        super().__init__()
        self._options, self._file = options, settings_file
        self.settings: Settings = load_settings(settings_file)
        self.texts: Texts = speaking(self.settings.language)
        self.study: Study | None = None
        self.desk: Desk | None = None
        self.welcome: WelcomePage | None = None
        self.setStyleSheet(STYLE)
        self.setFont(font())
        self.setMinimumSize(*SMALLEST)
        self.resize(1180, 800)
        self._build()

    # --- studies ---------------------------------------------------------------------------------

    def open(self, folder: Path) -> None:
        """Open a study and show its participants; say so if it can't be."""
        try:
            self.study = open_study(folder)
        except BadInput as error:
            self._build()
            assert self.welcome is not None
            problem = f"{self.texts.says('study.error')}\n{error}"
            self.welcome.complain(problem)
            return
        self._keep(self.settings.opened(folder))
        self._build()

    def leave_study(self) -> None:
        """Go back to the choice of a study."""
        self.study = None
        self._build()

    # --- the window ------------------------------------------------------------------------------

    def _build(self) -> None:
        """Make bar and pages anew, in the language and for the study of now."""
        self.desk = self.welcome = None
        direction = (
            Qt.LayoutDirection.RightToLeft if self.texts.rtl else Qt.LayoutDirection.LeftToRight
        )
        QGuiApplication.setLayoutDirection(direction)  # what is painted asks the application
        self.setLayoutDirection(direction)
        self.setWindowTitle(self.texts.says("title"))
        whole = QWidget()
        whole.setObjectName("page")
        inside = QVBoxLayout(whole)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self._bar())
        pages = QStackedWidget()
        inside.addWidget(pages, 1)
        self.setCentralWidget(whole)
        if self.study is None:
            self.welcome = WelcomePage(self.texts, self._recent(), self.open)
            pages.addWidget(self.welcome)
            QTimer.singleShot(0, self.welcome.focus_first)
        else:
            self.desk = Desk(
                self.texts, self.study, self.settings, self._options, pages, self._keep
            )

    def _bar(self) -> QFrame:
        bar = QFrame()
        bar.setObjectName("bar")
        across = QHBoxLayout(bar)
        across.setContentsMargins(20, 8, 16, 8)
        across.setSpacing(14)
        across.addWidget(label(self.texts.says("title"), "wordmark", wrap=False))
        if self.study is not None:
            title = label(self.study.protocol.study.title, "soft")
            across.addWidget(title, 1)
            self.studies = QToolButton()
            self.studies.setObjectName("quiet")
            self.studies.setText(self.texts.says("study.back"))
            self.studies.clicked.connect(lambda: self._if_idle(self.leave_study))
            across.addWidget(self.studies)
        else:
            across.addStretch(1)
        across.addWidget(self._language_button())
        return bar

    def _language_button(self) -> QToolButton:
        menu = QMenu(self)
        group = QActionGroup(menu)
        for tag in languages():
            action = menu.addAction(speaking(tag).says("language"))
            assert action is not None
            action.setCheckable(True)
            action.setChecked(tag == self.texts.tag)
            action.setObjectName(f"language.{tag}")
            action.triggered.connect(lambda _=False, tag=tag: self.speak(tag))
            group.addAction(action)
        made = QToolButton()
        made.setObjectName("quiet")
        made.setText(self.texts.says("language") + "  ▾")
        made.setMenu(menu)
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return made

    def speak(self, tag: str) -> None:
        """Show everything in another language, and remember it."""

        def change() -> None:
            chosen = self.desk.chosen if self.desk is not None else None
            self._keep(replace(self.settings, language=tag))
            self.texts = speaking(tag)
            self._build()
            if self.desk is not None and chosen is not None:
                self.desk.choose(chosen)

        self._if_idle(change)

    def _recent(self) -> list[str]:
        return [name for name in self.settings.studies if Path(name, "study.yaml").is_file()]

    def _keep(self, settings: Settings) -> None:
        self.settings = settings
        save_settings(settings, self._file)

    def _if_idle(self, does: Callable[[], object]) -> None:
        if self.desk is None or not self.desk.busy:
            does()

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802
        """Stay open as long as a session runs: its lines and its end belong here."""
        if event is None:
            return
        if self.desk is not None and self.desk.busy:
            self.desk.say_busy()
            event.ignore()
        else:
            event.accept()
