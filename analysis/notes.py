"""Notes joined with the session's own time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.row_types import Run
from experiment.notes import read_notes
from experiment.readlog import SessionLog


@dataclass(frozen=True)
class NoteRow:
    """A note, or a press of the note key without words.

    Parameters
    ----------
    t : float
        Session clock (s).
    who : str or None
    text : str or None
        None where the key was pressed and nothing was written.
    """

    t: float
    who: str | None
    text: str | None


def note_rows(log: SessionLog) -> list[NoteRow]:
    """Return the notes of a session, in time."""
    asked = {event["n"]: event["t"] for event in log.of("note_asked")}
    rows = []
    worded = set()
    for note in read_notes(log.file):
        pressed = None if note.asked is None else asked.get(note.asked)
        worded.add(note.asked)
        rows.append(
            NoteRow(note.at(log.header) if pressed is None else pressed, note.who, note.text)
        )
    rows += [NoteRow(t, None, None) for n, t in asked.items() if n not in worded]
    return sorted(rows, key=lambda row: row.t)


def about_notes(log: SessionLog) -> list[str]:
    """Return the notes as lines for the analyst."""
    return [
        f"note          at {row.t:.1f} s"
        + (": (the key was pressed, no words)" if row.text is None else f" ({row.who}): {row.text}")
        for row in note_rows(log)
    ]


def notes_in(log: SessionLog, run: Run) -> list[dict[str, Any]]:
    """Return the notes of a run, for a sidecar: onset on the run's clock (s), and words."""
    return [
        {"Onset": run.at(row.t), "Text": row.text}
        for row in note_rows(log)
        if row.text is not None and run.begun <= row.t and (run.ended is None or row.t <= run.ended)
    ]
