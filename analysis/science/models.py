"""Mixed models of ratings: arm x message, period and sequence, with a random part that converges.

All fixed effects are coded as sum contrasts, so that each effect is an average over the others.
Each participant has an intercept; sessions, messages, and messages within a session have a variance
of their own within a participant (`analysis.science.mixed`): without that of messages, the interval
of what differs between messages would be too narrow wherever people differ in it; without that of
messages within a session, that of arm x message in a crossover. Intervals take the t distribution
with as many degrees of freedom as the classical test of the same design has, since the normal one
is too narrow for thirty participants.

A model has one variance of each part for all kinds of message, but people differ more in what they
answer to one kind than to another. So what is said about one kind, or about two of several, is
estimated by the model of those answers alone, with variances of their own. With as many answers
from everybody that agrees with the classical test on participants' means, or on differences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

from analysis.science.effects import Array, Estimate, from_t
from analysis.science.mixed import Labels, Means, Mixed, fit_mixed

if TYPE_CHECKING:
    from pandas import DataFrame

PERSON = "participant"
BOTH = "session × message"
"""The random part that makes a crossover's arm x message as uncertain as people are different."""
_NEAR_ZERO = 1e-4  # of the residual variance
_ALIKE = 1e-9  # squares, in units of the scale, that are the arithmetic's own


@dataclass(frozen=True)
class Cell:
    """A mean that the model estimates, with its 95 % interval.

    Parameters
    ----------
    arm, message : str or None
        None where the design has no arms (or they are sealed), or one kind of message.
    mean : Estimate
    """

    arm: str | None
    message: str | None
    mean: Estimate


@dataclass(frozen=True)
class Design:
    """Which effects a model has.

    Parameters
    ----------
    arms : (str, str) or None
        The first one is the reference.
    messages : tuple of str
        Kinds of message; each is set against those behind it.
    crossover : bool
        Whether each participant has both arms, so that period and sequence are in the model.
    """

    arms: tuple[str, str] | None
    messages: tuple[str, ...]
    crossover: bool

    @property
    def formula(self) -> str:
        """The fixed part, as it would be written by hand."""
        main = " * ".join(
            [*(["arm"] if self.arms else []), *(["message"] if len(self.messages) > 1 else [])]
        )
        parts = [*([main] if main else []), *(["period", "sequence"] if self.crossover else [])]
        return "rating ~ " + (" + ".join(parts) or "1")

    @property
    def contrasts(self) -> tuple[tuple[str, str], ...]:
        """Every two kinds of message, as one is set against the other."""
        return tuple(combinations(self.messages, 2))

    def columns(self) -> tuple[str, ...]:
        """Return the names of the fixed effects' columns but for the intercept."""
        kinds = [f"m{i}" for i in range(1, len(self.messages))]
        arm = ["arm", *(f"arm_{kind}" for kind in kinds)] if self.arms else []
        return (*kinds, *arm, *(("period", "sequence") if self.crossover else ()))

    def row(self, arm: str | None, message: str, period: float = 0, sequence: float = 0) -> Array:
        """Return the fixed effects' row of a cell, intercept first, in sum contrasts.

        Of two levels one is +0.5 and the other -0.5, so that a coefficient is their difference.
        """
        k, place = len(self.messages), self.messages.index(message)
        kinds = [(1.0 if place == i else 0.0) - 1.0 / k for i in range(1, k)]
        side = 0.0
        if self.arms and arm is not None:
            side = 0.5 if arm == self.arms[1] else -0.5
        arm_part = [side, *(side * kind for kind in kinds)] if self.arms else []
        order = [period, sequence] if self.crossover else []
        return np.array([1.0, *kinds, *arm_part, *order])


@dataclass(frozen=True)
class Fit:
    """A mixed model of one rating.

    Parameters
    ----------
    design : Design
    random : str
        Its random part, in words.
    converged : bool
    tried : tuple of str
        Random parts that did not converge before it.
    notes : tuple of str
        What else there is to know about the fit.
    participants, answers : int
    estimates : tuple of Estimate
        Arm (over all and for each message), message, arm x message, period, sequence, as there are.
        What can't be estimated from the answers it is about is left out, and told in `notes`.
    cells : tuple of Cell
    variances : mapping of str to float
        Of participants, sessions, messages and what is left.
    """

    design: Design
    random: str
    converged: bool
    tried: tuple[str, ...]
    notes: tuple[str, ...]
    participants: int
    answers: int
    estimates: tuple[Estimate, ...]
    cells: tuple[Cell, ...]
    variances: Mapping[str, float]

    def estimate(self, what: str) -> Estimate:
        """Return the estimate of that name."""
        return next(one for one in self.estimates if one.what == what)

    @property
    def of_arm(self) -> tuple[Estimate, ...]:
        """The estimates of what the arm changes, where the design has arms."""
        arms = self.design.arms
        told = None if arms is None else difference(arms[1], arms[0])
        return tuple(one for one in self.estimates if told is not None and told in one.what)

    def arm_effect(self, message: str) -> Estimate | None:
        """Return what the arm changes for one kind of message; None where it isn't estimated."""
        arms = self.design.arms
        if arms is None or not self.estimates:
            return None
        several = len(self.design.messages) > 1
        name = difference(arms[1], arms[0]) + (f": {message}" if several else "")
        return next((one for one in self.estimates if one.what == name), None)


