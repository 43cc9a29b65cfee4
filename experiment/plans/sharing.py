"""Who gives how many messages to which run, and what a kit lacks.

Runs and writers are matched as in a network flow: each run needs its total, each writer has so many
messages, and gives a run at most so many. Whatever can be met is met.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from experiment.kit import Condition, IndexedMessage, KitIndex
from experiment.plans.shown import Run, Shown, last_tries, messages_seen, taken_place
from experiment.protocol import Protocol
from experiment.said import Said, listed


@dataclass(frozen=True)
class Cell:
    """The messages of one condition in one run.

    Parameters
    ----------
    session, task : str
        Labels.
    condition : str
    total : int
        Messages needed.
    per_writer : int or None
        At most so many by one writer.
    """

    session: str
    task: str
    condition: Condition
    total: int
    per_writer: int | None

    @property
    def run(self) -> Run:
        """Which run it is."""
        return self.session, self.task


@dataclass(frozen=True)
class Missing:
    """What a kit lacks for one run.

    Parameters
    ----------
    cell : Cell
        Run and condition.
    found : int
        Messages that there are for it.
    ask : tuple of (str, int)
        Writers who could mend it, and how many messages more each would have to write.
    others : int
        Messages that only more people could write: those in the kit may not give more.
    """

    cell: Cell
    found: int
    ask: tuple[tuple[str, int], ...]
    others: int

    def __str__(self) -> str:
        """Return one line for the assistant; it holds ids only."""
        return str(self.said())

    def said(self) -> Said:
        """Return that line, in words."""
        cell, lacking = self.cell, self.cell.total - self.found
        remedies = [Said("kit.more_by", count=count, writer=writer) for writer, count in self.ask]
        if self.others and cell.per_writer is None:
            remedies.append(Said("kit.more_people", count=self.others))
        elif self.others:
            each = {"count": self.others, "most": cell.per_writer}
            remedies.append(Said("kit.more_people_each", **each))
        return Said(
            "kit.missing" if lacking > 1 else "kit.missing_one",
            session=cell.session,
            task=cell.task,
            lacking=lacking,
            condition=cell.condition,
            total=cell.total,
            found=self.found,
            remedies=listed(remedies),
        )


def cells_of(protocol: Protocol) -> tuple[Cell, ...]:
    """Return what all runs of a participant need, optional tasks included, in a fixed order."""
    return tuple(
        Cell(session, task, condition, share.total, share.per_writer)
        for session, visit in sorted(protocol.sessions.items())
        for task in visit.all_tasks
        for condition, share in sorted(protocol.tasks[task].shares().items())
    )


def cells_to_come(protocol: Protocol, shown: Iterable[Shown]) -> tuple[Cell, ...]:
    """Return what those runs need that have not taken place yet."""
    done = taken_place(shown)
    return tuple(cell for cell in cells_of(protocol) if cell.run not in done)


def unseen(kit: KitIndex, shown: Iterable[Shown]) -> KitIndex:
    """Return a kit without what was shown already."""
    seen = messages_seen(shown)
    return replace(kit, messages=tuple(m for m in kit.messages if m.message_id not in seen))


def coming_again(
    protocol: Protocol, kit: KitIndex, shown: Sequence[Shown]
) -> dict[Cell, tuple[IndexedMessage, ...]]:
    """Return the messages that a run shows once more, because its session is done again.

    Those of its last try that the kit still has, as far as the protocol still wants them, and that
    no other run has shown.
    """
    last = last_tries(shown)
    found: dict[Cell, tuple[IndexedMessage, ...]] = {}
    for cell in cells_to_come(protocol, shown):
        if cell.run not in last:
            continue
        again = set(last[cell.run].message_ids) - messages_seen(shown, but=cell.run)
        kept: list[IndexedMessage] = []
        by_writer: Counter[str] = Counter()
        for message in kit.messages:
            wanted = message.message_id in again and message.condition == cell.condition
            capped = cell.per_writer is not None and by_writer[message.writer_id] >= cell.per_writer
            if wanted and not capped:
                kept.append(message)
                by_writer[message.writer_id] += 1
        if kept:
            found[cell] = tuple(kept[: cell.total])
    return found


def shortfall(
    protocol: Protocol, kit: KitIndex, shown: Sequence[Shown] = ()
) -> tuple[Missing, ...]:
    """Return what a kit lacks for all runs that are to come; nothing is ever shown twice.

    Empty if it has enough. With the messages that are asked for it has exactly enough.

    Parameters
    ----------
    protocol : Protocol
    kit : KitIndex
    shown : sequence of Shown
        What earlier runs showed.
    """
    missing: list[Missing] = []
    cells, left = cells_to_come(protocol, shown), unseen(kit, shown)
    again = coming_again(protocol, kit, shown)
    for condition in sorted({cell.condition for cell in cells}):
        sharing = Sharing(
            [cell for cell in cells if cell.condition == condition],
            supply_of(left, condition),
            again,
        )
        # Strangers' messages are not written for anybody: whoever lacks some needs more of them.
        people = [] if condition == "stranger" else _close_others(kit)
        missing += sharing.missing(people)
    return tuple(sorted(missing, key=lambda m: cells.index(m.cell)))


def supply_of(kit: KitIndex, condition: Condition) -> dict[str, int]:
    """Return how many messages of a condition each writer has, sorted by writer."""
    count = Counter(m.writer_id for m in kit.messages if m.condition == condition)
    return dict(sorted(count.items()))


def _close_others(kit: KitIndex) -> list[str]:
    return sorted({m.writer_id for m in kit.messages if m.condition != "stranger"})


class Sharing:
    """Shares the messages of one condition among runs.

    One run after the other is filled by rounds: nobody gives it a second message as long as
    somebody else can give a first one.

    Parameters
    ----------
    cells : sequence of Cell
        All of one condition; where messages are too few, the first ones get them.
    supply : dict of str to int
        Messages that each writer has. Its order decides who gives where only some need to.
    held : mapping of Cell to sequence of IndexedMessage
        What runs have already, and keep.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        supply: dict[str, int],
        held: Mapping[Cell, Sequence[IndexedMessage]],
    ) -> None:
        self._cells = cells
        self._held = [Counter(m.writer_id for m in held.get(cell, ())) for cell in cells]
        self._spare = dict(supply)
        self._given: Counter[tuple[int, str]] = Counter()
        self._rounds(max(supply.values(), default=0))

    def given(self, cell: Cell) -> dict[str, int]:
        """Return how many messages each writer gives to a run."""
        i = self._cells.index(cell)
        return {writer: self._given[i, writer] for writer in self._spare if self._given[i, writer]}

    def missing(self, people: Iterable[str]) -> list[Missing]:
        """Return what is missing, and spread it over people as evenly as can be.

        Nothing can be shared any more after this.
        """
        for person in people:
            self._spare.setdefault(person, 0)
        asked: Counter[str] = Counter()
        found = [
            (i, cell, self._filled(i))
            for i, cell in enumerate(self._cells)
            if self._filled(i) < cell.total
        ]
        result = []
        for i, cell, there in found:
            ask: Counter[str] = Counter()
            willing = sorted(people)
            while self._filled(i) < cell.total and willing:
                writer = min(willing, key=lambda one: (asked[one], one))
                self._spare[writer] += 1
                if self._take(i, None, set()):
                    ask[writer] += 1
                    asked[writer] += 1
                else:
                    self._spare[writer] -= 1
                    willing.remove(writer)
            others = cell.total - self._filled(i)
            result.append(Missing(cell, there, tuple(sorted(ask.items())), others))
        return result

    def _filled(self, i: int) -> int:
        return self._held[i].total() + sum(self._given[i, writer] for writer in self._spare)

    def _rounds(self, most: int) -> None:
        for i, cell in enumerate(self._cells):
            for limit in range(1, most + 1):
                while self._filled(i) < cell.total and self._take(i, limit, set()):
                    pass

    def _take(self, i: int, limit: int | None, seen: set[str]) -> bool:
        """Get one message more for a run; others give theirs up if they can get another one."""
        for writer in self._spare:
            if writer in seen or not self._may_give(writer, i, limit):
                continue
            seen.add(writer)
            if self._spare[writer] > 0:
                self._spare[writer] -= 1
                self._given[i, writer] += 1
                return True
            for j in range(len(self._cells)):
                if j != i and self._given[j, writer] and self._take(j, limit, seen):
                    self._given[j, writer] -= 1
                    self._given[i, writer] += 1
                    return True
        return False

    def _may_give(self, writer: str, i: int, limit: int | None) -> bool:
        caps = [cap for cap in (self._cells[i].per_writer, limit) if cap is not None]
        return all(self._held[i][writer] + self._given[i, writer] < cap for cap in caps)
