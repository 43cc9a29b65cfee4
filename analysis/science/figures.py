"""The figures of a study: individuals as thin lines, estimates with their 95 % intervals on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.science.classical import person_means
from analysis.science.effects import Estimate, from_t, mean_of
from analysis.science.models import difference
from analysis.science.moods import Mood, readable
from analysis.science.palette import (
    ARMS,
    INK,
    PALE,
    POOLED,
    QUIET,
    colour_of,
    new_figure,
    panels,
    svg,
)
from analysis.science.ratings import Outcome
from analysis.science.scores import Asked, Daily
from analysis.science.traits import Number, pairs_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame, Series

_WIDE = 8.6  # inches
_MANY = 500  # people; more are drawn as a picture within the drawing
_ABOVE: dict[str, Any] = {"loc": "outside upper right", "frameon": False, "fontsize": 9}
_ESTIMATE: dict[str, Any] = {"fmt": "o", "ms": 6.5, "capsize": 0, "elinewidth": 2.4, "zorder": 5}


def ratings_figure(outcome: Outcome, scale: tuple[int, int] | None) -> bytes:
    """Draw one rating: by arm where arms are known, else by kind of message."""
    if outcome.design.arms and outcome.design.crossover:
        return _crossover(outcome, outcome.design.arms, scale)
    if outcome.design.arms:
        return _parallel(outcome, outcome.design.arms, scale)
    return _pooled(outcome, scale)


def _crossover(outcome: Outcome, arms: tuple[str, str], scale: tuple[int, int] | None) -> bytes:
    """Draw each participant in both arms, and beside it what the arm changed in each."""
    kinds = outcome.design.messages
    figure = new_figure(min(_WIDE, 5.6 if len(kinds) == 1 else 2.6 + 2.0 * len(kinds)), 3.6)
    *axes, last = panels(figure, len(kinds) + 1)
    both = False
    for place, (ax, kind) in enumerate(zip(axes, kinds, strict=True)):
        means = _by_arm(outcome, arms, kind)
        _lines(ax, np.array([0.0, 1.0]), means)
        for side, arm in enumerate(arms):
            # Beside the lines, so that the estimates hide nobody.
            _estimate(ax, -0.16 if side == 0 else 1.16, _cell(outcome, arm, kind), ARMS[side])
        ax.set_xticks([0, 1], [_arm_name(arm) for arm in arms])
        ax.set_xlim(-0.45, 1.45)
        ax.set_title(kind if len(kinds) > 1 else "")
        _scale(ax, outcome.rating if place == 0 else "", scale)
        changes = means[:, 1] - means[:, 0]
        changes = changes[np.isfinite(changes)]
        both = both or len(changes) > 0
        _dots(last, place + _spread(changes), changes, QUIET, alpha=0.6)
        found = None if outcome.fit is None else outcome.fit.arm_effect(kind)
        if found is not None:
            _estimate(last, place, found, INK, edge=True)
    if not both:  # nobody has had both arms yet
        last.remove()
        return svg(figure)
    last.axhline(0, color=QUIET, lw=0.8)
    last.set_xlim(-0.6, len(kinds) - 0.4)
    last.set_xticks(range(len(kinds)), list(kinds) if len(kinds) > 1 else [""])
    last.set_ylabel(difference(arms[1], arms[0]))
    return svg(figure)


def _by_arm(outcome: Outcome, arms: tuple[str, str], kind: str) -> np.ndarray:
    """Return the mean of each participant (rows) in each arm (columns)."""
    own = outcome.table[outcome.table["condition"] == kind]
    means = own.groupby(["participant", "arm"])["value"].mean()
    wide: DataFrame = means.unstack("arm")
    return np.asarray(wide.reindex(columns=list(arms)), float)


def _parallel(outcome: Outcome, arms: tuple[str, str], scale: tuple[int, int] | None) -> bytes:
    kinds = outcome.design.messages
    figure = new_figure(min(_WIDE, 1.6 + 2.4 * len(kinds)), 3.5)
    (ax,) = panels(figure, 1)
    means = person_means(outcome.table)
    arm_of = outcome.table.groupby("participant")["arm"].first()
    for place, arm in enumerate(arms):
        people = means[(arm_of.loc[means.index] == arm).to_numpy()]
        for x, kind in enumerate(kinds):
            centre = x + (-0.2, 0.2)[place]
            values = people[kind].dropna().to_numpy(float)
            _dots(ax, centre + _spread(values), values, ARMS[place])
            _estimate(ax, centre, _cell(outcome, arm, kind), ARMS[place], edge=True)
        ax.plot([], [], "o", ms=6.5, color=ARMS[place], label=_arm_name(arm))
    ax.set_xticks(range(len(kinds)), list(kinds))
    ax.set_xlim(-0.6, len(kinds) - 0.4)
    figure.legend(ncols=2, **_ABOVE)
    _scale(ax, outcome.rating, scale)
    return svg(figure)


def _pooled(outcome: Outcome, scale: tuple[int, int] | None) -> bytes:
    """Draw means over all sessions: lines from session to session would hint at the arms."""
    kinds = outcome.design.messages
    figure = new_figure(min(_WIDE, 1.7 + 1.5 * len(kinds)), 3.5)
    (ax,) = panels(figure, 1)
    means = person_means(outcome.table).reindex(columns=list(kinds))
    if len(kinds) > 1:
        _lines(ax, np.arange(len(kinds), dtype=float), means.to_numpy(float), dots=False)
    for x, kind in enumerate(kinds):
        values = means[kind].dropna().to_numpy(float)
        colour = colour_of(kind, x)
        _dots(ax, x + _spread(values), values, colour)
        _estimate(ax, x, _cell(outcome, None, kind), colour, edge=True)
    ax.set_xticks(range(len(kinds)), list(kinds))
    ax.set_xlim(-0.6, len(kinds) - 0.4)
    _scale(ax, outcome.rating, scale)
    return svg(figure)


def forest(estimates: Sequence[tuple[str, Estimate]], label: str) -> bytes:
    """Draw estimates with their intervals below each other, and a line at none.

    Parameters
    ----------
    estimates : sequence of (str, Estimate)
        Each with its name.
    label : str
        Of the axis.
    """
    figure = new_figure(_WIDE, 0.9 + 0.34 * len(estimates))
    (ax,) = panels(figure, 1)
    ax.axvline(0, color=QUIET, lw=1)
    for place, (_, one) in enumerate(estimates):
        ax.plot([one.low, one.high], [place, place], color=POOLED, lw=2.2, solid_capstyle="round")
        ax.plot(one.value, place, "o", ms=6.5, color=POOLED)
        ax.annotate(
            f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]".replace("-", "−"),
            (1.01, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8.5,
        )
    ax.set_yticks(range(len(estimates)), [name for name, _ in estimates])
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_ylim(len(estimates) - 0.4, -0.6)
    ax.set_xlabel(label)
    return svg(figure)


def mood_figure(moods: Sequence[Mood], scales: Mapping[str, tuple[int, int]]) -> bytes:
    """Draw how feelings go over the moments of each block, a panel each."""
    figure = new_figure(_WIDE, 3.3)
    axes = panels(figure, len(moods))
    for ax, mood in zip(axes, moods, strict=True):
        x = np.arange(len(mood.moments), dtype=float)
        for place, condition in enumerate(mood.conditions):
            colour = colour_of(condition, place)
            own = mood.means.xs(condition, level="condition")[list(mood.moments)]
            offset = 0.09 * (place - (len(mood.conditions) - 1) / 2)
            for person in own.to_numpy(float):
                ax.plot(x + offset, person, color=colour, alpha=0.13, lw=0.7)
            means = [mean_of(own[m].dropna().to_numpy(float)) for m in mood.moments]
            drawn = [(xi + offset, one) for xi, one in zip(x, means, strict=True) if one]
            ax.plot([xi for xi, _ in drawn], [one.value for _, one in drawn], color=colour, lw=1.6)
            for xi, one in drawn:
                _estimate(ax, xi, one, colour)
            ax.plot([], [], "o-", color=colour, label=condition.replace("_", " "))
        ax.set_xticks(x, [readable(moment).replace(" after", "\nafter") for moment in mood.moments])
        ax.set_title(mood.rating.replace("_", " "))
        low, high = scales.get(mood.rating, ax.get_ylim())
        ax.set_ylim(low - 0.2, high + 0.2)
    axes[0].set_ylabel("rating")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, ncols=len(labels), **_ABOVE)
    return svg(figure)


def needs_figure(found: Sequence[Asked]) -> bytes:
    """Draw the mean of each score with its interval, a colour for each task that asked it."""
    names = list(dict.fromkeys((one.questionnaire, one.score) for one in found))
    tasks = list(dict.fromkeys(one.task for one in found))
    figure = new_figure(_WIDE, 0.9 + 0.36 * len(names))
    (ax,) = panels(figure, 1)
    for one in found:
        place, side = names.index((one.questionnaire, one.score)), tasks.index(one.task)
        y = place + 0.22 * (side - (len(tasks) - 1) / 2)
        colour = colour_of(one.task, side)
        ax.plot([one.mean.low, one.mean.high], [y, y], color=colour, lw=2.2)
        ax.plot(one.mean.value, y, "o", ms=6, color=colour)
    for side, task in enumerate(tasks):
        ax.plot([], [], "o-", color=colour_of(task, side), label=task)
    ax.set_yticks(
        range(len(names)), [f"{score.replace('_', ' ')} ({name})" for name, score in names]
    )
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="x", color=PALE, lw=0.6)
    ax.set_axisbelow(True)
    ax.set_xlabel("mean score, 95 % interval")
    if len(tasks) > 1:
        figure.legend(ncols=len(tasks), **_ABOVE)
    return svg(figure)


def daily_figure(found: Sequence[Daily], arms: tuple[str, str] | None) -> bytes:
    """Draw the mean of each day with its interval, by arm where arms are known."""
    figure = new_figure(_WIDE, 3.1)
    axes = panels(figure, len(found))
    for ax, one in zip(axes, found, strict=True):
        for place, arm in enumerate(arms or (None,)):
            own = one.table if arm is None else one.table[one.table["arm"] == arm]
            days = sorted(own["day"].unique())
            offset = 0.0 if arms is None else (-0.06, 0.06)[place]
            means = [_of_day(own, day) for day in days]
            drawn = [(day + offset, mean) for day, mean in zip(days, means, strict=True) if mean]
            label = None if arm is None else _arm_name(arm)
            ax.plot([d for d, _ in drawn], [m.value for _, m in drawn], color=ARMS[place], lw=1.6)
            for day, mean in drawn:
                _estimate(ax, day, mean, ARMS[place])
            if label is not None:
                ax.plot([], [], "o-", color=ARMS[place], label=label)
        ax.set_title(one.score.replace("_", " "))
        ax.set_xlabel("day of the period")
        ax.set_xticks(sorted(one.table["day"].unique()))
    axes[0].set_ylabel("score, 95 % interval")
    if arms is not None:
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, ncols=2, **_ABOVE)
    return svg(figure)


def trait_figure(
    trait: Series[float], numbers: Sequence[Number], arms: tuple[str, str] | None
) -> bytes:
    """Draw numbers over a trait, a dot for each participant, with a straight line for each arm."""
    figure = new_figure(min(_WIDE, 0.8 + 2.9 * len(numbers)), 3.1)
    axes = panels(figure, len(numbers))
    for ax, number in zip(axes, numbers, strict=True):
        for arm, values in number.by_arm.items():
            colour = POOLED if arms is None or arm is None else ARMS[arms.index(arm)]
            x, y = pairs_of(trait, values).to_numpy(float).T
            ax.plot(x, y, "o", ms=4.5, color=colour, alpha=0.65, mew=0)
            if len(x) > 1 and x.std() > 0:
                slope, start = np.polyfit(x, y, 1)
                ends = np.array([x.min(), x.max()])
                ax.plot(ends, start + slope * ends, color=INK if arms is None else colour, lw=1.3)
        ax.set_xlabel(str(trait.name).replace("_", " "))
        ax.set_ylabel(number.name.replace("_", " "))
    if arms is not None:
        for place, arm in enumerate(arms):
            axes[0].plot([], [], "o-", color=ARMS[place], label=_arm_name(arm))
        figure.legend(ncols=2, **_ABOVE)
    return svg(figure)


# --- pieces --------------------------------------------------------------------------------------


def _of_day(table: DataFrame, day: float) -> Estimate | None:
    people = table[table["day"] == day].groupby("participant")["value"].mean()
    return mean_of(people.to_numpy(float))


def _lines(ax: Axes, x: np.ndarray, people: np.ndarray, *, dots: bool = True) -> None:
    if len(people) > _MANY:  # one line with gaps: thousands of them would take minutes to draw
        apart = np.column_stack([people, np.full(len(people), np.nan)])
        at = np.tile(np.append(x, np.nan), len(people))
        ax.plot(at, apart.ravel(), color=QUIET, lw=0.3, alpha=0.3, zorder=1, rasterized=True)
    else:
        for person in people:
            ax.plot(x, person, color=QUIET, lw=0.7, alpha=0.45, zorder=1)
    if dots:
        for place, column in zip(x, people.T, strict=True):
            _dots(ax, np.full(len(column), place), column, QUIET, ms=4, marker=".", alpha=0.6)


def _dots(
    ax: Axes, x: np.ndarray, values: np.ndarray, colour: str, *, ms: float = 3.5,
    marker: str = "o", alpha: float = 0.4
) -> None:  # fmt: skip
    """Draw people as dots; where they are thousands, as a picture and not one by one."""
    many = len(values) > _MANY
    ax.plot(x, values, marker, ms=ms, color=colour, alpha=alpha, mew=0, rasterized=many)


def _estimate(ax: Axes, x: float, one: Estimate, colour: str, *, edge: bool = False) -> None:
    reach = [[one.value - one.low], [one.high - one.value]]
    style = {**_ESTIMATE, "mec": "white", "mew": 0.8} if edge else _ESTIMATE
    if edge:  # a white rim keeps the estimate apart from the dots beneath
        ax.errorbar(x, one.value, reach, fmt="none", ecolor="white", elinewidth=5, zorder=4)
    ax.errorbar(x, one.value, reach, color=colour, ecolor=colour, **style)


def _cell(outcome: Outcome, arm: str | None, kind: str) -> Estimate:
    """Return a cell's mean from the model; of participants' means where there is no model."""
    message = kind if len(outcome.design.messages) > 1 else None
    if outcome.fit is not None:
        for cell in outcome.fit.cells:
            if (cell.arm, cell.message) == (arm, message):
                return cell.mean
    own = outcome.table[outcome.table["condition"] == kind]
    own = own if arm is None else own[own["arm"] == arm]
    people = person_means(own)[kind].dropna()
    mean = float(people.mean())
    return mean_of(people.to_numpy(float)) or from_t("", mean, 0.0, 1.0, len(people), "")


def _spread(values: np.ndarray) -> np.ndarray:
    """Return offsets that keep alike values apart, the same for the same values."""
    offsets = np.zeros(len(values))
    order = np.argsort(values, kind="stable")
    offsets[order] = (np.arange(len(values)) * 0.618) % 1.0 - 0.5  # golden steps fill evenly
    return 0.16 * offsets


def _scale(ax: Axes, rating: str, scale: tuple[int, int] | None) -> None:
    if scale is not None:
        ax.set_ylim(scale[0] - 0.2, scale[1] + 0.2)
        if scale[1] - scale[0] <= 10:
            ax.set_yticks(range(scale[0], scale[1] + 1))
    ax.set_ylabel(rating.replace("_", " "))


def _arm_name(arm: str) -> str:
    return f"arm {arm}" if len(arm) == 1 else arm
