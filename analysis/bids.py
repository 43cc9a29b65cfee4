"""A BIDS data set (raw, behaviour) made from session logs.

Everything is worked out before the first file is written, from the logs alone: the same logs give
the same bytes, so an export can be repeated at any time. It is made of the plain rows of
`analysis.tables`, not of data frames: importing pandas takes as long as a whole export.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any

from analysis.tables import (
    BlockRow,
    MarkRow,
    PauseRow,
    RatingRow,
    Run,
    StepRow,
    block_rows,
    mark_rows,
    marker_rows,
    pause_rows,
    pulse_rows,
    rating_rows,
    runs,
    step_rows,
)
from experiment.errors import BadInput
from experiment.files import write_whole
from experiment.protocol import worded
from experiment.readlog import SessionLog, read_log
from experiment.study import check_label, check_writable
from experiment.version import VERSION

BIDS_VERSION = "1.11.1"
HED_VERSION = "8.4.0"
SOFTWARE = "Kindred"
COLUMNS = (
    "onset",
    "duration",
    "trial_type",
    "value",  # reserved by BIDS for the marker's code; the answer is `rating_value`
    "trial",
    "condition",
    "message_id",
    "writer_id",
    "rating",
    "rating_value",
    "response_time",
    "confirmed",
    "cursor_start",
    "planned_onset",
)
_OF_SOCIAL = ("profile_id", "shown_answer", "block", "report", "interrupted")
_TRIAL_TYPES = {"scale": "rating"}  # where it isn't the kind of screen
_PET_NAMES = {"scan_start": "ScanStart", "injection": "InjectionStart"}
_FIRST_MARKER = "run_start"  # of the screen with which a run proper begins
_TEXTS = Path(__file__).parent / "texts"
_DESCRIPTION = "dataset_description.json"
_VALIDATOR = "bids-validator-deno"

EventRow = dict[str, Any]


@dataclass(frozen=True)
class LeftOut:
    """A log, or a run of one, that was not exported, and why."""

    log: Path
    reason: str


@dataclass(frozen=True)
class ExportReport:
    """What an export did.

    Parameters
    ----------
    folder : Path
    written, unchanged, changed : tuple of Path
        Files that are new, that were there with the same content, and that were replaced by a
        different one; relative to `folder`.
    others : tuple of Path
        Event files in the folder that this export did not make, relative to `folder`: of logs
        that are no longer given, or that were left out this time. They are left as they are.
    left_out : tuple of LeftOut
    incomplete : tuple of str
        Runs that were exported though something is wrong with them: ``path: what``.
    """

    folder: Path
    written: tuple[Path, ...]
    unchanged: tuple[Path, ...]
    changed: tuple[Path, ...]
    others: tuple[Path, ...]
    left_out: tuple[LeftOut, ...]
    incomplete: tuple[str, ...]


@dataclass(frozen=True)
class ValidatorReport:
    """What the BIDS validator found: one line per problem, ``CODE (field): where``."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def summary(report: ExportReport) -> str:
    """Return an export's report as lines for the analyst."""
    lines = [f"left out: {left.log}: {left.reason}" for left in report.left_out]
    lines += [f"incomplete: {what}" for what in report.incomplete]
    lines += [f"changed: {file}" for file in report.changed]
    lines += [f"not made by this export: {file}" for file in report.others]
    lines.append(
        f"{report.folder}: {len(report.written)} files written, {len(report.changed)} changed, "
        f"{len(report.unchanged)} as before"
    )
    return "\n".join(lines)


@dataclass(frozen=True)
class _Exported:
    """One run as it goes into the data set."""

    participant: str
    session: str
    task: str
    utc: str
    study: Mapping[str, Any]
    table: str
    sidecar: Mapping[str, Any]

    def stem(self, index: int) -> str:
        """Return the path of its files without ``.tsv`` or ``.json``."""
        sub, ses = f"sub-{self.participant}", f"ses-{self.session}"
        name = f"{sub}_{ses}_task-{self.task}_run-{index:02d}_events"
        return f"{sub}/{ses}/beh/{name}"


