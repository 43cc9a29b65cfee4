"""Questionnaires in other languages: filled in on pages, exported as they were shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.bids_validator import ValidatorReport, validate
from analysis.replay import verify
from experiment.examples import make_study
from experiment.readlog import read_log
from experiment.session import SessionRequest, prepare, run
from tests.exports import export_bids


@pytest.mark.parametrize(
    ("language", "says", "level"),
    [
        ("ar", "ما أشعر به الآن: حزن", "كثيرًا جدًا"),
        pytest.param("ja", "今の気持ち： 悲しい", "とても強く", marks=pytest.mark.slow),
    ],
)
def test_answers_are_exported_in_the_words_that_were_shown(
    tmp_path: Path, language: str, says: str, level: str
) -> None:
    study = tmp_path / "study"
    make_study(study, None, language)
    request = SessionRequest(
        study, "012", "01", task="feelings", robot="typical", no_window=True, fast=True
    )
    log = run(prepare(request)).log
    screens = [event["step"]["screen"] for event in read_log(log).of("step")]
    assert max(len(screen.get("page", ())) for screen in screens) == 5  # not one item a screen
    assert verify(read_log(log)).differences == ()
    report = export_bids([log], tmp_path / "bids")
    assert (report.left_out, report.incomplete) == ((), ())
    assert validate(tmp_path / "bids") == ValidatorReport((), ())
    (table,) = (tmp_path / "bids").rglob("*_task-feelings_run-01_beh.tsv")
    columns = table.read_text("utf-8").splitlines()[0].split("\t")
    told = json.loads(table.with_suffix(".json").read_text("utf-8"))
    assert set(columns) <= set(told)
    assert told["mood_sad"]["Description"] == says
    assert told["mood_sad"]["Levels"]["5"] == level
