"""Daily reports in a BIDS data set: one table for each participant and session, a line a report.

Days are numbers within the period: dates would say too much about a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from analysis.bids_beh import column_of, columns_of_items, item_columns
from analysis.bids_events import table_of
from analysis.writing import json_text
from experiment.protocol import worded

if TYPE_CHECKING:
    from experiment.daily.reports import Report

_COLUMNS = ("day", "report", "source", "late")


def daily_files(reports: Sequence[Report], study: Mapping[str, Any]) -> dict[str, str]:
    """Return the files of daily reports, by their paths in the data set.

    Where a questionnaire was changed within a period, the columns are those of the last report, and
    so are the words where they were filled in in several languages.

    Parameters
    ----------
    reports : sequence of Report
    study : mapping
        The protocol's section on the study.
    """
    files: dict[str, str] = {}
    for participant, session in sorted({(r.participant, r.session) for r in reports}):
        own = [r for r in reports if (r.participant, r.session) == (participant, session)]
        questionnaires = own[-1].questionnaires
        columns = (*_COLUMNS, *columns_of_items(questionnaires))
        name = f"sub-{participant}_ses-{session}_task-{own[-1].task}_beh"
        stem = f"sub-{participant}/ses-{session}/beh/{name}"
        files[f"{stem}.tsv"] = table_of(_rows(own), columns)
        files[f"{stem}.json"] = json_text(_sidecar(own[-1], study))
    return files


def _rows(reports: Sequence[Report]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    of_day: Counter[date] = Counter()  # not by number, which some days don't have
    for report in sorted(reports, key=lambda r: (r.day, r.completed)):
        of_day[report.day] += 1
        rows.append(
            {
                "day": report.number,
                "report": of_day[report.day],
                "source": report.source,
                "late": report.late,
                **{column_of(item): value for item, value in report.answers.items()},
            }
        )
    return rows


def _sidecar(last: Report, study: Mapping[str, Any]) -> dict[str, Any]:
    questionnaires, language = last.questionnaires, last.language
    if any(language not in one.languages for one in questionnaires.values()):
        language = next(iter(questionnaires.values())).languages[0]  # a survey has words of its own
    openings = [one.instructions for one in questionnaires.values() if one.instructions is not None]
    return {
        "TaskName": last.task,
        "TaskDescription": "A report on each day of a period, filled in at a desk, on a page at "
        "home, or with a survey tool.",
        "Instructions": "\n\n".join(worded(text, language).strip() for text in openings) or "None",
        "CogAtlasID": "n/a",
        "CogPOID": "n/a",
        "InstitutionName": study["institution"],
        "InstitutionAddress": study["address"],
        "InstitutionalDepartmentName": study["department"],
        "day": {
            "Description": "Day of the period that the report is about, from 1; n/a where it "
            "lies in no period that is known."
        },
        "report": {
            "Description": "Number of the report among those of the same day, by the time at which "
            "it was filled in; 1 is the first."
        },
        "source": {
            "Description": "How the report was filled in.",
            "Levels": {
                "desk": "At a desk, with this software",
                "page": "At home, on the page that this software makes",
                "qualtrics": "With Qualtrics",
                "redcap": "With REDCap",
            },
        },
        "late": {
            "Description": "Whether the report was filled in after its day was over.",
            "Levels": {"true": "Later", "false": "On its day"},
        },
        **item_columns(questionnaires, language),
    }
