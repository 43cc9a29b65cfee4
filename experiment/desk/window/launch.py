"""Opening the launcher: one application, one window, until it is closed.

Raises
------
HardwareError
If there is no screen.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PyQt6.QtCore import QLibraryInfo, QLocale, QLoggingCategory, QTranslator
from PyQt6.QtWidgets import QApplication

from experiment.desk.commands import Options
from experiment.desk.settings import settings_file
from experiment.desk.window.look import font
from experiment.desk.window.window import DeskWindow
from experiment.errors import HardwareError
from experiment.said import Said
from stimuli.virtual_display import display_answers


def application() -> QApplication:
    """Return the process's application, made if there is none yet."""
    running = QApplication.instance()
    if isinstance(running, QApplication):
        return running
    QLoggingCategory.setFilterRules("qt.text.font.db=false")
    made = QApplication(["kindred"])
    made.setApplicationName("Kindred")
    made.setStyle("Fusion")  # the same on every system; our style sheet is drawn on it
    made.setFont(font())
    return made


def open_desk(study: Path | None, options: Options) -> int:
    """Open the launcher, on a study if one is given, and return its exit code when it is closed."""
    _check_screen()
    app = application()
    window = DeskWindow(options, settings_file())
    translator = QTranslator()
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if translator.load(QLocale(window.texts.tag), "qtbase", "_", folder):
        app.installTranslator(translator)  # the folder dialog's own words
    if study is not None:
        window.open(study)
    window.show()
    return app.exec()


def _check_screen() -> None:
    """Make sure that there is a screen: without one, Qt ends the whole process without a word.

    Raises
    ------
    HardwareError
        If there is none.
    """
    chosen = os.environ.get("QT_QPA_PLATFORM") or os.environ.get("WAYLAND_DISPLAY")
    if chosen or not sys.platform.startswith("linux"):
        return
    if not os.environ.get("DISPLAY") or not display_answers():
        raise HardwareError(Said("refused.no_screen"))
