"""What is plugged in: ports, their latency timers, echo, the scanner's pulses, the button box."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from experiment.clock import RealClock
from experiment.devices import Wires
from experiment.errors import KindredError
from experiment.preflight.line import Line, Verdict
from experiment.protocol import Protocol
from experiment.protocol.keys import BOX_BUTTONS
from experiment.said import Said, words_of
from hardware.echo import try_port
from hardware.port_holders import PROGRAMS
from hardware.port_list import ADAPTERS, PortInfo, look_at
from hardware.port_url import parse_port
from hardware.pulses import open_scanner

_TR = 0.05  # by how much the pulses' rhythm may differ from the protocol's


@dataclass(frozen=True)
class PortFacts:
    """A port that the session needs.

    Parameters
    ----------
    role : str
        ``trigger``, ``scanner``, ``echo`` or ``marks``.
    address : str
    there : bool
        Whether there is such a device.
    info : PortInfo or None
        What is known of it; None where it isn't there, or is no serial port of this machine.
    """

    role: str
    address: str
    there: bool
    info: PortInfo | None


@dataclass(frozen=True)
class EchoFacts:
    """What came of sending a pattern.

    Parameters
    ----------
    wired : bool
    sent, lost, strange : int
        Codes.
    problem : str or None
        Why it could not be tried.
    resumed : bool
        Whether the session goes on: a scan may be running, into which no test code belongs.
    """

    wired: bool
    sent: int = 0
    lost: int = 0
    strange: int = 0
    problem: str | None = None
    resumed: bool = False


@dataclass(frozen=True)
class HeardFacts:
    """What came from the scanner's port while it was listened to.

    Parameters
    ----------
    wired, box : bool
        Whether there is a scanner port, and whether the participant's buttons come with its pulses.
    seconds : float
        How long it was listened to.
    pulses : tuple of float
        Times (s).
    buttons : tuple of str
        Which were pressed.
    tr : float
        As the protocol has it (s).
    problem : str or None
        Why it could not be listened to.
    needed : bool
        Whether a run of the session waits for a pulse.
    """

    wired: bool
    box: bool
    seconds: float
    pulses: tuple[float, ...] = ()
    buttons: tuple[str, ...] = ()
    tr: float = 2.0
    problem: str | None = None
    needed: bool = False


def gather_ports(
    plugged: Wires, adapters: Path = ADAPTERS, programs: Path = PROGRAMS
) -> list[PortFacts]:
    """Look at each port that the session needs, without opening it for longer than a moment.

    Parameters
    ----------
    plugged : Wires
    adapters, programs : Path
        Where Linux shows USB adapters, and programs with their open files.
    """
    wired = {
        "trigger": plugged.trigger,
        "scanner": plugged.scanner,
        "echo": plugged.echo,
        "marks": plugged.marks,
    }
    facts: list[PortFacts] = []
    for role, url in wired.items():
        if url is None:
            continue
        address = parse_port(url).address
        on_disk = address.startswith("/")
        there = Path(address).exists() if on_disk else True
        if any(one.address == address for one in facts):
            continue  # a loop-back cable: one port for two
        info = look_at(address, adapters, programs) if on_disk and there else None
        facts.append(PortFacts(role, address, there, info))
    return facts


def judge_ports(facts: Collection[PortFacts]) -> list[Line]:
    """Judge each port, and its latency timer if it has one."""
    lines = []
    if all(port.role != "trigger" for port in facts):
        lines.append(Line("ports", "go", "none"))
    for port in facts:
        values = {"role": Said(f"roles.{port.role}"), "address": port.address}
        info = port.info
        if not port.there:
            lines.append(Line("ports", "no-go", "missing", values))
        elif info is not None and info.state == "busy":
            lines.append(Line("ports", "no-go", "busy", {**values, "by": info.detail or "?"}))
        elif info is not None and info.detail.startswith("not allowed"):
            lines.append(Line("ports", "no-go", "forbidden", values))
        else:
            lines.append(Line("ports", "go", "there", values))
        if info is not None and info.latency_ms is not None:
            late = {**values, "ms": info.latency_ms, "mend": info.mend}
            good = info.warning is None
            lines.append(
                Line("latency", "go" if good else "warning", "1" if good else "long", late)
            )
    return lines


def gather_echo(plugged: Wires, *, resumed: bool) -> EchoFacts:
    """Send the test pattern once, if its codes come back.

    Parameters
    ----------
    plugged : Wires
    resumed : bool
        Whether a session goes on: a scan may be running, into which no test code belongs.
    """
    if plugged.echo is None or plugged.trigger is None:
        return EchoFacts(wired=False)
    if resumed:
        return EchoFacts(wired=True, resumed=True)
    try:
        result = try_port(plugged.trigger, echo=plugged.echo, times=1)
    except KindredError as error:
        return EchoFacts(wired=True, problem=words_of(error))
    return EchoFacts(True, len(result.sent), len(result.lost), len(result.strange))


def judge_echo(facts: EchoFacts) -> Line:
    """Judge whether codes arrive as they are sent."""
    values = {"sent": facts.sent, "lost": facts.lost, "strange": facts.strange}
    if not facts.wired:
        return Line("echo", "go", "none")
    if facts.resumed:
        return Line("echo", "go", "resumed")
    if facts.problem is not None:
        return Line("echo", "warning", "untried", {"why": facts.problem})
    if facts.lost or facts.strange:
        return Line("echo", "no-go", "wrong", values)
    return Line("echo", "go", "good", values)


def listen(
    plugged: Wires, protocol: Protocol, seconds: float, tasks: Iterable[str] = ()
) -> HeardFacts:
    """Listen to the scanner's port.

    Parameters
    ----------
    plugged : Wires
    protocol : Protocol
    seconds : float
        At most so long: less if pulses enough and a button have come.
    tasks : iterable of str
        That are to be run.
    """
    needed = any(protocol.tasks[task].awaits == "pulse" for task in tasks)
    box = has_box(protocol)
    tr = protocol.scanner.tr
    if plugged.scanner is None:
        return HeardFacts(False, box, 0.0, tr=tr, needed=needed)
    clock = RealClock()
    keys = protocol.devices.buttons.keys()
    pulses: list[float] = []
    buttons: list[str] = []
    try:
        source = open_scanner(
            plugged.scanner, clock, lambda *_, **__: None, tr, volumes=1000, taken=keys
        )
        began = clock.now()
        try:
            while clock.now() - began < seconds and (len(pulses) < 3 or (box and not buttons)):
                time.sleep(0.02)
                pulses += [pulse.t for pulse in source.poll()]
                events = source.keys()
                buttons += [event.key for event in events if event.down]
            heard = round(clock.now() - began, 1)
        finally:
            source.close()
    except KindredError as error:
        return HeardFacts(True, box, 0.0, tr=tr, problem=words_of(error))
    finally:
        clock.close()
    return HeardFacts(True, box, heard, tuple(pulses), tuple(dict.fromkeys(buttons)), tr)


def judge_marks(plugged: Wires, protocol: Protocol, tasks: Iterable[str]) -> list[Line]:
    """Judge whether the marks that a PET session's runs wait for can be made; none if none does."""
    awaited = dict.fromkeys(protocol.tasks[task].awaits for task in tasks)
    lines = []
    for mark in awaited:
        if mark is not None and mark != "pulse":
            made = plugged.bring(mark, protocol)
            verdict: Verdict = "go" if made else "no-go"
            lines.append(Line("marks", verdict, "made" if made else "unmade", {"mark": mark}))
    return lines


