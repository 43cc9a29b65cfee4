"""Questionnaires after the fact: a table of answers, and scores made of them.

Nothing is scored in a session. A score is worked out by what the questionnaire's own file said when
it was filled in: which items, which of them reversed, mean or sum, and how many must be answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import fsum
from pathlib import Path

from analysis.bids_events import table_of
from experiment.daily.reports import DailyReports, reports_of
from experiment.errors import BadInput
from experiment.filled import filled_in
from experiment.outputs import Output, check_place
from experiment.protocol import Questionnaire
from experiment.protocol.questionnaire import Subscale, item_key
from experiment.readlog import SessionLog, read_log
from experiment.study import Study

COLUMNS = (
    "participant_id",
    "session_id",
    "task",
    "run",
    "day",
    "questionnaire",
    "version",
    "score",
    "value",
    "answered",
    "items",
)


@dataclass(frozen=True)
class Filling:
    """A questionnaire that was filled in once.

    Parameters
    ----------
    participant, session, task : str
        Labels.
    run : int or None
        Number among the session's runs of the task, by time, from 1; None for a daily report.
    day : int or None
        Number of the day, within its period, that a daily report is about.
    name : str
        The questionnaire's.
    questionnaire : Questionnaire
    answers : mapping of str to (int or None)
        By name of the item within the study.
    """

    participant: str
    session: str
    task: str
    run: int | None
    day: int | None
    name: str
    questionnaire: Questionnaire
    answers: Mapping[str, int | None]


@dataclass(frozen=True)
class Score:
    """A subscale's score.

    Parameters
    ----------
    value : float or None
        None where fewer items were answered than the questionnaire's file asks for.
    answered, items : int
        How many items were answered, and how many there are.
    """

    value: float | None
    answered: int
    items: int


def score_of(
    name: str, one: Questionnaire, subscale: Subscale, answers: Mapping[str, int | None]
) -> Score:
    """Return a subscale's score.

    A reversed item counts as ``lowest + highest - answer``. The mean is that of the answered items;
    the sum is that mean times the number of items, which is the plain sum where none is missing.

    Parameters
    ----------
    name : str
        The questionnaire's name.
    one : Questionnaire
    subscale : Subscale
    answers : mapping of str to (int or None)
        By name of the item within the study.
    """
    by_id = {item.id: item for item in one.items}
    values = []
    for item_id in subscale.items:
        answer = answers.get(item_key(name, item_id))
        if answer is None:
            continue
        item = by_id[item_id]
        span = one.scale_of(item).range
        values.append(span.lowest + span.highest - answer if item.reverse else answer)
    count = len(subscale.items)
    if len(values) < subscale.least_answered:
        return Score(None, len(values), count)
    mean = sum(values) / len(values)
    value = mean if subscale.score == "mean" else mean * count
    return Score(round(value, 6), len(values), count)


def fillings_in(log: SessionLog) -> list[Filling]:
    """Return the questionnaires of a log, but for daily reports."""
    protocol = log.header["protocol"]
    daily = (protocol.get("daily") or {}).get("task")
    count: Counter[str] = Counter()
    fillings = []
    for filled in filled_in(log):
        if filled.task == daily:
            continue
        count[filled.task] += 1
        for name in protocol["tasks"][filled.task]["questionnaires"]:
            one = Questionnaire.model_validate(protocol["questionnaires"][name])
            own = {item_key(name, item.id) for item in one.items}
            fillings.append(
                Filling(
                    log.header["participant"],
                    log.header["session"],
                    filled.task,
                    count[filled.task],
                    None,
                    name,
                    one,
                    {key: value for key, value in filled.answers.items() if key in own},
                )
            )
    return fillings


def fillings_of(logs: Iterable[Path], daily: DailyReports) -> list[Filling]:
    """Return all questionnaires that participants filled in, daily reports too; no robot's."""
    read = map(read_log, logs)
    found = [one for log in read if log.header["robot"] is None for one in fillings_in(log)]
    return [*found, *daily_fillings(daily)]


