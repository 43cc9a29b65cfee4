"""Whole sessions of Cyberball with a robot participant: played, proved, counted, exported."""

from __future__ import annotations

import json
import re
import shutil
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from analysis.bids_validator import ValidatorReport, validate
from analysis.dose import as_played, dose_lines, doses
from analysis.questionnaires import fillings_in, scores_table
from analysis.replay import verify
from analysis.report.games import games_of, games_over
from analysis.report.session import session_report
from analysis.tables import block_rows, marker_rows, step_rows, throws
from analysis.throws import throw_rows
from experiment.catalogue import planned_from
from experiment.clock import Clock
from experiment.dose import YOU
from experiment.events import KeyEvent
from experiment.examples import make_study
from experiment.log import link
from experiment.plain import from_plain, to_plain
from experiment.profiles import DEMO
from experiment.protocol import Protocol
from experiment.readlog import SessionLog, read_log
from experiment.session import SessionRequest, prepare, run
from experiment.steps import Outcome
from run_session import main
from tests.exports import export_bids

Edit = tuple[str, str]
Make = Callable[..., Path]
FRAME = 1 / 60


@pytest.fixture
def ball(tmp_path: Path) -> Make:
    """Make a study of the preset, edited, with people whose names are canaries."""

    def make(*edits: Edit) -> Path:
        folder = tmp_path / "study"
        make_study(folder, "cyberball")
        people = folder / "people"
        shutil.copytree(DEMO, people)
        table = people / "profiles.csv"
        head, *rows = table.read_text("utf-8").splitlines()
        cells = [row.split(",", 3) for row in rows]
        named = [",".join((a, b, f"CANARY{a}" if c else c, d)) for a, b, c, d in cells]
        table.write_text("\n".join((head, *named)) + "\n", "utf-8")
        file = folder / "study.yaml"
        text = file.read_text("utf-8")
        for old, new in (("  folder: none  ", "  folder: people  "), *edits):
            assert old in text, old
            text = text.replace(old, new)
        file.write_text(text, "utf-8")
        return folder

    return make


class Hands:
    """The pause key, pressed at given times of the session clock."""

    def __init__(self, clock: Clock, times: tuple[float, ...]) -> None:
        self._events: deque[KeyEvent] = deque()
        for t in times:
            for at, down in ((t, True), (t + 0.1, False)):
                event = KeyEvent(at, "p", down, "keyboard")
                clock.call_at(at, partial(self._events.append, event))

    def poll(self) -> list[KeyEvent]:
        return [self._events.popleft() for _ in range(len(self._events))]


def play(
    study: Path,
    session: str,
    task: str | None = None,
    robot: str = "typical",
    pauses: tuple[float, ...] = (),
    seed: int = 5,
) -> SessionLog:
    request = SessionRequest(
        *(study, "012", session, task),
        port="mock:",
        scanner="mock:",
        robot=robot,
        fast=True,
        no_window=True,
        seed=seed,
    )
    result = run(prepare(request), hands=lambda clock: Hands(clock, pauses))
    assert (result.status, result.reason) == ("complete", None)
    log = read_log(result.log)
    assert verify(log).differences == ()
    # The mock's scan is as long as the run without a pause.
    assert {event["what"] for event in log.of("fault")} <= ({"scan_over"} if pauses else set())
    return log


def thrown(log: SessionLog) -> list[tuple[str, int, int, float | None, float | None]]:
    return [(r.task, r.thrower, r.catcher, r.onset, r.arrival) for r in throw_rows(log)]


