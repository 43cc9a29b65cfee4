"""The dose of ball games in reports: planned beside achieved, of a session and of a study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from analysis.dose import DoseReport, Played, doses
from analysis.science.palette import INK, PALE, POOLED, QUIET, new_figure, panels, svg
from analysis.throws import throw_rows
from experiment.dose import YOU
from experiment.readlog import SessionLog

_YOURS, _OTHERS = 10.0, 5.0  # size of a throw's mark (points)


@dataclass(frozen=True)
class Matrix:
    """Who threw to whom, over the rounds of a task that have the same condition.

    Parameters
    ----------
    task, condition : str
    names : tuple of str
        Of the players, the participant first; never whom they are shown as.
    throws : tuple of tuple of int
        By thrower (row) and catcher (column).
    """

    task: str
    condition: str
    names: tuple[str, ...]
    throws: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Games:
    """The ball games of a session.

    Parameters
    ----------
    rounds : list of DoseReport
    matrices : list of Matrix
    figure : bytes
        SVG.
    """

    rounds: list[DoseReport]
    matrices: list[Matrix]
    figure: bytes


@dataclass(frozen=True)
class GameRow:
    """What a round of a task came to over the sessions of a study; shares from 0 to 1.

    Parameters
    ----------
    task : str
    round : int
    condition : str
    sessions : int
    planned : tuple of float
        Least and greatest share of the participant as the protocol means it.
    possible : tuple of float
        Least and greatest share that the plan allows, whatever the participant does. In a round
        that ends by time, `planned` is that of participants who throw at once.
    achieved : tuple of float
        Mean, least and greatest share; empty if nothing was thrown.
    receipts : tuple of float
        Fewest and most.
    exclusion : tuple of float
        Earliest and latest onset on the run clock (s); empty if there was none.
    without : tuple of float
        Shortest and longest of the longest times without the ball (s); empty where participants
        only looked on.
    not_as_planned : int
        Rounds that were cut short, or came to something else than their plan.
    """

    task: str
    round: int
    condition: str
    sessions: int
    planned: tuple[float, ...]
    possible: tuple[float, ...]
    achieved: tuple[float, ...]
    receipts: tuple[float, ...]
    exclusion: tuple[float, ...]
    without: tuple[float, ...]
    not_as_planned: int


def games_of(log: SessionLog) -> Games | None:
    """Return what a session's report says of its ball games; None if it has none."""
    rounds = doses(log)
    if not rounds:
        return None
    return Games(rounds, _matrices(rounds), _figure(log, rounds))


def games_over(rounds: Iterable[Played]) -> list[GameRow]:
    """Return a row for each round of each task, over sessions."""
    ordered = sorted(rounds, key=_key)
    return [_row(*key, list(own)) for key, own in groupby(ordered, key=_key)]


def _key(one: Played) -> tuple[str, int, str]:
    return one.task, one.round, one.condition


def _row(task: str, number: int, condition: str, own: list[Played]) -> GameRow:
    shares = [one.achieved for one in own if one.achieved is not None]
    return GameRow(
        task=task,
        round=number,
        condition=condition,
        sessions=len(own),
        planned=_ends([one.planned for one in own]),
        possible=_ends([end for one in own for end in (one.lowest, one.highest)]),
        achieved=(sum(shares) / len(shares), *_ends(shares)) if shares else (),
        receipts=_ends([one.receipts for one in own]),
        exclusion=_ends([one.exclusion_onset for one in own]),
        without=_ends([one.longest_without for one in own]),
        not_as_planned=sum(not one.as_planned for one in own),
    )


def _ends(values: Sequence[int | float | None]) -> tuple[float, ...]:
    known = [value for value in values if value is not None]
    return (min(known), max(known)) if known else ()


def _matrices(rounds: list[DoseReport]) -> list[Matrix]:
    found: dict[tuple[str, str], list[tuple[tuple[int, ...], ...]]] = {}
    for one in rounds:
        found.setdefault((one.task, one.condition), []).append(one.dose.matrix)
    return [
        Matrix(
            task,
            condition,
            ("participant", *(f"player {i}" for i in range(1, len(matrices[0])))),
            tuple(
                tuple(sum(cells) for cells in zip(*rows, strict=True))
                for rows in zip(*matrices, strict=True)
            ),
        )
        for (task, condition), matrices in found.items()
    ]


def _figure(log: SessionLog, rounds: list[DoseReport]) -> bytes:
    """Draw each round as a row of throws from its begin on."""
    throws = throw_rows(log)
    figure = new_figure(6.9, 1.15 + 0.27 * len(rounds))
    (ax,) = panels(figure, 1)
    labels = []
    for place, one in enumerate(rounds):
        own = [t for t in throws if (t.run, t.round) == (one.run, one.dose.round)]
        about = "" if one.condition in one.task else f", {one.condition.replace('_', ' ')}"
        labels.append(f"{one.task} {one.dose.round}{about}")
        onsets = [t.onset for t in own if t.onset is not None]
        if not onsets:
            continue
        begun = next((t.held_since for t in own if t.held_since is not None), onsets[0])
        ax.plot([0, onsets[-1] - begun], [place, place], color=PALE, lw=1, zorder=0)
        if one.earliest_exclusion is not None and one.dose.exclusion_onset is not None:
            latest = one.latest_exclusion or onsets[-1]
            span = one.earliest_exclusion - begun, latest - begun
            ax.plot(span, [place, place], color=PALE, lw=9, solid_capstyle="butt", zorder=0)
            onset = one.dose.exclusion_onset - begun
            ax.plot([onset, onset], [place - 0.36, place + 0.36], color=INK, lw=1.6, zorder=3)
        for yours, colour, size in ((False, QUIET, _OTHERS), (True, POOLED, _YOURS)):
            at = [
                t.onset - begun for t in own if t.onset is not None and (t.catcher == YOU) == yours
            ]
            marker = "o" if yours else "|"
            ax.plot(at, [place] * len(at), marker, color=colour, ms=0.62 * size, zorder=2)
    ax.set_yticks(range(len(rounds)), labels)
    ax.set_ylim(len(rounds) - 0.4, -0.6)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("time since the round began (s)")
    ax.plot([], [], "o", color=POOLED, ms=0.62 * _YOURS, label="throw to the participant")
    ax.plot([], [], "|", color=QUIET, ms=0.62 * _OTHERS + 2, label="to somebody else")
    if any(one.dose.exclusion_onset is not None for one in rounds):
        ax.plot([], [], "|", color=INK, ms=9, mew=1.6, label="exclusion begins")
        ax.plot([], [], color=PALE, lw=7, label="as planned")
    figure.legend(loc="outside upper right", ncols=4, frameon=False, fontsize=9)
    return svg(figure)
