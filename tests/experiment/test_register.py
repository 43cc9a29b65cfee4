"""The register: study life, two assistants at once, edits and damage, days and windows."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from experiment.desk.summary import next_step
from experiment.desk.texts import speaking
from experiment.errors import BadInput
from experiment.register import (
    open_register,
)
from experiment.register.changes import dose, enrol, schedule, substitute, withdraw
from experiment.register.identity import load_identity, make_identity, set_identity
from experiment.register.journal import journal_file
from experiment.register.repeating import repeat
from experiment.said import error_in_words
from experiment.study import Study, open_study
from tests.disks import no_file_beyond
from tests.experiment.drug_study import BOTH, a_study, codes, log_of, march, on, where


@pytest.fixture
def study(new_study: Callable[..., Path], tmp_path: Path) -> Study:
    """A crossover whose sealed list was received."""
    return a_study(new_study, tmp_path)


def test_a_crossover_from_enrolment_to_the_last_session(study: Study) -> None:
    told = enrol(study, "012", "MK", levels={"sex": "female"}, initials="AB", now=on(1))
    assert told == [
        "participant 012 enrolled: slot 001, stratum female, colour blue",
        "drug kit of period 1: 001-1",
    ]
    assert where(study, "012", 1).session("01").state == "unscheduled"
    assert codes(study, "012", "01", 1) == {"unscheduled"}
    assert codes(study, "012", "02", 1) == {"unscheduled", "order_reversed"}

    told = schedule(study, "012", "MK", 1, march(2), now=on(1))
    assert told == [
        "participant 012, period 1: drug from 2026-03-02 to 2026-03-05",
        "session 01: 2026-03-05, allowed 2026-03-04 to 2026-03-07",
        "period 2: first dose from 2026-03-16 on",
    ]
    states = {day: where(study, "012", day).session("01").state for day in (3, 4, 7, 8)}
    assert states == {3: "early", 4: "due", 7: "due", 8: "overdue"}
    assert codes(study, "012", "01", 3) == {"too_early"}
    assert codes(study, "012", "01", 5) == set()
    assert codes(study, "012", "01", 8) == {"too_late"}
    assert where(study, "012", 1).days_since_last_dose is None
    assert where(study, "012", 4).days_since_last_dose == 0
    assert where(study, "012", 9).days_since_last_dose == 4

    log_of(study, "012", "01", done=True)
    assert where(study, "012", 5).session("01").state == "done"
    assert codes(study, "012", "01", 6) == {"done_already"}
    assert codes(study, "012", "02", 4) >= {"clock_behind"}
    with pytest.raises(BadInput, match="session 01 of period 1 was begun"):
        schedule(study, "012", "MK", 1, march(3), now=on(6))

    with pytest.raises(BadInput, match=r"9 days without drug since .* from 2026-03-16"):
        schedule(study, "012", "MK", 2, march(15), now=on(6))
    assert where(study, "012", 6).periods[1].earliest == march(16)
    schedule(study, "012", "MK", 2, march(16), now=on(6))
    second = where(study, "012", 16).periods[1]
    assert (second.drug_kit, second.drug_free_days, second.washout_kept) == ("001-2", 10, True)

    dose(study, "012", "MK", 1, march(6), now=on(7))  # a day later than planned: a forgotten one
    second = where(study, "012", 16).periods[1]
    assert (second.drug_free_days, second.washout_kept) == (9, False)
    assert codes(study, "012", "02", 19) == {"washout_short"}

    log_of(study, "012", "02", done=True, utc="2026-03-19")
    assert where(study, "012", 20).next_session is None


def test_the_summary_says_what_comes_next_by_the_days(study: Study) -> None:
    def told(day: int) -> str:
        return next_step(where(study, "012", day), "01", "complete", speaking("en"))

    enrol(study, "012", "MK", levels={"sex": "female"}, now=on(1))
    assert told(1).startswith("Plan the first dose of period 1. The day of session 01")
    schedule(study, "012", "MK", 1, march(2), now=on(1))
    assert told(2) == "Nothing more today. The next one is session 01, planned for 2026-03-05."
    assert told(4) == told(7) == "Session 01 can be started."
    assert told(8).startswith("Session 01 was due by 2026-03-07.")
    log_of(study, "012", "01", done=True)
    assert told(5).startswith("Plan the first dose of period 2. The day of session 02")


def test_a_session_cut_short_misses_its_tasks_and_can_be_repeated(study: Study) -> None:
    enrol(study, "012", "MK", levels={"sex": "male"}, now=on(1))
    schedule(study, "012", "MK", 1, march(2), now=on(1))
    with pytest.raises(BadInput, match="no log here; session 01 can simply be run"):
        repeat(study, "012", "01", "MK", "scanner failed", now=on(5))
    log = log_of(study, "012", "01", done=False)
    before = log.read_bytes()
    begun = where(study, "012", 5).session("01")
    assert (begun.state, begun.missing, begun.logs[0].status) == ("begun", ("messages",), "aborted")
    told = repeat(study, "012", "01", "MK", "scanner failed", now=on(5))
    aside = study.folder / "sourcedata" / "sub-012" / "set-aside" / "ses-01_1"
    assert str(aside) in told[1]
    assert (aside / log.name).read_bytes() == before
    assert study.logs() == []
    again = where(study, "012", 5).session("01")
    assert (again.state, again.attempt, again.logs) == ("due", 2, ())
    one = open_register(study.folder).participant("012")
    assert [(r.session, r.reason, r.by) for r in one.repeats] == [("01", "scanner failed", "MK")]
    log_of(study, "012", "01", done=False)
    repeat(study, "012", "01", "MK", "and again", now=on(6))
    assert sorted(p.name for p in aside.parent.iterdir()) == ["ses-01_1", "ses-01_2"]


RUNS = """
import sys
from pathlib import Path
from experiment.running import held
with held(Path(sys.argv[1]), "sub-012_ses-01"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.linux
def test_a_repeat_that_is_refused_moves_and_enters_nothing(study: Study) -> None:
    enrol(study, "012", "MK", levels={"sex": "male"}, now=on(1))
    log = log_of(study, "012", "01", done=False)
    aside = log.parent.parent / "set-aside"

    def refused(problem: str) -> BadInput:
        before = journal_file(study.folder).read_bytes()
        with pytest.raises(BadInput, match=problem) as caught:
            repeat(study, "012", "01", "MK", "scanner failed", now=on(5))
        assert journal_file(study.folder).read_bytes() == before
        assert log.exists()
        assert where(study, "012", 5).session("01").attempt == 1
        return caught.value

    command = [sys.executable, "-c", RUNS, str(study.folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    ) as session:  # fmt: skip
        assert session.stdout is not None
        assert session.stdout.readline() == "held\n"
        error = refused(f"sub-012_ses-01: runs now .*, process {session.pid}.; end it first")
        assert "実行中です" in error_in_words(error, "ja")
        session.kill()
    aside.write_text("in the way")  # no folder can be made there
    assert "移せません" in error_in_words(refused(r"can't be moved \(File exists\)"), "ja")
    aside.unlink()
    with no_file_beyond(journal_file(study.folder).stat().st_size):
        refused("File too large")
    (aside / "ses-01_1").mkdir(parents=True, exist_ok=True)  # a power cut came before its entry
    told = repeat(study, "012", "01", "MK", "scanner failed", now=on(5))
    assert "ses-01_2" in told[1]
    assert sorted(path.name for path in aside.iterdir()) == ["ses-01_1", "ses-01_2"]


@pytest.mark.linux
def test_an_identity_that_cannot_be_kept_or_entered_is_not_set(study: Study) -> None:
    enrol(study, "012", "MK", levels={"sex": "male"}, now=on(1))
    folder = study.kit_folder("099").parent  # of a participant whom nobody enrolled

    def refused(initials: str) -> None:
        before = journal_file(study.folder).read_bytes()
        with pytest.raises(BadInput, match="can't be written"):
            set_identity(study, "099", "MK", make_identity(initials, "red"), now=on(2))
        assert journal_file(study.folder).read_bytes() == before

    folder.parent.mkdir()
    folder.write_text("in the way")  # no folder can be made there
    refused("AB")
    folder.unlink()
    with no_file_beyond(journal_file(study.folder).stat().st_size):
        refused("AB")
    assert load_identity(folder) is None
    first = make_identity("CD", "blue")
    set_identity(study, "099", "MK", first, now=on(2))
    with no_file_beyond(journal_file(study.folder).stat().st_size):
        refused("AB")
    assert load_identity(folder) == first


@pytest.mark.parametrize("done", [True, False])
def test_a_daily_report_begins_no_session(study: Study, *, done: bool) -> None:
    enrol(study, "012", "MK", levels={"sex": "male"}, now=on(1))
    schedule(study, "012", "MK", 1, march(2), now=on(1))
    log_of(study, "012", "01", done=done, utc="2026-03-03", task="daily")
    visit = where(study, "012", 5).session("01")
    assert (visit.state, visit.missing, len(visit.logs)) == ("due", ("messages",), 1)
    assert codes(study, "012", "01", 3) == {"too_early"}
    schedule(study, "012", "MK", 1, march(3), now=on(3))  # and its day can still be moved
    log_of(study, "012", "01", done=False)
    assert where(study, "012", 6).session("01").state == "begun"
    log_of(study, "012", "01", done=True)
    assert where(study, "012", 6).session("01").state == "done"


def test_a_task_that_was_run_by_itself_leaves_the_others_due(
    new_study: Callable[..., Path],
) -> None:
    study = open_study(new_study(BOTH, kit=False))
    enrol(study, "012", "MK", now=on(1))
    log_of(study, "012", "02", done=False, task="feelings")
    assert where(study, "012", 5).session("02").state == "begun"
    log_of(study, "012", "02", done=True, task="feelings")
    visit = where(study, "012", 5).session("02")
    assert (visit.state, visit.missing) == ("due", ("messageslab",))


def test_who_leaves_keeps_the_slot_and_the_next_gets_a_fresh_one_of_the_stratum(
    study: Study,
) -> None:
    for label, sex in (("012", "male"), ("013", "female"), ("014", "male")):
        enrol(study, label, "MK", levels={"sex": sex}, now=on(1))
    first = open_register(study.folder).participant("012").slot
    with pytest.raises(BadInput, match="is still in the study; enter first that they left"):
        substitute(study, "012", "015", "MK")
    withdraw(study, "012", "MK", "moved away", now=on(2))
    assert {s.state for s in where(study, "012", 3).sessions} == {"closed"}
    assert where(study, "012", 3).next_session is None
    assert "withdrawn" in codes(study, "012", "01", 3)
    left = "left the study on 2026-03-02"
    with pytest.raises(BadInput, match=left):
        withdraw(study, "012", "MK", "again")
    with pytest.raises(BadInput, match=left):
        schedule(study, "012", "MK", 1, dt.date.today())
    with pytest.raises(BadInput, match=left):
        repeat(study, "012", "01", "MK", "again")
    substitute(study, "012", "015", "MK", initials="ZZ", now=on(3))
    register = open_register(study.folder)
    assert register.participant("012").slot == first
    assert register.participant("012").replaced_by == "015"
    new, third = register.participant("015"), register.participant("014")
    assert (new.stratum, new.replaces, new.initials) == ("male", "012", "ZZ")
    assert new.slot is not None
    assert third.slot is not None
    assert int(new.slot) == int(third.slot) + 1
    with pytest.raises(BadInput, match="was replaced by '015' already"):
        substitute(study, "012", "016", "MK")
    assert len({one.slot for one in register.participants}) == 4


def test_a_full_stratum_takes_nobody_more(study: Study) -> None:
    free = open_register(study.folder).free_slots("male")
    for number in range(len(free)):
        enrol(study, f"{number:03d}", "MK", levels={"sex": "male"}, now=on(1))
    with pytest.raises(BadInput, match="stratum male: every slot of the sealed list is taken"):
        enrol(study, "999", "MK", levels={"sex": "male"})
    assert enrol(study, "999", "MK", levels={"sex": "female"})


def test_a_study_without_a_design_has_a_register_too(new_study: Callable[..., Path]) -> None:
    study = open_study(new_study(kit=False))
    assert open_register(study.folder).participants == ()
    assert enrol(study, "012", "MK", now=on(1)) == ["participant 012 enrolled; colour blue"]
    now = where(study, "012", 2)
    assert [one.state for one in now.sessions] == ["due", "due"]
    assert (now.periods, now.last_dose, now.participant.slot) == ((), None, None)
    assert codes(study, "012", "01", 2) == set()
    assert codes(study, "012", "02", 2) == {"order_reversed"}
    with pytest.raises(BadInput, match="no section design"):
        schedule(study, "012", "MK", 1, march(3))
    with pytest.raises(BadInput, match="no section design, so there are no strata"):
        enrol(study, "013", "MK", levels={"sex": "male"})


REFUSED: list[tuple[Callable[[Study], object], str]] = [
    (lambda s: enrol(s, "0-1", "MK"), "participant '0-1': only the letters"),
    (lambda s: enrol(s, "012", "M1", levels={"sex": "male"}), "--by 'M1': your initials"),
    (lambda s: enrol(s, "012", "MK"), "--stratum: the participant's sex is needed: sex=female"),
    (lambda s: enrol(s, "012", "MK", levels={"sex": "m"}), "--stratum: no sex=m; allowed"),
    (lambda s: enrol(s, "012", "MK", levels={"age": "9"}), "--stratum: no factor 'age'"),
    (lambda s: enrol(s, "012", "MK", levels={"sex": "male"}, initials="A. B."), "--initials"),
    (lambda s: enrol(s, "099", "MK", levels={"sex": "male"}), "'099': is in the register"),
    (lambda s: withdraw(s, "012", "MK", "x"), "participant '012': not in "),
    (lambda s: withdraw(s, "099", "MK", " "), "reason: say why in one line"),
    (lambda s: withdraw(s, "099", "MK", "two\nlines"), "reason: say why in one line"),
    (lambda s: schedule(s, "099", "MK", 3, march(3)), "--period 3: the study has 1 to 2"),
    (lambda s: schedule(s, "099", "MK", 2, march(3)), "period 1 has no first dose yet"),
    (lambda s: schedule(s, "099", "MK", 1, dt.date(2062, 3, 3)), "is the year right?"),
    (lambda s: dose(s, "099", "MK", 1, march(1)), "period 1 has no first dose planned yet"),
    (lambda s: repeat(s, "099", "07", "MK", "x"), "no session '07', allowed: 01, 02"),
]


TRANSLATED = {
    "--initials",
    "--stratum: no sex=m; allowed",
    "--period 3: the study has 1 to 2",
    "participant '012': not in ",
}


def test_what_is_refused_changes_nothing(study: Study) -> None:
    enrol(study, "099", "MK", levels={"sex": "male"}, now=on(1))
    before = journal_file(study.folder).read_bytes()
    for change, problem in REFUSED:
        with pytest.raises(BadInput) as caught:
            change(study)
        assert problem in str(caught.value)
        assert "\n" not in str(caught.value)
        if problem in TRANSLATED:
            assert error_in_words(caught.value, "ja") != str(caught.value)
        assert journal_file(study.folder).read_bytes() == before
