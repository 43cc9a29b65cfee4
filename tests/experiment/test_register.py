"""The register: study life, two assistants at once, edits and damage, days and windows."""

from __future__ import annotations

import datetime as dt
import errno
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment.blinding.making import make_allocation, receive_allocation
from experiment.blinding.sealing import make_keys
from experiment.daily.days import Period as Days
from experiment.daily.days import periods_of as daily_periods
from experiment.daily.days import set_first_day
from experiment.daily.page import page_for
from experiment.daily.status import status_lines
from experiment.desk.summary import next_step
from experiment.desk.texts import speaking
from experiment.errors import BadInput
from experiment.protocol import Design, Window
from experiment.protocol.design import Period
from experiment.register import (
    Participant,
    RegisterBusy,
    Standing,
    concerns,
    open_register,
    standing,
)
from experiment.register.changes import dose, enrol, schedule, substitute, withdraw
from experiment.register.journal import journal_file, locked
from experiment.register.listing import list_one
from experiment.register.repeating import repeat
from experiment.register.standing import days_of, periods_of
from experiment.said import error_in_words, in_words
from experiment.study import Study, open_study
from tests.experiment.test_design import DESIGN

START = dt.datetime(2026, 3, 1, 9, 0, tzinfo=dt.timezone.utc)
DAY = dt.timedelta(days=1)


def on(day: int) -> Callable[[], dt.datetime]:
    """A clock that stands at noon of a day of March."""
    return lambda: START + (day - 1) * DAY


def march(day: int) -> dt.date:
    return dt.date(2026, 2, 28) + day * DAY


BOTH = (
    "[messageslab]\n    optional: [feelings, daily]",
    "[feelings, messageslab]\n    optional: [daily]",
)


@pytest.fixture
def study(new_study: Callable[..., Path], tmp_path: Path) -> Study:
    """A crossover in two strata of ten slots or a few more, with its sealed list."""
    study = open_study(new_study(("\nkit:\n", DESIGN), kit=False))
    make_keys(tmp_path / "private.pem", tmp_path / "public.pem", None)
    sealed, packing = tmp_path / "sealed.json", tmp_path / "packing.tsv"
    arms = {"A": "naltrexone", "B": "placebo"}
    make_allocation(study, tmp_path / "public.pem", arms, sealed, packing, rehearsal=True, seed=1)
    receive_allocation(study, sealed, "PH", rehearsal=True, now=on(1))
    return study


def where(study: Study, label: str, day: int) -> Standing:
    return standing(study, open_register(study.folder).participant(label), march(day))


def codes(study: Study, label: str, session: str, day: int) -> set[str]:
    register = open_register(study.folder)
    found = concerns(register, where(study, label, day), session)
    return {str(one.code) for one in found} - {"rehearsal_allocation"}


def log_of(
    study: Study,
    label: str,
    session: str,
    *,
    done: bool,
    utc: str = "2026-03-05",
    task: str | None = None,
) -> Path:
    """Write a log as short as it can be."""
    folder = study.log_folder(label, session)
    folder.mkdir(parents=True, exist_ok=True)
    tasks = list(study.session_tasks(session, task))
    lines: list[dict[str, object]] = [
        {"type": "header", "tasks": tasks, "utc": f"{utc}T10:00:00+00:00", "robot": None},
        *({"type": "run_end", "task": task, "run": 1} for task in tasks if done),
        {"type": "end", "status": "complete" if done else "aborted"},
    ]
    alone = "" if task is None else f"_task-{task}"
    file = folder / f"sub-{label}_ses-{session}{alone}.jsonl"
    text = "".join(
        json.dumps({**line, "digest": "0" * 16}, separators=(",", ":")) + "\n" for line in lines
    )
    file.write_text(text)
    return file


# --- daily reports -----------------------------------------------------------------------------


