from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from analysis import tables
from experiment.readlog import SessionLog, read_log

COLUMNS = {
    "steps": "task run n trial screen message_id writer_id condition rating planned onset duration "
    "rt confirmed marker code "
    "profile_id shown_answer block report",
    "ratings": "task run n trial condition message_id writer_id rating value rt confirmed start "
    "lefts rights onset",
    "presses": "task run step trial t action device point cursor confirmed used repeat",
    "markers": "n task run step name code flip begun ended reset echo queued lag",
    "pulses": "n task run t",
    "marks": "name origin task run t at utc again",
    "pauses": "task run onset duration",
    "blocks": "task run block condition planned onset duration interrupted",
    "throws": "task run round condition number thrower catcher thrower_id catcher_id chosen_by "
    "held_since rt reminded planned onset arrival excluded step",
    "trials": "task run trial block condition message_id writer_id profile_id stimulus onset "
    "stimulus_onset stimulus_planned stimulus_duration end asked answered",
    "frames": "task run nominal frames dropped median p95 p99 longest",
}


@pytest.fixture(scope="module")
def scanner(logs: dict[str, Path]) -> SessionLog:
    return read_log(logs["01"])


@pytest.fixture(scope="module")
def lab(logs: dict[str, Path]) -> SessionLog:
    return read_log(logs["02"])


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_and_their_types_do_not_depend_on_what_happened(
    name: str, scanner: SessionLog, lab: SessionLog
) -> None:
    table: Callable[[SessionLog], Any] = getattr(tables, name)
    nothing = replace(scanner, events=())
    frames = [table(log) for log in (scanner, lab, nothing)]
    for frame in frames:
        assert list(frame.columns) == COLUMNS[name].split()
        assert frame.dtypes.to_dict() == frames[0].dtypes.to_dict()
    assert frames[-1].empty


def test_there_is_one_row_per_step_at_the_onset_that_the_outcome_has(scanner: SessionLog) -> None:
    rows = tables.step_rows(scanner)
    outcomes = {event["n"]: event["outcome"] for event in scanner.of("outcome")}
    assert [row.n for row in rows] == sorted(outcomes)
    for row in rows[4:]:  # instructions were still on the clock of the first flip
        assert row.onset == pytest.approx(outcomes[row.n]["onset"], abs=2e-6)
    assert {row.screen for row in rows if row.trial} == {"fixation", "message", "scale"}


def test_the_first_pulse_overrides_the_first_flip_as_zero(
    scanner: SessionLog, lab: SessionLog
) -> None:
    (timed,), (own_pace,) = tables.runs(scanner), tables.runs(lab)
    assert (timed.zero_source, own_pace.zero_source) == ("pulse", "first_flip")
    assert tables.pulse_rows(scanner)[0].t == 0.0
    assert tables.step_rows(lab)[0].onset == 0.0
    first = next(row for row in tables.step_rows(scanner) if row.trial == 1)
    assert first.planned == 6.0


def test_a_screen_lasts_until_the_next_one_and_the_last_until_the_run_ends(
    scanner: SessionLog,
) -> None:
    rows = tables.step_rows(scanner)
    for row, following in pairwise(rows):
        assert row.onset is not None
        assert row.duration is not None
        assert following.onset == pytest.approx(row.onset + row.duration, abs=2e-6)
    (run,) = tables.runs(scanner)
    assert rows[-1].screen == "closing"
    assert rows[-1].onset is not None
    assert run.end == pytest.approx(rows[-1].onset + (rows[-1].duration or 0), abs=2e-6)


def test_messages_and_ratings_know_their_message_as_planned(scanner: SessionLog) -> None:
    trials = {trial["number"]: trial for trial in scanner.header["plans"]["messages"]["trials"]}
    shown = [row for row in tables.step_rows(scanner) if row.screen == "message"]
    assert [row.message_id for row in shown] == [t["message_id"] for t in trials.values()]
    for row in tables.rating_rows(scanner):
        if row.trial is not None:
            trial = trials[row.trial]
            assert (row.condition, row.writer_id) == (trial["condition"], trial["writer_id"])


def test_ratings_are_the_answers_of_the_log_with_practice_outside_trials(lab: SessionLog) -> None:
    rows = tables.rating_rows(lab)
    asked = {e["n"] for e in lab.of("step") if e["step"]["screen"]["kind"] == "scale"}
    outcomes = {event["n"]: event["outcome"]["response"] for event in lab.of("outcome")}
    assert {row.n for row in rows} == asked
    assert [row.trial for row in rows if row.message_id is None] == [None]
    assert len(rows) == 1 + 6 * 2
    for row in rows:
        assert row.value == outcomes[row.n]["value"]
        assert row.value == row.start + (row.rights or 0) - (row.lefts or 0)
        assert row.rt == outcomes[row.n]["rt"]


