"""Going before other programs of the machine, where the system allows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def raised_priority() -> Iterator[bool]:
    """Have this thread, and all threads and processes that it starts, run before other programs.

    On Linux that takes root or a group with real-time rights (`ulimit -r`); without, nothing is
    changed. On Windows and macOS no right is needed.

    Yields
    ------
    bool
        Whether it was granted.
    """
    from psychopy import logging

    logging.console.setLevel(logging.ERROR)  # a refusal is told by the log's header
    from psychopy.platform_specific import rush

    granted = bool(rush(True))
    try:
        yield granted
    finally:
        if granted:
            rush(False)
