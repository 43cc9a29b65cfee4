"""Wrong hands: what looks like a mistake, each asked about with one plain question.

What the register knows of order, days and doses comes from `experiment.register.concerns`; what
this machine knows is added. Whoever asks, at the desk's window or at a terminal, asks these.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from experiment.daily.days import day_of, known_periods, of_another_period
from experiment.errors import BadInput
from experiment.kit.store import KIT_FILE, load_kit
from experiment.preflight.line import Listed
from experiment.preflight.time import RELEASED, TimeFacts, gather_time, is_wrong
from experiment.readlog import header_of
from experiment.register import Concern, ConcernCode, concerns, open_register, standing
from experiment.register.identity import identity_of
from experiment.running import Running, running_sessions
from experiment.said import Said, listed
from experiment.study import Study

Mistake: TypeAlias = (
    ConcernCode
    | Literal[
        "wrong_person",  # initials or colour are not those that were set: {participant}
        "not_asked",  # they were set, and nobody asked for them: {participant}
        "double_launch",  # another session runs now: {name}, {since}
        "done_today",  # they had another one today: {participant}, {before}, {at}, {session}
        "date",  # no session can have been then: {today}, {newest}
        "kit",  # somebody else's messages: {participant}, {other}
        "daily_day",  # today is no day of the period of a daily report: {session}
    ]
)
_ALWAYS: tuple[Mistake, ...] = (
    "double_launch",
    "date",
    "clock_behind",
    "withdrawn",
    "unblinded",
    "daily_day",
)
"""Asked again when a session goes on that was begun on the same day; the others were answered."""
_OF_SESSIONS: tuple[Mistake, ...] = (
    "done_already",
    "order_reversed",
    "unscheduled",
    "too_early",
    "too_late",
    "washout_short",
    "done_today",
)
"""Not asked before an optional task by itself: a daily report has other days than its session."""


@dataclass(frozen=True)
class Question:
    """Something that is asked before a session, to be answered with yes or no.

    Parameters
    ----------
    mistake : Mistake
        What it may be.
    values : dict of str to str
        What stands in its text.
    """

    mistake: Mistake
    values: dict[str, str] = field(default_factory=dict)

    @property
    def said(self) -> Said:
        """The question in words."""
        return Listed(f"questions.{self.mistake}", **self.values)


class NeedsAnswer(BadInput):
    """A session that may be a mistake, and isn't begun before somebody has answered.

    Attributes
    ----------
    questions : tuple of Question
        Those that are still to be answered.
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = tuple(questions)
        asked = listed((question.said for question in questions), by="sentences")
        super().__init__(Said("refused.unanswered", asked=asked))


@dataclass(frozen=True)
class Begun:
    """A session that was begun, by its log; no optional task or debriefing by itself."""

    session: str
    at: datetime


@dataclass(frozen=True)
class Facts:
    """All that the questions are made of.

    Parameters
    ----------
    participant, session : str
        What is about to be run.
    concerns : tuple of Concern
        What the register has against it.
    begun : tuple of Begun
        The participant's, in time.
    running : tuple of Running
    time : TimeFacts
    same_kit : str or None
        Another participant with the same messages.
    left_out : tuple of Mistake
        What is not asked before the tasks that are about to be run.
    another_period : bool
        Whether a daily report is about to be run on a day that isn't of the session's period.
    """

    participant: str
    session: str
    concerns: tuple[Concern, ...]
    begun: tuple[Begun, ...]
    running: tuple[Running, ...]
    time: TimeFacts
    same_kit: str | None
    left_out: tuple[Mistake, ...] = ()
    another_period: bool = False


def questions_about(facts: Facts) -> list[Question]:
    """Return what is to be asked before a session; nothing if all is as it should be."""
    now = facts.time.now.astimezone()
    today = [one for one in facts.begun if one.at.astimezone().date() == now.date()]
    found: list[Question] = [
        Question("double_launch", {"name": other.name, "since": other.since})
        for other in facts.running[:1]
    ]
    if is_wrong(facts.time) and not any(one.code == "clock_behind" for one in facts.concerns):
        newest = facts.time.newest or RELEASED
        found.append(Question("date", {"today": _day(now), "newest": _day(newest)}))
    found += [Question(concern.code, concern.values) for concern in facts.concerns]
    for one in [one for one in today if one.session != facts.session][:1]:
        values = {"participant": facts.participant, "session": facts.session}
        values |= {"before": one.session, "at": one.at.astimezone().strftime("%H:%M")}
        found.append(Question("done_today", values))
    if facts.same_kit is not None:
        values = {"participant": facts.participant, "other": facts.same_kit}
        found.append(Question("kit", values))
    if facts.another_period:
        found.append(Question("daily_day", {"session": facts.session}))
    found = [question for question in found if question.mistake not in facts.left_out]
    if any(one.session == facts.session for one in today):
        return [question for question in found if question.mistake in _ALWAYS]
    return found


