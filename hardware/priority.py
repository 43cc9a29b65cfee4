"""Being served before ordinary programs: the frame loop, and processes that stamp things."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def be_served_first(rank: int = 1) -> bool:
    """Have the system run this process before all ordinary ones; return whether it allows that.

    A stamp is as late as the process that takes it. On Linux a user needs a limit for that
    (``rtprio``, see ``man limits.conf``); without it, stamps wait for their turn when all cores are
    busy. It is this thread that is served first, with the threads and processes that it starts.

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


@contextmanager
def raised_priority(rush: Callable[[bool], bool] = lambda _: False) -> Iterator[bool]:
    """Have this thread, and all threads and processes that it starts, run before other programs.

    Parameters
    ----------
    rush : callable
        What does so on Windows and macOS (and ends it, given False), and returns whether it could;
        on Linux it is `be_served_first`.

    Yields
    ------
    bool
        Whether it was granted; else nothing has changed.
    """
    if sys.platform in ("win32", "darwin"):
        granted = rush(True)
        try:
            yield granted
        finally:
            if granted:
                rush(False)
        return
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    granted = be_served_first()
    try:
        yield granted
    finally:
        if granted:
            os.sched_setscheduler(0, *before)
