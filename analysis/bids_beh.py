"""Questionnaires in a BIDS data set: ``*_beh.tsv``, a line each time they were filled in.

Answers are as they were given; nothing is reversed or scored here. What an item says goes into the
data set only where the questionnaire's file allows it (``share_texts``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.bids_events import table_of
from analysis.row_types import Run
from experiment.protocol import Questionnaire, worded
from experiment.protocol.questionnaire import AnswerScale, Item, item_key
from experiment.readlog import SessionLog

KIND = "questionnaire"


def column_of(item: str) -> str:
    """Return the name of an item's column."""
    return item.replace(".", "_")


def answers_table(log: SessionLog, run: Run) -> str:
    """Return the answers of a run of questionnaires: one line, a column for each item."""
    from experiment.filled import filled_in  # with all that plans a questionnaire

    filled = next(one for one in filled_in(log) if one.run == run.number)
    row = {column_of(item): value for item, value in filled.answers.items()}
    return table_of([row], sorted(row, key=_place(log, run)))


def questionnaires_of(protocol: Mapping[str, Any], task: str) -> dict[str, Questionnaire]:
    """Return the questionnaires of a task, as a log's header has them."""
    known = protocol["questionnaires"]
    names = protocol["tasks"][task]["questionnaires"]
    return {name: Questionnaire.model_validate(known[name]) for name in names}


def _place(log: SessionLog, run: Run) -> Any:
    """Return a key that sorts columns as the questionnaires' files have their items."""
    columns = columns_of_items(questionnaires_of(log.header["protocol"], run.task))
    return columns.index


def columns_of_items(questionnaires: Mapping[str, Questionnaire]) -> list[str]:
    """Return a column for each item, in the order of the files."""
    return [
        column_of(item_key(name, item.id))
        for name, one in questionnaires.items()
        for item in one.items
    ]


def item_columns(questionnaires: Mapping[str, Questionnaire], language: str) -> dict[str, Any]:
    """Return what each item's column means, and which questionnaires these are."""
    columns: dict[str, Any] = {
        "MeasurementToolMetadata": {
            "Description": " ".join(
                f"{name}: {one.title}, version {one.version}. Wording: {one.wording}. Source: "
                f"{one.source}. Licence: {one.licence}."
                for name, one in questionnaires.items()
            )
        }
    }
    for name, one in questionnaires.items():
        for item in one.items:
            columns[column_of(item_key(name, item.id))] = _meaning(one, item, language)
    return columns


def item_levels(questionnaires: Mapping[str, Questionnaire], language: str) -> dict[str, str]:
    """Return what each item says, by its column."""
    return {
        column_of(item_key(name, item.id)): _text(one, item, language)
        for name, one in questionnaires.items()
        for item in one.items
    }


def _text(one: Questionnaire, item: Item, language: str) -> str:
    if not one.share_texts:
        return f"Item {item.id} of {one.title}; its licence does not let its words be shared"
    stem = "" if one.stem is None else worded(one.stem, language) + " "
    return stem + worded(item.text, language)


def _meaning(one: Questionnaire, item: Item, language: str) -> dict[str, Any]:
    scale = one.scale_of(item)
    remarks = [_text(one, item, language)]
    if item.reverse:
        remarks.append("(reversed in scoring; here as it was answered)")
    if item.show_if is not None:
        remarks.append(f"(asked only after certain answers to {item.show_if.item})")
    if not one.requires(item):
        remarks.append("(could be left out)")
    anchors = {place: worded(text, language) for place, text in scale.anchors_at.items()}
    if scale.continuous:
        ends = ", ".join(f"{place} = {text}" for place, text in anchors.items())
        remarks.append("A continuous line." if scale.kind == "percent" else f"A line: {ends}.")
        span = {"Minimum": scale.range.lowest, "Maximum": scale.range.highest}
        units = {"Units": "percent"} if scale.kind == "percent" else {}
        return {"Description": " ".join(remarks), **units, **span}
    return {"Description": " ".join(remarks), "Levels": _levels(scale, anchors)}


def _levels(scale: AnswerScale, anchors: Mapping[int, str]) -> dict[str, str]:
    span = scale.range
    return {
        str(value): anchors.get(value, f"Point {value}, {span.lowest} to {span.highest}")
        for value in range(span.lowest, span.highest + 1)
    }
