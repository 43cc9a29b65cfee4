"""The plan of a ball game: who plays, whom each would throw to, and what can become of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from experiment.chance import Dice, dice
from experiment.dose import YOU
from experiment.errors import BadInput
from experiment.people import People
from experiment.plans.cyberball_foresight import Foresight, Pace, expected_shares, foresee
from experiment.plans.cyberball_round import Script, draw_delay, draw_script
from experiment.plans.opening import Opening, awaited
from experiment.plans.plan import PlanInputs
from experiment.plans.sync import sync_times
from experiment.protocol import Protocol
from experiment.protocol.cyberball import REMINDER, LabCyberball, ScannerCyberball
from experiment.protocol.schedules import (
    Fair,
    GameCondition,
    GameRound,
    Ostracism,
    Table,
    Watch,
    Weighted,
    excludes,
)
from experiment.screens import Court, Lobby, Screen, Throw
from experiment.steps import After, At, Ends


@dataclass(frozen=True)
class LobbyMoment:
    """Who is there and what has been said, until when."""

    screen: Lobby
    ends: After


@dataclass(frozen=True)
class Round:
    """A round: a trial and a block of its own, so that nothing interrupts it.

    Parameters
    ----------
    number : int
        From 1.
    condition : str
    rest_ends : Ends or None
        The rest before it; None if it follows the lead-in.
    seconds : float or None
        How long it lasts; None if it ends by throws.
    ends : At or None
        Its end on the run clock, in the scanner.
    watching : bool
        Whether the participant only looks on.
    script : Script
    foreseen : Foresight
    """

    number: int
    condition: GameCondition
    rest_ends: Ends | None
    seconds: float | None
    ends: At | None
    watching: bool
    script: Script
    foreseen: Foresight


@dataclass(frozen=True)
class PlannedRound:
    """A round's place in a timed run (s from the run's zero)."""

    number: int
    condition: GameCondition
    begins: float
    ends: float


@dataclass(frozen=True)
class CyberballPlan(Opening):
    """A whole run of the ball game, from its `Opening` on.

    Parameters
    ----------
    lobby : tuple of LobbyMoment
        Empty if nobody is seen to arrive.
    lead_in_ends : Ends
        Fixation before the first round; in the scanner it covers the dummy volumes.
    players : tuple of str
        Profile ids of the others, left to right.
    turning, flight, settle : float
        As in the protocol (s).
    limit : float or None
        Of the participant's choice (s).
    reminder : float or None
        When they are reminded (s).
    trials : tuple of Round
    blocks : tuple of PlannedRound
        The same with their times, in the scanner.
    closing_ends : Ends
    pause_grid : float or None
        Pauses are rounded up to a multiple of this (s).
    """

    lobby: tuple[LobbyMoment, ...]
    lead_in_ends: Ends
    players: tuple[str, ...]
    turning: float
    flight: float
    settle: float
    limit: float | None
    reminder: float | None
    trials: tuple[Round, ...]
    blocks: tuple[PlannedRound, ...]
    closing_ends: Ends
    pause_grid: float | None = None

    @property
    def planned_duration(self) -> float | None:
        """Seconds from the run's zero to its end, or None if self-paced."""
        return self.closing_ends.time if isinstance(self.closing_ends, At) else None


def screens_of_game(plan: CyberballPlan) -> Iterable[Screen]:
    """Return every screen that the game can come to, whatever the participant chooses."""
    everybody = range(len(plan.players) + 1)
    for watching in dict.fromkeys(game.watching for game in plan.trials):
        playing = [player for player in everybody if player != YOU or not watching]
        for holder in playing:
            court = Court(plan.players, holder, watching=watching)
            yield court
            if holder == YOU:
                yield replace(court, line=REMINDER)
            for other in playing:
                if other != holder:
                    yield replace(court, turned_to=other)
                    yield Throw(plan.players, holder, other, plan.flight, watching)


