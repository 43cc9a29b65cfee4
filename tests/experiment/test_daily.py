"""Daily reports: days, the page's content, files that come back, surveys, what is missing."""

from __future__ import annotations

import csv
import json
import re
import stat
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.bids_validator import ValidatorReport, validate
from analysis.questionnaires import fillings_of, scores_table, write_scores
from experiment.daily.days import Period, day_of, periods_of, set_first_day
from experiment.daily.importing import import_reports
from experiment.daily.page import page_for, write_page
from experiment.daily.reports import Report, Sent, check_of, reports_of
from experiment.daily.sent import daily_questionnaires, study_key
from experiment.daily.status import status_lines, status_of
from experiment.daily.survey import read_survey
from experiment.errors import BadInput
from experiment.examples import make_study
from experiment.files import canonical
from experiment.kit import load_kit
from experiment.log import LogWriter
from experiment.readlog import read_log
from experiment.session import SessionRequest, prepare, run
from experiment.study import Study, open_study
from run_session import main

NewStudy = Callable[..., Path]
ANSWERS = {
    **{"connected": 6, "close": 5, "cared_for": 7, "cut_off": 2, "happy": 5, "content": 4},
    **{"enthusiastic": 3, "sad": None, "met": 1, "met_good": 80, "with_whom": 3},
}


def with_days(folder: Path) -> Study:
    """The periods of participant 012 begin on 2 and 16 March, those of 013 on 1 April."""
    opened = open_study(folder)
    set_first_day(opened, "012", "01", date(2026, 3, 2))
    set_first_day(opened, "012", "02", date(2026, 3, 16))
    set_first_day(opened, "013", "01", date(2026, 4, 1))
    return opened


