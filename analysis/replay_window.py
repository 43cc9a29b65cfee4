"""A session played again in a window, with what happened when below it.

A window of Qt's: the pictures are those that the session's painter makes, put together as the
stimulus window does it. It keeps no frame timing; what the log says of that is in the report.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PyQt6.QtCore import QSize, Qt, QTimer
from PyQt6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPaintEvent, QPalette
from PyQt6.QtWidgets import (
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from analysis.film import Film
from analysis.gathering import as_session_log
from analysis.playback import SPEEDS, Playback, timeline_of
from analysis.sheets import Frame
from analysis.timeline_view import TimelineView, clock
from experiment.errors import HardwareError
from experiment.readlog import SessionLog
from stimuli.virtual_display import display_answers

_EVERY = 16  # ms from paint to paint, if the machine can
_PAPER, _INK = "#1d1f21", "#e8e6e1"
_HELP = "space: play or pause    ← →: screens    , .: frames    PgUp PgDn: trials    + −: speed"


class Screen(QWidget):
    """Paints a frame as large as there is room for."""

    def __init__(self, size_px: tuple[int, int]) -> None:
        super().__init__()
        self._size = size_px
        self._frame: Frame | None = None
        self._image = QImage()
        self.setMinimumSize(320, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("What the participant saw")

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Ask for the session's own size, if the desktop is not too small."""
        width, height = self._size
        scale = min(1.0, 1280 / width, 640 / height)
        return QSize(round(width * scale), round(height * scale))

    def show_frame(self, frame: Frame) -> None:
        """Show a frame, shape (height, width, 3)."""
        if frame is self._frame:
            return
        self._frame = frame
        whole = np.ascontiguousarray(frame)
        height, width = whole.shape[:2]
        form = QImage.Format.Format_RGB888
        self._image = QImage(whole.tobytes(), width, height, 3 * width, form).copy()
        self.update()

    def paintEvent(self, _: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Paint the frame in the middle."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("#000000"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        fitted = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        left = (self.width() - fitted.width()) // 2
        top = (self.height() - fitted.height()) // 2
        painter.drawImage(self.rect().adjusted(left, top, -left, -top), self._image)
        painter.end()


class ReplayWindow(QWidget):
    """Plays a session.

    Parameters
    ----------
    log : SessionLog
    kit_folder : Path or None
        The participant's kit; without it grey bars stand for messages.
    speed : float
        1 is as it was.
    begin : float or None
        Where it starts (s, session clock); at the first screen if None.
    """

    def __init__(
        self,
        log: SessionLog,
        kit_folder: Path | None,
        *,
        speed: float = 1.0,
        begin: float | None = None,
    ) -> None:
        super().__init__()
        self.film = Film(log, kit_folder)
        line = timeline_of(log, self.film.begin, self.film.end)
        self.playback = Playback(
            self.film.begin,
            self.film.end,
            tuple(moment.t for moment in self.film.moments),
            line.trials,
            t=self.film.begin if begin is None else begin,
            speed=speed,
        )
        self._period = 1.0 / log.header["display"]["nominal_hz"]
        self._codes = log.header["protocol"]["markers"]
        self._screen = Screen(self.film.size_px)
        self._timeline = TimelineView(line, self.playback, self._update)
        self._where = QLabel()
        self._play = self._button("Play", self.playback.toggle, "Play or pause (space)")
        self._speed = QComboBox()
        self._trial = QSpinBox()
        self._build(log)
        self._last = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._timer.start(_EVERY)
        self._update()

    # --- building ---------------------------------------------------------------------------------

    def _build(self, log: SessionLog) -> None:
        self.setWindowTitle(f"Replay of {log.file.name}")
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(_PAPER))
        self.setPalette(palette)
        self.setStyleSheet(
            f"QWidget {{ color: {_INK}; font-size: 13px; }}"
            "QPushButton, QComboBox, QSpinBox { background: #33363a; border: 1px solid #4a4e53;"
            " border-radius: 4px; padding: 5px 10px; min-height: 18px; }"
            "QPushButton:hover, QComboBox:hover { background: #3f4347; }"
            "QComboBox QAbstractItemView { background: #33363a; }"
            "QToolTip { color: #1d1f21; background: #e8e6e1; }"
        )
        speeds = sorted({*SPEEDS, self.playback.speed})
        self._speed.addItems([f"{speed:g}×" for speed in speeds])
        self._speed.setCurrentText(f"{self.playback.speed:g}×")
        self._speed.setAccessibleName("Speed")
        self._speed.textActivated.connect(self._set_speed)
        count = len(self.playback.trials)
        self._trial.setRange(min(1, count), count)
        self._trial.setPrefix("trial ")
        self._trial.setSuffix(f" of {count}")
        self._trial.setEnabled(count > 0)
        self._trial.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self._trial.setToolTip("Type a trial's number, then Enter (PgUp, PgDn: the ones beside it)")
        self._trial.setAccessibleName("Jump to trial")
        self._trial.setKeyboardTracking(False)
        self._trial.valueChanged.connect(self._jump)
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 8, 12, 4)
        bar.setSpacing(8)
        bar.addWidget(self._button("◀ screen", lambda: self.playback.step(-1), "Last change (←)"))
        bar.addWidget(self._play)
        bar.addWidget(self._button("screen ▶", lambda: self.playback.step(1), "Next change (→)"))
        bar.addWidget(self._speed)
        bar.addWidget(self._trial)
        bar.addStretch(1)
        bar.addWidget(self._where)
        keys = QLabel(_HELP)
        keys.setStyleSheet("color: #9a9c9f; font-size: 12px; padding: 0 12px 8px 12px;")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._screen, 1)
        whole.addLayout(bar)
        whole.addWidget(self._timeline)
        whole.addWidget(keys)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Do what a key means."""
        do = None if event is None else self._keys().get(Qt.Key(event.key()))
        if do is None:
            super().keyPressEvent(event)
            return
        do()
        self._update()

    def _keys(self) -> dict[Qt.Key, Callable[[], object]]:
        playback = self.playback
        return {
            Qt.Key.Key_Space: playback.toggle,
            Qt.Key.Key_Left: lambda: playback.step(-1),
            Qt.Key.Key_Right: lambda: playback.step(1),
            Qt.Key.Key_Comma: lambda: playback.nudge(-self._period),
            Qt.Key.Key_Period: lambda: playback.nudge(self._period),
            Qt.Key.Key_PageUp: lambda: playback.to_trial((playback.trial or 0) - 1),
            Qt.Key.Key_PageDown: lambda: playback.to_trial(
                0 if playback.trial is None else playback.trial + 1
            ),
            Qt.Key.Key_Home: lambda: playback.seek(playback.begin),
            Qt.Key.Key_End: lambda: playback.seek(playback.end),
            Qt.Key.Key_Plus: lambda: playback.faster(1),
            Qt.Key.Key_Equal: lambda: playback.faster(1),
            Qt.Key.Key_Minus: lambda: playback.faster(-1),
            Qt.Key.Key_Q: self.close,
        }

    def _button(self, text: str, do: Callable[[], object], told: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(told)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # space always plays
        button.clicked.connect(self._then_update(do))
        return button

    def _then_update(self, do: Callable[[], object]) -> Callable[[], None]:
        def done(*_: object) -> None:
            do()
            self._update()

        return done

    # --- playing ----------------------------------------------------------------------------------

    def _tick(self) -> None:
        now = time.perf_counter()
        gone, self._last = now - self._last, now
        if self.playback.playing:
            self.playback.advance(gone)
            self._update()

    def _set_speed(self, text: str) -> None:
        self.playback.speed = float(text.removesuffix("×"))
        self._speed.clearFocus()

    def _jump(self, number: int) -> None:
        self.playback.to_trial(number - 1)
        self._trial.clearFocus()
        self._update()

    def _update(self) -> None:
        playback = self.playback
        self._screen.show_frame(self.film.frame_at(playback.t))
        self._play.setText("Pause" if playback.playing else "Play")
        if self._speed.currentText() != (told := f"{playback.speed:g}×"):
            self._speed.setCurrentText(told)
        if not self._trial.hasFocus():
            self._trial.blockSignals(True)  # it follows; only a hand on it jumps
            self._trial.setValue(1 if playback.trial is None else playback.trial + 1)
            self._trial.blockSignals(False)
        self._where.setText(self._told())
        self._timeline.update()

    def _told(self) -> str:
        """Return where it stands, in a line."""
        t = self.playback.t
        told = f"{clock(t)} · {t:.3f} s"
        moment = self.film.moment_at(t)
        if moment is None:
            return told
        told += f" · run {t - moment.zero:+.3f} s · {moment.step.screen.kind.replace('_', ' ')}"
        marker = moment.step.marker
        return told if marker is None else f"{told} · marker {self._codes[marker]} {marker}"


def show(
    log: SessionLog,
    kit_folder: Path | None,
    *,
    speed: float = 1.0,
    begin: float | None = None,
) -> None:
    """Play a session in a window until it is closed.

    Raises
    ------
    BadInput
        If nothing was shown, or the kit is another one.
    HardwareError
        If there is no display.
    """
    if sys.platform.startswith("linux") and not display_answers():
        raise HardwareError(
            "--show: no display; start it in a desktop session, or use --video FILE.mp4 or "
            "--sheet FILE.png, which need none"
        )
    application = QApplication(["kindred"])
    with as_session_log(log.file):
        window = ReplayWindow(log, kit_folder, speed=speed, begin=begin)
    window.show()
    window.playback.toggle()
    application.exec()
