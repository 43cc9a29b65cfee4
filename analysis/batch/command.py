"""`export`: what a user asks for and sees of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from analysis.batch.exporting import Export, Told, export_study, kept_facts
from analysis.batch.schedulers import scheduler
from experiment.errors import KindredError

Report = Callable[[Iterator[dict[str, Any]]], None]
_EACH = 10.0  # s between lines of progress where there is no terminal


def export_and_tell(
    export: Export, workers: int, address: str, report: Report | None = None
) -> None:
    """Export a study, show how far it is, print what it did, and make the study's report.

    Parameters
    ----------
    export : Export
    workers : int
    address : str
        Of the scheduler.
    report : callable or None
        Takes what a report is made of, a log after the other.

    Raises
    ------
    KindredError
        At the end, if a log can't be used; all others were exported then.
    """
    with scheduler(address, workers) as chosen, _progress() as tell:
        done = export_study(export, chosen, tell)
    print(*done.told(), sep="\n", flush=True)
    if report is not None:
        with kept_facts(export) as facts:
            report(facts)
    if done.broken:
        more = f" (and {len(done.broken) - 1} more, told above)" if len(done.broken) > 1 else ""
        raise KindredError(f"left out, all others were exported: {done.broken[0]}{more}")


@contextmanager
def _progress() -> Iterator[Told]:
    """Give what shows the progress on the error output: a bar there, or a line now and then."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("sessions"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=None, rate="")
        begun = time.monotonic()

        def tell(done: int, of: int) -> None:
            rate = f"{done / max(time.monotonic() - begun, 1e-3):.0f} per second"
            shown.update(task, completed=done, total=of, rate=rate)

        yield tell


def _lines() -> Told:
    begun = last = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _EACH:
            return
        last = now
        rate = done / (now - begun)
        left = (of - done) / rate
        print(
            f"{done:,} of {of:,} sessions, {rate:.0f} per second, {left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )

    return tell
