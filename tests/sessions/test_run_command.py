from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from typer.exceptions import Abort

from experiment.choices import load_choices
from experiment.examples import make_study
from experiment.kit.own_profile import save_own_profile
from experiment.kit.own_words import OwnWords
from experiment.profiles import DEMO
from experiment.study import open_study
from run_session import main


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of somebody who presses Ctrl-C when notes are asked for."""

    def interrupted(*_: object) -> None:
        raise Abort

    monkeypatch.setattr("experiment.commands.run.ask_for_words", interrupted)
    make_study(tmp_path / "study", "hsu2013")
    own = OwnWords("Somebody", 30, "A few words.")
    save_own_profile(kit_of(tmp_path / "study"), DEMO / "photos" / "p41.png", own)
    return tmp_path / "study"


def kit_of(study: Path) -> Path:
    return open_study(study).kit_folder("012")


def choose(study: Path, *words: str) -> int:
    person = ["--participant", "012", "--session", "01", "--robot", "typical", "--port", "mock:"]
    return main(["run", str(study), *person, "--speed", "fast", "--no-window", *words])


def test_what_was_chosen_is_kept_though_a_note_is_left_with_ctrl_c(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert choose(study) == 1
    assert load_choices(kit_of(study))
    out, err = capsys.readouterr()
    assert "choices: " in out
    assert err == "error: stopped\n"


def test_a_terminal_that_lacks_letters_ends_no_session(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="latin-1"))
    choose(study, "--desk-language", "ja")
    sys.stdout.flush()
    assert b"???" in shown.getvalue()
    assert load_choices(kit_of(study))
