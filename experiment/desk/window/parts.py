"""Widgets that the launcher's pages are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QIcon
from PyQt6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from experiment.desk.texts import Texts
from experiment.desk.window.look import Sign, sign, swatch
from experiment.register import COLOURS

SHEET_WIDTH = 720
LETTERS = 5  # of initials, at most


def label(text: str, name: str = "", *, wrap: bool = True) -> QLabel:
    """Make a label; its name chooses how it looks."""
    made = QLabel(text)
    made.setObjectName(name)
    made.setWordWrap(wrap)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if wrap:
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        made.setSizePolicy(policy)
    return made


def selectable(made: QLabel) -> QLabel:
    """Let a label be selected and copied."""
    made.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return made


def path_label(text: str) -> QLabel:
    """Make a label for a path or a command: always left to right, may be selected and copied."""
    made = label(text, "small")
    made.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    return selectable(made)


def button(text: str, does: Callable[[], object], name: str = "") -> QPushButton:
    """Make a button that Return presses too."""
    made = QPushButton(text)
    made.setObjectName(name)
    made.setAutoDefault(True)
    made.clicked.connect(lambda: does())
    return made


def card(name: str = "card") -> tuple[QFrame, QVBoxLayout]:
    """Make a card and the layout of what lies on it."""
    frame = QFrame()
    frame.setObjectName(name)
    inside = QVBoxLayout(frame)
    inside.setContentsMargins(24, 20, 24, 20)
    inside.setSpacing(8)
    return frame, inside


def row(*parts: QWidget, stretch: int | None = None) -> QHBoxLayout:
    """Lay widgets side by side; the one at `stretch` takes the room that is left."""
    made = QHBoxLayout()
    made.setSpacing(12)
    for i, part in enumerate(parts):
        made.addWidget(part, 1 if i == stretch else 0)
    if stretch is None:
        made.addStretch(1)
    return made


def signed(kind: Sign, *texts: QWidget, beside: QWidget | None = None) -> QHBoxLayout:
    """Lay a sign beside lines of text, and behind them what can be done, if anything."""
    made = QHBoxLayout()
    made.setSpacing(12)
    picture = QLabel()
    picture.setPixmap(sign(kind))
    picture.setAccessibleName(kind.value)
    top, middle = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignVCenter
    made.addWidget(picture, 0, top if beside is None else middle)
    lines = QVBoxLayout()
    lines.setSpacing(2)
    for text in texts:
        lines.addWidget(text)
    made.addLayout(lines, 1)
    if beside is not None:
        made.addWidget(beside, 0, middle)
    return made


def clear(layout: QLayout) -> None:
    """Take everything out of a layout."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
        if (inner := item.layout()) is not None:
            clear(inner)


def settle(widget: QWidget) -> None:
    """Give a widget and all in it their style now: sizes that were asked before would stay."""
    for part in (*widget.findChildren(QWidget), widget):
        part.ensurePolished()
        part.updateGeometry()


def scrolling(inside: QWidget) -> QScrollArea:
    """Put a widget where it scrolls down, never sideways, if there is no room."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inside)
    return area


class Sheet(QWidget):
    """A page with one thing on it: heading, hint, what it is about, and buttons.

    Parameters
    ----------
    heading, hint : str
    """

    takes_focus = True
    """Whether a click on it brings the keyboard's focus here."""

    def __init__(self, heading: str, hint: str = "") -> None:
        super().__init__()
        self._watched = False
        self.setObjectName("page")
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        page = QWidget()
        page.setObjectName("page")
        across = QHBoxLayout(page)
        across.setContentsMargins(32, 36, 32, 36)
        column = QWidget()
        column.setMaximumWidth(SHEET_WIDTH)
        across.addStretch(1)
        across.addWidget(column, 100)
        across.addStretch(1)
        self._column = QVBoxLayout(column)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(16)
        self.heading = label(heading, "heading")
        self._column.addWidget(self.heading)
        self.hint = label(hint, "soft")
        self.hint.setVisible(bool(hint))
        self._column.addWidget(self.hint)
        self.body = QVBoxLayout()
        self.body.setSpacing(14)
        self._column.addLayout(self.body)
        self.problem = label("", "error")
        self.problem.hide()
        self._column.addWidget(self.problem)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(12)
        self._column.addLayout(self.buttons)
        self._column.addStretch(1)
        outside.addWidget(scrolling(page))

    def focus_first(self) -> None:
        """Put the focus where the next key is wanted."""

    def complain(self, text: str) -> None:
        """Say what is wrong with what was filled in."""
        self.problem.setText(text)
        self.problem.setVisible(bool(text))
        if text and not self._watched:
            self._watched = True
            for line in self.findChildren(QLineEdit):
                line.textChanged.connect(self._mended)
            for one in self.findChildren(QRadioButton):
                one.toggled.connect(self._mended)

    def _mended(self) -> None:
        """Take back what was said, once something is filled in anew."""
        self.complain("")

    def put_buttons(self, *parts: QWidget) -> None:
        """Lay the buttons in a row, the one for the next step first."""
        for part in parts:
            self.buttons.addWidget(part)
        self.buttons.addStretch(1)


