from __future__ import annotations

from experiment.chance import dice
from experiment.clock import VirtualClock
from experiment.examples import EXAMPLE
from experiment.protocol import load_protocol
from experiment.robot import TEMPERS, Robot
from experiment.screens import Fixation, Message, Scale, ScaleRange
from experiment.steps import At, OnResponse, ResponseKind, Step

BUTTONS = load_protocol(EXAMPLE / "study.yaml")[0].devices.buttons


def robot(name: str = "typical", seed: int = 1) -> tuple[Robot, VirtualClock]:
    clock = VirtualClock()
    scales = {"connection": ScaleRange(1, 7)}
    return Robot(TEMPERS[name], dice(seed, "test"), clock, BUTTONS, scales), clock


def rated(condition: str, seed: int) -> int:
    made, clock = robot(seed=seed)
    made.shown(Step(Message("m001"), At(1.0), marker=condition), 0.0)
    made.shown(Step(Scale("connection", 4), OnResponse(), accepts=ResponseKind.RATING), 0.0)
    clock.sleep_until(60.0)
    downs = [event.key for event in made.poll() if event.down]
    assert downs[-1] == "space"
    return 4 + downs.count("right") - downs.count("left")


def test_it_rates_kind_messages_as_in_the_published_study() -> None:
    # Inagaki et al. 2019: close others M 4.671, strangers M 1.966.
    kind = [rated("kind", seed) for seed in range(300)]
    stranger = [rated("stranger", seed) for seed in range(300)]
    assert abs(sum(kind) / 300 - 4.671) < 0.2
    assert abs(sum(stranger) / 300 - 1.966) < 0.2


def test_what_it_meant_to_press_is_off_once_another_step_is_shown() -> None:
    made, clock = robot()
    made.shown(Step(Scale("connection", 4), OnResponse(), accepts=ResponseKind.RATING), 0.0)
    made.shown(Step(Fixation(), At(9.0)), 0.1)
    clock.sleep_until(60.0)
    assert [event for event in made.poll() if event.down] == []


def test_it_misses_timed_questions_only_as_often_as_its_temper_says() -> None:
    missed = 0
    for seed in range(300):
        made, clock = robot("absent", seed)
        made.shown(Step(Scale("connection", 4), At(5.0), accepts=ResponseKind.RATING), 0.0)
        clock.sleep_until(60.0)
        missed += not made.poll()
    assert 0.3 < missed / 300 < 0.5
