"""The desk of one study: who is in it, who was chosen, and which page is on top."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from experiment.care import debriefing_due
from experiment.desk.alone import optional_tasks
from experiment.desk.commands import Options
from experiment.desk.missing import missing_for
from experiment.desk.roster import Roster, is_rehearsal, roster_of
from experiment.desk.settings import Settings
from experiment.desk.texts import Texts
from experiment.desk.window.participant import ParticipantPane, Shown, Steps
from experiment.desk.window.parts import Sheet, label, settle
from experiment.desk.window.people import PeoplePane
from experiment.desk.window.session_flow import SessionFlow
from experiment.desk.window.study_flow import StudyFlow
from experiment.errors import KindredError
from experiment.register import Standing
from experiment.said import error_in_words
from experiment.study import Study

Today = Callable[[], dt.date]


class Desk:
    """The pages of one study, in a stack: the home page below, one sheet at a time above it.

    Parameters
    ----------
    texts : Texts
    study : Study
    settings : Settings
    options : Options
    pages : QStackedWidget
        Empty.
    keep : callable
        Remembers new settings.
    today : callable
        Gives the day at the desk.
    """

    def __init__(
        self,
        texts: Texts,
        study: Study,
        settings: Settings,
        options: Options,
        pages: QStackedWidget,
        keep: Callable[[Settings], object],
        today: Today = dt.date.today,
    ) -> None:
        self.texts, self.study, self.options, self.today = texts, study, options, today
        self._settings, self._keep, self._pages = settings, keep, pages
        self.roster = Roster(study, roster_of(study).register, ())
        self.chosen: str | None = None
        self.sheet: Sheet | None = None
        self.pane: ParticipantPane | None = None
        self.session = SessionFlow(self)
        self.life = StudyFlow(self)
        self.people = PeoplePane(texts, self.choose, self.life.enrol)
        self._right = QWidget()
        self._right.setObjectName("page")
        self._beside = QVBoxLayout(self._right)
        self._beside.setContentsMargins(0, 0, 0, 0)
        self._pages.addWidget(self._home())
        self.refresh()
        QTimer.singleShot(0, self.people.search.setFocus)

    @property
    def busy(self) -> bool:
        """Whether a session, a practice, a dry run or a check is going on."""
        return self.session.busy

    @property
    def fullscreen(self) -> bool:
        """Whether a session takes the whole screen."""
        return self._settings.fullscreen

    # --- pages -----------------------------------------------------------------------------------

    def show(self, sheet: Sheet) -> None:
        """Put a sheet on top, in place of the one that is there."""
        before = self.sheet
        self.sheet = sheet
        self._take_focus(sheet.takes_focus)
        self._pages.addWidget(sheet)
        settle(sheet)
        self._pages.setCurrentWidget(sheet)
        if before is not None:
            self._pages.removeWidget(before)
            before.deleteLater()
        QTimer.singleShot(0, sheet.focus_first)

    def back(self) -> None:
        """Go back to the home page, and look at everything anew."""
        before, self.sheet = self.sheet, None
        self._take_focus(True)
        self._pages.setCurrentIndex(0)
        if before is not None:
            self._pages.removeWidget(before)
            before.deleteLater()
        self.refresh()

    def words(self, error: KindredError) -> str:
        """Return what an error says, in the assistant's language if it has it."""
        return error_in_words(error, self.texts.tag)

    def problem(self, error: KindredError) -> str:
        """Return what is told of something that did not work."""
        return f"{self.texts.says('common.error')}: {self.words(error)}"

    def _take_focus(self, take: bool) -> None:
        """Say whether a click brings the keyboard's focus to the launcher's window."""
        window = self._pages.window()
        handle = None if window is None else window.windowHandle()
        if handle is not None:
            handle.setFlag(Qt.WindowType.WindowDoesNotAcceptFocus, not take)

    def say_busy(self) -> None:
        """Say why the window stays open."""
        if self.sheet is not None:
            self.sheet.complain(self.texts.says("running.busy"))

    def _home(self) -> QWidget:
        home = QWidget()
        home.setObjectName("page")
        across = QHBoxLayout(home)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(self.people)
        edge = QFrame()
        edge.setObjectName("edge")
        edge.setFixedWidth(1)
        across.addWidget(edge)
        across.addWidget(self._right, 1)
        return home

    # --- participants ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the study's register and folders, and show them."""
        try:
            self.roster = roster_of(self.study)
        except KindredError as error:
            self._put(self._message("common.error", self.words(error)))
            return
        if self.chosen is not None and self.roster.person(self.chosen) is None:
            self.chosen = None
        rows = [(one.label, self._state(one.label)) for one in self.roster.people]
        self.people.show_people(rows, self.chosen)
        self._show_chosen()

    def choose(self, participant: str) -> None:
        """Show a participant."""
        self.chosen = participant
        self.people.choose(participant)
        self._show_chosen()

    def standing(self) -> Standing:
        """Return where the participant stands who was chosen."""
        assert self.chosen is not None
        return self.roster.standing(self.chosen, self.today())

    def _state(self, participant: str) -> str:
        where = self.roster.standing(participant, self.today())
        if where.participant.withdrawn is not None:
            return self.texts.says("people.withdrawn")
        if where.next_session is None:
            only_robots = any(is_rehearsal(visit) for visit in where.sessions)
            return self.texts.says("people.practice_only" if only_robots else "people.done")
        key = "people.begun" if where.next_session.state == "begun" else "people.next"
        return self.texts.says(key, session=where.next_session.session)

    def _show_chosen(self) -> None:
        if self.chosen is None:
            self._put(self._message("people.choose", self.texts.says("people.choose_hint")))
            return
        where = self.standing()
        visit = where.next_session
        missing = () if visit is None else missing_for(self.study, self.chosen, visit)
        due = debriefing_due(self.study, self.chosen)
        optional = optional_tasks(self.study, where)
        shown = Shown(self.study, where, missing, optional, due, self._settings.fullscreen)
        self.pane = ParticipantPane(self.texts, shown, self._steps(where))
        self._put(self.pane)

    def _steps(self, where: Standing) -> Steps:
        known = self.life.identity_is_set(where.participant.label)
        return Steps(
            start=self.session.begin,
            practice=self.session.practise,
            dry_run=self.session.dry_run,
            screen=self._choose_screen,
            more=self.life.steps(where),
            debrief=self.session.debrief,
            alone=self.session.begin_alone,
            identity=None if known else self.life.set_identity,
        )

    def _choose_screen(self, fullscreen: bool) -> None:
        self._settings = replace(self._settings, fullscreen=fullscreen)
        self._keep(self._settings)

    def _put(self, widget: QWidget) -> None:
        while (item := self._beside.takeAt(0)) is not None:
            if (before := item.widget()) is not None:
                before.hide()
                before.deleteLater()
        self._beside.addWidget(widget)
        settle(widget)

    def _message(self, heading: str, text: str) -> QWidget:
        page = QWidget()
        page.setObjectName("page")
        inside = QVBoxLayout(page)
        inside.setContentsMargins(48, 48, 48, 48)
        inside.addStretch(2)
        for part in (label(self.texts.says(heading), "heading"), label(text, "soft")):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            inside.addWidget(part)
        inside.addStretch(3)
        return page
