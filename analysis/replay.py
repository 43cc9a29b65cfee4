"""Replay: the task runs again, on the log, and must yield what the log holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from analysis.gathering import UNFIT
from analysis.notes import about_notes
from analysis.parts import about_parts, compare_parts, planned_part
from analysis.replay_run import Check, RunReplay, Verification
from analysis.runs import Run, line_of, runs_of
from experiment.catalogue import plan_task, planned_from
from experiment.errors import BadInput
from experiment.events import MARKS
from experiment.kit import KitIndex
from experiment.people import People
from experiment.plain import from_plain
from experiment.plans.plan import PlanInputs
from experiment.plans.shown import Shown
from experiment.protocol import Protocol
from experiment.readlog import SessionLog


def verify(log: SessionLog) -> Verification:
    """Run a session's tasks again from its log and compare.

    Compared are: the chain of digests; the plans with what protocol, kit and seed give; each step
    with what the task yields; planned times; markers with the table and with what was sent; each
    answer with the presses that made it.

    Parameters
    ----------
    log : SessionLog

    Returns
    -------
    Verification
        Of an edited log, as far as it can be compared.

    Raises
    ------
    BadInput
        If the log is as it was written, and not in this software's form.
    """
    check = Check()
    try:
        return _verified(log, check)
    except (*UNFIT, BadInput) as error:
        if log.broken_at is not None:
            line = max(log.broken_at, check.line)
            check.differ(line, "from here on, what was changed keeps it from being compared")
            return replace(check.result(log.status), whole=False)
        if isinstance(error, BadInput):
            raise
        raise BadInput(
            f"{log.file}:{check.line}: not a log of this software: something is missing or of "
            f"another kind ({type(error).__name__})"
        ) from None


def _verified(log: SessionLog, check: Check) -> Verification:
    if log.broken_at is not None:
        check.differ(log.broken_at, "this line was changed after it was written")
    try:
        protocol = Protocol.model_validate(log.header["protocol"])
        kit = from_plain(KitIndex, log.header["kit"])
        known = log.header.get("people")
        people = None if known is None else from_plain(People, known)
        plans = {
            task: planned_from(protocol, task, plan) for task, plan in log.header["plans"].items()
        }
    except (KeyError, ValidationError) as error:
        check.differ(1, f"the header can't be read as a protocol with plans ({_first(error)})")
        return check.result(log.status)
    for task, plan in plans.items():
        inputs = PlanInputs(
            protocol,
            task,
            kit,
            log.header["session"],
            log.header["participant"],
            log.header["seed"],
            tuple(from_plain(Shown, shown) for shown in log.header["shown"]),
            people,
        )
        planned = planned_part(log.header, task, plan_task(inputs))
        if planned != plan:
            check.differ(1, f"the plan of {task!r} is not what protocol, kit and seed give")
    for line, problem in compare_parts(log):
        check.differ(line, problem)
    runs = runs_of(log)
    _compare_whole(log, runs, check)
    for run in runs:
        check.line = 1
        if run.task not in plans:
            check.differ(line_of(run.begun), f"the header has no plan for {run.task!r}")
            continue
        plan = plans[run.task]
        last = run is runs[-1] and log.status != "complete"
        replay = RunReplay(run, protocol, plan.plan, log, check, may_stop=last)
        replay.compare(plan.play())
    return check.result(log.status)


def _compare_whole(log: SessionLog, runs: Sequence[Run], check: Check) -> None:
    """Compare what belongs to the session: a complete one has run every task to its end."""
    last = len(log.events) + 1
    if log.status == "complete":
        ended = [run.task for run in runs if run.ended is not None]
        if ended != list(log.header["tasks"]) or set(ended) != set(log.header["plans"]):
            check.differ(last, "the session says that it is complete, but not all its tasks are")
    pulses = {event["t"] for event in check.each(log.of("pulse"))}
    marks = {
        (event["name"], event["t"]) for event in check.each(log.of("mark")) if not event["again"]
    }
    for run in runs:
        for zero in check.each(run.zeros):
            if zero["source"] == "pulse" and zero["t"] not in pulses:
                check.differ(line_of(zero), "the run's zero is no pulse of the scanner")
            if zero["source"] in MARKS and (zero["source"], zero["t"]) not in marks:
                check.differ(line_of(zero), f"the run's zero is no first mark {zero['source']!r}")
    asked = [event["seq"] for event in log.of("pause_asked")]
    late = [e["seq"] for e in check.each(log.of("fault")) if e["what"] == "begun_late"]
    for run in runs:
        for shift in run.shifts:
            if not any(seq < shift["seq"] for seq in (*asked, *late)):
                check.differ(line_of(shift), "the run was moved, but nobody asked for a pause")


def _first(error: Exception) -> Any:
    if isinstance(error, ValidationError):
        return ".".join(str(part) for part in error.errors()[0]["loc"])
    return error


def report(log: SessionLog, found: Verification) -> str:
    """Return a verification as lines for the analyst."""
    lines = [f"{log.file}:{d.line}: {d.problem}" for d in found.differences]
    if log.torn:
        lines.append("the last line was cut off by a crash; it is left out")
    if found.whole:
        lines += about_parts(log) + about_notes(log)
    if not found.steps and not found.differences:
        lines.append(f"session {found.status}; no step was shown: there is nothing to compare")
        return "\n".join(lines)
    lines.append(
        f"session {found.status}; compared {found.steps} steps, {found.markers} markers, "
        f"{found.answers} answers: "
        + (
            f"{len(found.differences)} difference" + "s" * (len(found.differences) > 1)
            if found.differences
            else "all as the protocol says"
        )
    )
    return "\n".join(lines)
