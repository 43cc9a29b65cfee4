"""Going on with a session that was interrupted: by a crash, a power cut, or somebody's abort.

All that is needed is in the logs of its parts: the first one's header has plan and seed, and the
task itself, given the logged outcomes again, says where it stands.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from experiment.anchors import Tie, tie_between, utc_of
from experiment.catalogue import KINDS, PlannedTask, planned_from, rest_of
from experiment.errors import BadInput
from experiment.events import MARKS
from experiment.kit import KitIndex
from experiment.marks import MarkBook
from experiment.parts import chains, is_over, parts_up_to
from experiment.people import People
from experiment.plain import from_plain, to_plain
from experiment.plans.rest import Rest
from experiment.plans.shown import Shown
from experiment.protocol import Protocol
from experiment.protocol.task import Resume
from experiment.readlog import Event, SessionLog, header_of, read_log
from experiment.runs import played, runs_of
from experiment.said import Said, listed, named

TO_BE_READY = 20.0
"""From the command to the first trial of a PET run (s): checks, window, screens."""
_VIRTUAL_GAP = timedelta(seconds=60)
_FREE_TO_CHANGE = {"devices", "faults", "notes"}  # a box that broke is replaced, and one goes on


@dataclass(frozen=True)
class RunLeft:
    """A run that is still to be done, or to be gone on with.

    Parameters
    ----------
    run : int
        Place in the session, from 1, the same in all parts.
    way : str
        What it goes on with: ``trial`` or ``block`` (the one that was not finished), or ``run``:
        as a whole, for the first time or again.
    done : int
        How many of its trials were done in the parts before and aren't shown again.
    again : tuple of int
        Numbers of trials that were begun before and are shown again.
    ready : float or None
        As in `experiment.plans.rest.Rest`: only of a run that came to its zero.
    block : int or None
        The block in the middle of which it goes on; None if that is between blocks.
    """

    run: int
    way: Resume
    done: int
    again: tuple[int, ...] = ()
    ready: float | None = None
    block: int | None = None

    @property
    def rest(self) -> Rest:
        """Where its plan goes on."""
        return Rest(self.done, self.ready, again=self.way == "run")


@dataclass(frozen=True)
class Mark:
    """A mark that counts, the first one of its name.

    Parameters
    ----------
    t : float
        When it happened (s), on the clock of some part.
    uncertainty : float or None
        How sure that is (s), where it was made in another part; None if nobody knows.
    """

    t: float
    uncertainty: float | None

    def moved(self, tie: Tie) -> Mark:
        """Return it on the clock of a later part."""
        sure = None
        if self.uncertainty is not None and tie.uncertainty is not None:
            sure = self.uncertainty + tie.uncertainty
        return Mark(round(self.t + tie.offset, 6), sure)


@dataclass(frozen=True)
class Interrupted:
    """A session that was interrupted, as its parts tell it.

    Parameters
    ----------
    parts : tuple of SessionLog
    runs : dict of str to RunLeft
        By task, in the session's order.
    """

    parts: tuple[SessionLog, ...]
    runs: Mapping[str, RunLeft]

    @property
    def header(self) -> Event:
        """The first part's header."""
        return self.parts[0].header

    @property
    def number(self) -> int:
        """The part that comes next."""
        return len(self.parts) + 1

    @property
    def ended(self) -> datetime:
        """When the last thing was written that is known of it (UTC)."""
        return _end_of(self.parts[-1])

    @property
    def seed(self) -> int:
        """The seed of its plans."""
        return int(self.header["seed"])

    @property
    def shown(self) -> tuple[Shown, ...]:
        """What the participant had seen before the session."""
        return tuple(from_plain(Shown, shown) for shown in self.header["shown"])

    @property
    def people(self) -> People | None:
        """The profile set and the choices as they were when the session began."""
        known = self.header.get("people")
        return None if known is None else from_plain(People, known)

    def tie(self, header: Event) -> Tie:
        """Return how the clock of a part that goes on relates to the last part's."""
        return tie_between(self.parts[-1].header, header)

    def told(self, header: Event) -> dict[str, Any]:
        """Return what the header of the part that goes on says about the parts before."""
        last = self.parts[-1]
        gap = datetime.fromisoformat(header["utc"]) - self.ended
        tie = self.tie(header)
        return {
            "part": self.number,
            "before": {
                "file": last.file.name,
                "digest": last.digest,
                "status": last.status,
                "torn": last.torn,
            },
            "gap": round(gap.total_seconds(), 3),
            "clock": to_plain(tie),
            "runs": {task: to_plain(run) for task, run in self.runs.items()},
        }

    def put_marks(self, book: MarkBook, header: Event) -> None:
        """Make the marks of the parts before known to the part that goes on.

        An injection isn't repeated; where it lies on the new clock is as sure as the tie between
        the two clocks, which each mark tells as its `uncertainty` (s; None if nobody knows).
        """
        tie = self.tie(header)
        for name, mark in _marks_of(self.parts).items():
            moved = mark.moved(tie)
            book.note(name, moved.t, "part_before", uncertainty=moved.uncertainty)


