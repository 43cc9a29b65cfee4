"""Sessions that are interrupted and go on: killed, torn, aborted, changed, twice."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analysis.batch.exporting import Export, export_study, kept_facts
from analysis.bids_validator import ValidatorReport, validate
from analysis.parts import about_parts
from analysis.replay import report, verify
from analysis.science.gather import gather, gathered
from experiment.desk.summary import summary_lines
from experiment.errors import BadInput
from experiment.kit.decisions import record
from experiment.kit.store import load_kit
from experiment.readlog import read_log
from experiment.register import open_register, standing
from experiment.session import prepare
from experiment.study import open_study
from run_session import main
from tests.exports import export_bids
from tests.sessions.interrupted import NewStudy, cut, messages, play, request, rows, sent, shape

pytestmark = pytest.mark.linux

ROOT = Path(__file__).parents[2]
TRIAL = ["fixation", "MESSAGE", "rate_connection", "rate_good"]


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
    assert left["before"]["digest"] == killed.digest
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

    whole = parts[0].file.read_bytes()
    parts[0].file.write_bytes(whole.replace(b'"trial":', b'"trail":'))
    done = export_study(Export(open_study(study), out))
    trials = parts[1].header["resumed"]["runs"]["messageslab"]["done"]
    before = f"without the trials before part 2 ({trials})"
    assert done.incomplete.first == [f"sub-012/ses-02/beh/{stem.name}.tsv: {before}"]
    assert json.loads(stem.with_suffix(".json").read_text())["Completeness"] == before
    parts[0].file.write_bytes(whole)

    # A part before that was changed afterwards is found by the next one's own proof.
    parts[0].file.write_bytes(parts[0].file.read_bytes()[:-200])
    (wrong,) = verify(read_log(parts[1].file)).differences
    assert "not the part that the next one goes on from" in wrong.problem
    parts[0].file.unlink()
    alone = verify(read_log(parts[1].file))
    assert alone.differences == ()
    assert "is not beside it: the parts were not compared" in report(parts[1], alone)


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
