"""Events as first-level models of imaging programs take them: FSL, SPM and nilearn.

A condition is a kind of event and, where the task has them, its condition: ``message_close``. What
a model has in its baseline (fixation, rest, pages) and what is no event of the participant's
(pulses, marks, gaps) is left out. Onsets are seconds from the run's zero, in MRI the first pulse,
dummy volumes included: an image without these begins later.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.bids import ExportedRun, LeftOut, gather_runs, numbered
from analysis.bids_events import EventRow
from analysis.writing import Changes, put_all
from experiment.errors import BadInput

_BASELINE = {"fixation", "waiting", "page", "closing", "lobby"}
_NO_EVENTS = {"pulse", "pause", "block", "gap"}
_ODD = re.compile(r"[^A-Za-z0-9]+")

Conditions = Mapping[str, Sequence[tuple[float, float]]]
"""Onset and duration (s) of each event, by the name of its condition."""


@dataclass(frozen=True)
class Designs:
    """What an export for a first-level model did.

    Parameters
    ----------
    changes : Changes
    left_out : tuple of LeftOut
    remarks : tuple of str
        A line for each run that is incomplete, and for events whose end is not known.
    """

    changes: Changes
    left_out: tuple[LeftOut, ...]
    remarks: tuple[str, ...]

    def told(self) -> list[str]:
        """Return it as lines for the analyst."""
        return [
            *(f"left out: {one.reason}" for one in self.left_out),
            *self.remarks,
            *self.changes.told(),
        ]


def conditions_of(events: Sequence[EventRow]) -> tuple[Conditions, int]:
    """Return a run's events by condition, and how many were left out since their end is not known.

    Parameters
    ----------
    events : sequence of EventRow
        As `analysis.bids_events` makes them.
    """
    found: dict[str, list[tuple[float, float]]] = {}
    open_ended = 0
    for row in events:
        kind = str(row["trial_type"])
        if kind in _BASELINE or kind in _NO_EVENTS or kind.startswith("mark_"):
            continue
        if row["duration"] is None:
            open_ended += 1
            continue
        parts = [kind] if row.get("condition") is None else [kind, str(row["condition"])]
        name = "_".join(_ODD.sub("_", part).strip("_") for part in parts)
        found.setdefault(name, []).append((float(row["onset"]), float(row["duration"])))
    return dict(sorted(found.items())), open_ended


Form = Callable[[str, Conditions], Iterator[tuple[str, str | bytes]]]
"""Takes what a run's files are called and its conditions; yields the files."""


def fsl_files(name: str, conditions: Conditions) -> Iterator[tuple[str, str | bytes]]:
    """Yield FSL's three columns (onset, duration, weight), one file for each condition."""
    for condition, events in conditions.items():
        lines = (f"{onset:.6f}\t{duration:.6f}\t1" for onset, duration in events)
        yield f"{name}_{condition}.txt", "\n".join(lines) + "\n"


def spm_files(name: str, conditions: Conditions) -> Iterator[tuple[str, str | bytes]]:
    """Yield SPM's "multiple conditions" file: cell arrays names, onsets and durations."""
    import numpy as np
    from scipy.io import savemat

    def cells(values: Sequence[Any]) -> Any:
        made = np.empty((1, len(values)), dtype=object)
        for place, value in enumerate(values):
            made[0, place] = value
        return made

    columns = [np.array(events, float).T for events in conditions.values()]
    buffer = io.BytesIO()
    savemat(
        buffer,
        {
            "names": cells(list(conditions)),
            "onsets": cells([onsets.reshape(1, -1) for onsets, _ in columns]),
            "durations": cells([durations.reshape(1, -1) for _, durations in columns]),
        },
    )
    content = bytearray(buffer.getvalue())
    content[:_MAT_TEXT] = f"{_MAT_HEAD:<{_MAT_TEXT}}".encode()  # savemat writes the time of day
    yield f"{name}.mat", bytes(content)


_MAT_TEXT = 116  # bytes of descriptive text at the head of a MAT-file 5
_MAT_HEAD = "MATLAB 5.0 MAT-file, names onsets durations, made by Kindred"


def nilearn_files(name: str, conditions: Conditions) -> Iterator[tuple[str, str | bytes]]:
    """Yield the table that nilearn's first-level model takes as `events`."""
    rows = sorted(
        (onset, duration, condition)
        for condition, events in conditions.items()
        for onset, duration in events
    )
    lines = [f"{onset:.6f}\t{duration:.6f}\t{condition}" for onset, duration, condition in rows]
    yield f"{name}_events.tsv", "\n".join(["onset\tduration\ttrial_type", *lines]) + "\n"


FORMS: Mapping[str, Form] = {"fsl": fsl_files, "spm": spm_files, "nilearn": nilearn_files}


def export_designs(form: str, logs: Sequence[Path], out: Path) -> Designs:
    """Write the events of all runs for a first-level model.

    Parameters
    ----------
    form : str
        ``fsl``, ``spm`` or ``nilearn``.
    logs : sequence of Path
    out : Path
        A new or empty folder, or one of such an export before.

    Raises
    ------
    BadInput
        If `out` is anything else, or there is no run to export. Nothing was written then.
    """
    found, left_out = gather_runs(logs)
    if not found:
        why = left_out[0].reason if left_out else "no logs; run a session first"
        raise BadInput(f"{out}: nothing to export: {why}")
    files: dict[str, str | bytes] = {}
    remarks: list[str] = []
    for name, run in numbered(found).items():
        conditions, open_ended = conditions_of(run.events)
        remarks += _remarks(name, run, open_ended)
        if not conditions:
            remarks.append(f"{name}: nothing but its baseline was shown; no file")
            continue
        files |= dict(FORMS[form](f"{run.folder}/{name}", conditions))
    changes = put_all(files, out, all_read=not any(one.broken for one in left_out))
    return Designs(changes, tuple(left_out), tuple(remarks))


def _remarks(name: str, run: ExportedRun, open_ended: int) -> Iterator[str]:
    if run.sidecar["Completeness"] != "complete":
        yield f"incomplete: {name}: {run.sidecar['Completeness']}"
    if open_ended:
        yield f"{name}: {open_ended} events without an end are left out; the recording stops there"
    if run.rehearsal:
        yield f"a rehearsal with a robot, NO DATA: {name}"
