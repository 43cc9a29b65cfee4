"""Traits from a table of the analyst's, and what of the study goes with them.

Once the arms are known each is looked at by itself: in groups that were given different things a
correlation over all people may be that of the drug. In a crossover each participant's difference
between the arms is there too, which tells with whom the drug does more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.science.arms import Arms
from analysis.science.effects import Estimate, correlation
from analysis.science.models import difference
from analysis.science.moods import AFTER, BEFORE, Mood
from analysis.science.ratings import Outcome
from experiment.errors import BadInput
from experiment.kit.tables import read_table

if TYPE_CHECKING:
    from pandas import DataFrame, Series

_PERSON = "participant_id"
_LEAST = 2  # columns: whose, and one trait


@dataclass(frozen=True, eq=False)
class Number:
    """A number that participants have, and that may go with a trait.

    Parameters
    ----------
    name : str
    by_arm : mapping of (str or None) to Series
        One number for each participant; that of None is over all sessions, while arms are sealed.
    change : (str, Series) or None
        What the arms differ by in each participant of a crossover, and how that is called.
    """

    name: str
    by_arm: Mapping[str | None, Series[float]]
    change: tuple[str, Series[float]] | None = None


def numbers_of(
    outcomes: Sequence[Outcome], moods: Sequence[Mood], arms: Arms | None
) -> list[Number]:
    """Return the numbers that are held against traits.

    Of each rating the contrast of kinds of message (its mean where there is one kind), and of each
    feeling its change from before each kind of block to right after it.
    """
    several = len({one.task for one in outcomes}) > 1
    found = []
    for one in outcomes:
        if not one.design.messages:  # nothing was answered
            continue
        name = f"{one.task}, {one.rating}" if several else one.rating
        keys = ["participant", "session", "condition"]
        means = one.table.groupby(keys)["value"].mean().unstack("condition")
        found += [
            _number(f"{name}: {difference(first, other)}", means[first] - means[other], arms)
            for first, other in one.design.contrasts
        ] or [_number(name, means[one.design.messages[0]], arms)]
    for mood in moods:
        if not {BEFORE, AFTER} <= set(mood.by_session.columns):
            continue
        changes = mood.by_session[AFTER] - mood.by_session[BEFORE]
        found += [
            _number(
                f"{mood.rating}: change with {condition}",
                changes.xs(condition, level="condition"),
                arms,
            )
            for condition in mood.conditions
        ]
    return found


def _number(name: str, by_session: Series[float], arms: Arms | None) -> Number:
    """Return a number for each participant of one for each of their sessions."""
    if arms is None:
        return Number(name, {None: by_session.groupby("participant").mean()})
    known = arms.joined(by_session.reset_index(name="value"))
    means = known.groupby(["participant", "arm"])["value"].mean().unstack("arm")
    by_arm: dict[str | None, Series[float]] = {
        arm: means[arm].dropna() for arm in arms.names if arm in means
    }
    if not arms.crossover or len(by_arm) < len(arms.names):
        return Number(name, by_arm)
    reference, other = arms.names
    change = (means[other] - means[reference]).dropna()
    return Number(name, by_arm, (difference(other, reference), change))


def with_trait(trait: Series[float], numbers: Sequence[Number]) -> list[Estimate]:
    """Correlate a trait with each number.

    Parameters
    ----------
    trait : Series
        By participant; its name is what it is called.
    numbers : sequence of Number
    """
    found = []
    for number in numbers:
        told = f"{trait.name} and {number.name}"
        for arm, values in number.by_arm.items():
            found.append(_correlated(told if arm is None else f"{told}, {arm}", trait, values))
        if number.change is not None:
            name, values = number.change
            found.append(_correlated(f"{told}, {name}", trait, values))
    return [one for one in found if one is not None]


def _correlated(what: str, trait: Series[float], values: Series[float]) -> Estimate | None:
    x, y = pairs_of(trait, values).to_numpy(float).T
    return correlation(what, x, y)


def pairs_of(trait: Series[float], values: Series[float]) -> DataFrame:
    """Return both of each participant who has both."""
    both: DataFrame = trait.rename("trait").to_frame().join(values.rename("value"), how="inner")
    whole: DataFrame = both.dropna()
    return whole


def read_traits(file: Path) -> DataFrame:
    """Read traits of participants: a column ``participant_id``, and one of numbers for each trait.

    Parameters
    ----------
    file : Path
        As tables are read anywhere here: tabs, commas or semicolons, or XLSX.

    Returns
    -------
    DataFrame
        A row for each participant, by label; a column for each trait.

    Raises
    ------
    BadInput
        If it can't be read, has no trait, or tells a participant twice.
    """
    import pandas as pd

    header, *rows = read_table(file).rows
    names = [cell.strip() for cell in header.cells]
    if _PERSON not in names:
        raise BadInput(
            f"{file}:{header.line}: no column {_PERSON!r}; it tells whose traits a line has"
        )
    if len(names) < _LEAST:
        raise BadInput(f"{file}:{header.line}: a column of numbers beside {_PERSON} is needed")
    if len(set(names)) < len(names):
        raise BadInput(f"{file}:{header.line}: two columns have one name; give each its own")
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        told = dict(zip(names, row.cells, strict=True))
        label = told.pop(_PERSON).strip().removeprefix("sub-")
        if not label or label in found:
            twice = f"participant {label!r} is there twice" if label else "names no participant"
            raise BadInput(f"{file}:{row.line}: {twice}")
        found[label] = {
            name: _value(cell, f"{file}:{row.line}: column {name!r}") for name, cell in told.items()
        }
    index = pd.Index(list(found), name=_PERSON, dtype="string")
    table: DataFrame = pd.DataFrame(list(found.values()), index=index, dtype=float)
    return table


def _value(cell: str, where: str) -> float:
    text = cell.strip()
    if text in ("", "n/a"):
        return math.nan
    try:
        number = float(text)
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        raise BadInput(f"{where} holds something that is no number; numbers have a point: 3.5")
    return number
