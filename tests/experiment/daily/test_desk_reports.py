"""Daily reports at a desk, and all of them scored and in the data set."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import pytest

from analysis.bids_validator import ValidatorReport, validate
from analysis.questionnaires import fillings_of, scores_table, write_scores
from experiment.daily.days import set_first_day
from experiment.daily.reports import reports_of
from experiment.daily.status import status_lines
from experiment.errors import BadInput
from experiment.log import LogWriter
from experiment.readlog import read_log
from experiment.session import SessionRequest, prepare, run
from experiment.study import Study
from run_session import main
from tests.experiment.daily.reports import ANSWERS, everything, saved, sent


def as_a_person(log: Path, folder: Path, begun: str, session: str = "01") -> Path:
    """Write a robot's log as if a person had sat there, at a time (UTC)."""
    read = read_log(log)
    own = ("seq", "type", "t", "schema", "digest")
    header = {k: v for k, v in read.header.items() if k not in own}
    header |= {"robot": None, "utc": begun, "utc_offset_s": 3600, "session": session}
    folder.mkdir(parents=True, exist_ok=True)
    with LogWriter(folder / f"{log.stem}.jsonl", header) as writer:
        for event in read.events:
            writer.add(
                event["type"], event["t"], **{k: v for k, v in event.items() if k not in own}
            )
    return folder / f"{log.stem}.jsonl"


