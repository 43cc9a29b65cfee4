"""Who gets the ball when: the schedules of a ball game, and its rounds."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from experiment.protocol.values import Number, Place, Strict, Whole
from experiment.spread import Spread

Throws = Annotated[Whole, Field(ge=1, le=500)]
GameCondition: TypeAlias = Literal[
    "watch", "included", "excluded", "over_included", "partly_excluded"
]
"""What a round is to the participant; never shown to them."""


class Fair(Strict):
    """The participant gets an equal share of each `of` throws, at random places among them.

    `longest_without`: the most throws in a row of which none goes to the participant.
    """

    kind: Literal["fair"]
    of: Throws
    longest_without: Throws | None


class Weighted(Strict):
    """The participant gets `receipts` of each `of` throws: more, or less, than an equal share."""

    kind: Literal["over_inclusion", "partial_exclusion"]
    receipts: Annotated[Whole, Field(ge=0, le=250)]
    of: Throws
    longest_without: Throws | None


class Ostracism(Strict):
    """The participant gets `receipts` of the first `within` throws, then none ever again."""

    kind: Literal["ostracism"]
    receipts: Annotated[Whole, Field(ge=0, le=250)]
    within: Throws


class Lists(Strict):
    """Whom each of the others throws to, turn by turn: 0 is the participant, others from 1.

    With `excludes`, the lists are meant to end with turns of which none goes to the participant.
    """

    kind: Literal["lists"]
    players: dict[Place, tuple[Whole, ...]]
    excludes: bool


class Table(Strict):
    """How likely each of the others throws to whom: one row a player, each adding up to 1."""

    kind: Literal["table"]
    to: dict[Place, dict[Place, Number]]


class Watch(Strict):
    """The participant looks on while the others throw to each other."""

    kind: Literal["watch"]


Schedule = Annotated[
    Fair | Weighted | Ostracism | Lists | Table | Watch, Field(discriminator="kind")
]


class GameRound(Strict):
    """A round: how it ends, by `throws` or by `seconds`, and who gets the ball in it."""

    condition: GameCondition
    schedule: Schedule
    throws: Throws | None = None
    seconds: Annotated[Number, Field(gt=0, le=1800)] | None = None

    @model_validator(mode="after")
    def _one_end(self) -> GameRound:
        if (self.throws is None) == (self.seconds is None):
            raise ValueError("a round ends by throws or by seconds; give one of the two")
        if (self.condition == "watch") != (self.schedule.kind == "watch"):
            raise ValueError("condition watch and a schedule of kind watch go together")
        return self

    def spread(self, players: int, first: str, throws: int) -> Spread | None:
        """Return the rules for the participant's receipts; None if the schedule has other ones.

        Parameters
        ----------
        players : int
            The participant included.
        first : str
            Who has the ball at first.
        throws : int
            For so many throws at least.
        """
        schedule, has_ball = self.schedule, first == "participant"
        match schedule:
            case Ostracism():
                within, receipts = schedule.within, schedule.receipts
                return Spread(within, within, receipts, None, has_ball)
            case Fair() | Weighted():
                receipts = (
                    schedule.receipts if isinstance(schedule, Weighted) else schedule.of // players
                )
                whole = -(-throws // schedule.of) * schedule.of
                return Spread(whole, schedule.of, receipts, schedule.longest_without, has_ball)
            case _:
                return None


def excludes(game: GameRound) -> bool:
    """Whether a round has a moment from which on nobody throws to the participant."""
    schedule = game.schedule
    return schedule.kind == "ostracism" or (schedule.kind == "lists" and schedule.excludes)
