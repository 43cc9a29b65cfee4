"""The commands `kit ...`: a participant's messages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.commands.participants import say
from experiment.errors import KindredError
from experiment.preflight.command import Language

app = typer.Typer(help="A participant's messages.", no_args_is_help=True)

StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="The study's folder.")]
Participant = Annotated[str, typer.Option("--participant", help="Label, without sub-.")]


@app.command("import")
def import_(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="Qualtrics, Google Forms, REDCap or own table (CSV, TSV, XLSX)."
        ),
    ],
    study: Annotated[Path, typer.Option("--study", help="The study's folder.")],
    participant: Participant,
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE.yaml", help="Says which column is which.")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Sheet of an XLSX file; else the first.")
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of a text file, such as cp1250; else found."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Make a kit anew that no session was run with.")
    ] = False,
    language: Language = None,
) -> None:
    """Make a participant's kit from the survey that their people filled in."""
    from experiment.kit.desk import import_answers
    from experiment.study import open_study

    told = import_answers(
        open_study(study),
        participant,
        source,
        mapping=mapping,
        sheet=sheet,
        encoding=encoding,
        again=again,
    )
    say(told, language)


@app.command("check")
def check(study: StudyFolder, participant: Participant, language: Language = None) -> None:
    """Tell of each message what there is to know, and whether sessions can be run: go or no-go."""
    from experiment.kit.desk import check
    from experiment.said import Said, language_of
    from experiment.study import open_study

    told, go = check(open_study(study), participant, language_of(language))
    say(told, language)
    if not go:
        raise KindredError(Said("kit.reasons_above"))


@app.command("preview")
def preview(
    study: StudyFolder,
    participant: Participant,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A .png or .html beside the kit; else preview.png."),
    ] = None,
    window: Annotated[
        str | None, typer.Option(metavar="WxH", help="Another window than the protocol's.")
    ] = None,
    language: Language = None,
) -> None:
    """Write a private sheet of the messages as the participant will see them."""
    from analysis.preview import preview_kit
    from experiment.said import Said
    from experiment.session import window_size
    from experiment.study import open_study

    file = preview_kit(open_study(study), participant, out, window_size(window))
    say([Said("kit.preview", file=file), Said("kit.preview_private")], language)


@app.command("review")
def review(
    study: StudyFolder,
    participant: Participant,
    by: Annotated[str, typer.Option("--by", help="Your initials.")],
    accept: Annotated[
        list[str] | None, typer.Option("--accept", metavar="ID", help="Ids, by commas.")
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option("--leave-out", metavar="ID", help="Ids, by commas.")
    ] = None,
    accept_all: Annotated[
        bool, typer.Option("--accept-all", help="All that are left and can be shown.")
    ] = False,
    language: Language = None,
) -> None:
    """Accept messages or leave them out."""
    from experiment.kit.desk import decide
    from experiment.study import open_study

    told = decide(
        open_study(study),
        participant,
        by,
        accept=accept or [],
        leave_out=leave_out or [],
        accept_all=accept_all,
    )
    say(told, language)


@app.command("forget")
def forget(
    study: StudyFolder,
    participant: Participant,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    language: Language = None,
) -> None:
    """Destroy a participant's texts and names; ids, digest and decisions stay."""
    from experiment.kit.desk import forget_texts
    from experiment.register.identity import forget_identity
    from experiment.said import Said, in_words, language_of
    from experiment.study import open_study

    opened, spoken = open_study(study), language_of(language)
    if not yes:
        typer.confirm(in_words(Said("kit.forget", participant=participant), spoken), abort=True)
    # First: what was destroyed before, and is told as an error, must not keep them.
    if forget_identity(opened.kit_folder(participant).parent):
        say([Said("kit.initials_forgotten")], spoken)
    say(forget_texts(opened, participant), spoken)
