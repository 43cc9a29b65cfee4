"""Replay: the task runs again, on the log, and must yield what the log holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from analysis.gathering import UNFIT
from analysis.notes import about_notes
from analysis.parts import about_parts, compare_parts, planned_part
from analysis.runs import Run, line_of, runs_of
from experiment.answers import Press, unanswered
from experiment.catalogue import plan_task, planned_from
from experiment.errors import BadInput
from experiment.events import MARKS
from experiment.kit import KitIndex
from experiment.people import People
from experiment.plain import from_plain, to_plain
from experiment.plans.plan import Plan, PlanInputs
from experiment.plans.shown import Shown
from experiment.protocol import Protocol
from experiment.readlog import Event, SessionLog
from experiment.steps import (
    At,
    OnMark,
    OnPulse,
    Outcome,
    Rated,
    Repeat,
    Step,
    Task,
    end_of,
    next_planned,
)

_LATE = 0.5  # s behind its plan at which a step counts as another course of events
_CLOSE = 2e-6  # s; times are logged to the microsecond


@dataclass(frozen=True)
class Difference:
    """Something in a log that is not what the protocol says.

    Parameters
    ----------
    line : int
        Line of the log, from 1.
    problem : str
    """

    line: int
    problem: str


@dataclass(frozen=True)
class Verification:
    """What a replay found.

    Parameters
    ----------
    differences : tuple of Difference
        In the order of the log; empty if it is what the protocol says.
    steps, markers, answers : int
        How many were compared.
    status : str
        How the session ended.
    whole : bool
        Whether the log could be compared to its end.
    """

    differences: tuple[Difference, ...]
    steps: int
    markers: int
    answers: int
    status: str
    whole: bool = True


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
    check = _Check()
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


def _verified(log: SessionLog, check: _Check) -> Verification:
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
        replay = _Replay(run, protocol, plan.plan, log, check, may_stop=last)
        replay.compare(plan.play())
    return check.result(log.status)


def _compare_whole(log: SessionLog, runs: Sequence[Run], check: _Check) -> None:
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


class _Check:
    """Gathers what was compared and what differs."""

    def __init__(self) -> None:
        self.differences: list[Difference] = []
        self.steps = self.markers = self.answers = 0
        self.line = 1  # that is being compared

    def each(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield events, and keep the line of the one that is being compared."""
        for event in events:
            self.line = line_of(event)
            yield event

    def differ(self, line: int, problem: str) -> None:
        self.differences.append(Difference(line, problem))

    def result(self, status: str) -> Verification:
        found = tuple(sorted(self.differences, key=lambda d: d.line))
        return Verification(found, self.steps, self.markers, self.answers, status)


