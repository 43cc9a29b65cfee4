"""What a participant's next session lacks: messages, decisions about them, a profile, choices."""

from __future__ import annotations

from dataclasses import dataclass, field

from experiment.choices import social_of
from experiment.errors import BadInput
from experiment.kit.decisions import load_decisions, usable
from experiment.kit.for_session import shown_before
from experiment.kit.own_profile import load_own_profile
from experiment.kit.store import KIT_FILE, is_forgotten, load_kit
from experiment.plans.people import shortfall as too_few_liked
from experiment.plans.sharing import shortfall
from experiment.protocol import ChoosingTask, FeedbackTask
from experiment.register import SessionStanding
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
            found.append(Lack("damaged", {"problem": str(error)}))
    return tuple(found)


def _command(name: str, study: Study, participant: str, more: str = "") -> str:
    words = f"run_session.py {name} {study.folder} --participant {participant} {more}"
    return words.rstrip()


def _messages(study: Study, participant: str, visit: SessionStanding) -> list[Lack]:
    tasks = set(visit.missing)
    if not any(study.protocol.tasks[task].shares() for task in tasks):
        return []
    folder = study.kit_folder(participant)
    if is_forgotten(folder):
        return [Lack("forgotten")]
    if not (folder / KIT_FILE).exists():
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
    short = too_few_liked(study.protocol, social.people, shown_before(study, participant))
    if short and any(isinstance(spec, FeedbackTask) for spec in specs):
        return [Lack("choices")]
    return []
