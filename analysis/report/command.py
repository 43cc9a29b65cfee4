"""The command ``report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiment.errors import BadInput
from experiment.outputs import Output

if TYPE_CHECKING:
    from experiment.study import Study

REPORT = Output((".html",), mark="Kindred report")


def report(
    path: Annotated[Path, typer.Argument(metavar="STUDY|LOG", help="A study's folder, or a log.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html")],
    arms: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What unblind --all wrote; else it stays blinded."),
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
    REPORT.check(out)
    if path.is_file():
        _only_of_studies(arms=arms, traits=traits)
        from analysis.gathering import as_session_log
        from analysis.report.session import session_report
        from experiment.readlog import read_log

        read = read_log(path)
        with as_session_log(path):
            page = session_report(read, with_notes=with_notes)
    else:
        from analysis.report.study import Sources, study_report
        from experiment.study import open_study

        study = open_study(path)
        check_arms(study, arms, out)
        page = study_report(study, Sources(arms, traits, rehearsals))
    put_page(page, out)


def check_arms(study: Study, arms: Path | None, out: Path) -> None:
    """Refuse a table of arms, or a report that compares them, within the study's folder.

    Raises
    ------
    BadInput
    """
    from experiment.blinding.making import outside

    if arms is not None:
        outside(study, arms, "--arms", "it tells every arm")
        outside(study, out, "the report", "it compares the arms")


def put_page(page: str, out: Path) -> None:
    """Write a report, and say where it is.

    Raises
    ------
    BadInput
        As for `Output.write`.
    """
    REPORT.write(out, page)
    print(f"report: {out}")


def _only_of_studies(**given: Path | None) -> None:
    for name, file in given.items():
        if file is not None:
            raise BadInput(f"--{name}: only for a study's folder, not for one log")
