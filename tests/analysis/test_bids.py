from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis import tables
from analysis.batch.products import OWN
from analysis.bids_events import COLUMNS
from analysis.bids_validator import validate
from experiment.errors import BadInput
from experiment.kit import Kit
from experiment.readlog import Event, SessionLog, read_log
from tests.exports import export_bids, export_with

SCANNER = "sub-012/ses-01/beh/sub-012_ses-01_task-messages_run-01_events"
LAB = "sub-012/ses-02/beh/sub-012_ses-02_task-messageslab_run-01_events"
Rewrite = Callable[[SessionLog, list[Event], Path], Path]


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        file.relative_to(folder).as_posix(): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in folder.rglob("*")
        if file.is_file() and OWN not in file.parts
    }


def sidecar(out: Path, stem: str = SCANNER) -> Any:
    return json.loads((out / f"{stem}.json").read_text("utf-8"))


def test_the_validator_finds_nothing(logs: dict[str, Path], tmp_path: Path) -> None:
    report = export_bids(logs.values(), tmp_path / "bids")
    assert (report.left_out, report.incomplete) == ((), ())
    found = validate(tmp_path / "bids")
    assert (found.errors, found.warnings) == ((), ())


@pytest.mark.parametrize("which", ["cut_log", "paused_log"])
def test_a_session_cut_short_is_exported_and_says_so(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    out = tmp_path / "bids"
    report = export_bids([request.getfixturevalue(which)], out)
    ending = {"cut_log": "crashed", "paused_log": "was aborted"}[which]
    assert report.incomplete == (f"{SCANNER}.tsv: cut short: the session {ending}",)
    assert sidecar(out)["Completeness"] == f"cut short: the session {ending}"
    rows = rows_of(out / f"{SCANNER}.tsv")
    last = [row for row in rows if row["trial_type"] != "pulse"][-1]
    assert last["duration"] == "n/a"
    assert ("pause" in {row["trial_type"] for row in rows}) == (which == "paused_log")
    if which == "paused_log":
        found = validate(out)
        assert (found.errors, found.warnings) == ((), ())


@pytest.mark.parametrize("datatype", ["func", "pet"])
def test_events_lie_beside_the_images_if_that_is_asked_for(
    datatype: str, logs: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "bids"
    export_with([logs["01"]], {"bids": out}, datatype=datatype)
    moved = SCANNER.replace("/beh/", f"/{datatype}/")
    assert (out / f"{moved}.tsv").is_file()
    (scan,) = rows_of(out / "sub-012/ses-01/sub-012_ses-01_scans.tsv")
    assert scan["filename"] == moved.removeprefix("sub-012/ses-01/") + ".tsv"
    assert scan["completeness"] == "complete"
    if datatype == "pet":
        found = validate(out)
        assert (found.errors, found.warnings) == ((), ())
    with pytest.raises(BadInput, match="allowed are beh, func, pet"):
        export_with([logs["01"]], {"bids": out}, datatype="eeg")


def test_the_validator_is_really_asked(logs: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "bids"
    export_bids([logs["01"]], out)
    known = sidecar(out)
    known["trial_type"]["HED"]["message"] = "No-such-tag"
    (out / f"{SCANNER}.json").write_text(json.dumps(known), "utf-8")
    assert any("No-such-tag" in line for line in validate(out).errors)
    with pytest.raises(BadInput, match="no such folder"):
        validate(tmp_path / "nothing")


def test_events_are_the_screens_of_the_run_in_order(logs: dict[str, Path], tmp_path: Path) -> None:
    export_bids([logs["01"]], tmp_path / "bids")
    rows = rows_of(tmp_path / "bids" / f"{SCANNER}.tsv")
    log = read_log(logs["01"])
    assert tuple(rows[0]) == COLUMNS
    onsets = [float(row["onset"]) for row in rows]
    assert onsets == sorted(onsets)
    assert all(cell for row in rows for cell in row.values())
    shown = [row for row in rows if row["trial_type"] != "pulse"]
    steps = [row for row in tables.step_rows(log) if row.n >= 5]  # 2 pages, practice, page, wait
    assert [row["onset"] for row in shown] == [f"{step.onset:.6f}" for step in steps]
    assert [row["value"] for row in shown] == [str(step.code) for step in steps]
    assert shown[0]["value"] == "11"
    assert shown[-1]["trial_type"] == "closing"
    assert [float(row["onset"]) for row in rows if row["trial_type"] == "pulse"] == [
        row.t for row in tables.pulse_rows(log)
    ]


def test_answers_are_in_the_rows_of_their_questions(logs: dict[str, Path], tmp_path: Path) -> None:
    export_bids([logs["02"]], tmp_path / "bids")
    rows = rows_of(tmp_path / "bids" / f"{LAB}.tsv")
    asked = [row for row in rows if row["trial_type"] == "rating"]
    answers = [row for row in tables.rating_rows(read_log(logs["02"])) if row.trial is not None]
    assert [
        (row["rating"], row["rating_value"], row["response_time"], row["cursor_start"])
        for row in asked
    ] == [(a.rating, str(a.value), f"{a.rt:.6f}", str(a.start)) for a in answers]
    messages = [row for row in rows if row["trial_type"] == "message"]
    assert {row["confirmed"] for row in messages} == {"true"}
    assert all(float(row["response_time"]) >= 1.0 for row in messages)


def test_a_marker_that_was_not_sent_has_no_value(
    logs: dict[str, Path], tmp_path: Path, rewrite: Rewrite
) -> None:
    log = read_log(logs["01"])
    kept = [event for event in log.events if event["type"] != "marker_sent"]
    export_bids([rewrite(log, kept, tmp_path / "log.jsonl")], tmp_path / "bids")
    rows = rows_of(tmp_path / "bids" / f"{SCANNER}.tsv")
    assert {row["value"] for row in rows} == {"n/a"}


def test_levels_describe_every_value_that_occurs(logs: dict[str, Path], tmp_path: Path) -> None:
    export_bids([logs["01"]], tmp_path / "bids")
    known = sidecar(tmp_path / "bids")
    rows = rows_of(tmp_path / "bids" / f"{SCANNER}.tsv")
    assert set(COLUMNS) <= set(known)
    for column in ("trial_type", "value", "condition", "rating", "confirmed"):
        occurring = {row[column] for row in rows} - {"n/a"}
        assert occurring
        assert occurring <= set(known[column]["Levels"])


def test_the_sidecar_tells_how_it_was_presented(logs: dict[str, Path], tmp_path: Path) -> None:
    export_bids([logs["01"]], tmp_path / "bids")
    known, header = sidecar(tmp_path / "bids"), read_log(logs["01"]).header
    assert known["StimulusPresentation"]["SoftwareVersion"] == header["versions"]["psychopy"]
    assert known["StimulusPresentation"]["ScreenResolution"] == header["display"]["size_px"]
    assert known["Instructions"].startswith("Welcome")
    assert known["InstitutionName"] == header["protocol"]["study"]["institution"]
    assert known["RunClockZero"] == "pulse"
    assert known["Participant"].startswith("robot")


def test_a_second_export_changes_nothing(logs: dict[str, Path], tmp_path: Path) -> None:
    out, given = tmp_path / "bids", [logs["01"], logs["02"]]
    first = export_with(given, {"bids": out})
    before = contents(out)
    second = export_with(reversed(given), {"bids": out}, force=True)
    assert contents(out) == before
    assert first.new == second.unchanged == len(before)
    assert (second.new, second.changed.count, second.read) == (0, 0, 2)


def test_a_different_file_is_replaced_and_reported(logs: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "bids"
    export_with([logs["01"]], {"bids": out})
    before = contents(out)
    (out / f"{SCANNER}.tsv").write_text("onset\tduration\n", "utf-8")
    report = export_with([logs["01"], logs["02"]], {"bids": out})
    assert sorted(report.changed.first) == [f"{SCANNER}.tsv", "sub-012/sub-012_sessions.tsv"]
    assert report.new == 3
    assert (out / f"{SCANNER}.tsv").read_bytes() == before[f"{SCANNER}.tsv"][0]
    fewer = export_with([logs["01"]], {"bids": out})
    assert {f"{LAB}.json", f"{LAB}.tsv"} <= set(fewer.removed.first)
    foreign = out / f"{LAB}.tsv"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("onset\tduration\n", "utf-8")
    assert export_with([logs["01"]], {"bids": out}).others.first == [f"{LAB}.tsv"]


def test_two_logs_of_a_task_are_two_runs_in_the_order_of_time(
    logs: dict[str, Path], cut_log: Path, tmp_path: Path, rewrite: Rewrite
) -> None:
    log = read_log(logs["01"])
    later = replace(log, header={**log.header, "utc": "2999-01-01T00:00:00+00:00"})
    again = rewrite(later, list(log.events), tmp_path / "again.jsonl")
    export_bids([again, cut_log], tmp_path / "bids")
    assert sidecar(tmp_path / "bids")["Completeness"].startswith("cut short")
    second = sidecar(tmp_path / "bids", SCANNER.replace("run-01", "run-02"))
    assert second["Completeness"] == "complete"


def test_a_broken_log_is_reported_and_stops_no_other(
    logs: dict[str, Path], tmp_path: Path, rewrite: Rewrite
) -> None:
    log = read_log(logs["01"])
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(logs["02"].read_bytes().replace(b'"type":"onset"', b'"type":onset', 1))
    header = {**log.header, "participant": "../../elsewhere"}
    escaping = rewrite(replace(log, header=header), list(log.events), tmp_path / "up.jsonl")
    bare = rewrite(
        replace(log, header={"participant": "1", "session": "1"}), [], tmp_path / "bare.jsonl"
    )
    unbegun = rewrite(log, list(log.events[:3]), tmp_path / "unbegun.jsonl")
    bad = [broken, escaping, bare, unbegun]
    report = export_bids([logs["01"], *bad], tmp_path / "bids")
    assert len(report.left_out) == len(bad)
    for log_ in bad:
        assert any(f"/{log_.name}" in line for line in report.left_out)
    assert (tmp_path / "bids" / f"{SCANNER}.tsv").is_file()
    assert [path.name for path in (tmp_path / "bids").glob("sub-*")] == ["sub-012"]
    with pytest.raises(BadInput, match="nothing to export"):
        export_bids([unbegun, broken], tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_log_of_another_study_is_left_out(
    logs: dict[str, Path], tmp_path: Path, rewrite: Rewrite
) -> None:
    log = read_log(logs["02"])
    protocol = log.header["protocol"]
    protocol = {**protocol, "study": {**protocol["study"], "name": "another"}}
    header = {**log.header, "protocol": protocol}
    other = rewrite(replace(log, header=header), list(log.events), tmp_path / "other.jsonl")
    report = export_bids([logs["01"], other], tmp_path / "bids")
    (line,) = report.left_out
    assert "other.jsonl:1: of study 'another', not " in line


def test_an_edited_log_is_exported_and_says_so(logs: dict[str, Path], tmp_path: Path) -> None:
    edited = tmp_path / "edited.jsonl"
    edited.write_bytes(logs["01"].read_bytes().replace(b'"action":"left"', b'"action":"right"', 1))
    report = export_bids([edited], tmp_path / "bids")
    assert len(report.incomplete) == 1
    assert "edited after the session, from line" in report.incomplete[0]


def test_only_a_folder_of_its_own_is_written_into(logs: dict[str, Path], tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "dataset_description.json").write_text('{"Name": "somebody else\'s"}', "utf-8")
    before = contents(foreign)
    with pytest.raises(BadInput, match="give a new folder"):
        export_bids([logs["01"]], foreign)
    assert contents(foreign) == before
    with pytest.raises(BadInput, match="is a file"):
        export_bids([logs["01"]], foreign / "dataset_description.json")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert export_with([logs["01"]], {"bids": empty}).new


def test_nothing_private_is_exported(make_study: Callable[..., Any], tmp_path: Path) -> None:
    def planted(kit: Kit) -> Kit:
        return replace(
            kit,
            writers=tuple(
                replace(w, name=f"CANARY name {i}", relation=f"CANARY{i}@example.org")
                for i, w in enumerate(kit.writers)
            ),
            messages=tuple(replace(m, text=f"CANARY text {i}") for i, m in enumerate(kit.messages)),
        )

    study = make_study(tmp_path / "study", change=planted)
    export_bids([study.run("01"), study.run("02")], tmp_path / "bids")
    assert b"CANARY" in (study.folder / "participants/012/kit/kit.json").read_bytes()
    for name, (content, _) in contents(tmp_path / "bids").items():
        assert b"canary" not in (name.encode() + content).lower(), name
        assert str(tmp_path).encode() not in content, name


def test_the_export_needs_neither_a_screen_nor_pandas() -> None:
    code = "import sys, analysis.bids; print({'psychopy', 'pandas'} & set(sys.modules))"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
