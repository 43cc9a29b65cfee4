"""What a participant's logs say has been done, read fast enough for a list of all sessions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from experiment.errors import BadInput
from experiment.readlog import header_of
from experiment.runs import ends_of
from experiment.study import Study


@dataclass(frozen=True)
class LogSummary:
    """What the desk wants to know of one log.

    Parameters
    ----------
    file : Path
    utc : str
        When it was begun.
    tasks_begun, tasks_done : tuple of str
        Tasks that it was made for, and those whose run is over (`experiment.runs`).
    status : str
        As `SessionLog.status`; ``crashed`` if the log just stops (or the session still runs).
    robot : bool
        Whether a robot took part: no data.
    problem : str or None
        Why it can't be read; the rest is empty then.
    """

    file: Path
    utc: str = ""
    tasks_begun: tuple[str, ...] = ()
    tasks_done: tuple[str, ...] = ()
    status: str = "crashed"
    robot: bool = False
    problem: str | None = None

    def may_hold(self, tasks: Collection[str]) -> bool:
        """Whether any of these tasks was begun in it; nobody knows of one that can't be read."""
        return self.problem is not None or not set(self.tasks_begun).isdisjoint(tasks)


def logs_of_session(study: Study, participant: str, session: str) -> tuple[LogSummary, ...]:
    """Sum up the logs of a session, parts that were resumed included; none if it was not begun.

    Fast enough for a list of a whole study: see `experiment.runs.ends_of`.
    """
    files = sorted(study.log_folder(participant, session).glob("*.jsonl"))
    return tuple(summary_of(file) for file in files)


def summary_of(file: Path) -> LogSummary:
    """Sum up a log; one that can't be read says why."""
    try:
        header = header_of(file)
        tasks = tuple(map(str, header.get("tasks", ())))
        status, over = ends_of(file, tasks)
    except BadInput as error:
        return LogSummary(file, problem=str(error))
    except (OSError, ValueError, KeyError):
        return LogSummary(file, problem=f"{file}: can't be read, or is no log")
    return LogSummary(
        file,
        utc=str(header.get("utc", "")),
        tasks_begun=tasks,
        tasks_done=over,
        status=status,
        robot=header.get("robot") is not None,
    )
