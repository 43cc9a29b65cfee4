"""The report of a whole study."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.report.completeness import completeness
from analysis.report.games import games_over
from analysis.report.page import render
from analysis.science import figures
from analysis.science.arms import Arms, read_arms
from analysis.science.gather import Answers, facts_in, gathered
from analysis.science.models import difference
from analysis.science.moods import moods
from analysis.science.ratings import Outcome, outcomes
from analysis.science.scores import (
    Asked,
    Daily,
    asked,
    between_tasks,
    by_arm,
    counted_days,
    daily,
    with_daily,
)
from analysis.science.traits import Number, numbers_of, read_traits, with_trait
from experiment.daily.reports import reports_of
from experiment.errors import BadInput
from experiment.study import Study
from experiment.version import VERSION

if TYPE_CHECKING:
    from pandas import DataFrame

    from analysis.science.effects import Estimate
    from analysis.science.models import Fit


@dataclass(frozen=True)
class Sources:
    """What a report is made of beside the study's logs.

    Parameters
    ----------
    arms : Path or None
        The table that ``unblind --all`` wrote; None for a blinded report.
    traits : Path or None
        Numbers for each participant.
    rehearsals : bool
        Whether robots' sessions count.
    """

    arms: Path | None = None
    traits: Path | None = None
    rehearsals: bool = False


@dataclass(frozen=True, eq=False)
class Trait:
    """A trait with what it goes with."""

    name: str
    figure: bytes
    estimates: tuple[Estimate, ...]


def study_report(
    study: Study, sources: Sources, facts: Iterable[dict[str, Any]] | None = None
) -> str:
    """Return a study's report as one HTML page.

    Parameters
    ----------
    study : Study
    sources : Sources
    facts : iterable of dict or None
        Of each log, as an export keeps them; None to read the logs.

    Raises
    ------
    BadInput
        If there is nothing to report, or a file of `sources` can't be used.
    """
    arms = None if sources.arms is None else read_arms(sources.arms)
    traits = None if sources.traits is None else read_traits(sources.traits)
    answers = gathered(
        facts_in(study) if facts is None else facts,
        rehearsals=sources.rehearsals,
    )
    days = counted_days(reports_of(study))
    scores = with_daily(answers.scores, days)
    if not answers.counted and scores.empty:
        raise BadInput(_nothing(study, answers))
    known = {*answers.table["participant"], *scores["participant"]}
    if arms is not None and sources.arms is not None:
        _check_slots(arms, answers, sources)
        people, sessions = map(set, zip(*arms.given, strict=True))
        check_labels(sources.arms, "participant", people, known)
        check_labels(sources.arms, "session", sessions, set(study.protocol.sessions))
    if traits is not None and sources.traits is not None:
        check_labels(sources.traits, "participant", set(traits.index), known)
    found = outcomes(answers.table, arms)
    feelings = moods(answers.given, arms)
    questionnaires = None if scores.empty else _questionnaires(scores, arms)
    return render(
        "study.html.j2",
        version=VERSION,
        study=study.protocol.study,
        design=study.protocol.design,
        arms=arms,
        rehearsals=sources.rehearsals,
        answers=answers,
        standing=completeness(study, answers.logs, rehearsals=sources.rehearsals),
        outcomes=[(one, _figure(one, answers)) for one in found],
        comparison=_comparison(found),
        moods=feelings,
        mood_figure=figures.mood_figure(feelings, answers.scales) if feelings else b"",
        games=games_over(answers.games),
        questionnaires=questionnaires,
        days=days,
        traits=() if traits is None else _traits(traits, numbers_of(found, feelings, arms), arms),
    )


@dataclass(frozen=True, eq=False)
class Questionnaires:
    """Scores of questionnaires and daily reports, with their figures."""

    asked: list[Asked]
    figure: bytes
    between: list[Estimate]
    by_arm: list[tuple[str, Fit]]
    daily: list[Daily]
    daily_figure: bytes


def _questionnaires(scores: DataFrame, arms: Arms | None) -> Questionnaires:
    once = asked(scores)
    known = scores if arms is None else arms.joined(scores)
    two = arms is not None and known["arm"].nunique() > 1
    names = arms.names if arms is not None and two else None
    days = daily(known, names, crossover=arms is not None and arms.crossover)
    return Questionnaires(
        once,
        figures.needs_figure(once) if once else b"",
        between_tasks(scores),
        by_arm(scores, arms),
        days,
        figures.daily_figure(days, names) if days else b"",
    )


def _nothing(study: Study, answers: Answers) -> str:
    if not answers.logs:
        return f"{study.folder}: no logs; run a session first"
    robots = sum(log.rehearsal for log in answers.logs)
    count = len(answers.logs)
    which = f"all {count} logs are" if count > 1 else "the one log is"
    told = f"{study.folder}: nothing to report, {which} left out"
    if robots == len(answers.logs):
        return f"{told}: robots' sessions or rehearsals, which report --rehearsals counts"
    first = next(log for log in answers.logs if log.left_out is not None)
    return f"{told}; the first, {first.file}: {first.left_out}"


def _check_slots(arms: Arms, answers: Answers, sources: Sources) -> None:
    strangers = arms.strangers(answers.slots)
    if strangers:
        raise BadInput(
            f"{sources.arms}: tells another slot for participant {strangers[0]!r} than "
            "the header of their logs; is it the table of this study?"
        )


def check_labels(file: Path, what: str, labels: set[str], known: set[str]) -> None:
    """Refuse a table whose labels are not the study's, such as those that lost their zeros.

    Parameters
    ----------
    file : Path
        The table.
    what : str
        What is labelled, in words.
    labels, known : set of str
        The table's, and the study's.

    Raises
    ------
    BadInput
    """
    cut = {label.lstrip("0"): label for label in known}
    for label in sorted(labels - known):
        if label in cut:
            raise BadInput(
                f"{file}: {what} {label!r} is {cut[label]!r} in the study; a table program took "
                "it for a number: keep that column as text"
            )
    if not labels & known:
        raise BadInput(
            f"{file}: none of its {what}s is in this study's logs; is it another study's?"
        )


def _figure(one: Outcome, answers: Answers) -> bytes:
    return figures.ratings_figure(one, answers.scales.get(one.rating))


def _comparison(found: list[Outcome]) -> bytes:
    """Draw the effect of the arm on all ratings below each other; nothing while it is sealed."""
    rows = []
    for one in found:
        if one.fit is None or not one.fit.converged:
            continue
        several = len(one.design.messages) > 1
        for kind in one.design.messages:
            estimate = one.fit.arm_effect(kind)
            if estimate is not None:
                name = f"{one.task}, {one.rating}" + (f": {kind}" if several else "")
                rows.append((name, estimate))
    if not rows:
        return b""
    arms = next(one.design.arms for one in found if one.design.arms)
    return figures.forest(rows, f"{difference(arms[1], arms[0])}, points of the scale")


def _traits(traits: DataFrame, numbers: list[Number], arms: Arms | None) -> list[Trait]:
    names = None if arms is None else arms.names
    found = [(traits[name], with_trait(traits[name], numbers)) for name in traits.columns]
    return [
        Trait(str(trait.name), figures.trait_figure(trait, numbers[:2], names), tuple(estimates))
        for trait, estimates in found
        if estimates
    ]
