"""One session of one participant: what was prepared is opened, then run, then closed."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from experiment.chance import dice
from experiment.clock import Clock, RealClock, VirtualClock
from experiment.devices import Devices, OpenPort
from experiment.display import Display, NoWindow
from experiment.equipment import Keys
from experiment.errors import BadInput, KindredError, ParticipantStopped, SessionAborted
from experiment.interrupts import interruptible
from experiment.log import LogWriter
from experiment.log_header import log_header
from experiment.looks import looks_of
from experiment.marks import MarkBook
from experiment.plans.cyberball import foreseen_lines
from experiment.plans.frames import frame_lines, moved_lines
from experiment.player import STOPPED, Player
from experiment.preflight.checks import (
    Checks,
    dealt_lines,
    for_header,
    stop_at_no_go,
)
from experiment.preflight.line import Line, in_words
from experiment.preflight.opened import about_inputs, screen_facts
from experiment.preflight.screen import judge_screen
from experiment.prepare import Prepared, prepare
from experiment.protocol.keys import BOX_BUTTONS
from experiment.rehearsal import screens_of
from experiment.request import SessionRequest, window_size
from experiment.resume import (
    Interrupted,
    when_resumed,
)
from experiment.robot import Robot, Temper, temper
from experiment.running import held
from experiment.said import Said
from experiment.screens import Message, Screen
from experiment.steady import steady
from experiment.telling import Teller
from hardware.awake import kept_awake
from hardware.ports import open_port
from hardware.priority import raised_priority

__all__ = ["Prepared", "SessionRequest", "SessionResult", "prepare", "run", "window_size"]

_EXTRA_VOLUMES = 5  # that the mock scanner sends past the planned end


@dataclass(frozen=True)
class SessionResult:
    """How a session ended.

    Parameters
    ----------
    log : Path
    status : str
        ``complete``, ``stopped`` (by the participant), ``aborted``, ``failed`` (a device) or
        ``crashed`` (a bug).
    reason : str or None
    """

    log: Path
    status: str
    reason: str | None


def run(
    prepared: Prepared,
    tell: Callable[[str], None] = lambda _: None,
    hands: Callable[[Clock], Keys] | None = None,
    mind: Temper | None = None,
    language: str = "en",
    open_trigger: OpenPort = open_port,
) -> SessionResult:
    """Run a prepared session.

    Parameters
    ----------
    prepared : Prepared
    tell : callable
        Takes one line for the assistant, before the first and after the last frame.
    hands : callable or None
        Makes one more source of key presses, given the session clock.
    mind : Temper or None
        How the robot answers, in place of the temper of its name. It is nowhere in the log: a
        simulation gives an effect of the arm this way.
    language : str
        The assistant's.
    open_trigger : callable
        Opens the trigger port, given its URL: for a device that no URL names.

    Raises
    ------
    KindredError
        If a device can't be opened or the log can't be made; nothing has been written then.
    """
    request, protocol = prepared.request, prepared.study.protocol
    for line in prepared.told:
        tell(line)
    with interruptible() as interrupts, ExitStack() as stack:
        teller = Teller(tell)
        stack.callback(teller.close)
        name = f"sub-{request.participant}_ses-{request.session}"
        stack.enter_context(held(prepared.study.folder, name))
        awake = stack.enter_context(
            kept_awake(_in_real_time(request) and protocol.devices.keep_awake)
        )
        # First of all: threads and processes have the priority of the one that starts them.
        raised = _in_real_time(request) and stack.enter_context(raised_priority(_rush))
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
        lines = checks.lines(about)
        _tell_lines(prepared, lines, tell, language)
        keys += [*devices.keys, interrupts]
        if hands is not None:
            keys.append(hands(clock))
        tell(Said("run.preparing"))
        try:
            extents = display.prepare(screens)
        except ValueError as error:  # says by its id what does not fit, or no font here has
            raise BadInput(str(error)) from None
        header = log_header(prepared, clock, display.facts, devices.header())
        header["preflight"] = for_header(lines, request.go_anyway)
        header["priority"] = "raised" if raised else "normal"
        header["kept_awake"] = awake
        header["extents"] = {
            screen.message_id: extent
            for screen, extent in extents.items()
            if isinstance(screen, Message)
        }
        log = stack.enter_context(LogWriter(prepared.log_file, header))
        devices.start(log)
        if prepared.begun is not None:
            _go_on(prepared.begun, header, devices.book, log, clock)
        player = Player(
            clock=clock,
            display=display,
            keys=keys,
            markers=devices.line,
            pulses=devices.pulses,
            log=log,
            buttons=protocol.devices.buttons,
            codes=protocol.markers,
            scales=protocol.scales,
            policies={str(fault): policy for fault, policy in protocol.faults.items()},
            audience=robot,
            marks=devices.book,
            others=devices.others,
            volumes=protocol.scanner.volumes,
            attended=_in_real_time(request),
            tell=teller.tell,
        )
        for task, planned in prepared.plans.items():
            for line in frame_lines(protocol, task, planned.plan):
                tell(line)
            for line in foreseen_lines(task, planned.plan):
                tell(line)
        tell(Said("run.running"))
        interrupts.wait_for_loop()
        with steady():
            status, reason = _play(player, prepared, clock, log)
        interrupts.heed_no_more()
        devices.close()
        log.add("anchor", clock.now(), utc=clock.utc())
        log.add("end", clock.now(), status=status, reason=reason)
    if status == "complete" and log.failure is not None:  # only its last lines
        status, reason = "failed", "the end of the log can't be written"
    return SessionResult(prepared.log_file, status, reason)


def _go_on(
    begun: Interrupted, header: dict[str, Any], book: MarkBook, log: LogWriter, clock: Clock
) -> None:
    """Write down that the session was interrupted, and make what was marked before known."""
    resumed = header["resumed"]
    log.add("resumed", clock.now(), part=resumed["part"], gap=resumed["gap"])
    begun.put_marks(book, header)


def _tell_lines(
    prepared: Prepared, lines: Sequence[Line], tell: Callable[[str], None], language: str
) -> None:
    """Tell what isn't a go, and end a session with data that must not begin."""
    if _in_real_time(prepared.request):
        for line in in_words((line for line in lines if line.verdict != "go"), language):
            tell(str(line))
    if prepared.request.live:
        stop_at_no_go(lines, prepared.request.go_anyway)


