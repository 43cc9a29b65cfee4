"""The report of one session."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from analysis.gathering import as_session_log
from analysis.notes import note_rows
from analysis.questionnaires import Filling, Score, fillings_in, score_of
from analysis.report.games import games_of
from analysis.report.page import render
from analysis.science.facts import answers_in, scales_of
from analysis.science.gather import frame_of
from analysis.science.palette import PALE, QUIET, colour_of, new_figure, panels, svg
from analysis.tables import runs
from analysis.timing import measure
from analysis.timing_figure import draw
from analysis.timing_summary import summary
from experiment.errors import BadInput
from experiment.readlog import SessionLog
from experiment.version import VERSION

if TYPE_CHECKING:
    from pandas import DataFrame


def session_report(log: SessionLog, *, with_notes: bool = False) -> str:
    """Return a session's report as one HTML page.

    Parameters
    ----------
    log : SessionLog
    with_notes : bool
        Whether the words of notes are in it; they may hold names. Their times always are.
    """
    timing = measure(log)
    table = frame_of(answers_in(log))
    answered = table[table["condition"].notna()]
    end = next(log.of("end"), None)
    scores, unscored = _scores(log)
    faults = Counter((fault.what, fault.origin) for fault in timing.faults)
    return render(
        "session.html.j2",
        version=VERSION,
        header=log.header,
        study=log.header["protocol"]["study"],
        log=log,
        reason=None if end is None else end.get("reason"),
        runs=runs(log),
        summary=summary(timing),
        timing_figure=draw(timing),
        ratings_figure=_ratings_figure(answered, scales_of(log)) if len(answered) else b"",
        ratings=_ratings(answered),
        games=games_of(log),
        scores=scores,
        unscored=unscored,
        faults=timing.faults,
        fault_counts=faults,
        notes=note_rows(log),
        with_notes=with_notes,
    )


def _ratings(table: DataFrame) -> list[dict[str, str | float | None]]:
    """Return a row for each task, rating, condition and moment, with what was answered."""
    keys = ["task", "rating", "condition", "moment"]
    rows = []
    for key, own in table.groupby(keys, sort=False, dropna=False):
        given = own[own["confirmed"].fillna(False)]
        values, times = given["value"].to_numpy(float), given["rt"].dropna().to_numpy(float)
        moment = own["moment"].iloc[0]
        rows.append(
            {
                **dict(zip(keys[:3], map(str, key[:3]), strict=True)),
                "moment": str(moment) if isinstance(moment, str) else None,
                "asked": len(own),
                "given": len(given),
                "mean": float(values.mean()) if len(values) else None,
                "sd": float(values.std(ddof=1)) if len(values) > 1 else None,
                "rt": float(np.median(times)) if len(times) else None,
            }
        )
    return rows


def _scores(log: SessionLog) -> tuple[list[tuple[Filling, str, Score]], str | None]:
    """Return each score of the session's questionnaires, or why there are none.

    None of daily reports, which have days.
    """
    try:
        with as_session_log(log.file):
            scores = [
                (one, name, score_of(one.name, one.questionnaire, subscale, one.answers))
                for one in fillings_in(log)
                for name, subscale in one.questionnaire.subscales.items()
            ]
    except BadInput as error:  # of another version, say
        return [], str(error).removeprefix(f"{log.file}: ")  # folders may hold names
    return scores, None


def _ratings_figure(table: DataFrame, scales: dict[str, tuple[int, int]]) -> bytes:
    """Draw every answer in the order of the session, a panel for each rating."""
    names = list(dict.fromkeys(table["rating"]))
    conditions = list(dict.fromkeys(table["condition"]))
    figure = new_figure(8.6, 0.8 + 1.75 * len(names))
    axes = panels(figure, len(names), stacked=True)
    for ax, name in zip(axes, names, strict=True):
        own = table[table["rating"] == name].reset_index(drop=True)
        for place, condition in enumerate(conditions):
            part = own[own["condition"] == condition]
            taken = part["confirmed"].fillna(False)
            colour = colour_of(str(condition), place)
            ax.plot(part.index[taken] + 1, part["value"][taken], "o", ms=5.5, color=colour)
            open_ = ~taken & part["value"].notna()
            ax.plot(part.index[open_] + 1, part["value"][open_], "o", ms=5.5, mfc="white",
                    mec=colour)  # fmt: skip
        low, high = scales.get(str(name), ax.get_ylim())
        missing = own.index[own["value"].isna()] + 1
        ax.plot(missing, np.full(len(missing), low), "x", ms=5, color=QUIET)
        margin = 0.06 * (high - low)
        if high - low <= 10:
            ax.set_yticks(np.arange(low, high + 1))
        ax.set_ylim(low - margin, high + margin)
        ax.set_ylabel(str(name).replace("_", " "))
        ax.grid(axis="y", color=PALE, lw=0.6)
        ax.locator_params(axis="x", integer=True)
        ax.set_axisbelow(True)
    axes[-1].set_xlabel("question of that kind, in order")
    for place, condition in enumerate(conditions):
        colour = colour_of(str(condition), place)
        axes[0].plot([], [], "o", color=colour, label=str(condition).replace("_", " "))
    axes[0].plot([], [], "o", mfc="white", mec=QUIET, label="not confirmed")
    axes[0].plot([], [], "x", color=QUIET, label="no answer")
    figure.legend(loc="outside upper right", ncols=len(conditions) + 2, frameon=False, fontsize=9)
    return svg(figure)
