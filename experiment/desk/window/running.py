"""Pages around a session: the check before it, one question at a time, its course, its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFrame, QLabel, QLineEdit, QPlainTextEdit, QWidget

from analysis.monitor_texts import clock_of
from experiment.desk.checking import CheckLine, State
from experiment.desk.ended import Ended
from experiment.desk.texts import Texts
from experiment.desk.window.look import Sign, sign
from experiment.desk.window.parts import (
    LETTERS,
    Sheet,
    bad_letters,
    button,
    card,
    clear,
    debriefing_offer,
    field,
    label,
    line_edit,
    path_label,
    row,
    selectable,
    settle,
    signed,
)
from experiment.notes import Note

Does = Callable[[], object]
_SIGNS = {State.GO: Sign.GO, State.WARNING: Sign.WARNING, State.NO_GO: Sign.STOP}


class CheckSheet(Sheet):
    """The list of what was checked before a session, each line with its remedy."""

    def __init__(self, texts: Texts, on_start: Does, on_again: Does, on_back: Does) -> None:
        super().__init__(texts.says("check.title"), texts.says("check.running"))
        self._texts = texts
        self._verdict = label("", "title")
        self._verdict.hide()
        self.body.addWidget(self._verdict)
        self._frame, self._lines = card()
        self._frame.hide()
        self._lines.setSpacing(14)
        self.start = button(texts.says("check.start"), on_start, "big")
        self.again = button(texts.says("check.again"), on_again)
        self.back = button(texts.says("common.back"), on_back)
        self.body.addLayout(row(self.start, self.again, self.back))
        self.body.addWidget(self._frame)
        self.start.setEnabled(False)
        self.again.setEnabled(False)

    def focus_first(self) -> None:
        self.back.setFocus()

    def show_lines(self, lines: Sequence[CheckLine], verdict: State | None) -> None:
        """Show what was found; `verdict` is None if the check itself went wrong."""
        clear(self._lines)
        self.hint.hide()
        texts = {State.GO: "go", State.WARNING: "warning", State.NO_GO: "no_go", None: "failed"}
        self._verdict.setText(self._texts.says(f"check.{texts[verdict]}"))
        self._verdict.show()
        order = [State.NO_GO, State.WARNING, State.GO]
        for line in sorted(lines, key=lambda line: order.index(line.state)):
            parts = [label(f"{line.subject}: {line.found}" if line.subject else line.found)]
            if line.remedy:
                parts.append(label(line.remedy, "small"))
            self._lines.addLayout(signed(_SIGNS[line.state], *parts))
        self._frame.setVisible(bool(lines))
        settle(self)
        self.start.setEnabled(verdict in (State.GO, State.WARNING))
        self.again.setEnabled(True)
        (self.start if self.start.isEnabled() else self.again).setFocus()


class QuestionSheet(Sheet):
    """One plain question; the answer that changes nothing is the one that Return gives."""

    def __init__(
        self, texts: Texts, question: str, on_yes: Callable[[str], object], on_no: Does
    ) -> None:
        super().__init__(texts.says("question.title"))
        self._texts, self._on_yes = texts, on_yes
        frame, inside = card("next")
        inside.addWidget(label(question, "title"))
        self.body.addWidget(frame)
        self.by = line_edit(160)
        self.body.addLayout(field(texts.says("common.by"), self.by))
        self.no = button(texts.says("question.no"), on_no, "primary")
        self.yes = button(texts.says("question.yes"), self._say)
        self.put_buttons(self.no, self.yes)

    def focus_first(self) -> None:
        self.no.setFocus()

    def _say(self) -> None:
        who = self.by.text().strip()
        if not (who.isalpha() and len(who) <= LETTERS):
            self.complain(bad_letters(self._texts, "common.by"))
            self.by.setFocus()
        else:
            self._on_yes(who)


class RunningSheet(Sheet):
    """A session, a practice or a dry run while it goes on in its own window.

    It is for the mouse alone: a session hears every key, whatever window is in front, so nothing
    here is typed, no key presses a button, and a click leaves the focus where it is: that the
    session's window has lost it is a fault in its log.
    """

    takes_focus = False

    def __init__(self, texts: Texts, heading: str, on_stop: Does, on_keep: Does | None) -> None:
        super().__init__(heading, texts.says("running.hint"))
        self._texts, self._on_stop = texts, on_stop
        self._clock = label("0:00", "clock", wrap=False)
        self._clock.setAccessibleName(texts.says("running.time", time=""))
        self.body.addWidget(self._clock)
        self._kept = label("", "go", wrap=False)
        self.keep = button(texts.says("running.keep"), on_keep or (lambda: None))
        if on_keep is not None:
            self.body.addLayout(row(self.keep, self._kept))
            self.body.addWidget(label(texts.says("running.keep_hint"), "small"))
        self.stop = button(texts.says("running.stop"), self._ask, "danger")
        self._sure = self._question()
        self.body.addLayout(row(self.stop))
        self.body.addWidget(self._sure)
        self.said = QPlainTextEdit()
        self.said.setReadOnly(True)
        self.said.setMinimumHeight(150)
        self.said.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.said.setTabChangesFocus(True)
        self.body.addLayout(field(texts.says("running.lines"), self.said))
        for one in (self.keep, self.stop, self.go_on, self.really):
            one.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def focus_first(self) -> None:
        # where a key does no harm
        self.said.setFocus()

    def show_time(self, seconds: float) -> None:
        """Show how long it has been going on."""
        self._clock.setText(clock_of(seconds))

    def say(self, lines: Sequence[str]) -> None:
        """Show what the session says."""
        for line in lines:
            self.said.appendPlainText(line)

    def kept(self, number: int) -> None:
        """Say that a moment was kept, the how manieth it is."""
        self._kept.setText(self._texts.says("running.kept", number=number))

    def _question(self) -> QFrame:
        frame, inside = card("next")
        says = self._texts.says
        inside.addWidget(label(says("running.stop_sure"), "title"))
        inside.addWidget(label(says("running.stop_hint"), "soft"))
        self.go_on = button(says("running.stop_no"), self._keep, "primary")
        self.really = button(says("running.stop_yes"), self._end, "danger")
        inside.addLayout(row(self.go_on, self.really))
        frame.hide()
        return frame

    def _ask(self) -> None:
        self._sure.show()
        self.stop.hide()

    def _keep(self) -> None:
        self._sure.hide()
        self.stop.show()

    def _end(self) -> None:
        self._sure.hide()
        self.hint.setText(self._texts.says("running.stopping"))
        self._on_stop()


class SummarySheet(Sheet):
    """What a session came to, and what to do next.

    Parameters
    ----------
    texts : Texts
    heading : str
    next_step : str
        What to do next.
    details : sequence of str
        What else there is to know of it.
    ended : Ended or None
        None if there is no log: a practice, a dry run, or a session that did not start.
    kinds : mapping
        Plain name of each task, by its label.
    said : sequence of str
        Last words of the process, shown where something went wrong.
    well : bool
        Whether it went well.
    moments : sequence of Note
        Those that were kept in the session and have no words yet; they are asked for here.
    on_words : callable
        Takes moments and their words; returns what is wrong, or None.
    debriefing : tuple or None
        Whether the one that is due is to be shown now, and what shows it.
    """

    def __init__(
        self,
        texts: Texts,
        heading: str,
        next_step: str,
        details: Sequence[str],
        ended: Ended | None,
        kinds: dict[str, str],
        said: Sequence[str],
        *,
        well: bool,
        on_open: Callable[[Path], object],
        on_back: Does,
        moments: Sequence[Note] = (),
        on_words: Callable[[Sequence[tuple[Note, str]]], str | None] = lambda _: None,
        debriefing: tuple[bool, Does] | None = None,
    ) -> None:
        super().__init__("")
        self._texts, self._on_words = texts, on_words
        self._words: list[tuple[Note, QLineEdit]] = []
        self.heading.hide()
        picture = QLabel()
        picture.setPixmap(sign(Sign.GO if well else Sign.WARNING, px=36))
        head = row(picture, label(heading, "heading"), stretch=1)
        self.body.addLayout(head)
        frame, inside = card("next")
        inside.addWidget(label(texts.says("summary.next"), "caption"))
        inside.addWidget(label(next_step, "title"))
        for detail in details:
            inside.addWidget(selectable(label(detail)))
        if debriefing is not None:
            now, show = debriefing
            inside.addLayout(debriefing_offer(texts, lambda: self._leave_for(show), now=now))
        self.body.addWidget(frame)
        if moments:
            self._ask_for_words(moments)
        self.back = button(texts.says("summary.back"), lambda: self._leave_for(on_back), "primary")
        buttons: list[QWidget] = [self.back]
        if ended is not None:
            folder = ended.log.parent
            buttons.append(button(texts.says("summary.open"), lambda: on_open(folder)))
        self.body.addLayout(row(*buttons))
        if ended is not None:
            self._put_ended(ended, kinds)
        if said:
            self._put_said(said)

    def focus_first(self) -> None:
        (self._words[0][1] if self._words else self.back).setFocus()

    def _ask_for_words(self, moments: Sequence[Note]) -> None:
        says = self._texts.says
        frame, inside = card()
        inside.addWidget(label(says("summary.moments"), "caption"))
        for moment in moments:
            line = line_edit()
            line.returnPressed.connect(self.focusNextChild)
            inside.addLayout(field(says("summary.moment", time=moment.at_the_desk), line))
            self._words.append((moment, line))
        inside.addWidget(label(says("summary.moments_hint"), "small"))
        self.body.addWidget(frame)

    def _leave_for(self, does: Does) -> None:
        words = [(moment, line.text()) for moment, line in self._words if line.text().strip()]
        problem = self._on_words(words)
        if problem is None:
            does()
        else:
            self.complain(problem)

    def _put_ended(self, ended: Ended, kinds: dict[str, str]) -> None:
        says = self._texts.says
        frame, inside = card()
        if ended.robot:
            inside.addWidget(label(says("summary.robot"), "warning"))
        inside.addWidget(label(says("summary.durations"), "caption"))
        for task in ended.tasks:
            text = "summary.task" if task.complete else "summary.task_part"
            name = kinds.get(task.task, task.task)
            inside.addWidget(label(says(text, task=name, time=clock_of(task.seconds))))
        inside.addWidget(label(says("summary.whole", time=clock_of(ended.seconds)), "soft"))
        inside.addSpacing(10)
        inside.addWidget(label(says("summary.faults"), "caption"))
        if ended.status != "complete":
            why = label(says(f"summary.why_{ended.status}"))
            inside.addLayout(signed(Sign.WARNING, why))
        elif not ended.faults:
            inside.addLayout(signed(Sign.GO, label(says("summary.no_faults"))))
        for fault in ended.faults:
            text = "summary.fault" if fault.count > 1 else "summary.fault_once"
            line = label(says(text, name=fault.name, count=fault.count))
            inside.addLayout(signed(Sign.WARNING, line))
        inside.addSpacing(10)
        inside.addWidget(label(says("summary.data"), "caption"))
        study = ended.log.parents[3]  # STUDY/sourcedata/sub-P/ses-S/LOG
        inside.addWidget(path_label(str(ended.log.relative_to(study.parent))))
        self.body.addWidget(frame)

    def _put_said(self, said: Sequence[str]) -> None:
        frame, inside = card()
        inside.addWidget(label(self._texts.says("summary.said"), "caption"))
        for line in said:
            inside.addWidget(path_label(line))
        self.body.addWidget(frame)
