"""The command that runs a session."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.errors import BadInput, KindredError
from experiment.preflight.command import (
    Answered,
    GoAnyway,
    Identity,
    Rehearsal,
    Yes,
    ask_for_words,
    prepare_asking,
)

StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="The study's folder.")]
Participant = Annotated[str, typer.Option("--participant", help="Label, without sub-.")]
Visit = Annotated[str, typer.Option("--session", help="Label, without ses-.")]


def run(
    study: StudyFolder,
    participant: Participant,
    session: Visit,
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
    robot: Annotated[str | None, typer.Option(help="A simulated participant.")] = None,
    window: Annotated[str | None, typer.Option(help="Window size, for example 1280x720.")] = None,
    fullscreen: Annotated[bool, typer.Option("--fullscreen")] = False,
    speed: Annotated[str, typer.Option(help="real, or fast on a virtual clock.")] = "real",
    no_window: Annotated[bool, typer.Option("--no-window")] = False,
    seed: Annotated[int | None, typer.Option(help="In place of the study's own.")] = None,
    language: Annotated[
        str | None, typer.Option(help="The participant's, such as es; else the study's.")
    ] = None,
    desk_language: Annotated[
        str | None,
        typer.Option(metavar="TAG", help="The assistant's: en, ar or ja; else the launcher's."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a session that was interrupted.")
    ] = False,
    rehearsal: Rehearsal = False,
    go_anyway: GoAnyway = None,
    identity: Identity = None,
    answered: Answered = None,
    yes: Yes = False,
) -> None:
    """Run one session of one participant."""
    from experiment.said import Said, in_words, language_of, named
    from experiment.session import SessionRequest, window_size
    from experiment.session import run as run_session

    spoken = language_of(desk_language)

    def tell(line: str) -> None:
        print(in_words(line, spoken))

    if speed not in ("real", "fast"):
        raise BadInput(f"--speed {speed!r}: allowed are real, fast")
    if window is not None and fullscreen:
        raise BadInput("--window and --fullscreen: give one of them")
    request = SessionRequest(
        study=study,
        participant=participant,
        session=session,
        task=task,
        port=port,
        scanner=scanner,
        echo=echo,
        marks=marks,
        marks_file=marks_file,
        robot=robot,
        size=window_size(window),
        fullscreen=fullscreen,
        fast=speed == "fast",
        no_window=no_window,
        seed=seed,
        language=language,
        resume=resume,
        rehearsal=rehearsal,
        go_anyway=go_anyway,
        identity=identity,
        answered=("all",) if yes else tuple(answered.split(",") if answered else ()),
    )
    result = run_session(prepare_asking(request, spoken), tell=tell, language=spoken)

    # What is not needed for the first frame is imported behind the last one.
    from experiment.care import after_session

    try:
        _sum_up(result.log, study, participant, spoken)
    finally:  # whatever becomes of notes and figures, choices are kept, and care is asked for
        for line in after_session(study, participant, result.log):
            tell(line)
    if result.status != "complete":
        status = named("status", result.status)
        raise KindredError(Said("refused.ended", status=status, reason=result.reason))


def _sum_up(log: Path, study: Path, participant: str, spoken: str) -> None:
    """Ask for the words of notes, write the session's timing, and tell how it went."""
    from analysis.dose import dose_lines
    from analysis.timing_summary import write_timing
    from experiment.desk.summary import summary_lines
    from experiment.readlog import read_log
    from experiment.said import Said, in_words

    ask_for_words(log, spoken)
    try:
        text, figure = write_timing(read_log(log))
        print(text.read_text("utf-8"), end="")
        timing = Said("run.timing", file=figure)
    except OSError as error:  # a full disk must not hide how the session ended
        timing = Said("run.no_timing", why=error.strerror)
    print(in_words(Said("run.log", file=log), spoken))
    print(in_words(timing, spoken))
    for line in dose_lines(read_log(log)):
        print(line)
    for line in summary_lines(study, participant, log, spoken):
        print(line)
