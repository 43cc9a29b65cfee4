"""Kindred's one command. It parses, calls and prints; everything else is in the rooms beside it."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Abort, Exit, TyperException

from analysis import export_command, replay_command, timing_command
from analysis.questionnaires_command import questionnaires_app
from analysis.report.command import report
from experiment.commands import blinding, participants
from experiment.commands import desk as launcher
from experiment.commands import profile as own_profile
from experiment.daily.command import daily_app
from experiment.errors import BadInput, KindredError
from experiment.preflight.command import (
    Answered,
    GoAnyway,
    Identity,
    Rehearsal,
    Yes,
    ask_for_words,
    check,
    prepare_asking,
)

_PLACES = 6  # of a bug, that are told

# Rooms are imported by the command that needs them, so that `export` and `replay` start in well
# under a second and an analyst's machine needs no screen.

app = typer.Typer(
    help="Kindred presents social-bonding experiments and makes everything else from their logs.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
kit_app = typer.Typer(help="A participant's messages.", no_args_is_help=True)
app.add_typer(kit_app, name="kit")
profiles_app = typer.Typer(help="A set of profiles for social feedback.", no_args_is_help=True)
app.add_typer(profiles_app, name="profiles")
app.command()(launcher.desk)
app.add_typer(participants.app, name="participant")
app.command()(participants.sheet)
app.add_typer(blinding.app, name="allocation")
app.command()(blinding.unblind)
app.command()(report)
app.command()(replay_command.replay)
app.command()(timing_command.timing)
app.command()(export_command.export)
app.command()(check)
app.command()(own_profile.profile)
app.add_typer(questionnaires_app, name="questionnaires")
app.add_typer(daily_app, name="daily")

StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="The study's folder.")]
ProfileFolder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The profile set's folder.")]
Participant = Annotated[str, typer.Option("--participant", help="Label, without sub-.")]
Visit = Annotated[str, typer.Option("--session", help="Label, without ses-.")]


@app.callback(invoke_without_command=True)
def alone(context: typer.Context) -> None:
    """Open the launcher where no command is given."""
    if context.invoked_subcommand is None:
        launcher.desk()


@app.command()
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


@kit_app.command("import")
def kit_import(
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
    print(*told, sep="\n")


@kit_app.command("check")
def kit_check(study: StudyFolder, participant: Participant) -> None:
    """Tell of each message what there is to know, and whether sessions can be run: go or no-go."""
    from experiment.kit.desk import check
    from experiment.study import open_study

    told, go = check(open_study(study), participant)
    print(*told, sep="\n")
    if not go:
        raise KindredError("no-go; the reasons are above")


@kit_app.command("preview")
def kit_preview(
    study: StudyFolder,
    participant: Participant,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A .png or .html; else preview.png beside the kit."),
    ] = None,
    window: Annotated[
        str | None, typer.Option(metavar="WxH", help="Another window than the protocol's.")
    ] = None,
) -> None:
    """Write a private sheet of the messages as the participant will see them."""
    from analysis.preview import preview_kit
    from experiment.session import window_size
    from experiment.study import open_study

    file = preview_kit(open_study(study), participant, out, window_size(window))
    print(f"preview: {file}", "it shows people's own words: keep it with the kit", sep="\n")


@kit_app.command("review")
def kit_review(
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
    print(*told, sep="\n")


@kit_app.command("forget")
def kit_forget(
    study: StudyFolder,
    participant: Participant,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Destroy a participant's texts and names; ids, digest and decisions stay."""
    from experiment.kit.desk import forget_texts
    from experiment.register.identity import forget_identity
    from experiment.study import open_study

    opened = open_study(study)
    if not yes:
        typer.confirm(f"Destroy all texts and names of participant {participant}?", abort=True)
    # First: what was destroyed before, and is told as an error, must not keep them.
    if forget_identity(opened.kit_folder(participant).parent):
        print("their initials are destroyed")
    print(*forget_texts(opened, participant), sep="\n")


