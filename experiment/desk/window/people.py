"""The list of participants, and how to find one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QEvent, QModelIndex, QObject, QRect, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QKeyEvent, QPainter
from PyQt6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
)

from experiment.desk.texts import Texts
from experiment.desk.window import look
from experiment.desk.window.parts import button, label, line_edit

_LABEL, _STATE = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
_HEIGHT = 58


class PeoplePane(QFrame):
    """Everybody in the study; typing narrows the list down.

    Parameters
    ----------
    texts : Texts
    on_choice : callable
        Takes the label of whoever was chosen.
    on_add : callable
        Called when a participant is to be added.
    """

    def __init__(
        self, texts: Texts, on_choice: Callable[[str], object], on_add: Callable[[], object]
    ) -> None:
        super().__init__()
        self._texts, self._on_choice = texts, on_choice
        self.setObjectName("side")
        self.setFixedWidth(300)
        inside = QVBoxLayout(self)
        inside.setContentsMargins(16, 20, 16, 16)
        inside.setSpacing(10)
        inside.addWidget(label(texts.says("people.title"), "caption"))
        self.search = line_edit()
        self.search.setPlaceholderText(texts.says("people.search"))
        self.search.setAccessibleName(texts.says("people.search"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._narrow)
        self.search.returnPressed.connect(self._choose_first)
        self.search.installEventFilter(self)
        inside.addWidget(self.search)
        self.list = QListWidget()
        self.list.setAccessibleName(texts.says("people.title"))
        self.list.setItemDelegate(_Rows(self.list))
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.currentItemChanged.connect(self._chosen)
        inside.addWidget(self.list, 1)
        self._nobody = label("", "small")
        inside.addWidget(self._nobody)
        self.add = button(texts.says("people.add"), on_add)
        inside.addWidget(self.add)

    def show_people(self, people: Sequence[tuple[str, str]], chosen: str | None) -> None:
        """Show labels with what is to be said of each; keep the choice without telling of it."""
        self.list.blockSignals(True)
        self.list.clear()
        for who, state in people:
            item = QListWidgetItem(self.list)
            item.setData(_LABEL, who)
            item.setData(_STATE, state)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{who}, {state}")
            if who == chosen:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)
        self._narrow(self.search.text())

    def choose(self, who: str) -> None:
        """Show who was chosen, without telling of it."""
        self.list.blockSignals(True)
        for item in self._items():
            if item.data(_LABEL) == who:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)

    def _items(self) -> list[QListWidgetItem]:
        items = (self.list.item(i) for i in range(self.list.count()))
        return [item for item in items if item is not None]

    def _narrow(self, wanted: str) -> None:
        said = wanted.strip().casefold().removeprefix("sub-")
        for item in self._items():
            item.setHidden(said not in str(item.data(_LABEL)).casefold())
        seen = [item for item in self._items() if not item.isHidden()]
        text = "people.nothing_found" if self._items() else "people.none"
        self._nobody.setText("" if seen else self._texts.says(text))
        self._nobody.setVisible(not seen)

    def _choose_first(self) -> None:
        seen = [item for item in self._items() if not item.isHidden()]
        if seen:
            self.list.setCurrentItem(seen[0])
            self.list.setFocus()

    def _chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._on_choice(str(item.data(_LABEL)))

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Let the down key lead from the search into the list."""
        if (
            watched is self.search
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Down
        ):
            self.list.setFocus()
            if self.list.currentItem() is None:
                self._choose_first()
            return True
        return super().eventFilter(watched, event)


class _Rows(QStyledItemDelegate):
    """Draws a participant: the number, and below it what is to be said."""

    def sizeHint(  # noqa: N802
        self,
        option: QStyleOptionViewItem,
        index: QModelIndex,  # noqa: ARG002
    ) -> QSize:
        return QSize(option.rect.width(), _HEIGHT)

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        if painter is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = option.rect.adjusted(2, 2, -2, -2)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QColor("#efcfb8"))
            painter.setBrush(QColor(look.TINT))
            painter.drawRoundedRect(box, 8, 8)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(look.PAPER))
            painter.drawRoundedRect(box, 8, 8)
        inner = box.adjusted(12, 5, -12, -5)
        top = QRect(inner.left(), inner.top(), inner.width(), inner.height() // 2)
        below = QRect(top.left(), top.bottom(), inner.width(), inner.height() // 2)
        self._text(painter, top, str(index.data(_LABEL)), 17, look.INK, bold=True)
        self._text(painter, below, str(index.data(_STATE)), 14, look.SOFT, bold=False)
        painter.restore()

    def _text(
        self,
        painter: QPainter,
        box: QRect,
        text: str,
        px: int,
        colour: str,
        *,
        bold: bool,
    ) -> None:
        font = look.font()
        font.setPixelSize(px)
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(colour))
        short = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter, short)