def wrong_person(participant: str) -> Question:
    """Return what is asked where initials or colour are not those that were set."""
    return Question("wrong_person", {"participant": participant})


def about_the_person(
    study: Study, participant: str, asked: Literal["right", "wrong"] | None
) -> tuple[Question, ...]:
    """Return what is to be asked about who it is; nothing if no initials and colour were set.

    Parameters
    ----------
    study : Study
    participant : str
        Label.
    asked : str or None
        Whether what the person at the door said was ``right`` or ``wrong``; None if nobody asked.

    Raises
    ------
    BadInput
        If what was set can't be read.
    """
    if asked == "right" or not identity_of(study, open_register(study.folder), participant):
        return ()
    if asked == "wrong":
        return (wrong_person(participant),)
    return (Question("not_asked", {"participant": participant}),)


def gather(
    study: Study, participant: str, session: str, tasks: Collection[str] | None = None
) -> Facts:
    """Look at register, logs, kits, clock and running sessions.

    Parameters
    ----------
    study : Study
    participant, session : str
        Labels.
    tasks : collection of str or None
        Those of the session that are about to be run; None for all that it needs.

    Raises
    ------
    BadInput
        If the register can't be read.
    """
    time = gather_time(study)
    register = open_register(study.folder)
    where = standing(study, register.anybody(participant), time.now.astimezone().date())
    return Facts(
        participant=participant,
        session=session,
        concerns=concerns(register, where, session),
        begun=_begun(study, participant),
        running=tuple(running_sessions(study.folder)),
        time=time,
        same_kit=_same_kit(study, participant),
        left_out=_left_out(study, session, tasks),
        another_period=tasks is not None and _of_another_period(study, participant, session, tasks),
    )


def ask(questions: Sequence[Question], answered: Sequence[str]) -> tuple[str, ...]:
    """Make sure that every question was answered with yes.

    Parameters
    ----------
    questions : sequence of Question
    answered : sequence of str
        Mistakes that are none; ``all`` for any.

    Returns
    -------
    tuple of str
        What was answered, for the log.

    Raises
    ------
    NeedsAnswer
        With what is still to be answered.
    """
    left = [one for one in questions if "all" not in answered and one.mistake not in answered]
    if left:
        raise NeedsAnswer(left)
    return tuple(question.mistake for question in questions)


def _begun(study: Study, participant: str) -> tuple[Begun, ...]:
    found = []
    for log in study.logs_of(participant):
        try:
            header = header_of(log)
            alone = _left_out(study, header["session"], header["tasks"])
            if header.get("robot") is None and not alone:
                found.append(Begun(header["session"], datetime.fromisoformat(header["utc"])))
        except (BadInput, KeyError, ValueError):
            continue
    return tuple(sorted(found, key=lambda one: one.at))


def _left_out(study: Study, session: str, tasks: Collection[str] | None) -> tuple[Mistake, ...]:
    """Return what is not asked: a daily report or a debriefing has no days of its session."""
    if not tasks:
        return ()
    if all(map(study.is_debriefing, tasks)):
        return (*_OF_SESSIONS, "withdrawn")  # who left is debriefed all the same
    return () if _needs(study, session, tasks) else _OF_SESSIONS


def _needs(study: Study, session: str, tasks: Collection[str]) -> bool:
    """Whether a session needs any of these tasks; one that the study has no more needed them."""
    visit = study.protocol.sessions.get(session)
    return visit is None or not set(visit.tasks).isdisjoint(tasks)


def _of_another_period(
    study: Study, participant: str, session: str, tasks: Collection[str]
) -> bool:
    """Whether a daily report would be counted for a period that today isn't in."""
    daily = study.protocol.daily
    if daily is None or daily.task not in tasks:
        return False
    today = day_of(datetime.now(), daily.day_begins)
    return of_another_period(known_periods(study, participant), session, today)


def _same_kit(study: Study, participant: str) -> str | None:
    """Return another participant whose kit has the same messages, by the same people."""
    own = study.kit_folder(participant) / KIT_FILE
    if not os.access(own, os.R_OK):  # there is none, or it is another user's
        return None
    try:
        ours = load_kit(own.parent).messages
    except BadInput:
        return None
    own_texts = {message.text for message in ours if message.condition == "kind"}
    for file in sorted(study.folder.glob(f"participants/*/kit/{KIT_FILE}")):
        other = file.parent.parent.name
        if other == participant or file.stat().st_size < own.stat().st_size // 2:
            continue
        try:
            theirs = load_kit(file.parent).messages
        except BadInput:
            continue
        shared = own_texts & {one.text for one in theirs if one.condition == "kind"}
        if 2 * len(shared) > len(own_texts):  # "I love you" alone may well be in two kits
            return other
    return None


def _day(moment: datetime) -> str:
    return moment.astimezone().date().isoformat()
