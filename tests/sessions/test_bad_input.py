"""Bad input gets one line, says what is allowed, and changes no file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from experiment.errors import BadInput
from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS
from experiment.session import SessionRequest, prepare
from run_session import main
from tests.conftest import AS_ROOT, let_others_in

NewStudy = Callable[..., Path]
ROBOT = ("--robot", "typical", "--speed", "fast", "--no-window")
WIRES = ("--port", "mock:", "--scanner", "mock:")
PERSON = ("--participant", "012", "--session", "01")


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Return all that is in a folder: files with their content, and folders."""
    return {str(p): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def expect_error(
    words: list[str], capsys: pytest.CaptureFixture[str], code: int, problem: str
) -> None:
    assert main(words) == code
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert err.count("\n") == 1, err
    assert problem in err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["run", "NOWHERE", *PERSON], "NOWHERE: no such study folder; make one with"),
        (["run", "STUDY/study.yaml", *PERSON], "is a file; give the folder of a study"),
        (["run", "STUDY"], "Missing option '--participant'"),
        (["run", "STUDY", "--participant", "0-1", "--session", "01"], "participant '0-1'"),
        (["run", "STUDY", "--participant", "012", "--session", "a_b"], "session 'a_b'"),
        (["run", "STUDY", *PERSON, *ROBOT], "waits for a scanner"),
        (["run", "STUDY", *PERSON, "--window", "big"], "--window 'big': WIDTHxHEIGHT"),
        (["run", "STUDY", *PERSON, "--speed", "warp"], "allowed are real, fast"),
        (["run", "STUDY", *PERSON, "--seed", "x"], "Invalid value for '--seed'"),
        (["dance"], "No such command 'dance'"),
        (["replay", "NOWHERE", "--verify"], "NOWHERE: can't be read"),
        (["replay", "STUDY/study.yaml", "--verify"], "study.yaml:1: not a line of a session log"),
        (["replay", "STUDY/study.yaml"], "give --verify, --show, --at T --png FILE"),
        (["export", "NOWHERE", "--bids", "OUT"], "no such study folder"),
        (["export", "STUDY", "--bids", "OUT"], "nothing to export"),
        (["init", "STUDY"], "isn't an empty folder"),
        (["kit", "import", "NOWHERE", "--study", "STUDY", "--participant", "013"], "can't be read"),
        (["kit", "import", "STUDY/study.yaml", "--study", "STUDY", "--participant", "013"],
         "study.yaml:1: one column only; cells must be parted by"),
        (["kit", "import", "ANSWERS", "--study", "STUDY", "--participant", "012"],
         "never overwritten"),
    ],
)  # fmt: skip
def test_one_line_exit_2_and_nothing_changed(
    new_study: NewStudy,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    problem: str,
) -> None:
    study = new_study()
    places = {
        "NOWHERE": str(tmp_path / "NOWHERE"),
        "OUT": str(tmp_path / "out"),
        "ANSWERS": str(EXAMPLE / EXAMPLE_ANSWERS),
    }
    before = snapshot(tmp_path)
    told = [places.get(word, word.replace("STUDY", str(study))) for word in words]
    expect_error(told, capsys, 2, problem)
    assert snapshot(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_a_malformed_study(new_study: NewStudy, capsys: pytest.CaptureFixture[str]) -> None:
    study = new_study(("reading: 5.0", "reading: soon"))
    before = snapshot(study)
    expect_error(
        ["run", str(study), *PERSON, *ROBOT, *WIRES],
        capsys,
        2,
        "tasks.messages.timing.reading: a number is needed, not a text",
    )
    assert snapshot(study) == before


@pytest.mark.parametrize(
    ("wires", "problem"),
    [
        (("--port", "/dev/nowhere?device=telegraph"), "device 'telegraph' is unknown, allowed: bb"),
        (("--port", "/dev/nowhere?baud=fast"), "baud='fast': a whole number from 1 is needed"),
        (("--port", "/dev/nowhere?settle=90"), "settle='90': a number above 0, at most 30"),
        (("--port", "/dev/nowhere?device=stimtracker&pulse_ms=2.5"), "whole ms"),
        (("--port", "lsl:"), "the stream needs a name, as lsl:Kindred"),
        (("--port", "parallel:LPT1"), "an address like 0x0378 is needed"),
        (("--port", "mock:?baud=9600"), "'baud' means nothing to mock:"),
        (("--scanner", "/dev/nowhere?device=siemens"), "scanner device 'siemens' is unknown"),
        (("--scanner", "/dev/nowhere?symbol=55"), "symbol='55': one character or 'any'"),
        (("--scanner", "/dev/nowhere?settle=never"), "settle='never': a number above 0"),
        (("--scanner", "keyboard:?symbol=4"), "its key '4' has another meaning in this study"),
        (("--scanner", "mock:?drop=2"), "drop=2.0: a number from 0 to 1 is needed"),
        (("--echo", "/dev/nowhere?device=telegraph"), "device 'telegraph' is unknown"),
        (("--echo", "mock:"), "codes can't come back there; give a serial port"),
        (("--marks", "/dev/nowhere"), "say which character means what"),
        (("--marks", "/dev/nowhere?injection=i&baud=0"), "baud='0': a whole number from 1"),
        (("--marks-file", "no/such/folder/marks.txt"), "the folder of the file of marks does not"),
    ],
)  # fmt: skip
def test_what_a_port_is_told_is_read_before_anything_is_opened(
    new_study: NewStudy, capsys: pytest.CaptureFixture[str], wires: tuple[str, str], problem: str
) -> None:
    """Exit 2, although no such device is there: that would be exit 1."""
    study = new_study()
    before = snapshot(study)
    words = ["run", str(study), *PERSON, "--robot", "typical", "--no-window", *WIRES, *wires]
    expect_error(words, capsys, 2, problem)
    assert snapshot(study) == before


def test_a_malformed_kit(new_study: NewStudy, capsys: pytest.CaptureFixture[str]) -> None:
    study = new_study()
    file = study / "participants" / "012" / "kit" / "kit.json"
    file.write_bytes(file.read_bytes()[:-9])
    before = snapshot(study)
    expect_error(["run", str(study), *PERSON, *ROBOT, *WIRES], capsys, 2, "not a kit file")
    assert snapshot(study) == before


def test_a_session_that_has_data(new_study: NewStudy, capsys: pytest.CaptureFixture[str]) -> None:
    study = new_study()
    words = ["run", str(study), *PERSON, *ROBOT, *WIRES]
    assert main(words) == 0
    capsys.readouterr()
    before = snapshot(study)
    expect_error(words, capsys, 2, "has data for task 'messages' already")
    assert snapshot(study) == before


def test_a_port_that_is_not_there_is_exit_1(
    new_study: NewStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    study = new_study()
    before = snapshot(study)
    words = ["run", str(study), *PERSON, "--robot", "typical", "--no-window"]
    expect_error(
        [*words, "--port", "/dev/nowhere", "--scanner", "mock:"], capsys, 1, "no such device"
    )
    expect_error(
        [*words, "--port", "mock:", "--scanner", "/dev/nowhere"], capsys, 1, "no such device"
    )
    assert snapshot(study) == before


def test_a_busy_port_is_exit_1(
    new_study: NewStudy, capsys: pytest.CaptureFixture[str], terminal: Any
) -> None:
    import serial

    study = new_study()
    before = snapshot(study)
    other = serial.Serial(terminal.path, exclusive=True)
    words = ["run", str(study), *PERSON, "--robot", "typical", "--no-window"]
    expect_error(
        [*words, "--port", terminal.path, "--scanner", "mock:"], capsys, 1, "busy; another"
    )
    other.close()
    assert snapshot(study) == before


@pytest.mark.linux
@pytest.mark.parametrize(
    ("display", "words"),
    [("", ("run", "--robot", "typical")), (":9876", ("check", "--listen", "0", "--rehearsal"))],
)
def test_no_display_is_exit_1_and_writes_nothing(
    new_study: NewStudy, display: str, words: tuple[str, ...]
) -> None:
    study = new_study()
    before = snapshot(study)
    environment = {k: v for k, v in os.environ.items() if k != "DISPLAY"}
    if display:
        environment["DISPLAY"] = display
    done = subprocess.run(
        [sys.executable, "run_session.py", words[0], str(study), *PERSON, *words[1:], *WIRES],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "no display" in line or "no display" in done.stdout
    assert "Traceback" not in done.stderr
    assert snapshot(study) == before


@AS_ROOT
def test_a_data_folder_that_cannot_be_written_into(new_study: NewStudy) -> None:
    study = new_study()
    nobody = 65534
    let_others_in(study)
    kit = study / "participants" / "012" / "kit"
    for private in (kit.parent.parent, kit.parent, kit, *kit.iterdir()):
        os.chown(private, nobody, nobody)
    before = snapshot(study)
    os.seteuid(nobody)
    try:
        with pytest.raises(BadInput, match=f"{study}: can't be written into"):
            prepare(
                SessionRequest(
                    study,
                    "012",
                    "02",
                    robot="typical",
                    fast=True,
                    no_window=True,
                )
            )
    finally:
        os.seteuid(0)
    assert snapshot(study) == before
