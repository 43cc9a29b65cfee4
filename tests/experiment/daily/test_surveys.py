"""Daily reports from exports of Qualtrics and REDCap."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from experiment.daily.importing import import_reports
from experiment.daily.reports import reports_of
from experiment.daily.survey import read_survey
from experiment.study import Study
from tests.experiment.daily.reports import ANSWERS, everything

OWN = {  # Qualtrics' own columns, as it calls them and as it describes them
    "StartDate": ("Start Date", "2026-03-03 20:01:00"),
    "EndDate": ("End Date", "2026-03-03 20:04:00"),
    "Status": ("Response Type", "IP Address"),
    "Finished": ("Finished", "True"),
    "RecordedDate": ("Recorded Date", "2026-03-03 20:04:01"),
    "RecipientEmail": ("Recipient Email", "CANARY@example.org"),
    "ExternalReference": ("External Data Reference", "012"),
}
LEGACY = {  # the same in the legacy export, where they stand first
    **{"ResponseID": "R_1", "ResponseSet": "Default Response Set", "Name": "CANARY"},
    **{"ExternalDataReference": "012", "EmailAddress": "CANARY@example.org", "Status": "0"},
    **{"StartDate": "2026-03-03 20:01:00", "EndDate": "2026-03-03 20:04:00", "Finished": "1"},
}
IN_A_SURVEY = {item: "" if value is None else str(value) for item, value in ANSWERS.items()}
IN_A_SURVEY |= {"met": "Yes", "with_whom": "Friends"}
TABLES = ("csv", "import ids", "numbered", "named", "xlsx")


def table_of(form: str, *rows: dict[str, str]) -> list[list[str]]:
    if form in ("numbered", "named"):
        own = list(LEGACY)
        called = own if form == "named" else [f"V{n}" for n in range(1, len(own) + 1)]
        headers = [[*called, *ANSWERS], [*own, *(f"How {item}?" for item in ANSWERS)]]
        filled = LEGACY | IN_A_SURVEY
    else:
        names = [*OWN, *ANSWERS]
        headers = [names, [*(told for told, _ in OWN.values()), *(f"{i}?" for i in ANSWERS)]]
        if form == "import ids":
            headers.append([f'{{"ImportId":"{name}"}}' for name in names])
        filled = {name: value for name, (_, value) in OWN.items()} | IN_A_SURVEY
    return [*headers, *(list((filled | row).values()) for row in rows)]


def qualtrics(folder: Path, *rows: dict[str, str], form: str = "import ids") -> Path:
    table = table_of(form, *rows)
    if form != "xlsx":
        file = folder / "qualtrics.csv"
        with file.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(table)
        return file
    file, book = folder / "qualtrics.xlsx", openpyxl.Workbook()
    assert book.active is not None
    for row in table:  # times are cells of their own kind there
        at = "%Y-%m-%d %H:%M:%S"
        book.active.append([datetime.strptime(c, at) if c[4:5] == "-" else c for c in row])
    book.save(file)
    return file


def test_reports_come_from_qualtrics(study: Study, tmp_path: Path) -> None:
    unfinished, preview, spam = {"Finished": "False"}, {"Status": "Survey Preview"}, {"Status": "8"}
    second = {"StartDate": "2026-03-05 01:00:00", "EndDate": "2026-03-05 01:02:00"}
    between = {"StartDate": "2026-03-09 20:00:00", "EndDate": "2026-03-09 20:02:00"}
    file = qualtrics(tmp_path, {}, unfinished, preview, spam, between, second)
    done = import_reports(study, [file])
    assert done.problems == ()
    assert [line.rpartition(": ")[2] for line in done.told] == [
        "not finished",
        "a preview",
        "marked as spam",
        "2026-03-09 is no day of a period of participant 012",
        "kept",
        "kept",
    ]
    first, after_midnight = reports_of(study).reports
    assert {item: first.answers[f"daily.{item}"] for item in ANSWERS} == ANSWERS
    assert (first.source, after_midnight.day) == ("qualtrics", date(2026, 3, 4))
    assert b"CANARY" not in b"".join(everything(study.folder).values())
    for changes, expected in (
        ({"happy": "rather"}, ":4: column 'happy' is no answer of this item's scale"),
        ({"happy": "9"}, ":4: item 'daily.happy': its answer is not from 1 to 7"),
        ({"EndDate": "yesterday"}, ":4: column 'enddate' is no time"),
        ({"EndDate": "0001-01-01 00:30:00"}, ":4: column 'enddate' is no time"),
        ({"ExternalReference": "CANARY 5"}, ":4: participant"),
        ({"ExternalReference": "044"}, "no such file: it says on which days"),
    ):
        (problem,) = import_reports(study, [qualtrics(tmp_path, changes)]).problems
        assert expected in problem


@pytest.mark.parametrize("form", TABLES)
def test_no_report_is_taken_for_a_header(untouched: Study, tmp_path: Path, form: str) -> None:
    changed = {"happy": "2"}
    survey = read_survey(untouched, qualtrics(tmp_path, {}, changed, form=form))
    assert (survey.source, survey.left_out) == ("qualtrics", ())
    assert [(one.participant, one.day) for one in survey.sent] == [("012", "2026-03-03")] * 2
    assert [one.completed for one in survey.sent] == ["2026-03-03T20:04:00"] * 2
    assert [one.answers["daily.happy"] for one in survey.sent] == [5, 2]


def test_reports_come_from_redcap(study: Study, tmp_path: Path) -> None:
    file = tmp_path / "redcap.csv"
    values = {f"daily_{item}": "" if v is None else str(v) for item, v in ANSWERS.items()}
    row = {"record_id": "013", "day": "2026-04-01", "daily_timestamp": "2026-04-02 09:00"}
    row |= {**values, "daily_complete": "2"}
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(row))
        writer.writeheader()
        writer.writerow(row)
    assert import_reports(study, [file]).problems == ()
    (report,) = reports_of(study).reports
    assert (report.participant, report.source, report.late) == ("013", "redcap", True)
    file.write_text("record_id,daily_complete\n013,2\n", "utf-8")
    (problem,) = import_reports(study, [file]).problems
    assert "no column for when it was completed" in problem
    file.write_text("a,b\n1,2\n", "utf-8")
    (problem,) = import_reports(study, [file]).problems
    assert "neither an export of Qualtrics" in problem


def test_only_the_report_s_own_instrument_of_redcap_counts(study: Study, tmp_path: Path) -> None:
    answers = {f"daily_{item}": value for item, value in IN_A_SURVEY.items()}
    about = {"about_timestamp": "2026-01-05 10:00:00", "age": "31", "about_complete": "0"}
    empty = {"daily_timestamp": "", **dict.fromkeys(answers, ""), "daily_complete": ""}
    first = {"daily_timestamp": "2026-03-02 20:00:00", **answers, "daily_complete": "2"}
    begun = {"daily_timestamp": "[not completed]", **answers, "daily_complete": "0"}
    second = first | {"daily_timestamp": "2026-03-03 20:00:00"}
    rows = (about | empty, *(dict.fromkeys(about, "") | one for one in (first, begun, second)))
    file = tmp_path / "redcap.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        names = ("record_id", "redcap_repeat_instance", *rows[0], "end_timestamp", "end_complete")
        writer.writerow(names)
        writer.writerows(("012", "", *row.values(), "", "0") for row in rows)
    survey = read_survey(study, file)
    assert [one.day for one in survey.sent] == ["2026-03-02", "2026-03-03"]
    assert [why.rpartition(": ")[2] for why in survey.left_out] == [
        "no report is in it",
        "not finished",
    ]
    file.write_text("record_id,about_complete,daily_happy\n012,2,5\n", "utf-8")
    (problem,) = import_reports(study, [file]).problems
    assert "no column NAME_complete to the right of the items" in problem
