"""Which days a drug study's doses, reports and sessions fall on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment.daily.days import Period as Days
from experiment.daily.days import periods_of as daily_periods
from experiment.daily.days import set_first_day
from experiment.daily.page import page_for
from experiment.daily.status import status_lines
from experiment.errors import BadInput
from experiment.protocol import Design, Window
from experiment.protocol.design import Period
from experiment.register import (
    Participant,
)
from experiment.register.changes import dose, enrol, schedule, withdraw
from experiment.register.listing import list_one
from experiment.register.standing import days_of, periods_of
from experiment.said import in_words
from experiment.study import Study
from tests.experiment.drug_study import DAY, START, a_study, march, on, where


@pytest.fixture
def study(new_study: Callable[..., Path], tmp_path: Path) -> Study:
    """A crossover whose sealed list was received."""
    return a_study(new_study, tmp_path)


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


def test_doses_are_entered_once_and_never_beforehand(study: Study) -> None:
    enrol(study, "012", "MK", levels={"sex": "male"}, now=on(1))
    schedule(study, "012", "MK", 1, march(2), now=on(1))
    dose(study, "012", "MK", 1, march(2), now=on(3))
    for day, problem in ((2, "in the register already"), (9, "is to come"), (1, "before the per")):
        with pytest.raises(BadInput, match=problem):
            dose(study, "012", "MK", 1, march(day), now=on(3))


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