def plan_cyberball(inputs: PlanInputs) -> CyberballPlan:
    """Decide all of a run that isn't the participant's own to decide.

    Raises
    ------
    BadInput
        If there are too few profiles, a profile or group that isn't in the set, or a round that
        can't keep what its schedule promises, whatever the participant chooses.
    """
    spec = inputs.protocol.tasks[inputs.task]
    assert isinstance(spec, LabCyberball | ScannerCyberball)
    assert inputs.people is not None, "the session reads the profile set for every task with people"
    chance = dice(inputs.seed, inputs.participant, inputs.session, inputs.task)
    players = players_of(inputs.protocol, inputs.people, inputs.participant, inputs.session)
    players = players[: spec.players.count]
    rounds = [
        _drawn(spec, game, f"task {inputs.task!r}, round {number}", chance)
        for number, game in enumerate(spec.rounds, start=1)
    ]
    rests = _rests(spec, len(rounds) - 1, chance)
    shared = CyberballPlan(
        instructions=spec.instructions,
        lobby=_lobby(spec, players, chance),
        lead_in_ends=After(spec.timing.lead_in),
        players=players,
        turning=spec.timing.turning,
        flight=spec.timing.flight,
        settle=spec.timing.settle,
        limit=spec.choice.limit,
        reminder=spec.choice.reminder,
        trials=(),
        blocks=(),
        closing_ends=After(spec.timing.closing),
    )
    if isinstance(spec, ScannerCyberball):
        return _timed(shared, inputs, spec, rounds, rests)
    trials = tuple(
        _round(number, game, After(rest) if rest is not None else None, None, *drawn)
        for number, (game, rest, drawn) in enumerate(
            zip(spec.rounds, (None, *rests), rounds, strict=True), start=1
        )
    )
    return replace(shared, trials=trials)


def foreseen_lines(task: str, plan: object) -> list[str]:
    """Return what to tell the assistant before a ball game: what its rounds will come to.

    Parameters
    ----------
    task : str
        Label.
    plan : object
        Nothing is told of other plans than a `CyberballPlan`.
    """
    if not isinstance(plan, CyberballPlan):
        return []
    return [f"task {task!r}, {line}" for game in plan.trials for line in _foreseen(game)]


def _foreseen(game: Round) -> list[str]:
    foreseen, whom = game.foreseen, ("the participant", *(f"player {i}" for i in range(1, 6)))
    shares = (
        f"{whom[one.player]} {one.share:.1%}"
        + ("" if one.lowest == one.highest else f" ({one.lowest:.1%} to {one.highest:.1%})")
        for one in foreseen.shares
    )
    throws = f"{foreseen.fewest_throws}"
    if foreseen.most_throws > foreseen.fewest_throws:
        throws += f" to {foreseen.most_throws}"
    lines = [f"round {game.number} ({game.condition}): {throws} throws, {', '.join(shares)}"]
    if foreseen.earliest_exclusion is not None:
        latest = foreseen.latest_exclusion
        until = "or later" if latest is None else f"to {latest:.1f} s"
        lines.append(
            f"round {game.number}: exclusion begins {foreseen.earliest_exclusion:.1f} s {until} "
            "into the round"
        )
    return lines


def players_of(
    protocol: Protocol, people: People, participant: str, session: str
) -> tuple[str, ...]:
    """Draw the others of a session's games, left to right: the same in all its games.

    They depend on protocol, profile set and participant alone; who plays in one session doesn't
    in another one, as long as there are so many people to draw from.

    Raises
    ------
    BadInput
        If the profile set has not all of those to draw from, or fewer people than are needed.
    """
    needs = {
        label: max((game.players.count for _, game in _games(protocol, label)), default=0)
        for label in protocol.sessions
    }
    allowed = set(people.everybody)
    for task, game in _games(protocol, session):
        among = people.everybody if game.players.among is None else game.players.among
        for one in among:
            if one not in people.everybody:
                raise BadInput(
                    f"task {task!r}: players.among: the profile set has no profile {one!r}"
                )
        allowed &= set(among)
    need = needs[session]
    if len(allowed) < need:
        raise BadInput(
            f"session {session!r}: its ball games need {need} players, and there are "
            f"{len(allowed)} to draw from in all of them; add people to the profile set, or to "
            "players.among"
        )
    shuffled = dice(protocol.seed, participant, "players").shuffled(people.everybody)
    order = [one for one in shuffled if one in allowed]
    before = sum(needs[label] for label in list(needs)[: list(needs).index(session)])
    return tuple(order[(before + i) % len(order)] for i in range(need))


def _games(protocol: Protocol, session: str) -> list[tuple[str, LabCyberball | ScannerCyberball]]:
    """Return label and settings of a session's ball games."""
    return [
        (task, game)
        for task in protocol.sessions[session].all_tasks
        if isinstance(game := protocol.tasks[task], LabCyberball | ScannerCyberball)
    ]


