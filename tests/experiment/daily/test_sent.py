"""Daily reports that come back in files: kept once, or refused with the reason."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from analysis.questionnaires import fillings_of, scores_table
from experiment.daily.days import set_first_day
from experiment.daily.importing import import_reports
from experiment.daily.page import page_for
from experiment.daily.reports import reports_of
from experiment.daily.status import status_lines
from experiment.kit import load_kit
from experiment.study import Study
from tests.experiment.daily.reports import ANSWERS, NewStudy, everything, saved, sent, with_days


def test_a_report_is_kept_once_and_a_second_of_the_day_is_told(
    study: Study, tmp_path: Path
) -> None:
    file = saved(tmp_path, sent(study))
    assert import_reports(study, [file]).told[0].endswith("2026-03-03: kept")
    before = everything(study.folder)
    assert "imported before" in import_reports(study, [file]).told[0]
    assert everything(study.folder) == before
    second = sent(study, answered={"happy": 1}, completed="2026-03-03T23:59:00+01:00")
    other = saved(tmp_path, second, "other.json")
    assert "DOUBLED" in import_reports(study, [other]).told[0]
    late = sent(study, day="2026-03-02", completed="2026-03-03T04:00:00+01:00")
    in_time = sent(study, day="2026-03-04", completed="2026-03-05T03:59:00+01:00")
    files = [saved(tmp_path, late, "late.json"), saved(tmp_path, in_time, "in_time.json")]
    assert import_reports(study, files).problems == ()
    found = reports_of(study).reports
    assert [(r.day.day, r.number, r.late) for r in found] == [
        (2, 1, True),
        (3, 2, False),
        (3, 2, False),
        (4, 3, False),
    ]
    assert {item: found[1].answers[f"daily.{item}"] for item in ANSWERS} == ANSWERS
    lines = status_lines(study, "012", date(2026, 3, 6))
    assert [line for line in lines if not line.startswith("    ")] == [
        "participant 012",
        "  session 01, 2026-03-02 to 2026-03-05: 3 of 4 reports; missing: 2026-03-05; "
        "late: 2026-03-02; doubled: 2026-03-03",
        "  session 02, 2026-03-16 to 2026-03-19: 0 of 4 reports; 4 to come",
    ]
    doubled = [line.rpartition(".json ")[2] for line in lines if line.startswith("    ")]
    assert doubled == [f"(page), filled in 2026-03-03 {time}" for time in ("20:03", "23:59")]


def test_in_the_night_in_which_clocks_go_back_the_clock_on_the_wall_counts(
    study: Study, tmp_path: Path
) -> None:
    """Where 03:00 to 03:59 comes twice, and days begin at 4."""
    set_first_day(study, "012", "02", date(2026, 10, 23))

    def taken_in(day: int, begun: str, completed: str) -> str:
        night = {"begun": f"2026-10-25T{begun}", "completed": f"2026-10-25T{completed}"}
        report = sent(study, session="02", day=f"2026-10-{day}", **night)
        done = import_reports(study, [saved(tmp_path, report)])
        return (*done.told, *done.problems)[0]

    assert taken_in(24, "03:50:00+03:00", "03:30:00+02:00").endswith(": kept")  # 40 min later
    assert "before its day" in taken_in(25, "03:50:00+03:00", "03:59:00+02:00")
    assert taken_in(25, "03:59:00+02:00", "04:00:00+02:00").endswith(": kept")
    assert "before it was begun" in taken_in(24, "03:30:00+02:00", "03:50:00+03:00")
    assert [(r.day.day, r.late) for r in reports_of(study).reports] == [(24, False), (25, False)]


def torn(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


def edited(raw: bytes) -> bytes:
    return raw.replace(b'"daily.happy":5', b'"daily.happy":7')


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (torn, ":1: not a whole answer file"),
        (edited, ":1: was changed after the participant saved it"),
        (lambda raw: b"\xff\xfe" + raw, "not UTF-8 text"),
        (lambda _: b"[1, 2]", "not an answer file"),
        (lambda _: b"", "not a whole answer file"),
        (lambda _: b"[" * 100_000, "not an answer file"),
        (lambda raw: raw.replace(b":5", b":" + b"5" * 5000), "not an answer file"),
        (lambda raw: raw.replace(b'"en"', rb'"\ud800"'), "not UTF-8 text"),
        ({"participant": "013"}, "of participant 013, not 012"),
        ({"study": "another"}, "of another study"),
        ({"session": "02"}, "2026-03-03 is no day of the period of session 02"),
        ({"day": "2026-03-09"}, "2026-03-09 is no day of the period of session 01"),
        ({"day": "2026-02-30"}, "is no date"),
        ({"version": 2}, "version 2 of answer files"),
        ({"questionnaires": {"daily": "0" * 16}}, "another version of questionnaires/daily.yaml"),
        ({"completed": "2026-03-03T19:00:00+01:00"}, "completed before it was begun"),
        ({"day": "2026-03-04", "begun": "2026-03-03T19:00:00+01:00",
          "completed": "2026-03-03T19:10:00+01:00"}, "before its day"),
        ({"completed": "noon"}, "is no time"),
        ({"begun": "0001-01-01T00:00:00Z", "completed": "0001-01-01T00:00:00Z"}, "is no time"),
        ({"answered": {"happy": 8}}, "item 'daily.happy': its answer is not from 1 to 7"),
        ({"answered": {"happy": None}}, "item 'daily.happy' has no answer and needs one"),
        ({"answered": {"met": 0}}, "'daily.met_good' has an answer and was not to be asked"),
        ({"answered": {"mood": 1}}, "there is no item 'daily.mood'"),
        ({"answers": {}}, "item 'daily.connected' is missing"),
        ({"answers": {"daily.happy": "5"}}, "valid integer"),
        ({"name": "Jane"}, "Extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told_and_nothing_is_kept(
    untouched: Study, tmp_path: Path, changes: Any, expected: str
) -> None:
    if callable(changes):
        file = saved(tmp_path, sent(untouched))
        file.write_bytes(changes(file.read_bytes()))
    else:
        file = saved(tmp_path, sent(untouched, **changes))
    before = everything(untouched.folder)
    done = import_reports(untouched, [file], "012")
    assert done.told == ()
    (problem,) = done.problems
    assert problem.startswith(str(file))
    assert expected in problem
    assert "Jane" not in problem
    assert everything(untouched.folder) == before


def test_a_kept_report_that_was_edited_is_no_report(study: Study, tmp_path: Path) -> None:
    import_reports(study, [saved(tmp_path, sent(study))])
    (file,) = (study.folder / "sourcedata").rglob("*.json")
    file.write_bytes(edited(file.read_bytes()))
    daily = reports_of(study)
    assert daily.reports == ()
    assert "was changed after it was kept" in daily.damaged[0][1]
    assert "can't be used" in status_lines(study, "012", date(2026, 3, 6))[0]
    another = saved(tmp_path, sent(study, answered={"happy": 1}), "another.json")
    next_day = saved(tmp_path, sent(study, day="2026-03-04"), "next_day.json")
    done = import_reports(study, [another, next_day])  # what was damaged stands in nobody's way
    assert [line.partition("2026-03-0")[2] for line in done.told] == [
        "3: kept, but DOUBLED: 1 of this day before",
        "4: kept",
    ]
    assert done.problems == ()


def test_nothing_of_the_kit_is_in_the_page_the_reports_or_the_status(
    new_study: NewStudy, tmp_path: Path
) -> None:
    study = with_days(new_study())
    kit = load_kit(study.kit_folder("012"))
    private = {writer.name for writer in kit.writers} | {one.text for one in kit.messages}
    private = {words for words in private if len(words) > 3}
    private |= {"naltrexone", "placebo", "arm:", study.protocol.study.name}
    assert len(private) > 20
    done = import_reports(study, [saved(tmp_path, sent(study))])
    (kept,) = (study.folder / "sourcedata").rglob("*.json")
    told = [page_for(study, "012"), kept.read_text("utf-8"), *done.told]
    told += status_lines(study, "012", date(2026, 3, 6))
    told.append(scores_table(fillings_of([], reports_of(study))))
    assert not [words for words in private for text in told if words.lower() in text.lower()]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
