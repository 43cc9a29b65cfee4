"""The commands `participant ...` and `sheet`: the study's register, at the desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from experiment.errors import BadInput
from experiment.preflight.command import Language
from experiment.said import Said, in_words, language_of

app = typer.Typer(help="Who takes part, what is due, what has changed.", no_args_is_help=True)

StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="The study's folder.")]
Who = Annotated[str, typer.Option("--participant", help="Label, without sub-.")]
By = Annotated[str, typer.Option("--by", help="Your initials.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in one line.")]
Own = Annotated[
    str | None, typer.Option("--initials", help="The participant's, to ask for at the door.")
]
PeriodNumber = Annotated[int, typer.Option("--period", help="1 or 2.")]


@app.command("add")
def add(
    study: StudyFolder,
    participant: Who,
    by: By,
    stratum: Annotated[
        list[str] | None, typer.Option(metavar="FACTOR=LEVEL", help="One for each factor.")
    ] = None,
    initials: Own = None,
    language: Language = None,
) -> None:
    """Enrol a participant, and bind them to the next slot of their stratum."""
    from experiment.register.changes import enrol
    from experiment.study import open_study

    levels: dict[str, str] = {}
    for word in stratum or ():
        factor, equals, level = word.partition("=")
        if not equals or factor in levels:
            raise BadInput(Said("refused.factor_level", found=repr(word)))
        levels[factor] = level
    say(enrol(open_study(study), participant, by, levels=levels, initials=initials), language)


@app.command("replace")
def replace(
    study: StudyFolder,
    participant: Who,
    new: Annotated[str, typer.Option("--with", metavar="LABEL", help="Who comes instead.")],
    by: By,
    initials: Own = None,
    language: Language = None,
) -> None:
    """Enrol somebody in the place of a participant who left: a fresh slot of the same stratum."""
    from experiment.register.changes import substitute
    from experiment.study import open_study

    say(substitute(open_study(study), participant, new, by, initials=initials), language)


@app.command("withdraw")
def withdraw(
    study: StudyFolder, participant: Who, by: By, reason: Reason, language: Language = None
) -> None:
    """Enter that a participant left the study."""
    from experiment.register.changes import withdraw as enter
    from experiment.study import open_study

    say(enter(open_study(study), participant, by, reason), language)


@app.command("schedule")
def schedule(
    study: StudyFolder,
    participant: Who,
    period: PeriodNumber,
    first_dose: Annotated[str, typer.Option("--first-dose", metavar="YYYY-MM-DD")],
    by: By,
    language: Language = None,
) -> None:
    """Set the day of a period's first dose; the days of its sessions follow."""
    from experiment.register.changes import schedule as enter
    from experiment.study import open_study

    day = a_day("--first-dose", first_dose)
    say(enter(open_study(study), participant, by, period, day), language)


@app.command("dose")
def dose(
    study: StudyFolder,
    participant: Who,
    period: PeriodNumber,
    on: Annotated[str, typer.Option("--on", metavar="YYYY-MM-DD")],
    by: By,
    language: Language = None,
) -> None:
    """Enter that a dose was taken on a day."""
    from experiment.register.changes import dose as enter
    from experiment.study import open_study

    say(enter(open_study(study), participant, by, period, a_day("--on", on)), language)


@app.command("repeat")
def repeat(
    study: StudyFolder,
    participant: Who,
    session: Annotated[str, typer.Option("--session", help="Label, without ses-.")],
    by: By,
    reason: Reason,
    language: Language = None,
) -> None:
    """Have a session done again; what it gave so far is set aside, nothing is lost."""
    from experiment.register.repeating import repeat as enter
    from experiment.study import open_study

    say(enter(open_study(study), participant, session, by, reason), language)


@app.command("list")
def list_(
    study: StudyFolder,
    participant: Annotated[
        str | None, typer.Option("--participant", help="One alone, with all days.")
    ] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="YYYY-MM-DD", help="As of a day; else today.")
    ] = None,
    language: Language = None,
) -> None:
    """Tell who takes part, what is done, due and missing."""
    from experiment.register.listing import list_all, list_one
    from experiment.study import open_study

    day = dt.date.today() if on is None else a_day("--on", on)
    opened = open_study(study)
    if participant is None:
        say(list_all(opened, day, language_of(language)), language)
    else:
        say(list_one(opened, participant, day), language)


def sheet(
    study: StudyFolder,
    participant: Who,
    session: Annotated[str, typer.Option("--session", help="Label, without ses-.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A .html or .pdf.")],
    at: Annotated[
        str | None, typer.Option("--at", metavar="HH:MM", help="When the participant comes.")
    ] = None,
    language: Language = None,
) -> None:
    """Print the run sheet of a session: what to do, in order, with boxes to tick."""
    from experiment.register.sheet import write_sheet
    from experiment.study import open_study

    time = None if at is None else _a_time(at)
    opened, language = open_study(study), language_of(language)
    say(write_sheet(opened, participant, session, out, at=time, language=language), language)


def say(lines: Iterable[str], language: str | None) -> None:
    """Print lines in the assistant's language."""
    spoken = language_of(language)
    print(*(in_words(line, spoken) for line in lines), sep="\n")


def a_day(option: str, text: str) -> dt.date:
    """Return a day written as 2026-03-02.

    Raises
    ------
    BadInput
        If it isn't written so, or there is no such day.
    """
    try:
        day = dt.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        day = None
    if day is None or len(text) != len("2026-03-02"):
        raise BadInput(Said("refused.not_a_day", option=option, found=repr(text)))
    return day


def _a_time(text: str) -> dt.time:
    try:
        return dt.datetime.strptime(text, "%H:%M").time()
    except ValueError:
        raise BadInput(Said("refused.not_a_time", found=repr(text))) from None
