"""The design of a drug study: groups or crossover, blocks, strata, days of drug, windows.

Arms are A and B here and everywhere at the desk. What they stand for is in the sealed list alone
(`experiment.blinding`).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from experiment.protocol.values import Label, Located, Strict, Whole
from experiment.said import Said

if TYPE_CHECKING:
    from experiment.protocol.whole import Protocol

NO_STRATUM = "all"
"""The name of the one stratum of a study that has no factors."""

_PERIODS = {"crossover": 2, "parallel": 1}
_SEQUENCES = {"crossover": ("AB", "BA"), "parallel": ("A", "B")}


class Window(Strict):
    """When a session is due, in days of its period.

    `day` 1 is the day of the first dose. The session may be so many days `earlier` or `later`.
    """

    day: Whole = Field(ge=1, le=365)
    earlier: Whole = Field(ge=0, le=60, default=0)
    later: Whole = Field(ge=0, le=60, default=0)

    @model_validator(mode="after")
    def _after_the_first_dose(self) -> Window:
        if self.earlier >= self.day:
            raise ValueError(
                f"day {self.day} and {self.earlier} days earlier would be before the first dose"
            )
        return self


class Period(Strict):
    """A stretch of days on one drug, and the sessions that belong to it."""

    sessions: dict[Label, Window] = Field(min_length=1)


class Design(Strict):
    """How participants come to their drug, and when.

    `block_sizes` are those of the permuted blocks, one of which is chosen at random for each
    block. Each combination of levels of the `strata` has a list of its own, of `slots` places or a
    few more (the last block is whole). A dose is taken on each of `drug_days` days in a row. At
    least `washout_days` days without drug lie between two periods; ``none`` where there is but one.
    """

    kind: Literal["crossover", "parallel"]
    block_sizes: tuple[Annotated[Whole, Field(ge=2, le=40)], ...] = Field(min_length=1)
    strata: dict[Label, Annotated[tuple[Label, ...], Field(min_length=2)]] = Field(
        default_factory=dict
    )
    slots: Whole = Field(ge=2, le=2000)
    drug_days: Whole = Field(ge=1, le=365)
    washout_days: Annotated[Whole, Field(ge=0, le=365)] | None
    periods: tuple[Period, ...] = Field(min_length=1)

    @property
    def sequences(self) -> tuple[str, ...]:
        """What can be drawn for a slot: one letter for each period."""
        return _SEQUENCES[self.kind]

    @property
    def stratum_names(self) -> tuple[str, ...]:
        """Every stratum: the levels of all factors, joined by a hyphen."""
        return tuple("-".join(levels) for levels in product(*self.strata.values()) if levels) or (
            NO_STRATUM,
        )

    def stratum(self, levels: Mapping[str, str]) -> str:
        """Return the stratum of a participant.

        Parameters
        ----------
        levels : mapping of str to str
            One level for each factor.

        Raises
        ------
        ValueError
            If a factor is missing or unknown, or has no such level; says which are allowed.
        """
        unknown = sorted(set(levels) - set(self.strata))
        if unknown:
            known = ", ".join(self.strata) or Said("refused.without_strata")
            raise ValueError(Said("refused.no_factor", factor=unknown[0], allowed=known))
        for factor, allowed_levels in self.strata.items():
            allowed = ", ".join(f"{factor}={level}" for level in allowed_levels)
            if factor not in levels:
                raise ValueError(Said("refused.no_level", factor=factor, allowed=allowed))
            if levels[factor] not in allowed_levels:
                found = {"factor": factor, "level": levels[factor]}
                raise ValueError(Said("refused.other_level", **found, allowed=allowed))
        return "-".join(levels[factor] for factor in self.strata) or NO_STRATUM

    def period_of(self, session: str) -> int | None:
        """Return the number (from 1) of a session's period; None if it belongs to none."""
        for number, period in enumerate(self.periods, start=1):
            if session in period.sessions:
                return number
        return None

    @model_validator(mode="after")
    def _hangs_together(self) -> Design:
        odd = [size for size in self.block_sizes if size % len(self.sequences)]
        if odd:
            raise Located(
                ("design", "block_sizes"),
                f"a block of {odd[0]} can't hold both sequences equally often; even sizes only",
            )
        wanted = _PERIODS[self.kind]
        if len(self.periods) != wanted:
            raise Located(
                ("design", "periods"),
                f"{self.kind} has {wanted} of them, found {len(self.periods)}",
            )
        if (self.washout_days is None) != (wanted == 1):
            needed = "none, there is no second period" if wanted == 1 else "a number of days"
            raise Located(("design", "washout_days"), f"{self.kind}: {needed} is needed")
        for factor, levels in self.strata.items():
            if len(set(levels)) != len(levels):
                raise Located(("design", "strata", factor), "a level is there twice")
        return self

    def check_in(self, protocol: Protocol) -> None:
        """Check that the sessions of the periods are the study's, each once, and in its order.

        Raises
        ------
        Located
            With the place of what is wrong.
        """
        order = list(protocol.sessions)
        last, seen = -1, set[str]()
        for i, period in enumerate(self.periods):
            for session in period.sessions:
                place = ("design", "periods", i, "sessions", session)
                if session not in order:
                    raise Located(place, f"no session {session!r}; allowed: {', '.join(order)}")
                if session in seen:
                    raise Located(place, f"session {session!r} is in two periods")
                if order.index(session) < last:
                    raise Located(place, f"comes after a later one; the order is {order}")
                seen.add(session)
                last = order.index(session)
