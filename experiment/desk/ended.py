"""What a session came to, from its log: how it ended, how long it took, what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.monitor_texts import read_texts
from experiment.parts import parts_up_to
from experiment.readlog import Event, SessionLog, header_of, read_log
from experiment.runs import tasks_over


@dataclass(frozen=True)
class TaskTime:
    """How long a task's run took (s), and whether it came to its end."""

    task: str
    seconds: float
    complete: bool


@dataclass(frozen=True)
class Fault:
    """A fault in plain words, and how often it came."""

    name: str
    count: int


@dataclass(frozen=True)
class Ended:
    """What a session came to.

    Parameters
    ----------
    log : Path
    session : str
        Label.
    status : str
        ``complete``, ``stopped``, ``aborted``, ``failed`` or ``crashed``.
    tasks : tuple of TaskTime
        In the order in which they were run, in this part of the session and those before it.
    seconds : float
        All of these together.
    faults : tuple of Fault
        The most frequent ones first.
    robot : bool
        Whether a robot answered.
    """

    log: Path
    session: str
    status: str
    tasks: tuple[TaskTime, ...]
    seconds: float
    faults: tuple[Fault, ...]
    robot: bool


def read_ended(file: Path, language: str) -> Ended:
    """Read from its log what a session came to.

    Parameters
    ----------
    file : Path
    language : str
        In which the faults are named.

    Raises
    ------
    BadInput
        If the log can't be read.
    """
    log = read_log(file)
    parts = parts_up_to(log)
    tasks = _times(parts)
    names = read_texts(language)
    counts = Counter(str(event["what"]) for part in parts for event in part.of("fault"))
    return Ended(
        log=file,
        session=str(log.header["session"]),
        status=log.status,
        tasks=tasks,
        seconds=sum(task.seconds for task in tasks),
        faults=tuple(Fault(names.title(what), n) for what, n in counts.most_common()),
        robot=log.header["robot"] is not None,
    )


def _times(parts: Iterable[SessionLog]) -> tuple[TaskTime, ...]:
    """Return how long each task took in all parts; complete if its last run was."""
    found: dict[str, TaskTime] = {}
    for run in (run for part in parts for run in _runs(part)):
        before = found.get(run.task)
        found[run.task] = replace(run, seconds=run.seconds + (before.seconds if before else 0.0))
    return tuple(found.values())


def _runs(log: SessionLog) -> list[TaskTime]:
    found: list[TaskTime] = []
    open_: Event | None = None
    last = max((event["t"] for event in log.events if event["t"] is not None), default=0.0)
    for event in log.of("run_begin", "run_end"):
        if event["type"] == "run_begin":
            open_ = event
        elif open_ is not None:
            found.append(TaskTime(event["task"], event["t"] - open_["t"], complete=True))
            open_ = None
    if open_ is not None:
        over = open_["task"] in tasks_over(log)
        found.append(TaskTime(open_["task"], last - open_["t"], complete=over))
    return found


def new_logs(folder: Path, before: frozenset[Path]) -> list[Path]:
    """Return the logs in a session's folder that weren't there before, sorted."""
    return sorted(set(folder.glob("*.jsonl")) - before)


def planned_seconds(log: Path) -> float | None:
    """Return how long a session's runs are planned to take (s); None if somebody sets the pace."""
    plans = header_of(log)["plans"].values()
    planned = [plan.get("planned_duration") for plan in plans]
    return sum(planned) if planned and None not in planned else None