def _rush(on: bool) -> bool:
    from stimuli.window import rush

    return rush(on)


def _in_real_time(request: SessionRequest) -> bool:
    """Whether somebody may sit in front of a window."""
    return not request.no_window and not request.fast


def _play(
    player: Player, prepared: Prepared, clock: Clock, log: LogWriter
) -> tuple[str, str | None]:
    """Play all runs; the outermost frame, where a fault is logged and everything still closes."""
    try:
        for task, planned in prepared.plans.items():
            number = prepared.run_number(task)
            player.before_run()
            log.add("run_begin", clock.now(), task=task, run=number)
            plan = planned.plan
            player.play(
                planned.play(),
                plan.pause_grid,
                plan.planned_duration,
                whole=prepared.is_whole(task),
                moved=partial(moved_lines, prepared.study.protocol, task, plan),
            )
            log.add("run_end", clock.now(), task=task, run=number)
    except ParticipantStopped as error:
        return "stopped", str(error)
    except SessionAborted as error:
        return "aborted", str(error)
    except KeyboardInterrupt:
        return "aborted", "stopped from the terminal"
    except KindredError as error:
        log.add("fault", clock.now(), what="device", problem=str(error))
        return "failed", str(error)
    except Exception as error:  # noqa: BLE001  the outermost frame: it must close everything
        # An unknown error's message may quote a private text: only its kind and place are kept.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        log.add("fault", clock.now(), what="crash", error=type(error).__name__, where=where)
        return "crashed", f"{type(error).__name__} at {where}"
    return "complete", None


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
    if _in_real_time(prepared.request):
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
