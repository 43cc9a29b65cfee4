"""Linear mixed models with variances within participants, by restricted maximum likelihood.

An answer is what its fixed effects say, plus what is the participant's, the session's within the
participant, the message's (kind of message) within the participant, and what is left. Within a
cell (a participant's answers to one kind of message in one session) all of these are the same but
the last, so cell means and the squares within cells hold all that the likelihood needs: it is
exact, and takes no longer for many answers. It is the model that statsmodels' ``MixedLM`` fits with
``re_formula='1'`` and one ``vc_formula`` for each part, and the tests hold both against each other;
that one takes seconds for thirty people, and hours for thousands.

Variances are profiled as ratios to the residual one and are kept at zero or above; the gradient is
that of Harville 1977 (J Am Stat Assoc 72:320).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

from analysis.science.effects import Array

Labels = npt.NDArray[np.str_]
_STEEPEST = 1e-4  # of the likelihood for each answer, where it is taken as the top


@dataclass(frozen=True, eq=False)
class Mixed:
    """A fitted model.

    Parameters
    ----------
    effects : array, shape (effects,)
        Of the fixed part.
    covariance : array, shape (effects, effects)
    variances : mapping of str to float
        Of each part, and ``residual``.
    converged : bool
    """

    effects: Array
    covariance: Array
    variances: Mapping[str, float]
    converged: bool


@dataclass(frozen=True, eq=False)
class Means:
    """Answers as means of those that are of one cell; a single answer is a mean of one.

    Parameters
    ----------
    values : array, shape (means,)
    counts : array, shape (means,)
        How many answers each is of.
    squares : array, shape (means,)
        Sum of what these differ from it, squared.
    """

    values: Array
    counts: Array
    squares: Array


def fit_mixed(
    means: Means, fixed: Array, participants: Labels, within: Mapping[str, Labels],
    parts: Sequence[str]
) -> Mixed | None:  # fmt: skip
    """Fit a model.

    Parameters
    ----------
    means : Means
        Several may be of one cell.
    fixed : array, shape (means, effects)
        The same for all of a cell.
    participants : array of str, shape (means,)
    within : mapping of str to array of str, shape (means,)
        What makes up the cells of a participant.
    parts : sequence of str
        What has a variance of its own: ``participant``, and some of `within`. Without any, all
        answers are independent.

    Returns
    -------
    Mixed or None
        None if the fixed effects can't be told apart.
    """
    cells = _Cells(means, fixed, participants, within, parts)
    if np.linalg.matrix_rank(cells.fixed.reshape(-1, fixed.shape[1])) < fixed.shape[1]:
        return None
    found = optimize.minimize(
        cells.deviance,
        np.full(len(parts), 0.3),
        jac=True,
        method="L-BFGS-B",
        bounds=optimize.Bounds(0.0, np.inf),
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 500},
    )
    at = cells.at(found.x)
    _, slope = cells.deviance(found.x)
    slope = np.where((found.x <= 0) & (slope > 0), 0.0, slope)
    ratios = dict(zip(parts, found.x, strict=True))
    return Mixed(
        at.effects,
        at.residual * at.spread,
        {name: float(ratio * at.residual) for name, ratio in ratios.items()}
        | {"residual": at.residual},
        bool(np.isfinite(found.fun) and np.abs(slope).max(initial=0.0) < _STEEPEST),
    )


@dataclass(frozen=True, eq=False)
class _At:
    """What follows from some ratios of variances."""

    inverse: Array  # of each participant's covariance of cell means, by the residual variance
    effects: Array
    spread: Array  # of the effects, by the residual variance
    weighed: Array  # what is left of the cell means, times `inverse`
    residual: float
    deviance: float


class _Cells:
    """Cell means of all participants; who has fewer cells than others has empty ones behind."""

    def __init__(
        self, given: Means, fixed: Array, participants: Labels, within: Mapping[str, Labels],
        parts: Sequence[str]
    ) -> None:  # fmt: skip
        every = {"participant": participants, **within}
        level = {name: np.unique(one, return_inverse=True)[1] for name, one in every.items()}
        levels = tuple(level.values())
        key = np.ravel_multi_index(levels, [int(one.max()) + 1 for one in levels])
        _, first, cell = np.unique(key, return_index=True, return_inverse=True)
        count = np.bincount(cell, given.counts)
        means = np.bincount(cell, given.counts * given.values) / count
        around = given.counts * (given.values - means[cell]) ** 2
        self._squares = float((given.squares + around).sum())
        self._free = int(count.sum()) - fixed.shape[1]
        owner = level["participant"][first]  # in order: it is the key's first part
        place = np.arange(len(owner)) - np.searchsorted(owner, owner)
        shape = (int(owner.max()) + 1, int(place.max()) + 1)

        def laid(flat: npt.NDArray[np.generic], empty: float) -> Array:
            out = np.full((*shape, *flat.shape[1:]), empty)
            out[owner, place] = flat
            return out

        self.fixed = laid(fixed[first], 0.0)
        self._means = laid(means, 0.0)[..., None]
        self._alone = laid(1.0 / count, 1.0)[..., None] * np.eye(shape[1])
        # Cells are compared within a participant only, so that one's own level is that of all.
        self._shared = [_shared(laid(level[part][first], np.nan)) for part in parts]

    def at(self, ratios: Array) -> _At:
        """Return effects and deviance at ratios of the variances to the residual one."""
        covariance = self._alone + sum(
            ratio * shared for ratio, shared in zip(ratios, self._shared, strict=True)
        )
        inverse = np.linalg.inv(covariance)
        weighed = inverse @ self.fixed
        information = np.einsum("pci,pcj->ij", self.fixed, weighed)
        spread = np.linalg.inv(information)
        effects = spread @ np.einsum("pci,pcj->i", weighed, self._means)
        left = self._means - (self.fixed @ effects)[..., None]
        weighed_left = inverse @ left
        residual = (self._squares + float((left * weighed_left).sum())) / self._free
        deviance = (
            self._free * np.log(residual)
            + float(np.linalg.slogdet(covariance)[1].sum())
            + float(np.linalg.slogdet(information)[1])
        )
        return _At(inverse, effects, spread, weighed_left, residual, deviance)

    def deviance(self, ratios: Array) -> tuple[float, Array]:
        """Return minus twice the restricted log likelihood for each answer, and its gradient."""
        at = self.at(ratios)
        weighed = at.inverse @ self.fixed
        slopes = []
        for shared in self._shared:
            own = float(np.einsum("pij,pji->", at.inverse, shared))
            of_fixed = np.einsum("pci,pcd,pdj->ij", weighed, shared, weighed, optimize=True)
            of_left = float((at.weighed * (shared @ at.weighed)).sum())
            slopes.append(own - float((at.spread * of_fixed).sum()) - of_left / at.residual)
        return at.deviance / self._free, np.array(slopes) / self._free


def _shared(level: Array) -> Array:
    """Return 1 where two cells of a participant are of the same level, else 0."""
    alike = level[:, :, None] == level[:, None, :]  # nothing is as an empty one
    return np.asarray(alike, float)