def has_box(protocol: Protocol) -> bool:
    """Whether the participant's buttons may come with the scanner's pulses."""
    return bool(protocol.devices.buttons.keys() & set(BOX_BUTTONS))


def judge_pulses(facts: HeardFacts, *, before_run: bool = False) -> Line:
    """Judge whether the scanner's pulses arrive, in the rhythm that the protocol says.

    Parameters
    ----------
    facts : HeardFacts
    before_run : bool
        Whether a run is about to begin: until it waits for them, there ought to be none.
    """
    if not facts.wired:
        if facts.needed:
            return Line("pulses", "no-go", "unplugged")
        return Line("pulses", "go", "none")
    if facts.problem is not None:
        return Line("pulses", "no-go", "deaf", {"why": facts.problem})
    values: dict[str, float] = {"seconds": facts.seconds, "count": len(facts.pulses)}
    if not facts.pulses:
        if before_run:
            return Line("pulses", "go", "quiet")
        return Line("pulses", "warning", "silent", values)
    if len(facts.pulses) < 2:
        return Line("pulses", "go", "seen", values)
    gaps = sorted(b - a for a, b in zip(facts.pulses, facts.pulses[1:], strict=False))
    rhythm = gaps[len(gaps) // 2]
    values |= {"tr": facts.tr, "found": round(rhythm, 3)}
    if abs(rhythm / facts.tr - 1) > _TR:
        return Line("pulses", "no-go", "other_tr", values)
    return Line("pulses", "go", "in_time", values)


def judge_buttons(facts: HeardFacts, keyboards: int | None) -> Line:
    """Judge whether the participant can answer.

    Parameters
    ----------
    facts : HeardFacts
    keyboards : int or None
        How many are plugged in; None where nobody looked.
    """
    if facts.wired and facts.box and facts.problem is None:
        values: Mapping[str, str | float] = {
            "buttons": ", ".join(facts.buttons),
            "seconds": facts.seconds,
        }
        if facts.buttons:
            return Line("buttons", "go", "pressed", dict(values))
        return Line("buttons", "warning", "untried", dict(values))
    if keyboards is None:
        return Line("buttons", "warning", "unknown")
    if keyboards == 0:
        return Line("buttons", "no-go", "none")
    return Line("buttons", "go", "keyboard", {"count": keyboards})
