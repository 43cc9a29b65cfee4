"""Pseudo-terminals and a place for log events."""

from __future__ import annotations

import os
import threading
import tty
from collections.abc import Iterator
from typing import Any

import pytest


class Terminal:
    """A pseudo-terminal: `path` is opened by the code under test, `far` is the device's end."""

    def __init__(self) -> None:
        self.far, self._near = os.openpty()
        tty.setraw(self._near)
        self.path = os.ttyname(self._near)
        self._open = True

    def read(self, count: int) -> bytes:
        """Return so many bytes as the device got them."""
        data = b""
        while len(data) < count:
            data += os.read(self.far, count - len(data))
        return data

    def write(self, data: bytes) -> None:
        os.write(self.far, data)

    def unplug(self) -> None:
        if self._open:
            self._open = False
            os.close(self._near)
            os.close(self.far)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.unplug()


@pytest.fixture
def second_terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.unplug()


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
