"""From one event to the next: `advance` turns what a log says into where the session stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from analysis.standing import OVER, Block, Fault, Mark, Marker, Phase, Planned, Session, State
from experiment.readlog import Event

_ON_GRID = 0.2  # TR; further off than this, a pulse is no volume's
_FIT = 30  # pulses from which the TR is measured
_NAMES = 16  # markers whose names are remembered until they are sent
_ABOUT_MARKERS = ("marker_not_sent", "marker_not_echoed", "reset_failed")
_ENDED_BY = {
    "scanner_port_back": ("scanner_port_lost",),
    "trigger_port_back": ("trigger_port_lost",),
    "echo_port_back": ("echo_port_lost",),
    "marks_port_back": ("marks_port_lost",),
    "focus": ("focus_lost",),
    "pulses_back": ("stopped", "toggled", "wrong_tr"),
    "pulse": ("stopped",),
}
_EXPLAINS = ("toggled", "wrong_tr")  # what was called a missed volume before was this
_OF_A_RUN = (
    *("pulse_missed", "pulse_extra", "pulse_doubled", "pulse_off_grid", "late_first", "toggled"),
    *("volumes_short", "scan_over", "wrong_tr", "stopped", "pulses_before_wait", "begun_late"),
    "block_interrupted",
)  # told of the scan of one run; the next run has another
_ENDS = {
    "complete": Phase.DONE,
    "aborted": Phase.ABORTED,
    "stopped": Phase.ABORTED,
}  # any other status is a crash


def advance(state: State, events: list[Event], now: float) -> State:
    """Return where the session stands after some more events.

    Parameters
    ----------
    state : State
    events : list of dict
        As `Follower.poll` gave them.
    now : float
        UTC of this computer (s since 1970).
    """
    grew = bool(events) and state.session is not None
    for event in events:
        state = _after(state, event)
    if state.session is None:
        return state
    session = state.session
    if events:
        behind = _behind(state, now - (session.began + state.last), grew=grew)
        state = replace(state, heard=now, behind=behind)
    written = session.began + state.last + (state.behind or 0.0)
    quiet = max(0.0, now - (written if session.keeps_time else state.heard))
    runs_on = session.keeps_time and state.stage not in OVER
    return replace(state, quiet=quiet, now=state.last + (quiet if runs_on else 0.0))


def _behind(state: State, difference: float, *, grew: bool) -> float | None:
    """Learn by how much the two computers' clocks differ: the least that was ever seen.

    A first look can't tell an old log from clocks that differ, unless it lies in the future.
    """
    if not grew and difference >= 0:
        return None
    return difference if state.behind is None else min(state.behind, difference)


def _after(state: State, event: Event) -> State:
    kind = event["type"]
    if kind == "header":
        return State(session=_session(event), stage=Phase.STARTING)
    if state.session is None:
        return state
    if isinstance(event.get("t"), float | int):
        state = replace(state, last=max(state.last, event["t"]))
    if kind in _ENDED_BY:
        state = _mend(state, _ENDED_BY[kind])
    step = _STEPS.get(kind)
    return state if step is None else step(state, event)


def _session(header: Event) -> Session:
    devices = header["devices"]
    at = datetime.fromisoformat(header["utc"]).timestamp()
    scanner = header["protocol"].get("scanner")
    buttons = header["protocol"]["devices"]["buttons"]
    return Session(
        participant=header["participant"],
        session=header["session"],
        began=at - header["utc_at"],
        keeps_time=header["speed"] == "real",
        beats=header["display"]["kind"] == "window",
        robot=header["robot"] is not None,
        tr=None if scanner is None else scanner["tr"],
        volumes=None if scanner is None else scanner.get("volumes"),
        pause_key=" or ".join(buttons["pause"]),
        abort_keys=" and ".join(buttons["abort"]["keys"]),
        has_scanner=devices["scanner"] is not None,
        has_port=devices["trigger"] is not None,
        has_echo=devices.get("echo") is not None,  # logs before there were echo lines
        runs=tuple(_runs(header)),
    )


def _runs(header: Event) -> Iterator[Planned]:
    # A part that goes on has the plans of what is left, and says which runs these are.
    left = header.get("resumed", {}).get("runs", {})
    for place, (task, plan) in enumerate(header["plans"].items(), start=1):
        run = left.get(task, {"run": place, "done": 0})
        yield _planned(task, plan, run["run"], run["done"])


def _planned(task: str, plan: dict[str, Any], number: int, done: int) -> Planned:
    ends = plan.get("closing_ends") or {}
    timed = ends.get("kind") == "at"
    return Planned(
        task=task,
        number=number,
        done=done,
        duration=ends["time"] if timed else None,
        trials=done + len(plan.get("trials") or ()),
        has_volumes=(plan.get("begins") or {}).get("kind") == "on_pulse",
        blocks=tuple(
            Block(block["number"], block["condition"], block["begins"], block["ends"])
            for block in plan.get("blocks") or ()
        ),
    )


def _run_begin(state: State, event: Event) -> State:
    faults = (
        replace(fault, over=True, earlier_run=fault.earlier_run or state.run)
        if fault.name in _OF_A_RUN and state.run
        else fault
        for fault in state.faults
    )
    return replace(
        state,
        stage=Phase.STARTING,
        faults=tuple(faults),
        run=event["run"] if "run" in event else state.run + 1,
        zero=None,
        shift=0.0,
        trial=0,
        volumes=0,
        slot=0,
        slot_at=None,
        first="unknown",
        pulses=(),
        held_since=None,
    )


def _run_end(state: State, event: Event) -> State:  # noqa: ARG001
    return replace(state, stage=Phase.STARTING)


def _step(state: State, event: Event) -> State:
    step = event["step"]
    trial = step.get("trial")
    resting = step["ends"]["kind"] == "at"
    if step["screen"].get("kind") == "waiting" and not resting:
        return replace(state, stage=Phase.WAITING, awaits=_awaited(step["ends"]))
    if trial is not None:
        return replace(state, stage=Phase.RUNNING, trial=trial)
    begun = state.stage in (Phase.WAITING, Phase.RUNNING, Phase.HOLD)
    return replace(state, stage=Phase.RUNNING) if begun else state


def _awaited(ends: dict[str, Any]) -> str:
    return "pulse" if ends["kind"] == "on_pulse" else str(ends.get("mark", "key"))


def _run_zero(state: State, event: Event) -> State:
    if event["source"] == "first_flip" and state.zero is not None:
        return state
    begun = event["source"] != "first_flip"
    stage = Phase.RUNNING if begun else state.stage
    zero = event["t"] if begun else None
    state = replace(state, stage=stage, zero=zero, volumes=0, slot=0, slot_at=None)
    for t in state.pulses:
        state = _volume(state, t)
    return state


def _pulse(state: State, event: Event) -> State:
    pulses = (*state.pulses, event["t"])[-_FIT:]
    return _volume(replace(state, pulses=pulses), event["t"])


def _volume(state: State, t: float) -> State:
    """Give a pulse its place on the run's grid, if it has one that is still free."""
    if state.zero is None or t < state.zero or state.run == 0:
        return state
    tr = state.session.tr if state.session is not None else None
    if state.slot_at is None or not tr:
        return replace(state, volumes=state.volumes + 1, slot=state.slot + 1, slot_at=t)
    steps = round((t - state.slot_at) / tr)
    if steps < 1 or abs(t - state.slot_at - steps * tr) > _ON_GRID * tr:
        return state
    return replace(state, volumes=state.volumes + 1, slot=state.slot + steps, slot_at=t)