def test_presses_fall_within_their_step(lab: SessionLog) -> None:
    steps = {row.n: row for row in tables.step_rows(lab)}
    for press in tables.press_rows(lab):
        step = steps[press.step]
        assert step.onset is not None
        assert press.t is not None
        assert 0 <= press.t - step.onset <= (step.duration or 0)
        assert press.trial == step.trial


def test_every_marker_is_sent_on_its_flip_and_reset_after_the_pulse_width(
    scanner: SessionLog,
) -> None:
    steps = {row.n: row for row in tables.step_rows(scanner)}
    frame = tables.markers(scanner)
    assert len(frame) == sum(1 for _ in scanner.of("marker_planned"))
    assert (frame["lag"] == 0).all()  # the virtual clock stands still while a code is written
    assert ((frame["reset"] - frame["begun"]).round(6) == 0.005).all()
    for row in tables.marker_rows(scanner):
        assert (row.flip, row.name) == (steps[row.step].onset, steps[row.step].marker)


def test_without_a_trigger_port_markers_are_planned_but_not_sent(scanner: SessionLog) -> None:
    kept = (e for e in scanner.events if not e["type"].startswith("marker_sent"))
    frame = tables.markers(replace(scanner, events=tuple(kept)))
    assert frame["code"].notna().all()
    assert frame[["flip", "begun", "lag", "queued"]].isna().all(axis=None)


def test_pulses_lie_on_the_grid_of_the_tr(scanner: SessionLog) -> None:
    frame = tables.pulses(scanner)
    assert frame["t"].tolist() == pytest.approx([2.0 * i for i in range(len(frame))], abs=2e-6)
    assert frame["n"].tolist() == list(range(1, len(frame) + 1))


def test_two_tasks_are_two_runs_with_clocks_of_their_own(logs: dict[str, Path]) -> None:
    log = read_log(logs["03"])
    assert [(r.task, r.number) for r in tables.runs(log)] == [("messages", 1), ("messageslab", 2)]
    second = [row for row in tables.step_rows(log) if row.run == 2]
    assert second[0].onset == 0.0
    assert {row.task for row in second} == {"messageslab"}
    last_of_first = [row for row in tables.step_rows(log) if row.run == 1][-1]
    assert last_of_first.duration == pytest.approx(4.0, abs=0.02)
    for pulse in tables.pulse_rows(log):
        assert pulse.run in (1, 2)


def test_a_log_that_stops_leaves_out_what_never_happened(cut_log: Path) -> None:
    log = read_log(cut_log)
    assert log.status == "crashed"
    rows = tables.step_rows(log)
    for row, following in pairwise(rows):
        assert (row.duration is None) == (following.onset is None)
    assert rows[-1].duration is None
    missing = sum(row.duration is None for row in rows)
    assert tables.steps(log)["duration"].isna().sum() == missing
    assert tables.runs(log)[0].end is None


@pytest.mark.parametrize("kind", ["onset", "outcome", "step", "run_zero", "run_begin"])
def test_a_log_may_stop_at_any_event(kind: str, scanner: SessionLog) -> None:
    last = max(i for i, event in enumerate(scanner.events) if event["type"] == kind)
    log = replace(scanner, events=scanner.events[: last + 1])
    for name in COLUMNS:
        assert list(getattr(tables, name)(log).columns) == COLUMNS[name].split()


def test_a_pause_ends_the_screen_before_it(paused_log: Path) -> None:
    log = read_log(paused_log)
    (pause,) = tables.pause_rows(log)
    before, after = (
        [row for row in tables.step_rows(log) if row.trial == 1][-1],
        next(row for row in tables.step_rows(log) if row.trial == 2),
    )
    assert before.onset is not None
    assert before.duration == pytest.approx(4.0, abs=0.02)
    assert pause.onset == pytest.approx(before.onset + 4.0, abs=0.02)
    assert pause.duration == pytest.approx(4.0, abs=0.02)
    assert after.onset == pytest.approx((pause.onset or 0) + (pause.duration or 0), abs=2e-6)
    assert after.planned == pytest.approx(after.onset, abs=0.02)
