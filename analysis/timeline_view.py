"""The timeline below a replay: the whole session as a strip, and what is near in full."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QWidget

from analysis.playback import Event, Playback, Timeline

_NEAR = 30.0  # s that the detailed lanes show
_LEFT, _RIGHT = 84, 16  # px
_LANE, _STRIP, _GAP = 26, 34, 12  # px
_PAPER, _LINE = QColor("#26282b"), QColor("#3a3d41")
_INK, _FAINT = QColor("#e8e6e1"), QColor("#9a9c9f")
_NOW, _ALARM = QColor("#f0b45c"), QColor("#ef6a5b")
_SCREENS = ("#4d6f94", "#6b5f8c", "#4f7d74", "#86664e", "#6d7a48", "#80536c")
_LANES = ("screen", "markers", "answers", "pulses", "faults")
_TELL = 34  # px that a label needs


class TimelineView(QWidget):
    """Paints a timeline; a click goes to its time.

    Parameters
    ----------
    timeline : Timeline
    playback : Playback
    sought : callable
        Called after a click has moved the playback.
    """

    def __init__(self, timeline: Timeline, playback: Playback, sought: Callable[[], None]) -> None:
        super().__init__()
        self._timeline = timeline
        self._playback = playback
        self._sought = sought
        kinds = sorted({span.label for span in timeline.screens})
        self._colours = {kind: QColor(_SCREENS[i % len(_SCREENS)]) for i, kind in enumerate(kinds)}
        self._begins = [span.begin for span in timeline.screens]
        self.setFixedHeight(_STRIP + 2 * _GAP + len(_LANES) * _LANE + 24)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Timeline")

    # --- where things are -------------------------------------------------------------------------

    def _window(self) -> tuple[float, float]:
        """Return the times (s) at the ends of the detailed lanes."""
        return self._playback.t - _NEAR / 3, self._playback.t + 2 * _NEAR / 3

    def _x(self, t: float, begin: float, end: float) -> float:
        across = self.width() - _LEFT - _RIGHT
        return _LEFT + across * (t - begin) / max(end - begin, 1e-9)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Go to the time that was clicked."""
        if event is None:
            return
        place = event.position()
        in_strip = place.y() < _STRIP + _GAP
        begin, end = (self._timeline.begin, self._timeline.end) if in_strip else self._window()
        across = self.width() - _LEFT - _RIGHT
        self._playback.seek(begin + (end - begin) * (place.x() - _LEFT) / max(across, 1))
        self._sought()

    # --- painting ---------------------------------------------------------------------------------

    def paintEvent(self, _: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Paint both parts."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), _PAPER)
        font = painter.font()
        font.setPixelSize(12)
        painter.setFont(font)
        self._paint_strip(painter)
        self._paint_lanes(painter)
        painter.end()

    def _paint_strip(self, painter: QPainter) -> None:
        line, begin, end = self._timeline, self._timeline.begin, self._timeline.end
        self._name(painter, 0, _STRIP, "session")
        for run in line.runs:
            left, right = self._x(run.begin, begin, end), self._x(run.end, begin, end)
            box = QRectF(left, 8, max(right - left, 1), _STRIP - 14)
            painter.fillRect(box, _LINE)
            self._tell(painter, box.adjusted(6, 0, -2, 0), run.label, _FAINT)
        painter.setPen(QPen(_FAINT, 1))
        for trial in line.trials:
            x = self._x(trial.t, begin, end)
            painter.drawLine(QPointF(x, _STRIP - 10), QPointF(x, _STRIP - 6))
        for fault in line.faults:
            x = self._x(fault.t, begin, end)
            painter.fillRect(QRectF(x - 1, 8, 2, _STRIP - 14), _ALARM)
        near = self._window()
        left = self._x(max(near[0], begin), begin, end)
        right = self._x(min(near[1], end), begin, end)
        painter.setPen(QPen(_FAINT, 1))
        painter.drawRect(QRectF(left, 5, max(right - left, 2), _STRIP - 8))
        x = self._x(self._playback.t, begin, end)
        painter.fillRect(QRectF(x - 1, 2, 2, _STRIP - 2), _NOW)

    def _paint_lanes(self, painter: QPainter) -> None:
        begin, end = self._window()
        top = _STRIP + _GAP
        painter.save()
        lanes = QRectF(_LEFT, top, self.width() - _LEFT - _RIGHT, len(_LANES) * _LANE + 20)
        painter.setClipRect(lanes)
        self._paint_screens(painter, top, begin, end)
        rows: Sequence[tuple[tuple[Event, ...], QColor]] = (
            (self._timeline.markers, QColor("#8fb8e0")),
            (self._timeline.answers, QColor("#a9cf8f")),
            (self._timeline.pulses, QColor("#b9b7b2")),
            (self._timeline.faults, _ALARM),
        )
        for place, (events, colour) in enumerate(rows, start=1):
            self._paint_events(painter, top + place * _LANE, events, colour, begin, end)
        self._paint_seconds(painter, top + len(_LANES) * _LANE, begin, end)
        x = self._x(self._playback.t, begin, end)
        painter.fillRect(QRectF(x - 1, top, 2, len(_LANES) * _LANE), _NOW)
        painter.restore()
        for place, name in enumerate(_LANES):
            self._name(painter, top + place * _LANE, _LANE, name)
            y = top + (place + 1) * _LANE
            painter.setPen(QPen(_LINE, 1))
            painter.drawLine(QPointF(_LEFT, y), QPointF(self.width() - _RIGHT, y))

    def _paint_screens(self, painter: QPainter, top: int, begin: float, end: float) -> None:
        first = max(bisect_right(self._begins, begin) - 1, 0)
        for span in self._timeline.screens[first : bisect_left(self._begins, end)]:
            left, right = self._x(span.begin, begin, end), self._x(span.end, begin, end)
            box = QRectF(left, top + 3, max(right - left - 1, 1), _LANE - 6)
            painter.fillRect(box, self._colours[span.label])
            left = max(left, _LEFT)  # told where it can be seen
            box = QRectF(left + 5, top + 3, max(right - left - 6, 0), _LANE - 6)
            self._tell(painter, box, span.label.replace("_", " "), _INK)

    def _paint_events(
        self,
        painter: QPainter,
        top: int,
        events: Sequence[Event],
        colour: QColor,
        begin: float,
        end: float,
    ) -> None:
        times = [event.t for event in events]
        shown = events[bisect_left(times, begin) : bisect_right(times, end)]
        told = -1e9
        for event in shown:
            x = self._x(event.t, begin, end)
            painter.fillRect(QRectF(x - 1, top + 5, 2, _LANE - 10), colour)
            if x - told >= _TELL:
                box = QRectF(x + 4, top, 200, _LANE)
                painter.setPen(colour)
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, event.label.replace("_", " "))
                told = x

    def _paint_seconds(self, painter: QPainter, top: int, begin: float, end: float) -> None:
        for second in range(int(max(begin, 0.0)) // 5 * 5, int(end) + 1, 5):
            x = self._x(second, begin, end)
            painter.setPen(QPen(_LINE, 1))
            painter.drawLine(QPointF(x, top), QPointF(x, top + 4))
            painter.setPen(_FAINT)
            box = QRectF(x - 30, top + 4, 60, 16)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, clock(second))

    def _name(self, painter: QPainter, top: int, height: int, name: str) -> None:
        painter.setPen(_FAINT)
        box = QRectF(8, top, _LEFT - 20, height)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, name)

    @staticmethod
    def _tell(painter: QPainter, box: QRectF, text: str, colour: QColor) -> None:
        """Write a text, if there is room for most of it."""
        if painter.fontMetrics().horizontalAdvance(text) <= box.width():
            painter.setPen(colour)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
