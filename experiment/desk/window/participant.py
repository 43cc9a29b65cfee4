"""One participant: the next step, what is missing, and all sessions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from experiment.care import Debriefing
from experiment.desk.alone import Alone
from experiment.desk.missing import Lack
from experiment.desk.roster import is_rehearsal, last_day
from experiment.desk.texts import Texts
from experiment.desk.window.look import Sign
from experiment.desk.window.parts import (
    Choice,
    button,
    card,
    debriefing_offer,
    label,
    path_label,
    row,
    scrolling,
    signed,
)
from experiment.register import SessionStanding, Standing
from experiment.said import in_words, listed
from experiment.study import Study

Does = Callable[[], object]
_INDENT = 28  # px; of what belongs to the line above


@dataclass(frozen=True)
class Steps:
    """What the buttons beside a participant do; `screen` takes whether it is the whole one."""

    start: Does
    practice: Does
    dry_run: Does
    screen: Callable[[bool], object]
    more: Sequence[tuple[str, Does]]
    """What else can be done: key of the text, and what it does."""
    debrief: Callable[[Debriefing], object]
    alone: Callable[[Alone], object]
    """Runs an optional task by itself."""
    identity: Does | None
    """Sets initials and colour; None if they are set."""


@dataclass(frozen=True)
class Shown:
    """What there is to show of a participant.

    Parameters
    ----------
    study : Study
    where : Standing
    missing : sequence of Lack
        For the next session.
    optional : sequence of Alone
        Tasks that may be run by themselves.
    debriefing : Debriefing or None
        One that the participant may leave without.
    fullscreen : bool
        Whether a session takes the whole screen.
    """

    study: Study
    where: Standing
    missing: Sequence[Lack]
    optional: Sequence[Alone]
    debriefing: Debriefing | None
    fullscreen: bool


class ParticipantPane(QWidget):
    """All that an assistant needs to know of one participant before the next step.

    Parameters
    ----------
    texts : Texts
    shown : Shown
    steps : Steps
        What the buttons do.
    """

    def __init__(self, texts: Texts, shown: Shown, steps: Steps) -> None:
        super().__init__()
        self.setObjectName("page")
        self._texts, self._shown, self._steps = texts, shown, steps
        self._left = shown.where.participant.withdrawn is not None
        self.start: QPushButton | None = None
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        page = QWidget()
        page.setObjectName("page")
        inside = QVBoxLayout(page)
        inside.setContentsMargins(32, 22, 32, 24)
        inside.setSpacing(14)
        inside.addLayout(self._head())
        inside.addWidget(self._next())
        if (due := shown.debriefing) is not None:
            frame, offer = card()
            offer.addLayout(debriefing_offer(texts, partial(steps.debrief, due), now=due.now))
            inside.addWidget(frame)
        if shown.where.next_session is not None:
            inside.addWidget(self._missing())
        inside.addWidget(self._sessions())
        inside.addStretch(1)
        outside.addWidget(scrolling(page))

    def _head(self) -> QHBoxLayout:
        says = self._texts.says
        self.more = QToolButton()
        self.more.setObjectName("quiet")
        self.more.setText(says("participant.more") + "  ▾")
        self.more.setMenu(self._menu())
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.more.setVisible(bool(self._steps.more))
        who = self._shown.where.participant.label
        across = QHBoxLayout()
        across.addWidget(label(says("participant.title", participant=who), "heading", wrap=False))
        across.addStretch(1)
        across.addWidget(self.more)
        return across

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        for key, does in self._steps.more:
            action = menu.addAction(self._texts.says(key))
            assert action is not None
            action.setObjectName(key)
            action.triggered.connect(lambda _checked=False, does=does: does())
        return menu

    # --- the next step ---------------------------------------------------------------------------

    def _next(self) -> QFrame:
        says, visit = self._texts.says, self._shown.where.next_session
        frame, inside = card("next")
        if visit is None:
            which = "withdrawn" if self._left else "all_done"
            inside.addWidget(label(says(f"participant.{which}"), "title"))
            inside.addWidget(label(says(f"participant.{which}_hint"), "soft"))
            return frame
        begun = visit.state == "begun"
        inside.addWidget(label(says("participant.next"), "caption"))
        title = "step.resume" if begun else "step.run"
        inside.addWidget(label(says(title, session=visit.session), "title"))
        inside.addLayout(self._tasks(visit))
        for line in self._dates(visit):
            inside.addWidget(line)
        inside.addSpacing(8)
        text = "step.go_on" if begun else "step.start"
        self.start = button(says(text, session=visit.session), self._steps.start, "big")
        self.start.setEnabled(not any(lack.stops for lack in self._shown.missing))
        inside.addLayout(row(self.start))
        inside.addSpacing(4)
        inside.addLayout(self._beside())
        return frame

    def _beside(self) -> QHBoxLayout:
        says = self._texts.says
        self.practice = button(says("step.practice"), self._steps.practice)
        self.practice.setToolTip(says("step.practice_hint"))
        self.dry_run = button(says("step.dry_run"), self._steps.dry_run)
        self.dry_run.setToolTip(says("step.dry_run_hint"))
        self.window_kind = Choice(
            [("full", says("step.fullscreen")), ("window", says("step.window"))], columns=2
        )
        self.window_kind.choose("full" if self._shown.fullscreen else "window")
        self.window_kind.on_change(lambda name: self._steps.screen(name == "full"))
        beside = row(self.practice, self.dry_run)
        beside.addWidget(label(says("step.screen"), "small", wrap=False))
        beside.addWidget(self.window_kind)
        return beside

    def _tasks(self, visit: SessionStanding) -> QVBoxLayout:
        lines = QVBoxLayout()
        lines.setSpacing(2)
        for number, task in enumerate(visit.tasks, start=1):
            lines.addWidget(label(f"{number}.  {self._name(task)}"))
        optional = [one.task for one in self._shown.optional if one.session == visit.session]
        if optional:
            names = in_words(listed(map(self._shown.study.task_name, optional)), self._texts.tag)
            lines.addWidget(label(self._texts.says("step.optional", tasks=names), "small"))
        return lines

    def _name(self, task: str) -> str:
        return in_words(self._shown.study.task_name(task), self._texts.tag)

    def _dates(self, visit: SessionStanding) -> list[QWidget]:
        says, where, days = self._texts.says, self._shown.where, visit.days
        lines: list[QWidget] = []
        if visit.state == "unscheduled":
            lines.append(label(says("due.none"), "warning"))
        elif days is not None:
            if where.today > days.last:
                lines.append(label(says("due.late", date=days.last), "warning"))
            elif where.today < days.first:
                left = (days.due - where.today).days
                lines.append(label(says("due.in_days", date=days.due, days=left), "warning"))
            else:
                text = "due.today" if where.today == days.due else "due.in_window"
                lines.append(label(says(text, date=days.due), "go"))
            if days.first != days.last:
                span = says("due.window", first=days.first, last=days.last)
                lines.append(label(span, "soft"))
        if where.days_since_last_dose is not None:
            line = says("due.last_dose", days=where.days_since_last_dose)
            if where.last_dose_is_planned:
                entered = where.last_entered or says("due.none_entered")
                values = {"days": where.days_since_last_dose, "entered": entered}
                line = says("due.last_dose_planned", **values)
            lines.append(label(line, "soft"))
        if visit.period is not None:
            lines += self._period(visit.period)
        return lines

    def _period(self, number: int) -> list[QWidget]:
        says, period = self._texts.says, self._shown.where.periods[number - 1]
        lines: list[QWidget] = []
        if period.drug_kit is not None:
            lines.append(label(says("due.drug_kit", kit=period.drug_kit), "soft"))
        if period.washout_kept is not None:
            assert self._shown.study.protocol.design is not None
            needed = self._shown.study.protocol.design.washout_days
            text = "due.washout_kept" if period.washout_kept else "due.washout_short"
            line = says(text, days=period.drug_free_days, needed=needed)
            lines.append(label(line, "go" if period.washout_kept else "stop"))
        return lines

    # --- what is missing, and all sessions -------------------------------------------------------

    def _missing(self) -> QFrame:
        says = self._texts.says
        frame, inside = card()
        inside.addWidget(label(says("participant.missing"), "caption"))
        if not self._shown.missing and self._steps.identity is None:
            inside.addLayout(signed(Sign.GO, label(says("participant.nothing_missing"))))
        for lack in self._shown.missing:
            lines: list[QWidget] = [label(says(f"missing.{lack.name}", **lack.values))]
            if lack.name == "damaged":
                problem = lack.values["problem"]
                assert isinstance(problem, str)
                lines.append(path_label(in_words(problem, self._texts.tag)))
            else:
                lines.append(label(says(f"missing.{lack.name}_do", **lack.values), "small"))
            if lack.command:
                lines.append(path_label(lack.command))
            inside.addLayout(signed(Sign.STOP, *lines))
        if self._steps.identity is not None:
            lines = [label(says("missing.identity")), label(says("missing.identity_do"), "small")]
            inside.addLayout(signed(Sign.WARNING, *lines))
            inside.addLayout(row(button(says("identity.set"), self._steps.identity)))
        return frame

    def _sessions(self) -> QFrame:
        says = self._texts.says
        frame, inside = card()
        inside.addWidget(label(says("participant.sessions"), "caption"))
        for visit in self._shown.where.sessions:
            title = label(says("sessions.row", session=visit.session))
            sign = {"done": Sign.GO, "begun": Sign.PART}.get(visit.state, Sign.TODO)
            inside.addLayout(signed(sign, title, *self._lines(visit)))
            for one in self._shown.optional:
                if one.session == visit.session:
                    inside.addLayout(self._alone(one))
        return frame

    def _alone(self, one: Alone) -> QHBoxLayout:
        says, name = self._texts.says, self._name(one.task)
        lines: list[QWidget] = [label(name)]
        if one.last is not None:
            text = "sessions.done" if one.state == "done" else "sessions.part"
            lines.append(label(says(text, date=one.last), "small"))
        sign = {"done": Sign.GO, "begun": Sign.PART}.get(one.state, Sign.TODO)
        starts: QPushButton | None = None
        if one.can_run:
            which = "go_on" if one.resume else "start" if one.state == "todo" else "again"
            starts = button(says(f"sessions.{which}"), partial(self._steps.alone, one))
            starts.setAccessibleName(f"{starts.text()}: {name}")
        made = signed(sign, *lines, beside=starts)
        made.insertSpacing(0, _INDENT)
        return made

    def _lines(self, visit: SessionStanding) -> list[QWidget]:
        says, last = self._texts.says, last_day(visit)
        if last is None:
            state = "closed" if visit.state == "closed" else "todo"
            when = () if visit.days is None else (says("sessions.on", date=visit.days.due),)
            return [label("  ".join((says(f"sessions.{state}"), *when)), "small")]
        state = "sessions.done" if visit.state == "done" else "sessions.part"
        text = says("sessions.robot" if is_rehearsal(visit) else state, date=last)
        lines: list[QWidget] = [label(text, "small")]
        if visit.missing:
            done = len(visit.tasks) - len(visit.missing)
            counted = says("sessions.tasks_done", done=done, all=len(visit.tasks))
            lines.append(label(counted, "small"))
        lines += [path_label(log.problem) for log in visit.logs if log.problem is not None]
        return lines
