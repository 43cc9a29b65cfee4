"""All that is to be said about one rating question of a study: model, classical tests, means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.science.arms import Arms
from analysis.science.classical import Periods, groups, messages, of_periods
from analysis.science.effects import Estimate
from analysis.science.gather import answered
from analysis.science.models import Design, Fit, fit_ratings

if TYPE_CHECKING:
    from pandas import DataFrame

_ORDER = ("kind", "acceptance", "hold_warm")  # what a contrast is about stands first


@dataclass(frozen=True)
class Described:
    """What was answered about one kind of message.

    Parameters
    ----------
    message : str
    arm : str or None
        None for all answers, whichever arm they were given in.
    participants, answers : int
    mean, sd : float
        Of participants' means.
    """

    message: str
    arm: str | None
    participants: int
    answers: int
    mean: float
    sd: float


@dataclass(frozen=True, eq=False)
class Outcome:
    """One rating question in one task.

    Parameters
    ----------
    task, rating : str
    design : Design
    table : DataFrame
        The cells with answers that count; with arm, sequence and period if the arms are known.
    described : tuple of Described
    asked, unanswered, unconfirmed : int
        Questions that were shown, and those that don't count.
    fit : Fit or None
    periods : tuple of (str, Periods)
        For each kind of message and each difference of kinds, in a crossover.
    tests : tuple of Estimate
        The other classical tests: of kinds of message, and of parallel groups.
    not_allocated : tuple of str
        Participants whose arm isn't known; in no comparison of arms.
    """

    task: str
    rating: str
    design: Design
    table: DataFrame
    described: tuple[Described, ...]
    asked: int
    unanswered: int
    unconfirmed: int
    fit: Fit | None
    periods: tuple[tuple[str, Periods], ...]
    tests: tuple[Estimate, ...]
    not_allocated: tuple[str, ...] = ()

    @property
    def beside(self) -> tuple[Estimate, ...]:
        """All classical tests, the periods' too."""
        of_periods = [
            one
            for _, tests in self.periods
            for one in (tests.arm, tests.paired, tests.period, tests.carry_over)
            if one is not None
        ]
        return (*of_periods, *self.tests)


def outcomes(table: DataFrame, arms: Arms | None) -> list[Outcome]:
    """Analyse each rating question of each task.

    Parameters
    ----------
    table : DataFrame
        Cells, as in `analysis.science.gather.Answers`; self-reports around blocks are left out.
    arms : Arms or None
        None while they are sealed: all sessions are pooled then.
    """
    rated = table[table["moment"].isna() & table["condition"].notna()]
    return [
        outcome(str(task), str(rating), own, arms)
        for (task, rating), own in rated.groupby(["task", "rating"], sort=False)
    ]


def outcome(task: str, rating: str, table: DataFrame, arms: Arms | None) -> Outcome:
    """Analyse the answers to one rating question in one task."""
    given = answered(table)
    kinds = tuple(sorted(map(str, given["condition"].unique()), key=_place))
    known = given if arms is None else arms.joined(given)
    unknown = sorted(set(given["participant"]) - set(known["participant"]))
    two = arms is not None and known["arm"].nunique() > 1
    crossover = arms is not None and arms.crossover and two
    design = Design(arms.names if arms is not None and two else None, kinds, crossover)
    told = (None,) if design.arms is None else (*design.arms, None)
    periods: list[tuple[str, Periods]] = []
    tests = messages(given, design)
    if design.arms and crossover:
        periods = of_periods(known, design)
    elif design.arms:
        tests = [*groups(known, design), *tests]
    return Outcome(
        task,
        rating,
        design,
        known if design.arms else given,
        tuple(_described(given, known, kind, arm) for kind in kinds for arm in told),
        int(table["asked"].sum()),
        int(table["unanswered"].sum()),
        int(table["unconfirmed"].sum()),
        fit_ratings(known if design.arms else given, design) if kinds else None,
        tuple(periods),
        tuple(tests),
        tuple(map(str, unknown)),
    )


def _place(kind: str) -> tuple[int, str]:
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER), kind)


def _described(given: DataFrame, known: DataFrame, kind: str, arm: str | None) -> Described:
    table = given if arm is None else known[known["arm"] == arm]
    own = table[table["condition"] == kind]
    people = own.groupby(["participant", "session"])["value"].mean().groupby("participant").mean()
    sd = float(people.std(ddof=1)) if len(people) > 1 else float("nan")
    return Described(kind, arm, len(people), int(own["answers"].sum()), float(people.mean()), sd)
