"""The commands about daily reports."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from experiment.errors import BadInput

daily_app = typer.Typer(help="Reports on every day of a period.", no_args_is_help=True)

StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="The study's folder.")]
Participant = Annotated[str, typer.Option("--participant", help="Label, without sub-.")]
MaybeParticipant = Annotated[
    str | None, typer.Option("--participant", help="This participant only; label, without sub-.")
]


@daily_app.command("start")
def start(
    study: StudyFolder,
    participant: Participant,
    session: Annotated[str, typer.Option(help="Label of the session that ends the period.")],
    first: Annotated[str, typer.Option(metavar="DATE", help="First day, such as 2026-03-02.")],
) -> None:
    """Say on which day a participant's period begins."""
    from experiment.daily.days import date_from, periods_of, set_first_day
    from experiment.study import open_study

    opened = open_study(study)
    file = set_first_day(opened, participant, session, date_from(first, "--first"))
    for period in periods_of(opened, participant):
        print(f"session {period.session}: {period.first} to {period.last}")
    print(f"days: {file}")


@daily_app.command("page")
def page(
    study: StudyFolder,
    participant: Participant,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="File for the page.")],
    language: Annotated[str | None, typer.Option(help="In place of the study's own.")] = None,
) -> None:
    """Write the page on which a participant fills in daily reports at home."""
    from experiment.daily.days import periods_of
    from experiment.daily.page import write_page
    from experiment.study import open_study

    opened = open_study(study)
    write_page(opened, participant, out, language)
    for period in periods_of(opened, participant):
        print(f"session {period.session}: {period.first} to {period.last}")
    print(f"page: {out}", "give it to the participant; it works without a network", sep="\n")


@daily_app.command("import")
def import_(
    study: StudyFolder,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Answer files, Qualtrics or REDCap exports."),
    ],
    participant: MaybeParticipant = None,
) -> None:
    """Take in what participants sent back, or a survey tool exported."""
    from experiment.daily.importing import import_reports
    from experiment.study import open_study

    done = import_reports(open_study(study), files, participant)
    if done.told:
        print(*done.told, sep="\n")
    if len(done.problems) > 1:
        print(*done.problems[:-1], sep="\n")
    if done.problems:
        raise BadInput(done.problems[-1])


@daily_app.command("refile")
def refile(
    study: StudyFolder,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What was kept, in the study's sourcedata.")
    ],
    by: Annotated[str, typer.Option("--by", help="Your initials.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in one line.")],
    participant: Annotated[
        str | None, typer.Option("--participant", help="Label of whose it is.")
    ] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="It is nobody's: a try.")] = False,
) -> None:
    """Have a report count for another participant than it came for, or nobody; what came stays."""
    from experiment.daily.refiling import refile as enter
    from experiment.study import open_study

    if (participant is None) != nobody:
        raise BadInput("daily refile: --participant LABEL or --nobody is needed, one of the two")
    print(*enter(open_study(study), file, participant, by, reason), sep="\n")


@daily_app.command("status")
def status(
    study: StudyFolder,
    participant: MaybeParticipant = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="As of this day; else today.")
    ] = None,
) -> None:
    """Tell which days' reports are missing, late or doubled."""
    from experiment.daily.days import daily_of, date_from, day_of
    from experiment.daily.status import status_lines
    from experiment.study import open_study

    opened = open_study(study)
    begins = daily_of(opened)[0].day_begins
    today = day_of(datetime.now(), begins) if on is None else date_from(on, "--on")
    print(*status_lines(opened, participant, today), sep="\n")
