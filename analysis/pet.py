"""Blocks of a run on the time axis of a PET scan: exported events joined with the scan's sidecar.

In PET-BIDS, InjectionStart, ScanStart and FrameTimesStart are seconds from TimeZero. Events have a
zero of their own (TimeZero in their sidecar), so both are laid over each other at a mark that both
know: the injection, or else the scan's start, whose click may be 40 s from the first coincidence.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiment.errors import BadInput

_ANCHORS = ("InjectionStart", "ScanStart")  # the best first


@dataclass(frozen=True)
class BlockTime:
    """A block in the scan.

    Parameters
    ----------
    block : int
    condition : str
    onset : float
        Seconds from the scan's TimeZero.
    from_injection : float
        Seconds from InjectionStart.
    duration : float or None
        Seconds, up to its last trial's end; None if it was broken off and the session ended there.
    frames : tuple of int
        Frames in which any of it was shown, from 0, in the order of FrameTimesStart.
    interrupted : bool
        Whether it was shown in pieces or not whole: a pause came between two of its trials, or the
        session was broken off in it, or it was shown again when the session went on.
    """

    block: int
    condition: str
    onset: float
    from_injection: float
    duration: float | None
    frames: tuple[int, ...]
    interrupted: bool


@dataclass(frozen=True)
class Joined:
    """Events on a scan's time axis.

    Parameters
    ----------
    anchor : str
        Name of the mark by which they were laid over each other.
    disagreement : float or None
        How much later (s) the other mark then stands in the events than in the scan; None if
        only one is known to both.
    blocks : tuple of BlockTime
    """

    anchor: str
    disagreement: float | None
    blocks: tuple[BlockTime, ...]


def join(events: Path, pet: Path) -> Joined:
    """Return the blocks of a run in the time of its PET scan.

    Parameters
    ----------
    events : Path
        An exported ``_events.tsv``, its ``_events.json`` beside it.
    pet : Path
        The scan's ``_pet.json``.

    Raises
    ------
    BadInput
        If either can't be read or has no numbers where they must be, or they share no mark.
    """
    ours, theirs = _sidecar(events.with_suffix(".json")), _sidecar(pet)
    shared = [name for name in _ANCHORS if name in ours and name in theirs]
    if not shared:
        raise BadInput(
            f"{events}: shares no mark with {pet.name}; one of {', '.join(_ANCHORS)} is needed in "
            "both sidecars (mark it in the session)"
        )
    missing = [
        name
        for name in ("InjectionStart", "FrameTimesStart", "FrameDuration")
        if name not in theirs
    ]
    if missing:
        raise BadInput(f"{pet}: lacks {missing[0]}, which PET-BIDS requires")
    of_events, of_scan = (
        {name: _seconds(sidecar[name], name, file) for name in shared}
        for sidecar, file in ((ours, events.with_suffix(".json")), (theirs, pet))
    )
    offset = of_scan[shared[0]] - of_events[shared[0]]
    others = [of_events[name] + offset - of_scan[name] for name in shared[1:]]
    injection = _seconds(theirs["InjectionStart"], "InjectionStart", pet)
    frames = _frames(theirs, pet)
    blocks = []
    for number, pieces in _pieces(events).items():
        begins, ends = pieces[0].onset + offset, pieces[-1].end
        spans = [(piece.onset + offset, (piece.end or piece.onset) + offset) for piece in pieces]
        blocks.append(
            BlockTime(
                block=number,
                condition=pieces[0].condition,
                onset=round(begins, 6),
                from_injection=round(begins - injection, 6),
                duration=None if ends is None else round(ends - pieces[0].onset, 6),
                frames=tuple(
                    i
                    for i, (start, length) in enumerate(frames)
                    if any(
                        (start < end or start <= onset) and onset < start + length
                        for onset, end in spans
                    )
                ),
                interrupted=len(pieces) > 1 or pieces[0].interrupted,
            )
        )
    return Joined(shared[0], round(others[0], 6) if others else None, tuple(blocks))


@dataclass(frozen=True)
class _Piece:
    """What one part of a session showed of a block; times on the events' clock (s)."""

    condition: str
    onset: float
    end: float | None
    interrupted: bool


def _pieces(events: Path) -> dict[int, list[_Piece]]:
    """Return the pieces of each block; one that was broken off lasted until the gap behind it."""
    try:
        with events.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
    except OSError as error:
        raise BadInput(f"{events}: can't be read ({error.strerror})") from None
    gaps = [float(row["onset"]) for row in rows if row.get("trial_type") == "gap"]
    found: dict[int, list[_Piece]] = {}
    for row in rows:
        if row.get("trial_type") != "block":
            continue
        onset = float(row["onset"])
        if row["duration"] == "n/a":
            end = next((gap for gap in gaps if gap >= onset), None)
        else:
            end = onset + float(row["duration"])
        piece = _Piece(row["condition"], onset, end, row["interrupted"] == "true")
        found.setdefault(int(row["block"]), []).append(piece)
    return found


def _frames(sidecar: Mapping[str, Any], file: Path) -> list[tuple[float, float]]:
    """Return when each frame starts and how long it is (s)."""
    starts, lengths = (sidecar[name] for name in ("FrameTimesStart", "FrameDuration"))
    if not isinstance(starts, list) or not isinstance(lengths, list) or len(starts) != len(lengths):
        raise BadInput(f"{file}: FrameTimesStart and FrameDuration must be lists of one length")
    return [
        (_seconds(start, "FrameTimesStart", file), _seconds(length, "FrameDuration", file))
        for start, length in zip(starts, lengths, strict=True)
    ]


def _seconds(value: Any, name: str, file: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{file}: {name} must be in seconds, a number")
    return float(value)


def _sidecar(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise BadInput(f"{file}: can't be read ({error.strerror})") from None
    except ValueError:
        raise BadInput(f"{file}:1: not JSON") from None
    if not isinstance(found, dict):
        raise BadInput(f"{file}:1: a sidecar is a mapping")
    return found
