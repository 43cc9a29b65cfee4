"""A task without messages is read, timed, followed, drawn and exported like any other."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from analysis.advance import advance
from analysis.bids_validator import ValidatorReport, validate
from analysis.replay import verify
from analysis.show import contact_sheet
from analysis.standing import Phase, State
from analysis.tables import ratings, step_rows
from analysis.timing import measure
from experiment.examples import make_study
from experiment.readlog import SessionLog, read_log
from experiment.session import SessionRequest, prepare, run
from tests.exports import export_bids


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SessionLog:
    study: Path = tmp_path_factory.mktemp("objects") / "study"
    make_study(study, "inagaki2016")
    request = SessionRequest(
        study,
        "012",
        "01",
        task="warmobject",
        robot="typical",
        fast=True,
        no_window=True,
        size=(640, 360),
        port="mock:",
    )
    return read_log(run(prepare(request)).log)


def test_the_log_is_what_the_protocol_says(log: SessionLog) -> None:
    assert log.status == "complete"
    assert verify(log).differences == ()
    assert measure(log).ledger.sent == 2 + 4 * 6 + 1


def test_each_rating_is_of_the_object_that_was_held(log: SessionLog) -> None:
    held = [trial["condition"] for trial in log.header["plans"]["warmobject"]["trials"]]
    table = ratings(log)
    assert table["condition"].tolist() == [condition for condition in held for _ in range(2)]
    assert table["rating"].tolist() == ["connection_now", "good_now"] * 4
    assert table["message_id"].isna().all()
    assert table["writer_id"].isna().all()
    shown = Counter(row.marker for row in step_rows(log) if row.condition == "warm")
    assert shown["hold_warm"] == shown["take_up"] == shown["put_down"] == 2
    assert shown["hold_neutral"] == 0


def test_the_monitor_counts_its_trials(log: SessionLog) -> None:
    events = [log.header, *log.events]
    end = next(i for i, e in enumerate(events) if e["type"] == "run_end")
    state = advance(State(), events[:end], events[end]["t"])
    assert state.phase is Phase.RUNNING
    assert state.planned is not None
    assert (state.trial, state.planned.trials) == (4, 4)


def test_its_screens_can_be_shown_again_without_a_kit(log: SessionLog) -> None:
    sheet = contact_sheet(log, None)
    assert sheet.shape[2] == 3
    assert len(np.unique(sheet[..., 0])) > 50  # lines and letters, smooth-edged


def test_it_is_exported_with_what_was_done_in_each_row(log: SessionLog, tmp_path: Path) -> None:
    report = export_bids([log.file], tmp_path / "bids")
    assert (report.left_out, report.incomplete) == ((), ())
    (table,) = (tmp_path / "bids").rglob("*_events.tsv")
    rows = [line.split("\t") for line in table.read_text("utf-8").splitlines()]
    kinds = Counter(row[rows[0].index("trial_type")] for row in rows[1:])
    assert kinds == {
        "fixation": 5,
        "take_up": 4,
        "hold_warm": 2,
        "hold_neutral": 2,
        "put_down": 4,
        "rating": 8,
        "closing": 1,
    }
    assert validate(tmp_path / "bids") == ValidatorReport((), ())
