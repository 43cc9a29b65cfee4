"""Daily reports: which days they are about, and which of them are there, missing or to come."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment.daily.days import Period, day_of, periods_of, set_first_day
from experiment.daily.reports import Report
from experiment.daily.status import status_of
from experiment.errors import BadInput
from experiment.preflight.questions import gather, questions_about
from experiment.study import Study


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


@pytest.mark.parametrize("hours", [3, 2])
def test_a_night_in_which_clocks_go_back_ends_by_the_clock_on_the_wall(hours: int) -> None:
    zone = timezone(timedelta(hours=hours))  # 03:30 comes twice
    assert day_of(datetime(2026, 10, 25, 3, 30, tzinfo=zone), 4) == date(2026, 10, 24)
    assert day_of(datetime(2026, 10, 25, 4, 0, tzinfo=zone), 4) == date(2026, 10, 25)


@given(st.lists(st.tuples(st.integers(-2, 8), st.booleans()), max_size=20), st.integers(-3, 12))
def test_each_day_of_a_period_is_there_missing_or_to_come(
    made: list[tuple[int, bool]], now: int
) -> None:
    period = Period("01", date(2026, 3, 10), 6)
    first = period.first.toordinal()
    reports = [
        Report("012", "01", date.fromordinal(first + n), day_noon(first + n), "page", {}, Path(),
               {}, "daily", "en", late)
        for n, late in made
    ]  # fmt: skip
    status = status_of(period, reports, date.fromordinal(first + now))
    assert sorted((*status.there, *status.missing, *status.to_come)) == list(period.dates)
    assert set(status.late) | set(status.doubled) <= set(status.there)
    assert len(status.doubled) == sum([n for n, _ in made].count(n) > 1 for n in range(period.days))


def day_noon(ordinal: int) -> datetime:
    return datetime.combine(date.fromordinal(ordinal), time(12))


def test_a_report_on_another_period_s_day_is_asked_about_before_it_is_filled_in(
    study: Study,
) -> None:
    def asked(participant: str, session: str, *tasks: str) -> list[str]:
        facts = gather(study, participant, session, tasks)
        return [one.said for one in questions_about(facts) if one.mistake == "daily_day"]

    set_first_day(study, "012", "02", date.today() - timedelta(days=1))
    assert asked("012", "02", "daily") == []
    (question,) = asked("012", "01", "daily")
    assert "no day of the period of session 01: a daily report would not count" in question
    assert asked("012", "01", "messages") == []
    assert asked("013", "02", "daily") == []  # nobody knows yet when that begins
    set_first_day(study, "013", "01", date.today() - timedelta(days=1))
    assert len(asked("013", "02", "daily")) == 1  # but the other one is on
