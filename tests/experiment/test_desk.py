"""The launcher: what it shows, what it asks for, what it keeps; by mouse and by keyboard alone."""

from __future__ import annotations

import datetime as dt
import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QWidget

from experiment.desk.alone import Alone, optional_tasks
from experiment.desk.checking import State, read_lines, verdict
from experiment.desk.commands import Options, check_words, run_words
from experiment.desk.ended import read_ended
from experiment.desk.rehearsing import copy_for_dry_run, make_practice
from experiment.desk.roster import roster_of
from experiment.desk.settings import Settings, load_settings, save_settings, settings_file
from experiment.desk.texts import languages, speaking
from experiment.desk.window.parts import Sheet
from experiment.desk.window.running import QuestionSheet, RunningSheet
from experiment.desk.window.session_flow import ToRun
from experiment.errors import BadInput
from experiment.examples import make_study
from experiment.notes import read_notes
from experiment.register import concerns, open_register
from experiment.register.changes import enrol
from experiment.register.identity import IDENTITY_FILE, load_identity, make_identity, save_identity
from experiment.register.journal import journal_file
from experiment.session import SessionRequest, prepare, run
from experiment.study import open_study
from tests.experiment.stage import Hands
from tests.sessions.assistant import HANDS, Assistant, sit_down

NewStudy = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("display")


@pytest.fixture
def assistant(new_study: NewStudy, tmp_path: Path) -> Iterator[Assistant]:
    found = sit_down(new_study(), tmp_path / "config" / "desk.json")
    yield found
    found.window.close()


def test_somebody_who_is_not_enrolled_is_there_too(assistant: Assistant) -> None:
    assistant.desk.choose("012")
    assistant.settle()
    read = assistant.texts()
    assert "Participant 012" in read
    assert "Start session 01" in read
    assert "No initials and colour are set for this participant." in read
    can = [key for key, _ in assistant.desk.life.steps(assistant.desk.standing())]
    assert can == ["identity.set"]


def test_what_is_missing_stops_the_button(new_study: NewStudy, tmp_path: Path) -> None:
    study = new_study(kit=False)
    (study / "participants" / "014").mkdir(parents=True)
    assistant = sit_down(study, tmp_path / "desk.json")
    assistant.desk.choose("014")
    assistant.settle()
    assert "There are no messages for this participant yet." in assistant.texts()
    assert not assistant.button("Start session 01").isEnabled()
    assistant.window.close()


def test_searching_narrows_down_and_the_keyboard_is_enough(assistant: Assistant) -> None:
    (assistant.desk.study.folder / "participants" / "114").mkdir()
    assistant.desk.refresh()
    people = assistant.desk.people
    HANDS.keyClicks(people.search, "11")
    rows = [row for row in map(people.list.item, range(people.list.count())) if row is not None]
    assert [row.isHidden() for row in rows] == [True, False]
    HANDS.keyClick(people.search, Qt.Key.Key_Return)
    assert assistant.desk.chosen == "114"
    people.search.clear()
    HANDS.keyClick(people.list, Qt.Key.Key_Up)
    assert assistant.desk.chosen == "012"
    assistant.settle()
    assistant.press("Initials and colour")
    sheet = assistant.desk.sheet
    assert sheet is not None
    line, by = sheet.findChildren(QLineEdit)
    HANDS.keyClicks(by, "MK")
    HANDS.keyClicks(line, "a.b.")
    HANDS.keyClick(line, Qt.Key.Key_Return)
    assert "Choose a colour, please." in assistant.texts()
    assistant.press("green")
    HANDS.keyClick(line, Qt.Key.Key_Return)
    kept = load_identity(assistant.desk.study.kit_folder("012").parent)
    assert kept is not None
    assert kept.same("AB", "green")
    (entry,) = map(json.loads, journal_file(assistant.desk.study.folder).read_text().splitlines())
    assert (entry["what"], entry["participant"], entry["by"]) == ("identity_set", "012", "MK")
    assert not {"AB", "green"} & set(map(str, entry.values()))
    assert not open_register(assistant.desk.study.folder).enrolled("012")


