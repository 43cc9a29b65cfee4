"""Wrong hands: everything that is asked before a session, each as one plain question."""

from __future__ import annotations

from dataclasses import dataclass

from experiment.desk.roster import Roster
from experiment.desk.texts import Texts
from experiment.preflight.questions import gather, questions_about
from experiment.register import Standing

_OF_THIS_COMPUTER = ("double_launch", "done_today", "date", "kit")
"""What only the check before a session knows; order and days are the register's to tell."""


@dataclass(frozen=True)
class Asked:
    """A question, by the name of what may be wrong, and in words."""

    name: str
    text: str


def questions_before(roster: Roster, where: Standing, session: str, texts: Texts) -> list[Asked]:
    """Return what is to be asked before a session is begun; nothing for the right next step.

    Parameters
    ----------
    roster : Roster
    where : Standing
        Of the participant, today.
    session : str
        Label.
    texts : Texts
        In whose language.
    """
    found = [
        Asked(question.mistake, question.text(texts.tag))
        for question in questions_about(gather(roster.study, where.participant.label, session))
        if question.mistake in _OF_THIS_COMPUTER
    ]
    dated = any(asked.name == "date" for asked in found)
    found += [
        Asked(concern.code, texts.says(f"concern.{concern.code}", **concern.values))
        for concern in roster.concerns(where, session)
        if not (dated and concern.code == "clock_behind")
    ]
    return found


def wrong_person(participant: str, texts: Texts) -> Asked:
    """Return what is asked where initials or colour are not those that were set."""
    text = texts.says("concern.wrong_person", participant=participant)
    return Asked("wrong_person", text)
