"""What the check before a session found, as the launcher shows it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class State(str, Enum):
    """The verdict on one line, or on all."""

    GO = "go"
    WARNING = "warning"
    NO_GO = "no-go"


@dataclass(frozen=True)
class CheckLine:
    """A line of the list: what it is about, what was found, and what to do about it."""

    subject: str
    state: State
    found: str
    remedy: str = ""


def read_lines(said: Iterable[str]) -> list[CheckLine]:
    """Return the lines of a check that was run with ``--json``; nothing else that it says."""
    found = []
    for line in said:
        try:
            fields = json.loads(line)
            state = State(fields["verdict"])
            found.append(CheckLine(fields["subject"], state, fields["found"], fields["remedy"]))
        except (ValueError, TypeError, KeyError):
            continue
    return found


def verdict(lines: Iterable[CheckLine]) -> State | None:
    """Return the verdict on all lines together; None if there is no line."""
    states = {line.state for line in lines}
    for state in (State.NO_GO, State.WARNING, State.GO):
        if state in states:
            return state
    return None