@pytest.mark.timeout(120)
def test_a_scan_is_played_proved_counted_and_exported(ball: Make, tmp_path: Path) -> None:
    study = ball()
    log = play(study, "scanner", robot="absent", seed=7)
    watch, included, excluded = (doses(log)[i : i + 5] for i in (0, 5, 10))
    assert all(one.as_planned for one in doses(log))
    assert [one.dose.receipts for one in (*watch, *excluded)] == [*[0] * 5, 2, *[0] * 4]
    assert all(one.dose.longest_without is None for one in watch)
    assert sum(one.dose.automatic for one in included) > 0
    assert excluded[1].dose.longest_without == pytest.approx(36, abs=2 * FRAME)
    results = [event["result"]["rounds"] for event in log.of("result")]
    assert results == [[to_plain(one.dose) for one in two] for two in (watch, included, excluded)]

    for block in block_rows(log):  # a late choice moves nothing
        assert block.onset == pytest.approx(block.planned, abs=FRAME)
        assert block.duration == pytest.approx(36, abs=2 * FRAME)
        assert not block.interrupted
    begun = {(r.task, r.name) for r in marker_rows(log) if r.flip is not None}
    assert {("scanexcluded", "exclusion_begins"), ("scanincluded", "have_ball")} <= begun
    onsets = {row.n: row.onset for row in step_rows(log)}
    assert all(row.flip == onsets[row.step] for row in marker_rows(log))

    report = export_bids([log.file], tmp_path / "bids")
    assert (report.left_out, report.incomplete) == ((), ())
    assert validate(tmp_path / "bids") == ValidatorReport((), ())
    (events,) = (tmp_path / "bids").rglob("*_task-scanincluded_run-01_events.tsv")
    head, *lines = [line.split("\t") for line in events.read_text("utf-8").splitlines()]
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    balls = [row for row in rows if row["trial_type"] == "throw"]
    mine = [row for row in throw_rows(log) if row.task == "scanincluded"]
    assert [(int(b["thrower"]), int(b["catcher"])) for b in balls] == [
        (row.thrower, row.catcher) for row in mine
    ]
    assert {row["condition"] for row in balls} == {"included"}
    for row in balls:
        by_you = row["thrower"] == "0"
        assert (row["thrower_id"] == "n/a") == by_you
        assert (row["chosen_by"] == "schedule") != by_you
        assert (row["response_time"] != "n/a") == (row["chosen_by"] == "participant")
    files = [log.file, *(f for f in (tmp_path / "bids").rglob("*") if f.is_file())]
    assert all("CANARY" not in file.read_text("utf-8") for file in files)


def test_reports_tell_the_dose_beside_its_plan(ball: Make) -> None:
    log = play(ball(), "lab", "excluded")
    (round_,) = doses(log)
    games = games_of(log)
    assert games is not None
    assert (games.rounds, games.figure[:5]) == ([round_], b"<?xml")
    assert games.matrices[0].throws == round_.dose.matrix
    page = re.sub(r"<style>.*?</style>", "", session_report(log), flags=re.DOTALL)
    dose = round_.dose
    for cell in (
        *("2 of 30", "6.7", f"{dose.exclusion_onset:.1f}", f"{dose.longest_without:.1f}", "yes"),
        f"{round_.earliest_exclusion:.1f} to {round_.latest_exclusion:.1f}",
    ):
        assert f">{cell}</td>" in page, cell
    assert "CANARY" not in page
    assert not any(f">{one}<" in page for one in log.header["people"]["offered"])

    (row,) = games_over(
        map(as_played, [round_, replace(round_, complete=False, lowest=0.04, highest=0.08)])
    )
    assert (row.planned, row.possible) == ((round_.share,) * 2, (0.04, 0.08))
    assert (row.sessions, row.not_as_planned, row.receipts) == (2, 1, (2, 2))
    assert row.achieved == pytest.approx((2 / 30,) * 3, abs=1e-6)
    assert row.exclusion == (dose.exclusion_onset,) * 2


def test_a_session_s_report_has_the_scores_of_its_questionnaires(ball: Make) -> None:
    log = play(ball(), "lab")
    cell = r"<td(?: class=\"n\")?>([^<]*)</td>"
    told = re.findall(rf"<tr>{cell * 3}<td>(?:mean|sum)</td>{cell * 2}</tr>", session_report(log))
    head, *lines = (line.split("\t") for line in scores_table(fillings_in(log)).splitlines())
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    assert {row["questionnaire"] for row in rows} >= {"needthreat", "mood"}
    assert told == [
        (
            row["task"],
            f"{row['questionnaire']} {row['version']}",
            row["score"].replace("_", " "),
            "–" if row["value"] == "n/a" else f"{float(row['value']):.2f}",
            f"{row['answered']} of {row['items']}",
        )
        for row in rows
    ]

    asked = log.header["protocol"]["questionnaires"]
    later = {**log.header["protocol"], "questionnaires": {**asked, "mood": {"from_later": 1}}}
    page = session_report(replace(log, header={**log.header, "protocol": later}))
    assert "They can't be scored: lacks what a session log" in page
    assert str(log.file.parent) not in page
    assert "Ball games: planned and achieved" in page  # the rest is there


def test_a_game_is_paused_between_its_rounds_only(
    ball: Make,
) -> None:
    log = play(ball(), "scanner", "scanexcluded", pauses=(45.0, 110.3))
    zero = [event["t"] for event in log.of("run_zero")][-1]
    assert zero + 8 < 45 < zero + 44 < 110.3  # asked for in the first round
    (moved,) = log.of("continue")
    assert moved["shift"] % 2 == 0  # whole volumes
    plan = log.header["plans"]["scanexcluded"]["blocks"]
    moves = [0, *[moved["shift"]] * 4]
    assert [row.planned for row in block_rows(log)] == pytest.approx(
        [block["begins"] + shift for block, shift in zip(plan, moves, strict=True)]
    )
    assert [row.duration for row in block_rows(log)] == pytest.approx([36] * 5, abs=2 * FRAME)
    assert all(one.as_planned for one in doses(log))


