"""Tidy tables of a session log: steps, ratings, presses, markers, pulses, pauses.

Times are seconds on the clock of the run that a row belongs to; its zero is the run's last
``run_zero`` event (the scanner's first pulse overrides the first flip). Logs that just stop are
read as far as they go: what never happened is missing, never guessed.

Each table exists twice: as plain rows (``step_rows``: frozen data classes) and as a data frame
(``steps``). Pandas alone takes half a second to import, so only the data frames load it, when
asked; the BIDS export is made of plain rows and starts at once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache, wraps
from typing import TYPE_CHECKING, Any, TypeVar

from analysis.row_types import (
    BlockRow,
    FrameRow,
    MarkerRow,
    MarkRow,
    PauseRow,
    PressRow,
    PulseRow,
    RatingRow,
    Run,
    StepRow,
    ThrowRow,
    TrialRow,
    types_of,
)
from analysis.runs import Run as RunEvents
from analysis.runs import runs_of
from experiment.readlog import Event, SessionLog

if TYPE_CHECKING:
    from pandas import DataFrame

_OF_A_CONDITION = (
    "message",
    "prompt",
    "scale",
    "feedback",
    "neutral_face",
    "court",
    "throw",
)  # kinds of screen, within a trial
_DTYPES = {"int": "Int64", "float": "float64", "str": "string", "bool": "boolean"}


def runs(log: SessionLog) -> tuple[Run, ...]:
    """Return the runs that were begun, in order."""
    return _index(log).runs


# --- rows ----------------------------------------------------------------------------------------

Row = TypeVar("Row")


def _once(make: Callable[[SessionLog], list[Row]]) -> Callable[[SessionLog], list[Row]]:
    """Keep the rows of the last logs: tables, events and designs are made of the same ones."""
    kept = lru_cache(maxsize=2)(make)

    @wraps(make)
    def rows(log: SessionLog) -> list[Row]:
        return list(kept(log))

    return rows


def step_rows(log: SessionLog) -> list[StepRow]:
    """Return one row per step."""
    index = _index(log)
    return list(index.rows)


@_once
def rating_rows(log: SessionLog) -> list[RatingRow]:
    """Return one row per rating question, practice included."""
    index = _index(log)
    rows = []
    for row in index.rows:
        if row.rating is None:
            continue
        response = index.response(row.n) or {}
        rows.append(
            RatingRow(
                task=row.task,
                run=row.run,
                n=row.n,
                trial=row.trial,
                condition=row.condition,
                message_id=row.message_id,
                writer_id=row.writer_id,
                rating=row.rating,
                value=response.get("value"),
                rt=row.rt,
                confirmed=row.confirmed,
                start=index.steps[row.n]["step"]["screen"]["start"],
                lefts=response.get("lefts"),
                rights=response.get("rights"),
                onset=row.onset,
            )
        )
    return rows


def press_rows(log: SessionLog) -> list[PressRow]:
    """Return one row per press, of keys, buttons and mouse."""
    index = _index(log)
    return [
        PressRow(
            task=run.task,
            run=run.number,
            step=event["step"],
            trial=index.steps[event["step"]]["step"]["trial"],
            t=run.at(event["t"]),
            action=event["action"],
            device=event["device"],
            point=event["point"],
            cursor=event["cursor"],
            confirmed=event["confirmed"],
            used=event.get("used", True),
            repeat=event.get("repeat", False),
        )
        for event in log.of("press")
        for run in (index.run_of_step(event["step"]),)
    ]


@_once
def marker_rows(log: SessionLog) -> list[MarkerRow]:
    """Return one row per planned marker."""
    index = _index(log)
    return [_marker_row(index, event) for event in log.of("marker_planned")]


@_once
def pulse_rows(log: SessionLog) -> list[PulseRow]:
    """Return one row per scanner pulse."""
    index = _index(log)
    rows = []
    for event in log.of("pulse"):
        run = index.run_at(event["t"])
        if run is None:
            rows.append(PulseRow(event["n"], None, None, None))
        else:
            rows.append(PulseRow(event["n"], run.task, run.number, run.at(event["t"])))
    return rows


@_once
def mark_rows(log: SessionLog) -> list[MarkRow]:
    """Return one row per mark, in the order in which they happened."""
    index = _index(log)
    rows = []
    for event in sorted(log.of("mark"), key=lambda event: float(event["t"])):
        run = index.run_at(event["t"])
        rows.append(
            MarkRow(
                name=event["name"],
                origin=event["origin"],
                task=None if run is None else run.task,
                run=None if run is None else run.number,
                t=None if run is None else run.at(event["t"]),
                at=event["t"],
                utc=event["utc"],
                again=event["again"],
            )
        )
    return rows


@_once
def block_rows(log: SessionLog) -> list[BlockRow]:
    """Return one row per block that was begun."""
    index = _index(log)
    steps: dict[tuple[int, int], list[StepRow]] = {}
    for (n, event), row in zip(index.steps.items(), index.rows, strict=True):
        if event["step"].get("block") is not None and n in index.onsets:
            steps.setdefault((row.run, event["step"]["block"]), []).append(row)
    if not steps:
        return []
    broken = {
        (run.number, event["block"])
        for event in log.of("fault")
        if event["what"] == "block_interrupted" and (run := index.run_at(event["t"])) is not None
    }
    last_seen = {
        index.run_of_step(n).number: event["step"].get("block")
        for n, event in index.steps.items()
        if n in index.onsets
    }
    broken |= {(n, last_seen.get(n)) for n in (run.number for run in index.runs if not run.ended)}
    went_on = (log.header.get("resumed") or {"runs": {}})["runs"].values()
    broken |= {(left["run"], left.get("block")) for left in went_on}
    rows = []
    for (run_number, block), parts in steps.items():
        first, last = parts[0], parts[-1]
        trial = index.trial(first.n)
        assert trial is not None
        end = None if last.duration is None or last.onset is None else last.onset + last.duration
        rows.append(
            BlockRow(
                task=first.task,
                run=run_number,
                block=block,
                condition=trial["condition"],
                planned=first.planned,
                onset=first.onset,
                duration=_difference(end, first.onset),
                interrupted=(run_number, block) in broken,
            )
        )
    return rows


@_once
def pause_rows(log: SessionLog) -> list[PauseRow]:
    """Return one row per pause."""
    index = _index(log)
    rows = []
    for n, t in index.paused_after.items():
        run = index.run_of_step(n)
        duration = _difference(index.onsets.get(n + 1), t)
        rows.append(PauseRow(run.task, run.number, run.at(t), duration))
    return rows


# --- data frames ---------------------------------------------------------------------------------


def steps(log: SessionLog) -> DataFrame:
    """Return one row per step; columns as in `StepRow`."""
    return _frame(StepRow, step_rows(log))


def ratings(log: SessionLog) -> DataFrame:
    """Return one row per rating question; columns as in `RatingRow`."""
    return _frame(RatingRow, rating_rows(log))


def presses(log: SessionLog) -> DataFrame:
    """Return one row per press; columns as in `PressRow`."""
    return _frame(PressRow, press_rows(log))


def markers(log: SessionLog) -> DataFrame:
    """Return one row per planned marker; columns as in `MarkerRow`."""
    return _frame(MarkerRow, marker_rows(log))


def pulses(log: SessionLog) -> DataFrame:
    """Return one row per scanner pulse; columns as in `PulseRow`."""
    return _frame(PulseRow, pulse_rows(log))


def marks(log: SessionLog) -> DataFrame:
    """Return one row per mark of a PET session; columns as in `MarkRow`."""
    return _frame(MarkRow, mark_rows(log))


def blocks(log: SessionLog) -> DataFrame:
    """Return one row per block; columns as in `BlockRow`."""
    return _frame(BlockRow, block_rows(log))


def pauses(log: SessionLog) -> DataFrame:
    """Return one row per pause; columns as in `PauseRow`."""
    return _frame(PauseRow, pause_rows(log))


def throws(log: SessionLog) -> DataFrame:
    """Return one row per throw of a ball game; columns as in `ThrowRow`."""
    from analysis.throws import throw_rows

    return _frame(ThrowRow, throw_rows(log))


def trials(log: SessionLog) -> DataFrame:
    """Return one row per trial that was begun; columns as in `TrialRow`."""
    from analysis.trials import trial_rows

    return _frame(TrialRow, trial_rows(log))


def frames(log: SessionLog) -> DataFrame:
    """Return one row per run that drew frames in a window; columns as in `FrameRow`."""
    from analysis.trials import frame_rows

    return _frame(FrameRow, frame_rows(log))


def _frame(kind: Any, rows: Iterable[Any]) -> DataFrame:
    """Return rows as a data frame whose column types don't depend on what is missing."""
    import pandas as pd

    dtypes = {name: _DTYPES[type_] for name, type_ in types_of(kind).items()}
    table = [list(row) for row in rows]
    frame: DataFrame = pd.DataFrame(table, columns=list(dtypes), dtype=object).astype(dtypes)
    return frame


