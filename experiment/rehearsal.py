"""Going through a task beforehand, to know every screen that it can show."""

from __future__ import annotations

from collections.abc import Iterable

from experiment.screens import Screen, Waiting
from experiment.steps import Outcome, Response, Task

_TOO_MANY = 100_000


def screens_of(task: Task, also: Iterable[Screen] = ()) -> tuple[Screen, ...]:
    """Return every screen of a task, each once, in the order of first use.

    The task is run with made-up outcomes. Every other answer is incomplete (moved to one side
    only), so that the screens which ask once more are met too.

    Parameters
    ----------
    task : Task
        A fresh generator; it is used up.
    also : iterable of Screen
        Shown by the session itself.
    """
    found: dict[Screen, None] = dict.fromkeys((Waiting("paused"), *also))
    incomplete = True
    try:
        step = next(task)
        for _ in range(_TOO_MANY):
            found[step.screen] = None
            response = None
            if step.accepts is not None:
                response = Response(1, 0.5, confirmed=True, lefts=1, rights=0 if incomplete else 1)
                incomplete = not incomplete
            step = task.send(Outcome(0.0, 0.0, response))
    except StopIteration:
        return tuple(found)
    raise RuntimeError(f"a task went on for more than {_TOO_MANY} steps")
