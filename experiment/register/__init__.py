"""The register of a study: who takes part, what is due when, and every change with who and when.

The desk's window and its commands read it so::

    register = open_register(study.folder)
    for one in register.participants:                        # enrolled, withdrawn or not
        where = standing(study, one, dt.date.today())
        where.next_session                                   # what is due: state, window, tasks
        where.days_since_last_dose, where.periods            # washout_kept, drug_kit
        concerns(register, where, "02")                      # questions before session 02 is run

Each is a frozen picture of the moment it was read: read again after a change. Changes are the
functions of `experiment.register.changes`.
"""

from experiment.register.concerns import Concern, ConcernCode, concerns
from experiment.register.done import LogSummary
from experiment.register.journal import RegisterBusy
from experiment.register.standing import (
    Days,
    PeriodStanding,
    SessionStanding,
    SessionState,
    Standing,
    standing,
)
from experiment.register.state import (
    COLOURS,
    Allocation,
    Participant,
    Register,
    Repeat,
    open_register,
)

__all__ = [
    "COLOURS",
    "Allocation",
    "Concern",
    "ConcernCode",
    "Days",
    "LogSummary",
    "Participant",
    "PeriodStanding",
    "Register",
    "RegisterBusy",
    "Repeat",
    "SessionStanding",
    "SessionState",
    "Standing",
    "concerns",
    "open_register",
    "standing",
]