def interrupted_session(folder: Path, name: str, tasks: Collection[str], fast: bool) -> Interrupted:
    """Find the session that is to be gone on with.

    Parameters
    ----------
    folder : Path
        Of the session's logs.
    name : str
        What its logs begin with.
    tasks : collection of str
        What the session needs: an optional task that was interrupted by itself is gone on with only
        if none of these was.
    fast : bool
        Whether it goes on on a virtual clock.

    Raises
    ------
    BadInput
        If there is none, it is complete, or a part of it can't be read.
    """
    found = [chain for chain in chains(folder.glob("*.jsonl")) if chain[0].stem.startswith(name)]
    open_ones = [chain for chain in found if not is_over(chain)]
    if not found:
        raise BadInput(Said("refused.not_begun", folder=folder))
    if not open_ones:
        raise BadInput(Said("refused.complete", log=found[-1][-1]))
    open_ones = [chain for chain in open_ones if _is_of(chain[0], tasks)] or open_ones
    if len(open_ones) > 1:
        names = ", ".join(chain[-1].name for chain in open_ones)
        raise BadInput(Said("refused.several_open", folder=folder, names=names))
    parts = parts_up_to(read_log(open_ones[0][-1]))
    for part in parts:
        if part.broken_at is not None:
            raise BadInput(Said("refused.log_edited", log=part.file, line=part.broken_at))
    now = _virtual_now(parts[-1]) if fast else datetime.now(timezone.utc)
    return standing(parts, now)


def when_resumed(begun: Interrupted | None) -> datetime | None:
    """Return when a session on a virtual clock goes on (UTC): a minute behind its last part."""
    return None if begun is None else _virtual_now(begun.parts[-1])


def standing(parts: Sequence[SessionLog], now: datetime | None = None) -> Interrupted:
    """Return where a session stands after its parts.

    Parameters
    ----------
    parts : sequence of SessionLog
        In order.
    now : datetime or None
        When it goes on (UTC); None if only what was done matters.

    Raises
    ------
    BadInput
        If nothing is left of it.
    """
    header = parts[0].header
    protocol = Protocol.model_validate(header["protocol"])
    runs = {task: RunLeft(number, "run", 0) for number, task in enumerate(header["tasks"], start=1)}
    zeros: dict[str, str] = {}  # the marks from which runs count, by task
    for part in parts:
        resumed = part.header.get("resumed")
        for task, events in runs_of(part).items():
            zeros.update((task, event["source"]) for event in events if _is_mark(event))
            planned = planned_from(protocol, task, part.header["plans"][task])
            before = 0 if resumed is None else resumed["runs"][task]["done"]
            left = _left(planned, events, runs[task].run, before, protocol.tasks[task].resume)
            if left is None:
                del runs[task]
            else:
                runs[task] = left
    if not runs:
        raise BadInput(Said("refused.complete", log=parts[-1].file))
    if now is not None:
        for task in zeros.keys() & runs.keys():
            runs[task] = replace(runs[task], ready=_ready(zeros[task], parts, now))
    return Interrupted(tuple(parts), runs)


def check_same(begun: Interrupted, protocol: Protocol, index: KitIndex) -> list[str]:
    """Make sure that study and kit are those with which the session began.

    Returns
    -------
    list of str
        What has changed and may change.

    Raises
    ------
    BadInput
        If anything that decides what is shown, or when, has changed.
    """
    before = Protocol.model_validate(begun.header["protocol"]).model_dump(mode="json")
    changed = _changed(before, protocol.model_dump(mode="json"))
    decisive = [path for path in changed if path.split(".")[0] not in _FREE_TO_CHANGE]
    if decisive:
        places = listed(decisive[:3] + ["..."] * (len(decisive) > 3))
        raise BadInput(Said("refused.study_changed", places=places))
    if from_plain(KitIndex, begun.header["kit"]) != index:
        raise BadInput(Said("refused.kit_changed"))
    return [Said("run.changed", path=path) for path in changed]


