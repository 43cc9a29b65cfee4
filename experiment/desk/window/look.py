"""Colours, type and small signs of the launcher: the participant screens' palette, by daylight."""

from __future__ import annotations

from enum import Enum

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QPen, QPixmap

PAPER, CARD, TINT = "#f4eee5", "#fffdfa", "#fbe9dc"
INK, SOFT, LINE = "#23211f", "#5f574f", "#d6cbbd"
ACCENT, ACCENT_DARK = "#9c4520", "#7f3515"
FOCUS = "#1d4f91"
GO, WARNING, STOP = "#2c6a4a", "#7a5200", "#9e2329"

SWATCHES = {
    "blue": "#2f6fb5",
    "orange": "#e07b1f",
    "green": "#3d8b4f",
    "purple": "#7b4a9e",
    "yellow": "#ecc91c",
    "red": "#c8323a",
    "turquoise": "#1fa3a3",
    "grey": "#8a8a8a",
}
"""Of the cards that participants get; told apart by their names too."""

FAMILIES = [
    "Noto Sans",
    "Segoe UI",
    "Helvetica Neue",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans CJK JP",
    "Yu Gothic UI",
    "Hiragino Sans",
]

STYLE = f"""
* {{ color: {INK}; font-size: 16px; }}
QMainWindow, QWidget#page, QScrollArea, QScrollArea > QWidget > QWidget {{ background: {PAPER}; }}
QScrollArea {{ border: none; }}
QFrame#bar {{ background: {CARD}; border-bottom: 1px solid {LINE}; }}
QFrame#side {{ background: {CARD}; border: none; }}
QFrame#edge {{ background: {LINE}; }}
QFrame#card {{ background: {CARD}; border: 1px solid {LINE}; border-radius: 12px; }}
QFrame#next {{ background: {TINT}; border: 1px solid #efcfb8; border-radius: 12px; }}
QLabel {{ background: transparent; }}
QLabel#wordmark {{ font-size: 19px; font-weight: 600; color: {ACCENT}; }}
QLabel#heading {{ font-size: 28px; font-weight: 600; }}
QLabel#title {{ font-size: 22px; font-weight: 600; }}
QLabel#caption {{ font-size: 15px; font-weight: 600; color: {SOFT}; }}
QLabel#soft {{ color: {SOFT}; }}
QLabel#small {{ font-size: 14px; color: {SOFT}; }}
QLabel#error {{ color: {STOP}; font-weight: 600; }}
QLabel#go {{ color: {GO}; font-weight: 600; }}
QLabel#warning {{ color: {WARNING}; font-weight: 600; }}
QLabel#stop {{ color: {STOP}; font-weight: 600; }}
QLabel#clock {{ font-size: 40px; font-weight: 300; }}
QPushButton, QToolButton {{
    background: {CARD}; border: 2px solid {LINE}; border-radius: 8px; padding: 9px 18px;
}}
QPushButton:hover, QToolButton:hover {{ border-color: {SOFT}; }}
QPushButton:pressed, QToolButton:pressed {{ background: {TINT}; }}
QPushButton:disabled, QToolButton:disabled {{ color: #8b8279; border-color: #e6ddd1; }}
QPushButton#primary {{
    background: {ACCENT}; border-color: {ACCENT}; color: #ffffff;
    font-weight: 600; padding: 9px 26px;
}}
QPushButton#primary:hover {{ background: {ACCENT_DARK}; border-color: {ACCENT_DARK}; }}
QPushButton#primary:disabled {{ background: #cfc4b6; border-color: #cfc4b6; color: #5f574f; }}
QPushButton#big {{
    background: {ACCENT}; border-color: {ACCENT}; color: #ffffff;
    font-size: 24px; font-weight: 600; padding: 17px 36px; border-radius: 12px;
}}
QPushButton#big:hover {{ background: {ACCENT_DARK}; border-color: {ACCENT_DARK}; }}
QPushButton#big:disabled {{ background: #cfc4b6; border-color: #cfc4b6; color: #5f574f; }}
QPushButton#danger {{ color: {STOP}; border-color: #dfb3b0; }}
QPushButton#danger:hover {{ border-color: {STOP}; }}
QToolButton#quiet, QPushButton#quiet {{ background: transparent; border-color: transparent; }}
QToolButton#quiet:hover, QPushButton#quiet:hover {{ border-color: {LINE}; }}
QToolButton::menu-indicator {{ image: none; }}
QRadioButton {{
    background: {CARD}; border: 2px solid {LINE}; border-radius: 8px; padding: 9px 14px;
    spacing: 0px;
}}
QRadioButton:checked {{ background: {TINT}; border-color: {ACCENT}; }}
QRadioButton::indicator {{ image: none; border: none; width: 0; height: 0; }}
QLineEdit, QPlainTextEdit, QComboBox {{
    background: #ffffff; border: 2px solid {LINE}; border-radius: 8px; padding: 8px 12px;
    selection-background-color: {ACCENT}; selection-color: #ffffff;
}}
QPlainTextEdit {{ font-size: 15px; }}
QListWidget {{ background: {CARD}; border: 2px solid transparent; border-radius: 8px; outline: 0; }}
QListWidget#recent::item {{ padding: 8px 12px; border-radius: 6px; }}
QListWidget#recent::item:selected {{ background: {TINT}; color: {INK}; }}
QMenu {{ background: {CARD}; border: 1px solid {LINE}; padding: 6px; }}
QMenu::item {{ padding: 9px 26px; border-radius: 6px; }}
QMenu::item:selected {{ background: {TINT}; }}
QMenu::item:disabled {{ color: #8b8279; }}
QPushButton:focus, QToolButton:focus, QRadioButton:focus, QLineEdit:focus, QPlainTextEdit:focus,
QListWidget:focus, QComboBox:focus {{ border-color: {FOCUS}; }}
QPushButton#primary:focus, QPushButton#big:focus {{ border: 3px solid {FOCUS}; }}
QPushButton#primary:focus {{ padding: 8px 25px; }}
QPushButton#big:focus {{ padding: 16px 35px; }}
QScrollBar:vertical {{ background: transparent; width: 12px; margin: 2px; }}
QScrollBar::handle:vertical {{ background: #cfc4b6; border-radius: 4px; min-height: 40px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
"""