def test_initials_and_colour_are_for_the_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "participants" / "012"
    save_identity(make_identity("Ä. ß", "red"), folder)
    assert stat.S_IMODE((folder / IDENTITY_FILE).stat().st_mode) == 0o600
    kept = load_identity(folder)
    assert kept is not None
    assert kept.same("äß", "red")
    assert not kept.same("äß", "blue")
    assert "red" not in repr(kept)
    for initials, colour in (("", "red"), ("abcdef", "red"), ("a1", "red"), ("ab", "pink")):
        with pytest.raises(BadInput) as error:
            make_identity(initials, colour)
        assert "abcdef" not in str(error.value)
    (folder / IDENTITY_FILE).write_text("{}")
    with pytest.raises(BadInput, match=f"{IDENTITY_FILE}:1: not initials and a colour"):
        load_identity(folder)


def test_initials_from_the_register_count(new_study: NewStudy) -> None:
    study = open_study(new_study())
    enrol(study, "013", "MK", initials="CD")
    roster = roster_of(study)
    assert [one.label for one in roster.people] == ["012", "013"]
    assert roster.identity("012") is None
    identity = roster.identity("013")
    assert identity is not None
    assert identity.same("cd", roster.register.participant("013").colour)
    where = roster.standing("013", dt.date.today())
    assert [one.code for one in concerns(roster.register, where, "02")] == ["order_reversed"]


def test_a_dry_run_copies_nobody_else_and_practice_nobody(
    new_study: NewStudy, tmp_path: Path
) -> None:
    study = open_study(new_study())
    for private in ("participants/099/kit/kit.json", "sourcedata/sub-099/x", "inbox/answers.csv"):
        file = study.folder / private
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("CANARY")
    copy = copy_for_dry_run(study, "012", "01", tmp_path / "copy")
    practice = make_practice(study, tmp_path / "practice")
    for place in (copy, practice):
        texts = [file.read_bytes() for file in place.rglob("*") if file.is_file()]
        assert not any(b"CANARY" in text for text in texts)
    assert open_study(copy).protocol == study.protocol
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o700
    request = SessionRequest(
        practice, "practice", "01", robot="typical", fast=True, no_window=True, rehearsal=True
    )
    assert run(prepare(request)).status == "complete"
    summed = read_ended(next(practice.rglob("*.jsonl")), "en")
    assert [task.complete for task in summed.tasks] == [True]
    assert summed.robot


def test_a_study_that_cannot_be_opened_is_told_with_its_line(
    new_study: NewStudy, tmp_path: Path
) -> None:
    study = new_study(("reading: 5.0", "reading: soon"))
    assistant = sit_down(None, tmp_path / "desk.json")
    assistant.window.open(study)
    assistant.settle()
    welcome = assistant.window.welcome
    assert welcome is not None
    assert "tasks.messages.timing.reading" in welcome.problem.text()
    assistant.window.close()