@pytest.fixture
def study(new_study: NewStudy) -> Study:
    return with_days(new_study(kit=False))


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study that no test changes."""
    folder = tmp_path_factory.mktemp("daily") / "study"
    make_study(folder)
    return with_days(folder)


def sent(known: Study, /, **changes: Any) -> dict[str, Any]:
    """Return a report as the page writes it."""
    day = changes.get("day", "2026-03-03")
    answers = ANSWERS | changes.pop("answered", {})
    report = Sent(
        study=study_key(known),
        participant="012",
        session="01",
        day=day,
        language="en",
        questionnaires={n: q.digest for n, q in daily_questionnaires(known).items()},
        begun=f"{day}T20:01:00+01:00",
        completed=f"{day}T20:03:10+01:00",
        answers={f"daily.{item}": value for item, value in answers.items()},
    ).model_dump()
    report |= changes
    return {**report, "check": check_of(report)}


def saved(folder: Path, report: dict[str, Any], name: str = "answers.json") -> Path:
    file = folder / name
    file.write_text(canonical(report) + "\n", "utf-8")
    return file


def everything(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


# --- days ----------------------------------------------------------------------------------------


def test_periods_come_from_a_plain_file(study: Study) -> None:
    assert periods_of(study, "012") == (
        Period("01", date(2026, 3, 2), 4),
        Period("02", date(2026, 3, 16), 4),
    )
    file = study.folder / "participants" / "012" / "days.yaml"
    before = file.read_text("utf-8")
    with pytest.raises(BadInput, match="overlap"):
        set_first_day(study, "012", "02", date(2026, 3, 5))
    with pytest.raises(BadInput, match="no period '03'; allowed: 01, 02"):
        set_first_day(study, "012", "03", date(2026, 3, 5))
    assert file.read_text("utf-8") == before
    for text, expected in (
        ('"01": soon\n', ":1: 01: a date is needed"),
        ('"01": 2026-03-02\n"07": 2026-03-09\n', ":2: no period '07', allowed: 01, 02"),
        ("- 1\n", ":1: lines of a session|:1: a session and a date"),
        ('"01": [\n', "not readable as YAML"),
    ):
        file.write_text(text, "utf-8")
        with pytest.raises(BadInput, match=expected):
            periods_of(study, "012")
    with pytest.raises(BadInput, match="no such file: it says on which days"):
        periods_of(study, "099")


@given(st.datetimes(), st.integers(0, 12))
def test_a_day_ends_when_the_next_one_begins(moment: datetime, begins: int) -> None:
    if moment.year in (1, 9999):
        return
    late_in_the_night = moment.hour < begins
    assert (moment.date() - day_of(moment, begins)).days == int(late_in_the_night)


# --- the page ------------------------------------------------------------------------------------


def test_the_page_is_one_file_that_asks_nobody_and_says_nothing_of_the_participant(
    study: Study, tmp_path: Path
) -> None:
    page = page_for(study, "012")
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|//[a-z]+\.|@import|<link|<img|\ssrc=", page)
    found = re.search(r'id="data">(.*?)</script>', page)
    assert found is not None
    data = json.loads(found[1])
    assert [one["day"] for one in data["days"]][::4] == ["2026-03-02", "2026-03-16"]
    assert (data["participant"], data["study"]) == ("012", study_key(study))
    assert study.protocol.study.name not in page
    for item in ANSWERS:
        assert f'data-item="daily.{item}"' in page
    out = tmp_path / "home" / "page.html"
    write_page(study, "012", out)
    assert out.read_text("utf-8") == page == page_for(study, "012")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_words_in_a_questionnaire_are_words_in_the_page(study: Study) -> None:
    file = study.folder / "questionnaires" / "daily.yaml"
    hostile = """'</script><script>alert(1)</script> & "quoted"'"""
    text = file.read_text("utf-8").replace("I felt happy", hostile)
    file.write_text(text, "utf-8")
    page = page_for(open_study(study.folder), "012")
    assert "<script>alert" not in page
    assert page.count("</script>") == 2


def test_a_page_that_lacks_something_is_not_written(study: Study, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no language 'he'"):
        write_page(study, "012", tmp_path / "page.html", "he")
    with pytest.raises(BadInput, match=r"ends with \.html"):
        write_page(study, "012", tmp_path / "page.txt")
    texts = study.folder / "texts" / "en.yaml"
    texts.write_text(texts.read_text("utf-8").replace("  save: Save my answers\n", ""), "utf-8")
    with pytest.raises(BadInput, match=r"lacks 'daily\.save'"):
        write_page(open_study(study.folder), "012", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


# --- what comes back -----------------------------------------------------------------------------


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
    assert status_lines(study, "012", date(2026, 3, 6)) == [
        "participant 012",
        "  session 01, 2026-03-02 to 2026-03-05: 3 of 4 reports; missing: 2026-03-05; "
        "late: 2026-03-02; doubled: 2026-03-03",
        "  session 02, 2026-03-16 to 2026-03-19: 0 of 4 reports; 4 to come",
    ]


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


# --- surveys -------------------------------------------------------------------------------------


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


# --- what is missing -----------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(-2, 8), st.booleans()), max_size=20), st.integers(-3, 12))
def test_each_day_of_a_period_is_there_missing_or_to_come(
    made: list[tuple[int, bool]], now: int
) -> None:
    period = Period("01", date(2026, 3, 10), 6)
    first = period.first.toordinal()
    reports = [
        Report("012", "01", date.fromordinal(first + n), day_noon(first + n), "page", {}, Path(),
               {}, "daily", late)
        for n, late in made
    ]  # fmt: skip
    status = status_of(period, reports, date.fromordinal(first + now))
    assert sorted((*status.there, *status.missing, *status.to_come)) == list(period.dates)
    assert set(status.late) | set(status.doubled) <= set(status.there)
    assert len(status.doubled) == sum([n for n, _ in made].count(n) > 1 for n in range(period.days))


def day_noon(ordinal: int) -> datetime:
    return datetime.combine(date.fromordinal(ordinal), time(12))


# --- at a desk, and into the data set ------------------------------------------------------------


def as_a_person(log: Path, folder: Path, begun: str) -> Path:
    """Write a robot's log as if a person had sat there, at a time (UTC)."""
    read = read_log(log)
    own = ("seq", "type", "t", "schema", "digest")
    header = {k: v for k, v in read.header.items() if k not in own}
    header |= {"robot": None, "utc": begun, "utc_offset_s": 3600}
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
    other = sent(study, participant="013", day="2026-04-01")
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