def font() -> QFont:
    """Return the launcher's font, with others behind it for scripts that it lacks."""
    chosen = QFont(FAMILIES)
    chosen.setPixelSize(16)
    return chosen


class Sign(str, Enum):
    """A small sign beside a line: its shape says the same as its colour."""

    GO = "go"
    WARNING = "warning"
    STOP = "stop"
    TODO = "todo"
    PART = "part"


def sign(kind: Sign, px: int = 24, ratio: float = 2.0) -> QPixmap:
    """Draw a sign: a tick, an exclamation mark, a cross, an empty or a half-filled ring."""
    image = QPixmap(round(px * ratio), round(px * ratio))
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _draw(painter, kind, float(px))
    painter.end()
    return image


def _draw(painter: QPainter, kind: Sign, px: float) -> None:
    disc = QRectF(0.08 * px, 0.08 * px, 0.84 * px, 0.84 * px)
    if kind in (Sign.TODO, Sign.PART):
        painter.setPen(QPen(QColor(SOFT), 0.09 * px))
        painter.drawEllipse(disc.adjusted(0.06 * px, 0.06 * px, -0.06 * px, -0.06 * px))
        if kind is Sign.PART:
            painter.setBrush(QColor(SOFT))
            painter.drawPie(disc.adjusted(0.2 * px, 0.2 * px, -0.2 * px, -0.2 * px), 1440, 2880)
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor({Sign.GO: GO, Sign.WARNING: WARNING, Sign.STOP: STOP}[kind]))
    painter.drawEllipse(disc)
    pen = QPen(QColor("#ffffff"), 0.11 * px)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    strokes = {
        Sign.GO: (((0.30, 0.52), (0.44, 0.66)), ((0.44, 0.66), (0.70, 0.36))),
        Sign.WARNING: (((0.50, 0.28), (0.50, 0.54)), ((0.50, 0.71), (0.50, 0.72))),
        Sign.STOP: (((0.36, 0.36), (0.64, 0.64)), ((0.64, 0.36), (0.36, 0.64))),
    }[kind]
    for (x0, y0), (x1, y1) in strokes:
        painter.drawLine(QPointF(x0 * px, y0 * px), QPointF(x1 * px, y1 * px))


def swatch(colour: str, px: int = 22, ratio: float = 2.0) -> QPixmap:
    """Draw a card's colour."""
    image = QPixmap(round(px * ratio), round(px * ratio))
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(INK), 1.0))
    painter.setBrush(QColor(SWATCHES[colour]))
    painter.drawRoundedRect(QRectF(1, 1, px - 2, px - 2), 5, 5)
    painter.end()
    return image
