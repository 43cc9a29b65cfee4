"""Nobody who was deceived leaves without being told: also after a crash, and after a withdrawal."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from experiment.blinding.making import make_allocation, receive_allocation
from experiment.blinding.sealing import make_keys
from experiment.care import Debriefing, debriefing_due
from experiment.errors import BadInput
from experiment.examples import make_study
from experiment.log import LogWriter
from experiment.preflight.questions import gather, questions_about
from experiment.prepare import prepare
from experiment.register.changes import enrol, withdraw
from experiment.request import SessionRequest
from experiment.study import Study, open_study

DESIGN = """
design:
  kind: parallel
  block_sizes: [2]
  slots: 2
  drug_days: 1
  washout_days: none
  periods:
    - sessions:
        lab: {day: 1, earlier: 0, later: 9}
"""
ALONE = Debriefing("lab", "debriefing", alone=True, resume=False, now=True)
GAMES = ("included", "afterincluded", "excluded", "afterexcluded")


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A drug study with a ball game, in which participant 012 is."""
    folder = tmp_path / "study"
    make_study(folder, "cyberball")
    file = folder / "study.yaml"
    file.write_text(file.read_text("utf-8") + DESIGN, "utf-8")
    opened, sealed = open_study(folder), tmp_path / "sealed.json"
    make_keys(tmp_path / "private.pem", tmp_path / "public.pem", None)
    arms = {"A": "drug", "B": "placebo"}
    make_allocation(opened, tmp_path / "public.pem", arms, sealed, tmp_path / "packing.tsv")
    receive_allocation(opened, sealed, "PH")
    enrol(opened, "012", "MK")
    return opened


def begun(study: Study, *done: str, task: str | None = None) -> None:
    """Write a log that breaks off, as short as it can be."""
    tasks = study.session_tasks("lab", task)
    header = {
        "session": "lab",
        "participant": "012",
        "tasks": tasks,
        "utc": f"{datetime.now(timezone.utc)}",
        "robot": None,
    }
    alone = "" if task is None else f"_task-{task}"
    file = study.log_folder("012", "lab") / f"sub-012_ses-lab{alone}.jsonl"
    file.unlink(missing_ok=True)
    with LogWriter(file, header) as log:
        for one in done:
            log.add("run_begin", 1.0, task=one, run=1)
            log.add("run_end", 2.0, task=one, run=1)


def test_a_debriefing_is_due_once_a_session_broke_off(study: Study) -> None:
    assert debriefing_due(study, "012") is None, "they have not been there yet"
    begun(study, "included")
    assert debriefing_due(study, "012") == ALONE
    begun(study, task="debriefing")
    assert debriefing_due(study, "012") == replace(ALONE, resume=True)
    begun(study, "debriefing", task="debriefing")
    assert debriefing_due(study, "012") is None
    assert [one.session for one in gather(study, "012", "lab").begun] == ["lab"], "not twice"


def test_where_nothing_else_is_left_the_session_goes_on(study: Study) -> None:
    begun(study, *GAMES)
    assert debriefing_due(study, "012") == replace(ALONE, alone=False, resume=True)


def test_who_left_is_debriefed_all_the_same(study: Study) -> None:
    withdraw(study, "012", "MK", "wants to go home")
    assert debriefing_due(study, "012") is None, "they have not been there"
    begun(study, "included")
    assert debriefing_due(study, "012") == ALONE
    request = SessionRequest(study.folder, "012", "lab", port="none", scanner="none")
    with pytest.raises(BadInput, match="nothing is overwritten"):
        prepare(request)
    with pytest.raises(BadInput, match="participant '012': left the study"):
        prepare(replace(request, task="afterexcluded"))
    asked = [one.mistake for one in questions_about(gather(study, "012", "lab"))]
    assert "withdrawn" in asked
    assert prepare(replace(request, task="debriefing")).asked == ()