def test_daily_reports_begin_with_the_first_dose(study: Study) -> None:
    with pytest.raises(BadInput, match="no participant's days are known"):
        status_lines(study, None, march(3))
    enrol(study, "012", "MK", levels={"sex": "female"}, now=on(1))
    with pytest.raises(BadInput, match=r"no period of participant 012 is scheduled; .* schedule"):
        daily_periods(study, "012")
    schedule(study, "012", "MK", 1, march(2), now=on(1))
    assert daily_periods(study, "012") == (Days("01", march(2), 4),)
    schedule(study, "012", "MK", 1, march(3), now=on(1))
    schedule(study, "012", "MK", 2, march(18), now=on(1))
    assert daily_periods(study, "012") == (Days("01", march(3), 4), Days("02", march(18), 4))
    assert [day for day in ("2026-03-02", "2026-03-21") if day in page_for(study, "012")] == [
        "2026-03-21"
    ]
    assert status_lines(study, None, march(4)) == [
        "participant 012",
        "  session 01, 2026-03-03 to 2026-03-06: 0 of 4 reports; missing: 2026-03-03; 3 to come",
        "  session 02, 2026-03-18 to 2026-03-21: 0 of 4 reports; 4 to come",
    ]


def test_no_first_day_is_kept_twice(study: Study) -> None:
    enrol(study, "012", "MK", levels={"sex": "female"}, now=on(1))
    with pytest.raises(BadInput, match=r"which the register has; enter that with: .* --period 2"):
        set_first_day(study, "012", "02", march(16))
    file = study.folder / "participants" / "012" / "days.yaml"
    assert not file.exists()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('"01": 2026-03-02\n', "utf-8")
    with pytest.raises(BadInput, match=r"days.yaml:1: period '01' .* take the line out"):
        daily_periods(study, "012")


# --- study life ------------------------------------------------------------------------------


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


def test_a_dose_that_is_only_planned_is_told_as_that(study: Study) -> None:
    enrol(study, "012", "MK", levels={"sex": "female"}, now=on(1))
    schedule(study, "012", "MK", 1, march(2), now=on(1))
    dose(study, "012", "MK", 1, march(2), now=on(2))
    there = where(study, "012", 2)
    assert (there.last_dose, there.last_dose_is_planned) == (march(2), False)
    entered = "not entered (last one entered: 2026-03-02)"
    there = where(study, "012", 4)
    assert (there.last_dose, there.last_entered) == (march(4), march(2))
    assert there.last_dose_is_planned
    told = [in_words(line, "en") for line in list_one(study, "012", march(4))]
    assert f"last dose planned 2026-03-04, 0 days ago; {entered}" in told
    withdraw(study, "012", "MK", "fell ill", now=on(3))
    gone = where(study, "012", 6)  # what was planned after they left was not taken
    assert (gone.last_dose, gone.last_entered, gone.days_since_last_dose) == (march(3), march(2), 3)
    assert gone.periods[0].last_dose == march(5), "the washout keeps to the plan"
    told = [in_words(line, "en") for line in list_one(study, "012", march(6))]
    assert f"last dose planned 2026-03-03, 3 days ago; {entered}" in told


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


