"""Setting a session up: clock, devices, display and keys are opened, and looked at."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from experiment.chance import dice
from experiment.clock import Clock, RealClock, VirtualClock
from experiment.devices import Devices, OpenPort
from experiment.display import Display, NoWindow
from experiment.equipment import Keys
from experiment.holds import STOPPED
from experiment.looks import looks_of
from experiment.preflight.checks import Checks, dealt_lines
from experiment.preflight.line import Line
from experiment.preflight.opened import about_inputs, screen_facts
from experiment.preflight.screen import judge_screen
from experiment.prepare import Prepared
from experiment.protocol.keys import BOX_BUTTONS
from experiment.rehearsal import screens_of
from experiment.request import SessionRequest
from experiment.resume import when_resumed
from experiment.robot import Robot, Temper, temper
from experiment.running import held
from experiment.screens import Message, Screen
from hardware.awake import kept_awake
from hardware.priority import raised_priority

_EXTRA_VOLUMES = 5  # that the mock scanner sends past the planned end


@dataclass(frozen=True)
class SetUp:
    """All that a session needs besides its log, open.

    Parameters
    ----------
    clock : RealClock or VirtualClock
    devices : Devices
    display : Display
    robot : Robot or None
    keys : list of Keys
        Keyboard and robot, not what comes from devices.
    screens : tuple of Screen
        All that can be shown.
    lines : list of Line
        What was looked at, and how it is.
    awake : bool
        Whether the computer is kept from falling asleep.
    raised : bool
        Whether the process has a higher priority.
    """

    clock: RealClock | VirtualClock
    devices: Devices
    display: Display
    robot: Robot | None
    keys: list[Keys]
    screens: tuple[Screen, ...]
    lines: list[Line]
    awake: bool
    raised: bool


def set_up(
    prepared: Prepared, stack: ExitStack, mind: Temper | None, open_trigger: OpenPort
) -> SetUp:
    """Open what a session needs, and look at it.

    Parameters
    ----------
    prepared : Prepared
    stack : ExitStack
        Closes it, the last first.
    mind : Temper or None
        How the robot answers, in place of the temper of its name.
    open_trigger : callable
        Opens the trigger port, given its URL.

    Raises
    ------
    KindredError
        If a device can't be opened, or the session runs already.
    """
    request, protocol = prepared.request, prepared.study.protocol
    name = f"sub-{request.participant}_ses-{request.session}"
    stack.enter_context(held(prepared.study.folder, name))
    awake = stack.enter_context(kept_awake(in_real_time(request) and protocol.devices.keep_awake))
    # First of all: threads and processes have the priority of the one that starts them.
    raised = in_real_time(request) and stack.enter_context(raised_priority(_rush))
    clock: RealClock | VirtualClock = (
        VirtualClock(when_resumed(prepared.begun)) if request.fast else RealClock()
    )
    stack.callback(clock.close)
    checks = Checks(prepared.subject)
    stack.callback(checks.close)
    checks.wait_for_ports()
    devices = Devices(prepared.wires, protocol, _mock_volumes(prepared), clock, open_trigger)
    stack.callback(devices.close)
    display = _open_display(prepared, clock)
    stack.callback(display.close)
    robot, keys = _open_keys(prepared, clock, stack, mind)
    screens = _screens(prepared)
    about = [
        *judge_screen(screen_facts(display.facts, protocol)),
        *about_inputs(request.robot, keys, devices.pulses, clock, protocol),
        *dealt_lines(
            prepared.study,
            prepared.kit,
            {one.message_id for one in screens if isinstance(one, Message)},
            pictures=prepared.social is not None and not request.no_window,
        ),
    ]
    return SetUp(clock, devices, display, robot, keys, screens, checks.lines(about), awake, raised)


def in_real_time(request: SessionRequest) -> bool:
    """Whether somebody may sit in front of a window."""
    return not request.no_window and not request.fast


def _rush(on: bool) -> bool:
    from stimuli.window import rush

    return rush(on)


def _mock_volumes(prepared: Prepared) -> int:
    """Return how many volumes a mock scanner sends: all that the longest run can see."""
    tr = prepared.study.protocol.scanner.tr
    longest = max((planned.plan.planned_duration or 0.0) for planned in prepared.plans.values())
    return int(longest / tr) + _EXTRA_VOLUMES


def _screens(prepared: Prepared) -> tuple[Screen, ...]:
    """Return every screen that the session can show, each once."""
    also = () if prepared.study.protocol.devices.buttons.stop is None else (STOPPED,)
    return tuple(
        dict.fromkeys(
            screen
            for planned in prepared.plans.values()
            for screen in screens_of(planned.play(), (*also, *planned.screens()))
        )
    )


def _open_display(prepared: Prepared, clock: Clock) -> Display:
    request, screen = prepared.request, prepared.study.protocol.screen
    size = request.size or screen.size_px
    if request.no_window:
        return NoWindow(clock, size, screen.refresh_hz)
    from stimuli.window import Window

    texts, social = prepared.kit.texts(), prepared.social
    profiles, own = (None, None) if social is None else (social.profiles, social.own)
    return Window(
        size,
        screen.background,
        lambda true_size: (
            looks_of(prepared.study.protocol, true_size, texts, profiles, own).painter
        ),
        clock,
        screen.refresh_hz,
        fullscreen=request.fullscreen,
        mouse=prepared.study.protocol.devices.mouse,
    )


def _open_keys(
    prepared: Prepared, clock: Clock, stack: ExitStack, mind: Temper | None
) -> tuple[Robot | None, list[Keys]]:
    buttons = prepared.study.protocol.devices.buttons
    keys: list[Keys] = []
    if in_real_time(prepared.request):
        from hardware.keys import KeyReader

        reader = KeyReader(clock, buttons.keys() - set(BOX_BUTTONS))
        stack.callback(reader.close)
        keys.append(reader)
    if prepared.request.robot is None:
        return None, keys
    robot = Robot(
        mind or temper(prepared.request.robot),
        dice(prepared.seed, prepared.request.participant, prepared.request.session, "robot"),
        clock,
        buttons,
        prepared.study.protocol.scales,
    )
    keys.append(robot)
    return robot, keys