def _drawn(
    spec: LabCyberball | ScannerCyberball,
    game: GameRound,
    who: str,
    chance: Dice,
) -> tuple[Script, Foresight]:
    """Draw a round, and look through all that can become of it."""
    timing, others = spec.timing, spec.players.count
    pace = Pace(
        timing.turning,
        timing.flight,
        timing.settle,
        math.inf if spec.choice.limit is None else spec.choice.limit,
        math.inf if game.seconds is None else game.seconds,
    )
    # At the most, every other throw is the participant's, who may throw at once.
    pair = timing.delay.shortest + timing.turning + 2 * timing.flight - 0.1
    most = game.throws or 2 + math.ceil(2 * pace.length / max(pair, 0.1))
    if isinstance(game.schedule, Ostracism) and game.schedule.within > most:
        raise BadInput(
            f"{who}: its receipts are drawn within {game.schedule.within} throws, and in "
            f"{pace.length:g} s there are at most {most}; draw them within fewer, or make it longer"
        )
    first = "other" if isinstance(game.schedule, Watch) else spec.first
    script = draw_script(game, others, first, most, timing.delay, chance, excludes=excludes(game))
    foreseen = foresee(who, script, others, pace, _meant(game, script, others))
    return replace(script, throws=script.throws[: foreseen.most_throws]), foreseen


def _meant(game: GameRound, script: Script, others: int) -> Mapping[int, float]:
    """Return the shares that a protocol states."""
    match game.schedule:
        case Fair():
            return {YOU: 1 / (others + 1)}
        case Weighted():
            return {YOU: game.schedule.receipts / game.schedule.of}
        case Table():
            throws = game.throws or len(script.throws)
            return expected_shares(game.schedule.to, script.first, throws)
        case _:
            return {}


def _lobby(
    spec: LabCyberball | ScannerCyberball, players: tuple[str, ...], chance: Dice
) -> tuple[LobbyMoment, ...]:
    """Have the others arrive one after the other, then say their lines."""
    settings = spec.lobby
    if settings is None:
        return ()
    moments = [
        LobbyMoment(Lobby(players, joined), After(draw_delay(settings.arriving, chance)))
        for joined in range(len(players))
    ]
    said: tuple[tuple[int, str], ...] = ()
    for line in settings.chat:
        screen = Lobby(players, len(players), said)
        moments.append(LobbyMoment(screen, After(draw_delay(settings.typing, chance))))
        said = (*said, (line.player, line.text))
    moments.append(LobbyMoment(Lobby(players, len(players), said), After(settings.together)))
    return tuple(moments)


def _rests(spec: LabCyberball | ScannerCyberball, count: int, chance: Dice) -> list[float]:
    """Return lengths spread evenly over the protocol's span, in random order (s)."""
    low, high = spec.timing.rest
    lengths = [low + (high - low) * (i + 0.5) / count for i in range(count)]
    return [round(length, 3) for length in chance.shuffled(lengths)]


def _timed(
    shared: CyberballPlan,
    inputs: PlanInputs,
    spec: ScannerCyberball,
    rounds: list[tuple[Script, Foresight]],
    rests: list[float],
) -> CyberballPlan:
    """Give each round its time on the run clock."""
    mri, scanner = spec.begins == "pulse", inputs.protocol.scanner
    waiting, begins = awaited(spec.begins)
    labels = (inputs.participant, inputs.session, inputs.task)
    sync = tuple(_at(time) for time in sync_times(inputs.seed, *labels, spec.sync_pattern))
    now = scanner.dummy_volumes * scanner.tr if mri else 0.0
    now = max(now, sync[-1].time if sync else 0.0) + spec.timing.lead_in
    lead_in, trials, blocks = _at(now), [], []
    for number, (game, drawn) in enumerate(zip(spec.rounds, rounds, strict=True), start=1):
        assert game.seconds is not None, "the protocol sees to it that each round is timed"
        rest = None
        if number > 1:
            now += rests[number - 2]
            rest = _at(now)
        ends = _at(now + game.seconds)
        blocks.append(PlannedRound(number, game.condition, _at(now).time, ends.time))
        trials.append(_round(number, game, rest, ends, *drawn))
        now = ends.time
    return replace(
        shared,
        waiting=waiting,
        begins=begins,
        sync_ends=sync,
        lead_in_ends=lead_in,
        trials=tuple(trials),
        blocks=tuple(blocks),
        closing_ends=_at(now + spec.timing.closing),
        pause_grid=scanner.tr if mri else 1.0,
    )


def _round(
    number: int,
    game: GameRound,
    rest: Ends | None,
    ends: At | None,
    script: Script,
    foreseen: Foresight,
) -> Round:
    return Round(
        number=number,
        condition=game.condition,
        rest_ends=rest,
        seconds=game.seconds,
        ends=ends,
        watching=isinstance(game.schedule, Watch),
        script=script,
        foreseen=foreseen,
    )


def _at(time: float) -> At:
    return At(round(time, 3))