@profiles_app.command("check")
def profiles_check(
    folder: ProfileFolder,
    study: Annotated[Path | None, typer.Option(help="A study whose scans it is for.")] = None,
) -> None:
    """Look for all that is wrong with a profile set: its table, its pictures, texts too long."""
    from experiment.plans.people import scarce
    from experiment.profiles import check_profiles, load_profiles
    from experiment.study import open_study

    protocol = None if study is None else open_study(study).protocol
    problems = check_profiles(folder)
    if problems:
        print(*problems, sep="\n")
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        raise BadInput(f"{folder}: {count}, told above")
    index = load_profiles(folder).index()
    for group, ids in index.groups.items():
        print(f"{len(ids):4d} {group}")
    print(f"{len(index.neutral):4d} neutral faces\ndigest: {index.digest}")
    if protocol is not None and (short := scarce(protocol, index.groups)):
        raise BadInput("\n".join((f"{folder}: {len(short)} too small for the study", *short)))


@profiles_app.command("sheet")
def profiles_sheet(
    folder: ProfileFolder,
    out: Annotated[Path, typer.Option("--out", metavar="PNG", help="File for the picture.")],
) -> None:
    """Show a whole profile set on one picture; it holds names and texts."""
    from analysis.show import write_png
    from experiment.profiles import load_profiles
    from experiment.profiles.sheet import profile_sheet

    write_png(profile_sheet(load_profiles(folder)), out)
    print(f"picture: {out}")


@app.command()
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
    from experiment.said import Said, in_words, language_of
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
    from analysis.dose import dose_lines
    from analysis.timing import write_timing
    from experiment.care import after_session
    from experiment.desk.summary import summary_lines
    from experiment.readlog import read_log

    ask_for_words(result.log, spoken)
    try:
        text, figure = write_timing(read_log(result.log))
        print(text.read_text(), end="")
        timing = Said("run.timing", file=figure)
    except OSError as error:  # a full disk must not hide how the session ended
        timing = Said("run.no_timing", why=error.strerror)
    tell(Said("run.log", file=result.log))
    tell(timing)
    for line in dose_lines(read_log(result.log)):
        print(line)
    for line in summary_lines(study, participant, result.log, spoken):
        print(line)
    for line in after_session(study, participant, result.log):
        tell(line)
    if result.status != "complete":
        raise KindredError(
            f"the session was {result.status}: {result.reason}; what happened is in the log"
        )


@app.command()
def scanner(
    device: Annotated[str, typer.Option(help="plain, nnl or forp.")] = "plain",
    tr: Annotated[float, typer.Option(help="Seconds from volume to volume.")] = 2.0,
    volumes: Annotated[int, typer.Option(help="How many volumes.")] = 150,
    symbol: Annotated[str, typer.Option(help="Character sent for each volume.")] = "5",
    start_on: Annotated[
        int | None, typer.Option(help="Marker code at which the scan begins; else at once.")
    ] = None,
    start_after: Annotated[float, typer.Option(help="Seconds from then to volume 1.")] = 2.0,
    jitter: Annotated[float, typer.Option(help="SD of each pulse's time (ms).")] = 0.0,
    drop: Annotated[float, typer.Option(help="Share of pulses that are lost.")] = 0.0,
    double: Annotated[float, typer.Option(help="Share of pulses that bounce.")] = 0.0,
    extra: Annotated[float, typer.Option(help="Share of volumes with a stray pulse.")] = 0.0,
    late_first: Annotated[int, typer.Option(help="So many first pulses are not sent.")] = 0,
    toggle: Annotated[bool, typer.Option("--toggle", help="Only every second pulse.")] = False,
    stop_after: Annotated[int | None, typer.Option(help="Stop after so many volumes.")] = None,
    disconnect_at: Annotated[
        float | None, typer.Option(help="The terminal goes away (s after volume 1).")
    ] = None,
    ratio: Annotated[float, typer.Option(help="Clock drift: 1.00005 is 50 ppm.")] = 1.0,
    loop_back: Annotated[
        bool, typer.Option("--loop-back", help="The trigger box sends codes back.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the chances above.")] = 0,
    record: Annotated[
        Path | None, typer.Option(help="File for all that is sent and received, with times.")
    ] = None,
) -> None:
    """Simulate a scanner and a trigger box on two pseudo-terminals, until stopped."""
    from hardware.scan import simulated_scan
    from hardware.simulator import serve

    scan = simulated_scan(
        device=device,
        tr=tr,
        volumes=volumes,
        symbol=symbol,
        start_on=start_on,
        start_after=start_after,
        jitter_ms=jitter,
        drop=drop,
        double=double,
        extra=extra,
        late_first=late_first,
        toggle=toggle,
        stop_after=stop_after,
        disconnect_at=disconnect_at,
        ratio=ratio,
        loop_back=loop_back,
        seed=seed,
    )
    serve(scan, record)


