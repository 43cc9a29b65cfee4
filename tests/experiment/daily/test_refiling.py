"""Daily reports that came under another label: filed anew, and nothing written over."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from experiment.daily.days import set_first_day
from experiment.daily.importing import import_reports
from experiment.daily.refiling import refile
from experiment.daily.reports import reports_of
from experiment.daily.status import status_lines
from experiment.errors import BadInput
from experiment.register.entries import Refiled
from experiment.register.journal import read_journal
from experiment.study import Study
from run_session import main
from tests.experiment.daily.reports import everything, saved, sent

WHY = "had the page of 012"


def test_a_report_under_another_s_label_counts_for_whose_it_is_and_what_was_kept_stays(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_first_day(study, "014", "01", date(2026, 3, 1))
    theirs = sent(study, answered={"happy": 1}, completed="2026-03-03T22:00:00+01:00")
    files = [saved(tmp_path, sent(study)), saved(tmp_path, theirs, "theirs.json")]
    import_reports(study, files)
    (kept,) = (r.file for r in reports_of(study).reports if r.answers["daily.happy"] == 1)
    before = everything(study.folder / "sourcedata")

    def filed(participant: str) -> str:
        by = ("--participant", participant, "--by", "MK", "--reason", WHY)
        assert main(["daily", "refile", str(study.folder), str(kept), *by]) == 0
        assert everything(study.folder / "sourcedata") == before
        return capsys.readouterr().out

    told = filed("014")
    assert "counts for participant 014, session 01; before for participant 012" in told
    found = [(r.participant, r.number, r.answers["daily.happy"]) for r in reports_of(study).reports]
    assert found == [("012", 2, 5), ("014", 3, 1)]
    (line,) = read_journal(study.folder).lines
    place = kept.relative_to(study.folder).as_posix()
    assert line.entry == Refiled(by="MK", file=place, participant="014", session="01", reason=WHY)
    day = line.utc.astimezone().date()
    for whose in ("012", "014"):
        lines = status_lines(study, whose, date(2026, 3, 6))
        assert lines[-1] == (
            f"  2026-03-03: {kept.name} counts for participant 014, says MK on {day}: {WHY}"
        )
        assert "1 of 4 reports" in lines[1]
        assert "doubled" not in lines[1]
    again = import_reports(study, files).told
    assert "imported before; nothing is changed" in again[0]
    assert "imported before; it counts for participant 014 now; nothing is changed" in again[1]
    more = sent(study, answered={"happy": 2}, participant="014")
    assert "DOUBLED: 1 of" in import_reports(study, [saved(tmp_path, more, "more.json")]).told[0]
    before = everything(study.folder / "sourcedata")

    assert "2026-03-03 of participant 012 is DOUBLED: 1 before" in filed("012")  # the last word
    assert [r.participant for r in reports_of(study).reports] == ["012", "012", "014"]
    assert len(read_journal(study.folder).lines) == 2


def test_a_report_of_nobody_counts_for_nobody_until_somebody_says_otherwise(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = sent(study, answered={"happy": 1}, begun="2026-03-03T09:00:00+01:00")
    import_reports(study, [saved(tmp_path, tried)])
    (report,) = reports_of(study).reports
    why = ("--by", "MK", "--reason", "a try of the page")
    filing = ["daily", "refile", str(study.folder), str(report.file), *why]
    assert main(filing) == 2
    assert main([*filing, "--nobody"]) == 0
    assert reports_of(study).reports == ()
    assert "0 of 4 reports" in status_lines(study, "012", date(2026, 3, 6))[1]
    assert "counts for nobody, says MK" in status_lines(study, "012", date(2026, 3, 6))[-1]
    assert main([*filing, "--nobody"]) == 2
    assert "counts for nobody already" in capsys.readouterr().err
    assert import_reports(study, [saved(tmp_path, sent(study))]).told[0].endswith(": kept")
    refile(study, report.file, "012", "MK", "it was no try")
    assert {r.answers["daily.happy"] for r in reports_of(study).reports} == {1, 5}


def test_a_report_of_a_period_whose_days_were_wrong_goes_to_the_one_that_has_its_day(
    study: Study, tmp_path: Path
) -> None:
    import_reports(study, [saved(tmp_path, sent(study))])
    set_first_day(study, "012", "01", date(2026, 2, 20))
    set_first_day(study, "012", "02", date(2026, 3, 2))
    (report,) = reports_of(study).reports
    assert (report.session, report.number) == ("01", None)
    refile(study, report.file, "012", "MK", "first days were wrong")
    (report,) = reports_of(study).reports
    assert (report.session, report.number) == ("02", 2)
    assert "1 of 4 reports" in status_lines(study, "012", date(2026, 3, 6))[2]


def test_what_can_t_be_filed_anew_is_refused_and_nothing_is_entered(
    study: Study, tmp_path: Path
) -> None:
    import_reports(study, [saved(tmp_path, sent(study))])
    (report,) = reports_of(study).reports
    before = everything(study.folder / "sourcedata")
    for file, participant, by, reason, expected in (
        (Path("daily_012_2026-03-03.json"), "014", "MK", WHY, "holds no daily report of this stu"),
        (report.file, "013", "MK", WHY, "2026-03-03 is no day of a period of participant 013 (ses"),
        (report.file, "099", "MK", WHY, "no such file: it says on which days the periods of part"),
        (report.file, "012", "MK", WHY, "counts for participant 012, session 01 already"),
        (report.file, "0-1", "MK", WHY, "only the letters A-Z, a-z and digits"),
        (report.file, "013", "", WHY, "initials"),
        (report.file, "013", "MK", " ", "reason"),
    ):
        with pytest.raises(BadInput) as refused:
            refile(study, file, participant, by, reason)
        assert expected in str(refused.value)
    edited = report.file.read_bytes().replace(b'"daily.happy":5', b'"daily.happy":7')
    report.file.write_bytes(edited)
    with pytest.raises(BadInput, match="was changed after it was kept"):
        refile(study, report.file, "013", "MK", WHY)
    assert everything(study.folder / "sourcedata").keys() == before.keys()
    assert read_journal(study.folder).lines == ()
