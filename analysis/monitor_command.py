"""The command that opens the operator's console."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def monitor(
    path: Annotated[Path, typer.Argument(metavar="STUDY|LOG", help="What to watch.")],
    by: Annotated[str | None, typer.Option("--by", help="Your initials, for notes.")] = None,
    language: Annotated[
        str | None, typer.Option(metavar="TAG", help="en, ar or ja; else the launcher's.")
    ] = None,
) -> None:
    """Show the operator how a session goes, from its log alone."""
    from analysis.monitor import run_monitor
    from experiment.said import language_of

    run_monitor(path, by, language_of(language))
