"""Scores of questionnaires and daily reports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from analysis.questionnaires import daily_fillings, scores_of
from analysis.science.arms import Arms
from analysis.science.compared import compared
from analysis.science.effects import Estimate, from_t, one_sample
from analysis.science.gather import SCORES, frame_of
from analysis.science.models import Design, Fit, as_cells, difference, fit_ratings
from experiment.daily.reports import DailyReports, Report

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Asked:
    """A questionnaire's score in one place of the study.

    Parameters
    ----------
    questionnaire, score, task : str
    mean : Estimate
        Over participants.
    sd : float
    """

    questionnaire: str
    score: str
    task: str
    mean: Estimate
    sd: float


@dataclass(frozen=True, eq=False)
class Daily:
    """A score of the daily reports.

    Parameters
    ----------
    questionnaire, score : str
    table : DataFrame
        Columns participant, session, day, value, condition; arm and period if arms are known.
    fit : Fit or None
        By arm, period and sequence (or by participant alone, blinded).
    """

    questionnaire: str
    score: str
    table: DataFrame
    fit: Fit | None


@dataclass(frozen=True)
class Days:
    """The daily reports that count: of each day the first one.

    Parameters
    ----------
    reports : DailyReports
    unplaced : int
        Reports of a day without a number: the first dose is not entered, or it lies in no period.
    repeated : int
        Further reports of a day.
    """

    reports: DailyReports
    unplaced: int
    repeated: int


def counted_days(daily: DailyReports) -> Days:
    """Return the daily reports that count, and how many don't."""
    placed = [report for report in daily.reports if report.number is not None]
    first: dict[tuple[str, str, int | None], Report] = {}
    for report in placed:  # by time
        first.setdefault((report.participant, report.session, report.number), report)
    kept = replace(daily, reports=tuple(first.values()))
    return Days(kept, len(daily.reports) - len(placed), len(placed) - len(first))


def with_daily(scores: DataFrame, days: Days) -> DataFrame:
    """Return the scores of questionnaires with those of daily reports below them.

    Parameters
    ----------
    scores : DataFrame
        Columns as in `analysis.science.gather.SCORES`.
    days : Days
    """
    import pandas as pd

    rows = [row for filling in daily_fillings(days.reports) for row in scores_of(filling)]
    given = [row for row in rows if row[-1] is not None]
    if not given:
        return scores
    more = frame_of(given, SCORES)
    return more if scores.empty else pd.concat([scores, more], ignore_index=True)


def asked(scores: DataFrame) -> list[Asked]:
    """Return the mean of each score after each task, daily reports left out."""
    found = []
    once = scores[scores["day"].isna()]
    for (name, score, task), own in once.groupby(["questionnaire", "score", "task"], sort=False):
        people = own.groupby("participant")["value"].mean()
        if len(people) > 1:
            error = float(people.std(ddof=1) / len(people) ** 0.5)
            mean = from_t("mean", float(people.mean()), error, len(people) - 1, len(people), "mean")
            found.append(Asked(str(name), str(score), str(task), mean, float(people.std(ddof=1))))
    return found


def between_tasks(scores: DataFrame) -> list[Estimate]:
    """Compare each score between the tasks that asked it, within participants."""
    found = []
    once = scores[scores["day"].isna()]
    for (name, score), own in once.groupby(["questionnaire", "score"], sort=False):
        means = own.groupby(["participant", "task"])["value"].mean().unstack("task")
        for first, second in combinations(means.columns, 2):
            pairs = (means[second] - means[first]).dropna().to_numpy(float)
            what = f"{name}, {score}: {difference(str(second), str(first))}"
            found.append(one_sample(what, pairs, "paired test"))
    return [one for one in found if one is not None]


def by_arm(scores: DataFrame, arms: Arms | None) -> list[tuple[str, Fit]]:
    """Compare the arms in each score, for each task that asked it; none while they are sealed.

    Returns
    -------
    list of (str, Fit)
        With the questionnaire and its score.
    """
    once = scores[scores["day"].isna()].rename(columns={"task": "condition"})
    found = [
        (f"{name}, {score}", compared(own, arms))
        for (name, score), own in once.groupby(["questionnaire", "score"], sort=False)
    ]
    return [(told, fit) for told, fit in found if fit is not None]


def daily(scores: DataFrame, arms: tuple[str, str] | None, *, crossover: bool) -> list[Daily]:
    """Return the scores of daily reports, each with a model as that of ratings.

    Parameters
    ----------
    scores : DataFrame
        With arm, sequence and period if `arms` are known.
    arms : (str, str) or None
    crossover : bool
    """
    found = []
    days = scores[scores["day"].notna()]
    for (name, score), own in days.groupby(["questionnaire", "score"], sort=False):
        table = own.assign(condition=str(score))
        design = Design(arms, (str(score),), crossover and arms is not None)
        found.append(Daily(str(name), str(score), table, fit_ratings(as_cells(table), design)))
    return found
