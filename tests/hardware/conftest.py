"""A place for log events, and a device that restarts when its port is opened."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest


class Records:
    """Takes log events from any thread and lets a test wait for some."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._changed = threading.Condition()

    def add(self, type_: str, t: float | None, **fields: Any) -> None:
        with self._changed:
            self.events.append({"type": type_, "t": t, **fields})
            self._changed.notify_all()

    def of(self, type_: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == type_]

    def wait_for(self, type_: str, count: int, limit: float = 10.0) -> list[dict[str, Any]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.of(type_)) >= count, limit), self.events
        return self.of(type_)


@pytest.fixture
def records() -> Records:
    return Records()


@contextmanager
def settling(terminal: Any) -> Iterator[None]:
    """Have a device greet, as an Arduino does, as soon as anybody has opened its port."""
    before = _open_ends(terminal.device)
    ended = threading.Event()
    greeted = False

    def greet() -> None:
        nonlocal greeted
        while not ended.is_set():
            if _open_ends(terminal.device) > before:
                terminal.write(b"booting: i 5 \xff\x01")
                greeted = True
                return
            time.sleep(0.01)

    thread = threading.Thread(target=greet)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    assert greeted


def _open_ends(path: str) -> int:
    """Return how many descriptors of this process and of its children are this port."""
    count = 0
    children = [file.read_text().split() for file in Path("/proc/self/task").glob("*/children")]
    for process in ("self", *(child for some in children for child in some)):
        for link in Path(f"/proc/{process}/fd").glob("*"):
            with suppress(OSError):  # closed meanwhile
                count += str(link.readlink()) == path
    return count