def test_settings_are_remembered_and_never_in_the_way(tmp_path: Path) -> None:
    file = settings_file({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")})
    assert load_settings(file) == Settings()
    studies = [tmp_path / str(i) for i in range(10)]
    settings = Settings(language="ja", fullscreen=False)
    for study in (*studies, studies[9]):
        settings = settings.opened(study)
    save_settings(settings, file)
    kept = load_settings(file)
    assert kept == settings
    assert kept.studies == tuple(str(study.resolve()) for study in reversed(studies[2:]))
    file.write_text("{")
    assert load_settings(file) == Settings()
    save_settings(settings, tmp_path / "config" / "kindred" / "desk.json" / "x")  # no folder


def test_a_broken_session_says_what_to_do_and_asks_for_the_words_of_its_notes(
    tmp_path: Path,
) -> None:
    make_study(tmp_path / "study", "cyberball")
    request = SessionRequest(
        tmp_path / "study", "012", "lab", robot="typical", fast=True, no_window=True
    )
    keys = (12.0, 12.1, "f9"), (30.0, 32.0, "4")
    log = run(prepare(request), hands=lambda clock: Hands(clock, keys)).log
    assistant = sit_down(tmp_path / "study", tmp_path / "desk.json")
    assistant.desk.choose("012")
    assistant.desk.session.sum_up(ToRun("lab"), 1, log)
    assistant.settle()
    read = assistant.texts()
    assert "This participant has not been debriefed. Do it before they leave." in read
    assert "The participant held the stop button. Nothing is broken." in read
    assert "No faults." not in read
    (line,) = assistant.visible(QLineEdit)
    assert line.hasFocus() or not assistant.window.isActiveWindow()
    HANDS.keyClicks(line, "coughed a little")
    assistant.press("Back to the participant")
    assert [(note.text, note.asked) for note in read_notes(log)] == [("coughed a little", 1)]
    assert assistant.desk.sheet is None
    assert assistant.button("Show the debriefing").isEnabled(), "it is offered later, too"
    assistant.window.close()


def test_no_key_does_anything_on_the_page_of_a_running_session() -> None:
    done: list[str] = []
    sheet = RunningSheet(
        speaking("en"), "", lambda: done.append("stopped"), lambda: done.append("kept")
    )
    sheet.show()
    QApplication.processEvents()
    sheet.focus_first()
    for one in (sheet, *sheet.findChildren(QWidget)):
        if one.focusPolicy() != Qt.FocusPolicy.NoFocus:
            for key in (Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_3):
                HANDS.keyClick(one, key)
    assert done == []
    assert not [one for one in sheet.findChildren(QLineEdit) if one.isVisible()]
    HANDS.mouseClick(sheet.keep, Qt.MouseButton.LeftButton)
    assert done == ["kept"]
    sheet.close()


def test_a_long_question_stands_without_gaps() -> None:
    question = "Session 02 is due from 2026-12-06, days until then: 14. Run it today? " * 2
    sheet = QuestionSheet(speaking("en"), question, lambda _: None, lambda: None)
    sheet.resize(1024, 700)
    sheet.show()
    QApplication.processEvents()
    place = sheet.body.geometry()
    assert place.height() == sheet.body.heightForWidth(place.width())
    sheet.close()


def test_what_was_wrong_is_taken_back_once_it_is_mended(assistant: Assistant) -> None:
    assistant.desk.life.enrol()
    assistant.fill("Participant number", "013")
    assistant.fill("Initials", "AB")
    assistant.press("Add")
    assert "Your initials: one to five letters, please." in assistant.texts()
    assistant.fill("Your initials", "M")
    assert "please." not in assistant.texts()


def test_a_session_is_run_and_checked_with_what_was_answered(tmp_path: Path) -> None:
    said: dict[str, Any] = {"options": Options(), "language": "en", "fullscreen": False}
    words = run_words(tmp_path, "012", "02", answered=["wrong_person", "too_early"], **said)
    assert "--yes" not in words
    assert words[words.index("--answered") + 1] == "wrong_person,too_early"
    assert words[words.index("--identity") + 1] == "wrong"
    one = run_words(tmp_path, "012", "02", answered=[], task="debriefing", **said)
    assert one[one.index("--task") + 1] == "debriefing"
    plain = run_words(tmp_path, "012", "02", answered=[], resume=True, **said)
    assert "--task" not in plain
    assert "--answered" not in plain
    assert plain[plain.index("--identity") + 1] == "right"
    assert "--resume" in plain
    by_itself = check_words(tmp_path, "012", "02", task="daily", resume=True, **said)
    assert by_itself[by_itself.index("--task") + 1] == "daily"
    assert "--resume" in check_words(tmp_path, "012", "02", resume=True, **said)
    assert "--resume" not in check_words(tmp_path, "012", "02", **said)


def test_an_optional_task_is_run_by_itself(new_study: NewStudy, tmp_path: Path) -> None:
    study = open_study(new_study())
    enrol(study, "012", "MK", initials="AB")
    assistant = sit_down(study.folder, tmp_path / "desk.json")
    assistant.desk.choose("012")
    assistant.settle()
    feelings = "Questionnaire: Mood now, Feelings now"
    assert f"Only if asked for, see below: {feelings}, Daily report" in assistant.texts()
    assistant.press("Start: Daily report")
    assert "Is this the right person?" in assistant.texts()
    assistant.press("Back")

    rob: dict[str, Any] = {"robot": "hasty", "fast": True, "no_window": True, "port": "mock:"}
    daily, log = (
        run(prepare(SessionRequest(study.folder, "012", "01", task, **rob))).log
        for task in ("daily", "feelings")
    )
    assert optional_tasks(study, assistant.desk.standing()) == (
        Alone("01", "feelings", "done", dt.date.today(), again=False),
        Alone("01", "daily", "done", dt.date.today(), again=True),
    ), "no task of a session that is not next"
    assistant.desk.refresh()
    assistant.settle()
    assert assistant.button("Once more: Daily report").isEnabled()
    assert not [one for one in assistant.visible(QAbstractButton) if one.text() == "Start"]
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[: len(lines) // 2]))
    daily.unlink()
    assistant.desk.refresh()
    assistant.settle()
    assert assistant.button(f"Go on: {feelings}").isEnabled()
    assert assistant.button("Start: Daily report").isEnabled()
    assistant.window.close()


def test_a_check_is_read_line_by_line() -> None:
    said = [
        '{"subject": "disk", "verdict": "go", "found": "80 GB free", "remedy": ""}',
        "libGL warning: something that is no line",
        '{"subject": "sound", "verdict": "warning", "found": "on", "remedy": "switch it off"}',
    ]
    lines = read_lines(said)
    assert [line.state for line in lines] == [State.GO, State.WARNING]
    assert verdict(lines) is State.WARNING
    assert verdict([]) is None


@pytest.mark.parametrize("language", languages())
def test_nothing_is_cut_off_in_any_language(
    new_study: NewStudy, tmp_path: Path, language: str
) -> None:
    study = new_study()
    enrol(open_study(study), "013", "MK", initials="CD")
    assistant = sit_down(study, tmp_path / "desk.json")
    window = assistant.window
    window.speak(language)
    assert window.layoutDirection() == (
        Qt.LayoutDirection.RightToLeft if speaking(language).rtl else Qt.LayoutDirection.LeftToRight
    )
    assistant.desk.choose("013")
    check_nothing_is_cut_off(assistant)
    life, session = assistant.desk.life, assistant.desk.session
    for page in (life.enrol, life.set_identity, life.withdraw, life.unblind, session.begin):
        page()
        assert isinstance(assistant.desk.sheet, Sheet)
        check_nothing_is_cut_off(assistant)
    assistant.desk.back()
    window.speak("en")
    QApplication.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    window.close()


def check_nothing_is_cut_off(assistant: Assistant) -> None:
    for _ in range(20):
        assistant.settle()
    for part in assistant.visible(QLabel):
        if part.text():
            needed = part.heightForWidth(part.width()) if part.wordWrap() else 0
            assert part.height() >= needed, part.text()
            wide = part.fontMetrics().horizontalAdvance(max(part.text().split(), key=len))
            assert part.width() >= min(wide, part.sizeHint().width()), part.text()
    for button in assistant.visible(QAbstractButton):
        if button.text():
            assert button.width() >= button.sizeHint().width() - 1, button.text()
            assert button.height() >= button.sizeHint().height() - 1, button.text()
