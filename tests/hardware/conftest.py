"""Pseudo-terminals and a place for log events."""

from __future__ import annotations

import threading
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