def export_bids(logs: Sequence[Path], out: Path) -> ExportReport:
    """Export logs as a BIDS data set.

    A log that can't be read is left out and reported. Runs that were cut short are exported as far
    as they go, and say so.

    Parameters
    ----------
    logs : sequence of Path
    out : Path
        A new or empty folder, or a data set that was exported before.

    Raises
    ------
    BadInput
        If `out` is anything else, or no log has a run to export. Nothing was written then.
    """
    _check_folder(out)
    found, left_out = _gather(logs)
    if not found:
        why = left_out[0].reason if left_out else "no logs; run a session first"
        raise BadInput(f"{out}: nothing to export: {why}")
    named = _named(found)
    files = _files(named, out)
    written, unchanged, changed = _put(files, out)
    others = sorted(
        file.relative_to(out)
        for file in out.glob("sub-*/ses-*/beh/*_events.*")
        if file.relative_to(out).as_posix() not in files
    )
    return ExportReport(
        folder=out,
        written=written,
        unchanged=unchanged,
        changed=changed,
        others=tuple(others),
        left_out=tuple(left_out),
        incomplete=tuple(
            f"{stem}.tsv: {run.sidecar['Completeness']}"
            for stem, run in named.items()
            if run.sidecar["Completeness"] != "complete"
        ),
    )


def validate(folder: Path) -> ValidatorReport:
    """Run the BIDS validator on a data set, every row of it.

    Raises
    ------
    BadInput
        If the validator isn't installed or can't work on the folder.
    """
    program = Path(sys.executable).with_name(_VALIDATOR)
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; export a data set into it first")
    try:
        done = subprocess.run(
            [program, folder, "--format", "json", "--max-rows", "-1"],
            capture_output=True,
            text=True,
            check=False,
        )
        issues = json.loads(done.stdout)["issues"]["issues"]
    except FileNotFoundError:
        raise BadInput(f"{program}: not there; install it with: pip install {_VALIDATOR}") from None
    except (ValueError, KeyError):
        raise BadInput(f"{folder}: the BIDS validator gave no result on it") from None
    return ValidatorReport(
        errors=tuple(_told(issue) for issue in issues if issue["severity"] == "error"),
        warnings=tuple(_told(issue) for issue in issues if issue["severity"] == "warning"),
    )


def _told(issue: Mapping[str, Any]) -> str:
    detail = " ".join(f"({issue[key]})" for key in ("subCode", "issueMessage") if issue.get(key))
    return f"{issue['code']} {detail}: {issue.get('location', '')}"


# --- from logs to runs ---------------------------------------------------------------------------


def _gather(logs: Sequence[Path]) -> tuple[list[_Exported], list[LeftOut]]:
    """Return the runs of all logs of one study, and what can't be exported."""
    found: list[_Exported] = []
    left_out: list[LeftOut] = []
    for file in dict.fromkeys(logs):
        try:
            exported = _exported(read_log(file))
        except BadInput as error:
            left_out.append(LeftOut(file, str(error)))
            continue
        if not exported:
            left_out.append(LeftOut(file, f"{file}: no run was begun before the session ended"))
        elif found and exported[0].study["name"] != found[0].study["name"]:
            names = (exported[0].study["name"], found[0].study["name"])
            left_out.append(LeftOut(file, f"{file}: of study {names[0]!r}, not {names[1]!r}"))
        else:
            found += exported
    return found, left_out


def _exported(log: SessionLog) -> list[_Exported]:
    """Return a log's runs.

    Raises
    ------
    BadInput
        If the log lacks something that it must have.
    """
    header = log.header
    try:
        check_label("participant", header["participant"])
        check_label("session", header["session"])
        return [
            _Exported(
                participant=header["participant"],
                session=header["session"],
                task=check_label("task", run.task),
                utc=header["utc"],
                study=header["protocol"]["study"],
                table=_table(events, _columns_of(header["protocol"]["tasks"][run.task]["kind"])),
                sidecar=_sidecar(log, run),
            )
            for run in runs(log)
            if (events := _events(log, run))
        ]
    except BadInput as error:
        raise BadInput(f"{log.file}:1: {error}") from None
    except (KeyError, IndexError, TypeError) as error:
        raise BadInput(
            f"{log.file}: lacks what a session log must have ({error}); was it edited?"
        ) from None