def _pulse_count(state: State, event: Event) -> State:
    return replace(state, first=event["first"])


def _marker_planned(state: State, event: Event) -> State:
    return replace(state, names=(*state.names, (event["n"], event["name"]))[-_NAMES:])


def _marker_sent(state: State, event: Event) -> State:
    name = _name(state, event["n"]) or str(event["code"])
    marker = Marker(name, event["code"], event["ended"] - event["t"])
    state = replace(state, marker=marker, sent=state.sent + 1)
    return _with_fault(state, "marker_queued", event["begun"], name) if event["queued"] else state


def _marker_echo(state: State, event: Event) -> State:  # noqa: ARG001
    return replace(state, echoed=state.echoed + 1)


def _mark(state: State, event: Event) -> State:
    if event["again"]:
        return state
    mark = Mark(event["name"], event["origin"], event["t"])
    others = tuple(one for one in state.marks if one.name != mark.name)
    return replace(state, marks=(*others, mark))


def _name(state: State, number: int | None) -> str | None:
    return next((name for n, name in reversed(state.names) if n == number), None)


def _fault(state: State, event: Event) -> State:
    name = str(event["what"])
    if name in _ENDED_BY:
        return _mend(state, _ENDED_BY[name])
    if name == "late_first" and not event.get("certain", True):
        name = "volumes_short"  # logs in which the count was taken for more than it is
    if name in _EXPLAINS:
        state = _mend(state, ("pulse_missed",))
    last = state.last if event["t"] is None else event["t"]
    marker = _name(state, event.get("n")) if name in _ABOUT_MARKERS else None
    unsent = state.unsent + (name == "marker_not_sent")
    return replace(_with_fault(state, name, last, marker), unsent=unsent)


def _with_fault(state: State, name: str, t: float, marker: str | None) -> State:
    before = next((fault for fault in state.faults if fault.name == name), None)
    others = tuple(fault for fault in state.faults if fault.name != name)
    fault = Fault(name, 1 + (before.count if before else 0), t, marker)
    return replace(state, faults=(fault, *others))


def _mend(state: State, names: tuple[str, ...]) -> State:
    if all(fault.name not in names or fault.over for fault in state.faults):
        return state
    faults = (replace(fault, over=fault.over or fault.name in names) for fault in state.faults)
    return replace(state, faults=tuple(faults))


def _pause_asked(state: State, event: Event) -> State:
    return replace(state, hold_asked=event["on"], hold_fault=event.get("fault"))


def _pause(state: State, event: Event) -> State:
    return replace(state, stage=Phase.HOLD, held_since=event["t"])


def _continue(state: State, event: Event) -> State:
    return replace(state, stage=Phase.RUNNING, held_since=None, shift=event["shift"])


def _end(state: State, event: Event) -> State:
    return replace(state, stage=_ENDS.get(event["status"], Phase.CRASHED), held_since=None)


def _stop(state: State, event: Event) -> State:
    fault = Fault("participant_stopped", 1, event["t"])
    return replace(state, faults=(fault, *state.faults))


_STEPS = {
    "run_begin": _run_begin,
    "run_end": _run_end,
    "step": _step,
    "run_zero": _run_zero,
    "pulse": _pulse,
    "pulse_count": _pulse_count,
    "marker_planned": _marker_planned,
    "marker_sent": _marker_sent,
    "marker_echo": _marker_echo,
    "mark": _mark,
    "fault": _fault,
    "pause_asked": _pause_asked,
    "pause": _pause,
    "continue": _continue,
    "stop": _stop,
    "end": _end,
}
