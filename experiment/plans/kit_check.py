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
from experiment.said import Said


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
            impossible.append(Said("kit.impossible", session=session, why=str(error)))
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
        told = f"{_named(c.sets[0], c.sets[1])}: {_means(c)}, d = {_smd(c)}"
        beyond = Said("kit.beyond", what=told, limit=f"{limit:g}") if c.beyond(limit) else told
        lines.append(Said("kit.balance", what=beyond))
    return lines


def _named(first: SetName, second: SetName) -> str:
    if (first.session, first.task) == (second.session, second.task):
        return f"session {first.session}, {first.task}, {first.condition} / {second.condition}"
    sessions = f"sessions {first.session} / {second.session}"
    if first.session == second.session:
        sessions = f"session {first.session}"
    tasks = first.task if first.task == second.task else f"{first.task} / {second.task}"
    return f"{sessions}, {tasks}, {first.condition}"


def _means(comparison: Comparison) -> str:
    a, b = comparison.means
    if comparison.measure == "characters":
        return f"{a:.1f} / {b:.1f} characters"
    return f"{a / 1000:.2f} / {b / 1000:.2f} s to read"


def _smd(comparison: Comparison) -> str:
    return "not defined" if comparison.smd is None else f"{comparison.smd:.2f}"
