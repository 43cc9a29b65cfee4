"""What a participant's kit has for a session: the messages that were accepted, and those shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from experiment.errors import BadInput
from experiment.kit.decisions import load_decisions, usable
from experiment.kit.model import Kit, KitIndex
from experiment.kit.store import has_kit, load_kit
from experiment.parts import chains
from experiment.plans.shown import Shown
from experiment.readlog import header_of, runs_begun
from experiment.said import Said, words_of
from experiment.study import Study

Found = TypeVar("Found")


def open_kit(study: Study, participant: str, *, needed: bool) -> tuple[Kit, KitIndex]:
    """Return a participant's kit, and what the review left of it.

    Parameters
    ----------
    study : Study
    participant : str
        Label.
    needed : bool
        Whether any task shows messages. If none does, there need be no kit, and it is empty.

    Raises
    ------
    BadInput
        If there is no kit, it is somebody else's, or nothing in it may be shown.
    """
    folder = study.kit_folder(participant)
    if not needed and not has_kit(folder):
        kit = Kit(participant, (), ())
        return kit, kit.index()
    kit = load_kit(folder)
    if kit.participant != participant:
        other = {"other": kit.participant, "participant": participant}
        raise BadInput(Said("refused.other_kit", folder=folder, **other))
    decisions = load_decisions(folder, kit.index().digest)
    index = usable(kit, decisions, review_required=study.protocol.kit.review == "required")
    if needed and not index.messages:
        raise BadInput(Said("refused.none_accepted", folder=folder, count=len(kit.messages)))
    return kit, index


def shown_before(study: Study, participant: str) -> tuple[Shown, ...]:
    """Return what all runs of a participant that were begun were planned to show, from their logs.

    A session that ended before one of its runs showed nothing of it, and it is still to come. What
    was set aside comes first, and says so.

    Raises
    ------
    BadInput
        If a log can't be read: what it showed might be shown again.
    """
    aside = chains(study.logs_set_aside(participant))
    return (
        *(replace(shown, set_aside=True) for parts in aside for shown in _shown_in(parts)),
        *(shown for parts in chains(study.logs_of(participant)) for shown in _shown_in(parts)),
    )


def _shown_in(parts: tuple[Path, ...]) -> Iterator[Shown]:
    header = _read(header_of, parts[0])  # it planned all that the session can show
    begun = {task for part in parts for task in _read(runs_begun, part)}
    for task, plan in header.get("plans", {}).items():
        if task in begun:
            trials = plan.get("trials", ())
            messages = tuple(trial["message_id"] for trial in trials if "message_id" in trial)
            people: dict[int, tuple[str, ...]] = {}
            for trial in trials:
                if "answer" in trial:
                    block = trial["block"]
                    people[block] = (*people.get(block, ()), trial["profile_id"])
            yield Shown(header.get("session", ""), task, messages, people)


def _read(how: Callable[[Path], Found], log: Path) -> Found:
    try:
        return how(log)
    except BadInput as error:
        raise BadInput(Said("refused.shown_by_it", why=words_of(error))) from None
