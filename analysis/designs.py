"""Events as first-level models of imaging programs take them: FSL, SPM and nilearn.

A condition is a kind of event and, where the task has them, its condition: ``message_close``. What
a model has in its baseline (fixation, rest, pages) and what is no event of the participant's
(pulses, marks, gaps) is left out. Onsets are seconds from the run's zero, in MRI the first pulse,
dummy volumes included: an image without these begins later.

A rating can modulate the conditions whose trials asked it: each event by its trial's confirmed
answer minus the mean of the condition in that run, so that the condition itself stays the mean
response.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any

from analysis.bids import ExportedRun
from analysis.bids_events import EventRow

_BASELINE = {"fixation", "waiting", "page", "closing", "lobby"}
_NO_EVENTS = {"pulse", "pause", "block", "gap"}
_ODD = re.compile(r"[^A-Za-z0-9]+")
_SAME = 1e-9  # below which answers are all alike


@dataclass(frozen=True)
class Condition:
    """The events of a condition.

    Parameters
    ----------
    events : sequence of (float, float)
        Onset and duration of each (s).
    modulation : sequence of (float or None) or None
        Of each event, with a mean of zero; None where there was no answer. None as a whole where
        nothing modulates it.
    """

    events: Sequence[tuple[float, float]]
    modulation: Sequence[float | None] | None = None

    @property
    def modulated(self) -> list[tuple[float, float, float]]:
        """Onset, duration and modulation of the events that have one."""
        pairs = zip(self.events, self.modulation or (), strict=False)
        return [(*event, value) for event, value in pairs if value is not None]


Conditions = Mapping[str, Condition]
"""By name."""


def conditions_of(
    events: Sequence[EventRow], modulator: str | None = None
) -> tuple[Conditions, int]:
    """Return a run's events by condition, and how many were left out since their end is not known.

    Parameters
    ----------
    events : sequence of EventRow
        As `analysis.bids_events` makes them.
    modulator : str or None
        Name of a rating.
    """
    answers = {
        row["trial"]: float(row["rating_value"])
        for row in events
        if row["trial_type"] == "rating" and row["rating"] == modulator and row["confirmed"]
    }
    found: dict[str, list[tuple[float, float]]] = {}
    given: dict[str, list[float | None]] = {}
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
        own = None if kind == "rating" or row.get("trial") is None else answers.get(row["trial"])
        given.setdefault(name, []).append(own)
    return {
        name: Condition(rows, _centred(given[name])) for name, rows in sorted(found.items())
    }, open_ended


def _centred(answers: Sequence[float | None]) -> list[float | None] | None:
    """Return answers with a mean of zero; None where there are none, or all are the same."""
    there = [one for one in answers if one is not None]
    if not there or max(there) - min(there) < _SAME:
        return None
    mean = fsum(there) / len(there)
    return [None if one is None else one - mean for one in answers]


Form = Callable[[str, Conditions, str], Iterator[tuple[str, str | bytes]]]
"""Takes what a run's files are called, its conditions and what the modulator is called; yields the
files."""


def fsl_files(
    name: str, conditions: Conditions, modulator: str
) -> Iterator[tuple[str, str | bytes]]:
    """Yield FSL's three columns (onset, duration, weight), one file for each condition.

    One more for each condition that is modulated: the same events with the modulation as weight.
    """
    for condition, one in conditions.items():
        lines = [f"{onset:.6f}\t{duration:.6f}\t1" for onset, duration in one.events]
        yield f"{name}_{condition}.txt", "\n".join(lines) + "\n"
        if one.modulated:
            lines = ["\t".join(f"{value:.6f}" for value in row) for row in one.modulated]
            yield f"{name}_{condition}_x_{modulator}.txt", "\n".join(lines) + "\n"


def spm_files(
    name: str, conditions: Conditions, modulator: str
) -> Iterator[tuple[str, str | bytes]]:
    """Yield SPM's "multiple conditions" file: names, onsets, durations, and pmod if there is one.

    SPM wants a value for each onset of a modulated condition: where nobody answered it is 0, the
    mean.
    """
    import numpy as np
    from scipy.io import savemat

    def cells(values: Sequence[Any]) -> Any:
        made = np.empty((1, len(values)), dtype=object)
        for place, value in enumerate(values):
            made[0, place] = value
        return made

    columns = [np.array(one.events, float).T for one in conditions.values()]
    fields = {
        "names": cells(list(conditions)),
        "onsets": cells([onsets.reshape(1, -1) for onsets, _ in columns]),
        "durations": cells([durations.reshape(1, -1) for _, durations in columns]),
    }
    if any(one.modulation for one in conditions.values()):
        pmod = np.empty(
            (1, len(conditions)), dtype=[(f, object) for f in ("name", "param", "poly")]
        )
        for place, one in enumerate(conditions.values()):
            given = [value or 0.0 for value in one.modulation or ()]
            told = ([modulator], [np.array([given])], [1.0]) if given else ([], [], [])
            pmod[0, place] = tuple(cells(values) for values in told)
        fields["pmod"] = pmod
    buffer = io.BytesIO()
    savemat(buffer, fields)
    content = bytearray(buffer.getvalue())
    content[:_MAT_TEXT] = f"{_MAT_HEAD:<{_MAT_TEXT}}".encode()  # savemat writes the time of day
    yield f"{name}.mat", bytes(content)


_MAT_TEXT = 116  # bytes of descriptive text at the head of a MAT-file 5
_MAT_HEAD = "MATLAB 5.0 MAT-file, names onsets durations, made by Kindred"


def nilearn_files(
    name: str, conditions: Conditions, modulator: str
) -> Iterator[tuple[str, str | bytes]]:
    """Yield the table that nilearn's first-level model takes as `events`.

    With a column ``modulation`` where something is modulated: 1 in a condition's own rows.
    """
    rows = [
        (onset, duration, condition, 1.0)
        for condition, one in conditions.items()
        for onset, duration in one.events
    ]
    modulated = [
        (onset, duration, f"{condition}_x_{modulator}", value)
        for condition, one in conditions.items()
        for onset, duration, value in one.modulated
    ]
    columns = 4 if modulated else 3
    head = ("onset", "duration", "trial_type", "modulation")[:columns]
    lines = ["\t".join(head)]
    for onset, duration, condition, value in sorted(rows + modulated):
        cells = (f"{onset:.6f}", f"{duration:.6f}", condition, f"{value:.6f}")
        lines.append("\t".join(cells[:columns]))
    yield f"{name}_events.tsv", "\n".join(lines) + "\n"


FORMS: Mapping[str, Form] = {"fsl": fsl_files, "spm": spm_files, "nilearn": nilearn_files}


def design_files(
    form: str, named: Mapping[str, ExportedRun], modulator: str | None
) -> tuple[dict[str, str | bytes], list[str]]:
    """Return the events of runs for a first-level model, and remarks for the analyst.

    Parameters
    ----------
    form : str
        ``fsl``, ``spm`` or ``nilearn``.
    named : mapping of str to ExportedRun
        By what the names of its files begin with.
    modulator : str or None
        Name of a rating.

    Returns
    -------
    dict of str to (str or bytes), list of str
        Content by path.
    """
    files: dict[str, str | bytes] = {}
    remarks: list[str] = []
    for name, run in named.items():
        conditions, open_ended = conditions_of(run.events, modulator)
        if open_ended:
            told = f"{open_ended} events without an end are left out; the recording stops there"
            remarks.append(f"{name}: {told}")
        if not conditions:
            remarks.append(f"{name}: nothing but its baseline was shown; no file")
            continue
        if modulator is not None and not any(one.modulation for one in conditions.values()):
            remarks.append(f"{name}: {modulator} modulates nothing: no answers, or all the same")
        files |= dict(FORMS[form](f"{run.folder}/{name}", conditions, modulator or ""))
    return files, remarks
