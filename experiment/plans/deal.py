"""Dealing a participant's messages out to all runs of the study at once.

The deal depends on protocol, kit, participant, and on what earlier runs showed: that never comes
again, even if protocol or kit were changed since, but for a session that is done again, which shows
what its last try showed. A seed that is given to one session changes the
order of its trials, never the messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from experiment.chance import dice
from experiment.kit import IndexedMessage, KitIndex
from experiment.plans.matching import Sets
from experiment.plans.sharing import (
    Cell,
    Sharing,
    cells_of,
    cells_to_come,
    coming_again,
    supply_of,
    unseen,
)
from experiment.plans.shown import Shown
from experiment.protocol import Protocol

Deal = Mapping[Cell, tuple[IndexedMessage, ...]]


def deal(
    protocol: Protocol,
    kit: KitIndex,
    participant: str,
    shown: Sequence[Shown] = (),
    *,
    matched: bool = True,
) -> Deal:
    """Deal a participant's messages out to all runs.

    Writers share evenly (`experiment.plans.sharing`), chance picks their messages, and messages are
    swapped until all sets are as alike as swaps can make them (`experiment.plans.matching`).

    Parameters
    ----------
    protocol : Protocol
    kit : KitIndex
    participant : str
        Label.
    shown : sequence of Shown
        What earlier runs showed. It stays as it was, and all others are matched to it; so does what
        was set aside, in the run that is done again.
    matched : bool
        False leaves the choice to chance, to compare with.

    Returns
    -------
    Deal
        Messages of each run and condition; of earlier runs those that are still in the kit. Where
        the kit has too few, what there is; `experiment.plans.sharing.shortfall` tells what is
        missing.
    """
    cells, again = cells_to_come(protocol, shown), coming_again(protocol, kit, shown)
    left = unseen(kit, shown)
    chance = dice(protocol.seed, participant, "deal")
    dealt: dict[Cell, list[IndexedMessage]] = {}
    reserve: list[IndexedMessage] = []
    for condition in sorted({cell.condition for cell in cells}):
        alike = [cell for cell in cells if cell.condition == condition]
        supply = supply_of(left, condition)
        order = {writer: supply[writer] for writer in chance.shuffled(list(supply))}
        sharing = Sharing(alike, order, again)
        stock: dict[str, list[IndexedMessage]] = {writer: [] for writer in order}
        messages = [m for m in left.messages if m.condition == condition]
        for message in chance.shuffled(messages):
            stock[message.writer_id].append(message)
        for cell in alike:
            dealt[cell] = [
                stock[writer].pop()
                for writer, count in sharing.given(cell).items()
                for _ in range(count)
            ]
        reserve += [message for left in stock.values() for message in left]
    for cell, kept in again.items():
        dealt[cell] = [*kept, *dealt[cell]]
    filled = [cell for cell in cells if dealt[cell] and cell not in again]
    past = _past(protocol, kit, shown)
    fixed = [*past.values(), *(dealt[cell] for cell in again)]
    if matched and filled:
        sets = Sets([dealt[cell] for cell in filled], fixed, reserve, protocol.kit.reading)
        sets.match()
        dealt |= dict(zip(filled, sets.result, strict=True))
    everything = {**past, **dealt}
    return {cell: tuple(everything[cell]) for cell in cells_of(protocol) if cell in everything}


def _past(
    protocol: Protocol, kit: KitIndex, shown: Sequence[Shown]
) -> dict[Cell, list[IndexedMessage]]:
    """Return the messages of earlier runs that protocol and kit still have."""
    of_run = {one.run: set(one.message_ids) for one in shown if not one.set_aside}
    past = {
        cell: [
            m
            for m in kit.messages
            if m.condition == cell.condition and m.message_id in of_run.get(cell.run, ())
        ]
        for cell in cells_of(protocol)
    }
    return {cell: messages for cell, messages in past.items() if messages}