# --- looking things up ---------------------------------------------------------------------------


@lru_cache(maxsize=2)
def _index(log: SessionLog) -> _Index:
    """Return a log's index: ten kinds of rows are made of the same one."""
    return _Index(log)


class _Index:
    """A log's events by what they belong to."""

    def __init__(self, log: SessionLog) -> None:
        self.header = log.header
        self.steps: dict[int, Event] = {}
        self.onsets: dict[int, float] = {}
        self.outcomes: dict[int, Event] = {}
        self.planned: dict[int, Event] = {}
        self.sent: dict[int, Event] = {}
        self.resets: dict[int, float] = {}
        self.echoes: dict[int, float] = {}
        self.paused_after: dict[int, float] = {}  # step: start of the pause behind it
        self._run_of_step: dict[int, int] = {}
        found = runs_of(log)
        for place, run in enumerate(found):
            self.steps |= {event["n"]: event for event in run.steps}
            self._run_of_step |= {event["n"]: place for event in run.steps}
            self.onsets |= {n: event["t"] for n, event in run.onsets.items()}
            self.outcomes |= {n: event["outcome"] for n, event in run.outcomes.items()}
            self.planned |= run.planned
            self.sent |= {n: events[0] for n, events in run.sent.items()}
            self.resets |= {n: event["t"] for n, event in run.reset.items()}
            self.echoes |= {n: event["t"] for n, event in run.echoes.items()}
            self.paused_after |= {n: event["t"] for n, event in run.paused_after.items()}
        self.runs = tuple(_run(run) for run in found)
        self._begun = [run.begun for run in self.runs]
        self._trials = {
            task: {trial["number"]: trial for trial in plan["trials"]}
            for task, plan in log.header["plans"].items()
        }

    @cached_property
    def rows(self) -> tuple[StepRow, ...]:
        """One row per step."""
        return tuple(_step_row(self, n) for n in self.steps)

    def run_of_step(self, n: int) -> Run:
        """Return the run that a step belongs to."""
        return self.runs[self._run_of_step[n]]

    def run_at(self, t: float) -> Run | None:
        """Return the run that a time (s, session clock) falls in: the last one begun by then."""
        place = bisect_right(self._begun, t)
        return self.runs[place - 1] if place else None

    def response(self, n: int) -> Event | None:
        """Return the answer to a step, if one was given."""
        outcome = self.outcomes.get(n)
        return None if outcome is None else outcome["response"]

    def trial(self, n: int) -> Event | None:
        """Return the planned trial of a step."""
        number = self.steps[n]["step"]["trial"]
        return None if number is None else self._trials[self.run_of_step(n).task][number]

    def duration(self, n: int) -> float | None:
        """Return how long a step was on the screen (s), if the log goes that far."""
        onset = self.onsets.get(n)
        if n in self.paused_after:
            return _difference(self.paused_after[n], onset)
        last = self._run_of_step.get(n + 1) != self._run_of_step[n]
        gone = self.run_of_step(n).ended if last else self.onsets.get(n + 1)
        return _difference(gone, onset)


