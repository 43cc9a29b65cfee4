"""A session as a process of its own: neither it nor the launcher takes the other down."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

COMMAND = Path(__file__).parents[2] / "run_session.py"
# On Windows SIGTERM would end it in the middle of anything, with the marker lines as they are.
if sys.platform == "win32":
    _STOP = signal.CTRL_BREAK_EVENT
else:
    _STOP = signal.SIGTERM


class Child:
    """One of the program's own commands, running.

    What it says goes to a file and not through a pipe: a pipe whose reader died would end it.

    Parameters
    ----------
    words : sequence of str
        Arguments of the command.
    output : Path
        New file, for all that it says.
    """

    def __init__(self, words: tuple[str, ...], output: Path) -> None:
        self.words = words
        self._output = output
        self._seen = 0
        with output.open("wb") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-u", str(COMMAND), *words],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONIOENCODING": "utf-8"},
                start_new_session=sys.platform != "win32",  # a closed terminal ends only us
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # see `stop`
            )

    @property
    def pid(self) -> int:
        """Its number in the system."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code; None as long as it runs."""
        return self._process.poll()

    def lines(self) -> list[str]:
        """Return the whole lines that it said since the last call."""
        with self._output.open("rb") as stream:
            stream.seek(self._seen)
            new = stream.read()
        whole, ending, rest = new.rpartition(b"\n")
        if self.code is not None:
            whole, ending, rest = new, b"", b""
        self._seen += len(new) - len(rest)
        return (whole + ending).decode("utf-8", errors="replace").splitlines()

    def stop(self) -> None:
        """Ask it to end, as an abort does; its log is closed then."""
        if self.code is None:
            self._process.send_signal(_STOP)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._process.wait()
