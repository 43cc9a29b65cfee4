"""Feelings, scores of questionnaires and daily reports, and what counts of a session's parts."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.science.arms import Arms, Given
from analysis.science.facts import Seen, counted_once
from analysis.science.gather import SCORES, cells_from, frame_of
from analysis.science.moods import moods
from analysis.science.scores import asked, by_arm, counted_days, daily, with_daily
from experiment.daily.reports import DailyReports, Report
from experiment.protocol import Questionnaire
from tests.analysis.truths import ARM


def test_feelings_change_with_their_block() -> None:
    generator = np.random.default_rng(2)
    rows: list[tuple[object, ...]] = []
    for person in range(18):
        for block, (condition, change) in enumerate(
            [("baseline", 0.0), ("rejection", 1.5), ("acceptance", -0.5)], start=1
        ):
            for moment in ("before", "after", "after_5_min"):
                value = 3 + generator.normal(0, 0.3) + (change if moment == "after" else 0)
                rows.append((f"{person:02d}", "01", "feedback", block, condition, block, moment,
                             "sad", value, 1.0, True))  # fmt: skip
    (mood,) = moods(cells_from(frame_of(rows)))
    assert mood.moments == ("before", "after", "after_5_min")
    assert mood.conditions == ("baseline", "acceptance", "rejection")
    changes = {one.what: one for one in mood.changes}
    assert changes["rejection: after − before"].value == pytest.approx(1.5, abs=0.3)
    assert changes["baseline: 5 min after − before"].p > 0.001
    contrasts = {one.what: one.value for one in mood.contrasts}
    assert contrasts["rejection − baseline, after"] == pytest.approx(1.5, abs=0.4)


@pytest.mark.parametrize("crossover", [True, False])
def test_what_the_arm_changes_in_feelings_and_scores_is_told(crossover: bool) -> None:
    generator = np.random.default_rng(5)
    given: dict[tuple[str, str], Given] = {}
    answers: list[tuple[object, ...]] = []
    scores: list[tuple[object, ...]] = []
    for n in range(24):
        label, sequence = f"{n:02d}", ("AB", "BA")[n % 2]
        for period, letter in enumerate(sequence[: 2 if crossover else 1], start=1):
            where, drug = (label, f"{period:02d}"), letter == "B"
            given[where] = Given("naltrexone" if drug else "placebo", sequence, period)
            for task in ("afterin", "afterout"):
                value = 4 + generator.normal(0, 0.3) - (drug and task == "afterout")
                scores.append((*where, task, None, "needs", "belonging", value))
            for condition in ("baseline", "rejection"):
                for moment in ("before", "after"):
                    value = 3 + generator.normal(0, 0.3)
                    value += 1.5 * (drug and condition == "rejection" and moment == "after")
                    answers.append((*where, "feedback", 1, condition, 1, moment, "sad", value, 1.0,
                                    True))  # fmt: skip
    arms = Arms(given)
    (mood,) = moods(cells_from(frame_of(answers)), arms)
    ((moment, change),) = mood.by_arm
    ((name, score),) = by_arm(frame_of(scores, SCORES), arms)
    assert (moment, name) == ("after", "needs, belonging")
    for fit, what, truth in (
        (change, f"({ARM}) × (rejection − baseline)", 1.5),
        (score, f"{ARM}: afterout", -1.0),
    ):
        assert fit.converged
        told = {one.what: one for one in fit.of_arm}
        assert told[what].low < truth < told[what].high
        assert told[what].p < 0.001
    assert by_arm(frame_of(scores, SCORES), None) == []
    assert moods(cells_from(frame_of(answers)))[0].by_arm == ()


def test_scores_are_told_by_task_and_by_day() -> None:
    generator = np.random.default_rng(3)
    rows: list[tuple[object, ...]] = []
    for n in range(12):
        for task, mean in (("afterin", 4.0), ("afterout", 2.0)):
            value = mean + generator.normal(0, 0.4)
            rows.append((f"{n:02d}", "01", task, None, "needs", "belonging", value))
        for session in ("01", "02"):
            for day in range(1, 5):
                value = generator.normal(4, 1)
                rows.append((f"{n:02d}", session, "daily", day, "daily", "mood", value))
    scores = frame_of(rows, SCORES)
    means = {one.task: one.mean for one in asked(scores)}
    assert means["afterin"].n == means["afterout"].n == 12
    assert means["afterout"].value == pytest.approx(2.0, abs=0.4)
    (days,) = daily(scores, None, crossover=False)
    assert days.fit is not None
    assert days.fit.answers == 96


def test_daily_reports_count_once_for_a_day_that_has_a_number() -> None:
    mood = Questionnaire.model_validate(
        {
            "title": "Mood", "version": "1", "wording": "lab", "source": "-", "licence": "-",
            "share_texts": True, "languages": ["en"], "scale": {"kind": "percent"},
            "items": [{"id": "mood", "text": {"en": "How was your mood?"}}],
            "subscales": {"mood": {"items": ["mood"], "score": "mean", "least_answered": 1}},
        }
    )  # fmt: skip

    def report(number: int | None, hour: int, value: int) -> Report:
        day = date(2026, 9, number or 20)
        completed = datetime(2026, 9, day.day, hour)
        answers = {"daily.mood": value}
        return Report("01", "01", day, completed, "page", answers, Path(), {"daily": mood}, "daily",
                      "en", late=False, number=number)  # fmt: skip

    days = counted_days(
        DailyReports((report(1, 20, 30), report(1, 21, 90), report(2, 20, 50), report(None, 20, 7)))
    )
    assert (days.unplaced, days.repeated) == (1, 1)
    table = with_daily(frame_of([], SCORES), days)
    assert list(zip(table["day"], table["value"], strict=True)) == [(1, 30.0), (2, 50.0)]
    assert asked(table) == []


# --- parts of a session --------------------------------------------------------------------------


def part(
    answers: list[tuple[int, float]], *, anew: tuple[str, ...] = (), edited: bool = False
) -> dict[str, Any]:
    """Return the facts of a part: answers by trial, a score and a round of a ball game."""
    seen = asdict(Seen("log", "01", "01", left_out="edited" if edited else None))
    if edited:
        return {"seen": seen}
    rows = [
        ("01", "01", "messages", trial, "kind", None, None, "connection", value, 1.0, True)
        for trial, value in answers
    ]
    scores = [("01", "01", "needs", None, "nts", "belonging", 4.0)]
    games = [{"task": "ball", "round": 1}]
    return {"seen": seen, "answers": rows, "scores": scores, "games": games, "anew": [*anew]}


def test_what_a_later_part_asked_again_counts_once() -> None:
    first, second = [(1, 2.0), (2, 3.0), (3, 4.0)], [(3, 5.0), (4, 6.0)]
    before, after = counted_once([part(first), part(second)])
    assert [row[3] for row in before["answers"]] == [1, 2]
    assert (before["scores"], before["games"]) == ([], [])
    assert before["seen"]["again"] == 3
    assert after == part(second)

    before, after = counted_once([part(first), part([(1, 2.0)], anew=("messages",))])
    assert before["answers"] == []
    assert counted_once([part(first), part(second, edited=True)])[0] == part(first)
