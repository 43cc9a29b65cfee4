"""Sessions that are interrupted and go on: killed, torn, aborted, changed, twice."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.batch.exporting import Export, export_study, kept_facts
from analysis.bids_validator import ValidatorReport, validate
from analysis.parts import about_parts
from analysis.pet import join
from analysis.replay import report, verify
from analysis.science.gather import gather, gathered
from analysis.tables import block_rows
from experiment.choices import keep_choices
from experiment.desk.summary import summary_lines
from experiment.errors import BadInput
from experiment.examples import make_study
from experiment.kit.decisions import record
from experiment.kit.own_profile import save_own_profile
from experiment.kit.own_words import OwnWords
from experiment.kit.store import load_kit
from experiment.profiles import DEMO
from experiment.readlog import Event, SessionLog, read_log
from experiment.register import open_register, standing
from experiment.session import SessionRequest, prepare, run
from experiment.study import open_study
from run_session import main
from tests.exports import export_bids

pytestmark = pytest.mark.linux

ROOT = Path(__file__).parents[2]
NewStudy = Callable[..., Path]
TRIAL = ["fixation", "MESSAGE", "rate_connection", "rate_good"]


def request(study: Path, session: str, **more: Any) -> SessionRequest:
    wires = {"port": "mock:", "scanner": "mock:"}
    return SessionRequest(
        study, "012", session, robot="typical", fast=True, no_window=True, **(wires | more)
    )


def play(study: Path, session: str, **more: Any) -> SessionLog:
    result = run(prepare(request(study, session, **more)))
    assert (result.status, result.reason) == ("complete", None)
    return read_log(result.log)


def torn_after(log: SessionLog, event: Event) -> SessionLog:
    """Cut a log as a power cut does: in the middle of the line behind an event's."""
    lines = log.file.read_bytes().split(b"\n")
    at = event["seq"] + 1
    log.file.write_bytes(b"\n".join([*lines[:at], lines[at][:30]]))
    assert read_log(log.file).torn
    return read_log(log.file)


def cut(log: SessionLog, trial: int) -> SessionLog:
    """Cut a log just after a trial's picture came."""
    shown = next(
        event["n"]
        for event in log.of("step")
        if event["step"]["trial"] == trial and event["step"]["screen"]["kind"] != "fixation"
    )
    return torn_after(log, next(event for event in log.of("onset") if event["n"] == shown))


def sent(log: SessionLog) -> list[str]:
    """Return the names of the markers that went out, in order."""
    names = {event["n"]: event["name"] for event in log.of("marker_planned")}
    came = [names[event["n"]] for event in log.of("marker_sent")]
    return ["MESSAGE" if name in ("kind", "neutral", "stranger") else name for name in came]


def messages(log: SessionLog) -> list[str]:
    steps = {e["n"]: e["step"]["screen"].get("message_id") for e in log.of("step")}
    return [steps[e["n"]] for e in log.of("onset") if steps[e["n"]] is not None]


def shape(log: SessionLog) -> list[dict[str, Any]]:
    return [event["step"] for event in log.of("step")]


