"""The commands' side of the list: ``check``, and the questions before a session.

Only what says which options there are is imported at once; the rooms come when they are needed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from experiment.errors import KindredError

if TYPE_CHECKING:
    from experiment.prepare import Prepared
    from experiment.request import SessionRequest
    from experiment.study import Study

Yes = Annotated[bool, typer.Option("--yes", help="Answer yes to whatever is asked beforehand.")]
Rehearsal = Annotated[
    bool, typer.Option("--rehearsal", help="Try it out: stand-ins are allowed, no data come of it.")
]
GoAnyway = Annotated[
    str | None,
    typer.Option("--go-anyway", metavar="REASON", help="Begin in spite of a no-go; is logged."),
]


Answered = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="Questions that were asked already and answered with yes, by commas: too_early,...",
    ),
]


def known_language(tag: str | None) -> str | None:
    """Refuse a language that there are no texts in, before anything is done.

    Raises
    ------
    BadInput
        If there are none.
    """
    if tag is not None:
        from experiment.said import language_of

        language_of(tag)
    return tag


Language = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="TAG",
        callback=known_language,
        help="The assistant's: en, ar or ja; else the launcher's.",
    ),
]
Identity = Annotated[
    Literal["right", "wrong"] | None,
    typer.Option(
        help="Initials and colour were asked for already, by the launcher for example.",
    ),
]


def check(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="The study's folder.")],
    participant: Annotated[str, typer.Option("--participant", help="Label, without sub-.")],
    session: Annotated[str, typer.Option("--session", help="Label, without ses-.")],
    task: Annotated[str | None, typer.Option(help="One task of the session only.")] = None,
    port: Annotated[str | None, typer.Option(help="Trigger port URL, or none.")] = None,
    scanner: Annotated[str | None, typer.Option(help="Scanner port URL, or none.")] = None,
    echo: Annotated[
        str | None, typer.Option(help="Port URL on which codes come back, or none.")
    ] = None,
    marks: Annotated[str | None, typer.Option(help="Port URL of PET marks, or none.")] = None,
    marks_file: Annotated[
        str | None, typer.Option(help="File of PET marks, from the study's folder, or none.")
    ] = None,
    listen: Annotated[
        float, typer.Option(min=0.0, max=8.0, help="Wait so long for pulses and buttons (s).")
    ] = 3.0,
    no_window: Annotated[
        bool, typer.Option("--no-window", help="Leave display and keyboard out.")
    ] = False,
    fullscreen: Annotated[bool, typer.Option("--fullscreen")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Before going on: no test code goes into a scan.")
    ] = False,
    rehearsal: Rehearsal = False,
    language: Language = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Each line as JSON, for another program.")
    ] = False,
) -> None:
    """Look at all that a session needs: go or no-go, line by line, with what to do."""
    from dataclasses import asdict
    from json import dumps

    from experiment.preflight.desk import check_session
    from experiment.preflight.games import game_lines
    from experiment.preflight.line import Listed, in_words, worst
    from experiment.preflight.questions import gather, questions_about
    from experiment.said import in_words as said_in
    from experiment.said import language_of
    from experiment.study import open_study

    language = language_of(language)
    opened = open_study(study)
    lines = check_session(
        opened,
        participant,
        session,
        task=task,
        port=port,
        scanner=scanner,
        echo=echo,
        marks=marks,
        marks_file=marks_file,
        listen=listen,
        window=not no_window,
        fullscreen=fullscreen,
        rehearsal=rehearsal,
        resume=resume,
    )
    for told in in_words(lines, language):
        print(dumps(asdict(told), ensure_ascii=False) if as_json else told)
    for line in [] if as_json else game_lines(opened, participant, session, task):
        print(f"plan  {line}")
    if not (rehearsal or as_json):
        tasks = None if task is None else (task,)
        for question in questions_about(gather(opened, participant, session, tasks)):
            print(said_in(Listed("said.will_ask", question=question.said), language))
    if worst(lines) == "no-go":
        raise KindredError(Listed("said.no_go"))
    warnings = sum(line.verdict == "warning" for line in lines)
    verdict = Listed("said.warnings", warnings=warnings) if warnings else Listed("said.go")
    print(said_in(verdict, language))


def prepare_asking(request: SessionRequest, language: str = "en") -> Prepared:
    """Prepare a session; who it is, and whatever looks like a mistake, is asked at the terminal.

    Parameters
    ----------
    request : SessionRequest
    language : str
        Of the questions.

    Raises
    ------
    BadInput
        If a question is answered with no, or there is no terminal at which it could be.
    """
    from dataclasses import replace

    from experiment.preflight.questions import NeedsAnswer, about_the_person
    from experiment.prepare import prepare
    from experiment.said import in_words
    from experiment.study import open_study

    try:
        return prepare(request)
    except NeedsAnswer as needed:
        if not sys.stdin.isatty():
            raise
        questions = needed.questions
    if questions[0].mistake == "not_asked":
        study = open_study(request.study)
        request = replace(request, identity=ask_who(study, request.participant, language))
        person = about_the_person(study, request.participant, request.identity)
        questions = (*person, *questions[1:])
    for question in questions:
        typer.confirm(in_words(question.said, language), abort=True)
    said = tuple(question.mistake for question in questions)
    return prepare(replace(request, answered=(*request.answered, *said)))


def ask_who(study: Study, participant: str, language: str) -> Literal["right", "wrong"]:
    """Ask for initials and colour at the terminal; once more if they are not those that were set.

    Parameters
    ----------
    study : Study
    participant : str
        Label; their initials and colour were set.
    language : str
    """
    from experiment.register import COLOURS, open_register
    from experiment.register.identity import identity_of
    from experiment.said import Said, in_words, listed

    known = identity_of(study, open_register(study.folder), participant)
    assert known is not None, "nobody is asked for what was not set"
    names = {in_words(Said(f"colours.{one}"), language).casefold(): one for one in COLOURS}
    colours = listed(Said(f"colours.{one}") for one in COLOURS)
    for key in ("who.ask", "who.again"):
        print(in_words(Said(key, participant=participant), language))
        initials = typer.prompt(in_words(Said("who.initials"), language))
        colour = typer.prompt(in_words(Said("who.colour", colours=colours), language))
        if known.same(initials, names.get(colour.strip().casefold(), "")):
            return "right"
    return "wrong"


def ask_for_words(log: Path, language: str = "en") -> None:
    """Ask for the words of the notes whose moments were kept in a session, if anybody is there."""
    from experiment.notes import add_note, without_words
    from experiment.readlog import read_log
    from experiment.said import Said, in_words

    if not sys.stdin.isatty():
        return
    for moment in without_words(read_log(log)):
        told = Said("run.note_words", number=moment.asked, at=moment.at_the_desk)
        words = typer.prompt(in_words(told, language), default="", show_default=False)
        if words.strip():
            add_note(log, moment.saying(words))
