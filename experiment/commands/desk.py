"""The launcher, as a command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.errors import BadInput


def desk(
    study: Annotated[
        Path | None, typer.Argument(metavar="[STUDY]", help="The study's folder; else asked for.")
    ] = None,
    robot: Annotated[
        str | None, typer.Option(help="A simulated participant, to rehearse a whole day.")
    ] = None,
    speed: Annotated[str, typer.Option(help="real, or with a robot fast.")] = "real",
    no_window: Annotated[
        bool, typer.Option("--no-window", help="With a robot: sessions without a window.")
    ] = False,
    window: Annotated[
        str | None, typer.Option(help="Window size of sessions, for example 1280x720.")
    ] = None,
    port: Annotated[str | None, typer.Option(help="Trigger port URL, or none.")] = None,
    scanner: Annotated[str | None, typer.Option(help="Scanner port URL, or none.")] = None,
) -> None:
    """Open the launcher, as run_session.py alone does: what is due, and one button for it."""
    from experiment.desk.commands import Options
    from experiment.desk.window.launch import open_desk
    from experiment.request import window_size
    from experiment.robot import temper

    if speed not in ("real", "fast"):
        raise BadInput(f"--speed {speed!r}: allowed are real, fast")
    if robot is not None:
        temper(robot)
    elif no_window or speed == "fast":
        raise BadInput("--no-window, --speed fast: need --robot, for nobody else can take part")
    window_size(window)
    options = Options(robot, speed == "fast", no_window, window, port, scanner)
    raise typer.Exit(open_desk(study, options))
