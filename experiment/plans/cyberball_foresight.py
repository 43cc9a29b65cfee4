"""What can become of a planned round, whatever the participant chooses and however fast.

All ways through the round are walked at once, throw by throw: ways that meet (the same player has
the ball after as many turns of each) go on as one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from experiment.dose import YOU
from experiment.errors import BadInput
from experiment.plans.cyberball_round import Script

_TOO_MANY = 20_000  # ways that can't be told apart any simpler
_FRAMES = 0.05  # s by which a throw can be sooner or later, as its screens begin with frames


@dataclass(frozen=True)
class Pace:
    """How long things take in a round (s).

    Parameters
    ----------
    turning, flight, settle : float
        As in the protocol.
    limit : float
        Of the participant's choice; infinite if there is none.
    length : float
        Of the round; infinite if it ends by throws.
    """

    turning: float
    flight: float
    settle: float
    limit: float
    length: float


@dataclass(frozen=True)
class PlannedShare:
    """A player's share of the throws of a round.

    Parameters
    ----------
    player : int
        0 is the participant.
    share : float
        As the protocol means it, the participant throwing to each of the others as often.
    lowest, highest : float
        What it can be in this plan, whatever the participant chooses.
    """

    player: int
    share: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Foresight:
    """What is known of a round beforehand.

    Parameters
    ----------
    shares : tuple of PlannedShare
        The participant's first.
    fewest_throws, most_throws : int
    fewest_receipts, most_receipts : int
        Of the participant.
    earliest_exclusion, latest_exclusion : float or None
        When the exclusion begins (s from the round's begin); None if none does, and `latest` too if
        the participant may take as long as they like.
    """

    shares: tuple[PlannedShare, ...]
    fewest_throws: int
    most_throws: int
    fewest_receipts: int
    most_receipts: int
    earliest_exclusion: float | None
    latest_exclusion: float | None


@dataclass(frozen=True)
class _Place:
    """Where a round can stand: who has the ball, the turns had, and whether exclusion has begun."""

    holder: int
    turns: tuple[int, ...]
    excluded: bool


@dataclass(frozen=True)
class _Ways:
    """All ways that lead to a place.

    Parameters
    ----------
    weight : float
        Their probability, all choices being equally likely.
    soonest, latest : float
        When the ball comes there (s from the round's begin).
    lowest, highest : tuple of int
        Receipts of each player so far.
    mean : tuple of float
        Receipts times weight.
    onset : tuple of float or None
        Earliest and latest begin of the exclusion (s), where it has begun.
    """

    weight: float
    soonest: float
    latest: float
    lowest: tuple[int, ...]
    highest: tuple[int, ...]
    mean: tuple[float, ...]
    onset: tuple[float, float] | None = None

    def excluding(self) -> _Ways:
        """Return the same ways, where they are the first place of the exclusion."""
        return replace(self, onset=(self.soonest, self.latest))

    def with_those(self, other: _Ways) -> _Ways:
        """Join ways that lead to the same place."""
        return _Ways(
            self.weight + other.weight,
            min(self.soonest, other.soonest),
            max(self.latest, other.latest),
            tuple(map(min, self.lowest, other.lowest)),
            tuple(map(max, self.highest, other.highest)),
            tuple(a + b for a, b in zip(self.mean, other.mean, strict=True)),
            _span(self.onset, other.onset),
        )

    def thrown(self, to: int, share: float, soonest: float, latest: float) -> _Ways:
        """Return the ways after one more throw."""

        def one_more(counts: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(n + (player == to) for player, n in enumerate(counts))

        weight = self.weight * share
        mean = tuple(m * share + weight * (player == to) for player, m in enumerate(self.mean))
        return _Ways(
            weight,
            self.soonest + soonest,
            self.latest + latest,
            one_more(self.lowest),
            one_more(self.highest),
            mean,
            self.onset,
        )


def _span(
    one: tuple[float, float] | None, other: tuple[float, float] | None
) -> tuple[float, float] | None:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])


_Layer: TypeAlias = Mapping[_Place, _Ways]


def foresee(
    who: str, script: Script, others: int, pace: Pace, meant: Mapping[int, float]
) -> Foresight:
    """Walk through all ways that a round can take.

    Parameters
    ----------
    who : str
        Which round it is, for errors.
    script : Script
    others : int
        Players besides the participant.
    pace : Pace
    meant : mapping of int to float
        Shares that the protocol states for players; those of this plan for the others.

    Raises
    ------
    BadInput
        If a list can be used up, the exclusion may never begin or not in time, or there are too
        many ways to be sure.
    """
    layers = list(_layers(who, script, others, pace))
    fewest = max((n for n, layer in enumerate(layers) if _all_by(layer, pace)), default=0)
    most = len(layers) - 1
    if most == 0 or fewest == 0:
        raise BadInput(
            f"{who}: no throw is sure to be made in its {pace.length:g} s; make it longer"
        )
    earliest, latest = _exclusion(who, script, layers)
    yours = [
        (min(w.lowest[YOU] for w in layer.values()), max(w.highest[YOU] for w in layer.values()))
        for layer in layers[fewest:]
    ]
    return Foresight(
        shares=tuple(_share(player, layers, fewest, meant) for player in range(others + 1)),
        fewest_throws=fewest,
        most_throws=most,
        fewest_receipts=yours[0][0],
        most_receipts=yours[-1][1],
        earliest_exclusion=earliest,
        latest_exclusion=latest,
    )


def _layers(who: str, script: Script, others: int, pace: Pace) -> Iterator[_Layer]:
    """Yield where the round can stand before any throw, after one, and so on."""
    none = (0,) * (others + 1)
    turns = (0,) * others if script.lists else ()
    start = _Place(script.first, turns, script.excluding(script.first, 0, turns))
    ways = _Ways(1.0, 0.0, 0.0, none, none, tuple(map(float, none)))
    layer: _Layer = {start: ways.excluding() if start.excluded else ways}
    yield layer
    for number in range(1, len(script.throws) + 1):
        layer = _after(who, layer, number, script, others, pace)
        if not layer:
            return
        yield layer


def _after(who: str, layer: _Layer, number: int, script: Script, others: int, pace: Pace) -> _Layer:
    found: dict[_Place, _Ways] = {}
    for place, ways in layer.items():
        if place.holder == YOU:
            targets, turns = list(range(1, others + 1)), place.turns
            soonest, latest = pace.turning + pace.flight, pace.limit + pace.turning + pace.flight
        else:
            turns = tuple(n + (p == place.holder) for p, n in enumerate(place.turns, start=1))
            to = script.target(number, place.holder, turns[place.holder - 1] if turns else 0)
            soonest = latest = script.throws[number - 1].delay + pace.flight
            if to is None:
                raise BadInput(
                    f"{who}: the list of player {place.holder} has "
                    f"{len(script.lists[place.holder - 1])} turns, and this player can have one "
                    f"more by throw {number}, depending on whom the participant throws to; make "
                    "it longer"
                )
            targets = [to]
        soonest, latest = soonest - _FRAMES, latest + _FRAMES
        slowest = ways.latest + latest + pace.settle
        if script.excludes and not place.excluded and slowest > pace.length:
            raise BadInput(
                f"{who}: the exclusion may not begin in time, depending on the participant: the "
                f"round lasts {pace.length:g} s, {pace.settle:g} s at its end without a throw; "
                "give a longer round, fewer throws before it, or a shorter limit"
            )
        if ways.soonest + soonest + pace.settle > pace.length:
            continue  # there is no time for it
        for to in targets:
            there = _Place(to, turns, place.excluded or script.excluding(to, number, turns))
            more = ways.thrown(to, 1 / len(targets), soonest, latest)
            if there.excluded and not place.excluded:
                more = more.excluding()
            found[there] = more if there not in found else found[there].with_those(more)
    if len(found) > _TOO_MANY:
        raise BadInput(
            f"{who}: after {number} throws there are more than {_TOO_MANY} ways in which the lists "
            "can stand, too many to check them all; make the round shorter, or use a table"
        )
    return found


def _all_by(layer: _Layer, pace: Pace) -> bool:
    """Whether so many throws are sure to be made in the round's time."""
    last = max(ways.latest for ways in layer.values())
    return math.isinf(pace.length) or last + pace.settle <= pace.length


def _exclusion(who: str, script: Script, layers: list[_Layer]) -> tuple[float | None, float | None]:
    """Return the earliest and the latest begin of the exclusion (s from the round's begin)."""
    if not script.excludes:
        return None, None
    onsets = [ways.onset for layer in layers for ways in layer.values() if ways.onset is not None]
    if not onsets or any(not place.excluded for place in layers[-1]):
        raise BadInput(f"{who}: the exclusion may never begin, depending on the participant")
    earliest, latest = min(first for first, _ in onsets), max(last for _, last in onsets)
    return round(earliest, 3), None if math.isinf(latest) else round(latest, 3)


def _share(
    player: int, layers: list[_Layer], fewest: int, meant: Mapping[int, float]
) -> PlannedShare:
    ends = [(n, layer) for n, layer in enumerate(layers) if n >= fewest]
    low = min(ways.lowest[player] / n for n, layer in ends for ways in layer.values())
    high = max(ways.highest[player] / n for n, layer in ends for ways in layer.values())
    weight = sum(ways.weight for ways in layers[-1].values())
    mean = sum(ways.mean[player] for ways in layers[-1].values()) / weight / (len(layers) - 1)
    share = meant.get(player, mean)
    return PlannedShare(player, round(share, 6), round(low, 6), round(high, 6))


def expected_shares(
    table: Mapping[int, Mapping[int, float]], first: int, throws: int
) -> dict[int, float]:
    """Return the expected share of each player, the participant's choices being evenly spread.

    Parameters
    ----------
    table : mapping of int to mapping of int to float
        How likely each of the others, from 1, throws to whom.
    first : int
        Who has the ball at first.
    throws : int
    """
    others = len(table)
    rows = {**table, YOU: {to: 1 / others for to in range(1, others + 1)}}
    holding = {player: float(player == first) for player in range(others + 1)}
    caught = dict.fromkeys(holding, 0.0)
    for _ in range(throws):
        holding = {
            to: sum(holding[player] * rows[player].get(to, 0.0) for player in rows) for to in caught
        }
        caught = {player: caught[player] + holding[player] for player in caught}
    return {player: n / throws for player, n in caught.items()}
