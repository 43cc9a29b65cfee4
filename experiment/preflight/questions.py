"""Wrong hands: what looks like a mistake, each asked about with one plain question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol, TypeAlias

from experiment.errors import BadInput
from experiment.kit.store import KIT_FILE, load_kit
from experiment.preflight.line import text_of
from experiment.preflight.time import RELEASED, TimeFacts, gather_time, is_wrong
from experiment.readlog import header_of
from experiment.running import Running, running_sessions
from experiment.study import Study

Mistake: TypeAlias = Literal[
    "double_launch", "order", "done_today", "too_early", "too_late", "date", "kit"
]


@dataclass(frozen=True)
class Question:
    """Something that is asked before a session, to be answered with yes or no.

    Parameters
    ----------
    mistake : str
        What it may be.
    values : dict of str to str
        What stands in its text.
    """

    mistake: Mistake
    values: dict[str, str] = field(default_factory=dict)

    def text(self, language: str = "en") -> str:
        """Return the question in words."""
        return text_of("questions", self.mistake, self.values, language)


class NeedsAnswer(BadInput):
    """A session that may be a mistake, and isn't begun before somebody has answered.

    Attributes
    ----------
    questions : tuple of Question
        Those that are still to be answered.
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = tuple(questions)
        asked = " ".join(question.text() for question in questions)
        super().__init__(f"{asked} Say yes with --yes, if it is right")


@dataclass(frozen=True)
class Window:
    """When a session is to be: the days between which it is planned; None where there is none."""

    earliest: date | None = None
    latest: date | None = None


class Schedule(Protocol):
    """When sessions are planned; the study's register is one."""

    def window(self, participant: str, session: str) -> Window:
        """Return when a participant's session is planned."""
        ...


class NoSchedule:
    """The schedule of a study that plans no days."""

    def window(self, participant: str, session: str) -> Window:  # noqa: ARG002
        """Return a window without an end."""
        return Window()


@dataclass(frozen=True)
class Begun:
    """A session of the participant's that was begun, by its log."""

    session: str
    at: datetime


@dataclass(frozen=True)
class Facts:
    """All that the questions are made of.

    Parameters
    ----------
    participant, session : str
        What is about to be run.
    order : tuple of str
        The study's sessions, in order.
    begun : tuple of Begun
        The participant's, in time.
    running : tuple of Running
    time : TimeFacts
    window : Window
    same_kit : str or None
        Another participant with the same messages.
    """

    participant: str
    session: str
    order: tuple[str, ...]
    begun: tuple[Begun, ...]
    running: tuple[Running, ...]
    time: TimeFacts
    window: Window
    same_kit: str | None


def questions_about(facts: Facts) -> list[Question]:
    """Return what is to be asked before a session; nothing if all is as it should be."""
    who = {"participant": facts.participant, "session": facts.session}
    today = facts.time.now.astimezone()
    found: list[Question] = []
    for other in facts.running[:1]:
        found.append(Question("double_launch", {"name": other.name, "since": other.since}))
    if is_wrong(facts.time):
        newest = facts.time.newest or RELEASED
        days = {"today": _day(today), "newest": _day(newest)}
        found.append(Question("date", days))
    begun = {one.session for one in facts.begun}
    place = facts.order.index(facts.session) if facts.session in facts.order else 0
    for before in [one for one in facts.order[:place] if one not in begun][:1]:
        found.append(Question("order", {**who, "before": before}))
    for one in facts.begun:
        at = one.at.astimezone()
        if one.session != facts.session and at.date() == today.date():
            values = {**who, "before": one.session, "at": at.strftime("%H:%M")}
            found.append(Question("done_today", values))
            break
    earliest, latest = facts.window.earliest, facts.window.latest
    if earliest is not None and today.date() < earliest:
        values = {**who, "earliest": earliest.isoformat(), "today": _day(today)}
        found.append(Question("too_early", values))
    if latest is not None and today.date() > latest:
        values = {**who, "latest": latest.isoformat(), "today": _day(today)}
        found.append(Question("too_late", values))
    if facts.same_kit is not None:
        values = {"participant": facts.participant, "other": facts.same_kit}
        found.append(Question("kit", values))
    return found


def gather(study: Study, participant: str, session: str, schedule: Schedule | None = None) -> Facts:
    """Look at logs, kits, clock and running sessions.

    Parameters
    ----------
    study : Study
    participant, session : str
        Labels.
    schedule : Schedule or None
        When sessions are planned; None where nobody plans.
    """
    return Facts(
        participant=participant,
        session=session,
        order=tuple(study.protocol.sessions),
        begun=_begun(study, participant),
        running=tuple(running_sessions(study.folder)),
        time=gather_time(study),
        window=(schedule or NoSchedule()).window(participant, session),
        same_kit=_same_kit(study, participant),
    )


def ask(facts: Facts, answered: Sequence[str]) -> tuple[str, ...]:
    """Make sure that every question was answered with yes.

    Parameters
    ----------
    facts : Facts
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
    questions = questions_about(facts)
    left = [one for one in questions if "all" not in answered and one.mistake not in answered]
    if left:
        raise NeedsAnswer(left)
    return tuple(question.mistake for question in questions)


def _begun(study: Study, participant: str) -> tuple[Begun, ...]:
    found = []
    for log in study.logs_of(participant):
        try:
            header = header_of(log)
            if header.get("robot") is None:
                found.append(Begun(header["session"], datetime.fromisoformat(header["utc"])))
        except (BadInput, KeyError, ValueError):
            continue
    return tuple(sorted(found, key=lambda one: one.at))


def _same_kit(study: Study, participant: str) -> str | None:
    """Return another participant whose kit has the same messages, by the same people."""
    own = study.kit_folder(participant) / KIT_FILE
    if not own.is_file():
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
