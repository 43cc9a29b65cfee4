"""Wrong hands: everything that is asked before a session, each as one plain question."""

from __future__ import annotations

from dataclasses import dataclass

from experiment.desk.texts import Texts
from experiment.preflight.questions import Question, gather, questions_about, wrong_person
from experiment.said import in_words
from experiment.study import Study


@dataclass(frozen=True)
class Asked:
    """A question, by the name of what may be wrong, and in words."""

    name: str
    text: str


def questions_before(
    study: Study, participant: str, session: str, texts: Texts, task: str | None = None
) -> list[Asked]:
    """Return what is to be asked before a session is begun; nothing for the right next step.

    Parameters
    ----------
    study : Study
    participant, session : str
        Labels.
    texts : Texts
        In whose language.
    task : str or None
        The one that is run by itself, or all that is left; None for all that the session needs.

    Raises
    ------
    BadInput
        If the register can't be read.
    """
    tasks = None if task is None else (task,)
    questions = questions_about(gather(study, participant, session, tasks))
    return [_asked(question, texts) for question in questions]


def about_the_person(participant: str, texts: Texts) -> Asked:
    """Return what is asked where initials or colour are not those that were set."""
    return _asked(wrong_person(participant), texts)


def _asked(question: Question, texts: Texts) -> Asked:
    return Asked(question.mistake, in_words(question.said, texts.tag))
