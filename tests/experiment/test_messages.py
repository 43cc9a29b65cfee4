from __future__ import annotations

from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS
from experiment.kit.importing import import_kit
from experiment.plans.messages import MessagesPlan, plan_messages
from experiment.plans.plan import PlanInputs
from experiment.protocol import load_protocol
from experiment.rehearsal import screens_of
from experiment.screens import Message, Scale, Waiting
from experiment.steps import At, OnPulse, OnResponse, Outcome, Response, ResponseKind, Step, Task
from experiment.tasks.messages import messages

PROTOCOL, _ = load_protocol(EXAMPLE / "study.yaml")
KIT = import_kit(EXAMPLE / EXAMPLE_ANSWERS, "012", EXAMPLE / "stranger_messages.csv").kit.index()
SCANNER = plan_messages(PlanInputs(PROTOCOL, "messages", KIT, "01", "012", 1))
LAB = plan_messages(PlanInputs(PROTOCOL, "messageslab", KIT, "02", "012", 1))
BOTH_WAYS = Response(4, 1.0, confirmed=True, lefts=1, rights=1)


def steps_of(task: Task, answers: list[Response | None] | None = None) -> list[Step]:
    """Run a task with an answer for each step that takes one (the last one for the rest)."""
    queue = list(answers or [BOTH_WAYS])
    steps = [next(task)]
    while True:
        response = None
        if steps[-1].accepts is not None:
            response = queue.pop(0) if len(queue) > 1 else queue[0]
        try:
            steps.append(task.send(Outcome(0.0, 1.0, response)))
        except StopIteration:
            return steps


def markers(steps: list[Step]) -> list[str]:
    return [step.marker for step in steps if step.marker is not None]


def expected_markers(plan: MessagesPlan) -> list[str]:
    trial = ("fixation", "{}", "rate_connection", "rate_good")
    trials = [name.format(t.condition) for t in plan.trials for name in trial]
    return ["waiting", "run_start", *trials, "run_end"]


def test_the_scanner_version_is_timed_from_the_first_pulse_on() -> None:
    steps = steps_of(messages(SCANNER))
    assert markers(steps) == expected_markers(SCANNER)
    wait = next(i for i, step in enumerate(steps) if isinstance(step.ends, OnPulse))
    assert all(isinstance(step.ends, At) for step in steps[wait + 1 :])
    shown = [s.screen.message_id for s in steps if isinstance(s.screen, Message)]
    assert shown == [trial.message_id for trial in SCANNER.trials]


def test_the_lab_version_goes_at_the_readers_own_pace() -> None:
    steps = steps_of(messages(LAB))
    assert markers(steps) == expected_markers(LAB)
    reading = [step for step in steps if isinstance(step.screen, Message)]
    assert all(step.ends == OnResponse(None, 1.0) for step in reading)
    assert all(step.accepts is ResponseKind.CONTINUE for step in reading)


def test_both_ratings_follow_each_message() -> None:
    steps = steps_of(messages(LAB))
    asked = [
        (step.trial, step.screen.rating)
        for step in steps
        if isinstance(step.screen, Scale) and step.trial is not None
    ]
    assert asked == [(t, r) for t in range(1, 7) for r in ("connection", "good")]


def test_practice_goes_on_until_both_directions_were_used() -> None:
    left = Response(3, 1.0, confirmed=True, lefts=1)
    right = Response(5, 1.0, confirmed=True, rights=2)
    none = Response(4, 1.0, confirmed=True)
    answers = [BOTH_WAYS, BOTH_WAYS, none, left, None, right, BOTH_WAYS]
    steps = steps_of(messages(LAB), answers)
    practice = [s.screen for s in steps if isinstance(s.screen, Scale) and s.trial is None]
    assert [p.prompt for p in practice] == ["practice.prompt"] + ["practice.again"] * 3


def test_no_screen_says_which_condition_it_is() -> None:
    for step in steps_of(messages(SCANNER)):
        shown = repr(step.screen)
        assert not any(word in shown for word in ("stranger", "neutral", "'kind'"))


def test_a_rehearsal_meets_every_screen() -> None:
    screens = screens_of(messages(SCANNER))
    assert Waiting("paused") in screens
    prompts = {screen.prompt for screen in screens if isinstance(screen, Scale)}
    assert prompts == {None, "practice.prompt", "practice.again"}
    assert set(screens) >= {step.screen for step in steps_of(messages(SCANNER))}
