"""The table of results: a claim, its bound, what was measured, and what it stands beside."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"


@dataclass(frozen=True)
class Row:
    """One measured figure.

    Parameters
    ----------
    what : str
    measured : str
        With its unit.
    bound : str
        What was promised; empty for what only stands beside it.
    holds : bool or None
        None where nothing was promised.
    """

    what: str
    measured: str
    bound: str = ""
    holds: bool | None = None


def at_most(what: str, value: float, limit: float, unit: str) -> Row:
    """Return a row for a figure that must not be above a limit."""
    return Row(what, f"{value:.3g} {unit}", f"at most {limit:g} {unit}", value <= limit)


def at_least(what: str, value: float, limit: float, unit: str) -> Row:
    """Return a row for a figure that must not be below a limit."""
    return Row(
        what, f"{value:.3g} {unit}".strip(), f"at least {limit:g} {unit}".strip(), value >= limit
    )


def beside(what: str, value: float, unit: str) -> Row:
    """Return a row for something measured in the same run, to compare with."""
    return Row(what, f"{value:.3g} {unit}")


def write(sections: Iterable[tuple[str, list[Row]]]) -> str:
    """Write the table, and return it."""
    lines = [
        "# Measured",
        "",
        f"`make bench`, {datetime.now(timezone.utc):%Y-%m-%d}, {platform.system()} on "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, software renderer on a "
        "virtual display. Rows without a bound were measured in the same run, to compare with.",
    ]
    for title, rows in sections:
        lines += ["", f"## {title}", "", "| what | measured | bound | holds |", "|---|---|---|---|"]
        lines += [
            f"| {r.what} | {r.measured} | {r.bound} | "
            f"{'' if r.holds is None else 'yes' if r.holds else '**no**'} |"
            for r in rows
        ]
    text = "\n".join(lines) + "\n"
    RESULTS.write_text(text, encoding="utf-8")
    return text