def field(caption: str, widget: QWidget, hint: str = "") -> QVBoxLayout:
    """Lay a caption above what is to be filled in."""
    made = QVBoxLayout()
    made.setSpacing(4)
    above = label(caption, "caption")
    above.setBuddy(widget)
    widget.setAccessibleName(caption)
    made.addWidget(above)
    if widget.maximumWidth() == widget.minimumWidth():
        # only aligned is its width not the whole page's, for which heights would be reckoned
        made.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeading)
    else:
        made.addWidget(widget)
    if hint:
        made.addWidget(label(hint, "small"))
    return made


def debriefing_offer(texts: Texts, show: Callable[[], object], *, now: bool) -> QHBoxLayout:
    """Say that a participant has not been debriefed, with the button for it.

    Parameters
    ----------
    texts : Texts
    show : callable
        Shows the debriefing.
    now : bool
        Whether it is due before they leave; else only if they don't come again.
    """
    said = label(texts.says(f"debriefing.{'now' if now else 'later'}"))
    return signed(Sign.WARNING, said, beside=button(texts.says("debriefing.show"), show))


def bad_letters(texts: Texts, caption: str) -> str:
    """Return what is said of initials that are none, by the text of their field's caption."""
    return texts.says("common.bad_letters", field=texts.says(caption))


def line_edit(width: int | None = None) -> QLineEdit:
    """Make a line to type in, so wide (px), or as wide as there is room."""
    made = QLineEdit()
    if width is not None:
        made.setFixedWidth(width)
    return made


class Choice(QWidget):
    """A few things of which one is chosen, with the mouse, Tab and the arrow keys.

    Parameters
    ----------
    names : sequence of (str, str)
        Name and text of each.
    columns : int
        How many stand side by side.
    """

    def __init__(self, names: Sequence[tuple[str, str]], columns: int) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self._names = [name for name, _ in names]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        for i, (_, text) in enumerate(names):
            one = QRadioButton(text)
            self._group.addButton(one, i)
            grid.addWidget(one, i // columns, i % columns)
        grid.setColumnStretch(columns, 1)

    @property
    def chosen(self) -> str | None:
        """The name of what was chosen; None if nothing was."""
        at = self._group.checkedId()
        return None if at < 0 else self._names[at]

    def choose(self, name: str) -> None:
        """Choose one by its name."""
        self.at(name).setChecked(True)

    def at(self, name: str) -> QRadioButton:
        """Return what stands for a name."""
        found = self._group.button(self._names.index(name))
        assert isinstance(found, QRadioButton)
        return found

    def on_change(self, does: Callable[[str], object]) -> None:
        """Have something done with the name of each new choice."""
        self._group.idClicked.connect(lambda at: does(self._names[at]))


class ColourChoice(Choice):
    """The colours of participants' cards, each with its name."""

    def __init__(self, texts: Texts) -> None:
        super().__init__([(name, texts.says(f"colours.{name}")) for name in COLOURS], columns=4)
        for name in COLOURS:
            self.at(name).setIcon(QIcon(swatch(name)))
            self.at(name).setIconSize(QSize(22, 22))
