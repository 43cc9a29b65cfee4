"""The session log: append-only JSON lines, chained by digest, written and synced off the loop.

Line 1 is the ``header``. Every line has ``seq`` (from 0), ``t`` (s on the session clock, or null),
``type``, its own fields, and ``digest``: the first 16 hex digits of SHA-256 over the digest of the
line before and this line without its digest. A torn last line is expected after a crash.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import threading
import time
from pathlib import Path
from typing import Any

from experiment.errors import BadInput
from experiment.files import write_new
from experiment.said import Said

SCHEMA = 1
_WRITE_EVERY = 0.02  # s; what a kill can cost is at most this plus one write
_SYNC_EVERY = 0.05  # s; what a power cut can cost is at most this plus one sync


def link(previous: str, body: str) -> str:
    """Return the digest of a line.

    Parameters
    ----------
    previous : str
        Digest of the line before; empty for the header.
    body : str
        The line as JSON, without its digest.
    """
    return hashlib.sha256((previous + body).encode()).hexdigest()[:16]


class LogWriter:
    """Takes events from any thread and never makes one wait for the disk.

    Parameters
    ----------
    file : Path
        Must not exist yet.
    header : dict
        All that replay needs; becomes the first line.

    Raises
    ------
    BadInput
        If the file exists or can't be made.
    """

    def __init__(self, file: Path, header: dict[str, Any]) -> None:
        self.file = file
        self.failure: Exception | None = None
        self._events: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._seq = 0
        self._digest = ""
        first = self._lines([{"type": "header", "t": None, "schema": SCHEMA, **header}])
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_new(file, first)  # a log without its header never exists
            self._stream = file.open("ab", buffering=0)
        except FileExistsError:
            raise BadInput(Said("refused.log_there", file=file)) from None
        except OSError as error:
            raise BadInput(Said("refused.file", file=file, why=error.strerror)) from None
        self._unsynced = threading.Event()
        self._closed = False
        self._threads = [
            threading.Thread(target=run, name=f"log {run.__name__}", daemon=True)
            for run in (self._keep_writing, self._keep_syncing)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, type_: str, t: float | None, **fields: Any) -> None:
        """Append one event.

        Parameters
        ----------
        type_ : str
            Kind of event.
        t : float or None
            When it happened (s, session clock); stored to the microsecond.
        **fields
            Plain data. Never a text, name, e-mail or arm.
        """
        self._events.put({"type": type_, "t": None if t is None else round(t, 6), **fields})

    def close(self) -> None:
        """Write and sync what is left."""
        self._events.put(None)
        for thread in self._threads:
            thread.join()
        self._stream.close()

    def __enter__(self) -> LogWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _keep_writing(self) -> None:
        """Hand events to the system, which keeps them whatever becomes of this process."""
        last = False
        while not last:
            events = [self._events.get()]
            while not self._events.empty():
                events.append(self._events.get())
            last = None in events  # or a thread that has still something to add would keep it open
            try:
                self._write([event for event in events if event is not None])
            except Exception as error:  # noqa: BLE001  a full disk, or a bug: the player asks
                self.failure = error
                last = True
            if not last:
                time.sleep(_WRITE_EVERY)
        self._closed = True
        self._unsynced.set()

    def _keep_syncing(self) -> None:
        """Bring what is written to the disk, so that a power cut doesn't cost it.

        A thread of its own: a slow disk takes its time for this, and writing goes on.
        """
        last = False
        while not last:
            self._unsynced.wait()
            self._unsynced.clear()
            last = self._closed
            try:
                os.fsync(self._stream.fileno())
            except OSError as error:
                self.failure = self.failure or error
                return
            if not last:
                time.sleep(_SYNC_EVERY)

    def _write(self, events: list[dict[str, Any]]) -> None:
        data = self._lines(events)
        while data:
            data = data[os.write(self._stream.fileno(), data) :]
        self._unsynced.set()

    def _lines(self, events: list[dict[str, Any]]) -> bytes:
        lines = []
        for event in events:
            body = json.dumps(
                {"seq": self._seq, **event}, separators=(",", ":"), ensure_ascii=False
            )
            self._digest = link(self._digest, body)
            lines.append(f'{body[:-1]},"digest":"{self._digest}"}}\n')
            self._seq += 1
        return "".join(lines).encode()
