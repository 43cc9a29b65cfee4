"""Reading a device in a process of its own: no frame and no lock moves its stamps."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from experiment.errors import HardwareError

Take = Callable[[str, list[Any]], None]
"""Takes one thing that was read: its kind and the rest, as `hardware.reading_process` tells it."""

HANDED_DOWN = "fd:"


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
        the process ends by itself.
    limit : float
        Seconds that it has to open the port.

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
        limit: float = 10.0,
    ) -> None:
        self._take = take
        self._closing = False
        handed_down = [int(address[3:])] if address.startswith(HANDED_DOWN) else []
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "hardware.reading_process"),
                *(address, str(baud), json.dumps(what)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=handed_down,
            cwd=Path(__file__).parent.parent,
        )
        ready: list[str] = []
        opened = threading.Event()
        self._thread = threading.Thread(
            target=self._read, args=(ready, opened), name="reading", daemon=True
        )
        self._thread.start()
        if not opened.wait(limit) or ready != ["ready"]:
            self.close()
            raise HardwareError(ready[0] if ready else f"port {name}: no answer")

    def close(self) -> None:
        """Stop reading; all that was read has been told then."""
        if self._closing:
            return
        self._closing = True
        if self._process.stdin is not None:
            self._process.stdin.close()  # the reader leaves when its input ends
        try:
            self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join(timeout=2.0)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self, ready: list[str], opened: threading.Event) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            for kind, *rest in json.loads(line):
                if kind == "ready":
                    ready.append("ready")
                    opened.set()
                elif kind == "error" and not opened.is_set():
                    ready.append(rest[0])
                    opened.set()
                else:
                    self._take(kind, rest)
        if opened.is_set() and ready == ["ready"] and not self._closing:
            self._take("ended", [])
        opened.set()