def check_plans(begun: Interrupted, plans: Mapping[str, PlannedTask]) -> None:
    """Make sure that the plans of a session are still those with which it began.

    Raises
    ------
    BadInput
        If not: the software has changed since.
    """
    for task, planned in plans.items():
        if to_plain(planned.plan) != begun.header["plans"][task]:
            version = begun.header["software"]["version"]
            raise BadInput(Said("refused.plan_changed", task=task, version=version))


def rests(begun: Interrupted, plans: Mapping[str, PlannedTask]) -> dict[str, PlannedTask]:
    """Return what is left of the plans of a session."""
    return {task: rest_of(plans[task], left.rest) for task, left in begun.runs.items()}


def describe(begun: Interrupted) -> list[str]:
    """Return what the assistant is told before a session goes on."""
    last = begun.parts[-1]
    words = {"log": last.file.name, "status": named("status", last.status), "part": begun.number}
    lines: list[str] = [Said("run.going_on", **words)]
    for task, left in begun.runs.items():
        trials = len(begun.header["plans"][task].get("trials", ()))
        if not left.rest.whole:
            lines.append(Said("run.trials_left", task=task, done=left.done, trials=trials))
        elif left.again:
            lines.append(Said("run.again", task=task, count=len(left.again)))
        else:
            lines.append(Said("run.from_its_beginning", task=task))
    return lines


def _end_of(log: SessionLog) -> datetime:
    times = [event["t"] for event in log.events if event["t"] is not None]
    return utc_of(log.header, max(times, default=log.header["utc_at"]))


def _virtual_now(last: SessionLog) -> datetime:
    return _end_of(last) + _VIRTUAL_GAP


def _is_of(log: Path, tasks: Collection[str]) -> bool:
    return not set(header_of(log)["tasks"]).isdisjoint(tasks)


def _left(
    planned: PlannedTask, events: Sequence[Event], run: int, before: int, way: Resume
) -> RunLeft | None:
    """Return what is left of a run that was begun; None if nothing is."""
    if any(event["type"] == "run_end" for event in events):
        return None
    over, following = played(planned, events)
    if following is None:
        return None
    begun = list(dict.fromkeys(step.trial for step in over if step.trial is not None))
    shown = [e["step"]["trial"] for e in events if e["type"] == "step"]
    begun = list(dict.fromkeys([*begun, *(number for number in shown if number is not None)]))
    finished = [number for number in begun if number != following.trial]
    if way == "run" or KINDS[planned.kind].rest is None:
        return RunLeft(run, "run", 0, again=tuple(begun))
    if way == "block" and following.block is not None:
        of_block = {step.trial for step in over if step.block == following.block}
        finished = [number for number in finished if number not in of_block]
    again = tuple(number for number in begun if number not in finished)
    inside = None
    if way == "trial":
        seen = {event["step"].get("block") for event in events if event["type"] == "step"}
        inside = following.block if following.block in seen else None
    return RunLeft(run, way, before + len(finished), again, block=inside)


def _is_mark(event: Event) -> bool:
    """Whether a run came to its zero, and that is a mark: it stays where it is."""
    return event["type"] == "run_zero" and event["source"] in MARKS


def _marks_of(parts: Sequence[SessionLog]) -> dict[str, Mark]:
    """Return the marks that count, by name, on the clock of the last part.

    A part that goes on writes down those before it first of all, and even so may have been torn
    before it had: then the parts before still know them.
    """
    known: dict[str, Mark] = {}
    before: SessionLog | None = None
    for part in parts:
        if before is not None:
            tie = tie_between(before.header, part.header)
            known = {name: mark.moved(tie) for name, mark in known.items()}
        known |= {
            event["name"]: Mark(event["t"], event.get("uncertainty", 0.0))
            for event in part.of("mark")
            if not event["again"] and event["name"] != "sync"
        }
        before = part
    return known


def _ready(zero: str, parts: Sequence[SessionLog], now: datetime) -> float | None:
    """Return from when on (s) a run that counts from a mark can show anything, on its clock."""
    mark = _marks_of(parts).get(zero)
    if mark is None:
        return None
    elapsed = (now - utc_of(parts[-1].header, mark.t)).total_seconds()
    return float(math.ceil(elapsed + TO_BE_READY))


def _changed(before: Any, now: Any, path: str = "") -> list[str]:
    """Return the dotted paths at which two protocols differ."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        return [
            place
            for key in sorted({*before, *now})
            for place in _changed(before.get(key), now.get(key), f"{path}.{key}".lstrip("."))
        ]
    return [] if before == now else [path]
