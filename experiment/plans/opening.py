"""How a run begins, whatever its task: the fields that plans have in common."""

from __future__ import annotations

from dataclasses import dataclass

from experiment.plans.plan import Question
from experiment.protocol.messages import waiting_text
from experiment.protocol.task import Begins
from experiment.steps import Ends, OnMark, OnPulse, OnResponse

_A_KEY = OnResponse()


@dataclass(frozen=True, kw_only=True)
class Opening:
    """How a run begins; plans are this and what comes after it.

    Parameters
    ----------
    instructions : tuple of str
        Keys of the pages shown first.
    practice : Question or None
        Scale to practise on before the run.
    waiting : str
        Key of the text while the run's start is awaited.
    begins : Ends
        What starts the run: a key, the scanner's first pulse, or a mark.
    sync_ends : tuple of Ends
        Calm screens at whose onsets a ``sync`` marker goes out; their lengths are this session's
        own.
    """

    instructions: tuple[str, ...]
    practice: Question | None = None
    waiting: str = "waiting_start"
    begins: Ends = _A_KEY
    sync_ends: tuple[Ends, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SelfPaced(Opening):
    """How a run begins that goes at the participant's own pace, from fixation to the last screen.

    Parameters
    ----------
    lead_in_ends : Ends
        Fixation before the first trial.
    closing_ends : Ends
    planned_duration, pause_grid : None
        Nobody knows how long it takes, and nothing in it is to be moved by a pause.
    """

    lead_in_ends: Ends
    closing_ends: Ends
    planned_duration: None = None
    pause_grid: None = None


def awaited(begins: Begins) -> tuple[str, Ends]:
    """Return text and end of the wait for a run's zero in a scanner."""
    return waiting_text(begins), OnPulse() if begins == "pulse" else OnMark(begins)
