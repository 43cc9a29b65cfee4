"""The dose of a ball game: what was planned, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.throws import EXCLUSION, RoundSteps, rounds_of
from experiment.dose import YOU, Dose, Tally
from experiment.readlog import SessionLog


@dataclass(frozen=True)
class DoseReport:
    """A round's dose beside its plan.

    Parameters
    ----------
    task : str
    run : int
        Place in the session, from 1.
    condition : str
    dose : Dose
        Counted from the log's screens, also of a round that was cut short.
    complete : bool
        Whether the round was played to its end.
    share, lowest, highest : float
        The participant's planned share: as the protocol means it, and the least and the most that
        this plan can come to, whatever the participant chooses.
    fewest_receipts, most_receipts : int
    earliest_exclusion, latest_exclusion : float or None
        When the exclusion was to begin, on the run clock (s); `latest` is None too where the
        participant could take as long as they liked.
    """

    task: str
    run: int
    condition: str
    dose: Dose
    complete: bool
    share: float
    lowest: float
    highest: float
    fewest_receipts: int
    most_receipts: int
    earliest_exclusion: float | None
    latest_exclusion: float | None

    @property
    def as_planned(self) -> bool:
        """Whether the round came to what its plan promised."""
        dose = self.dose
        receipts = self.fewest_receipts <= dose.receipts <= self.most_receipts
        share = dose.share is not None and self.lowest <= dose.share <= self.highest
        onset = dose.exclusion_onset
        if self.earliest_exclusion is None or onset is None:
            begun = onset is None and self.earliest_exclusion is None
        else:
            latest = onset if self.latest_exclusion is None else self.latest_exclusion
            begun = self.earliest_exclusion - _CLOSE <= onset <= latest + _CLOSE
        return self.complete and receipts and share and begun


_CLOSE = 0.001  # s, as plans are of whole milliseconds and flips are not


def doses(log: SessionLog) -> list[DoseReport]:
    """Return the dose of each round of a session's ball games that was begun."""
    return [_report(log, game) for game in rounds_of(log)]


@dataclass(frozen=True, slots=True)
class Played:
    """What a study's report takes from a round: few numbers, since there may be very many rounds.

    Parameters
    ----------
    task, round, condition
        As in `DoseReport` and `Dose`, and so are the others.
    planned : float
        Its `share`; `achieved` is what came of it.
    """

    task: str
    round: int
    condition: str
    planned: float
    lowest: float
    highest: float
    achieved: float | None
    receipts: int
    exclusion_onset: float | None
    longest_without: float | None
    as_planned: bool


def as_played(one: DoseReport) -> Played:
    """Return what a study's report takes from a round."""
    return Played(
        one.task,
        one.dose.round,
        one.condition,
        one.share,
        one.lowest,
        one.highest,
        one.dose.share,
        one.dose.receipts,
        one.dose.exclusion_onset,
        one.dose.longest_without,
        one.as_planned,
    )


def dose_lines(log: SessionLog) -> list[str]:
    """Return the doses of a session as lines for the assistant; none if it has no ball game."""
    return [line for report in doses(log) for line in _lines(report)]


def _report(log: SessionLog, game: RoundSteps) -> DoseReport:
    plan = log.header["plans"][game.run.task]
    planned = {trial["number"]: trial for trial in plan["trials"]}[game.number]
    foreseen, begun = planned["foreseen"], game.steps[0][0].onset
    yours = foreseen["shares"][YOU]
    return DoseReport(
        task=game.run.task,
        run=game.run.begun["run"],
        condition=game.condition,
        dose=_counted(game, planned),
        complete=_complete(game),
        share=yours["share"],
        lowest=yours["lowest"],
        highest=yours["highest"],
        fewest_receipts=foreseen["fewest_receipts"],
        most_receipts=foreseen["most_receipts"],
        earliest_exclusion=_later(foreseen["earliest_exclusion"], begun),
        latest_exclusion=_later(foreseen["latest_exclusion"], begun),
    )


def _counted(game: RoundSteps, planned: Mapping[str, Any]) -> Dose:
    """Count a round's screens, as the task did while it was played."""
    tally = Tally(game.number, len(game.players) + 1, watching=planned["watching"])
    over = 0.0
    for i, (row, screen) in enumerate(game.steps):
        event = game.run.outcomes.get(row.n)
        if event is None:
            break  # the log stops in the middle of it
        outcome = event["outcome"]
        over = outcome["offset"]
        if i == 0:
            tally.begun(outcome["onset"], screen["holder"])
        if row.marker == EXCLUSION:
            tally.excluded(outcome["onset"])
        if row.marker == "reminder":
            tally.reminded()
        if row.marker == "choice_automatic":
            tally.thrown_for_you()
        if screen["kind"] == "throw":
            tally.thrown(screen["thrower"], screen["catcher"], outcome["onset"], over)
    return tally.over(over)


def _complete(game: RoundSteps) -> bool:
    """Whether the run went on to something that is not of the round."""
    last = game.steps[-1][0].n
    after = next((event for event in game.run.steps if event["n"] > last), None)
    return after is not None and after["step"].get("block") != game.number


def _later(t: float | None, begun: float | None) -> float | None:
    return None if t is None or begun is None else round(begun + t, 3)


def _lines(report: DoseReport) -> list[str]:
    dose = report.dose
    achieved = "no throws" if dose.share is None else f"{dose.share:.1%}"
    span = (
        ""
        if report.lowest == report.highest
        else f", {report.lowest:.1%} to {report.highest:.1%} with the participant's choices"
    )
    lines = [
        f"dose: {report.task}, round {dose.round} ({report.condition}): {dose.receipts} of "
        f"{dose.throws} throws to the participant, {achieved} (planned {report.share:.1%}{span})"
        + ("" if report.complete else "; the round was cut short")
        + ("" if report.as_planned or not report.complete else "; NOT AS PLANNED")
    ]
    if report.earliest_exclusion is not None:
        began = "never" if dose.exclusion_onset is None else f"at {dose.exclusion_onset:.3f} s"
        latest = "" if report.latest_exclusion is None else f" to {report.latest_exclusion:.1f} s"
        lines.append(
            f"  exclusion began {began} on the run clock (planned "
            f"{report.earliest_exclusion:.1f}{latest or ' s or later'})"
        )
    if dose.longest_without is not None:
        lines.append(
            f"  longest time without the ball {dose.longest_without:.1f} s; reminded "
            f"{dose.reminders} times, {dose.automatic} throws made for the participant"
        )
    lines += _matrix(dose)
    return lines


def _matrix(dose: Dose) -> list[str]:
    names = ["participant", *(f"player {i}" for i in range(1, len(dose.matrix)))]
    head = "  from / to  " + "".join(f"{name:>13}" for name in names)
    rows = [
        f"  {name:<11}" + "".join(f"{'-' if i == j else count:>13}" for j, count in enumerate(row))
        for i, (name, row) in enumerate(zip(names, dose.matrix, strict=True))
    ]
    return [head, *rows]
