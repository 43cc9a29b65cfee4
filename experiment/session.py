"""One session of one participant: what was prepared is opened, then run, then closed."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from experiment.clock import Clock
from experiment.devices import OpenPort
from experiment.equipment import Keys
from experiment.errors import BadInput, KindredError, ParticipantStopped, SessionAborted
from experiment.interrupts import interruptible
from experiment.log import LogWriter
from experiment.log_header import log_header
from experiment.marks import MarkBook
from experiment.plans.cyberball import foreseen_lines
from experiment.plans.frames import frame_lines, moved_lines
from experiment.player import Player
from experiment.preflight.checks import for_header, stop_at_no_go
from experiment.preflight.line import Line, in_words
from experiment.prepare import Prepared, prepare
from experiment.request import SessionRequest, window_size
from experiment.resume import Interrupted
from experiment.robot import Temper
from experiment.said import Said, words_of
from experiment.screens import Message
from experiment.set_up import SetUp, in_real_time, set_up
from experiment.steady import steady
from experiment.telling import Teller
from hardware.ports import open_port

__all__ = ["Prepared", "SessionRequest", "SessionResult", "prepare", "run", "window_size"]


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
        For the assistant; the log has it in English.
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
    for line in prepared.told:
        tell(line)
    with interruptible() as interrupts, ExitStack() as stack:
        teller = Teller(tell)
        stack.callback(teller.close)
        opened = set_up(prepared, stack, mind, open_trigger)
        clock, devices = opened.clock, opened.devices
        _tell_lines(prepared, opened.lines, tell, language)
        keys = [*opened.keys, *devices.keys, interrupts]
        if hands is not None:
            keys.append(hands(clock))
        tell(Said("run.preparing"))
        header = _header(prepared, opened, _laid_out(opened))
        log = stack.enter_context(LogWriter(prepared.log_file, header))
        devices.start(log)
        if prepared.begun is not None:
            _go_on(prepared.begun, header, devices.book, log, clock)
        player = _player(prepared, opened, keys, log, teller)
        for line in _about_plans(prepared):
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
        status, reason = "failed", Said("ended.log_end")
    return SessionResult(prepared.log_file, status, reason)


def _laid_out(opened: SetUp) -> dict[str, Any]:
    """Lay out all screens, and return how large each message stands, by its id.

    Raises
    ------
    BadInput
        If one does not fit, or no font here has all of it; says which, by its id.
    """
    try:
        extents = opened.display.prepare(opened.screens)
    except ValueError as error:
        raise BadInput(str(error)) from None
    return {
        screen.message_id: extent
        for screen, extent in extents.items()
        if isinstance(screen, Message)
    }


def _header(prepared: Prepared, opened: SetUp, extents: dict[str, Any]) -> dict[str, Any]:
    """Return the log's header: what was prepared, and what was found when it was opened."""
    return {
        **log_header(prepared, opened.clock, opened.display.facts, opened.devices.header()),
        "preflight": for_header(opened.lines, prepared.request.go_anyway),
        "priority": "raised" if opened.raised else "normal",
        "kept_awake": opened.awake,
        "extents": extents,
    }


def _player(
    prepared: Prepared, opened: SetUp, keys: list[Keys], log: LogWriter, teller: Teller
) -> Player:
    protocol, devices = prepared.study.protocol, opened.devices
    return Player(
        clock=opened.clock,
        display=opened.display,
        keys=keys,
        markers=devices.line,
        pulses=devices.pulses,
        log=log,
        buttons=protocol.devices.buttons,
        codes=protocol.markers,
        scales=protocol.scales,
        policies={str(fault): policy for fault, policy in protocol.faults.items()},
        audience=opened.robot,
        marks=devices.book,
        others=devices.others,
        volumes=protocol.scanner.volumes,
        attended=in_real_time(prepared.request),
        tell=teller.tell,
    )


def _about_plans(prepared: Prepared) -> Iterator[str]:
    """Yield what the assistant is told of each run before the first begins."""
    for task, planned in prepared.plans.items():
        yield from frame_lines(prepared.study.protocol, task, planned.plan)
        yield from foreseen_lines(task, planned.plan)


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
    if in_real_time(prepared.request):
        for line in in_words((line for line in lines if line.verdict != "go"), language):
            tell(str(line))
    if prepared.request.live:
        stop_at_no_go(lines, prepared.request.go_anyway)


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
        return "stopped", words_of(error)
    except SessionAborted as error:
        return "aborted", words_of(error)
    except KeyboardInterrupt:
        return "aborted", Said("ended.terminal")
    except KindredError as error:
        log.add("fault", clock.now(), what="device", problem=str(error))
        return "failed", words_of(error)
    except Exception as error:  # noqa: BLE001  the outermost frame: it must close everything
        # An unknown error's message may quote a private text: only its kind and place are kept.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        log.add("fault", clock.now(), what="crash", error=type(error).__name__, where=where)
        return "crashed", Said("ended.crash", kind=type(error).__name__, where=where)
    return "complete", None
