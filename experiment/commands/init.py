"""The command that makes a new study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="The study's folder.")]


def init(
    study: StudyFolder,
    preset: Annotated[
        str | None,
        typer.Option(
            help="cyberball, hsu2013, inagaki2013, inagaki2016 or inagaki2019; else a working "
            "example."
        ),
    ] = None,
    language: Annotated[
        str, typer.Option(metavar="TAG", help="Of the participants: en, ar or ja.")
    ] = "en",
) -> None:
    """Make a new study, from the example or from a preset."""
    from experiment.examples import make_study

    make_study(study, preset, language)
    print(f"made {study}; read {study / 'study.yaml'} first")
