"""A participant who stops, and a scan that is paused, on the virtual clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.advance import advance
from analysis.monitor_texts import read_texts, sentence
from analysis.replay import verify
from analysis.show import contact_sheet, moments
from analysis.standing import Phase, State
from analysis.tables import block_rows, marker_rows
from benchmarks.games import a_game, changed, planned, preset
from experiment.care import Debriefing, after_session, debriefing_due
from experiment.choices import save_choices
from experiment.examples import make_study
from experiment.kit.own_profile import save_own_profile
from experiment.kit.own_words import OwnWords
from experiment.people import Choice
from experiment.plans.frames import moved_lines
from experiment.profiles import DEMO
from experiment.protocol import ScannerCyberball
from experiment.readlog import SessionLog, read_log
from experiment.screens import Closing, Waiting
from experiment.session import SessionRequest, SessionResult, prepare, run
from experiment.study import open_study
from run_session import main
from tests.experiment.stage import Hands


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A study after Hsu et al. 2013 whose choices are made."""
    make_study(tmp_path / "study", "hsu2013")
    kit = open_study(tmp_path / "study").kit_folder("012")
    save_own_profile(kit, DEMO / "photos" / "p41.png", OwnWords("Somebody", 30, "Words."))
    save_choices(kit, [Choice(f"p{i:02d}", 4 + i % 3) for i in range(1, 21)])
    return tmp_path / "study"


def play(
    study: Path, *presses: tuple[float, float, str]
) -> tuple[SessionResult, SessionLog, list[str]]:
    """Run a scan with somebody at the keys beside the robot."""
    told: list[str] = []
    result = run(
        prepare(
            SessionRequest(
                study,
                "012",
                "02",
                robot="typical",
                port="mock:",
                fast=True,
                no_window=True,
                size=(640, 360),
            )
        ),
        tell=told.append,
        hands=lambda clock: Hands(clock, presses),
    )
    log = read_log(result.log)
    assert verify(log).differences == ()
    return result, log, told


def test_a_participant_who_holds_the_stop_key_is_let_go_kindly(scan: Path) -> None:
    result, log, told = play(scan, (700.0, 702.0, "4"))
    assert (result.status, result.reason) == ("stopped", "the participant asked to stop")
    (stop,) = log.of("stop")
    assert stop["t"] == pytest.approx(701, abs=0.02)
    end = next(log.of("end"))
    assert end["t"] - stop["t"] == pytest.approx(20, abs=0.1)  # the kind screen had its time
    (shown,) = log.of("stop_shown")
    assert 0 <= shown["t"] - stop["t"] < 0.1
    assert moments(log)[-1].step.screen == Closing("stopped")
    due = Debriefing("03", "debriefing", alone=True, resume=False, now=False)
    assert debriefing_due(open_study(scan), "012") == due
    (line,) = after_session(scan, "012", log.file)
    command = f"run {scan} --participant 012 --session 03 --task debriefing"
    assert line == (
        "012 has not been debriefed; if the participant does not come again, "
        f"run: run_session.py {command}"
    )
    robot = ["--robot", "hasty", "--speed", "fast", "--no-window", "--port", "mock:"]
    assert main([*command.split(), *robot]) == 0
    assert debriefing_due(open_study(scan), "012") is None
    assert any("ASKED TO STOP" in line for line in told)
    assert all(row.reset is not None for row in marker_rows(log) if row.flip is not None)
    state = advance(State(), [log.header, *log.events], 0.0)
    assert state.stage is Phase.ABORTED
    assert "participant_stopped" in {fault.name for fault in state.faults}
    title, do = read_texts().fault("participant_stopped")
    assert title == "The participant asked to stop"
    assert "go to the participant" in do


def test_a_short_press_of_the_stop_key_stops_nothing(scan: Path) -> None:
    result, log, _ = play(scan, (700.0, 700.9, "4"))
    assert result.status == "complete"
    assert not list(log.of("stop"))


def test_a_pause_before_a_block_moves_it_by_whole_seconds(scan: Path) -> None:
    zero = 30.0  # the robot marks the injection within the first half minute
    file = scan / "study.yaml"
    ten_minutes = [{"start": 600 * i, "duration": 600} for i in range(9)]
    framed = file.read_text("utf-8").replace("frames: [] ", f"frames: {ten_minutes} ")
    file.write_text(framed, "utf-8")
    result, log, told = play(scan, (zero + 2000, zero + 2000.1, "p"), (2452.3, 2452.4, "p"))
    assert result.status == "complete"
    blocks = block_rows(log)
    (moved,) = log.of("continue")
    by = f"{moved['shift']:g} s"
    assert f"the blocks to come have moved by {by} and" in "\n".join(told)
    assert f"the run now ends {by} later than planned" in "\n".join(told)
    assert moved["shift"] == int(moved["shift"]) > 0
    assert [row.planned for row in blocks] == pytest.approx(
        [600, 2400 + moved["shift"], 4200 + moved["shift"]], abs=1e-5
    )
    assert all(abs((r.onset or 0) - (r.planned or 0)) <= 1 / 60 for r in blocks)
    assert not any(row.interrupted for row in blocks)
    assert "block_interrupted" not in {event["what"] for event in log.of("fault")}


def test_a_pause_that_is_over_before_the_block_moves_nothing(scan: Path) -> None:
    _, log, _ = play(scan, (1500.0, 1500.1, "p"), (1700.0, 1700.1, "p"))
    assert not list(log.of("continue"))
    assert [row.planned for row in block_rows(log)] == pytest.approx([600, 2400, 4200], abs=1e-5)


def test_a_pause_inside_a_block_is_flagged(scan: Path) -> None:
    _, log, told = play(scan, (2445.0, 2445.1, "p"), (2500.0, 2500.1, "p"))
    (fault,) = log.of("fault")
    assert (fault["what"], fault["block"]) == ("block_interrupted", 2)
    assert [row.interrupted for row in block_rows(log)] == [False, True, False]
    assert any("block 2 was interrupted" in line for line in told)
    pauses = [m for m in moments(log) if m.step.screen == Waiting("paused")]
    assert len(pauses) == 1
    steps = len(list(log.of("step")))
    rows = -(-(steps + 1) // 6)  # the pause is on the sheet too
    assert contact_sheet(log, None).shape[0] == 16 + rows * (225 + 30 + 16)


def test_the_monitor_counts_down_to_the_next_block(scan: Path) -> None:
    _, log, _ = play(scan)
    zero = [event for event in log.of("run_zero")][-1]["t"]
    texts = read_texts()

    def says(after: float) -> str:
        until = [event for event in log.events if (event["t"] or 0.0) <= zero + after]
        return sentence(advance(State(), [log.header, *until], 0.0), texts)

    assert says(30.0) == "Next block in 10:00: baseline (block 1)."
    assert says(610.0).startswith("Block 1 (baseline) runs, 1:")
    assert says(1100.0).startswith("Next block in 22:44: ")  # the rest began at 1036 s
    assert "block" not in says(5395.0).lower()


def test_a_game_in_pet_that_was_held_ends_later_too() -> None:
    spec = changed(a_game("scanincluded", ScannerCyberball), begins="injection")
    plan = planned(spec, 1)
    (line,) = moved_lines(preset(), "scanincluded", plan, 7.0, 100.0)
    assert str(line).startswith("PET scan: the run now ends 7 s later than planned")
