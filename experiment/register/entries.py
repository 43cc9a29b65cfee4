"""The kinds of entry that a study's journal has. Each is one change, made by somebody at a time.

No entry holds an arm, a name or a message; initials of a participant are for the desk only.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from experiment.protocol.values import Label, Strict, Whole

PeriodNumber = Annotated[Whole, Field(ge=1, le=2)]


class Entry(Strict):
    """What every entry says: who did it. Place, time and digest are added when it is written.

    Attributes
    ----------
    by : str
        Initials of whoever made the change.
    """

    by: Annotated[str, Field(min_length=1, max_length=5)]


class AllocationReceived(Entry):
    """The sealed list was put into the study; `sha256` is that of the file."""

    what: Literal["allocation_received"] = "allocation_received"
    sha256: str
    slots: dict[str, tuple[str, ...]]
    """Slot numbers of each stratum, in the order in which they are given out."""
    rehearsal: bool


class Enrolled(Entry):
    """A participant joined, and was bound to a slot if the study has a design."""

    what: Literal["enrolled"] = "enrolled"
    participant: Label
    slot: str | None = None
    stratum: str | None = None
    initials: str | None = None
    replaces: Label | None = None


class Scheduled(Entry):
    """The day of the first dose of a period was set, or moved."""

    what: Literal["scheduled"] = "scheduled"
    participant: Label
    period: PeriodNumber
    first_dose: dt.date


class Dosed(Entry):
    """A dose was taken on a day."""

    what: Literal["dosed"] = "dosed"
    participant: Label
    period: PeriodNumber
    on: dt.date


class Withdrawn(Entry):
    """A participant left the study; what they gave so far stays."""

    what: Literal["withdrawn"] = "withdrawn"
    participant: Label
    reason: str


class Repeated(Entry):
    """A session is to be done again; its folder of logs was set aside as `moved_to`."""

    what: Literal["repeated"] = "repeated"
    participant: Label
    session: Label
    reason: str
    moved_to: str


class Unblinded(Entry):
    """Somebody was about to be told the arm of a participant, or of all (`participant` is None).

    Written before anything is shown. It says who and why, never which arm.
    """

    what: Literal["unblinded"] = "unblinded"
    participant: Label | None
    reason: str


class IdentitySet(Entry):
    """Initials and colour of somebody, who need not be enrolled, were set or set anew.

    Their own file has them; the journal says who did it.
    """

    what: Literal["identity_set"] = "identity_set"
    participant: Label


class Refiled(Entry):
    """A daily report that was kept counts for this participant and session from now on, or nobody.

    `file` is what holds it, from the study's folder; it stays as it is and where it is.
    """

    what: Literal["refiled"] = "refiled"
    file: str
    participant: Label | None
    session: Label | None
    reason: str


AnyEntry: TypeAlias = Annotated[
    AllocationReceived
    | Enrolled
    | Scheduled
    | Dosed
    | Withdrawn
    | Repeated
    | Unblinded
    | IdentitySet
    | Refiled,
    Field(discriminator="what"),
]
ENTRY: TypeAdapter[AnyEntry] = TypeAdapter(AnyEntry)