def test_reports_at_a_desk_and_from_home_are_scored_and_exported(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = []
    for task in ("daily", "daily", "feelings"):  # a daily report can be run on every day
        request = SessionRequest(
            study.folder, "012", "01", task=task, robot="typical", fast=True, no_window=True
        )
        logs.append(run(prepare(request)).log)
    assert [log.name for log in logs[:2]] == [
        "sub-012_ses-01_task-daily.jsonl",
        "sub-012_ses-01_task-daily_part-02.jsonl",
    ]
    assert reports_of(study).reports == ()  # a robot reports nothing
    with pytest.raises(BadInput, match="no questionnaire was filled in"):
        write_scores(study, tmp_path / "scores.tsv")

    people = tmp_path / "people"
    for day, log in enumerate(logs, start=2):
        begun = f"2026-03-0{day}T23:30:00.000000+00:00"  # half past midnight where it is
        as_a_person(log, people, begun)
    for log in logs:
        log.unlink()
        (people / log.name).rename(log)
    assert main(["daily", "import", str(study.folder), str(saved(tmp_path, sent(study)))]) == 0
    daily = reports_of(study)
    # The desk's were filled in after midnight, and before the next day began.
    assert [(r.source, r.number) for r in daily.reports] == [
        ("desk", 1),
        ("page", 2),
        ("desk", 2),
    ]
    wrong = as_a_person(logs[0], study.log_folder("012", "02"), "2026-03-05T20:00:00+00:00", "02")
    (unplaced,) = (report for report in reports_of(study).reports if report.number is None)
    assert unplaced.file == wrong  # the period's arm is not that of the day
    *_, told = status_lines(study, "012", date(2026, 3, 20))
    assert told.startswith("  2026-03-05: a report of session 02, which is no day of its period")
    wrong.unlink()

    table = scores_table(fillings_of(study.logs(), daily))
    rows = list(csv.DictReader(table.splitlines(), delimiter="\t"))
    from_home = next(
        row for row in rows if row["score"] == "social_connection" and row["value"] == "6.000000"
    )
    # (6 + 5 + 7 + (8 - 2)) / 4: the reversed item is turned over
    assert (from_home["day"], from_home["answered"], from_home["items"]) == ("2", "4", "4")
    assert {row["questionnaire"] for row in rows} == {"daily", "mood", "affect"}
    assert (
        main(["questionnaires", "scores", str(study.folder), "--out", str(tmp_path / "s.tsv")]) == 0
    )
    assert (tmp_path / "s.tsv").read_text("utf-8") == table

    page = tmp_path / "report.html"
    assert main(["report", str(study.folder), "--out", str(page)]) == 0
    assert "<h2>Daily reports</h2>" in page.read_text("utf-8")  # scores come by themselves

    # One of whom there are reports alone so far.
    other = sent(study, participant="013", day="2026-04-01", language="ar")
    assert main(["daily", "import", str(study.folder), str(saved(tmp_path, other))]) == 0
    out = tmp_path / "bids"
    assert main(["export", str(study.folder), "--bids", str(out)]) == 0
    sessions = out / "sub-013" / "sub-013_sessions.tsv"
    assert sessions.read_text("utf-8").split() == ["session_id", "ses-01"]
    assert validate(out) == ValidatorReport((), ())
    beh = out / "sub-012" / "ses-01" / "beh"
    with (beh / "sub-012_ses-01_task-daily_beh.tsv").open(encoding="utf-8") as stream:
        days = list(csv.DictReader(stream, delimiter="\t"))
    assert [row["day"] for row in days] == ["1", "2", "2"]
    assert {row["report"] for row in days[1:]} == {"1", "2"}
    home = next(row for row in days if row["source"] == "page")
    assert {item: home[f"daily_{item}"] for item in ANSWERS} == {
        item: "n/a" if value is None else str(value) for item, value in ANSWERS.items()
    }
    meaning = json.loads((beh / "sub-012_ses-01_task-daily_beh.json").read_text("utf-8"))
    assert meaning["daily_connected"]["Levels"]["7"] == "Very much"
    assert meaning["daily_with_whom"]["Levels"]["3"] == "Friends"
    assert "reversed" in meaning["daily_cut_off"]["Description"]
    arabic = next(out.glob("sub-013/ses-01/beh/*_beh.json")).read_text("utf-8")
    levels = json.loads(arabic)["daily_with_whom"]["Levels"]
    assert levels["3"] == "الأصدقاء"  # as it was read
    feelings = beh / "sub-012_ses-01_task-feelings_run-01_beh.tsv"
    (filled,) = csv.DictReader(feelings.read_text("utf-8").splitlines(), delimiter="\t")
    assert list(filled)[:2] == ["mood_good", "mood_happy"]  # as the file has them, not as shuffled
    notes = {name: data for name, data in everything(out).items() if ".kindred" not in str(name)}
    assert b"2026-03" not in b"".join(notes.values())  # days are numbers
    capsys.readouterr()
    assert main(["export", str(study.folder), "--bids", str(out)]) == 0
    assert "0 files written, 0 changed" in capsys.readouterr().out

    for file in (study.folder / "sourcedata" / "sub-013").rglob("*.json"):
        file.unlink()
    assert main(["export", str(study.folder), "--bids", str(out)]) == 0
    assert (out / "participants.tsv").read_text("utf-8").split() == ["participant_id", "sub-012"]
    assert not sessions.parent.exists()

    # The session is done again: what is set aside with it are its own logs, not the days' reports.
    set_first_day(study, "013", "01", date(2026, 3, 1))
    mine = ("--by", "MK", "--reason", "sat there for 012")
    whose = (logs[1].name, "--participant", "013", *mine)
    assert main(["daily", "refile", str(study.folder), *whose]) == 0

    def counted() -> list[tuple[str, str, int | None, str]]:
        found = reports_of(study).reports
        return [(one.participant, one.source, one.number, str(one.answers)) for one in found]

    reports = counted()
    assert [one[:3] for one in reports] == [
        ("012", "desk", 1),
        ("012", "page", 2),
        ("013", "desk", 3),
    ]
    assert main(["participant", "add", str(study.folder), "--participant", "012", *mine[:2]]) == 0
    again = ("--participant", "012", "--session", "01", *mine)
    assert main(["participant", "repeat", str(study.folder), *again]) == 0
    assert not logs[1].exists()
    assert counted() == reports
    capsys.readouterr()
    assert main(["daily", "import", str(study.folder), str(saved(tmp_path, sent(study)))]) == 0
    assert "was imported before" in capsys.readouterr().out
