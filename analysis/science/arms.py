"""Who was in which arm: the table that ``unblind --all`` wrote, or none.

Somebody who analyses blinded can be given the same table with A and B in the place of the arms'
names; then results are split by A and B, and what these stand for stays sealed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from experiment.errors import BadInput
from experiment.kit.tables import read_table

if TYPE_CHECKING:
    from pandas import DataFrame

_NEEDED = ("participant", "sequence", "period", "session", "arm")
_LETTERS = {"A", "B"}
_MOST = 2


@dataclass(frozen=True)
class Given:
    """What a participant was given around a session.

    Parameters
    ----------
    arm, sequence : str
    period : int
        From 1.
    slot : str or None
        On the sealed list.
    """

    arm: str
    sequence: str
    period: int
    slot: str | None = None


@dataclass(frozen=True)
class Arms:
    """The arms of a study.

    Parameters
    ----------
    given : mapping of (str, str) to Given
        By participant and session.
    """

    given: Mapping[tuple[str, str], Given]

    @property
    def names(self) -> tuple[str, str]:
        """Both arms. The first one is the reference: placebo where one is named so, else A."""
        first, second = sorted(
            {one.arm for one in self.given.values()},
            key=lambda arm: (arm.lower() != "placebo", arm),
        )
        return first, second

    @property
    def coded(self) -> bool:
        """Whether they are told as A and B only."""
        return set(self.names) == _LETTERS

    @property
    def crossover(self) -> bool:
        """Whether participants got both."""
        return any(one.period > 1 for one in self.given.values())

    def strangers(self, slots: Mapping[str, str]) -> list[str]:
        """Return the participants whose logs name another slot than the table does."""
        told = {participant: one.slot for (participant, _), one in self.given.items()}
        return sorted(
            participant
            for participant, slot in slots.items()
            if told.get(participant) not in (None, slot)
        )

    def joined(self, table: DataFrame) -> DataFrame:
        """Return a table with participant and session, with columns arm, sequence and period.

        Rows of whoever isn't in the table of arms are left out.
        """
        import pandas as pd

        keys = list(zip(table["participant"], table["session"], strict=True))
        known = [key in self.given for key in keys]
        kept: DataFrame = table[known].copy()
        found = [self.given[key] for key, there in zip(keys, known, strict=True) if there]
        for name in ("arm", "sequence"):
            kept[name] = pd.array([getattr(one, name) for one in found], dtype="string")
        kept["period"] = pd.array([one.period for one in found], dtype="Int64")
        return kept


def read_arms(file: Path) -> Arms:
    """Read the table of arms.

    Raises
    ------
    BadInput
        If it can't be read, lacks a column, is contradictory, or hasn't two arms.
    """
    header, *rows = read_table(file).rows
    names = [cell.strip() for cell in header.cells]
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise BadInput(
            f"{file}:{header.line}: no column {missing[0]!r}; a table as unblind --all --out "
            f"writes it is needed (columns {', '.join(_NEEDED)})"
        )
    given: dict[tuple[str, str], Given] = {}
    for number, cells in ((one.line, one.cells) for one in rows):
        row = dict(zip(names, (cell.strip() for cell in cells), strict=True))
        if any(not row[name] for name in _NEEDED):
            raise BadInput(f"{file}:{number}: a cell is empty")
        if row["period"] not in ("1", "2"):
            raise BadInput(f"{file}:{number}: period {row['period']!r}, allowed are 1 and 2")
        key = (row["participant"], row["session"])
        if key in given:
            raise BadInput(
                f"{file}:{number}: session {key[1]!r} of participant {key[0]!r} is there twice"
            )
        given[key] = Given(row["arm"], row["sequence"], int(row["period"]), row.get("slot") or None)
    counts = Counter(one.arm for one in given.values())
    if len(counts) != _MOST:
        raise BadInput(f"{file}: two arms are needed, found {len(counts)}")
    return Arms(given)
