"""One run of a session, replayed: the task runs again on its log, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from analysis.runs import Run, line_of
from experiment.answers import Press, unanswered
from experiment.plain import from_plain, to_plain
from experiment.plans.plan import Plan
from experiment.protocol import Protocol
from experiment.readlog import Event, SessionLog
from experiment.screens import Rated, Repeat
from experiment.steps import At, OnMark, OnPulse, Outcome, Step, Task, end_of, next_planned

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


class Check:
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


class RunReplay:
    """One run, replayed."""

    def __init__(
        self,
        run: Run,
        protocol: Protocol,
        plan: Plan,
        log: SessionLog,
        check: Check,
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
        if planned is None and not shown and self._may_stop and event is self._run.steps[-1]:
            return  # the log stops between the two lines
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
            if press.holds:
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
