"""Kindred's one command. It parses, calls and prints; everything else is in the rooms beside it."""

from __future__ import annotations

import io
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import typer
from typer.exceptions import Abort, Exit, TyperException

from experiment.errors import KindredError

COMMANDS = {
    "demo": "analysis.demo_command:demo",
    "init": "experiment.commands.init:init",
    "kit": "experiment.commands.kit:app",
    "profiles": "experiment.commands.profiles:app",
    "profile": "experiment.commands.profile:profile",
    "questionnaires": "analysis.questionnaires_command:questionnaires_app",
    "desk": "experiment.commands.desk:desk",
    "check": "experiment.preflight.command:check",
    "run": "experiment.commands.run:run",
    "participant": "experiment.commands.participants:app",
    "sheet": "experiment.commands.participants:sheet",
    "daily": "experiment.daily.command:daily_app",
    "ports": "hardware.commands:ports",
    "scanner": "hardware.commands:scanner",
    "monitor": "analysis.monitor_command:monitor",
    "replay": "analysis.replay_command:replay",
    "timing": "analysis.timing_command:timing",
    "export": "analysis.export_command:export",
    "report": "analysis.report.command:report",
    "allocation": "experiment.commands.blinding:app",
    "unblind": "experiment.commands.blinding:unblind",
}
"""Where each command is. Only the one that is asked for is imported: `export` and `replay` start
in well under a second, and an analyst's machine needs no screen."""
_SHELVES = {
    "demo init kit profiles profile questionnaires": "To set a study up",
    "desk check run participant sheet daily": "At the desk",
    "ports scanner monitor": "At the scanner",
    "replay timing export report": "Afterwards",
    "allocation unblind": "Who gets what",
}
"""Where the help shows each command."""
_INTERRUPTED = 130  # what Typer makes of Ctrl-C
_PLACES = 6  # of a bug, that are told


def _parser(arguments: Sequence[str], commands: Mapping[str, str]) -> typer.Typer:
    """Return the parser of the command that is asked for; of all where that is not clear."""
    app = typer.Typer(
        help="Kindred presents social-bonding experiments and makes all else from their logs.",
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_alone)
    asked = arguments[0] if arguments else ""
    shelves = {name: shelf for names, shelf in _SHELVES.items() for name in names.split()}
    for name in (asked,) if asked in commands else commands:
        module, _, attribute = commands[name].partition(":")
        command = getattr(import_module(module), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, rich_help_panel=shelves.get(name))
        else:
            app.command(name, rich_help_panel=shelves.get(name))(command)
    return app


def _alone(context: typer.Context) -> None:
    """Open the launcher where no command is given."""
    if context.invoked_subcommand is None:
        from experiment.commands.desk import desk

        desk()


def main(arguments: Sequence[str] | None = None, commands: Mapping[str, str] = COMMANDS) -> int:
    """Run a command (this process's own arguments if None) and return its exit code.

    Every error that a user can mend is one line; a bug is one that tells its place.
    """
    _show_what_can_be_shown()
    asked = sys.argv[1:] if arguments is None else list(arguments)
    try:
        with _bugs_without_words():
            # Not by `parser(...)`: that puts a hook of Typer's own in, which prints messages.
            command = typer.main.get_command(_parser(asked, commands))
            code: int = command(asked, standalone_mode=False) or 0
        if code == _INTERRUPTED:
            raise KeyboardInterrupt
        return code
    except KindredError as error:
        _tell(error, asked)
        return error.exit_code
    except TyperException as error:
        if error.format_message():  # none where only the help was asked for
            print(f"error: {error.format_message()}", file=sys.stderr)
        return 2
    except Exit as done:
        return done.exit_code
    except (Abort, KeyboardInterrupt):
        from experiment.said import Said

        _tell(KindredError(Said("refused.stopped")), asked)
        return 1
    except OSError as error:  # of a disk that fills up, or a place that is gone: no bug
        _tell_place(error, asked)
        return 1
    except Exception as error:  # noqa: BLE001  the outermost frame, for bugs
        _tell_bug(error)
        return 1


def _show_what_can_be_shown() -> None:
    """Have a terminal without a letter show another one: that is no reason to end a session."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _tell(error: KindredError, asked: Sequence[str]) -> None:
    """Tell what a user can mend, in the language that they asked for."""
    from experiment.said import error_for

    print(f"error: {error_for(error, asked)}", file=sys.stderr)


def _tell_place(error: OSError, asked: Sequence[str]) -> None:
    """Tell of a file or folder that can't be used, by its path; of a bug where there is none."""
    if error.filename is None:
        _tell_bug(error)
    else:
        from experiment.said import Said

        place = Said("refused.place", file=error.filename, why=error.strerror)
        _tell(KindredError(place), asked)


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
