"""Self-reports around the blocks of a feedback task: how feelings change with each condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.science.arms import Arms
from analysis.science.compared import compared
from analysis.science.effects import Estimate, one_sample
from analysis.science.models import Fit, difference

if TYPE_CHECKING:
    from pandas import DataFrame

BASELINE = "baseline"
BEFORE = "before"
AFTER = "after"


@dataclass(frozen=True, eq=False)
class Mood:
    """How one feeling goes over the moments of each condition.

    Parameters
    ----------
    rating : str
    moments : tuple of str
        In their order in the run.
    conditions : tuple of str
    by_session : DataFrame
        Means: rows (participant, session, condition), a column for each moment.
    changes : tuple of Estimate
        From before a block to each later moment, by condition.
    contrasts : tuple of Estimate
        The change of each condition minus that of baseline, within participants.
    by_arm : tuple of (str, Fit)
        For each later moment, a model of the change from before; none while the arms are sealed.
    """

    rating: str
    moments: tuple[str, ...]
    conditions: tuple[str, ...]
    by_session: DataFrame
    changes: tuple[Estimate, ...]
    contrasts: tuple[Estimate, ...]
    by_arm: tuple[tuple[str, Fit], ...] = ()

    @property
    def means(self) -> DataFrame:
        """Of each participant: rows (participant, condition), a column for each moment."""
        means: DataFrame = self.by_session.groupby(["participant", "condition"]).mean()
        return means


def moods(table: DataFrame, arms: Arms | None = None) -> list[Mood]:
    """Return how each feeling goes, if there were self-reports around blocks.

    Parameters
    ----------
    table : DataFrame
        Answers that were given, of all sessions.
    arms : Arms or None
        None while they are sealed.
    """
    reports = table[table["moment"].notna()]
    return [_mood(str(rating), own, arms) for rating, own in reports.groupby("rating", sort=False)]


def _mood(rating: str, table: DataFrame, arms: Arms | None) -> Mood:
    moments = sorted(table["moment"].unique(), key=_place)
    conditions = sorted(table["condition"].unique(), key=lambda one: (one != BASELINE, one))
    keys = ["participant", "session", "condition", "moment"]
    by_session = table.groupby(keys)["value"].mean().unstack("moment")
    means = by_session.groupby(["participant", "condition"]).mean()
    changes, contrasts, by_arm = [], [], []
    for moment in moments:
        if moment == BEFORE or BEFORE not in means:
            continue
        fit = compared(_changes(by_session, moment, conditions), arms)
        if fit is not None:
            by_arm.append((readable(moment), fit))
        change = (means[moment] - means[BEFORE]).unstack("condition")
        for condition in conditions:
            what = f"{condition}: {difference(readable(moment), BEFORE)}"
            changes.append(
                one_sample(what, change[condition].dropna().to_numpy(float), "paired test")
            )
            if condition != BASELINE and BASELINE in change:
                pairs = (change[condition] - change[BASELINE]).dropna().to_numpy(float)
                what = f"{difference(condition, BASELINE)}, {readable(moment)}"
                contrasts.append(one_sample(what, pairs, "paired test on changes"))
    return Mood(
        rating,
        tuple(map(str, moments)),
        tuple(map(str, conditions)),
        by_session,
        tuple(one for one in changes if one is not None),
        tuple(one for one in contrasts if one is not None),
        tuple(by_arm),
    )


def _changes(by_session: DataFrame, moment: str, conditions: list[str]) -> DataFrame:
    """Return the change of each participant, session and condition, baseline's below the others."""
    change = (by_session[moment] - by_session[BEFORE]).reset_index(name="value")
    order = [*(one for one in conditions if one != BASELINE), BASELINE]
    table: DataFrame = change.sort_values("condition", key=lambda own: own.map(order.index))
    return table


def readable(moment: str) -> str:
    """Return a moment in words: ``after_5_min`` is "5 min after"."""
    parts = moment.split("_")
    return f"{parts[1]} min after" if len(parts) == 3 else moment


def _place(moment: str) -> tuple[int, float]:
    parts = moment.split("_")
    return (0 if moment == BEFORE else 1, float(parts[1]) if len(parts) > 1 else 0.0)
