"""The first page: which study it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFileDialog, QListWidget, QListWidgetItem

from experiment.desk.texts import Texts
from experiment.desk.window.parts import Sheet, button, label

_FOLDER = Qt.ItemDataRole.UserRole


class WelcomePage(Sheet):
    """Recent studies, and a folder dialog for others.

    Parameters
    ----------
    texts : Texts
    recent : sequence of str
        Folders, the last opened first.
    on_study : callable
        Takes the folder that was chosen.
    """

    def __init__(
        self, texts: Texts, recent: Sequence[str], on_study: Callable[[Path], object]
    ) -> None:
        super().__init__(texts.says("study.welcome"), texts.says("study.hint"))
        self._texts, self._on_study = texts, on_study
        self.recent = QListWidget()
        self.recent.setObjectName("recent")
        self.recent.setAccessibleName(texts.says("study.recent"))
        self.recent.setSpacing(2)
        for name in recent:
            item = QListWidgetItem(f"{Path(name).name}\n{_short(Path(name).parent)}", self.recent)
            item.setData(_FOLDER, name)
        self.recent.itemActivated.connect(self._open)
        self.recent.itemClicked.connect(self._open)
        if recent:
            self.body.addWidget(label(texts.says("study.recent"), "caption"))
            self.recent.setMinimumHeight(min(5, len(recent)) * 66 + 12)
            self.recent.setCurrentRow(0)
            self.body.addWidget(self.recent)
        else:
            self.body.addWidget(label(texts.says("study.none"), "soft"))
        self.open = button(texts.says("study.open"), self._ask, "primary")
        self.put_buttons(self.open)

    def focus_first(self) -> None:
        (self.recent if self.recent.count() else self.open).setFocus()

    def _open(self, item: QListWidgetItem) -> None:
        self._on_study(Path(str(item.data(_FOLDER))))

    def _ask(self) -> None:
        found = QFileDialog.getExistingDirectory(self, self._texts.says("study.folder"))
        if found:
            self._on_study(Path(found))


def _short(folder: Path) -> str:
    """Return a folder's path, from the user's home if it is in there."""
    home = Path.home()
    return str(Path("~") / folder.relative_to(home) if folder.is_relative_to(home) else folder)
