"""The commands kit ...: what they tell, and that sessions show only what was accepted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from experiment.errors import BadInput
from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS
from experiment.kit import load_kit
from experiment.kit.decisions import load_decisions
from experiment.readlog import read_log
from experiment.session import prepare, run
from run_session import main
from tests.experiment.session_requests import NewStudy, request

WHO = ("--participant", "012")


@pytest.fixture
def study(new_study: NewStudy, capsys: pytest.CaptureFixture[str]) -> Path:
    """The example study with an imported kit that nobody has looked at."""
    folder = new_study(kit=False)
    answers = str(EXAMPLE / EXAMPLE_ANSWERS)
    assert main(["kit", "import", answers, "--study", str(folder), *WHO]) == 0
    capsys.readouterr()
    return folder


def kit_of_study(study: Path) -> Path:
    return study / "participants" / "012" / "kit"


def test_import_tells_what_it_did(new_study: NewStudy, capsys: pytest.CaptureFixture[str]) -> None:
    folder = new_study(("per_writer: {kind: 6}", "per_writer: {kind: 7}"), kit=False)
    answers = EXAMPLE / EXAMPLE_ANSWERS
    assert main(["kit", "import", str(answers), "--study", str(folder), *WHO]) == 0
    out = capsys.readouterr().out.splitlines()
    name = answers.name
    assert out[:2] == [
        f"read {name} as a Qualtrics export, UTF-8 with BOM, cells parted by commas",
        f"left out: {name}:7: not finished",
    ]
    assert [line for line in out if line.startswith("ask for")] == [
        f"ask for w{i:02d}: 1 more kind messages" for i in range(1, 9)
    ]
    assert "  48 kind messages" in out
    assert f"kit: {kit_of_study(folder) / 'kit.json'}" in out
    assert out[-1].startswith(f"{name} still has all texts and names")


def test_a_message_that_does_not_fit_is_told_at_import(
    new_study: NewStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, source = new_study(kit=False), tmp_path / "a.csv"
    source.write_text(f"writer,message\nAna,Hello\nAna,{'kind ' * 500}\n", "utf-8")
    assert main(["kit", "import", str(source), "--study", str(folder), *WHO]) == 0
    assert "can't be shown: m002 (a.csv:3) does not fit on the screen" in capsys.readouterr().out
    words = ["kit", "review", str(folder), *WHO, "--by", "MK"]
    assert main([*words, "--accept", "m002"]) == 2
    assert "'m002' does not fit on the screen; it can't be accepted" in capsys.readouterr().err
    assert main([*words, "--accept-all"]) == 0
    out = capsys.readouterr().out
    assert "13 accepted, 0 left out by MK; 1 wait for review" in out
    assert "m002 does not fit on the screen: leave it out" in out
    assert (
        "no-go: session 02, task messageslab: 6 kind messages missing (6 needed, 0 there); get 1 "
        "more by w01, 5 by people who are not in the kit yet (at most 1 by each)"
    ) in out


def test_nothing_is_shown_that_nobody_accepted(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["kit", "check", str(study), *WHO]) == 1
    told = capsys.readouterr()
    assert "66 messages: 0 accepted, 0 left out, 66 wait for review" in told.out
    assert "no-go: 66 messages wait for review (kit review --by INITIALS)" in told.out
    assert told.err == "error: no-go; the reasons are above\n"
    with pytest.raises(BadInput, match="none of its 66 messages has been accepted"):
        prepare(request(study))


def test_check_tells_of_each_message_without_its_text(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["kit", "review", str(study), *WHO, "--by", "MK"]
    assert main([*words, "--leave-out", "m003,m004", "--accept-all"]) == 0
    assert capsys.readouterr().out == "64 accepted, 2 left out by MK; 0 wait for review\n"
    assert main(["kit", "check", str(study), *WHO]) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0].split() == [
        *("message", "writer", "condition", "language", "dir", "words", "reads", "lines"),
        *("decision", "look", "at"),
    ]
    assert re.split(" {2,}", lines[1]) == [
        *("m001", "w01", "kind", "en", "ltr", "18", "5.4 s", "3", "accepted MK"),
        "shown for 5 s only",
    ]
    assert re.split(" {2,}", lines[31])[4] == "rtl"
    assert "left out MK" in lines[3]
    assert lines[-7:-5] == [
        "66 messages: 64 accepted, 2 left out, 0 wait for review",
        "ask for w01: 2 more kind messages",
    ]
    compared = [line.partition(":")[0] for line in lines[-5:]]
    assert compared == ["balance", "balance", "balance", "balance", "go"]
    kit = load_kit(kit_of_study(study))
    assert not [m for m in kit.messages if m.text in out]
    assert not [w for w in kit.writers if w.name and w.name in out]


def test_sessions_show_accepted_messages_only(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["kit", "review", str(study), *WHO, "--by", "MK"]
    out = ["m001", "m002", *(f"m{i:03d}" for i in range(19, 31))]
    assert main([*words, "--leave-out", " ".join(out), "--accept-all"]) == 0
    for session in ("01", "02"):
        log = run(prepare(request(study, session))).log
        header = read_log(log).header
        ids = {message["message_id"] for message in header["kit"]["messages"]}
        assert ids.isdisjoint(out)
        assert len(ids) == 66 - len(out)
        assert header["kit"]["digest"] == load_kit(kit_of_study(study)).index().digest
        assert main(["replay", str(log), "--verify"]) == 0
    assert "MK" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--by", "MK"], "nothing to decide; give --accept ID, --leave-out ID or --accept-all"),
        (["--by", "M K", "--accept-all"], "--by 'M K': your initials are needed"),
        (["--by", "M3", "--accept-all"], "--by 'M3': your initials are needed"),
        (["--by", "MK", "--accept", "m999"], "no message 'm999'; ids are in: kit check"),
        (["--by", "MK", "--accept", "m001", "--leave-out", "m001"], "'m001' is given twice"),
        (["--accept-all"], "Missing option '--by'"),
    ],
)
def test_decisions_with_a_fault_change_nothing(
    study: Path, capsys: pytest.CaptureFixture[str], words: list[str], problem: str
) -> None:
    assert main(["kit", "review", str(study), *WHO, *words]) == 2
    err = capsys.readouterr().err
    assert problem in err
    assert err.count("\n") == 1
    assert not (kit_of_study(study) / "decisions.jsonl").exists()


def test_a_kit_can_be_made_again_until_a_session_was_run(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["kit", "import", str(EXAMPLE / EXAMPLE_ANSWERS), "--study", str(study), *WHO]
    assert main(words) == 2
    assert "has a kit already" in capsys.readouterr().err
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("writer,message\nAna,Hello\n", "utf-8")
    review = ["kit", "review", str(study), *WHO, "--by", "MK", "--accept-all"]
    assert main(["kit", "import", str(fewer), *words[3:], "--again"]) == 0
    assert main(review) == 0
    assert main([*words, "--again"]) == 0
    # Decisions about the kit before don't count for this one.
    decisions = load_decisions(kit_of_study(study), load_kit(kit_of_study(study)).index().digest)
    assert decisions == {}
    assert main(review) == 0
    run(prepare(request(study)))
    capsys.readouterr()
    assert main([*words, "--again"]) == 2
    assert "a session has been run with this kit" in capsys.readouterr().err


def test_what_the_import_left_to_look_at_is_told_at_each_check(
    new_study: NewStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, source = new_study(kit=False), tmp_path / "a.csv"
    source.write_text(
        "writer,relation,message\nCANARY,aunt,You.\nCANARY,friend,And you.\n", "utf-8"
    )
    told = "look at: w01 and w02 (lines 2 and 3) have the same name: two people, or one who"
    assert main(["kit", "import", str(source), "--study", str(folder), *WHO]) == 0
    assert told in capsys.readouterr().out
    assert main(["kit", "check", str(folder), *WHO]) == 1
    out = capsys.readouterr().out
    assert told in out
    assert "CANARY" not in out
    kept = kit_of_study(folder) / "import.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "CANARY" not in kept.read_text()
    kept.write_text("{")
    assert main(["kit", "check", str(folder), *WHO]) == 2
    assert f"{kept}:1: not what an import left to look at" in capsys.readouterr().err
    source.write_text("writer,relation,message\nCANARY,aunt,You.\n", "utf-8")
    again = ["kit", "import", str(source), "--study", str(folder), *WHO, "--again"]
    assert main(again) == 0
    assert main(["kit", "check", str(folder), *WHO]) == 1
    assert "same name" not in capsys.readouterr().out


def test_a_kit_that_others_can_read_is_no_go(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["kit", "review", str(study), *WHO, "--by", "MK", "--accept-all"]) == 0
    folder = kit_of_study(study)
    (folder / "kit.json").chmod(0o644)
    assert main(["kit", "check", str(study), *WHO]) == 1
    out = capsys.readouterr().out
    assert f"no-go: others can read {folder}; run: chmod -R go= {folder}" in out
    assert "\ngo\n" not in out


def test_a_session_that_can_not_be_planned_is_found_by_check(
    new_study: NewStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    """Numbers are enough, but the rules for the order can't be kept."""
    folder = new_study(
        ("max_same_condition: 2, writer", "max_same_condition: 1, writer"),
        ("      kind: {total: 4,", "      kind: {total: 6,"),
        ("stranger: {total: 4,", "stranger: {total: 2,"),
    )
    assert main(["kit", "check", str(folder), *WHO]) == 1
    expected = "no-go: session 01: task 'messages': no order of its 8 messages"
    assert expected in capsys.readouterr().out


def test_a_missing_file_of_control_messages_is_told_with_its_line(
    new_study: NewStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = new_study()
    (folder / "stranger_messages.csv").unlink()
    text = (folder / "study.yaml").read_text("utf-8").splitlines()
    line = 1 + next(i for i, one in enumerate(text) if "stranger_messages:" in one)
    assert main(["kit", "check", str(folder), *WHO]) == 2
    assert (
        f"error: {folder / 'study.yaml'}:{line}: kit.stranger_messages: no file "
        "stranger_messages.csv beside study.yaml\n" == capsys.readouterr().err
    )
