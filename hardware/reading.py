"""Reading a device in a process of its own: no frame and no lock moves its stamps."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from experiment.errors import HardwareError

Take = Callable[[str, list[Any]], None]
"""Takes one thing that was read: its kind and the rest, as `hardware.reading_process` tells it."""

PROGRAM = (sys.executable, "-m", "hardware.reading_process")
HANDED_DOWN = "fd:"

START_LIMIT = 10.0
"""Seconds that the process has to open a port that needs no time to settle."""

ENDED = "the reading process has ended; it is started anew"
"""What a fault says of that."""

_RETRY = 0.5  # s until a process that has ended is started anew


class Reading:
    """A device that is being read.

    Parameters
    ----------
    name : str
        Of the port, for errors.
    address : str
        For pyserial, or ``fd:N`` for a descriptor of this process.
    baud : int
    what : mapping
        What its bytes mean; see `hardware.reading_process`.
    take : callable
        Called from a thread, with stamps as `time.perf_counter` gives them (s). ``ended`` comes if
        the process ends by itself; it is started anew then until it has the port again, which
        comes as ``back``.
    limit : float
        Seconds that it has to open the port.
    program : sequence of str
        What reads, started with address, baud and what its bytes mean.

    Raises
    ------
    HardwareError
        If the port can't be opened.
    """

    def __init__(
        self,
        name: str,
        address: str,
        baud: int,
        what: Mapping[str, Any],
        take: Take,
        limit: float = START_LIMIT,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self._take = take
        self._closing = threading.Event()
        self._starting = threading.Lock()
        self._command = [*program, address, str(baud), json.dumps(what)]
        self._handed_down = [int(address[3:])] if address.startswith(HANDED_DOWN) else []
        self._process = self._launch()
        self._problem: str | None = f"port {name}: no answer"  # until it is ready
        self._opened = threading.Event()  # or it could not be
        self._thread = threading.Thread(target=self._run, name="reading", daemon=True)
        self._thread.start()
        self._opened.wait(limit)
        if self._problem is not None:
            self.close()
            raise HardwareError(self._problem)

    def close(self) -> None:
        """Stop reading; all that was read has been told then."""
        with self._starting:
            if self._closing.is_set():
                return
            self._closing.set()
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is not None:
            stdin.close()  # the reader leaves when its input ends
        try:
            self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join(timeout=2.0)
        if stdout is not None:
            stdout.close()

    def _launch(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=self._handed_down,
            cwd=Path(__file__).parent.parent,
        )

    def _run(self) -> None:
        """Read what the process tells, and start it anew when it ends by itself."""
        running = self._read(again=False)
        self._opened.set()
        while running and not self._closing.is_set():
            self._take("ended", [])
            while not self._closing.wait(_RETRY):
                if self._start_anew() and self._read(again=True):
                    break

    def _start_anew(self) -> bool:
        with self._starting:
            if self._closing.is_set():
                return False
            old = self._process
            try:
                self._process = self._launch()
            except (OSError, subprocess.SubprocessError):  # no room for a process now
                return False
        for pipe in (old.stdin, old.stdout):
            if pipe is not None:
                pipe.close()
        old.wait()
        return True

    def _read(self, *, again: bool) -> bool:
        """Take what the process tells until it ends; return whether it had the port."""
        assert self._process.stdout is not None
        ready = False
        for line in self._process.stdout:
            if not line.endswith(b"\n"):
                break  # it died in mid-line
            for kind, *rest in json.loads(line):
                if kind == "ready":
                    ready = True
                    self._problem = None
                    self._opened.set()
                    if again:
                        self._take("back", [time.perf_counter()])
                elif kind != "error":
                    self._take(kind, rest)
                elif not ready:
                    self._problem = rest[0]
        return ready
