"""Being served before ordinary programs, for processes of ours that stamp or show things."""

from __future__ import annotations

import os


def be_served_first(rank: int = 1) -> bool:
    """Have the system run this process before all ordinary ones; return whether it allows that.

    A stamp is as late as the process that takes it. On Linux a user needs a limit for that
    (``rtprio``, see ``man limits.conf``); without it, stamps wait for their turn when all cores are
    busy.

    Parameters
    ----------
    rank : int
        Among those that are served first, a higher rank goes before a lower one. The session's
        frame loop has 1, so what only stamps takes 2: it is quickly done.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(rank))
    except (AttributeError, OSError):  # another system, or not allowed
        return False
    return True
