"""What is shown: the participant's kit, complete and reviewed, and pictures that can be decoded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from experiment.catalogue import KINDS
from experiment.choices import profiles_of
from experiment.errors import KindredError
from experiment.kit import Kit
from experiment.kit.desk import stands, stands_for
from experiment.kit.own_profile import load_own_profile
from experiment.preflight.line import Line
from experiment.profiles import check_profiles
from experiment.said import Said, listed, words_of
from experiment.study import Study

_FEW = 2  # reasons that a line names


@dataclass(frozen=True)
class KitFacts:
    """What is known of the kit.

    Parameters
    ----------
    needed : bool
        Whether a task of the session shows messages.
    against : tuple of str
        Why it can't be used; ids, never a text.
    undecided : int
        Messages that may be shown though nobody has decided about them.
    """

    needed: bool
    against: tuple[str, ...] = ()
    undecided: int = 0


@dataclass(frozen=True)
class PictureFacts:
    """What is known of the pictures.

    Parameters
    ----------
    needed : bool
        Whether a task of the session shows profiles.
    wrong : tuple of str
    """

    needed: bool
    wrong: tuple[str, ...] = ()


def gather_kit(study: Study, participant: str, tasks: tuple[str, ...]) -> KitFacts:
    """Look the kit through."""
    if not any(study.protocol.tasks[task].shares() for task in tasks):
        return KitFacts(needed=False)
    try:
        return KitFacts(True, *stands(study, participant))
    except KindredError as error:
        return KitFacts(True, (words_of(error),))


def gather_dealt(study: Study, kit: Kit, message_ids: Collection[str]) -> KitFacts:
    """Look at those messages of a kit that a session is about to show: quick, needs no window."""
    if not message_ids:
        return KitFacts(needed=False)
    return KitFacts(True, *stands_for(study, kit, message_ids))


def gather_pictures(study: Study, participant: str, tasks: tuple[str, ...]) -> PictureFacts:
    """Decode every picture of the profile set, and the participant's own."""
    kinds = {KINDS[study.protocol.tasks[task].kind].needs_people for task in tasks}
    if not any(kinds):
        return PictureFacts(needed=False)
    try:
        wrong = [str(problem) for problem in check_profiles(profiles_of(study).folder)]
        return PictureFacts(True, (*wrong, *wrong_own_picture(study, participant)))
    except KindredError as error:
        return PictureFacts(True, (words_of(error),))


def wrong_own_picture(study: Study, participant: str) -> tuple[str, ...]:
    """Return what is wrong with the participant's own picture, if they have one.

    Raises
    ------
    BadInput
        If their profile can't be read.
    """
    from PIL import Image

    own = load_own_profile(study.kit_folder(participant))
    if own is None:
        return ()
    try:
        with Image.open(own[0].photo) as picture:
            picture.load()
    except (OSError, SyntaxError, ValueError):
        return (Said("refused.own_picture", file=own[0].photo),)
    return ()


def judge_kit(facts: KitFacts) -> Line:
    """Judge the kit."""
    if not facts.needed:
        return Line("kit", "go", "not_needed")
    if facts.against:
        return Line("kit", "no-go", "against", _some(facts.against))
    if facts.undecided:
        return Line("kit", "go", "undecided", {"count": facts.undecided})
    return Line("kit", "go", "good")


def judge_pictures(facts: PictureFacts) -> Line:
    """Judge the pictures."""
    if not facts.needed:
        return Line("pictures", "go", "not_needed")
    if facts.wrong:
        return Line("pictures", "no-go", "wrong", _some(facts.wrong))
    return Line("pictures", "go", "good")


def _some(reasons: tuple[str, ...]) -> dict[str, str]:
    why = listed(reasons[:_FEW], by="also")
    if len(reasons) > _FEW:
        why = Said("and_more", some=why, count=len(reasons) - _FEW)
    return {"why": why}
