"""Self-reports around the blocks of a feedback task: how feelings change with each condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.science.effects import Estimate, one_sample
from analysis.science.models import difference

if TYPE_CHECKING:
    from pandas import DataFrame

BASELINE = "baseline"
BEFORE = "before"


@dataclass(frozen=True, eq=False)
class Mood:
    """How one feeling goes over the moments of each condition.

    Parameters
    ----------
    rating : str
    moments : tuple of str
        In their order in the run.
    conditions : tuple of str
    means : DataFrame
        Of each participant: rows (participant, condition), a column for each moment.
    changes : tuple of Estimate
        From before a block to each later moment, by condition.
    contrasts : tuple of Estimate
        The change of each condition minus that of baseline, within participants.
    """

    rating: str
    moments: tuple[str, ...]
    conditions: tuple[str, ...]
    means: DataFrame
    changes: tuple[Estimate, ...]
    contrasts: tuple[Estimate, ...]


def moods(table: DataFrame) -> list[Mood]:
    """Return how each feeling goes, if there were self-reports around blocks.

    Parameters
    ----------
    table : DataFrame
        Answers that were given, of all sessions.
    """
    reports = table[table["moment"].notna()]
    return [_mood(str(rating), own) for rating, own in reports.groupby("rating", sort=False)]


def _mood(rating: str, table: DataFrame) -> Mood:
    moments = sorted(table["moment"].unique(), key=_place)
    conditions = sorted(table["condition"].unique(), key=lambda one: (one != BASELINE, one))
    by_session = table.groupby(["participant", "session", "condition", "moment"])["value"].mean()
    means = by_session.groupby(["participant", "condition", "moment"]).mean().unstack("moment")
    changes, contrasts = [], []
    for moment in moments:
        if moment == BEFORE or BEFORE not in means:
            continue
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
        means,
        tuple(one for one in changes if one is not None),
        tuple(one for one in contrasts if one is not None),
    )


def readable(moment: str) -> str:
    """Return a moment in words: ``after_5_min`` is "5 min after"."""
    parts = moment.split("_")
    return f"{parts[1]} min after" if len(parts) == 3 else moment


def _place(moment: str) -> tuple[int, float]:
    parts = moment.split("_")
    return (0 if moment == BEFORE else 1, float(parts[1]) if len(parts) > 1 else 0.0)