def test_the_same_game_again_has_the_same_throws_at_the_same_times(
    ball: Make, tmp_path: Path
) -> None:
    first = play(ball(), "lab")
    shutil.rmtree(tmp_path / "study")
    again = play(ball(), "lab")
    assert len(thrown(first)) == 60
    assert thrown(first) == thrown(again)

    # Replayed from the log alone, each throw comes again at its time.
    protocol = Protocol.model_validate(first.header["protocol"])
    outcomes = iter([from_plain(Outcome, event["outcome"]) for event in first.of("outcome")])
    found = []
    for task in first.header["tasks"]:  # questionnaires in between, too
        game = planned_from(protocol, task, first.header["plans"][task]).play()
        step = next(game)
        try:
            while True:
                outcome = next(outcomes)
                if step.screen.kind == "throw":
                    found.append((step.screen.thrower, step.screen.catcher, outcome.onset))
                step = game.send(outcome)
        except StopIteration:
            continue
    rows = throw_rows(first)
    assert [one[:2] for one in found] == [(row.thrower, row.catcher) for row in rows]
    assert [one[2] for one in found] == pytest.approx([row.onset for row in rows], abs=1e-5)


def test_participants_choices_steer_the_game(ball: Make, tmp_path: Path) -> None:
    study = ball()
    typical = play(study, "lab", "included")
    hasty = play(study, "lab", "excluded", robot="hasty")
    (study / "sourcedata").rename(tmp_path / "before")
    other = play(study, "lab", "included", robot="hasty")
    assert typical.header["plans"] == other.header["plans"]
    assert [row[1:3] for row in thrown(typical)] != [row[1:3] for row in thrown(other)]
    assert doses(typical)[0].dose.receipts == doses(other)[0].dose.receipts == 10
    (out,) = doses(hasty)
    assert (out.dose.receipts, out.dose.share, out.as_planned) == (2, 0.066667, True)
    after = [row for row in throw_rows(hasty) if row.excluded]
    assert after
    assert all(YOU not in (row.thrower, row.catcher) for row in after)
    frame = throws(hasty)
    assert len(frame) == 30
    assert str(frame["rt"].dtype) == "float64"
    assert frame["rt"].dropna().between(0.05, 15).all()


def rewritten(log: SessionLog, change: Callable[[list[dict[str, object]]], object]) -> SessionLog:
    """Change a log's events, and chain it anew, as a skilled forger would."""
    lines = [json.loads(line) for line in log.file.read_text("utf-8").splitlines()]
    change(lines)
    digest, out = "", []
    for number, line in enumerate(lines):
        line.pop("digest")
        line["seq"] = number
        body = json.dumps(line, separators=(",", ":"), ensure_ascii=False)
        digest = link(digest, body)
        out.append(f'{body[:-1]},"digest":"{digest}"}}')
    file = log.file.with_name("forged.jsonl")
    file.write_text("\n".join(out) + "\n", "utf-8")
    return read_log(file)


def test_a_forged_throw_or_dose_is_found(ball: Make) -> None:
    log = play(ball(), "lab", "included")

    def throw_elsewhere(lines: list[dict[str, object]]) -> None:
        screen = next(
            line["step"]["screen"]  # type: ignore[index]
            for line in lines
            if line["type"] == "step" and line["step"]["screen"]["kind"] == "throw"  # type: ignore[index]
        )
        screen["catcher"] = 3 - max(screen["catcher"], 1)

    def more_receipts(lines: list[dict[str, object]]) -> None:
        result = next(line for line in lines if line["type"] == "result")
        result["result"]["rounds"][0]["receipts"] = 11  # type: ignore[index]

    def kinder_choice(lines: list[dict[str, object]]) -> None:
        press = next(line for line in lines if line["type"] == "press" and line["cursor"])
        press["cursor"] = 3 - press["cursor"]  # type: ignore[operator]

    assert verify(rewritten(log, lambda _: None)).differences == ()
    for change, problem in (
        (throw_elsewhere, "is not what the task yields here"),
        (more_receipts, "the run's result is not what its steps come to"),
        (kinder_choice, "this press does not lead to what was shown"),
    ):
        found = verify(rewritten(log, change)).differences
        assert problem in found[0].problem


