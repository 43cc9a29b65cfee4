from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from experiment.choices import load_choices
from experiment.examples import make_study
from experiment.kit.own_profile import save_own_profile
from experiment.kit.own_words import OwnWords
from experiment.profiles import DEMO
from experiment.study import open_study
from run_session import main


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study of social feedback, and a participant with a profile."""
    make_study(tmp_path / "study", "hsu2013")
    own = OwnWords("Somebody", 30, "A few words.")
    save_own_profile(kit_of(tmp_path / "study"), DEMO / "photos" / "p41.png", own)
    return tmp_path / "study"


def kit_of(study: Path) -> Path:
    return open_study(study).kit_folder("012")


def choose(study: Path, *words: str) -> int:
    person = ["--participant", "012", "--session", "01", "--robot", "typical", "--port", "mock:"]
    return main(["run", str(study), *person, "--speed", "fast", "--no-window", *words])


class Impatient(io.StringIO):
    """A terminal at which somebody presses Ctrl-C as soon as the session is summed up."""

    def write(self, text: str) -> int:
        if text.startswith("log: "):
            raise KeyboardInterrupt
        return super().write(text)


def test_what_was_chosen_is_kept_though_the_summary_is_left_with_ctrl_c(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = Impatient()
    monkeypatch.setattr(sys, "stdout", shown)
    assert choose(study) == 1
    assert load_choices(kit_of(study))
    assert "choices: " in shown.getvalue()
    assert capsys.readouterr().err == "error: stopped\n"


def test_a_terminal_that_lacks_letters_ends_no_session(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="latin-1"))
    choose(study, "--desk-language", "ja")
    sys.stdout.flush()
    assert b"???" in shown.getvalue()
    assert load_choices(kit_of(study))
