"""One session of one participant: everything is checked, then opened, then run, then closed."""

from __future__ import annotations

import gc
import platform
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

from experiment.catalogue import KINDS, PlannedTask, plan_task
from experiment.chance import dice
from experiment.choices import Social, social_of
from experiment.clock import Clock, RealClock, VirtualClock
from experiment.devices import Devices, Wires, check_wires, wires
from experiment.display import Display, Extent, NoWindow
from experiment.equipment import Keys
from experiment.errors import BadInput, KindredError, ParticipantStopped, SessionAborted
from experiment.kit import Kit, KitIndex
from experiment.kit.for_session import open_kit, shown_before
from experiment.log import LogWriter
from experiment.looks import looks_of
from experiment.plain import to_plain
from experiment.plans.cyberball import foreseen_lines
from experiment.plans.frames import frame_lines
from experiment.plans.plan import PlanInputs
from experiment.plans.shown import Shown
from experiment.player import STOPPED, Player
from experiment.protocol import Protocol
from experiment.protocol.keys import BOX_BUTTONS
from experiment.readlog import read_log
from experiment.register.concerns import may_run
from experiment.rehearsal import screens_of
from experiment.robot import Robot, temper
from experiment.steps import Message, Screen
from experiment.study import Study, check_label, check_writable, open_study
from experiment.version import VERSION
from hardware.priority import raised_priority

_EXTRA_VOLUMES = 5  # that the mock scanner sends past the planned end
_SWITCH = 0.0005  # s; how long another thread may keep Python's lock from the frame loop


@dataclass(frozen=True)
class SessionRequest:
    """What the command line asks for.

    Parameters
    ----------
    study : Path
    participant, session : str
        Labels.
    task : str or None
        One task of the session; None for all.
    port, scanner : str or None
        Port URLs in place of the protocol's; ``none`` for no port.
    echo, marks, marks_file : str or None
        Ports of codes that come back and of PET marks, and a file of marks, in place of the
        protocol's; ``none`` for none.
    robot : str or None
        Name of a robot participant.
    size : tuple of int or None
        Window size (px) in place of the protocol's.
    fullscreen, fast, no_window : bool
    seed : int or None
        In place of the study's own.
    language : str or None
        The participant's, in place of the study's own.
    """

    study: Path
    participant: str
    session: str
    task: str | None = None
    port: str | None = None
    scanner: str | None = None
    robot: str | None = None
    size: tuple[int, int] | None = None
    fullscreen: bool = False
    fast: bool = False
    no_window: bool = False
    seed: int | None = None
    echo: str | None = None
    marks: str | None = None
    marks_file: str | None = None
    language: str | None = None


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


@dataclass(frozen=True)
class Prepared:
    """A session that has been checked and planned; nothing is open or written yet."""

    request: SessionRequest
    study: Study
    kit: Kit
    index: KitIndex
    shown: tuple[Shown, ...]
    social: Social | None
    plans: dict[str, PlannedTask]
    seed: int
    log_file: Path
    wires: Wires
    slot: dict[str, str] | None = None


def window_size(text: str | None) -> tuple[int, int] | None:
    """Return a window size written as ``1280x720``.

    Raises
    ------
    BadInput
        If it isn't written so, or is too small to read on.
    """
    if text is None:
        return None
    width, _, height = text.partition("x")
    digits = text.isascii() and width.isdecimal() and height.isdecimal()
    if not (digits and 320 <= int(width) <= 16384 and 200 <= int(height) <= 16384):
        raise BadInput(f"--window {text!r}: WIDTHxHEIGHT is needed, from 320x200 to 16384x16384")
    return int(width), int(height)