@app.command()
def monitor(
    path: Annotated[Path, typer.Argument(metavar="STUDY|LOG", help="What to watch.")],
    by: Annotated[str | None, typer.Option("--by", help="Your initials, for notes.")] = None,
    language: Annotated[
        str | None, typer.Option(metavar="TAG", help="en, ar or ja; else the launcher's.")
    ] = None,
) -> None:
    """Show the operator how a session goes, from its log alone."""
    from analysis.monitor import run_monitor
    from experiment.desk.settings import load_settings, settings_file

    run_monitor(path, by, language or load_settings(settings_file()).language or "en")


@app.command()
def ports(
    test: Annotated[
        str | None, typer.Option(metavar="URL", help="Send a pattern to this port.")
    ] = None,
    echo: Annotated[
        str | None, typer.Option(metavar="URL", help="Port where the codes come back.")
    ] = None,
    times: Annotated[int, typer.Option(help="How often the pattern is sent.")] = 10,
) -> None:
    """List the serial ports that are plugged in, or try one out."""
    from hardware.echo import describe_test, try_port
    from hardware.port_list import describe_ports, list_ports

    if test is None:
        if echo is not None:
            raise BadInput("--echo: needs --test URL")
        print(describe_ports(list_ports()))
        return
    result = try_port(test, echo=echo, times=times)
    print(describe_test(result))
    if result.lost or result.strange:
        raise KindredError(f"{test}: not every code came back as it was sent")


@app.command()
def demo(
    out: Annotated[Path | None, typer.Option(help="Folder for all that it makes.")] = None,
) -> None:
    """Show a whole study day with a robot participant and a simulated scanner."""
    from analysis.demo import show_all

    show_all(out, tell=print)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command (this process's own arguments if None) and return its exit code.

    Every error that a user can mend is one line.
    """
    try:
        with _bugs_without_words():
            # Not by `app(...)`: that puts a hook of Typer's own in, which prints messages.
            command = typer.main.get_command(app)
            return command(arguments, standalone_mode=False) or 0
    except KindredError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except TyperException as error:
        if error.format_message():  # none where only the help was asked for
            print(f"error: {error.format_message()}", file=sys.stderr)
        return 2
    except Exit as done:
        return done.exit_code
    except (Abort, KeyboardInterrupt):
        print("error: stopped", file=sys.stderr)
        return 1
    except Exception as error:  # noqa: BLE001  the outermost frame, for bugs
        _tell_bug(error)
        return 1


def _tell_bug(error: BaseException) -> None:
    """Tell of a bug by its kind and places: its message may quote a private text."""
    places = traceback.extract_tb(error.__traceback__)[-_PLACES:]
    where = " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in reversed(places))
    print(f"error: {type(error).__name__} at {where}; this is a bug: tell whoever looks after "
          "the software", file=sys.stderr)  # fmt: skip


@contextmanager
def _bugs_without_words() -> Iterator[None]:
    """Tell of bugs in threads and in what Qt calls as of those in a command."""
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook

    def tell(error: BaseException | None) -> None:
        if error is not None and not isinstance(error, SystemExit):  # which just ends a thread
            _tell_bug(error)

    sys.excepthook = lambda _kind, error, _trace: tell(error)
    threading.excepthook = lambda hook: tell(hook.exc_value)
    sys.unraisablehook = lambda hook: tell(hook.exc_value)
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


if __name__ == "__main__":
    sys.exit(main())