class _Replay:
    """One run, replayed."""

    def __init__(
        self,
        run: Run,
        protocol: Protocol,
        plan: Plan,
        log: SessionLog,
        check: _Check,
        *,
        may_stop: bool,
    ) -> None:
        header = log.header
        self._may_stop = may_stop
        self._due: float | None = None  # before which the next step can't have been shown
        self._run = run
        self._pause_grid = plan.pause_grid
        self._protocol = protocol
        self._has_port = header["devices"]["trigger"] is not None
        self._frame = 1.0 / header["display"]["nominal_hz"]
        self._check = check
        self._planned: float | None = None

    def compare(self, task: Task) -> None:
        outcome: Outcome | None = None
        for event in self._check.each(self._run.steps):
            try:
                step = next(task) if outcome is None else task.send(outcome)
            except StopIteration:
                self._check.differ(line_of(event), "a step after the task's last one")
                return
            if to_plain(step) != event["step"]:
                self._check.differ(
                    line_of(event), f"step {event['n']} is not what the task yields here"
                )
                return
            self._check.steps += 1
            outcome = self._compare_step(step, event)
            if outcome is None:
                if not self._may_stop or event is not self._run.steps[-1]:
                    self._check.differ(line_of(event), f"step {event['n']} has no end")
                return
        if self._run.ended is not None:
            self._compare_result(_finished(task, outcome), self._run.ended)

    def _compare_result(self, finished: StopIteration | None, ended: Event) -> None:
        """Compare what the run came to with what the task says that it did."""
        if finished is None:
            self._check.differ(line_of(ended), "the run ended before its task did")
            return
        logged = self._run.result
        result = None if finished.value is None else to_plain(finished.value)
        if result != (None if logged is None else logged["result"]):
            line = line_of(logged or ended)
            self._check.differ(line, "the run's result is not what its steps come to")

    def _compare_step(self, step: Step, event: Event) -> Outcome | None:
        """Compare all that belongs to a step; return its outcome if the log has one."""
        number = event["n"]
        onset = self._run.onsets.get(number)
        self._compare_marker(step, event, shown=onset is not None)
        self._compare_planned(event)
        done = self._run.outcomes.get(number)
        if onset is None or done is None:
            return None
        self._check.line = line_of(done)
        outcome = from_plain(Outcome, done["outcome"])
        self._compare_onset(event, onset)
        zero = self._zero_at(done)
        if abs(outcome.onset - (onset["t"] - zero)) > _CLOSE:
            self._check.differ(line_of(done), f"step {number}: onset differs from its flip")
        self._compare_answer(step, event, onset["t"], outcome, done)
        self._compare_end(step, onset["t"], outcome, done)
        return outcome

    def _compare_onset(self, event: Event, onset: Event) -> None:
        """Compare when a step was shown with when it could be, and when it was planned."""
        number = event["n"]
        if self._due is not None and onset["t"] < self._due - self._frame:
            self._check.differ(line_of(onset), f"step {number} was shown before it was due")
        if event["planned"] is not None and onset["t"] - event["planned"] > _LATE:
            late = onset["t"] - event["planned"]
            self._check.differ(line_of(onset), f"step {number} was shown {late:.3f} s late")

    def _compare_marker(self, step: Step, event: Event, *, shown: bool) -> None:
        planned = self._run.planned.get(event["n"])
        if (planned is None) != (step.marker is None):
            self._check.differ(line_of(event), f"step {event['n']}: marker planned or not differs")
        if planned is None or step.marker is None:
            return
        self._check.markers += 1
        code = self._protocol.markers[step.marker]
        if (planned["name"], planned["code"]) != (step.marker, code):
            self._check.differ(line_of(planned), f"marker {step.marker!r} has code {code}")
        sent = self._run.sent.get(planned["n"], [])
        if shown and self._has_port and not sent:
            self._check.differ(line_of(planned), f"marker {step.marker!r} was planned, not sent")
        for extra in sent[1:]:
            self._check.differ(line_of(extra), f"marker {step.marker!r} was sent twice")
        flip = self._run.onsets.get(event["n"])
        if sent and flip is not None and abs(sent[0]["t"] - flip["t"]) > _CLOSE:
            self._check.differ(
                line_of(sent[0]), f"marker {step.marker!r} is not of its step's flip"
            )
        if sent and sent[0]["code"] != code:
            self._check.differ(line_of(sent[0]), f"marker {step.marker!r} was sent as another code")
        if sent and self._run.ended is not None and planned["n"] not in self._run.reset:
            self._check.differ(line_of(sent[0]), f"marker {step.marker!r} was never reset")

    def _compare_planned(self, event: Event) -> None:
        planned = self._planned
        before = 0.0
        for shift in self._run.shifts:
            if shift["for"] == event["n"]:
                planned = self._after_pause(planned, shift["shift"] - before, shift)
            before = shift["shift"]
        if (planned is None) != (event["planned"] is None) or (
            planned is not None and abs(planned - event["planned"]) > _CLOSE
        ):
            self._check.differ(line_of(event), f"step {event['n']}: planned onset differs")

    def _after_pause(self, planned: float | None, length: float, shift: Event) -> float | None:
        """Return the planned onset after a pause, which must keep the volumes' phase."""
        grid = self._pause_grid
        if grid is None:
            return None
        if abs(length - round(length / grid) * grid) > _CLOSE:
            self._check.differ(line_of(shift), f"a pause of {length} s is no multiple of the TR")
        return None if planned is None else planned + length

    def _compare_answer(
        self, step: Step, event: Event, onset: float, outcome: Outcome, done: Event
    ) -> None:
        scales = self._protocol.scales
        answer = unanswered(step, scales)
        repeat = scales[step.screen.rating].repeat if isinstance(step.screen, Rated) else None
        held: Press | None = None
        for logged in self._run.presses.get(event["n"], []):
            press = _press(logged)
            before, answer = answer, answer.after(press, onset)
            shown = (logged["cursor"], logged["confirmed"], logged.get("used", True))
            if (answer.cursor, answer.confirmed, answer != before) != shown:
                self._check.differ(line_of(logged), "this press does not lead to what was shown")
            if press.repeat and not (repeat and held and _repeats(press, held, repeat)):
                self._check.differ(line_of(logged), "no key was held that could have done this")
            if press.deliberate:
                held = press if press.t >= onset else None
        if answer.response(onset) != outcome.response:
            self._check.differ(line_of(done), "the answer is not what the presses make")
        if outcome.response is not None:
            self._check.answers += 1

    def _compare_end(self, step: Step, onset: float, outcome: Outcome, done: Event) -> None:
        zero = self._zero_at(done)
        self._due = zero + outcome.offset
        answered = outcome.response is not None and outcome.response.confirmed
        if isinstance(step.ends, OnPulse | OnMark):
            self._planned = None
            return
        end = end_of(step.ends, onset, zero + self._shift_at(done), answered=answered)
        self._planned = next_planned(step.ends, end, answered=answered)
        if end is None or outcome.offset < end - zero - 0.5 * self._frame - _CLOSE:
            what = "its planned time" if isinstance(step.ends, At) else "its end was due"
            self._check.differ(line_of(done), f"a step was left before {what}")

    def _zero_at(self, event: Event) -> float:
        """Return the run's zero (s, session clock) as it stood at an event."""
        return next(
            (float(z["t"]) for z in reversed(self._run.zeros) if z["seq"] < event["seq"]), 0.0
        )

    def _shift_at(self, event: Event) -> float:
        return next(
            (float(s["shift"]) for s in reversed(self._run.shifts) if s["seq"] < event["seq"]), 0.0
        )


def _press(logged: Event) -> Press:
    return Press(
        logged["t"],
        logged["action"],
        logged["device"],
        logged["point"],
        logged.get("repeat", False),
    )


def _repeats(press: Press, held: Press, repeat: Repeat) -> bool:
    """Whether a press is one that a held key makes by itself."""
    number = (press.t - held.t - repeat.after) * repeat.per_second
    on_time = number > -0.01 and abs(number - round(number)) < 0.01
    return press.action == held.action and on_time


def _finished(task: Task, outcome: Outcome | None) -> StopIteration | None:
    """Return the end of a task, with its result; None if it goes on."""
    try:
        if outcome is None:
            next(task)
        else:
            task.send(outcome)
    except StopIteration as ended:
        return ended
    return None


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
            f"{len(found.differences)} differences"
            if found.differences
            else "all as the protocol says"
        )
    )
    return "\n".join(lines)
