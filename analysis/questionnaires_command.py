"""The commands about questionnaires."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.errors import BadInput

questionnaires_app = typer.Typer(help="A study's questionnaires.", no_args_is_help=True)

StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="The study's folder.")]


@questionnaires_app.command("check")
def check(study: StudyFolder) -> None:
    """Look through every file in the study's folder questionnaires/."""
    from experiment.protocol.questionnaire_files import read_questionnaire

    files = sorted((study / "questionnaires").glob("*.yaml"))
    if not files:
        raise BadInput(f"{study / 'questionnaires'}: no questionnaires (*.yaml) here")
    problems = []
    for file in files:
        try:
            one = read_questionnaire(file)
        except BadInput as error:
            problems.append(str(error))
            continue
        left = one.unfilled()
        state = f"{len(left)} items to be filled in" if left else "ready"
        print(f"{file.stem:14} {len(one.items):3d} items, {one.wording} wording, {state}")
    if problems:
        print(*problems[:-1], sep="\n", end="\n" if len(problems) > 1 else "")
        raise BadInput(problems[-1])


@questionnaires_app.command("scores")
def scores(
    study: StudyFolder,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.tsv", help="File for the table.")],
    traits: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A questionnaire of traits: only its scores, a line for each participant, as "
            "report --traits reads them; may be given again.",
        ),
    ] = None,
) -> None:
    """Score all questionnaires that participants filled in, daily reports too."""
    from analysis.questionnaires import write_scores
    from experiment.study import open_study

    count = write_scores(open_study(study), out, traits or ())
    print(f"{count} {'participants' if traits else 'scores'}: {out}")
