"""Arms compared in numbers that each participant has few of: changes of feelings, scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.science.arms import Arms
from analysis.science.models import Design, Fit, as_cells, fit_ratings

if TYPE_CHECKING:
    from pandas import DataFrame


def compared(table: DataFrame, arms: Arms | None) -> Fit | None:
    """Fit the model of ratings to other numbers, its kinds of message being what they are about.

    Parameters
    ----------
    table : DataFrame
        Columns participant, session, condition (what a number is about) and value.
    arms : Arms or None
        None while they are sealed.

    Returns
    -------
    Fit or None
        None while the arms are sealed, or where too few participants have such numbers.
    """
    if arms is None:
        return None
    known = arms.joined(table.dropna(subset=["value"]))
    if known["arm"].nunique() < len(arms.names):
        return None
    about = tuple(dict.fromkeys(known["condition"].astype(str)))
    return fit_ratings(as_cells(known), Design(arms.names, about, arms.crossover))
