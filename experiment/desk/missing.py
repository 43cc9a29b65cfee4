"""What a participant's next session lacks: messages, decisions about them, a profile, choices."""

from __future__ import annotations

from dataclasses import dataclass, field

from experiment.choices import social_of
from experiment.errors import BadInput
from experiment.kit.decisions import load_decisions, usable
from experiment.kit.for_session import shown_before
from experiment.kit.own_profile import load_own_profile
from experiment.kit.store import has_kit, is_forgotten, load_kit
from experiment.plans.people import shortfall as shortfall_of_people
from experiment.plans.people import still_to_like
from experiment.plans.sharing import shortfall
from experiment.protocol import ChoosingTask, FeedbackTask
from experiment.register import SessionStanding
from experiment.said import typed, words_of
from experiment.study import Study


@dataclass(frozen=True)
class Lack:
    """Something that is missing.

    Parameters
    ----------
    name : str
        Of the text that tells it (``missing.NAME``) and of the remedy (``missing.NAME_do``).
    values : dict
        What the text is filled in with.
    stops : bool
        Whether no session can be started without it.
    command : str
        That mends it, for a terminal; empty if no command does.
    """

    name: str
    values: dict[str, object] = field(default_factory=dict)
    stops: bool = True
    command: str = ""


def missing_for(study: Study, participant: str, visit: SessionStanding) -> tuple[Lack, ...]:
    """Return what is missing for a session; nothing if it can be started."""
    found: list[Lack] = []
    for check in (_messages, _profile):
        try:
            found += check(study, participant, visit)
        except BadInput as error:
            found.append(Lack("damaged", {"problem": words_of(error)}))
    return tuple(found)


def _command(name: str, study: Study, participant: str, more: str = "") -> str:
    words = ("run_session.py", *name.split(), study.folder, "--participant", participant)
    return typed(*words, *more.split())


def _messages(study: Study, participant: str, visit: SessionStanding) -> list[Lack]:
    tasks = set(visit.missing)
    if not any(study.protocol.tasks[task].shares() for task in tasks):
        return []
    folder = study.kit_folder(participant)
    if is_forgotten(folder):
        return [Lack("forgotten")]
    if not has_kit(folder):
        return [Lack("kit", command=_command("kit import ANSWERS --study", study, participant))]
    kit = load_kit(folder)
    decisions = load_decisions(folder, kit.index().digest)
    review = study.protocol.kit.review == "required"
    index = usable(kit, decisions, review_required=review)
    waiting = sum(message.message_id not in decisions for message in kit.messages)
    short = [
        missing
        for missing in shortfall(study.protocol, index, shown_before(study, participant))
        if missing.cell.session == visit.session and missing.cell.task in tasks
    ]
    if short and review and waiting:
        each = "--by INITIALS --accept IDS --leave-out IDS"
        command = _command("kit review", study, participant, each)
        return [Lack("review", {"count": waiting}, command=command)]
    return [
        Lack("few", {"condition": m.cell.condition, "have": m.found, "need": m.cell.total})
        for m in short
    ]


def _profile(study: Study, participant: str, visit: SessionStanding) -> list[Lack]:
    tasks = list(visit.missing)
    specs = [study.protocol.tasks[task] for task in tasks]
    if not any(isinstance(spec, ChoosingTask | FeedbackTask) for spec in specs):
        return []
    if load_own_profile(study.kit_folder(participant)) is None:
        make = _command("profile", study, participant, "--photo FILE")
        return [Lack("profile", command=make)]
    social = social_of(study, participant, tasks)
    assert social is not None
    scans = [spec for spec in specs if isinstance(spec, FeedbackTask)]
    shown = shown_before(study, participant)
    if not scans or not shortfall_of_people(study.protocol, social.people, shown):
        return []
    if not still_to_like(study.protocol, social.people, shown):
        return [Lack("faces")]
    session, alone = _choosing(study, visit, scans[0].liked.choosing)
    if not social.people.unrated:
        more = _command("profile", study, participant, "--photo FILE")
        return [Lack("people", {"session": session}, command=more)]
    again = _command("run", study, participant, f"--session {session}{alone}")
    return [Lack("choices", {"session": session}, command=again)]


def _choosing(study: Study, visit: SessionStanding, task: str) -> tuple[str, str]:
    """Return the session in which people were chosen, and how to run that task again there.

    It is the last one up to the scan's; in the scan's own, or where it is optional, it is run by
    itself.
    """
    order = list(study.protocol.sessions)
    upto = order[: order.index(visit.session) + 1]
    found = [one for one in upto if task in study.protocol.sessions[one].all_tasks]
    session = found[-1] if found else visit.session
    by_itself = session == visit.session or task not in study.protocol.sessions[session].tasks
    return session, f" --task {task}" if by_itself else ""
