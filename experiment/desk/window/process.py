"""One of the program's own commands at a time, looked at from the launcher's window."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QTimer

from experiment.desk.child import Child
from experiment.desk.commands import Words

_LOOK_EVERY = 150  # ms; how often it is looked at
_LAST_WORDS = 8  # lines that are shown of one that failed


class OneProcess:
    """A command that runs, if any, and what the last one said.

    Parameters
    ----------
    on_look : callable
        Takes how long it has been running (s) and the lines that it said since the last look.
    """

    def __init__(self, on_look: Callable[[float, list[str]], object]) -> None:
        self._on_look = on_look
        self.child: Child | None = None
        self.said: list[str] = []
        self._begun = 0.0
        self._ended: Callable[[int], object] = lambda _: None
        self._place: Path | None = None
        self._watch = QTimer()
        self._watch.setInterval(_LOOK_EVERY)
        self._watch.timeout.connect(self._look)

    @property
    def errors(self) -> list[str]:
        """The lines that say what went wrong."""
        return [line for line in self.said if line.startswith("error: ")]

    @property
    def last_words(self) -> list[str]:
        """What went wrong, else the last lines; an error may go on in the lines below it."""
        errors = [n for n, line in enumerate(self.said) if line.startswith("error: ")]
        last = errors[-1] if errors else 0
        return [*(self.said[n] for n in errors[:-1]), *self.said[last:]][-_LAST_WORDS:]

    def start(self, words: Words, ended: Callable[[int], object]) -> None:
        """Run a command; `ended` takes its exit code."""
        place = self._place or self.new_place()
        self.said, self._ended, self._begun = [], ended, time.monotonic()
        self.child = Child(words, place / f"said-{time.monotonic_ns()}.txt")
        self._watch.start()

    def stop(self, then: Callable[[], object] | None = None) -> None:
        """Ask it to end, as an abort does; do something else than what was planned for its end."""
        if self.child is not None:
            if then is not None:
                self._ended = lambda _: then()
            self.child.stop()
        elif then is not None:
            then()

    def new_place(self) -> Path:
        """Make a folder for what isn't kept, for this user only."""
        self.forget_place()
        self._place = Path(tempfile.mkdtemp(prefix="kindred-"))
        return self._place

    def forget_place(self) -> None:
        """Remove that folder."""
        if self._place is not None:
            shutil.rmtree(self._place, ignore_errors=True)
            self._place = None

    def _look(self) -> None:
        """See what it has said, and whether it has ended."""
        child = self.child
        if child is None:
            return
        code = child.code
        lines = child.lines()
        self.said += lines
        self._on_look(time.monotonic() - self._begun, lines)
        if code is not None:
            self._watch.stop()
            self.child = None
            self._ended(code)
            if self.child is None:
                self.forget_place()
