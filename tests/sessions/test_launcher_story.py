"""A robot assistant at the launcher: a whole crossover participant, and all that can go wrong."""

from __future__ import annotations

import datetime as dt
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from experiment.blinding.making import make_allocation, receive_allocation
from experiment.blinding.sealing import make_keys
from experiment.desk.commands import Options
from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS, make_study
from experiment.kit import import_kit, save_kit
from experiment.kit.decisions import accepting, record
from experiment.notes import read_notes
from experiment.readlog import read_log
from experiment.register import open_register
from experiment.study import open_study
from tests.sessions.assistant import Assistant, sit_down

pytestmark = [pytest.mark.linux, pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "build" / "launcher"
ROBOT = Options(robot="typical", fast=True, no_window=True, port="mock:", scanner="mock:")
IN_REAL_TIME = replace(ROBOT, fast=False)
ARMS = {"A": "naltrexone", "B": "placebo"}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "crossover"
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
def assistant(study: Path, tmp_path: Path) -> Iterator[Assistant]:
    found = sit_down(study, tmp_path / "config" / "desk.json", ROBOT, PICTURES)
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
    assistant.wait_for("Days since the last dose: 0")
    assistant.picture("participant")

    rehearse(assistant, study)
    first_session(assistant, study)

    plan_first_dose(assistant, 2, today + dt.timedelta(days=11))
    assistant.wait_for("Washout kept (10 of 10 days)")
    second_session_too_early_and_broken_off(assistant, study)
    assistant.wait_for("All sessions are done")
    assistant.picture("all-done")

    unblind(assistant, study, tmp_path)
    withdraw_another(assistant, study)


def enrol(assistant: Assistant, who: str, initials: str) -> None:
    assistant.press("Add participant")
    assistant.fill("Participant number", who)
    assistant.fill("Initials", initials)
    assistant.press("Add")
    assert "One to five letters, please." in assistant.texts()  # who does it is missing
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
    assistant.press("Next")
    assistant.wait_for("Start now")
    assistant.wait(lambda: assistant.button("Start now").isEnabled(), "the check's end")
    assistant.picture("check")
    assistant.press("Start now")
    assistant.wait_for("The session is complete")
    assert "Plan the first dose of period 2. The day of session 02 follows from it." in assistant.texts()
    assert "No faults." in assistant.texts()
    assistant.picture("complete")
    assistant.press("Back to the participant")


def second_session_too_early_and_broken_off(assistant: Assistant, study: Path) -> None:
    colour = open_register(study).participant("021").colour
    assistant.desk.options = IN_REAL_TIME
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
    assistant.wait(lambda: assistant.button("Start now").isEnabled(), "the check's end")
    assistant.press("Start now")
    folder = study / "sourcedata" / "sub-021" / "ses-02"
    log = folder / "sub-021_ses-02.jsonl"
    assistant.wait(lambda: log.exists() and b'"trial":2' in log.read_bytes(), "the second trial")
    assistant.fill("Note", "coughed a little")
    assistant.press("Add note")
    assistant.wait_for("The note is in the log.")
    assistant.picture("running")
    assistant.window.close()
    assert "A session is running." in assistant.texts()
    child = assistant.desk.session.child
    assert child is not None
    os.kill(child.pid, signal.SIGKILL)
    assistant.wait_for("The session broke off")
    assistant.picture("broken-off")
    assert [note.text for note in read_notes(log)] == [
        "coughed a little",
        "answered yes before the session: too_early (MK)",
    ]
    assistant.press("Back to the participant")

    assistant.desk.options = ROBOT
    assistant.wait_for("Session 02, unfinished")
    assistant.picture("resume")
    assistant.press("Go on with session 02")
    assistant.fill("Initials", "AB")
    assistant.press(colour)
    assistant.press("Next")
    assistant.fill("Your initials", "MK")
    assistant.press("Yes, go on")
    assistant.wait(lambda: assistant.button("Start now").isEnabled(), "the check's end")
    assistant.press("Start now")
    assistant.wait_for("The session is complete")
    parts = sorted(folder.glob("*.jsonl"))
    assert [read_log(part).status for part in parts] == ["crashed", "complete"]
    assistant.press("Back to the participant")


def unblind(assistant: Assistant, study: Path, tmp_path: Path) -> None:
    assistant.choose("unblind.open")
    assistant.fill("Reason", "severe rash")
    assistant.fill("Your initials", "MK")
    assistant.press("Unblind this participant")
    assert "Choose the file of the key, please." in assistant.texts()
    assistant.fill("File of the key", str(tmp_path / "private.pem"))
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
