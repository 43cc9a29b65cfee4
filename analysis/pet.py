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
    duration : float
        Seconds.
    frames : tuple of int
        Frames that it touches, from 0, in the order of FrameTimesStart.
    interrupted : bool
        Whether a pause came between two of its trials.
    """

    block: int
    condition: str
    onset: float
    from_injection: float
    duration: float
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
        If either can't be read, or they share no mark.
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
    offset = theirs[shared[0]] - ours[shared[0]]
    others = [ours[name] + offset - theirs[name] for name in shared[1:]]
    frames = list(zip(theirs["FrameTimesStart"], theirs["FrameDuration"], strict=True))
    blocks = []
    for row in _blocks(events):
        onset, duration = float(row["onset"]) + offset, float(row["duration"])
        blocks.append(
            BlockTime(
                block=int(row["block"]),
                condition=row["condition"],
                onset=round(onset, 6),
                from_injection=round(onset - theirs["InjectionStart"], 6),
                duration=duration,
                frames=tuple(
                    i
                    for i, (start, length) in enumerate(frames)
                    if start < onset + duration and onset < start + length
                ),
                interrupted=row["interrupted"] == "true",
            )
        )
    return Joined(shared[0], round(others[0], 6) if others else None, tuple(blocks))


def _blocks(events: Path) -> list[dict[str, str]]:
    try:
        with events.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
    except OSError as error:
        raise BadInput(f"{events}: can't be read ({error.strerror})") from None
    return [row for row in rows if row.get("trial_type") == "block" and row["duration"] != "n/a"]


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