def prepare(request: SessionRequest) -> Prepared:
    """Check a request against study, kit and disk, and make its plans.

    Raises
    ------
    BadInput
        With the first thing that is wrong. Nothing has been written.
    """
    check_label("participant", request.participant)
    check_label("session", request.session)
    if request.seed is not None and request.seed < 0:
        raise BadInput(f"seed {request.seed}: a whole number from 0 is needed")
    if request.robot is not None:
        temper(request.robot)
    if (request.no_window or request.fast) and request.robot is None:
        raise BadInput("without a window, or faster than real time, only a --robot can take part")
    study = open_study(request.study, request.language)
    protocol = study.protocol
    tasks = study.session_tasks(request.session, request.task)
    slot = may_run(study, request.participant, rehearsal=request.robot is not None)
    folder = study.log_folder(request.participant, request.session)
    _check_no_data(folder, tasks, protocol)
    with_messages = any(protocol.tasks[task].shares() for task in tasks)
    kit, index = open_kit(study, request.participant, needed=with_messages)
    shown = shown_before(study, request.participant)
    social = social_of(study, request.participant, tasks)
    people = None if social is None else social.people
    seed = study.seed if request.seed is None else request.seed
    plans = {
        task: plan_task(
            PlanInputs(
                protocol, task, index, request.session, request.participant, seed, shown, people
            )
        )
        for task in tasks
    }
    plugged = wires(
        protocol,
        request.study,
        trigger=request.port,
        scanner=request.scanner,
        echo=request.echo,
        marks=request.marks,
        marks_file=request.marks_file,
    )
    begins = {task: planned.plan.begins for task, planned in plans.items()}
    check_wires(plugged, protocol, begins, fast=request.fast)
    check_writable(folder)
    name = f"sub-{request.participant}_ses-{request.session}"
    if request.task is not None:
        name += f"_task-{request.task}"
    file = _free(folder, name)
    return Prepared(request, study, kit, index, shown, social, plans, seed, file, plugged, slot)


def run(
    prepared: Prepared,
    tell: Callable[[str], None] = lambda _: None,
    hands: Callable[[Clock], Keys] | None = None,
) -> SessionResult:
    """Run a prepared session.

    Parameters
    ----------
    prepared : Prepared
    tell : callable
        Takes one line for the assistant, before the first and after the last frame.
    hands : callable or None
        Makes one more source of key presses, given the session clock.

    Raises
    ------
    KindredError
        If a device can't be opened or the log can't be made; nothing has been written then.
    """
    request, protocol = prepared.request, prepared.study.protocol
    with ExitStack() as stack, _interruptible():
        # First of all: threads and processes have the priority of the one that starts them.
        raised = _in_real_time(request) and stack.enter_context(raised_priority(_rush))
        clock: RealClock | VirtualClock = VirtualClock() if request.fast else RealClock()
        stack.callback(clock.close)
        devices = Devices(prepared.wires, protocol, _mock_volumes(prepared), clock)
        stack.callback(devices.close)
        display = _open_display(prepared, clock)
        stack.callback(display.close)
        robot, keys = _open_keys(prepared, clock, stack)
        keys += devices.keys
        if hands is not None:
            keys.append(hands(clock))
        tell("preparing the screens")
        extents: dict[Screen, Extent] = {}
        also = () if protocol.devices.buttons.stop is None else (STOPPED,)
        for planned in prepared.plans.values():
            try:
                screens = screens_of(planned.play(), (*also, *planned.screens()))
                extents |= display.prepare(screens)
            except ValueError as error:  # says which text does not fit, by its id
                raise BadInput(str(error)) from None
        header = _header(prepared, clock, display, devices)
        header["priority"] = "raised" if raised else "normal"
        header["extents"] = {
            screen.message_id: extent
            for screen, extent in extents.items()
            if isinstance(screen, Message)
        }
        log = stack.enter_context(LogWriter(prepared.log_file, header))
        devices.start(log)
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
            tell=lambda line: clock.call_at(clock.now(), partial(_told, tell, line)),
        )
        for task, planned in prepared.plans.items():
            for line in frame_lines(protocol, task, planned.plan):
                tell(line)
            for line in foreseen_lines(task, planned.plan):
                tell(line)
        tell("running")
        status, reason = _play(player, prepared, clock, log)
        devices.close()
        log.add("anchor", clock.now(), utc=clock.utc())
        log.add("end", clock.now(), status=status, reason=reason)
    return SessionResult(prepared.log_file, status, reason)


