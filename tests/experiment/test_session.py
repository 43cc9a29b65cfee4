"""A whole session on the virtual clock: what it is asked, what it shows, what its log holds."""

from __future__ import annotations

import os
import select
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.replay import verify
from experiment.desk.summary import summary_lines
from experiment.errors import BadInput, HardwareError
from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS
from experiment.kit import load_kit, save_kit
from experiment.kit.decisions import Verdict, accepting, record
from experiment.plain import to_plain
from experiment.protocol import Protocol, worded
from experiment.readlog import read_log
from experiment.session import prepare, run
from run_session import main
from tests.conftest import QUICK
from tests.experiment.session_requests import NewStudy, request


def test_a_whole_session_on_the_virtual_clock(new_study: NewStudy) -> None:
    study = new_study()
    result = run(prepare(request(study)))
    assert (result.status, result.reason) == ("complete", None)
    assert result.log == study / "sourcedata" / "sub-012" / "ses-01" / "sub-012_ses-01.jsonl"
    log = read_log(result.log)
    assert log.broken_at is None
    codes = [event["code"] for event in log.of("marker_sent")]
    planned = [event["code"] for event in log.of("marker_planned")]
    assert codes == planned
    assert codes[:2] == [10, 11]
    assert codes[-1] == 12
    assert sum(1 for _ in log.of("marker_reset")) == len(codes)
    durations, task, faults, robot, data, following, ended = summary_lines(
        study, "012", result.log, "en"
    )
    assert (durations, faults) == ("How long it took:", "What went wrong: No faults.")
    assert task.startswith("  Reading messages: ")
    assert robot == "A robot answered. These are not data of a person."
    assert data == f"Where the data are: {result.log.parent}"
    assert following == "What to do next: Session 02 can be started."
    assert ended == "The session is complete"
    assert summary_lines(study, "012", result.log, "ja")[-1] == "セッションが完了しました"


def test_the_same_seed_gives_the_same_session(new_study: NewStudy, tmp_path: Path) -> None:
    study = new_study()
    first = read_log(run(prepare(request(study))).log)
    first.file.rename(tmp_path / "first.jsonl")
    second = read_log(run(prepare(request(study))).log)

    def told(log_events: Sequence[dict[str, object]]) -> list[dict[str, object]]:
        return [{k: v for k, v in e.items() if k not in ("utc", "digest")} for e in log_events]

    assert told(first.events) == told(second.events)


def test_nothing_private_is_in_the_log(new_study: NewStudy) -> None:
    study = new_study(kit=False)

    from experiment.kit.importing import import_kit

    kit = import_kit(EXAMPLE / EXAMPLE_ANSWERS, "012", EXAMPLE / "stranger_messages.csv").kit
    kit = replace(
        kit,
        writers=tuple(
            replace(w, name=f"CANARYNAME{i}", relation=f"CANARYRELATION{i}")
            for i, w in enumerate(kit.writers)
        ),
        messages=tuple(replace(m, text=f"CANARYTEXT{i}") for i, m in enumerate(kit.messages)),
    )
    place = study / "participants" / "012" / "kit"
    save_kit(kit, place)
    record(place, kit, accepting(kit), "KR", "2026-09-20T08:00:00+00:00")
    log = run(prepare(request(study))).log
    assert "CANARY" not in log.read_text("utf-8")
    assert all("CANARY" not in path.name for path in study.rglob("*"))


def test_the_header_has_all_that_replay_needs(new_study: NewStudy) -> None:
    study = new_study()
    header = read_log(run(prepare(request(study, seed=5))).log).header
    assert header["seed"] == 5
    assert header["kit"]["digest"] == load_kit(study / "participants/012/kit").index().digest
    assert set(header["plans"]) == {"messages"}
    assert header["display"]["kind"] == "none"
    assert header["devices"]["trigger"]["url"] == "mock:"
    assert header["versions"]["psychopy"] == "2026.2.5"


def test_one_task_of_a_session_has_a_log_of_its_own(new_study: NewStudy) -> None:
    study = new_study()
    log = run(prepare(request(study, session="02", task="messageslab", scanner="none"))).log
    assert log.name == "sub-012_ses-02_task-messageslab.jsonl"