def fit_ratings(table: DataFrame, design: Design) -> Fit | None:
    """Fit the model of a design to the answers to one rating question.

    Parameters
    ----------
    table : DataFrame
        Of cells: columns participant, session, condition (the kind of message), value (the mean of
        the answers), answers (how many) and squares (of what they differ from it); with arm, period
        and sequence if the design has arms.
    design : Design

    Returns
    -------
    Fit or None
        None if there are too few participants for it.
    """
    whole = _fit(table, design)
    return whole if whole is None or not whole.cells else _with_own(whole, table)


def _fit(table: DataFrame, design: Design) -> Fit | None:
    """Fit one model to all answers of a table; None if there are too few participants for it."""
    people = int(table["participant"].nunique())
    df = people - (2 if design.arms else 1)
    answers = int(table["answers"].sum())
    if df < 2 or (table["value"].std() == 0 and table["squares"].sum() < _ALIKE):
        return None
    found, parts, tried = _fitted(table, design)
    if found is None:
        what = "arm, period and sequence" if design.crossover else "its effects"
        notes = (f"{what} can't be told apart in what there is so far",)
        return Fit(design, "none", False, (), notes, people, answers, (), (), {})
    params, covariance = found.effects, found.covariance

    def told(what: str, weights: Array) -> Estimate:
        error = float(np.sqrt(weights @ covariance @ weights))
        return from_t(what, float(weights @ params), error, df, people, "mixed model")

    cells = tuple(
        Cell(
            arm,
            message if len(design.messages) > 1 else None,
            told("mean", design.row(arm, message)),
        )
        for arm, message in product(design.arms or (None,), design.messages)
    )
    return Fit(
        design,
        _told(parts),
        found.converged,
        tuple(tried),
        _notes(found),
        people,
        answers,
        tuple(told(what, weights) for what, weights in estimate_weights(design).items()),
        cells,
        found.variances,
    )


def _with_own(whole: Fit, table: DataFrame) -> Fit:
    """Return a fit whose estimates are each of the answers that they are about, and no others."""
    design = whole.design
    fits: dict[tuple[str, ...], Fit | None] = {design.messages: whole}

    def alone(kinds: tuple[str, ...]) -> Fit | None:
        if kinds not in fits:
            own = table[table["condition"].isin(kinds)]
            found = _fit(own, replace(design, messages=kinds))
            fits[kinds] = found if found is not None and found.converged else None
        return fits[kinds]

    estimates, lacking = [], []
    of_some = _of_some(design)
    for one in whole.estimates:
        kinds, name = of_some.get(one.what, (design.messages, one.what))
        fit = alone(kinds)
        if fit is None:
            lacking.append(f"{one.what} can't be estimated from the answers it is about alone")
        else:
            estimates.append(replace(fit.estimate(name), what=one.what))
    cells = []
    for cell in whole.cells:
        fit = whole if cell.message is None else alone((cell.message,))
        own = () if fit is None else fit.cells
        cells += [replace(cell, mean=same.mean) for same in own if same.arm == cell.arm]
    notes = (*whole.notes, *lacking)
    return replace(whole, estimates=tuple(estimates), cells=tuple(cells), notes=notes)


def _of_some(design: Design) -> dict[str, tuple[tuple[str, ...], str]]:
    """Return which estimates are about some kinds: these, and its name in their model."""
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    name = None if design.arms is None else difference(design.arms[1], design.arms[0])
    if name is not None:
        found = {f"{name}: {kind}": ((kind,), name) for kind in design.messages}
    for pair in design.contrasts:
        told = difference(*pair)
        for what in (told, f"({name}) × ({told})"):
            found[what] = (pair, what)
    return found


def as_cells(table: DataFrame) -> DataFrame:
    """Return single numbers as cells of one each, for `fit_ratings`."""
    cells: DataFrame = table.assign(answers=1, squares=0.0)
    return cells


