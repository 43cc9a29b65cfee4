"""Random orders that obey rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from experiment.chance import Dice
from experiment.kit import IndexedMessage
from experiment.protocol import Order

_SEARCH_LIMIT = 200_000  # tries before an order counts as impossible


def ordered(
    messages: Sequence[IndexedMessage], rules: Order, chance: Dice
) -> list[IndexedMessage] | None:
    """Return a random order that obeys the rules, or None if none was found.

    A depth-first search that tries candidates in random order, those with the scarcest freedom
    (most messages left of a writer or condition) never left to the end unseen.
    """
    budget = _SEARCH_LIMIT

    def allowed(order: list[IndexedMessage], nxt: IndexedMessage) -> bool:
        if not order:
            return True
        if not rules.writer_twice_in_a_row and order[-1].writer_id == nxt.writer_id:
            return False
        tail = order[-rules.max_same_condition :]
        return len(tail) < rules.max_same_condition or any(
            m.condition != nxt.condition for m in tail
        )

    def hopeless(order: list[IndexedMessage], left: list[IndexedMessage]) -> bool:
        longest = rules.max_same_condition
        for condition, count in Counter(m.condition for m in left).items():
            run = 0
            while run < len(order) and order[-1 - run].condition == condition:
                run += 1
            # Each of the others can part two runs of this condition, and no more.
            if count > (longest - min(run, longest)) + longest * (len(left) - count):
                return True
        if rules.writer_twice_in_a_row:
            return False
        most = Counter(m.writer_id for m in left).most_common(1)
        return bool(most) and most[0][1] > (len(left) + 1) // 2

    def search(
        order: list[IndexedMessage], left: list[IndexedMessage]
    ) -> list[IndexedMessage] | None:
        nonlocal budget
        if not left:
            return order
        if hopeless(order, left):
            return None
        for nxt in chance.shuffled(left):
            budget -= 1
            if budget < 0:
                return None
            if allowed(order, nxt):
                rest = [m for m in left if m is not nxt]
                found = search([*order, nxt], rest)
                if found is not None:
                    return found
        return None

    return search([], list(messages))
