"""The table of results: a claim, its bound, what was measured, and what it stands beside."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from hardware.awake import kept_awake


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
        None where nothing was promised, or the measurement does not resolve it.
    """

    what: str
    measured: str
    bound: str = ""
    holds: bool | None = None


def at_most(what: str, value: float, limit: float, unit: str) -> Row:
    """Return a row for a figure that must not be above a limit."""
    near = limit != 0 and abs(value / limit - 1) < 0.01  # or a miss would look like a hit
    measured = f"{value:.{5 if near else 3}g} {unit}".strip()
    bound = f"at most {limit:g} {unit}".strip()
    return Row(what, measured, bound, bool(value <= limit))


def surely_at_most(what: str, value: float, interval: tuple[float, float], limit: float) -> Row:
    """Return a row for a figure whose 95 % interval must not reach above a limit.

    Where the limit lies within the interval the figure is not resolved: nothing is claimed.
    """
    low, high = interval
    measured = f"{value:.3g}, 95 % interval {low:.3g} to {high:.3g}"
    if low <= limit < high:
        return Row(what, f"{measured}: not resolved", f"at most {limit:g}", None)
    return Row(what, measured, f"at most {limit:g}", high <= limit)


def surely_at_least(what: str, value: float, interval: tuple[float, float], limit: float) -> Row:
    """Return a row for a figure whose 95 % interval must not reach below a limit."""
    low, high = interval
    measured = f"{value:.3g}, 95 % interval {low:.3g} to {high:.3g}"
    if low < limit <= high:
        return Row(what, f"{measured}: not resolved", f"at least {limit:g}", None)
    return Row(what, measured, f"at least {limit:g}", low >= limit)


def at_least(what: str, value: float, limit: float, unit: str) -> Row:
    """Return a row for a figure that must not be below a limit."""
    return Row(
        what, f"{value:.3g} {unit}".strip(), f"at least {limit:g} {unit}".strip(), value >= limit
    )


def beside(what: str, value: float, unit: str) -> Row:
    """Return a row for something measured in the same run, to compare with."""
    return Row(what, f"{value:.3g} {unit}".strip())


def why(shown: Iterable[str]) -> Row:
    """Return the row below a figure that was not reached.

    Parameters
    ----------
    shown : iterable of str
        What other rows of the same table show of it; nothing else belongs here.
    """
    return Row("why", "; ".join(shown) or "no other row of this table shows it")


@dataclass(frozen=True)
class Section:
    """What was measured together.

    Parameters
    ----------
    title : str
    conditions : str
        When, on what, and how much of it others of the same machine had.
    rows : list of Row
    """

    title: str
    conditions: str
    rows: list[Row]


def measured(title: str, measure: Callable[[], list[Row]], *, awake: bool = False) -> Section:
    """Measure a section, and note the conditions.

    Parameters
    ----------
    title : str
    measure : callable
    awake : bool
        Whether the processors are kept from sleeping meanwhile.
    """
    begun, before = time.monotonic(), _cpu_times()
    with kept_awake(awake):
        rows = measure()
    taken = time.monotonic() - begun
    times = [b - a for a, b in zip(before, _cpu_times(), strict=True)]
    cores = os.cpu_count() or 1
    # What is nice (its second) keeps processors awake; waiting and idle ones aren't busy.
    kept, busy = times[7], times[0] + times[2] + times[5] + times[6]
    sleep = " Processors were kept awake." if awake else ""
    return Section(
        title,
        f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC, {platform.system()} on {cores} cores, "
        f"Python {platform.python_version()}. It took {taken:.0f} s; all programs of this machine "
        f"together kept its cores busy for {100 * busy / taken / cores:.0f} % of that, the "
        f"hypervisor kept {kept:.1f} s of CPU time ({100 * kept / taken / cores:.1f} %) from them."
        f"{sleep}",
        rows,
    )


def stolen() -> float:
    """Return the CPU time (s) that other guests of this machine's host had, 0 if unknown."""
    return _cpu_times()[7]


def _cpu_times() -> list[float]:
    """Return the CPU times (s) of all cores: user, nice, system, idle, waiting, ..., stolen."""
    try:
        words = Path("/proc/stat").read_text(encoding="utf-8").split("\n")[0].split()
    except OSError:
        return [0.0] * 8
    return [int(word) / os.sysconf("SC_CLK_TCK") for word in words[1:9]]


def write(sections: Iterable[Section], file: Path, order: Sequence[str], about: str) -> str:
    """Put sections into a file, in place of their older selves, and return what was put.

    Parameters
    ----------
    sections : iterable of Section
    file : Path
        What else it holds of `order` is kept.
    order : sequence of str
        Titles of all sections that belong into the file.
    about : str
        How the file comes about.
    """
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    texts = {
        text.partition("\n")[0]: text.partition("\n")[2].strip() for text in old.split("\n## ")[1:]
    }
    new = {section.title: _text(section) for section in sections}
    texts.update(new)
    parts = [f"## {title}\n\n{texts[title]}\n" for title in order if title in texts]
    file.write_text("\n".join([f"# Measured\n\n{about}\n", *parts]), encoding="utf-8")
    return "\n".join(f"## {title}\n\n{text}\n" for title, text in new.items())


def _text(section: Section) -> str:
    lines = [section.conditions, "", "| what | measured | bound | holds |", "|---|---|---|---|"]
    lines += [
        f"| {r.what} | {r.measured} | {r.bound} | "
        f"{'' if r.holds is None else 'yes' if r.holds else '**no**'} |"
        for r in section.rows
    ]
    return "\n".join(lines)
