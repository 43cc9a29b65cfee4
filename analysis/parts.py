"""Sessions in parts: what a part that goes on must be, and how parts are laid on one time axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from analysis.row_types import Run
from analysis.tables import runs
from experiment.anchors import tie_between
from experiment.errors import BadInput
from experiment.parts import part_of
from experiment.plain import from_plain
from experiment.readlog import Event, SessionLog

if TYPE_CHECKING:
    from experiment.catalogue import PlannedTask

# What only sessions in parts need is imported for them: exports start faster without the tasks.
_OWN = ("participant", "session", "seed", "shown", "people", "kit")


def planned_part(header: Event, task: str, whole: PlannedTask) -> PlannedTask:
    """Return what a log's plan of a task must be: the whole run, or what was left of it.

    Parameters
    ----------
    header : dict
    task : str
    whole : PlannedTask
        As protocol, kit and seed give it.
    """
    resumed = header.get("resumed")
    if resumed is None:
        return whole
    from experiment.catalogue import rest_of
    from experiment.resume import RunLeft

    return rest_of(whole, from_plain(RunLeft, resumed["runs"][task]).rest)


def begun_anew(header: Event) -> list[str]:
    """Return the tasks whose whole run is left to a log that goes on, in their order."""
    resumed = header.get("resumed")
    if resumed is None:
        return []
    from experiment.resume import RunLeft

    return [task for task, run in resumed["runs"].items() if from_plain(RunLeft, run).rest.whole]


def compare_parts(log: SessionLog) -> Iterator[tuple[int, str]]:
    """Compare a part with those before it: they are unchanged, and it goes on where they stopped.

    Yields
    ------
    int, str
        Line of the log, and what is wrong there. Nothing where a part before is not at hand, which
        `about_parts` tells.
    """
    resumed = log.header.get("resumed")
    if resumed is None or not log.file.with_name(resumed["before"]["file"]).exists():
        return
    from experiment.parts import parts_up_to
    from experiment.resume import RunLeft, standing

    try:
        *before, _ = parts_up_to(log)
        left = standing(before).runs
    except BadInput as error:
        yield 1, str(error)
        return
    for name in _OWN:
        if log.header.get(name) != before[0].header.get(name):
            yield 1, f"{name} differs from that of the first part, {before[0].file.name}"
    told = {task: from_plain(RunLeft, run) for task, run in resumed["runs"].items()}
    for task in sorted({*left, *told}):
        if task not in left or task not in told:
            yield 1, f"task {task!r}: is left to be done in only one of log and part before"
            continue
        ours, theirs = told[task], left[task]
        if (ours.run, ours.way, ours.done, ours.again) != (
            theirs.run,
            theirs.way,
            theirs.done,
            theirs.again,
        ):
            yield 1, f"task {task!r} does not go on where the part before stopped"


def about_parts(log: SessionLog) -> list[str]:
    """Return lines for the analyst: which part of a session a log is, and what lies before it."""
    resumed = log.header.get("resumed")
    if resumed is None:
        return []
    before, clock = resumed["before"], resumed["clock"]
    sure = clock["uncertainty"]
    lines = [
        f"part {resumed['part']}: goes on from {before['file']} ({before['status']}), "
        f"{resumed['gap']:.1f} s later; clocks tied by {clock['by']}, "
        + ("how well nobody knows" if sure is None else f"to {sure:g} s")
    ]
    for task, run in resumed["runs"].items():
        again = ", ".join(str(number) for number in run["again"])
        lines.append(
            f"  {task}: {run['done']} trials done before"
            + (f"; shown again: trial {again}" if again else "")
        )
    if not log.file.with_name(before["file"]).exists():
        lines.append(f"  {before['file']} is not beside it: the parts were not compared")
    return lines


@dataclass(frozen=True)
class RunPart:
    """A part of a run, and where it lies on the clock of the run's first part.

    Parameters
    ----------
    log : SessionLog
    run : Run
    part : int
        Of the session, from 1; also where a log between could not be used.
    shift : float
        To be added to its run-clock times (s).
    """

    log: SessionLog
    run: Run
    part: int
    shift: float


def joined(chain: tuple[SessionLog, ...]) -> list[tuple[RunPart, ...]]:
    """Return the runs of a session, each with those of its parts that share one clock.

    A run that went on in a new scan has a zero of its own, the new scan's first pulse, and so is a
    run of its own: its times belong to other volumes. So is one that was repeated as a whole. All
    others are one run.
    """
    found: list[list[RunPart]] = []
    for log in chain:
        number = part_of(log.header)
        for run in runs(log):
            before = next((parts for parts in found if parts[0].run.task == run.task), None)
            part = RunPart(log, run, number, 0.0)
            shift = None if before is None or log is chain[0] else shift_of(before[0], part, chain)
            if before is None or shift is None:
                found.insert(0, [part])  # the latest of a task is what a next part goes on with
            else:
                before.append(RunPart(log, run, number, shift))
    return [tuple(parts) for parts in reversed(found)]


def shift_of(first: RunPart, later: RunPart, chain: tuple[SessionLog, ...]) -> float | None:
    """Return where a later part's zero lies on the run clock of the first one (s).

    None if it has a scan of its own, is the whole run again, or either never began.
    """
    zeros = (first.run.zero, later.run.zero)
    if (
        later.run.task in begun_anew(later.log.header)
        or zeros[0] is None
        or zeros[1] is None
        or later.run.zero_source == "pulse"
    ):
        return None
    if later.run.zero_source == first.run.zero_source in ("scan_start", "injection"):
        return 0.0  # the same mark
    between = [log for log in chain if first.part <= part_of(log.header) <= later.part]
    offset = sum(
        tie_between(before.header, after.header).offset for before, after in pairwise(between)
    )
    return round(zeros[1] - offset - zeros[0], 6)