def test_a_repeat_that_is_refused_moves_and_enters_nothing(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    with monkeypatch.context() as full:

        def no_room(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        full.setattr("experiment.register.journal.write_whole", no_room)
        refused("No space left")
    repeat(study, "012", "01", "MK", "scanner failed", now=on(5))
    assert [path.name for path in aside.iterdir()] == ["ses-01_1"]


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


def test_doses_are_entered_once_and_never_beforehand(study: Study) -> None:
    enrol(study, "012", "MK", levels={"sex": "male"}, now=on(1))
    schedule(study, "012", "MK", 1, march(2), now=on(1))
    dose(study, "012", "MK", 1, march(2), now=on(3))
    for day, problem in ((2, "in the register already"), (9, "is to come"), (1, "before the per")):
        with pytest.raises(BadInput, match=problem):
            dose(study, "012", "MK", 1, march(day), now=on(3))


# --- the file --------------------------------------------------------------------------------


def test_the_journal_says_who_and_when_in_lines_that_are_only_added(study: Study) -> None:
    file = journal_file(study.folder)
    grown = file.read_bytes()
    enrol(study, "012", "MK", levels={"sex": "male"}, now=on(2))
    withdraw(study, "012", "JD", "wants to", now=on(3))
    assert file.read_bytes().startswith(grown)
    *_, enrolled, left = map(json.loads, file.read_text("utf-8").splitlines())
    assert (enrolled["what"], enrolled["by"], enrolled["utc"][:10]) == (
        "enrolled", "MK", "2026-03-02",
    )  # fmt: skip
    assert (left["what"], left["by"], left["reason"]) == ("withdrawn", "JD", "wants to")
    assert sorted(p.name for p in file.parent.iterdir()) == [
        ".lock", "journal.jsonl", "sealed-list.json",
    ]  # fmt: skip


def test_an_edited_line_is_told_and_a_damaged_one_named(study: Study) -> None:
    enrol(study, "012", "MK", levels={"sex": "male"}, now=on(2))
    enrol(study, "013", "MK", levels={"sex": "male"}, now=on(2))
    file = journal_file(study.folder)
    whole = file.read_text("utf-8")
    assert open_register(study.folder).edited_at is None
    file.write_text(
        whole.replace('"by": "MK", "participant": "012"', '"by": "XX", "participant": "012"')
    )
    assert open_register(study.folder).edited_at == 2
    assert "register_edited" in codes(study, "012", "01", 3)
    enrol(study, "014", "MK", levels={"sex": "male"}, now=on(2))  # work goes on, and it stays seen
    assert open_register(study.folder).edited_at == 2
    lines = whole.splitlines(keepends=True)
    for damaged, problem in (
        (whole[:-9], ":3: cut off"),
        (lines[0] + "oops\n" + lines[2], ":2: not a line of a journal"),
        (lines[0] + lines[1].replace('"012"', "12"), ":2: participant: Input should be"),
        (lines[0] + lines[1].replace("enrolled", "enroled"), ":2: entry: Input tag"),
        (lines[0] + lines[1].replace('"utc": "2026', '"utc": "x'), ":2: no time (utc)"),
        (lines[0] + lines[1] + lines[1], ":3: participant '012' is enrolled twice"),
    ):
        file.write_text(damaged)
        with pytest.raises(BadInput) as caught:
            open_register(study.folder)
        assert str(caught.value).startswith(f"{file}{problem}")
        assert "put it back from a copy" in str(caught.value)


def test_two_assistants_at_once_lose_no_entry_and_share_no_slot(study: Study) -> None:
    def one(number: int) -> None:
        enrol(study, f"{number:03d}", "MK", levels={"sex": ("male", "female")[number % 2]})

    with ThreadPoolExecutor(6) as desks:
        list(desks.map(one, range(18)))
    register = open_register(study.folder)
    assert register.edited_at is None
    assert {p.label for p in register.participants} == {f"{n:03d}" for n in range(18)}
    assert len({p.slot for p in register.participants}) == 18


HOLD = """
import sys
from pathlib import Path
from experiment.register.journal import locked
with locked(Path(sys.argv[1]), "JD"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_who_is_kept_waiting_learns_who_holds_the_register(study: Study) -> None:
    program = [sys.executable, "-c", HOLD, str(study.folder)]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(RegisterBusy) as told, locked(study.folder, "MK", patience=0.05):
            pass
        assert "in use by JD (user " in str(told.value)
        assert f"process {other.pid}) since " in str(told.value)
        other.kill()  # a process that dies holds nothing
    assert enrol(study, "012", "MK", levels={"sex": "male"})


# --- days ------------------------------------------------------------------------------------


@given(
    day=st.integers(1, 20),
    earlier=st.integers(0, 19),
    later=st.integers(0, 20),
    drug=st.integers(1, 20),
    washout=st.integers(0, 40),
    gap=st.integers(0, 80),
    first=st.dates(dt.date(2024, 1, 1), dt.date(2030, 1, 1)),
)
def test_windows_and_washouts_of_every_design(
    day: int, earlier: int, later: int, drug: int, washout: int, gap: int, first: dt.date
) -> None:
    window = Window(day=day, earlier=min(earlier, day - 1), later=later)
    design = Design(
        kind="crossover", block_sizes=(2,), slots=2, drug_days=drug, washout_days=washout,
        periods=(Period(sessions={"01": window}), Period(sessions={"02": window})),
    )  # fmt: skip
    second = first + gap * DAY + drug * DAY
    one = Participant("1", START, "blue", slot="001", first_doses={1: first, 2: second})
    days = days_of(design, one, "01")
    assert days is not None
    assert first <= days.first <= days.due <= days.last
    assert (days.due - first).days == day - 1
    _, after = periods_of(design, one)
    assert after.drug_free_days == gap
    assert after.washout_kept == (gap >= washout)
    assert after.earliest is not None
    assert (second >= after.earliest) == after.washout_kept