def _named(found: Iterable[_Exported]) -> dict[str, _Exported]:
    """Number the runs of each participant, session and task by the time they were made."""
    count: Counter[tuple[str, str, str]] = Counter()
    named = {}
    for run in sorted(found, key=lambda run: run.utc):
        key = (run.participant, run.session, run.task)
        count[key] += 1
        named[run.stem(count[key])] = run
    return dict(sorted(named.items()))


# --- events --------------------------------------------------------------------------------------


def _events(log: SessionLog, run: Run) -> list[EventRow]:
    """Return a run's events from its start on, sorted by onset; none if it never started."""
    screens = [row for row in step_rows(log) if row.run == run.number]
    start = next((i for i, row in enumerate(screens) if row.marker == _FIRST_MARKER), None)
    if start is None:
        return []
    sent = {row.step: row.code for row in marker_rows(log) if row.flip is not None}
    answers = {row.n: row for row in rating_rows(log)}
    rows = [
        _screen_event(row, sent.get(row.n), answers.get(row.n))
        for row in screens[start:]
        if row.onset is not None
    ]
    rows += [_block_event(row) for row in block_rows(log) if row.run == run.number]
    rows += [_pause_event(row) for row in pause_rows(log) if row.run == run.number]
    rows += [
        {"onset": row.t, "duration": 0.0, "trial_type": "pulse"}
        for row in pulse_rows(log)
        if row.run == run.number and row.t is not None and _within(row.t, run)
    ]
    rows += [
        {"onset": row["Onset"], "duration": 0.0, "trial_type": f"mark_{row['Name']}"}
        for row in _marks(log, run)
    ]
    # What came twice in one read has one stamp, and is one event to HED; the log keeps both.
    found: dict[tuple[float, str], EventRow] = {}
    for row in rows:
        found.setdefault((row["onset"], row["trial_type"]), row)
    return sorted(found.values(), key=lambda row: row["onset"])


def _marks(log: SessionLog, run: Run) -> list[dict[str, Any]]:
    """Return the marks of a PET scan that belong to a run: those made in it, and its zero."""
    return [
        {"Name": row.name, "Onset": run.at(row.at), "Origin": row.origin, "Repeated": row.again}
        for row in mark_rows(log)
        if run.zero is not None and (row.at == run.zero or _while(row, run))
    ]


def _while(row: MarkRow, run: Run) -> bool:
    return row.at >= run.begun and (run.ended is None or row.at <= run.ended)


def _screen_event(row: StepRow, sent: int | None, answer: RatingRow | None) -> EventRow:
    return {
        "onset": row.onset,
        "duration": row.duration,
        "trial_type": _trial_type(row),
        "value": sent,
        "trial": row.trial,
        "condition": row.condition,
        "message_id": row.message_id,
        "writer_id": row.writer_id,
        "rating": row.rating,
        "rating_value": None if answer is None else answer.value,
        "response_time": row.rt,
        "confirmed": row.confirmed,
        "cursor_start": None if answer is None else answer.start,
        "planned_onset": row.planned,
        "profile_id": row.profile_id,
        "shown_answer": row.shown_answer,
        "block": row.block,
        "report": row.report,
    }


def _block_event(row: BlockRow) -> EventRow:
    return {
        "onset": row.onset,
        "duration": row.duration,
        "trial_type": "block",
        "condition": row.condition,
        "planned_onset": row.planned,
        "block": row.block,
        "interrupted": row.interrupted,
    }


def _columns_of(kind: str) -> tuple[str, ...]:
    """Return the columns that a kind of task fills."""
    if kind not in ("choosing", "feedback", "pages"):
        return COLUMNS
    shared = tuple(name for name in COLUMNS if name not in ("message_id", "writer_id"))
    return (*shared, *(_OF_SOCIAL if kind == "feedback" else ("profile_id",)))


def _trial_type(row: StepRow) -> str:
    if row.screen == "prompt" and row.marker is not None:
        return row.marker  # what it asks for
    return _TRIAL_TYPES.get(row.screen, row.screen)


def _pause_event(row: PauseRow) -> EventRow:
    return {"onset": row.onset, "duration": row.duration, "trial_type": "pause"}


def _within(t: float, run: Run) -> bool:
    return t >= 0 and (run.end is None or t <= run.end)


