"""What looks like a mistake is asked about with one plain question."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TextIO, get_args

import pytest
from typer import Abort

from experiment.desk.asking import questions_before
from experiment.desk.texts import speaking
from experiment.errors import BadInput
from experiment.kit import Kit
from experiment.kit.store import load_kit, save_kit
from experiment.preflight.command import prepare_asking
from experiment.preflight.line import Listed
from experiment.preflight.questions import (
    Begun,
    Facts,
    NeedsAnswer,
    ask,
    gather,
    questions_about,
)
from experiment.preflight.time import TimeFacts
from experiment.prepare import prepare
from experiment.readlog import header_of
from experiment.register import Concern, ConcernCode
from experiment.register.changes import enrol, withdraw
from experiment.request import SessionRequest
from experiment.running import Running
from experiment.said import in_words
from experiment.study import Study, open_study
from run_session import main

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
GOOD = Facts(
    participant="012",
    session="02",
    concerns=(),
    begun=(Begun("01", NOON - timedelta(days=14)),),
    running=(),
    time=TimeFacts(NOON, 0.01, NOON - timedelta(days=1)),
    same_kit=None,
)
OTHER = Running("sub-013_ses-01", "2026-03-01T11:00", "desk", 7)
EARLY = Concern("too_early", {"session": "02", "first": "2026-03-09", "days": "8"})
LATE = Concern("too_late", {"session": "02", "last": "2026-02-01", "days": "28"})
ORDER = Concern("order_reversed", {"session": "02", "earlier": "01"})
BEHIND = Concern("clock_behind", {"today": "2026-03-01", "newest": "2027-04-05"})
IN_A_YEAR = TimeFacts(NOON, 0.01, NOON + timedelta(days=400))


@pytest.mark.parametrize(
    ("facts", "mistake", "words"),
    [
        (
            replace(GOOD, running=(OTHER,)),
            "double_launch",
            "Another session runs now: sub-013_ses-01",
        ),
        (
            replace(GOOD, begun=(Begun("01", NOON - timedelta(minutes=5)),)),
            "done_today",
            "had session 01 today at",
        ),
        (replace(GOOD, concerns=(ORDER,)), "order_reversed", "Session 01 is not done yet"),
        (replace(GOOD, concerns=(EARLY,)), "too_early", "is due from 2026-03-09"),
        (replace(GOOD, concerns=(LATE,)), "too_late", "was due by 2026-02-01"),
        (replace(GOOD, time=IN_A_YEAR), "date", "This machine says that it is 2026-03-01"),
        (replace(GOOD, time=IN_A_YEAR, concerns=(BEHIND,)), "clock_behind", "today is 2026-03-01"),
        (replace(GOOD, same_kit="013"), "kit", "the same messages as that of 013"),
        (replace(GOOD, another_period=True), "daily_day", "no day of the period of session 02"),
    ],
)
def test_each_mistake_is_one_question(facts: Facts, mistake: str, words: str) -> None:
    assert questions_about(GOOD) == []
    (question,) = questions_about(facts)
    assert question.mistake == mistake
    assert words in question.said
    assert question.said.endswith("?")
    with pytest.raises(NeedsAnswer, match="Say yes with --yes") as needed:
        ask((question,), ())
    assert needed.value.questions == (question,)
    assert needed.value.exit_code == 2
    assert ask((question,), (mistake,)) == ask((question,), ("all",)) == (mistake,)


def test_a_session_that_goes_on_the_same_day_is_asked_about_only_what_is_new() -> None:
    begun = (Begun("01", NOON - timedelta(hours=1)), Begun("02", NOON - timedelta(minutes=5)))
    again = replace(GOOD, begun=begun, concerns=(ORDER, EARLY), same_kit="013", running=(OTHER,))
    assert [one.mistake for one in questions_about(again)] == ["double_launch"]
    a_day_later = replace(again, time=TimeFacts(NOON + timedelta(days=1), 0.01, None), running=())
    asked = [one.mistake for one in questions_about(a_day_later)]
    assert asked == ["order_reversed", "too_early", "kit"]


def test_an_optional_task_by_itself_is_not_asked_about_its_session(
    new_study: Callable[..., Path],
) -> None:
    late = replace(
        GOOD,
        begun=(Begun("01", NOON),),
        concerns=(ORDER, EARLY, BEHIND),
        left_out=("order_reversed", "too_early", "done_today"),
    )
    assert [one.mistake for one in questions_about(late)] == ["clock_behind"]
    study = open_study(new_study())
    for tasks, begun in ((["daily"], 0), (["daily", "messages"], 1)):
        log = begun_today(study, "01", *tasks)
        assert len(gather(study, "012", "01").begun) == begun, header_of(log)
    assert "too_early" in gather(study, "012", "02", ("daily",)).left_out
    assert gather(study, "012", "02", ("daily", "messageslab")).left_out == ()


def begun_today(study: Study, session: str, *tasks: str) -> Path:
    """Write the first line of a log, as of a session that goes on or broke off."""
    header = {"type": "header", "version": 1, "robot": None, "session": session,
              "tasks": tasks, "utc": f"{datetime.now(timezone.utc)}"}  # fmt: skip
    log = study.log_folder("012", session) / f"sub-012_ses-{session}.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(json.dumps({**header, "digest": "0" * 16}, separators=(",", ":")) + "\n")
    return log


@pytest.mark.parametrize("language", ["en", "ar", "ja"])
def test_whatever_the_register_holds_against_a_session_has_its_question(language: str) -> None:
    names = ("on", "session", "earlier", "period", "first", "last", "days", "drug_free_days",
             "earliest", "today", "newest", "line", "by")  # fmt: skip
    values = dict.fromkeys(names, "7")
    for code in get_args(ConcernCode):
        text = in_words(Listed(f"questions.{code}", **values), language)
        assert text.rstrip().endswith({"en": "?", "ar": "؟", "ja": "か"}[language]), code


def test_desk_and_terminal_ask_the_same(new_study: Callable[..., Path]) -> None:
    study = open_study(new_study())
    asked = questions_before(study, "012", "02", speaking("en"))
    assert [one.name for one in asked] == ["order_reversed"]
    with pytest.raises(NeedsAnswer) as needed:
        prepare(SessionRequest(study.folder, "012", "02", scanner=None))
    assert [one.said for one in needed.value.questions] == [one.text for one in asked]


def test_the_register_is_asked_too(new_study: Callable[..., Path]) -> None:
    study = open_study(new_study())
    enrol(study, "012", "MK", initials="AB")
    begun_today(study, "01", "messages")
    assert questions_about(gather(study, "012", "01")) == []  # it goes on
    withdraw(study, "012", "MK", "moved away")
    (question,) = questions_about(gather(study, "012", "01"))
    assert question.mistake == "withdrawn", "whoever left is asked about, also on the same day"
    journal = study.folder / "register" / "journal.jsonl"
    journal.write_bytes(b"{}\n")
    with pytest.raises(BadInput, match=journal.name):
        gather(study, "012", "01")


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize(
    ("typed", "language", "asked"),
    [
        ("A. B.\nblue\n", "en", ()),
        ("CD\nblue\nab\n青\n", "ja", ()),
        ("AB\nred\nAB\nno colour\ny\n", "en", ("wrong_person",)),
        ("CD\nred\nCD\nred\nn\n", "en", None),
    ],
    ids=["right", "right the second time", "wrong, and yes", "wrong, and no"],
)
def test_at_a_terminal_run_asks_who_it_is(
    new_study: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    language: str,
    asked: tuple[str, ...] | None,
) -> None:
    study = open_study(new_study())
    enrol(study, "012", "MK", initials="AB")
    request = SessionRequest(study.folder, "012", "01", scanner="/dev/ttyUSB9")
    with terminal(typed) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        if asked is None:
            with pytest.raises(Abort):
                prepare_asking(request, language)
        else:
            assert prepare_asking(request, language).asked == asked
    told = capsys.readouterr().out
    assert Listed("questions.wrong_person", participant="012") in told or not asked
    assert "AB" not in told


def test_elsewhere_somebody_must_have_asked(new_study: Callable[..., Path]) -> None:
    study = open_study(new_study())
    enrol(study, "012", "MK", initials="AB")
    request = SessionRequest(study.folder, "012", "01", scanner="/dev/ttyUSB9")
    with pytest.raises(NeedsAnswer, match="Nobody asked participant 012 for initials"):
        prepare(request)
    assert prepare(replace(request, identity="right")).asked == ()
    with pytest.raises(NeedsAnswer, match="Initials or colour are not those of participant 012"):
        prepare(replace(request, identity="wrong"))
    assert prepare(replace(request, identity="wrong", answered=("all",))).asked == ("wrong_person",)
    assert prepare(replace(request, robot="hasty")).asked == (), "a robot is nobody else"


@contextmanager
def terminal(typed: str) -> Iterator[TextIO]:
    """A terminal at which somebody types, the reading end."""
    theirs, ours = os.openpty()
    try:
        os.write(theirs, typed.encode())
        with open(ours, encoding="utf-8", closefd=True) as reading:  # noqa: PTH123
            yield reading
    finally:
        os.close(theirs)


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
    assert "Session 01 is not done yet. Run session 02 before it?" in capsys.readouterr().err
    assert not (study / "sourcedata").exists()
    prepared = prepare(SessionRequest(study, "012", "02", answered=("order_reversed",)))
    assert prepared.asked == ("order_reversed",)
    words = ["run", str(study), "--participant", "012", "--session", "01"]
    assert main([*words, "--scanner", "mock:", "--port", "mock:"]) == 2
    assert "a session with data needs real ones" in capsys.readouterr().err
    tried = SessionRequest(study, "012", "01", scanner="mock:", port="mock:", rehearsal=True)
    assert prepare(tried).log_file.parent == study / "rehearsals" / "sub-012" / "ses-01"
