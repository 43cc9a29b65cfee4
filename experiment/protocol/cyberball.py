"""Cyberball, as a protocol describes it: who plays, who gets the ball when, and how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from experiment.protocol.messages import waiting_text
from experiment.protocol.rig import SyncPattern
from experiment.protocol.schedules import (
    Fair,
    GameRound,
    Lists,
    Ostracism,
    Table,
    Weighted,
    excludes,
)
from experiment.protocol.task import Begins, TaskSpec
from experiment.protocol.values import (
    Located,
    Name,
    Number,
    Seconds,
    Span,
    Strict,
    Whole,
)

if TYPE_CHECKING:
    from experiment.protocol.whole import Protocol

Long = Annotated[Number, Field(gt=0, le=600)]


class Delays(Strict):
    """Times that people take (s): log-normal, drawn again where shorter or longer than allowed."""

    median: Long
    log_sd: Annotated[Number, Field(ge=0, le=2)]
    shortest: Seconds
    longest: Long

    @model_validator(mode="after")
    def _around_the_median(self) -> Delays:
        if not self.shortest <= self.median <= self.longest:
            raise ValueError(
                f"the median ({self.median:g} s) lies between shortest ({self.shortest:g} s) and "
                f"longest ({self.longest:g} s)"
            )
        return self


class Players(Strict):
    """The others: how many, and who.

    They are drawn from the profile set, or from `among` its profiles: the same people in all games
    of a session, in the same places, and others in the next session if there are enough.
    """

    count: Annotated[Whole, Field(ge=2, le=5)]
    among: tuple[str, ...] | None

    @field_validator("among")
    @classmethod
    def _each_once(cls, among: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if among is not None and len(set(among)) < len(among):
            raise ValueError("name each profile once")
        return among

    @model_validator(mode="after")
    def _enough(self) -> Players:
        if self.among is not None and len(self.among) < self.count:
            raise ValueError(f"{self.count} players can't be drawn from {len(self.among)} profiles")
        return self


# --- the whole task ------------------------------------------------------------------------------


class ChatLine(Strict):
    """Something that a player (from 1, left to right) says while the others arrive."""

    player: Annotated[Whole, Field(ge=1, le=5)]
    text: str


class LobbySettings(Strict):
    """Players are connecting: how long each takes, what they say, and how long all are there.

    A line of `chat` is said so long after the one before as `typing` says, when all have arrived.
    """

    arriving: Delays
    typing: Delays
    chat: tuple[ChatLine, ...]
    together: Long


class Choosing(Strict):
    """The participant's own throws: a reminder after some time, then an automatic throw (s).

    ``none`` for a limit: as long as it takes; for a reminder: there is none.
    """

    limit: Long | None
    reminder: Long | None

    @model_validator(mode="after")
    def _in_order(self) -> Choosing:
        if self.reminder is not None and self.limit is not None and self.reminder >= self.limit:
            raise ValueError(
                f"the reminder ({self.reminder:g} s) comes before the limit ({self.limit:g} s)"
            )
        return self


class GameTiming(Strict):
    """Times of the game (s).

    `delay` is how long one of the others has the ball, `turning` the last part of it, turned to
    whom they throw; the participant's hand takes as long. `flight` is the ball's. A round ends with
    the ball at rest for `settle`. Lengths of `rest` between rounds are spread evenly over the span,
    in random order, so that all runs are equally long.
    """

    lead_in: Seconds
    delay: Delays
    turning: Annotated[Number, Field(gt=0, le=5)]
    flight: Annotated[Number, Field(gt=0, le=5)]
    settle: Annotated[Number, Field(ge=0.1, le=10)]
    rest: Span
    closing: Annotated[Number, Field(gt=0, le=600)]

    @model_validator(mode="after")
    def _time_to_turn(self) -> GameTiming:
        if self.delay.shortest <= self.turning:
            raise ValueError(
                f"the shortest delay ({self.delay.shortest:g} s) is longer than turning "
                f"({self.turning:g} s), which is a part of it"
            )
        return self


class _Cyberball(TaskSpec):
    """What both versions of the game share.

    `first` says who has the ball when a round begins: the participant, or another (by chance).
    """

    made_up: ClassVar[str | None] = "the players of a ball game are made up"

    kind: Literal["cyberball"]
    ratings: Annotated[tuple[Name, ...], Field(max_length=0)]
    players: Players
    first: Literal["participant", "other"]
    lobby: LobbySettings | None
    choice: Choosing
    rounds: Annotated[tuple[GameRound, ...], Field(min_length=1, max_length=50)]
    timing: GameTiming

    def required_markers(self) -> tuple[str, ...]:
        return (
            *("run_start", "run_end", "waiting", "rest", "round_begins", "throw_begins"),
            *("ball_arrives", "have_ball", "choice", "choice_automatic", "reminder"),
            *(("exclusion_begins",) if any(map(excludes, self.rounds)) else ()),
            *(("lobby",) if self.lobby else ()),
        )

    def required_texts(self) -> tuple[str, ...]:
        lobby, reminder = self.lobby, () if self.choice.reminder is None else (REMINDER,)
        said = () if lobby is None else (CONNECTING, ALL_HERE, *(line.text for line in lobby.chat))
        return ("closing", *reminder, *said)

    def check_in(self, label: str, protocol: Protocol) -> None:
        where = ("tasks", label)
        if protocol.profiles is None:
            raise Located(where, "shows people; the protocol needs a section profiles")
        for i, line in enumerate(() if self.lobby is None else self.lobby.chat):
            if line.player > self.players.count:
                raise Located(
                    (*where, "lobby", "chat", i, "player"),
                    f"there are {self.players.count} others, no player {line.player}",
                )
        for i, game in enumerate(self.rounds):
            place, problem = _problem(game, self)
            if problem:
                raise Located((*where, "rounds", i, *place), problem)


class LabCyberball(_Cyberball):
    """The game in the lab; a key begins it."""

    version: Literal["lab"]

    def required_texts(self) -> tuple[str, ...]:
        return (*super().required_texts(), "waiting_start")


class ScannerCyberball(_Cyberball):
    """The game in the scanner: rounds of fixed length at times on the run clock, rests between.

    `begins` names what is the run's zero: the first volume pulse (MRI), or a mark (PET). With
    `sync_pattern`, that many markers ``sync`` go out in the lead-in. No choice of the
    participant's, however late, moves a round's end.
    """

    version: Literal["scanner"]
    begins: Begins
    sync_pattern: SyncPattern

    @property
    def awaits(self) -> Begins:
        return self.begins

    def required_markers(self) -> tuple[str, ...]:
        return (*super().required_markers(), *(("sync",) if self.sync_pattern else ()))

    def required_texts(self) -> tuple[str, ...]:
        return (*super().required_texts(), waiting_text(self.begins))

    @field_validator("rounds")
    @classmethod
    def _timed(cls, rounds: tuple[GameRound, ...]) -> tuple[GameRound, ...]:
        if any(game.seconds is None for game in rounds):
            raise ValueError("in the scanner each round ends by seconds, not by throws")
        return rounds


CyberballTask = Annotated[LabCyberball | ScannerCyberball, Field(discriminator="version")]
CONNECTING, ALL_HERE = "players_connecting", "players_here"
"""Keys of the text above the players while they arrive, and once they are there."""
REMINDER = "cyberball.reminder"
"""Key of the text that reminds a participant who has the ball to throw it."""


# --- can it be played? ---------------------------------------------------------------------------


def _problem(game: GameRound, task: _Cyberball) -> tuple[tuple[str | int, ...], str]:
    """Return where a round can't be played as it stands, and why; an empty reason if it can."""
    schedule, others = game.schedule, task.players.count
    if game.seconds is not None and task.choice.limit is None and game.condition != "watch":
        return ("seconds",), "a round that ends by seconds needs a choice.limit"
    match schedule:
        case Fair() if schedule.of % (others + 1):
            best = max(round(schedule.of / (others + 1)), 1) * (others + 1)
            return (
                ("schedule", "of"),
                f"{schedule.of} throws can't be shared evenly by {others + 1} players; for example "
                f"{best} can",
            )
        case Weighted():
            fair, share = 1 / (others + 1), schedule.receipts / schedule.of
            if (share > fair) != (schedule.kind == "over_inclusion") or share == fair:
                than = "more" if schedule.kind == "over_inclusion" else "less"
                return (
                    ("schedule", "receipts"),
                    f"{schedule.receipts} of {schedule.of} throws is {share:.1%}; {schedule.kind} "
                    f"is {than} than an equal share, {fair:.1%}",
                )
        case Ostracism() if game.throws is not None and schedule.within >= game.throws:
            return (
                ("schedule", "within"),
                f"of {game.throws} throws, {schedule.within} are before the exclusion: none is "
                "left for it",
            )
        case Lists():
            return _problem_of_lists(schedule, others)
        case Table():
            return _problem_of_table(schedule, others)
    return _problem_of_spread(game, task)


