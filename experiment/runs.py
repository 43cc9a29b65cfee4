"""What became of a session's runs, by its log: the one rule of when a run is over.

A run is over once nothing is left of its task but the last screen: nobody is shown all of it again
because the computer went down during the good-bye. Register, launcher and resuming all ask here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiment.catalogue import PlannedTask, planned_from
from experiment.plain import from_plain
from experiment.protocol import Protocol
from experiment.readlog import Event, SessionLog, read_log
from experiment.steps import Outcome, Step, Task

_LAST = "run_end"  # the marker of each task's last screen
_BEGIN, _RUN_END, _END, _STEP, _OUTCOME = (
    f'"type":"{name}"'.encode() for name in ("run_begin", "run_end", "end", "step", "outcome")
)
_TAIL = 4096  # bytes in which a log's last line stands


def runs_of(part: SessionLog) -> dict[str, list[Event]]:
    """Return the events of each run that was begun, by its task."""
    runs: dict[str, list[Event]] = {}
    task = None
    for event in part.events:
        if event["type"] == "run_begin":
            task = event["task"]
        if task is not None:
            runs.setdefault(task, []).append(event)
    return runs


def stands_at(task: Task, outcomes: Sequence[Outcome]) -> tuple[list[Step], Step | None]:
    """Play a task on the outcomes that there are.

    Returns
    -------
    list of Step
        Those that the outcomes are of.
    Step or None
        The one that comes next; None at the task's end.
    """
    over: list[Step] = []
    try:
        step = next(task)
        for outcome in outcomes:
            over.append(step)
            step = task.send(outcome)
    except StopIteration:
        return over, None
    finally:
        task.close()
    return over, step


def played(planned: PlannedTask, events: Sequence[Event]) -> tuple[list[Step], Step | None]:
    """Return the steps of a run that came to their ends, and the one that comes next.

    Returns
    -------
    list of Step
    Step or None
        None if the run is over, but for its last screen.
    """
    outcomes = [from_plain(Outcome, e["outcome"]) for e in events if e["type"] == "outcome"]
    done, following = stands_at(planned.play(), outcomes)
    return done, None if following is None or following.marker == _LAST else following


def tasks_over(log: SessionLog) -> frozenset[str]:
    """Return the tasks whose run is over, by the log of one part of a session."""
    found: set[str] = set()
    for task, events in runs_of(log).items():
        if any(event["type"] == "run_end" for event in events) or _plays_out(log, task, events):
            found.add(task)
    return frozenset(found)


def ends_of(file: Path, tasks: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return how a session ended and which runs are over, read fast enough for a list of sessions.

    Of a log that is complete only the end is read, and of another only the lines that matter.

    Parameters
    ----------
    file : Path
    tasks : sequence of str
        Those that it was made for, by its header.

    Returns
    -------
    status : str
        As `SessionLog.status`.
    tuple of str
        As `tasks_over`, in the order in which they were run.

    Raises
    ------
    BadInput
        If a part of the log that matters can't be read.
    OSError, ValueError
        If it is no log.
    """
    if _status(_last_line(file)) == "complete":
        return "complete", tuple(tasks)
    raw, _, _ = file.read_bytes().rpartition(b"\n")  # what a crash cut off is left out
    lines = [line for line in raw.split(b"\n") if _RUN_END in line or _END in line]
    status = next((said for line in reversed(lines) if (said := _status(line))), "crashed")
    events = [json.loads(line) for line in lines]
    over = [str(event["task"]) for event in events if event.get("type") == "run_end"]
    begun = raw.rfind(_BEGIN)
    if begun > raw.rfind(_RUN_END):
        task = str(_line_at(raw, begun)["task"])
        step = raw.rfind(_STEP, begun)
        at_the_end = step != -1 and _line_at(raw, step)["step"].get("marker") == _LAST
        # Between a step's outcome and the next step's line the task itself has to tell.
        between = step != -1 and raw.find(_OUTCOME, step) != -1
        if at_the_end or (between and task in tasks_over(read_log(file))):
            over.append(task)
    return status, tuple(over)


def _plays_out(log: SessionLog, task: str, events: Sequence[Event]) -> bool:
    protocol = Protocol.model_validate(log.header["protocol"])
    return played(planned_from(protocol, task, log.header["plans"][task]), events)[1] is None


def _last_line(file: Path) -> bytes:
    """Return the last whole line, if it is short; empty where the log is torn."""
    with file.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL))
        *_, before, torn = (b"", b"", *stream.read().split(b"\n"))
    return b"" if torn else before


def _status(line: bytes) -> str | None:
    """Return how a session ended, by the line that says so; None for another."""
    if _END not in line:
        return None
    event: dict[str, Any] = json.loads(line)
    return str(event["status"]) if event.get("type") == "end" else None


def _line_at(raw: bytes, place: int) -> dict[str, Any]:
    """Return the event of the line in which a place lies."""
    end = raw.find(b"\n", place)
    line = raw[raw.rfind(b"\n", 0, place) + 1 : len(raw) if end == -1 else end]
    found: dict[str, Any] = json.loads(line)
    return found