def test_a_game_whose_flips_are_between_the_milliseconds_is_as_planned(ball: Make) -> None:
    """Without a receipt the exclusion begins with the round, at that very flip."""
    log = play(ball(), "scanner", "scanexcluded", robot="absent", seed=7)

    def later(lines: list[dict[str, object]]) -> None:
        for line in lines:
            if line["type"] == "outcome":
                outcome = line["outcome"]
                for name in ("onset", "offset"):
                    outcome[name] = round(outcome[name] + 0.000312, 6)  # type: ignore[index]

    moved = doses(rewritten(log, later))
    assert moved[1].earliest_exclusion == moved[1].latest_exclusion
    assert moved[1].dose.exclusion_onset != moved[1].earliest_exclusion
    assert all(one.as_planned for one in moved)


@pytest.mark.parametrize(("old", "new"), [(b'"trial":', b'"trail":'), (b'"block":1', b'"block":7')])
def test_an_edited_game_is_told_as_that(
    ball: Make, old: bytes, new: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = play(ball(), "lab", "included").file
    log.write_bytes(log.read_bytes().replace(old, new))
    assert main(["replay", str(log), "--verify"]) in (1, 2)
    out, error = capsys.readouterr()
    assert "this line was changed after it was written" in out
    assert main(["report", str(log), "--out", str(tmp_path / "report.html")]) == 2
    for line in (error, capsys.readouterr().err):
        assert line.startswith("error: ")
        assert line.count("\n") == 1
        assert "bug" not in line


def test_more_players_and_two_buttons(ball: Make) -> None:
    study = ball(
        ("count: {value: 2, source: L5}", "count: 4"),
        ("of: 30, longest_without: 6}", "of: 30, longest_without: none}"),
        ("of: 6, longest_without: 6}", "of: 15, longest_without: none}"),
        ('    left: [left, "1", blue]  ', "    left: []  "),
        ('    right: [right, "2", yellow]\n', '    right: []\n    move: ["1", blue]\n'),
    )
    log = play(study, "lab", "included")
    (report,) = doses(log)
    assert report.dose.share == 0.2
    assert {row.catcher for row in throw_rows(log) if row.thrower == YOU} == {1, 2, 3, 4}
    assert {event["action"] for event in log.of("press")} >= {"move", "confirm"}


def test_the_dose_of_a_game_that_was_cut_short(ball: Make) -> None:
    log = play(ball(), "lab", "excluded")
    rows = throw_rows(log)
    lines = log.file.read_bytes().splitlines(keepends=True)
    events = [json.loads(line) for line in lines]
    shown = next(i for i, e in enumerate(events) if e["type"] == "onset" and e["n"] == rows[9].step)
    log.file.write_bytes(b"".join(lines[: shown + 1]))
    cut = read_log(log.file)
    assert cut.status == "crashed"
    assert verify(cut).differences == ()
    (report,) = doses(cut)
    assert report.dose.throws == 9
    assert not report.complete
    assert not report.as_planned
    assert [row.catcher for row in throw_rows(cut)] == [row.catcher for row in rows[:10]]
    assert throw_rows(cut)[-1].arrival is None
    assert "; the round was cut short" in dose_lines(cut)[0]


def test_the_commands_tell_the_dose_before_and_after(
    ball: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    study = ball()
    words = ["run", str(study), "--participant", "012", "--session", "lab", "--task", "excluded"]
    words += ["--robot", "typical", "--speed", "fast", "--no-window"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "round 1 (excluded): 30 throws, the participant 6.7%, player 1 46.7%" in told
    assert "round 1: exclusion begins " in told
    assert "excluded): 2 of 30 throws to the participant, 6.7% (planned 6.7%)\n" in told
    assert "exclusion began at " in told
    assert "longest time without the ball " in told
    (log,) = study.rglob("*.jsonl")
    assert main(["replay", str(log), "--verify"]) == 0
    again = capsys.readouterr().out
    assert "all as the protocol says" in again
    assert "from / to" in again
    assert "CANARY" not in told + again


def test_a_study_that_can_t_be_played_is_refused_and_nothing_is_written(
    ball: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    study = ball(("among: none               #", "among: [p43, w99] #"))
    words = ["run", str(study), "--participant", "012", "--session", "lab"]
    assert main([*words, "--robot", "typical", "--speed", "fast", "--no-window"]) == 2
    problem = "task 'included': players.among: the profile set has no profile 'w99'"
    assert capsys.readouterr().err == f"error: {problem}\n"
    assert not (study / "sourcedata").exists()
