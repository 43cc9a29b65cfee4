"""What a study can do with a kit: told when the kit is made, not on the day of the scan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from experiment.errors import BadInput
from experiment.kit import KitIndex
from experiment.plans.balance import Comparison, SetName, balance
from experiment.plans.messages import plan_messages
from experiment.plans.plan import PlanInputs
from experiment.plans.sharing import Missing, cells_to_come, shortfall
from experiment.plans.shown import Shown
from experiment.protocol import Protocol
from experiment.said import Said, words_of


@dataclass(frozen=True)
class KitCheck:
    """What a study can do with a kit.

    Parameters
    ----------
    missing : tuple of Missing
        Messages that it lacks, by session, task and condition.
    impossible : tuple of str
        Other reasons why a run can't be planned.
    balance : tuple of Comparison
        How like the sets of messages are to each other.
    balance_within : float
        The protocol's limit to that.
    """

    missing: tuple[Missing, ...]
    impossible: tuple[str, ...]
    balance: tuple[Comparison, ...]
    balance_within: float

    @property
    def against(self) -> tuple[str, ...]:
        """Why not all sessions can be run with it; nothing if they can."""
        return (*(missing.said() for missing in self.missing), *self.impossible)

    def lines(self) -> list[str]:
        """Return the result as lines for the assistant; they hold ids only."""
        return [
            *(Said("kit.lacking", what=missing.said()) for missing in self.missing),
            *(Said("kit.cant", why=problem) for problem in self.impossible),
            *balance_lines(self.balance, self.balance_within),
        ]


def check_kit(
    protocol: Protocol, kit: KitIndex, participant: str, shown: tuple[Shown, ...] = ()
) -> KitCheck:
    """Plan all runs of a participant that are to come, to see whether the kit allows it.

    Parameters
    ----------
    protocol : Protocol
    kit : KitIndex
    participant : str
        Label; chance depends on it.
    shown : tuple of Shown
        What earlier runs showed.
    """
    missing = shortfall(protocol, kit, shown)
    short = {(m.cell.session, m.cell.task) for m in missing}
    impossible: list[str] = []
    for session, task in sorted(
        {(c.session, c.task) for c in cells_to_come(protocol, shown)} - short
    ):
        try:
            plan_messages(
                PlanInputs(protocol, task, kit, session, participant, protocol.seed, shown)
            )
        except BadInput as error:
            impossible.append(Said("kit.impossible", session=session, why=words_of(error)))
    return KitCheck(
        missing,
        tuple(impossible),
        balance(protocol, kit, participant, shown),
        protocol.kit.balance_within,
    )


def balance_lines(comparisons: Iterable[Comparison], limit: float) -> list[str]:
    """Return comparisons as lines of a table: means and standardised difference (d)."""
    lines: list[str] = []
    for c in comparisons:
        told = Said("kit.compared", sets=_named(*c.sets), means=_means(c), d=_smd(c))
        beyond = Said("kit.beyond", what=told, limit=f"{limit:g}") if c.beyond(limit) else told
        lines.append(Said("kit.balance", what=beyond))
    return lines


def _named(first: SetName, second: SetName) -> Said:
    if (first.session, first.task) == (second.session, second.task):
        conditions = {"first": first.condition, "second": second.condition}
        return Said("kit.sets_one", session=first.session, task=first.task, **conditions)
    tasks = first.task if first.task == second.task else f"{first.task} / {second.task}"
    what = {"tasks": tasks, "condition": first.condition}
    if first.session == second.session:
        return Said("kit.sets_tasks", session=first.session, **what)
    return Said("kit.sets_sessions", first=first.session, second=second.session, **what)


def _means(comparison: Comparison) -> Said:
    a, b = comparison.means
    if comparison.measure == "characters":
        return Said("kit.characters", first=f"{a:.1f}", second=f"{b:.1f}")
    return Said("kit.to_read", first=f"{a / 1000:.2f}", second=f"{b / 1000:.2f}")


def _smd(comparison: Comparison) -> str:
    return Said("kit.no_d") if comparison.smd is None else f"{comparison.smd:.2f}"
