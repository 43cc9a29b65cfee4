"""The command ``report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.errors import BadInput
from experiment.files import write_whole


def report(
    path: Annotated[Path, typer.Argument(metavar="STUDY|LOG", help="A study's folder, or a log.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html")],
    arms: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What unblind --all wrote; else it stays blinded."),
    ] = None,
    scores: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What questionnaires scores wrote.")
    ] = None,
    traits: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="participant_id and a column of numbers for each trait."),
    ] = None,
    rehearsals: Annotated[
        bool, typer.Option("--rehearsals", help="Count robots' sessions, to try it out.")
    ] = False,
    with_notes: Annotated[
        bool, typer.Option("--with-notes", help="Words of notes too; they may hold names.")
    ] = False,
) -> None:
    """Write a report of a session, or of a whole study: one HTML file."""
    if out.suffix != ".html":
        raise BadInput(f"--out {out}: a .html file is needed")
    if out.is_dir() or not out.parent.is_dir():
        raise BadInput(f"--out {out}: is a folder, or its folder is not there")
    if path.is_file():
        _only_of_studies(arms=arms, scores=scores, traits=traits)
        from analysis.report.session import session_report
        from experiment.readlog import read_log

        page = session_report(read_log(path), with_notes=with_notes)
    else:
        from analysis.report.study import Sources, study_report
        from experiment.blinding.making import outside
        from experiment.study import open_study

        study = open_study(path)
        if arms is not None:
            outside(study, arms, "--arms", "it tells every arm")
            outside(study, out, "--out", "it compares the arms")
        page = study_report(study, Sources(arms, scores, traits, rehearsals))
    try:
        write_whole(out, page)
    except OSError as error:
        raise BadInput(f"{out}: can't be written ({error.strerror})") from None
    print(f"report: {out}")


def _only_of_studies(**given: Path | None) -> None:
    for name, file in given.items():
        if file is not None:
            raise BadInput(f"--{name}: only for a study's folder, not for one log")
