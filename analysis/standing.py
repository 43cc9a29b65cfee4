"""Where a session stands, as its log tells it: plain data, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from statistics import median

_SILENT_AFTER = 5.0  # s without an event; a window's frames are logged ten times a second


class Phase(str, Enum):
    """What the big word says."""

    NO_SESSION = "no_session"
    STARTING = "starting"
    WAITING = "waiting"
    RUNNING = "running"
    HOLD = "hold"
    DONE = "done"
    ABORTED = "aborted"
    CRASHED = "crashed"
    SILENT = "silent"


OVER = (Phase.DONE, Phase.ABORTED, Phase.CRASHED)


@dataclass(frozen=True)
class Block:
    """A block of a run with times of its own (s from the run's zero)."""

    number: int
    condition: str
    begins: float
    ends: float


@dataclass(frozen=True)
class Planned:
    """What the header says about a run.

    Parameters
    ----------
    task : str
    number : int
        Its place in the session, from 1, the same in all parts.
    duration : float or None
        Seconds from its zero to its end; None if the participant sets the pace.
    trials : int
        In all, those of parts before too.
    has_volumes : bool
        Whether it begins with a volume, so that volumes can be expected of it.
    blocks : tuple of Block
        In the order of their times; none where a run has no such blocks.
    done : int
        Trials of parts before, which are not shown again.
    """

    task: str
    number: int
    duration: float | None
    trials: int
    has_volumes: bool
    blocks: tuple[Block, ...] = ()
    done: int = 0


@dataclass(frozen=True)
class Session:
    """What the header says.

    Parameters
    ----------
    participant, session : str
        Labels.
    began : float
        UTC (s since 1970) of the session clock's zero.
    keeps_time : bool
        Whether the session clock runs as the wall clock does; false at ``--speed fast``.
    beats : bool
        Whether a window logs its frames, so that silence means something.
    robot : bool
    tr : float or None
        The protocol's (s).
    volumes : int or None
        How many the scanner sends in a run, if the protocol says so.
    pause_key, abort_keys : str
        As the operator is to be told.
    has_scanner, has_port, has_echo : bool
    runs : tuple of Planned
    """

    participant: str
    session: str
    began: float
    keeps_time: bool
    beats: bool
    robot: bool
    tr: float | None
    has_scanner: bool
    has_port: bool
    has_echo: bool
    runs: tuple[Planned, ...]
    volumes: int | None = None
    pause_key: str = ""
    abort_keys: str = ""


@dataclass(frozen=True)
class Marker:
    """A marker that was sent.

    Parameters
    ----------
    name : str
    code : int
    lag : float
        From the flip's stamp to the end of its write (s).
    """

    name: str
    code: int
    lag: float


@dataclass(frozen=True)
class Mark:
    """A mark of a PET scan.

    Parameters
    ----------
    name : str
    origin : str
        ``operator``, ``hardware`` or ``file``.
    t : float
        Session clock (s).
    """

    name: str
    origin: str
    t: float


@dataclass(frozen=True)
class Grid:
    """What the last pulses measure.

    Parameters
    ----------
    tr : float
        Slope of their times over their numbers (s).
    residual : float
        The furthest of them from that line (s).
    """

    tr: float
    residual: float


@dataclass(frozen=True)
class Fault:
    """A kind of fault, and when it happened.

    Parameters
    ----------
    name : str
    count : int
    last : float
        Latest (s, session clock).
    marker : str or None
        The marker that the latest was about.
    over : bool
        Whether what it told of is mended: a port is back, pulses come again.
    earlier_run : int or None
        The run that it was about, if another has begun since.
    """

    name: str
    count: int
    last: float
    marker: str | None = None
    over: bool = False
    earlier_run: int | None = None


@dataclass(frozen=True)
class State:
    """Where a session stands. Times in seconds.

    Parameters
    ----------
    session : Session or None
        None as long as there is no header.
    stage : Phase
        By the events alone; `phase` takes silence into account.
    now : float
        Session clock, as far as it can be told from here.
    quiet : float
        Since the last event.
    run : int
        Number of the present run, from 1; 0 before the first.
    zero : float or None
        The run's first pulse, or what else began it (session clock); None before.
    shift : float
        What pauses have added to the run.
    trial : int
        0 before the first.
    volumes : int
        Seen since the run's zero: places on its grid, so that bounces and strays don't count.
    slot : int
        The last one's place on the grid, from 1; ahead of `volumes` by those that are missing.
    slot_at : float or None
        When it came (session clock).
    first : str
        What the log says of the run's first pulse: ``late``, ``short``, ``counted``, ``unknown``.
    pulses : tuple of float
        The last ones of the run.
    marker : Marker or None
        The last that was sent.
    sent, unsent : int
        Markers that went out, and that could not.
    echoed : int
        Markers whose code came back.
    marks : tuple of Mark
        The first of each name, and the last sync pulse; the latest last.
    faults : tuple of Fault
        The latest first.
    hold_asked : bool
        Whether the run will pause at the next trial, or go on if it is paused.
    hold_fault : str or None
        The fault that asked for it, if it was not the operator.
    held_since : float or None
    awaits : str
        What a waiting run waits for: ``pulse``, the name of a mark, or ``key``.
    names : tuple of (int, str)
        Numbers and names of the last markers that were planned.
    last : float
        Latest time stamp (session clock).
    heard : float
        When events were last read (UTC of this computer).
    behind : float or None
        By how much this computer's clock differs from the session's; None until it is known.
    """

    session: Session | None = None
    stage: Phase = Phase.NO_SESSION
    now: float = 0.0
    quiet: float = 0.0
    run: int = 0
    zero: float | None = None
    shift: float = 0.0
    trial: int = 0
    volumes: int = 0
    slot: int = 0
    slot_at: float | None = None
    first: str = "unknown"
    pulses: tuple[float, ...] = ()
    marker: Marker | None = None
    sent: int = 0
    unsent: int = 0
    echoed: int = 0
    marks: tuple[Mark, ...] = ()
    faults: tuple[Fault, ...] = ()
    hold_asked: bool = False
    hold_fault: str | None = None
    held_since: float | None = None
    awaits: str = ""
    names: tuple[tuple[int, str], ...] = ()
    last: float = 0.0
    heard: float = 0.0
    behind: float | None = None

    @property
    def phase(self) -> Phase:
        """What is to be shown."""
        if self.session is None or self.stage in OVER:
            return self.stage
        # Without a window nothing is logged while somebody, or a block, is waited for.
        idle = not self.session.beats and (self.stage is not Phase.RUNNING or self._rests)
        limit = _SILENT_AFTER if self.session.beats else 12 * _SILENT_AFTER
        return Phase.SILENT if self.quiet > limit and not idle else self.stage

    @property
    def _rests(self) -> bool:
        """Whether the run has blocks, and none of them runs now."""
        has_blocks = self.planned is not None and bool(self.planned.blocks)
        return has_blocks and (self.block is None or not self.block[2])

    @property
    def planned(self) -> Planned | None:
        """What the header says about the present run, or the first if none has begun."""
        runs = () if self.session is None else self.session.runs
        if self.run == 0:
            return next(iter(runs), None)
        return next((planned for planned in runs if planned.number == self.run), None)

    @property
    def expected(self) -> int | None:
        """Volumes that the scanner sends, else those that the run lasts; None if not known."""
        planned, session = self.planned, self.session
        if planned is None or not planned.has_volumes:
            return None
        if self._sent is not None:
            return self._sent
        if planned.duration is None:
            return None
        if session is None or not session.tr:
            return None
        return -int(-(planned.duration + self.shift) // session.tr)

    @property
    def _sent(self) -> int | None:
        """Volumes that the scanner sends in this run; not known where only its rest is scanned."""
        whole = self.planned is not None and self.planned.done == 0
        return self.session.volumes if self.session is not None and whole else None

    @property
    def run_left(self) -> float | None:
        """Time left in the run; None if the participant sets the pace."""
        if self.planned is None or self.planned.duration is None:
            return None
        if self.zero is None:
            return self.planned.duration
        at = self.now if self.held_since is None else min(self.now, self.held_since)
        return max(0.0, self.zero + self.shift + self.planned.duration - at)

    @property
    def block(self) -> tuple[Block, float, bool] | None:
        """The block that runs or comes next, the time (s) until it ends or begins, and which.

        None where the run has no more blocks, or has not begun. What pauses have added moves them;
        while the run is held, the time stands still.
        """
        if self.planned is None or self.zero is None:
            return None
        at = self.now if self.held_since is None else min(self.now, self.held_since)
        since = at - self.zero - self.shift
        for block in self.planned.blocks:
            if since < block.begins:
                return block, block.begins - since, False
            if since < block.ends:
                return block, block.ends - since, True
        return None

    @property
    def session_left(self) -> float | None:
        """Time left in all runs from here; None if the participant sets a pace in any."""
        if self.session is None:
            return None
        now = 0 if self.planned is None else self.planned.number
        later = [planned.duration for planned in self.session.runs if planned.number > now]
        parts = [self.run_left, *later]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None

    @property
    def due(self) -> int | None:
        """Volumes that should have come by the last event; None if none are expected."""
        if self.zero is None or self.expected is None or self.session is None:
            return None
        if not self.session.tr:
            return None
        due = int((self.last - self.zero) / self.session.tr) + 1
        return due if self._sent is None else min(due, self._sent)

    @property
    def in_step(self) -> bool:
        """Whether the last volume is the one that was due, give or take the one on its way.

        By its place on the grid against the clock: a lost pulse does not put the scanner out of
        step.
        """
        return self.due is not None and abs(self.slot - self.due) <= 1

    @property
    def first_known(self) -> str:
        """What is known of the first volume: ``counted``, ``later`` (at the end), or ``never``."""
        if self.first == "counted" or self._all_came:
            return "counted"
        return "later" if self.session is not None and self.session.volumes else "never"

    @property
    def _all_came(self) -> bool:
        known = self.session is not None and self.session.volumes
        return bool(known) and self.slot == known

    @property
    def held(self) -> float:
        """For how long the run has been paused."""
        return 0.0 if self.held_since is None else max(0.0, self.now - self.held_since)

    @property
    def grid(self) -> Grid | None:
        """What the last pulses measure; None for fewer than three."""
        return fit(self.pulses)


def fit(pulses: tuple[float, ...]) -> Grid | None:
    """Fit a line through pulses and their numbers; a gap counts as the volumes it lasts.

    Parameters
    ----------
    pulses : tuple of float
        In order (s).

    Returns
    -------
    Grid or None
        None for fewer than three pulses.
    """
    if len(pulses) < 3:
        return None
    steps = [b - a for a, b in pairwise(pulses)]
    unit = median(steps)
    if unit <= 0:
        return None
    numbers = [0]
    for step in steps:
        numbers.append(numbers[-1] + round(step / unit))
    middle, centre = sum(numbers) / len(numbers), sum(pulses) / len(pulses)
    spread = sum((n - middle) ** 2 for n in numbers)
    if not spread:
        return None
    pairs = list(zip(numbers, pulses, strict=True))
    tr = sum((n - middle) * (t - centre) for n, t in pairs) / spread
    return Grid(tr, max(abs(t - centre - tr * (n - middle)) for n, t in pairs))
