"""The parts of a session: which logs belong together, what the next one is called.

The first part is ``sub-012_ses-01.jsonl``, those that go on after an interruption end in
``_part-02`` and so on. Each names in its header the part before, and the digest of its last line.
A choosing session that is run again has the same kind of name, but is no part of another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from experiment.errors import BadInput
from experiment.protocol import Protocol
from experiment.readlog import Event, SessionLog, header_of, read_log
from experiment.runs import tasks_over
from experiment.said import Said

_PART = re.compile(r"(?P<name>.+?)(_part-(?P<part>[0-9]+))?")


def free_log(folder: Path, name: str) -> Path:
    """Return the name of a new log; that of a session that goes on has a number."""
    file, part = folder / f"{name}.jsonl", 1
    while file.exists():
        part += 1
        file = folder / f"{name}_part-{part:02d}.jsonl"
    return file


def name_of(log: Path) -> str:
    """Return what the logs of all parts of a session begin with."""
    found = _PART.fullmatch(log.stem)
    assert found is not None, "every name matches"
    return found["name"]


def part_number(log: Path) -> int:
    """Return the number in a log's name; 1 where there is none."""
    found = _PART.fullmatch(log.stem)
    return int(found["part"] or 1) if found is not None else 1


def chains(logs: Iterable[Path]) -> list[tuple[Path, ...]]:
    """Put logs together that are parts of one session, in order.

    Parameters
    ----------
    logs : iterable of Path
        A log whose header can't be read is a session of its own.
    """
    by_name: dict[tuple[Path, str], list[Path]] = {}
    for log in logs:
        by_name.setdefault((log.parent, name_of(log)), []).append(log)
    found: list[list[Path]] = []
    for parts in by_name.values():
        for i, log in enumerate(sorted(parts, key=part_number)):
            if i == 0 or not _goes_on(log):
                found.append([])
            found[-1].append(log)
    return [tuple(chain) for chain in found]


def part_of(header: Event) -> int:
    """Return which part of its session a log is, from 1."""
    resumed = header.get("resumed")
    return 1 if resumed is None else int(resumed["part"])


def parts_up_to(log: SessionLog) -> tuple[SessionLog, ...]:
    """Read the parts before a log, and return them with it.

    Raises
    ------
    BadInput
        If a part is missing, or is not the one that the next part names.
    """
    parts = [log]
    while (resumed := parts[0].header.get("resumed")) is not None:
        before = read_log(parts[0].file.with_name(resumed["before"]["file"]))
        check_link(before, parts[0].header)
        parts.insert(0, before)
    return tuple(parts)


def check_link(before: SessionLog, header: Event) -> None:
    """Make sure that a part is the one which the next part goes on from.

    Raises
    ------
    BadInput
        If it has changed since.
    """
    told = header["resumed"]["before"]["digest"]
    if before.digest != told:
        known = {"found": before.digest, "needed": told}
        raise BadInput(Said("refused.other_part", file=before.file, **known))


def is_over(chain: Sequence[Path]) -> bool:
    """Tell whether nothing is left of a session: it is complete, or broke off at its last screen.

    Parameters
    ----------
    chain : sequence of Path
        The logs of its parts, in order.

    Raises
    ------
    BadInput
        If one can't be read.
    """
    last = read_log(chain[-1])
    if last.status == "complete":
        return True
    logs = [*map(read_log, chain[:-1]), last]
    over = frozenset[str]().union(*map(tasks_over, logs))
    return over.issuperset(logs[0].header["tasks"])


def tasks_left(folder: Path, tasks: Sequence[str], protocol: Protocol) -> tuple[str, ...]:
    """Return which tasks of a session are left where some were run by themselves, to their end.

    Returns
    -------
    tuple of str
        All of them if none is left: the session was done already.
    """
    done: set[str] = set()
    for chain in chains(folder.glob("*.jsonl")):
        if is_over(chain):
            done |= {task for log in chain for task in _data_of(log, protocol)}
    left = tuple(task for task in tasks if task not in done)
    return left or tuple(tasks)


def check_no_data(folder: Path, tasks: Sequence[str], protocol: Protocol) -> None:
    """Make sure that no task of a session has been run, unless it can be run again.

    Raises
    ------
    BadInput
        With the log that has data.
    """
    for chain in chains(sorted(folder.glob("*.jsonl"))):
        for log in chain:
            done = sorted(_data_of(log, protocol) & set(tasks))
            if done:
                done_as = "has_rehearsal" if header_of(log).get("rehearsal") else "has_data"
                key = done_as if is_over(chain) else "has_data_open"
                raise BadInput(Said(f"refused.{key}", log=log, task=done[0], folder=folder))


def _data_of(log: Path, protocol: Protocol) -> set[str]:
    """Return the tasks that were begun in a log and that can't be run again."""
    from experiment.catalogue import KINDS  # all tasks; who only reads logs needs none of them

    again = {task for task, spec in protocol.tasks.items() if KINDS[spec.kind].can_be_continued}
    if protocol.daily is not None:
        again.add(protocol.daily.task)
    return {event["task"] for event in read_log(log).of("run_begin")} - again


def _goes_on(log: Path) -> bool:
    try:
        return header_of(log).get("resumed") is not None
    except BadInput:
        return False
