"""Dealing out the people whom a participant liked: who answers, in which block of which session.

The deal is made for all sessions at once, so that nobody answers twice; whoever answered in an
earlier session never comes again, though choices or protocol have changed since, but in a session
that is done again: there they answer in the same block, so that nobody who rejected accepts. A seed
that is given to one session changes orders and times only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiment.chance import Dice, dice
from experiment.people import People
from experiment.plans.shown import Shown, last_tries, people_seen, taken_place
from experiment.protocol import FeedbackTask, Protocol
from experiment.protocol.social import SOCIAL
from experiment.said import Said


@dataclass(frozen=True, order=True)
class Slot:
    """A block of a run in which people answer, or are seen.

    Parameters
    ----------
    session, task : str
        Labels.
    block : int
        From 1, in the order of the protocol.
    """

    session: str
    task: str
    block: int


def runs_of_feedback(protocol: Protocol) -> list[tuple[str, str, FeedbackTask]]:
    """Return session, label and settings of each run of feedback, in the study's order."""
    return [
        (session, task, spec)
        for session, visit in protocol.sessions.items()
        for task in visit.all_tasks
        for spec in (protocol.tasks[task],)
        if isinstance(spec, FeedbackTask)
    ]


def runs_to_come(protocol: Protocol, shown: Sequence[Shown]) -> list[tuple[str, str, FeedbackTask]]:
    """Return session, label and settings of each run of feedback that has not taken place."""
    done = taken_place(shown)
    return [run for run in runs_of_feedback(protocol) if run[:2] not in done]


@dataclass(frozen=True)
class ToCome:
    """What the scans to come need, and who there is for them.

    Parameters
    ----------
    at_least : int
        How much a person is to be liked.
    needed : mapping of Slot to int
        People, in the study's order.
    again : mapping of Slot to tuple of str
        Who answers once more, in the same block, because the session is done again: those of its
        last try who are still liked, as far as the protocol still wants them, and who answered in
        no other run.
    liked : mapping of str to int
        How much each person was liked who was liked at least so much, sorted by id.
    new : frozenset of str
        Those of them who have not answered yet.
    """

    at_least: int
    needed: Mapping[Slot, int]
    again: Mapping[Slot, tuple[str, ...]]
    liked: Mapping[str, int]
    new: frozenset[str]

    @property
    def missing(self) -> int:
        """How many more people are to be liked; 0 if enough were."""
        return max(sum(self.needed.values()) - _count(self.again) - len(self.new), 0)


def to_come(protocol: Protocol, people: People, shown: Sequence[Shown] = ()) -> ToCome:
    """Return what the scans to come need, and who there is for them.

    Parameters
    ----------
    protocol : Protocol
    people : People
    shown : sequence of Shown
        What earlier runs showed.
    """
    runs, last = runs_to_come(protocol, shown), last_tries(shown)
    at_least = max((spec.liked.at_least for _, _, spec in runs), default=0)
    values = sorted(people.values.items())
    liked = {one: value for one, value in values if value >= at_least}
    needed: dict[Slot, int] = {}
    again: dict[Slot, tuple[str, ...]] = {}
    for session, task, spec in runs:
        run = (session, task)
        had = last[run].people if run in last else {}
        welcome = set(liked) - people_seen(shown, but=run)
        for number, block in enumerate(spec.blocks, start=1):
            if block.kind in SOCIAL:
                slot = Slot(session, task, number)
                kept = [one for one in sorted(had.get(number, ())) if one in welcome]
                needed[slot], again[slot] = block.trials, tuple(kept[: block.trials])
    new = frozenset(set(liked) - people_seen(shown))
    return ToCome(at_least, needed, again, liked, new)


def still_to_like(protocol: Protocol, people: People, shown: Sequence[Shown] = ()) -> int:
    """Return how many more people are to be liked for the scans to come; 0 if enough were."""
    return to_come(protocol, people, shown).missing


def shortfall(protocol: Protocol, people: People, shown: Sequence[Shown] = ()) -> tuple[str, ...]:
    """Return what to do if too few people were liked for the scans to come; nothing if enough were.

    Parameters
    ----------
    protocol : Protocol
    people : People
    shown : sequence of Shown
        What earlier runs showed.

    Returns
    -------
    tuple of str
        Lines: what is missing, then the remedies, the gentlest first.
    """
    runs = runs_to_come(protocol, shown)
    if not runs:
        return ()
    coming = to_come(protocol, people, shown)
    needed, missing = sum(coming.needed.values()), coming.missing
    faces = max(spec.faces() for _, _, spec in runs)
    lines = []
    if missing:
        unseen, counts = people.unrated, {"needed": needed, "missing": missing}
        lines += [
            Said("liked.few", liked=needed - missing, at_least=coming.at_least, **counts),
            Said("liked.rate_more", unseen=unseen) if unseen else Said("liked.add_group"),
            Said("liked.add_people"),
            Said("liked.need_fewer"),
        ]
    if faces > len(people.faces):
        lines += [
            Said("liked.few_faces", there=len(people.faces), needed=faces),
            Said("liked.add_faces"),
        ]
    return tuple(lines)


