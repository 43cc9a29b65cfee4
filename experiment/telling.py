"""Telling the operator something while a session runs, without waiting for their terminal."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

_PATIENCE = 2.0  # s for the last lines


class Teller:
    """Passes lines on from a thread of its own, in order.

    A terminal can be held up: by Ctrl-S, by a selection in a Windows console, by a full pipe that
    nobody reads. Neither a frame nor a marker's reset may wait for that.

    Parameters
    ----------
    tell : callable
        Takes a line; may wait.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="teller", daemon=True)
        self._thread.start()

    def tell(self, line: str) -> None:
        """Have a line told; never waits."""
        self._lines.put(line)

    def close(self) -> None:
        """Wait until all is told, but not for long."""
        self._lines.put(None)
        self._thread.join(timeout=_PATIENCE)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            with suppress(OSError, ValueError):  # a terminal that is gone is no reason to end
                self._tell(line)