def _told(tell: Callable[[str], None], line: str) -> None:
    """Tell the operator something in mid-session; a terminal that is gone must not end it."""
    with suppress(OSError):
        tell(line)


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
    gc.collect()
    gc.freeze()
    gc.disable()  # a collection takes several frames; runs make little garbage
    try:
        for number, (task, planned) in enumerate(prepared.plans.items(), start=1):
            player.before_run()
            log.add("run_begin", clock.now(), task=task, run=number)
            plan = planned.plan
            player.play(planned.play(), plan.pause_grid, plan.planned_duration)
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
    finally:
        gc.enable()
        gc.unfreeze()
    return "complete", None


def _free(folder: Path, name: str) -> Path:
    """Return the name of a new log; that of a session that goes on has a number."""
    file, part = folder / f"{name}.jsonl", 1
    while file.exists():
        part += 1
        file = folder / f"{name}_part-{part:02d}.jsonl"
    return file


def _data_of(log: Path, protocol: Protocol) -> set[str]:
    """Return the tasks that were begun in a log and that can't be run again."""
    again = {task for task, spec in protocol.tasks.items() if KINDS[spec.kind].can_be_continued}
    return {event["task"] for event in read_log(log).of("run_begin")} - again


def _check_no_data(folder: Path, tasks: tuple[str, ...], protocol: Protocol) -> None:
    for log in sorted(folder.glob("*.jsonl")):
        done = sorted(_data_of(log, protocol) & set(tasks))
        if done:
            raise BadInput(
                f"{log}: this session has data for task {done[0]!r} already; nothing is "
                "overwritten. Is this the right participant and session?"
            )


def _mock_volumes(prepared: Prepared) -> int:
    """Return how many volumes a mock scanner sends: all that the longest run can see."""
    tr = prepared.study.protocol.scanner.tr
    longest = max((planned.plan.planned_duration or 0.0) for planned in prepared.plans.values())
    return int(longest / tr) + _EXTRA_VOLUMES


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
    prepared: Prepared, clock: Clock, stack: ExitStack
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
        temper(prepared.request.robot),
        dice(prepared.seed, prepared.request.participant, prepared.request.session, "robot"),
        clock,
        buttons,
        prepared.study.protocol.scales,
    )
    keys.append(robot)
    return robot, keys


def _header(
    prepared: Prepared,
    clock: Clock,
    display: Display,
    devices: Devices,
) -> dict[str, Any]:
    """Return all that replay needs. No text, name or arm is in it."""
    request = prepared.request
    libraries = ("numpy", "pyserial", "pydantic", "psychopy", "psychtoolbox")
    return {
        "software": {"name": "Kindred", "version": VERSION},
        "participant": request.participant,
        "session": request.session,
        "tasks": list(prepared.plans),
        "seed": prepared.seed,
        "utc": clock.utc(),
        "utc_at": round(clock.now(), 6),
        "clock_zero": clock.zero,
        "speed": "fast" if request.fast else "real",
        "robot": request.robot,
        "display": to_plain(display.facts),
        "devices": devices.header(),
        "versions": {
            "python": platform.python_version(),
            "system": platform.platform(),
            **{name: version(name) for name in libraries},
        },
        "kit": to_plain(prepared.index),
        "shown": [to_plain(shown) for shown in prepared.shown],
        **({} if prepared.social is None else {"people": to_plain(prepared.social.people)}),
        "protocol": prepared.study.protocol.model_dump(mode="json"),
        "sources": prepared.study.sources,
        "plans": {task: to_plain(planned.plan) for task, planned in prepared.plans.items()},
        **({} if prepared.slot is None else {"allocation": prepared.slot}),
    }


@contextmanager
def _interruptible() -> Iterator[None]:
    """Have a polite kill end the session as an abort does, and give the frame loop its turn."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise SessionAborted("stopped by the system")

    asked = [signal.SIGTERM]
    if sys.platform != "win32":
        asked.append(signal.SIGHUP)  # the terminal was closed
    before = [signal.signal(number, stop) for number in asked]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    try:
        yield
    finally:
        for number, handler in zip(asked, before, strict=True):
            signal.signal(number, handler)
        sys.setswitchinterval(interval)