def test_a_participant_reads_their_own_language(new_study: NewStudy) -> None:
    question = "question: How good did it feel to read this message?"
    study = new_study((question, "question: {en: How good?, es: '¿Qué tal?'}"))
    with pytest.raises(BadInput, match=r"--language 'es': no file texts/es.yaml beside"):
        prepare(request(study, language="es"))
    english = (study / "texts" / "en.yaml").read_text("utf-8")
    (study / "texts" / "es.yaml").write_text(english.replace("Thank you", "Gracias"), "utf-8")
    log = read_log(run(prepare(request(study, language="es"))).log)
    kept = Protocol.model_validate(log.header["protocol"])
    assert kept.language == "es"
    assert "Gracias" in kept.texts["closing"]
    assert worded(kept.ratings["good"].question, kept.language) == "¿Qué tal?"
    assert verify(log).differences == ()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"participant": "0 12"}, "participant '0 12': only the letters"),
        ({"participant": "é"}, "participant 'é': only the letters"),
        ({"session": "../01"}, "session '../01': only the letters"),
        ({"session": "09"}, "no session '09', allowed: 01, 02"),
        ({"task": "dance"}, "has no task 'dance', allowed: messages"),
        ({"participant": "013"}, "no kit here; make one with"),
        ({"scanner": None}, "waits for a scanner, but there is no scanner port"),
        ({"robot": "marvin"}, "robot 'marvin' is unknown, allowed: absent, hasty, typical"),
        ({"robot": None}, "only a --robot can take part"),
        ({"port": "mock:?pulse=5"}, "port option 'pulse' is unknown"),
        ({"port": "/dev/null"}, "a real port can't follow --speed fast"),
        ({"seed": -1}, "seed -1"),
    ],
)
def test_bad_requests_are_told_and_nothing_is_written(
    new_study: NewStudy, changes: dict[str, Any], problem: str
) -> None:
    study = new_study()
    before = snapshot(study)
    with pytest.raises(BadInput) as caught:
        prepare(request(study, **changes))
    assert problem in str(caught.value)
    assert snapshot(study) == before


def test_a_session_that_has_data_is_never_overwritten(new_study: NewStudy) -> None:
    study = new_study()
    run(prepare(request(study)))
    before = snapshot(study)
    with pytest.raises(BadInput, match="has data for task 'messages' already"):
        prepare(request(study))
    with pytest.raises(BadInput, match="has data for task 'messages' already"):
        prepare(request(study, task="messages"))
    assert snapshot(study) == before


def test_the_kit_of_somebody_else_is_refused(new_study: NewStudy) -> None:
    study = new_study()
    (study / "participants" / "012").rename(study / "participants" / "014")
    with pytest.raises(BadInput, match="that of participant 012, not of 014"):
        prepare(request(study, participant="014"))


@pytest.mark.parametrize("url", ["/dev/does-not-exist", "/dev/does-not-exist?device=plain"])
def test_a_port_that_is_not_there_leaves_nothing_behind(new_study: NewStudy, url: str) -> None:
    study = new_study()
    before = snapshot(study)
    prepared = prepare(request(study, fast=False, port=url))
    with pytest.raises(HardwareError, match="no such device"):
        run(prepared)
    assert snapshot(study) == before
    assert not (study / "sourcedata").exists()


def fill(port: int) -> int:
    """Write until not one byte more is taken; return how many were."""
    count = 0
    with suppress(BlockingIOError):
        while True:
            count += os.write(port, b"x")
    return count