def _table(rows: Iterable[EventRow], columns: Sequence[str]) -> str:
    lines = ["\t".join(columns)]
    lines += ["\t".join(_cell(row.get(column)) for column in columns) for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    """Return a value as BIDS writes it."""
    match value:
        case None:
            return "n/a"
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.6f}"
        case _:
            return " ".join(str(value).split()) or "n/a"


# --- what goes with them -------------------------------------------------------------------------


def _sidecar(log: SessionLog, run: Run) -> dict[str, Any]:
    """Return what is known of a run, and what its columns mean."""
    header, protocol = log.header, log.header["protocol"]
    spec, study = protocol["tasks"][run.task], protocol["study"]
    return {
        "TaskName": run.task,
        **_text("tasks.json")[spec["kind"]][spec["version"]],
        "Instructions": "\n\n".join(protocol["texts"][page] for page in spec["instructions"]),
        "InstitutionName": study["institution"],
        "InstitutionAddress": study["address"],
        "InstitutionalDepartmentName": study["department"],
        "StimulusPresentation": _presentation(header),
        "Participant": "person" if header["robot"] is None else "robot (a rehearsal, no data)",
        "Completeness": _completeness(log, run),
        "RunClockZero": run.zero_source,
        **({"Marks": marks} if (marks := _marks(log, run)) else {}),
        **_pet_times(log, run, marks),
        **_columns(protocol, spec),
    }


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
    }


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


def _columns(protocol: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of each column, with the study's own ratings and markers."""
    columns: dict[str, Any] = _text("events.json")
    columns["condition"] = _text("conditions.json")[spec["kind"]]
    scales = {name: protocol["ratings"][name] for name in spec["ratings"]}
    used = _columns_of(spec["kind"])
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


# --- the data set --------------------------------------------------------------------------------


def _files(named: Mapping[str, _Exported], out: Path) -> dict[str, str]:
    """Return the content of every file of the data set, by its path."""
    study = max(named.values(), key=lambda run: run.utc).study
    there = {folder.name for folder in out.glob("sub-*") if folder.is_dir()}
    participants = sorted(there | {f"sub-{run.participant}" for run in named.values()})
    files = {
        _DESCRIPTION: _json(_description(study)),
        "README.md": Template((_TEXTS / "README.md").read_text("utf-8")).substitute(
            study, software=f"{SOFTWARE} {VERSION}"
        ),
        "participants.tsv": "\n".join(["participant_id", *participants]) + "\n",
        "participants.json": _json(_text("participants.json")),
    }
    for stem, run in named.items():
        files[f"{stem}.tsv"] = run.table
        files[f"{stem}.json"] = _json(run.sidecar)
    return files


def _description(study: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Name": study["title"],
        "BIDSVersion": BIDS_VERSION,
        "HEDVersion": HED_VERSION,
        "DatasetType": "raw",
        "License": study["license"],
        "Authors": study["authors"],
        "EthicsApprovals": [study["ethics"]],
        "SourceDatasets": [{"Version": f"Session logs of the study {study['name']}"}],
        "GeneratedBy": [
            {
                "Name": SOFTWARE,
                "Version": VERSION,
                "Description": "Exported from session logs with: run_session.py export --bids",
            }
        ],
    }


def _text(name: str) -> Any:
    return json.loads((_TEXTS / name).read_text("utf-8"))


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _check_folder(out: Path) -> None:
    check_writable(out)
    if not out.exists() or not any(out.iterdir()):
        return
    try:
        made_by = json.loads((out / _DESCRIPTION).read_text("utf-8"))["GeneratedBy"][0]["Name"]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        made_by = None
    if made_by != SOFTWARE:
        raise BadInput(
            f"{out}: not empty, and not a data set that was exported here; give a new folder"
        )


def _put(
    files: Mapping[str, str], out: Path
) -> tuple[tuple[Path, ...], tuple[Path, ...], tuple[Path, ...]]:
    """Write what is new or different; return what was written, unchanged and changed."""
    written: list[Path] = []
    unchanged: list[Path] = []
    changed: list[Path] = []
    for name, content in files.items():
        file = out / name
        before = file.read_bytes() if file.is_file() else None
        if before == content.encode():
            unchanged.append(Path(name))
            continue
        (written if before is None else changed).append(Path(name))
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, content)
        except OSError as error:
            raise BadInput(f"{file}: can't be written ({error.strerror})") from None
    return tuple(written), tuple(unchanged), tuple(changed)