def difference(second: str, first: str) -> str:
    """Return how a difference is called."""
    return f"{second} − {first}"


def estimate_weights(design: Design) -> dict[str, Array]:
    """Return the weights of each estimate by its name."""
    found: dict[str, Array] = {}
    messages, arms = design.messages, design.arms

    def over_arms(message: str) -> Array:
        rows = [design.row(arm, message) for arm in arms or (None,)]
        return np.asarray(np.mean(rows, axis=0))

    def of_arm(message: str) -> Array:
        assert arms is not None
        return np.asarray(design.row(arms[1], message) - design.row(arms[0], message))

    if arms is not None:
        name = difference(arms[1], arms[0])
        found[name] = np.asarray(np.mean([of_arm(message) for message in messages], axis=0))
        if len(messages) > 1:
            for message in messages:
                found[f"{name}: {message}"] = of_arm(message)
    for first, other in design.contrasts:
        found[difference(first, other)] = over_arms(first) - over_arms(other)
    if arms is not None:
        for first, other in design.contrasts:
            told = f"({name}) × ({difference(first, other)})"
            found[told] = of_arm(first) - of_arm(other)
    if design.crossover:
        size = len(design.columns()) + 1
        found["period 2 − period 1"] = np.eye(size)[-2]
        assert arms is not None
        order = difference(f"{arms[1]} first", f"{arms[0]} first")
        found[f"sequence, {order} (with carry-over)"] = np.eye(size)[-1]
    return found


def effect_rows(table: DataFrame, design: Design) -> Array:
    """Return the fixed effects of each row in sum contrasts, shape (rows, effects)."""
    arms = table["arm"].astype(str).to_list() if design.arms else [None] * len(table)
    period = np.zeros(len(table))
    sequence = np.zeros(len(table))
    if design.crossover:
        assert design.arms is not None
        period = table["period"].to_numpy(float) - 1.5
        # The sequence is told by what came first: the arm of period 1, the other one of period 2.
        side = np.array([0.5 if arm == design.arms[1] else -0.5 for arm in arms])
        sequence = -side * np.sign(period)
    row = lru_cache(maxsize=None)(design.row)  # there are few kinds of answers
    cells = zip(arms, table["condition"].astype(str), period, sequence, strict=True)
    return np.array([row(*cell) for cell in cells]).reshape(len(table), -1)


def _fitted(table: DataFrame, design: Design) -> tuple[Mixed | None, tuple[str, ...], list[str]]:
    """Return the first fit that converges, from the fullest random part to the plainest."""
    session, message = table["session"].to_numpy(str), table["condition"].to_numpy(str)
    both = np.char.add(np.char.add(session, " "), message)  # no label holds a blank
    within = {"session": session, "message": message, BOTH: both}
    people = table["participant"].to_numpy(str)
    means = Means(*(table[name].to_numpy(float) for name in ("value", "answers", "squares")))
    fixed = effect_rows(table, design)
    tried: list[str] = []
    last: tuple[Mixed | None, tuple[str, ...]] = None, ()
    for parts in _random_parts(people, within, int(means.counts.sum())):
        found = fit_mixed(means, fixed, people, within, parts)
        if found is not None:
            last = found, parts
            if found.converged:
                break
        tried.append(_told(parts))
    return *last, [random for random in tried if random != _told(last[1])]


def _told(parts: Sequence[str]) -> str:
    told = [part if part == PERSON else f"{part} within participant" for part in parts]
    return ", ".join(told) or "none"


def _random_parts(
    people: Labels, within: Mapping[str, Labels], answers: int
) -> Sequence[tuple[str, ...]]:
    """Return random parts, the fullest first.

    A part that tells nothing apart within anybody is none. Nor is one that has a level for each
    single answer, since its variance can't be told from what is left.
    """
    persons = len(np.unique(people))
    if persons == answers:
        return ((),)
    levels = {name: len({*zip(people, part, strict=True)}) for name, part in within.items()}
    some = [name for name, count in levels.items() if persons < count < answers]
    if BOTH in some and len(some) < len(within):
        some.remove(BOTH)  # it is the same as the other one of the two
    chain = [{*some}, {*some} - {"session"}, {*some} - {"message"}]
    chain += [{*some} & {"message"}, {*some} & {"session"}, set()]
    parts = [(PERSON, *(part for part in some if part in kept)) for kept in chain]
    return tuple(dict.fromkeys(parts))


def _notes(found: Mixed) -> tuple[str, ...]:
    if min(found.variances.values()) < _NEAR_ZERO * found.variances["residual"]:
        return ("a variance of the random part is estimated near zero",)
    return ()
