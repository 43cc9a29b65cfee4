"""A run's blocks and trials beside the table of PET frames."""

from __future__ import annotations

from collections.abc import Iterable

from experiment.plans.feedback import FeedbackPlan
from experiment.plans.messages import MessagesPlan
from experiment.plans.plan import Plan
from experiment.protocol import FeedbackTask, PetFrame, Protocol, ScannerMessages
from experiment.said import Said
from experiment.steps import At, OnMark

Span = tuple[str, float, float]
_CLOSE = 1e-3  # s


def frame_lines(protocol: Protocol, task: str, plan: Plan) -> list[str]:
    """Return what to tell the assistant: which blocks and trials reach over several PET frames.

    A block that is longer than a frame fills several; one that begins or ends within a frame
    shares it with something else.
    """
    spec = protocol.tasks[task]
    if not isinstance(spec, FeedbackTask | ScannerMessages) or not spec.frames:
        return []
    if isinstance(plan, FeedbackPlan):
        spans = [(f"block {b.number}", b.begins, b.ends) for b in plan.blocks]
        return [f"task {task!r}: {line}" for span in spans if (line := _beside(span, spec.frames))]
    assert isinstance(plan, MessagesPlan)
    trials = _trials(plan)
    over = sum(len(frames_of(span, spec.frames)) > 1 for span in trials)
    return [
        f"task {task!r}: {over} of {len(trials)} trials reach over the end of a PET frame; "
        "single trials are not aligned to frames"
    ]


def moved_lines(protocol: Protocol, task: str, plan: Plan, shift: float, since: float) -> list[str]:
    """Return what to tell the operator of a PET run once what is to come of it has moved.

    Parameters
    ----------
    protocol : Protocol
    task : str
    plan : Plan
    shift : float
        By how much it has moved in all (s).
    since : float
        When it goes on (s, run clock); blocks begun by then haven't moved.
    """
    if not isinstance(plan.begins, OnMark) or plan.planned_duration is None:
        return []
    spec = protocol.tasks[task]
    frames = spec.frames if isinstance(spec, FeedbackTask | ScannerMessages) else ()
    lines: list[str] = []
    if isinstance(plan, FeedbackPlan):
        to_come = [b.begins for b in plan.blocks if b.begins + shift >= since - _CLOSE]
        if any(_is_start(t, frames) and not _is_start(t + shift, frames) for t in to_come):
            lines.append(Said("run.off_frames", shift=f"{shift:g}"))
    ends = plan.planned_duration + shift
    scan = max((f.start + f.duration for f in frames), default=plan.planned_duration)
    if ends > scan + _CLOSE:
        lines.append(Said("run.ends_later", late=f"{ends - scan:g}"))
    return lines


def frames_of(span: Span, frames: Iterable[PetFrame]) -> list[int]:
    """Return the numbers (from 1) of the frames in which something lies."""
    _, begins, ends = span
    return [
        number
        for number, frame in enumerate(frames, start=1)
        if frame.start < ends - _CLOSE and frame.start + frame.duration > begins + _CLOSE
    ]


def _is_start(time: float, frames: Iterable[PetFrame]) -> bool:
    return any(abs(time - frame.start) <= _CLOSE for frame in frames)


def _beside(span: Span, frames: tuple[PetFrame, ...]) -> str | None:
    name, begins, ends = span
    numbers = frames_of(span, frames)
    if not numbers:
        return f"{name} ({begins:g} to {ends:g} s) lies in no PET frame"
    first, last = frames[numbers[0] - 1], frames[numbers[-1] - 1]
    if abs(first.start - begins) <= _CLOSE and abs(last.start + last.duration - ends) <= _CLOSE:
        return None
    return (
        f"{name} ({begins:g} to {ends:g} s) lies in PET frame"
        f"{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))} "
        f"({first.start:g} to {last.start + last.duration:g} s) and doesn't fill "
        f"{'them' if len(numbers) > 1 else 'it'}"
    )


def _trials(plan: MessagesPlan) -> list[Span]:
    spans: list[Span] = []
    begins = plan.lead_in_ends
    for trial in plan.trials:
        ends = trial.questions[-1].ends if trial.questions else trial.reading_ends
        assert isinstance(begins, At)
        assert isinstance(ends, At)
        spans.append((f"trial {trial.number}", begins.time, ends.time))
        begins = ends
    return spans
