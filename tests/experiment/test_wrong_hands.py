"""What looks like a mistake is asked about with one plain question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from experiment.kit import Kit
from experiment.kit.store import load_kit, save_kit
from experiment.preflight.questions import (
    Begun,
    Facts,
    NeedsAnswer,
    Window,
    ask,
    gather,
    questions_about,
)
from experiment.preflight.time import TimeFacts
from experiment.prepare import prepare
from experiment.request import SessionRequest
from experiment.running import Running
from experiment.study import open_study
from run_session import main

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
GOOD = Facts(
    participant="012",
    session="02",
    order=("01", "02"),
    begun=(Begun("01", NOON - timedelta(days=14)),),
    running=(),
    time=TimeFacts(NOON, 0.01, NOON - timedelta(days=1)),
    window=Window(date(2026, 2, 27), date(2026, 3, 5)),
    same_kit=None,
)


@pytest.mark.parametrize(
    ("facts", "mistake", "words"),
    [
        (
            replace(GOOD, running=(Running("sub-013_ses-01", "2026-03-01T11:00", "desk", 7),)),
            "double_launch",
            "Another session runs now: sub-013_ses-01",
        ),
        (replace(GOOD, begun=()), "order", "Session 01 of participant 012 has not been done yet"),
        (
            replace(GOOD, begun=(Begun("01", NOON - timedelta(minutes=5)),)),
            "done_today",
            "had session 01 today at",
        ),
        (
            replace(GOOD, window=Window(date(2026, 3, 9))),
            "too_early",
            "planned for 2026-03-09 at the earliest",
        ),
        (
            replace(GOOD, window=Window(None, date(2026, 2, 1))),
            "too_late",
            "2026-02-01 at the latest",
        ),
        (
            replace(GOOD, time=TimeFacts(NOON, 0.01, NOON + timedelta(days=400))),
            "date",
            "This machine says that it is 2026-03-01",
        ),
        (replace(GOOD, same_kit="013"), "kit", "the same messages as that of 013"),
    ],
)
def test_each_mistake_is_one_question(facts: Facts, mistake: str, words: str) -> None:
    assert questions_about(GOOD) == []
    (question,) = questions_about(facts)
    assert question.mistake == mistake
    assert words in question.text()
    assert question.text().endswith("?")
    with pytest.raises(NeedsAnswer, match="Say yes with --yes") as needed:
        ask(facts, ())
    assert needed.value.questions == (question,)
    assert needed.value.exit_code == 2
    assert ask(facts, (mistake,)) == ask(facts, ("all",)) == (mistake,)


def test_a_copied_kit_is_found(new_study: Callable[..., Path]) -> None:
    study = open_study(new_study())
    assert gather(study, "012", "01").same_kit is None
    kit = load_kit(study.kit_folder("012"))
    save_kit(Kit("013", kit.writers, kit.messages), study.kit_folder("013"))
    assert gather(study, "013", "01").same_kit == "012"


def test_without_a_terminal_nothing_is_begun(
    new_study: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    study = new_study()
    assert main(["run", str(study), "--participant", "012", "--session", "02"]) == 2
    assert "Session 01 of participant 012 has not been done yet" in capsys.readouterr().err
    assert not (study / "sourcedata").exists()
    prepared = prepare(SessionRequest(study, "012", "02", answered=("order",)))
    assert prepared.asked == ("order",)
    words = ["run", str(study), "--participant", "012", "--session", "01"]
    assert main([*words, "--scanner", "mock:", "--port", "mock:"]) == 2
    assert "a session with data needs real ones" in capsys.readouterr().err
    tried = SessionRequest(study, "012", "01", scanner="mock:", port="mock:", rehearsal=True)
    assert prepare(tried).log_file.parent == study / "rehearsals" / "sub-012" / "ses-01"
