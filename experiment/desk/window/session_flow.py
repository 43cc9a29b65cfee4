"""From the big button to the summary: who it is, one question at a time, the check, the session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PyQt6.QtCore import QUrl
from PyQt6.QtGui import QDesktopServices

from analysis.monitor_texts import clock_of
from experiment.care import Debriefing, debriefing_due
from experiment.desk.alone import Alone
from experiment.desk.asking import Asked, about_the_person, questions_before
from experiment.desk.checking import CheckLine, State, read_lines, verdict
from experiment.desk.child import Child
from experiment.desk.commands import check_words, dry_run_words, practice_words, run_words
from experiment.desk.ended import Ended, new_logs, planned_seconds, read_ended
from experiment.desk.rehearsing import copy_for_dry_run, make_practice
from experiment.desk.summary import next_step, task_names
from experiment.desk.window.forms import IdentitySheet
from experiment.desk.window.process import OneProcess
from experiment.desk.window.running import (
    CheckSheet,
    QuestionSheet,
    RunningSheet,
    SummarySheet,
)
from experiment.errors import BadInput, KindredError
from experiment.notes import Note, add_note, note_now, without_words
from experiment.readlog import read_log
from experiment.said import in_words

if TYPE_CHECKING:
    from experiment.desk.window.desk import Desk


class ToRun(NamedTuple):
    """What is to be run: a session or one task of it, begun or gone on with."""

    session: str
    resume: bool = False
    task: str | None = None
    debriefing: str | None = None
    """The task, if all that is run is a debriefing."""

    @property
    def optional(self) -> str | None:
        """The optional task that is run by itself, if any; a debriefing is none."""
        return self.task if self.debriefing is None else None


class Answered(NamedTuple):
    """A question that was answered with yes, and the initials of who did."""

    question: Asked
    who: str


class SessionFlow:
    """A session from the big button to its summary; also its practice and its dry run."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._process = OneProcess(self._show_course)
        self._running: RunningSheet | None = None
        self._answered: list[Answered] = []
        self._moments: list[Note] = []

    @property
    def child(self) -> Child | None:
        """The process that is running, if any."""
        return self._process.child

    @property
    def busy(self) -> bool:
        """Whether a process of ours is running."""
        return self._process.child is not None

    # --- who it is, and what is to be asked ------------------------------------------------------

    def begin(self) -> None:
        """Begin with the next session of the participant who was chosen."""
        desk = self._desk
        visit = desk.standing().next_session
        if visit is not None:
            self._identify(ToRun(visit.session, resume=visit.state == "begun"))

    def begin_alone(self, one: Alone) -> None:
        """Begin or go on with an optional task by itself."""
        self._identify(ToRun(one.session, one.resume, one.task))

    def debrief(self, due: Debriefing) -> None:
        """Show the debriefing by itself to a participant who may leave without it."""
        task = due.task if due.alone else None
        self._identify(ToRun(due.session, due.resume, task, debriefing=due.task))

    def _identify(self, to_run: ToRun) -> None:
        """Ask who it is, then whatever looks like a mistake."""
        desk = self._desk
        self._answered, self._moments, self._process.said = [], [], []
        try:
            questions = questions_before(
                desk.study, self._who, to_run.session, desk.texts, to_run.debriefing or to_run.task
            )
        except BadInput as error:  # the register was damaged since it was read
            self._sum_up_trial(desk.texts.says("common.error"), desk.words(error), well=False)
            return
        try:
            identity = desk.roster.identity(self._who)
        except BadInput:
            identity = None  # what is damaged is told beside the button
        if identity is None:
            self._ask(to_run, questions)
            return
        tries = 0

        def said(initials: str, colour: str) -> str | None:
            nonlocal tries
            assert identity is not None
            if identity.same(initials, colour):
                self._ask(to_run, questions)
                return None
            tries += 1
            if tries == 1:
                wrong = desk.texts.says("identity.wrong", participant=self._who)
                return f"{wrong}\n{desk.texts.says('identity.wrong_do')}"
            self._ask(to_run, [about_the_person(self._who, desk.texts), *questions])
            return None

        desk.show(IdentitySheet(desk.texts, self._who, said, desk.back, setting=False))

    def _ask(self, to_run: ToRun, questions: Sequence[Asked]) -> None:
        """Ask the first of what is left to be asked; check when nothing is."""
        if not questions:
            if to_run.debriefing is None:
                self._check(to_run)
            else:  # nobody who wants to leave is kept waiting for pulses and buttons
                self._run(to_run)
            return
        first, *rest = questions

        def yes(who: str) -> None:
            self._answered.append(Answered(first, who))
            self._ask(to_run, rest)

        self._desk.show(QuestionSheet(self._desk.texts, first.text, yes, self._back))

    def _back(self) -> None:
        self._desk.back()

    # --- the check before it ---------------------------------------------------------------------

    def _check(self, to_run: ToRun) -> None:
        desk = self._desk
        sheet = CheckSheet(
            desk.texts,
            lambda: self._run(to_run),
            lambda: self._check(to_run),
            lambda: self._process.stop(then=self._back),
        )
        desk.show(sheet)

        def ended(_: int) -> None:
            lines = read_lines(self._process.said)
            if not lines:
                lines = [CheckLine("", State.NO_GO, line) for line in self._process.errors]
            sheet.show_lines(lines, verdict(lines))

        words = check_words(
            desk.study.folder,
            self._who,
            to_run.session,
            desk.options,
            desk.texts.tag,
            fullscreen=desk.fullscreen,
            task=to_run.task,
            resume=to_run.resume,
        )
        self._process.start(words, ended)

    # --- the session -----------------------------------------------------------------------------

    def _run(self, to_run: ToRun) -> None:
        desk, who = self._desk, self._who
        folder = desk.study.log_folder(who, to_run.session)
        before = frozenset(folder.glob("*.jsonl"))
        says = desk.texts.says
        if to_run.debriefing is not None:
            heading = says("debriefing.running")
        elif to_run.optional is not None:
            heading = says("running.task", task=self._named(to_run.optional))
        else:
            heading = says("running.session", session=to_run.session)
        words = run_words(
            desk.study.folder,
            who,
            to_run.session,
            desk.options,
            desk.texts.tag,
            fullscreen=desk.fullscreen,
            answered=[one.question.name for one in self._answered],
            task=to_run.task,
            resume=to_run.resume,
        )

        def log() -> Path | None:
            return next(reversed(new_logs(folder, before)), None)

        def ended(code: int) -> None:
            self._write_answers(log())
            self.sum_up(to_run, code, log())

        self._show_running(heading, lambda: self._keep_moment(log()))
        self._process.start(words, ended)

    def _show_running(self, heading: str, on_keep: Callable[[], object] | None = None) -> None:
        self._running = RunningSheet(self._desk.texts, heading, self._process.stop, on_keep)
        self._desk.show(self._running)

    def _keep_moment(self, log: Path | None) -> None:
        """Keep the moment beside the log at once; its words are asked for at the end."""
        assert self._running is not None
        if log is None:
            self._running.complain(self._desk.texts.says("running.no_log"))
            return
        number = len(self._moments) + 1
        moment = note_now(self._desk.texts.says("running.moment", number=number))
        try:
            add_note(log, moment)
        except KindredError as error:
            self._running.complain(self._desk.problem(error))
            return
        self._moments.append(replace(moment, text=""))
        self._running.kept(number)

    def _write_words(self, log: Path, words: Sequence[tuple[Note, str]]) -> str | None:
        """Put words to the moments that were kept; return what is wrong, or None."""
        try:
            for moment, text in words:
                add_note(log, moment.saying(text))
        except KindredError as error:
            return self._desk.problem(error)
        return None

    def _write_answers(self, log: Path | None) -> None:
        """Note which questions were answered with yes before the session, and by whom."""
        if log is None or not self._answered:
            return
        with suppress(KindredError):  # a full disk; the session itself has told of it
            for one in self._answered:
                values = {"who": one.who, "question": one.question.text}
                add_note(log, note_now(self._desk.texts.says("question.noted", **values)))

    def sum_up(self, ran: ToRun, code: int, log: Path | None) -> None:
        """Show what a session came to, by its log, however its process ended.

        Parameters
        ----------
        ran : ToRun
        code : int
            With which the process ended.
        log : Path or None
            None if there is none: it did not start.
        """
        desk, says = self._desk, self._desk.texts.says
        ended: Ended | None = None
        moments: list[Note] = []
        due: Debriefing | None = None
        try:
            if log is not None:
                read = read_log(log)
                ended = read_ended(log, desk.texts.tag)
                moments = sorted(
                    [*self._moments, *without_words(read)], key=lambda moment: moment.utc
                )
            due = debriefing_due(desk.study, self._who)
        except KindredError as error:
            self._process.said.append(f"error: {desk.words(error)}")
        desk.roster = desk.roster.read_again()
        status = "not_started" if ended is None else ended.status
        well = status == "complete" and code == 0
        heading = says(f"summary.{status}")
        alone = ran.optional is not None
        if well and ran.optional is not None:
            heading = says("summary.complete_alone", task=self._named(ran.optional))
        if ran.debriefing is not None and well:
            following = says("debriefing.done")
        else:
            following = next_step(desk.standing(), ran.session, status, desk.texts, alone=alone)
        desk.show(
            SummarySheet(
                desk.texts,
                heading,
                following,
                (),
                ended,
                task_names(desk.study, desk.texts),
                () if well else self._process.last_words,
                well=well,
                on_open=_open_folder,
                on_back=desk.back,
                moments=moments,
                on_words=lambda words: None if log is None else self._write_words(log, words),
                debriefing=None if due is None else (due.now, partial(self.debrief, due)),
            )
        )

    # --- practice and dry run --------------------------------------------------------------------

    def practise(self) -> None:
        """Have the participant try the keys; nothing is kept."""
        desk, says = self._desk, self._desk.texts.says
        place = self._process.new_place()
        try:
            study = make_practice(desk.study, place / "practice")
        except KindredError as error:
            self._process.forget_place()
            self._sum_up_trial(says("summary.dry_run_failed"), desk.words(error), well=False)
            return
        self._show_running(says("running.practice"))
        words = practice_words(study, desk.options, desk.texts.tag, fullscreen=desk.fullscreen)

        def ended(code: int) -> None:
            well = code == 0
            heading = says("summary.practice_done" if well else "summary.aborted")
            self._sum_up_trial(heading, says("summary.next_practice"), well=well)

        self._process.start(words, ended)

    def dry_run(self) -> None:
        """Have a robot go through the next session in a copy; nothing is kept."""
        desk, says = self._desk, self._desk.texts.says
        visit = desk.standing().next_session
        if visit is None:
            return
        place = self._process.new_place()
        try:
            copy = copy_for_dry_run(desk.study, self._who, visit.session, place / "copy")
        except KindredError as error:
            self._process.forget_place()
            self._sum_up_trial(says("summary.dry_run_failed"), desk.words(error), well=False)
            return
        self._show_running(says("running.dry_run"))
        logs = copy / "sourcedata" / f"sub-{self._who}" / f"ses-{visit.session}"

        def ended(code: int) -> None:
            if code != 0:
                heading = says("summary.dry_run_failed")
                self._sum_up_trial(heading, says("summary.next_error"), well=False)
                return
            seconds = planned_seconds(new_logs(logs, frozenset())[-1])
            length = (
                says("summary.planned_paced")
                if seconds is None
                else says("summary.planned", time=clock_of(seconds))
            )
            heading, text = says("summary.dry_run_done"), says("summary.next_practice")
            self._sum_up_trial(heading, text, length, well=True)

        self._process.start(dry_run_words(copy, self._who, visit.session, desk.texts.tag), ended)

    def _sum_up_trial(self, heading: str, text: str, *details: str, well: bool) -> None:
        desk = self._desk
        said = () if well else self._process.last_words
        desk.show(
            SummarySheet(
                desk.texts,
                heading,
                text,
                details,
                None,
                {},
                said,
                well=well,
                on_open=_open_folder,
                on_back=desk.back,
            )
        )

    def _named(self, task: str) -> str:
        return in_words(self._desk.study.task_name(task), self._desk.texts.tag)

    @property
    def _who(self) -> str:
        assert self._desk.chosen is not None
        return self._desk.chosen

    def _show_course(self, seconds: float, lines: Sequence[str]) -> None:
        if self._running is not None and self._running is self._desk.sheet:
            self._running.show_time(seconds)
            self._running.say(lines)


def _open_folder(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
