"""Events of a session in parts: one file for what shares a clock, and a column for the part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.bids_events import EventRow, columns_of, events_of
from analysis.bids_sidecar import sidecar_of, text_of
from analysis.notes import notes_in
from analysis.parts import RunPart

_TIMES = ("onset", "planned_onset")


def events_of_parts(parts: Sequence[RunPart]) -> list[EventRow]:
    """Return the events of a run, its parts on the clock of the first one, gaps between them."""
    if not _is_in_parts(parts):
        return events_of(parts[0].log, parts[0].run)
    rows: list[EventRow] = []
    for part in parts:
        more = [_shifted(row, part) for row in events_of(part.log, part.run)]
        more = [row for row in more if not _is_known(row, rows)]
        if rows and more:
            rows.append(_gap(rows, more, part.part))
        rows += more
    return rows


def columns_of_parts(parts: Sequence[RunPart], kind: str) -> tuple[str, ...]:
    """Return the columns of a run's events: those of its kind, and which part if there are any."""
    return (*columns_of(kind), "part") if _is_in_parts(parts) else columns_of(kind)


def sidecar_of_parts(parts: Sequence[RunPart], *, with_notes: bool = False) -> dict[str, Any]:
    """Return what is known of a run, and of its parts if there are any."""
    first, last = parts[0], parts[-1]
    known = sidecar_of(first.log, first.run)
    if with_notes:
        known["Notes"] = [note for part in parts for note in _notes_of(part)]
    if not _is_in_parts(parts):
        return known
    return {
        **known,
        "Completeness": _lacking(parts) or sidecar_of(last.log, last.run)["Completeness"],
        "Parts": [_about(part) for part in parts],
        "part": text_of("events.json")["part"],
    }


def _lacking(parts: Sequence[RunPart]) -> str:
    """Tell of parts whose logs can't be used: the first ones, or some between."""
    first = parts[0]
    numbers = [part.part for part in parts]
    lacking = sorted({*range(numbers[0], numbers[-1])} - {*numbers})
    told = [f"without part {' and '.join(map(str, lacking))}"] if lacking else []
    # A new scan is a run of its own, and lacks nothing of the one before.
    goes_on = first.part > 1 and first.run.zero_source != "pulse"
    done = first.log.header["resumed"]["runs"][first.run.task]["done"] if goes_on else 0
    if done:
        told.insert(0, f"without the trials before part {first.part} ({done})")
    return ", ".join(told)


def _is_in_parts(parts: Sequence[RunPart]) -> bool:
    return len(parts) > 1 or parts[0].part > 1


def _about(part: RunPart) -> dict[str, Any]:
    header = part.log.header
    resumed = header.get("resumed")
    known: dict[str, Any] = {"Part": part.part, "Began": header["utc"]}
    if resumed is None:
        return known
    run = resumed["runs"][part.run.task]
    return {
        **known,
        "Gap": resumed["gap"],
        "EndOfPartBefore": resumed["before"]["status"],
        "ClocksTiedBy": resumed["clock"]["by"],
        "ClockUncertainty": resumed["clock"]["uncertainty"],
        "TrialsDoneBefore": run["done"],
        "TrialsShownAgain": run["again"],
    }


def _shifted(row: EventRow, part: RunPart) -> EventRow:
    moved = {name: round(row[name] + part.shift, 6) for name in _TIMES if row.get(name) is not None}
    return {**row, **moved, "part": part.part}


def _notes_of(part: RunPart) -> list[dict[str, Any]]:
    return [
        {**note, "Onset": None if note["Onset"] is None else round(note["Onset"] + part.shift, 6)}
        for note in notes_in(part.log, part.run)
    ]


def _is_known(row: EventRow, rows: Sequence[EventRow]) -> bool:
    """Whether a row is a mark that a part before has: the part that goes on was told of it."""
    kind = row["trial_type"]
    if kind not in ("mark_injection", "mark_scan_start"):
        return False
    return any(one["trial_type"] == kind and one["onset"] == row["onset"] for one in rows)


def _gap(before: Sequence[EventRow], after: Sequence[EventRow], part: int) -> EventRow:
    """Return the event that stands for the time between two parts."""
    begins = max(row["onset"] + (row["duration"] or 0.0) for row in before)
    ends = max(min(row["onset"] for row in after), begins)
    return {
        "onset": round(begins, 6),
        "duration": round(ends - begins, 6),
        "trial_type": "gap",
        "part": part,
    }
