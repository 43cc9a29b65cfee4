"""What the system asks of a session: a polite kill, a terminal that was closed, Ctrl-C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from experiment.errors import SessionAborted
from experiment.events import KeyEvent

if sys.platform == "win32":
    _POLITE = (signal.SIGTERM, signal.SIGBREAK)  # what a launcher can send there
else:
    _POLITE = (signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Signals that end a session as the abort keys do, and are heard where these are.

    A signal comes between any two instructions. In the frame loop it could part a marker's write
    from its record, or come where a lock has just been taken that nobody would give back. So it is
    kept there until the loop looks at its keys. A second one does not wait: the loop may be stuck.
    """

    def __init__(self) -> None:
        self._in_loop = False
        self._asked: BaseException | None = None

    def poll(self) -> list[KeyEvent]:
        """Return no key presses.

        Raises
        ------
        SessionAborted, KeyboardInterrupt
            If a signal came since the loop looked last.
        """
        if self._asked is not None:
            self.heed_no_more()  # or a second one would keep the session from ending
            raise self._asked
        return []

    def wait_for_loop(self) -> None:
        """Keep signals until the loop looks, from now on."""
        self._in_loop = True

    @staticmethod
    def heed_no_more() -> None:
        """Let no signal keep the log from its last lines, or the marker line from 0."""
        for number in (signal.SIGINT, *_POLITE):
            signal.signal(number, signal.SIG_IGN)

    def hear(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Take a signal."""
        asked = (
            KeyboardInterrupt()
            if number == signal.SIGINT
            else SessionAborted("stopped by the system")
        )
        if not self._in_loop or self._asked is not None:
            raise asked
        self._asked = asked


@contextmanager
def interruptible() -> Iterator[Interrupts]:
    """Hear signals for the time of the block; those that this process ignores stay ignored."""
    interrupts = Interrupts()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *_POLITE)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # as under nohup, or behind a shell's &
            signal.signal(number, interrupts.hear)
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