def test_a_port_that_takes_no_bytes_leaves_nothing_behind(
    new_study: NewStudy, terminal: Any
) -> None:
    study = new_study()
    before = snapshot(study)
    port = os.open(terminal.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    while fill(port):  # nobody reads; the kernel may make room once more by moving bytes on
        select.select([], [], [], 0.2)
    words = ["run", str(study), "--participant", "012", "--session", "01", "--robot", "typical"]
    wires = ["--port", terminal.path, "--scanner", "mock:"]
    assert main([*words, "--no-window", *wires]) == 1
    assert snapshot(study) == before
    os.read(terminal.far, 1 << 20)  # the device is well again, and the session can be had
    os.close(port)
    prepare(request(study))


def shown_in(log: Path) -> set[str]:
    plans = read_log(log).header["plans"].values()
    return {trial["message_id"] for plan in plans for trial in plan["trials"]}


def kit_with(study: Path, text: str, *, accepted: bool) -> Path:
    """Give 012 a kit whose texts are all this one, as somebody accepted it on another computer."""
    place = study / "participants" / "012" / "kit"
    kit = load_kit(place)
    kit = replace(kit, messages=tuple(replace(m, text=text) for m in kit.messages))
    (place / "decisions.jsonl").unlink(missing_ok=True)
    save_kit(kit, place, replace=True)
    if accepted:
        record(place, kit, accepting(kit), "KR", "2026-09-20T08:00:00+00:00")
    return place


def kit_line(log: Path) -> dict[str, Any]:
    lines = read_log(log).header["preflight"]["lines"]
    return next(line for line in lines if line["subject"] == "kit")


def test_the_log_tells_how_the_messages_stood_that_were_dealt(new_study: NewStudy) -> None:
    study = new_study(("review: required", "review: optional"))
    shown = {"scanner": "none", "task": "messageslab"}
    assert kit_line(run(prepare(request(study))).log)["what"] == "good"
    place = kit_with(study, "Hello", accepted=False)
    line = kit_line(run(prepare(request(study, "02", **shown))).log)
    assert (line["verdict"], line["what"]) == ("go", "undecided")
    shutil.rmtree(study / "sourcedata")
    kit_with(study, "Hello \ufffd", accepted=True)
    place.chmod(0o755)
    line = kit_line(run(prepare(request(study, "02", **shown))).log)
    assert line["verdict"] == "no-go"
    assert "U+FFFD" in line["values"]["why"]
    assert "more" in line["values"]["why"]


@pytest.mark.usefixtures("display")
def test_a_message_that_no_font_here_has_is_refused_whoever_accepted_it(
    new_study: NewStudy,
) -> None:
    study = new_study()
    kit_with(study, "CANARY \ue000", accepted=True)
    with pytest.raises(BadInput, match=r"message 'm\d+' holds characters that no font") as refused:
        run(prepare(request(study, no_window=False, rehearsal=True, size=(640, 360))))
    assert "CANARY" not in str(refused.value)
    assert not (study / "rehearsals").exists()


def test_a_message_left_out_between_sessions_brings_nothing_back(new_study: NewStudy) -> None:
    """The deal is another one then; what was shown in the first session stays shown."""
    study = new_study(
        ("tasks: [messages]", "tasks: [messageslab]"),
    )
    folder = study / "participants" / "012" / "kit"
    kit = load_kit(folder)
    first = shown_in(run(prepare(request(study, "01", scanner="none"))).log)
    plan = to_plain(prepare(request(study, "02")).plans["messageslab"].plan)
    before = {trial["message_id"] for trial in plan["trials"]}
    verdicts: dict[str, Verdict] = dict.fromkeys(before, "leave_out")
    record(folder, kit, verdicts, "KR", "2026-09-21T08:00:00+00:00")
    log = run(prepare(request(study, "02", scanner="none"))).log
    assert not shown_in(log) & (first | before)
    assert len(shown_in(log)) == 6
    assert verify(read_log(log)).differences == ()
    assert [s["session"] for s in read_log(log).header["shown"]] == ["01"]


def test_a_repeated_session_shows_the_same_and_no_other_shows_what_it_had(
    new_study: NewStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    study = new_study(("tasks: [messages]", "tasks: [messageslab]"))
    folder = study / "participants" / "012" / "kit"

    def play(session: str) -> tuple[Any, list[dict[str, Any]]]:
        log = read_log(run(prepare(request(study, session, scanner="none"))).log)
        assert verify(log).differences == ()
        plan = log.header["plans"]["messageslab"]
        return plan, plan["trials"]

    def set_aside(session: str, number: int) -> None:
        place = study / "sourcedata" / "sub-012"
        (place / "set-aside").mkdir(exist_ok=True)
        (place / f"ses-{session}").rename(place / "set-aside" / f"ses-{session}_{number}")

    _, first = play("01")
    set_aside("01", 1)
    again = ["kit", "import", str(EXAMPLE / EXAMPLE_ANSWERS), "--study", str(study)]
    assert main([*again, "--participant", "012", "--again"]) == 2
    assert "a session has been run with this kit" in capsys.readouterr().err
    gone = first[0]["message_id"]
    kit = load_kit(folder)
    record(folder, kit, {gone: "leave_out"}, "KR", "2026-09-21T08:00:00+00:00")
    _, second = play("02")  # before the first is done again, and out of another stock
    seen = {trial["message_id"] for trial in first}
    assert not seen & {trial["message_id"] for trial in second}
    assert prepare(request(study, "01", scanner="none")).shown[0].set_aside
    _, less = play("01")
    assert {trial["message_id"] for trial in less} > seen - {gone}
    assert not {trial["message_id"] for trial in less} & {t["message_id"] for t in second}
    set_aside("01", 2)
    record(folder, kit, {gone: "accept"}, "KR", "2026-09-22T08:00:00+00:00")
    assert play("01")[1] == less  # the last try counts


def test_a_scan_that_ends_early_behind_the_last_trial_does_not_reach_into_the_next_run(
    new_study: NewStudy,
) -> None:
    study = new_study(
        *QUICK[1:2],
        ("      closing: 4.0\n  messageslab", "      closing: 8.0\n  messageslab"),
        ("    tasks: [messages]\n", "    tasks: [messages, again]\n"),
    )
    file = study / "study.yaml"
    text = file.read_text("utf-8")
    task = text[text.index("  messages:\n    kind: messages") : text.index("  messageslab:")]
    again = task.replace("  messages:\n", "  again:\n", 1)
    file.write_text(text.replace("  messageslab:", f"{again}  messageslab:", 1), "utf-8")
    closing_ends = prepare(request(study)).plans["messages"].plan.planned_duration
    assert closing_ends is not None
    last = int((closing_ends - 8.0) / 2.0) + 1  # the scanner stops as the last trial ends
    result = run(prepare(request(study, scanner=f"mock:?stop_after={last}")))
    assert result.status == "aborted"
    assert result.reason == "held for stopped: with a robot alone nobody is there to go on"
    log = read_log(result.log)
    assert [event["task"] for event in log.of("run_begin")] == ["messages"]
    assert [event["task"] for event in log.of("run_end")] == ["messages"]
    assert verify(log).differences == ()