@pytest.mark.timeout(120)
def test_a_killed_session_goes_on_at_the_next_trial(new_study: NewStudy) -> None:
    study = new_study(
        ("reading_at_least: 1.0", "reading_at_least: 0.0"),
        ("      fixation: [1.0, 1.5]", "      fixation: [0.1, 0.2]"),
    )
    words = ["--participant", "012", "--session", "02", "--robot", "hasty", "--no-window"]
    process = subprocess.Popen(
        [sys.executable, "run_session.py", "run", str(study), *words, "--port", "mock:"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    file = study / "sourcedata" / "sub-012" / "ses-02" / "sub-012_ses-02.jsonl"
    while b'"trial":2' not in (file.read_bytes() if file.exists() else b""):
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = file.read_bytes()
    killed = read_log(file)
    assert killed.status == "crashed"

    again = ["run", str(study), *words, "--port", "mock:"]
    assert main(again) == 2  # nothing is overwritten
    assert main([*again, "--resume", "--speed", "fast"]) == 0
    assert file.read_bytes() == before
    second = read_log(file.with_name("sub-012_ses-02_part-02.jsonl"))
    (resumed,) = second.of("resumed")
    assert resumed["part"] == 2
    left = second.header["resumed"]
    assert left["before"]["digest"] == killed.events[-1]["digest"]
    done = left["runs"]["messageslab"]["done"]
    assert 1 <= done <= 3
    whole = [trial["message_id"] for trial in killed.header["plans"]["messageslab"]["trials"]]
    assert messages(second) == whole[done:]
    assert sent(second) == ["waiting", "run_start", *TRIAL * (6 - done), "run_end"]
    first = sent(killed)
    assert first[: 2 + 4 * done] == ["waiting", "run_start", *TRIAL * done]
    for log in (killed, second):
        assert verify(log).differences == ()
    with pytest.raises(BadInput, match="complete; there is nothing to resume"):
        prepare(request(study, "02", scanner=None, resume=True))


def test_a_scan_begins_anew_and_its_parts_are_runs_of_their_own(
    new_study: NewStudy, tmp_path: Path
) -> None:
    study = new_study()
    whole = play(study, "01")
    steps = shape(whole)
    first = cut(whole, trial=3)
    second = play(study, "01", resume=True)
    assert second.file.name == "sub-012_ses-01_part-02.jsonl"
    assert second.header["resumed"]["runs"]["messages"]["again"] == [3]
    assert messages(first)[-1] == messages(second)[0]
    rest = [step for step in steps if step["trial"] is not None and step["trial"] >= 3]
    shown = [step for step in shape(second) if step["trial"] is not None]
    assert [s["screen"] for s in shown] == [s["screen"] for s in rest]
    begin = second.header["plans"]["messages"]["lead_in_ends"]
    assert begin == first.header["plans"]["messages"]["lead_in_ends"]
    assert verify(first).differences == verify(second).differences == ()
    assert "part 2: goes on from sub-012_ses-01.jsonl (crashed)" in report(second, verify(second))
    assert any("2 trials done before; shown again: trial 3" in line for line in about_parts(second))

    found = export_bids(open_study(study).logs(), tmp_path / "bids")
    stem = "sub-012/ses-01/beh/sub-012_ses-01_task-messages_run-0"
    assert found.in_parts == (f"{stem}2_events.tsv: part 2",)
    assert found.incomplete == (f"{stem}1_events.tsv: cut short: the session crashed",)
    assert {row["part"] for row in rows(tmp_path / "bids" / f"{stem}2_events.tsv")} == {"2"}
    assert validate(tmp_path / "bids") == ValidatorReport((), ())


def test_parts_at_ones_own_pace_are_joined_and_twice_is_no_other(
    new_study: NewStudy, tmp_path: Path
) -> None:
    study = new_study()
    ids = messages(play(study, "02"))
    log = open_study(study).logs()[0]
    cut(read_log(log), trial=2)
    second = play(study, "02", resume=True)
    cut(second, trial=5)
    third = play(study, "02", resume=True)
    assert third.file.name == "sub-012_ses-02_part-03.jsonl"
    assert third.header["resumed"]["runs"]["messageslab"]["done"] == 4
    parts = [read_log(file) for file in sorted(log.parent.glob("*.jsonl"))]
    assert len(parts) == 3
    shown = [messages(part) for part in parts]
    assert [*shown[0][:-1], *shown[1][:-1], *shown[2]] == ids
    assert all(verify(part).differences == () for part in parts)

    export_study(Export(open_study(study), {"bids": tmp_path / "bids"}))
    stem = tmp_path / "bids/sub-012/ses-02/beh/sub-012_ses-02_task-messageslab_run-01_events"
    table = rows(stem.with_suffix(".tsv"))
    onsets = [float(row["onset"]) for row in table]
    assert onsets == sorted(onsets)
    assert [row["part"] for row in table if row["trial_type"] == "gap"] == ["2", "3"]
    gap = next(row for row in table if row["trial_type"] == "gap")
    assert float(gap["duration"]) > 60  # a minute, then the page with which it begins
    told = json.loads(stem.with_suffix(".json").read_text())
    assert [part["Part"] for part in told["Parts"]] == [1, 2, 3]
    assert told["Parts"][1]["TrialsShownAgain"] == [2]
    assert told["Completeness"] == "complete"
    assert validate(tmp_path / "bids") == ValidatorReport((), ())

    # A part that can't be used is told by its own name, and the others are exported all the same.
    whole = parts[1].file.read_bytes()
    parts[1].file.write_bytes(whole.replace(b'"trial":', b'"trail":'))
    out = {kind: tmp_path / kind for kind in ("bids", "tables")}
    done = export_study(Export(open_study(study), out, facts=True))
    (why,) = done.broken
    assert why.startswith(f"{parts[1].file}: lacks what a session log of this version must have")
    assert done.incomplete.first == [f"sub-012/ses-02/beh/{stem.name}.tsv: without part 2"]
    told = json.loads(stem.with_suffix(".json").read_text())
    assert [part["Part"] for part in told["Parts"]] == [1, 3]
    others = [row for row in table if row["part"] != "2"]
    assert [row for row in rows(stem.with_suffix(".tsv")) if row["trial_type"] != "gap"] == [
        row for row in others if row["trial_type"] != "gap"
    ]
    assert {row["part"] for row in rows(out["tables"] / "steps.tsv")} == {"1", "3"}
    with kept_facts(Export(open_study(study), out)) as facts:
        found = gathered(facts, rehearsals=True).logs
    assert [log.left_out is None for log in found] == [True, True, False]
    parts[1].file.write_bytes(whole)

    # A part before that was changed afterwards is found by the next one's own proof.
    parts[0].file.write_bytes(parts[0].file.read_bytes()[:-200])
    (wrong,) = verify(read_log(parts[1].file)).differences
    assert "not the part that the next one goes on from" in wrong.problem
    parts[0].file.unlink()
    alone = verify(read_log(parts[1].file))
    assert alone.differences == ()
    assert "is not beside it: the parts were not compared" in report(parts[1], alone)


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def test_a_protocol_may_have_the_whole_run_repeated(new_study: NewStudy, tmp_path: Path) -> None:
    study = new_study(("    version: lab\n", "    version: lab\n    resume: run\n"))
    cut(play(study, "02"), trial=4)
    second = play(study, "02", resume=True)
    left = second.header["resumed"]["runs"]["messageslab"]
    assert (left["way"], left["done"], left["again"]) == ("run", 0, [1, 2, 3, 4])
    assert len(messages(second)) == 6
    assert verify(second).differences == ()
    found = export_bids(open_study(study).logs(), tmp_path / "bids")
    assert len(found.in_parts) == 1
    assert "run-02_events.tsv: part 2" in found.in_parts[0]
    # The run that was repeated counts from its own log, with both questions of each message.
    answers = gather(open_study(study), rehearsals=True)
    assert [log.again for log in answers.logs] == [6, 0]
    assert answers.table["asked"].to_list() == [6, 6]


def study_of(folder: Path, preset: str, *edits: tuple[str, str]) -> Path:
    make_study(folder, preset)
    file = folder / "study.yaml"
    text = file.read_text("utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    return folder


def after_zero(log: SessionLog, task: str) -> list[Event]:
    """Return the onsets of a run's steps that were shown after its zero, in order."""
    begun = next(event["seq"] for event in log.of("run_begin") if event["task"] == task)
    zero = next(
        event["seq"]
        for event in log.of("run_zero")
        if event["seq"] > begun and event["source"] == "injection"
    )
    return [event for event in log.of("onset") if event["seq"] > zero]


@pytest.mark.parametrize("sync", [0, 8])
def test_a_pet_run_keeps_its_times_if_it_broke_off_before_its_first_trial_was_over(
    sync: int, tmp_path: Path
) -> None:
    study = study_of(tmp_path / "study", "hsu2013", ("sync_pattern: 0", f"sync_pattern: {sync}"))
    kit = open_study(study).kit_folder("012")
    save_own_profile(kit, DEMO / "photos" / "p41.png", OwnWords("A", 30, "b"))
    keep_choices(open_study(study), "012", play(study, "01"))
    whole = play(study, "02")
    raw, plan = whole.file.read_bytes(), whole.header["plans"]["feedback"]
    zero = after_zero(whole, "feedback")
    report = next(event["n"] for event in whole.of("step") if event["step"]["trial"] == 1)
    asked = next(event for event in zero if event["n"] == report)

    # In the first rest, in the midst of the sync markers if there are any: all keep their times.
    first = torn_after(whole, zero[sync // 2])
    second = play(study, "02", resume=True)
    left = second.header["resumed"]["runs"]["feedback"]
    assert (left["way"], left["done"], left["again"]) == ("trial", 0, [])
    assert 0 < left["ready"] < plan["trials"][0]["rest_ends"]["time"]
    goes_on = second.header["plans"]["feedback"]
    opened: dict[str, Any] = {"instructions": [], "practice": None, "sync_ends": []}
    assert goes_on == plan | opened
    assert sent(second)[:3] == ["waiting", "run_start", "rate_sad"]
    assert len(after_zero(whole, "feedback")) - sync == len(after_zero(second, "feedback"))
    assert not [*second.of("fault"), *second.of("continue")]
    begun = [row.onset for row in block_rows(second)]
    assert begun == pytest.approx([block["begins"] for block in plan["blocks"]], abs=0.02)
    assert verify(first).differences == verify(second).differences == ()
    export_bids([first.file, second.file], tmp_path / "bids")
    (table,) = (tmp_path / "bids").rglob("*ses-02_task-feedback_*_events.tsv")
    assert [row["trial_type"] for row in rows(table)].count("gap") == 1

    # Torn again before it had told of the marks, then gone on with: on the same injection still.
    torn_after(second, next(iter(second.of("resumed"))))
    third = play(study, "02", resume=True)
    assert third.header["plans"]["feedback"] == goes_on
    assert verify(third).differences == ()
    third.file.unlink()
    second.file.unlink()

    # In the first self-report, a minute before block 1: that moves, and the later ones don't.
    whole.file.write_bytes(raw)
    first = torn_after(whole, asked)
    second = play(study, "02", resume=True)
    left = second.header["resumed"]["runs"]["feedback"]
    assert (left["done"], left["again"]) == (0, [1])
    moved, *others = second.header["plans"]["feedback"]["blocks"]
    assert moved["begins"] >= left["ready"] > plan["blocks"][0]["begins"]
    assert others == plan["blocks"][1:]
    assert sent(second)[:3] == ["waiting", "run_start", "rate_sad"]
    assert not [*second.of("fault"), *second.of("continue")]
    assert verify(second).differences == ()
    second.file.unlink()

    # Before the injection there is no zero to keep: all of it comes.
    whole.file.write_bytes(raw)
    torn_after(whole, next(iter(whole.of("marker_planned"))))
    second = play(study, "02", resume=True)
    assert second.header["plans"] == whole.header["plans"]
    assert sent(second).count("sync") == sync
    assert verify(second).differences == ()


def test_a_game_in_pet_is_played_again_without_a_second_sync_pattern(tmp_path: Path) -> None:
    study = study_of(
        tmp_path / "study",
        "cyberball",
        ("begins: pulse", "begins: injection"),
        ("sync_pattern: 0", "sync_pattern: 8"),
        ("[scanwatch, scanincluded, checks, scanexcluded, afterexcluded, debriefing]",
         "[scanwatch, scanincluded, debriefing]"),
    )  # fmt: skip
    whole = play(study, "scanner")
    first = torn_after(whole, after_zero(whole, "scanwatch")[12])
    second = play(study, "scanner", resume=True)
    ready = {task: run["ready"] for task, run in second.header["resumed"]["runs"].items()}
    assert ready["scanwatch"] > 0
    assert ready["scanincluded"] is None  # it was not begun, though the injection was given
    plans, before = second.header["plans"], whole.header["plans"]
    assert plans["scanwatch"] == before["scanwatch"] | {"sync_ends": []}
    assert plans["scanincluded"] == before["scanincluded"]
    assert verify(first).differences == verify(second).differences == ()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("way", ["trial", pytest.param("block", marks=pytest.mark.slow)])
def test_a_pet_run_goes_on_on_the_same_injection(way: str, tmp_path: Path) -> None:
    study = tmp_path / "study"
    make_study(study, "hsu2013")
    file = study / "study.yaml"
    text = file.read_text("utf-8")
    at = text.index("kind: feedback\n") + len("kind: feedback\n")
    indent = "    "
    file.write_text(f"{text[:at]}{indent}resume: {way}\n{text[at:]}", "utf-8")
    kit = open_study(study).kit_folder("012")
    save_own_profile(kit, DEMO / "photos" / "p41.png", OwnWords("A", 30, "b"))
    keep_choices(open_study(study), "012", play(study, "01"))
    whole = play(study, "02")
    (task,) = [t for t, s in whole.header["protocol"]["tasks"].items()
               if s["kind"] == "feedback" and t in whole.header["tasks"]][:1]  # fmt: skip
    trials = whole.header["plans"][task]["trials"]
    in_second = [t["number"] for t in trials if t["block"] == 2 and t["kind"] != "report"]
    first = cut(whole, trial=in_second[3])
    second = play(study, "02", resume=True)
    left = second.header["resumed"]["runs"][task]
    goes_on = in_second[3] if way == "trial" else in_second[0]
    assert left["done"] == goes_on - 1
    assert left["ready"] is not None
    injected = list(first.of("run_zero"))[-1]
    again = list(second.of("run_zero"))[-1]
    assert again["source"] == injected["source"] != "first_flip"
    assert again["t"] < 0
    (mark,) = [m for m in second.of("mark") if m["name"] == injected["source"]]
    assert (mark["origin"], mark["again"]) == ("part_before", False)
    blocks = {b["number"]: b for b in first.header["plans"][task]["blocks"]}
    later = second.header["plans"][task]["blocks"]
    assert later[0]["begins"] >= left["ready"]
    kept = [b for b in later[1:] if b["begins"] == blocks[b["number"]]["begins"]]
    assert kept, "a block whose time has not passed keeps it"
    assert not [f for f in second.of("fault") if f["what"] == "begun_late"]
    assert verify(first).differences == verify(second).differences == ()
    export_bids([first.file, second.file], tmp_path / "bids")
    (table,) = (tmp_path / "bids").rglob(f"*ses-02_task-{task}_run-01_events.tsv")
    events = rows(table)
    assert [row["trial_type"] for row in events].count("mark_injection") <= 1
    assert [row["trial_type"] for row in events].count("gap") == 1
    assert [float(r["onset"]) for r in events] == sorted(float(r["onset"]) for r in events)
    shown = [[(b.block, b.interrupted) for b in block_rows(log)] for log in (first, second)]
    assert shown == [[(1, False), (2, True)], [(2, way == "trial"), (3, False)]]
    pet = tmp_path / "sub-012_ses-02_pet.json"
    frames = {"FrameTimesStart": [60 * i for i in range(90)], "FrameDuration": [60] * 90}
    pet.write_text(json.dumps({"ScanStart": 0, "InjectionStart": 0, **frames}))
    joined = join(table, pet).blocks
    assert [(b.block, b.interrupted) for b in joined] == [(1, False), (2, True), (3, False)]
    broken, (row,) = joined[1], [r for r in block_rows(second) if r.block == 2]
    assert broken.onset == pytest.approx(blocks[2]["begins"], abs=0.02)
    assert broken.duration == pytest.approx(later[0]["ends"] - blocks[2]["begins"], abs=0.02)
    assert row.onset is not None
    assert {40, int(row.onset // 60)} <= set(broken.frames)


def test_runs_that_were_complete_are_not_repeated(new_study: NewStudy) -> None:
    study = new_study()
    file = study / "study.yaml"
    visit = '  "03":\n    tasks: [messageslab, messages]\n    optional: [daily]\n'
    file.write_text(file.read_text() + visit)
    alone = play(study, "03", task="messageslab")
    assert tuple(prepare(request(study, "03")).plans) == ("messages",)
    with pytest.raises(BadInput, match="complete; there is nothing to resume"):
        prepare(request(study, "03", resume=True))
    alone.file.unlink()
    daily = play(study, "03", task="daily")
    daily.file.write_bytes(daily.file.read_bytes().partition(b'"type":"onset"')[0])
    assert tuple(prepare(request(study, "03", resume=True)).plans) == ("daily",)
    whole = play(study, "03")
    lines = whole.file.read_bytes().split(b"\n")
    # Where it broke off at the last screen of the first run, that run is over, too.
    at = next(e["seq"] for e in whole.of("step") if e["step"]["marker"] == "run_end")
    whole.file.write_bytes(b"\n".join(lines[: at + 1]) + b"\n")
    second = play(study, "03", resume=True)
    assert second.header["tasks"] == ["messages"]
    assert [(e["task"], e["run"]) for e in second.of("run_begin")] == [("messages", 2)]
    assert len(messages(second)) == 8
    assert verify(second).differences == ()
    where = standing(open_study(study), open_register(study).anybody("012"), dt.date.today())
    assert where.session("03").state == "done"


def test_what_can_t_be_gone_on_with_is_said(new_study: NewStudy) -> None:
    study = new_study()
    with pytest.raises(BadInput, match="no session to resume; begin it without --resume"):
        prepare(request(study, "02", resume=True))
    cut(play(study, "02"), trial=3)
    log = open_study(study).logs()[0]
    with pytest.raises(BadInput, match=r"nothing is overwritten.*To go on with it: --resume"):
        prepare(request(study, "02"))
    with pytest.raises(BadInput, match="--seed"):
        prepare(request(study, "02", resume=True, seed=7))

    file = study / "study.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("reading_at_least: 1.0", "reading_at_least: 2.0"), "utf-8")
    with pytest.raises(BadInput, match=r"changed since.*messageslab.timing.reading_at_least"):
        prepare(request(study, "02", resume=True))
    file.write_text(text.replace("mouse: false", "mouse: true"), "utf-8")
    assert (
        "changed since the session began: devices.mouse"
        in prepare(request(study, "02", resume=True)).told
    )
    file.write_text(text, "utf-8")

    folder = study / "participants" / "012" / "kit"
    kit = load_kit(folder)
    one = kit.messages[0].message_id
    record(folder, kit, {one: "leave_out"}, "KR", "2026-09-21T08:00:00+00:00")
    with pytest.raises(BadInput, match="kit has changed since the session began"):
        prepare(request(study, "02", resume=True))
    record(folder, kit, {one: "accept"}, "KR", "2026-09-22T08:00:00+00:00")

    raw = log.read_bytes()
    log.write_bytes(raw.replace(b'"trial":1', b'"trial":2', 1))
    with pytest.raises(BadInput, match="changed after it was written"):
        prepare(request(study, "02", resume=True))
    log.write_bytes(raw)
    assert len(open_study(study).logs()) == 1


@pytest.mark.parametrize(("left", "state"), [(0, "done"), (1, "done"), (2, "begun")])
def test_a_session_that_broke_off_at_its_last_screen_is_done(
    new_study: NewStudy, left: int, state: str
) -> None:
    """The lines after which it broke off: the last screen, the answer before it, that question."""
    study = new_study()
    whole = play(study, "02")
    *_, last = whole.of("step")
    assert last["step"]["marker"] == "run_end"
    answered = [event["seq"] for event in whole.of("outcome") if event["seq"] < last["seq"]]
    at = (last["seq"], answered[-1], answered[-1] - 1)[left]
    lines = whole.file.read_bytes().split(b"\n")
    whole.file.write_bytes(b"\n".join([*lines[: at + 1], b'{"seq"']))

    opened = open_study(study)
    where = standing(opened, open_register(study).anybody("012"), dt.date.today())
    assert where.session("02").state == state
    told = summary_lines(study, "012", whole.file, "en")
    goes_on = "What to do next: Look at what went wrong, then go on with this session."
    assert (goes_on in told) == (state == "begun")
    if state == "begun":
        assert len(messages(play(study, "02", resume=True))) == 1
    else:
        with pytest.raises(BadInput, match="complete; there is nothing to resume"):
            prepare(request(study, "02", resume=True))
        with pytest.raises(BadInput, match=r"has data for task .* session\?$"):
            prepare(request(study, "02"))
        assert not any("not finished" in line for line in told)
