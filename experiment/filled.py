"""Questionnaires that were filled in, as session logs tell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from experiment.plain import from_plain
from experiment.plans.questionnaire import QuestionnairePlan
from experiment.readlog import Event, SessionLog
from experiment.screens import Item
from experiment.steps import Response, kept_answer


@dataclass(frozen=True)
class FilledIn:
    """The questionnaires of one run.

    Parameters
    ----------
    task : str
    run : int
        Number in the session, from 1.
    answers : mapping of str to (int or None)
        By name of the item (``questionnaire.item``), in the order of the plan. None where it was
        left out, was not asked because of a rule, or its time or the session ended first.
    ended : datetime or None
        When the last answer was given, in local time; None if the run was cut short.
    """

    task: str
    run: int
    answers: Mapping[str, int | None]
    ended: datetime | None


def filled_in(log: SessionLog) -> tuple[FilledIn, ...]:
    """Return the questionnaires of a log, one for each run of a questionnaire task."""
    kinds = {task: spec["kind"] for task, spec in log.header["protocol"]["tasks"].items()}
    return tuple(
        _of_run(log, begun, events)
        for begun, events in _runs(log)
        if kinds.get(begun["task"]) == "questionnaire"
    )


def _runs(log: SessionLog) -> Iterator[tuple[Event, list[Event]]]:
    """Yield each run's first event and all that follow it in the run."""
    runs: list[tuple[Event, list[Event]]] = []
    for event in log.but_frames:
        if event["type"] == "run_begin":
            runs.append((event, []))
        elif runs:
            runs[-1][1].append(event)
    yield from runs


def _of_run(log: SessionLog, begun: Event, events: list[Event]) -> FilledIn:
    plan = from_plain(QuestionnairePlan, log.header["plans"][begun["task"]])
    items: dict[int, Item] = {}
    given: dict[str, int | None] = {}
    for event in events:
        if event["type"] == "step" and event["step"]["screen"]["kind"] == "item":
            items[event["n"]] = from_plain(Item, event["step"]["screen"])
        if event["type"] == "outcome" and event["n"] in items:
            item, response = items[event["n"]], event["outcome"]["response"]
            answer = None if response is None else from_plain(Response, response)
            given[item.rating] = kept_answer(item, answer)
    answers: dict[str, int | None] = {}
    for trial in plan.trials:  # an answer that a changed one has made pointless doesn't count
        answers[trial.item] = given.get(trial.item) if trial.asked(answers) else None
    ended = next((event for event in events if event["type"] == "run_end"), None)
    return FilledIn(
        begun["task"], begun["run"], answers, None if ended is None else _local(log, ended["t"])
    )


def _local(log: SessionLog, t: float) -> datetime:
    """Return a time of the session clock (s) in the local time of the machine that wrote it."""
    header = log.header
    moment = datetime.fromisoformat(header["utc"]) + timedelta(seconds=t - header["utc_at"])
    return moment.replace(tzinfo=None) + timedelta(seconds=header.get("utc_offset_s", 0))
