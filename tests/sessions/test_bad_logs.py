"""Each way in which a log can be bad gets one clear statement; what can be done is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS, make_study
from experiment.kit import save_kit
from experiment.kit.decisions import accepting, record
from experiment.kit.importing import import_kit
from experiment.session import SessionRequest, prepare, run
from run_session import main

Damage = Callable[[bytes], bytes]


def edited(raw: bytes) -> bytes:
    return raw.replace(b'"confirmed":true', b'"confirmed":false', 1)


def cut(raw: bytes) -> bytes:
    return raw[: len(raw) * 2 // 3]


def garbled(raw: bytes) -> bytes:
    lines = raw.split(b"\n")
    return b"\n".join([*lines[:30], b"{" + lines[30], *lines[31:]])


def of_the_future(raw: bytes) -> bytes:
    return raw.replace(b'"schema":1', b'"schema":9', 1)


def a_screen_of_the_future(raw: bytes) -> bytes:
    return raw.replace(b'"kind":"fixation"', b'"kind":"hologram"')


def beheaded(raw: bytes) -> bytes:
    return raw.split(b"\n", 1)[1]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("bad") / "study"
    make_study(folder)
    kit = import_kit(EXAMPLE / EXAMPLE_ANSWERS, "012", EXAMPLE / "stranger_messages.csv").kit
    place = folder / "participants" / "012" / "kit"
    save_kit(kit, place)
    record(place, kit, accepting(kit), "KR", "2026-09-20T08:00:00+00:00")
    request = SessionRequest(folder, "012", "02", robot="typical", fast=True, no_window=True)
    return run(prepare(request)).log.read_bytes()


REPORT = ("report", "OUT/log.jsonl", "--out", "OUT/report.html")
WORDS = (
    ("--at", "10", "--png", "OUT/a.png"),
    ("--sheet", "OUT/a.png"),
    ("--video", "OUT/a.mp4", "--to", "1"),
    ("--verify",),
)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (garbled, "log.jsonl:31: not a line of a session log; the file is damaged"),
        (of_the_future, "log.jsonl:1: log version 9, this software reads 1"),
        (beheaded, "log.jsonl:1: not a session log"),
        (lambda _: b"", "log.jsonl:1: not a session log"),
    ],
)
def test_what_can_not_be_read_is_one_line_everywhere(
    damage: Damage,
    problem: str,
    whole: bytes,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(damage(whole))
    commands = (*(("replay", str(log), *more) for more in WORDS), ("timing", str(log)), REPORT)
    for words in commands:
        assert main([word.replace("OUT", str(tmp_path)) for word in words]) == 2
        error = capsys.readouterr().err
        assert problem in error
        assert error.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["log.jsonl"]


@pytest.mark.parametrize(
    ("damage", "told"),
    [(edited, "this line was changed after it was written"), (cut, "cut off by a crash")],
)
def test_what_can_be_read_is_shown_and_what_is_wrong_is_told(
    damage: Damage, told: str, whole: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(damage(whole))
    code = main(["replay", str(log), "--verify", "--at", "6", "--png", str(tmp_path / "a.png")])
    out, error = capsys.readouterr()
    assert told in out
    assert (code, error.count("\n")) == ((1, 1) if damage is edited else (0, 0))
    assert (tmp_path / "a.png").is_file()
    assert out.startswith("edited        line ") == (damage is edited)
    assert main(["timing", str(log)]) == 0
    assert ("was changed after it was written" in capsys.readouterr().out) == (damage is edited)
    assert main(["report", str(log), "--out", str(tmp_path / "a.html")]) == 0
    page = (tmp_path / "a.html").read_text("utf-8")
    assert ("changed after it was written" in page) == (damage is edited)


def test_a_log_that_lacks_a_field_is_one_line_for_a_report_too(
    whole: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(whole.replace(b'"trial":', b'"trail":'))
    assert main([word.replace("OUT", str(tmp_path)) for word in REPORT]) == 2
    assert "lacks what a session log of this version must have" in capsys.readouterr().err
    assert not (tmp_path / "report.html").exists()


def test_a_screen_that_nobody_knows_is_one_line(
    whole: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(a_screen_of_the_future(whole))
    for words in WORDS[:3]:
        assert main(["replay", str(log), *(w.replace("OUT", str(tmp_path)) for w in words)]) == 2
        error = capsys.readouterr().err
        assert "log.jsonl: lacks what a session log of this version must have" in error
        assert error.count("\n") == 1