def _problem_of_spread(game: GameRound, task: _Cyberball) -> tuple[tuple[str | int, ...], str]:
    schedule, others = game.schedule, task.players.count
    stretch = schedule.of if isinstance(schedule, Fair | Weighted) else None
    if stretch is not None and game.throws is not None and game.throws % stretch:
        return (
            ("schedule", "of"),
            f"the round has {game.throws} throws, which is no multiple of {stretch}",
        )
    # Of a round that ends by seconds, two stretches stand for as many as there will be.
    least = game.throws or 2 * (stretch or 1)
    spread = game.spread(others + 1, task.first, least)
    if spread is None or spread.possible:
        return (), ""
    longest = (
        ""
        if spread.longest_without is None
        else (f", with at most {spread.longest_without} throws in a row to others")
    )
    return (
        ("schedule",),
        f"{spread.receipts} of {spread.stretch} throws can't go to the participant{longest}: "
        "nobody gets the ball twice in a row, and who has it throws it on",
    )


def _problem_of_lists(schedule: Lists, others: int) -> tuple[tuple[str | int, ...], str]:
    if problem := _players_missing(schedule.players, others):
        return ("schedule", "players"), problem
    for player, turns in schedule.players.items():
        for i, to in enumerate(turns):
            if to == player or not 0 <= to <= others:
                return (
                    ("schedule", "players", player, i),
                    f"player {player} can throw to {_others_of(player, others)}, not to {to}",
                )
    return (), ""


def _problem_of_table(schedule: Table, others: int) -> tuple[tuple[str | int, ...], str]:
    if problem := _players_missing(schedule.to, others):
        return ("schedule", "to"), problem
    for player, row in schedule.to.items():
        for to, share in row.items():
            if to == player or not 0 <= to <= others or share < 0:
                return (
                    ("schedule", "to", player, to),
                    f"player {player} can throw to {_others_of(player, others)}, each with a "
                    f"probability from 0; found {to}: {share:g}",
                )
        if abs(sum(row.values()) - 1) > 1e-6:
            return (
                ("schedule", "to", player),
                f"the probabilities of player {player} add up to {sum(row.values()):g}, not to 1",
            )
    return (), ""


def _players_missing(rows: dict[int, Any], others: int) -> str | None:
    if set(rows) == set(range(1, others + 1)):
        return None
    found = ", ".join(map(str, sorted(rows))) or "none"
    return f"needs players 1 to {others}, found {found}"


def _others_of(player: int, others: int) -> str:
    return ", ".join(str(to) for to in range(others + 1) if to != player)