def daily_fillings(daily: DailyReports) -> list[Filling]:
    """Return the questionnaires of daily reports."""
    found = []
    for report in daily.reports:
        for name, one in report.questionnaires.items():
            own = {item_key(name, item.id) for item in one.items}
            answers = {key: value for key, value in report.answers.items() if key in own}
            where = (report.participant, report.session, report.task, None, report.number)
            found.append(Filling(*where, name, one, answers))
    return found


def scores_of(one: Filling) -> list[tuple[str, str, str, int | None, str, str, float | None]]:
    """Return a filling's scores; columns as in `analysis.science.gather.SCORES`."""
    where = (one.participant, one.session, one.task, one.day, one.name)
    return [
        (*where, name, score_of(one.name, one.questionnaire, subscale, one.answers).value)
        for name, subscale in one.questionnaire.subscales.items()
    ]


def scores_table(fillings: Iterable[Filling]) -> str:
    """Return all scores as tab-separated values, a score a line; columns as in `COLUMNS`."""
    rows = []
    for one in fillings:
        for name, subscale in one.questionnaire.subscales.items():
            score = score_of(one.name, one.questionnaire, subscale, one.answers)
            rows.append(
                {
                    "participant_id": f"sub-{one.participant}",
                    "session_id": f"ses-{one.session}",
                    "task": one.task,
                    "run": one.run,
                    "day": one.day,
                    "questionnaire": one.name,
                    "version": one.questionnaire.version,
                    "score": name,
                    "value": score.value,
                    "answered": score.answered,
                    "items": score.items,
                }
            )
    return table_of(rows, COLUMNS)


def traits_table(fillings: Iterable[Filling], names: Collection[str]) -> str:
    """Return scores as traits: a line for each participant, a column for each score.

    A score that a participant has several of, since they were asked again, is their mean.

    Parameters
    ----------
    fillings : iterable of Filling
    names : collection of str
        Of the questionnaires whose scores are traits.
    """
    found: dict[str, dict[str, list[float]]] = {}
    columns: dict[str, None] = {}
    for one in fillings:
        if one.name not in names:
            continue
        own = found.setdefault(f"sub-{one.participant}", {})
        for name, subscale in one.questionnaire.subscales.items():
            score = score_of(one.name, one.questionnaire, subscale, one.answers)
            columns[f"{one.name}_{name}"] = None
            if score.value is not None:
                own.setdefault(f"{one.name}_{name}", []).append(score.value)
    rows = [
        {"participant_id": person}
        | {name: _mean(values[name]) if name in values else None for name in columns}
        for person, values in sorted(found.items())
    ]
    return table_of(rows, ("participant_id", *columns))


def _mean(values: Collection[float]) -> float:
    return round(fsum(values) / len(values), 6)


def write_scores(study: Study, out: Path, traits: Collection[str] = ()) -> int:
    """Write the scores of a study's questionnaires, and return how many lines there are.

    Parameters
    ----------
    study : Study
    out : Path
    traits : collection of str
        Questionnaires whose scores are written as traits, by participant; none: all scores, a line
        each.

    Raises
    ------
    BadInput
        If there are none; and as for `Output.write`.
    """
    check_place(out)
    fillings = fillings_of(study.logs(), reports_of(study))
    if not fillings:
        raise BadInput(f"{study.folder}: no questionnaire was filled in by a participant yet")
    for name in traits:
        if not any(one.name == name for one in fillings):
            known = ", ".join(sorted({one.name for one in fillings}))
            raise BadInput(f"--traits {name}: nobody filled it in; there are {known}")
    table = traits_table(fillings, traits) if traits else scores_table(fillings)
    columns, _, _ = table.partition("\n")
    # One of other columns is another table.
    Output((".tsv",), mark=f"{columns}\n").write(out, table)
    return table.count("\n") - 1
