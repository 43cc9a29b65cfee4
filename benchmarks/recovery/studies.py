"""A simulated study, made in one of three ways: what the analysis says, beside the truth."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.science.arms import read_arms
from analysis.science.classical import groups, period_differences
from analysis.science.facts import answers_in
from analysis.science.gather import cells_from, frame_of, gather
from analysis.science.models import Design
from analysis.science.ratings import Outcome, outcome
from benchmarks.simulated import Truth, ratings_of, whole_study
from experiment.readlog import read_log
from experiment.study import open_study

if TYPE_CHECKING:
    from pandas import DataFrame

CROSSOVER, PARALLEL = "inagaki2016", "inagaki2019"
PEOPLE = {CROSSOVER: 31, PARALLEL: 80}  # S0; L2: 40 per arm
EFFECT = -0.5  # points of the scale; no document tells one: lab default
DESIGNS = (
    (CROSSOVER, False, "Crossover, 31"),
    (CROSSOVER, True, "Crossover of two kinds, 31"),
    (PARALLEL, False, "Parallel, 40 per arm"),
)
POWER = (-0.8, -0.65, -0.5, -0.35, -0.2, 0.0)
ARM = "naltrexone − placebo"


@dataclass(frozen=True)
class Found:
    """One estimate of one simulated study, and the truth."""

    what: str
    how: str
    truth: float
    value: float
    low: float
    high: float
    p: float
    converged: bool

    @property
    def covers(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= self.truth <= self.high


@dataclass(frozen=True)
class Study:
    """All estimates of one simulated study, and means and SDs of its participants."""

    found: tuple[Found, ...]
    described: dict[str, tuple[float, float]]
    answers: tuple[float, ...]


def analysed(truth: Truth, one: Outcome, answers: DataFrame) -> Study:
    """Return what the analysis says, beside the truth."""
    found = []
    fit = one.fit
    for estimate in (*(() if fit is None else fit.estimates), *one.beside):
        if any(told in estimate.what for told in ("period", "sequence", "carry-over")):
            continue
        found.append(
            Found(
                estimate.what,
                estimate.how,
                truth.expected(estimate.what),
                estimate.value,
                estimate.low,
                estimate.high,
                estimate.p,
                fit is not None and fit.converged,
            )
        )
    means = {row.message: (row.mean, row.sd) for row in one.described if row.arm is None}
    return Study(tuple(found), means, tuple(answers["value"].dropna()))


def straight(job: tuple[Truth, int]) -> Study:
    """Draw and analyse a study by the robot's model alone."""
    truth, seed = job
    rows, arms = ratings_of(truth, seed)
    return analysed(truth, outcome("messages", "connection", cells_from(rows), arms), rows)


def tests_alone(job: tuple[Truth, int]) -> Study:
    """Draw a study and analyse it by the classical tests alone, which takes no time."""
    truth, seed = job
    rows, arms = ratings_of(truth, seed)
    known = arms.joined(rows[rows["value"].notna()])
    design = Design(arms.names, tuple(truth.messages), truth.crossover)
    if truth.crossover:
        estimate = period_differences(known, arms.names).arm
        estimates = [] if estimate is None else [estimate]
    else:
        estimates = groups(known, design)
    return Study(
        tuple(
            Found(e.what, e.how, truth.expected(e.what), e.value, e.low, e.high, e.p, True)
            for e in estimates
        ),
        {},
        tuple(rows["value"].dropna()),
    )


def whole_way(job: tuple[Truth, int]) -> Study:
    """Run and analyse a study by way of its sessions and logs."""
    truth, seed = job
    with tempfile.TemporaryDirectory() as name:
        folder, file = whole_study(Path(name), truth, seed)
        study = open_study(folder)
        cells = gather(study, rehearsals=True).table
        rated = cells[cells["rating"] == "connection"]
        answers = frame_of([row for log in study.logs() for row in answers_in(read_log(log))])
        one = outcome("messages", "connection", rated, read_arms(file))
        return analysed(truth, one, answers[answers["rating"] == "connection"])