def _run(run: RunEvents) -> Run:
    zero = run.zeros[-1] if run.zeros else None
    return Run(
        task=run.task,
        number=run.begun["run"],
        begun=run.begun["t"],
        ended=None if run.ended is None else run.ended["t"],
        zero=None if zero is None else zero["t"],
        zero_source=None if zero is None else zero["source"],
    )


def _step_row(index: _Index, n: int) -> StepRow:
    event, run = index.steps[n], index.run_of_step(n)
    step, screen = event["step"], event["step"]["screen"]
    planned = index.trial(n) or {}
    trial = planned if screen["kind"] in _OF_A_CONDITION else {}
    marker, response = index.planned.get(n), index.response(n)
    return StepRow(
        task=run.task,
        run=run.number,
        n=n,
        trial=step["trial"],
        screen=screen["kind"],
        message_id=trial.get("message_id"),
        writer_id=trial.get("writer_id"),
        condition=trial.get("condition"),
        rating=screen["rating"] if "start" in screen else None,
        planned=run.at(event["planned"]),
        onset=run.at(index.onsets.get(n)),
        duration=index.duration(n),
        rt=None if response is None else response["rt"],
        confirmed=None if response is None else response["confirmed"],
        marker=None if marker is None else marker["name"],
        code=None if marker is None else marker["code"],
        profile_id=screen.get("profile_id"),
        shown_answer=screen.get("answer"),
        block=planned.get("block", step.get("block")),
        report=planned.get("moment"),
    )


def _marker_row(index: _Index, event: Event) -> MarkerRow:
    run, sent = index.run_of_step(event["step"]), index.sent.get(event["n"])
    begun = None if sent is None else sent["begun"]
    flip = None if sent is None else sent["t"]
    return MarkerRow(
        n=event["n"],
        task=run.task,
        run=run.number,
        step=event["step"],
        name=event["name"],
        code=event["code"],
        flip=run.at(flip),
        begun=run.at(begun),
        ended=None if sent is None else run.at(sent["ended"]),
        reset=run.at(index.resets.get(event["n"])),
        echo=run.at(index.echoes.get(event["n"])),
        queued=None if sent is None else sent["queued"],
        lag=_difference(begun, flip),
    )


def _difference(later: float | None, earlier: float | None) -> float | None:
    return None if later is None or earlier is None else round(later - earlier, 6)
