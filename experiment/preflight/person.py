"""Whether initials and colour are known, so that the person at the door can be asked for them."""

from __future__ import annotations

from experiment.errors import BadInput
from experiment.preflight.line import Line
from experiment.register.identity import identity_of
from experiment.register.state import open_register
from experiment.study import Study


def gather_person(study: Study, participant: str) -> bool:
    """Return whether initials and colour were set; what can't be read is none."""
    try:
        return identity_of(study, open_register(study.folder), participant) is not None
    except BadInput:
        return False


def judge_person(known: bool, *, live: bool) -> Line:
    """Judge whether a mix-up of participants would show.

    Parameters
    ----------
    known : bool
        Whether initials and colour were set.
    live : bool
        Whether data are taken.
    """
    if not live:
        return Line("person", "go", "rehearsal")
    return Line("person", "go", "known") if known else Line("person", "warning", "unknown")
