"""What goes with the events of a run: what its columns mean, and how it was presented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from analysis.bids_beh import KIND, item_columns, item_levels, questionnaires_of
from analysis.bids_events import columns_of, marks_of
from analysis.row_types import Run
from experiment.protocol import worded
from experiment.readlog import SessionLog

HED_VERSION = "8.4.0"
SOFTWARE = "Kindred"
TEXTS = Path(__file__).parent / "texts"
_PET_NAMES = {"scan_start": "ScanStart", "injection": "InjectionStart"}


def text_of(name: str) -> Any:
    """Return a file of texts for people: a copy of one's own, that may be changed."""
    return from_json(_read(name))


@cache
def _read(name: str) -> str:
    return (TEXTS / name).read_text("utf-8")


def sidecar_of(log: SessionLog, run: Run) -> dict[str, Any]:
    """Return what is known of a run, and what its columns mean."""
    protocol = log.header["protocol"]
    return {**_presented(log, run), **_columns(protocol, run.task)}


def answers_sidecar(log: SessionLog, run: Run) -> dict[str, Any]:
    """Return what is known of a run of questionnaires, and what each item's column means."""
    protocol = log.header["protocol"]
    items = item_columns(questionnaires_of(protocol, run.task), protocol["language"])
    return {**_presented(log, run), **items}


def _presented(log: SessionLog, run: Run) -> dict[str, Any]:
    """Return how a run was presented, and how complete it is."""
    header, protocol = log.header, log.header["protocol"]
    spec, study = protocol["tasks"][run.task], protocol["study"]
    return {
        "TaskName": run.task,
        **text_of("tasks.json")[spec["kind"]][spec["version"]],
        "Instructions": _instructions(protocol, run.task),
        "InstitutionName": study["institution"],
        "InstitutionAddress": study["address"],
        "InstitutionalDepartmentName": study["department"],
        "StimulusPresentation": _presentation(header),
        "Participant": "person" if header["robot"] is None else "robot (a rehearsal, no data)",
        "Completeness": _completeness(log, run),
        "RunClockZero": run.zero_source,
        **({"Marks": marks} if (marks := marks_of(log, run)) else {}),
        **_pet_times(log, run, marks),
    }


def _instructions(protocol: Mapping[str, Any], task: str) -> str:
    """Return what the participant was told before a task."""
    spec = protocol["tasks"][task]
    texts = [protocol["texts"][page] for page in spec["instructions"]]
    if spec["kind"] == KIND:
        openings = (one.instructions for one in questionnaires_of(protocol, task).values())
        texts += [worded(text, protocol["language"]).strip() for text in openings if text]
    return "\n\n".join(texts) or "None"


def _pet_times(log: SessionLog, run: Run, marks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a PET run's zero and marks under the names that PET-BIDS gives them.

    TimeZero is the run clock's zero; the others are seconds from it.
    """
    first = {mark["Name"]: mark["Onset"] for mark in reversed(marks) if not mark["Repeated"]}
    times = {name: first[mark] for mark, name in _PET_NAMES.items() if mark in first}
    if not times or run.zero is None:
        return {}
    began = datetime.fromisoformat(log.header["utc"])
    zero = began + timedelta(seconds=run.zero - log.header["utc_at"])
    return {"TimeZero": zero.strftime("%H:%M:%S"), "TimeZeroUTC": zero.isoformat(), **times}


def _presentation(header: Mapping[str, Any]) -> dict[str, Any]:
    screen = header["protocol"]["screen"]
    width, height = header["display"]["size_px"]
    across = screen["width_cm"] / 100
    return {
        "OperatingSystem": header["versions"]["system"],
        "SoftwareName": "PsychoPy",
        "SoftwareRRID": "RRID:SCR_006571",
        "SoftwareVersion": header["versions"]["psychopy"],
        "ScreenDistance": screen["distance_cm"] / 100,
        "ScreenRefreshRate": header["display"]["measured_hz"] or header["display"]["nominal_hz"],
        "ScreenResolution": [width, height],
        "ScreenSize": [round(across, 4), round(across * height / width, 4)],
        "TaskSoftware": f"{header['software']['name']} {header['software']['version']}"
        + ("" if header["display"]["kind"] == "window" else ", without a window"),
        **_light(screen),
    }


def _light(screen: Mapping[str, Any]) -> dict[str, float]:
    """Return how long after an onset its light came (s), if that was measured on the rig."""
    offset = screen.get("photodiode_offset_ms")
    return {} if offset is None else {"LightAfterOnset": round(offset / 1e3, 6)}


def _completeness(log: SessionLog, run: Run) -> str:
    remarks = [] if run.ended is not None else [f"cut short: the session {_ENDINGS[log.status]}"]
    if log.broken_at is not None:
        remarks.append(f"the log was edited after the session, from line {log.broken_at} on")
    return "; ".join(remarks) or "complete"


_ENDINGS = {
    "complete": "ended",
    "aborted": "was aborted",
    "stopped": "was ended by the participant",
    "failed": "was ended by a fault of a device",
    "crashed": "crashed",
}


def _columns(protocol: Mapping[str, Any], task: str) -> dict[str, Any]:
    """Return the description of each column, with the study's own ratings and markers."""
    spec = protocol["tasks"][task]
    columns: dict[str, Any] = text_of("events.json")
    columns["condition"] = text_of("conditions.json")[spec["kind"]]
    scales = {name: protocol["ratings"][name] for name in spec["ratings"]}
    used = columns_of(spec["kind"])
    columns = {name: meaning for name, meaning in columns.items() if name in used}
    if "shown_answer" in used:
        shown = protocol["ratings"][spec["shown_on"]]
        columns["shown_answer"]["Description"] += (
            f" {_span(shown)} ({_anchors(shown['anchors'], protocol['language'])})."
        )
    columns["value"]["Levels"] = {
        str(code): f"Marker {name}" for name, code in protocol["markers"].items()
    }
    language = protocol["language"]
    if spec["kind"] == KIND:
        levels = item_levels(questionnaires_of(protocol, task), language)
        columns["rating"] |= {"Levels": levels, "HED": {name: f"Label/{name}" for name in levels}}
        columns["rating_value"]["Description"] += " Each item's own answers are in *_beh.json."
        return columns
    columns["rating"]["Levels"] = {
        name: worded(scale["question"], language) for name, scale in scales.items()
    }
    columns["rating"]["HED"] = {name: f"Label/{name}" for name in scales}
    columns["rating_value"]["Description"] += " " + " ".join(
        f"{name}: {_span(scale)} ({_anchors(scale['anchors'], language)})."
        for name, scale in scales.items()
    )
    return columns


def _span(scale: Mapping[str, Any]) -> str:
    if scale.get("kind") == "continuous":
        return f"0 to {scale['steps']} on a continuous line"
    return f"1 to {scale['points']}"


def _anchors(anchors: Mapping[str, Any], language: str) -> str:
    return ", ".join(
        f"{point} = {worded(anchors[point], language)}" for point in sorted(anchors, key=int)
    )