def scarce(protocol: Protocol, groups: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return which groups of a profile set are too small alone for a study's scans.

    Parameters
    ----------
    protocol : Protocol
    groups : mapping of str to sequence of str
        Ids of each group.

    Returns
    -------
    tuple of str
        A line each; whoever prefers only such a group can't like enough people.
    """
    needed = sum(spec.people() for _, _, spec in runs_of_feedback(protocol))
    return tuple(
        Said("liked.small_group", group=group, count=len(ids), needed=needed)
        for group, ids in groups.items()
        if len(ids) < needed
    )


def deal_people(
    protocol: Protocol, people: People, participant: str, shown: Sequence[Shown] = ()
) -> Mapping[Slot, tuple[str, ...]]:
    """Deal the people who were liked most out to the blocks to come, matched by liking.

    Parameters
    ----------
    protocol : Protocol
    people : People
        With enough who were liked (`shortfall`).
    participant : str
        Label.
    shown : sequence of Shown
        What earlier runs showed. Whom a run met that is done again, it meets again.

    Returns
    -------
    mapping of Slot to tuple of str
        Ids, sorted, for blocks of rejection and acceptance.
    """
    coming = to_come(protocol, people, shown)
    chance = dice(protocol.seed, participant, "people")
    # Ties are broken among all, so that a second scan gets whom it would have got at first.
    order = [one for one in chance.shuffled(list(coming.liked)) if one in coming.new]
    lacking = [count - len(coming.again[slot]) for slot, count in coming.needed.items()]
    best = sorted(order, key=lambda one: -coming.liked[one])[: sum(lacking)]
    kept = list(coming.again.values())
    found = matched(best, coming.liked, lacking, chance, kept)
    return {slot: tuple(sorted(ids)) for slot, ids in zip(coming.needed, found, strict=True)}


def _count(dealt: Mapping[Slot, Sequence[str]]) -> int:
    return sum(len(ids) for ids in dealt.values())


def matched(
    ids: Sequence[str],
    values: Mapping[str, int],
    sizes: Sequence[int],
    chance: Dice,
    kept: Sequence[Sequence[str]] = (),
) -> list[tuple[str, ...]]:
    """Deal ids into sets of given sizes whose mean values are as alike as swaps can make them.

    Stratum by stratum, from the highest values on, each set that still has room takes one in
    random order; then two ids of two sets change places as long as that brings the means nearer.

    Parameters
    ----------
    ids : sequence of str
        As many as `sizes` add up to, the highest values first.
    values : mapping of str to int
        Of those that are kept too.
    sizes : sequence of int
        How many of `ids` each set gets; 0 for one that has all.
    chance : Dice
    kept : sequence of sequence of str
        What each set has already: it stays there. None has anything if empty.

    Returns
    -------
    list of tuple of str
        What each set has now, first what was kept.
    """
    sets: list[list[str]] = [[] for _ in sizes]
    rest = list(ids)
    while rest:
        # Sets of another size fill up at the same pace, so that all reach down to the last value.
        left = [1 - len(one) / size if size else 0.0 for one, size in zip(sets, sizes, strict=True)]
        open_ = [i for i, share in enumerate(left) if share > 0 and share >= max(left) - 1e-9]
        for i in chance.shuffled(open_)[: len(rest)]:
            sets[i].append(rest.pop(0))
    stay = kept or [()] * len(sizes)
    swapped = _swapped(sets, values, stay)
    return [(*there, *one) for there, one in zip(stay, swapped, strict=True)]


def _swapped(
    sets: list[list[str]], values: Mapping[str, int], kept: Sequence[Sequence[str]]
) -> list[list[str]]:
    """Swap ids between sets while that lowers the spread of their means, with what is kept."""

    def spread() -> float:
        whole = [[*there, *ids] for there, ids in zip(kept, sets, strict=True)]
        means = [sum(values[one] for one in ids) / len(ids) for ids in whole]
        return sum((a - b) ** 2 for a in means for b in means)

    improved = True
    while improved:
        improved = False
        for a in range(len(sets)):
            for b in range(a + 1, len(sets)):
                for i in range(len(sets[a])):
                    for j in range(len(sets[b])):
                        before = spread()
                        sets[a][i], sets[b][j] = sets[b][j], sets[a][i]
                        if spread() < before - 1e-9:
                            improved = True
                        else:
                            sets[a][i], sets[b][j] = sets[b][j], sets[a][i]
    return sets


def deal_faces(
    protocol: Protocol, people: People, participant: str
) -> Mapping[Slot, tuple[str, ...]]:
    """Deal neutral faces out to the baseline blocks.

    Where a study has more baseline trials than there are neutral faces, they come again in later
    sessions, each as late as can be, and never twice in one run.
    """
    chance = dice(protocol.seed, participant, "faces")
    rest = chance.shuffled(people.faces)
    dealt: dict[Slot, tuple[str, ...]] = {}
    used = 0
    for session, task, spec in runs_of_feedback(protocol):
        for number, block in enumerate(spec.blocks, start=1):
            if block.kind == "baseline" and spec.baseline == "faces":
                dealt[Slot(session, task, number)] = tuple(
                    rest[(used + i) % len(rest)] for i in range(block.trials)
                )
                used += block.trials
    return dealt
