"""The command that shows a whole study day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path | None, typer.Option(help="Folder for all that it makes.")] = None,
) -> None:
    """Show a whole study day with a robot participant and a simulated scanner."""
    from analysis.demo import show_all

    show_all(out, tell=print)
