"""A robot assistant at the launcher: a whole crossover participant, and all that can go wrong.

The launcher is on a screen. The session that crashes and goes on has its window on the same one.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt6.QtCore import QRect
from PyQt6.QtGui import QCursor, QGuiApplication
from PyQt6.QtWidgets import QLineEdit

from experiment.blinding.making import make_allocation, receive_allocation
from experiment.blinding.sealing import make_keys
from experiment.desk.commands import Options
from experiment.desk.settings import Settings, save_settings
from experiment.desk.window.session_flow import ToRun
from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS, make_study
from experiment.kit import save_kit
from experiment.kit.decisions import accepting, record
from experiment.kit.importing import import_kit
from experiment.notes import read_notes
from experiment.readlog import read_log
from experiment.register import open_register
from experiment.register.changes import enrol as enrol_at_once
from experiment.session import SessionRequest, prepare, run
from experiment.study import open_study
from tests.experiment.stage import Hands
from tests.sessions.assistant import HANDS, LEFT, Assistant, rest, sit_down

pytestmark = [pytest.mark.linux, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "build" / "launcher"
ROBOT = Options(robot="typical", fast=True, no_window=True, port="mock:", scanner="mock:")
WINDOW = QRect(1032, 102, 880, 495)
"""Of the session's window, px: beside the launcher's."""
IN_A_WINDOW = replace(
    ROBOT, fast=False, no_window=False, window=f"{WINDOW.width()}x{WINDOW.height()}"
)
UNPLUGGED = replace(ROBOT, fast=False, port="/dev/ttyUSB9")
ARMS = {"A": "naltrexone", "B": "placebo"}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "studies" / "crossover"
    make_study(folder, "inagaki2016")
    imported = import_kit(EXAMPLE / EXAMPLE_ANSWERS, "021", None)
    kit = folder / "participants" / "021" / "kit"
    save_kit(imported.kit, kit)
    record(kit, imported.kit, accepting(imported.kit), "KR", "2026-09-20T08:00:00+00:00")
    make_keys(tmp_path / "private.pem", tmp_path / "public.pem", "a long passphrase")
    opened, sealed = open_study(folder), tmp_path / "sealed.json"
    make_allocation(opened, tmp_path / "public.pem", ARMS, sealed, tmp_path / "packing.tsv")
    receive_allocation(opened, sealed, "PH")
    return folder


@pytest.fixture
def assistant(
    study: Path,
    tmp_path: Path,
    display: None,  # noqa: ARG001
) -> Iterator[Assistant]:
    QCursor.setPos(1919, 1079)  # where it touches nothing
    settings = tmp_path / "config" / "desk.json"
    save_settings(Settings().opened(study), settings)
    found = sit_down(None, settings, ROBOT, PICTURES)
    found.window.move(0, 0)
    found.wait_for("Which study is it today?")
    found.picture("welcome")
    welcome = found.window.welcome
    assert welcome is not None
    row = welcome.recent.visualItemRect(welcome.recent.item(0))
    HANDS.mouseClick(welcome.recent.viewport(), LEFT, pos=row.center())
    found.settle()
    yield found
    found.window.close()


def test_a_crossover_participant_from_enrolment_to_unblinding(
    assistant: Assistant, study: Path, tmp_path: Path
) -> None:
    today = dt.date.today()
    assistant.picture("home")
    enrol(assistant, "021", "AB")
    assistant.picture("card")
    assistant.press("Close")
    assistant.wait_for("The first dose of this period is not planned yet.")

    plan_first_dose(assistant, 1, today - dt.timedelta(days=3))
    assistant.wait_for(f"Due today ({today})")
    enter_dose(assistant, today)
    assistant.wait_for("Days since the last dose: 0")
    assistant.picture("participant")
    for language in ("ar", "ja"):
        assistant.window.speak(language)
        assistant.picture(language)
    assistant.window.speak("en")
    assistant.settle()

    rehearse(assistant, study)
    first_session(assistant, study)
    optional_task(assistant, study)

    plan_first_dose(assistant, 2, today + dt.timedelta(days=11))
    assistant.wait_for("Washout kept (10 of 10 days)")
    second_session_too_early_and_broken_off(assistant, study)
    assistant.wait_for("All sessions are done")
    assistant.picture("all-done")

    unblind(assistant, study, tmp_path)
    withdraw_another(assistant, study)
    set_initials(assistant, study)


def enrol(assistant: Assistant, who: str, initials: str) -> None:
    assistant.press("Add participant")
    assistant.fill("Participant number", who)
    assistant.fill("Initials", initials)
    assistant.press("Add")
    assert "Your initials: one to five letters, please." in assistant.texts()
    assistant.fill("Your initials", "MK")
    assistant.picture("enrol")
    assistant.press("Add")
    assistant.wait_for(f"Participant {who} is in the study")


def plan_first_dose(assistant: Assistant, period: int, day: dt.date) -> None:
    assistant.choose("days.plan")
    assistant.press(str(period))
    assistant.fill("Day, as year-month-day", day.isoformat())
    assistant.fill("Your initials", "MK")
    assistant.picture("first-dose")
    assistant.press("Enter")


def enter_dose(assistant: Assistant, day: dt.date) -> None:
    assistant.choose("days.dose")
    assistant.fill("Day, as year-month-day", day.isoformat())
    assistant.fill("Your initials", "MK")
    assistant.picture("dose")
    assistant.press("Enter")


def rehearse(assistant: Assistant, study: Path) -> None:
    """A dry run and a practice leave nothing behind."""
    before = {file: file.stat().st_mtime_ns for file in study.rglob("*") if file.is_file()}
    assistant.press("Dry run")
    assistant.wait_for("The dry run went well")
    assistant.picture("dry-run")
    assistant.press("Back to the participant")
    assistant.press("Practice")
    assistant.wait_for("Practice is over")
    assistant.press("Back to the participant")
    after = {file: file.stat().st_mtime_ns for file in study.rglob("*") if file.is_file()}
    assert after == before


def first_session(assistant: Assistant, study: Path) -> None:
    colour = open_register(study).participant("021").colour
    assistant.press("Start session 01")
    assistant.wait_for("Is this the right person?")
    assistant.picture("identity")
    assistant.fill("Initials", "XY")
    assistant.press(colour)
    assistant.press("Next")
    assert "Ask once more." in assistant.texts()
    assistant.fill("Initials", "ab")
    assistant.desk.options = UNPLUGGED
    assistant.press("Next")
    assistant.wait_for("Not ready yet.")
    assert not assistant.button("Start now").isEnabled()
    assistant.picture("no-go")
    assistant.desk.options = ROBOT
    assistant.press("Check again")
    assistant.wait(lambda: assistant.button("Start now").isEnabled(), "the check's end")
    assistant.picture("check")
    assistant.desk.options = UNPLUGGED
    assistant.press("Start now")
    assistant.wait_for("The session did not start")
    assistant.picture("not-started")
    assistant.press("Back to the participant")
    assistant.desk.options = ROBOT

    assistant.press("Start session 01")
    assistant.fill("Initials", "AB")
    assistant.press(colour)
    assistant.press("Next")
    assistant.wait(lambda: assistant.button("Start now").isEnabled(), "the check's end")
    assistant.press("Start now")
    assistant.wait_for("The session is complete")
    told = "Plan the first dose of period 2. The day of session 02 follows from it."
    assert told in assistant.texts()
    assert "No faults." in assistant.texts()
    assistant.picture("complete")
    assistant.press("Back to the participant")


def optional_task(assistant: Assistant, study: Path) -> None:
    colour = open_register(study).participant("021").colour
    assistant.scroll_to("Start: Daily report")
    assistant.picture("optional")
    assistant.press("Start: Holding objects")
    assistant.fill("Initials", "AB")
    assistant.press(colour)
    assistant.press("Next")
    assistant.wait(lambda: assistant.button("Start now").isEnabled(), "the check's end")
    assistant.press("Start now")
    assistant.wait_for("Done: Holding objects")
    assistant.press("Back to the participant")
    assert "Start: Holding objects" not in assistant.texts()


def second_session_too_early_and_broken_off(assistant: Assistant, study: Path) -> None:
    colour = open_register(study).participant("021").colour
    assistant.desk.options = IN_A_WINDOW
    assistant.press("Start session 02")
    assistant.fill("Initials", "AB")
    assistant.press(colour)
    assistant.press("Next")
    assistant.wait_for("Run it today?")
    assistant.picture("question")
    assistant.press("No, go back")
    assistant.wait_for("Start session 02")

    assistant.press("Start session 02")
    assistant.fill("Initials", "AB")
    assistant.press(colour)
    assistant.press("Next")
    assistant.fill("Your initials", "MK")
    assistant.press("Yes, go on")
    start_on_the_screen(assistant)
    folder = study / "sourcedata" / "sub-021" / "ses-02"
    log = folder / "sub-021_ses-02.jsonl"
    assistant.wait(lambda: log.exists() and b'"trial":2' in log.read_bytes(), "the second trial")
    assistant.press("Keep this moment")
    assistant.wait_for("Moments kept: 1")
    assistant.picture("running")
    picture_of_the_screen(assistant, log)
    assistant.press("Stop the session")
    assistant.wait_for("Stop the session now?")
    assistant.picture("stop")
    assistant.press("Let it go on")
    assistant.window.close()
    assert "A session is running." in assistant.texts()
    child = assistant.desk.session.child
    assert child is not None
    os.kill(child.pid, signal.SIGKILL)
    assistant.wait_for("The session broke off")
    (line,) = assistant.visible(QLineEdit)
    HANDS.keyClicks(line, "coughed a little")
    assistant.picture("broken-off")
    assistant.press("Back to the participant")
    kept, worded, answered = read_notes(log)
    assert (kept.text, worded.text) == ("moment 1, kept in the launcher", "coughed a little")
    assert kept.utc == worded.utc
    assert re.fullmatch(
        r"yes, said MK before the session: Session 02 is due from .*\. Run it today\?",
        answered.text,
    )
    assert windows_of_sessions() == []

    assistant.wait_for("Session 02, unfinished")
    assistant.picture("resume")
    assistant.press("Go on with session 02")
    assistant.fill("Initials", "AB")
    assistant.press(colour)
    assistant.press("Next")
    assistant.fill("Your initials", "MK")
    assistant.press("Yes, go on")
    start_on_the_screen(assistant)
    assistant.wait_for("The session is complete", seconds=180)
    assert windows_of_sessions() == []
    assistant.desk.options = ROBOT
    parts = sorted(folder.glob("*.jsonl"))
    assert [read_log(part).status for part in parts] == ["crashed", "complete"]
    assistant.press("Back to the participant")


def start_on_the_screen(assistant: Assistant) -> None:
    """Start, once the display was found to be as the protocol wants it, and see the window."""
    start = assistant.button("Start now")
    again = assistant.button("Check again")
    for _ in range(5):
        assistant.wait(again.isEnabled, "the check's end")
        if start.isEnabled():
            break
        # beside other work a virtual display may seem to run at another rate
        assert assistant.texts().count("Hz measured") == 1, assistant.texts()
        assistant.press("Check again")
        start, again = assistant.button("Start now"), assistant.button("Check again")
    assistant.press("Start now")
    assistant.wait(windows_of_sessions, "the session's window")


def windows_of_sessions() -> list[str]:
    """Return which windows of sessions are on the screen."""
    search = ["xdotool", "search", "--onlyvisible", "--name", "^PsychoPy$"]
    return subprocess.run(search, capture_output=True, text=True, check=False).stdout.split()


def picture_of_the_screen(assistant: Assistant, log: Path) -> None:
    """Keep a screenshot of launcher and session beside each other, while a message is read."""
    (window,) = windows_of_sessions()
    place = (str(WINDOW.x()), str(WINDOW.y()))
    subprocess.run(["xdotool", "windowmove", window, *place], check=True)
    assistant.wait(lambda: shown_last(log) == "message", "a message")
    rest(500)
    screen = QGuiApplication.primaryScreen()
    assert screen is not None
    grabbed = screen.grabWindow()
    both = QRect(0, 0, 1920, 700)
    assert grabbed.copy(both).save(str(PICTURES / "launcher-beside.png"))


def shown_last(log: Path) -> str:
    """Return which kind of screen a session shows now."""
    steps = [line for line in log.read_bytes().split(b"\n")[:-1] if b'"type":"step"' in line]
    return str(json.loads(steps[-1])["step"]["screen"]["kind"])


def unblind(assistant: Assistant, study: Path, tmp_path: Path) -> None:
    assistant.choose("unblind.open")
    assistant.fill("Reason", "severe rash")
    assistant.fill("Your initials", "MK")
    assistant.press("Unblind this participant")
    assert "Choose the file of the key, please." in assistant.texts()
    assert (tmp_path / "private.pem").exists()
    assistant.fill("File of the key", "~/private.pem")
    assistant.fill("Passphrase of the key, if it has one", "a wrong passphrase")
    assistant.press("Unblind this participant")
    assert "This did not work" in assistant.texts()
    assert open_register(study).participant("021").unblinded is None
    assistant.fill("Passphrase of the key, if it has one", "a long passphrase")
    assistant.picture("unblind")
    assistant.press("Unblind this participant")
    assistant.wait_for("It is not shown again.")
    assert "naltrexone" in assistant.texts()
    assert "placebo" in assistant.texts()
    assistant.picture("unblinded")
    assistant.press("Close")
    assert "naltrexone" not in assistant.texts()
    assert open_register(study).participant("021").unblinded is not None


def withdraw_another(assistant: Assistant, study: Path) -> None:
    enrol(assistant, "022", "CD")
    assistant.press("Close")
    assistant.choose("withdraw.open")
    assistant.fill("Your initials", "MK")
    assistant.press("Withdraw")
    assert "Give a reason, please." in assistant.texts()
    assistant.fill("Reason, in a few words, without names", "moved away")
    assistant.picture("withdraw")
    assistant.press("Withdraw")
    assistant.wait_for("This participant has withdrawn")
    assistant.picture("withdrawn")
    person = open_register(study).participant("022")
    assert person.withdrawn_why == "moved away"


def set_initials(assistant: Assistant, study: Path) -> None:
    """Somebody who was never enrolled: a folder with a kit is enough."""
    (study / "participants" / "023").mkdir()
    assistant.desk.refresh()
    assistant.desk.choose("023")
    assistant.settle()
    assistant.press("Initials and colour")
    assistant.fill("Initials", "EF")
    assistant.press("green")
    assistant.fill("Your initials", "MK")
    assistant.picture("initials")
    assistant.press("Save")
    assert assistant.desk.sheet is None
    assert "No initials and colour are set" not in assistant.texts()


def test_who_stops_and_leaves_is_debriefed_from_the_launcher(tmp_path: Path) -> None:
    study = tmp_path / "study"
    make_study(study, "cyberball")
    request = SessionRequest(study, "012", "lab", robot="typical", fast=True, no_window=True)
    log = run(prepare(request), hands=lambda clock: Hands(clock, ((30.0, 32.0, "4"),))).log
    enrol_at_once(open_study(study), "012", "MK", initials="AB")
    assistant = sit_down(study, tmp_path / "desk.json", ROBOT, PICTURES)
    assistant.desk.choose("012")
    assistant.desk.session.sum_up(ToRun("lab"), 1, log)
    assistant.settle()
    assistant.picture("stopped")
    assistant.press("Back to the participant")
    assistant.choose("withdraw.open")
    assistant.fill("Reason, in a few words, without names", "wants to go home")
    assistant.fill("Your initials", "MK")
    assistant.press("Withdraw")
    assistant.wait_for("This participant has withdrawn")
    assistant.picture("debriefing")
    assistant.press("Show the debriefing")
    assistant.fill("Initials", "AB")
    assistant.press(open_register(study).participant("012").colour)
    assistant.press("Next")
    assistant.wait_for("They may leave now.")
    (shown,) = log.parent.glob("*_task-debriefing.jsonl")
    assert [event["task"] for event in read_log(shown).of("run_end")] == ["debriefing"]
    assistant.press("Back to the participant")
    assert "has not been debriefed" not in assistant.texts()
    assistant.window.close()
