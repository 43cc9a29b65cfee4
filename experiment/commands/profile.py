"""The command `profile`: the participant's own, asked for or read, never on the command line.

Arguments of a program are in the shell's history, and any user of the machine can list them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from experiment.errors import BadInput

if TYPE_CHECKING:
    from experiment.kit.own_words import OwnWords

T = TypeVar("T")
STDIN = Path("-")


def profile(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="The study's folder.")],
    participant: Annotated[str, typer.Option("--participant", help="Label, without sub-.")],
    photo: Annotated[Path, typer.Option(help="PNG, JPEG or WebP.")],
    file: Annotated[
        Path | None,
        typer.Option(help="YAML with name, age, text, likes; - for stdin; else they are asked."),
    ] = None,
) -> None:
    """Put the participant's own profile into their kit."""
    from experiment.choices import groups_of, make_profile
    from experiment.study import check_label, open_study

    opened = open_study(study)
    check_label("participant", participant)  # before anybody is asked
    words = _asked(groups_of(opened)) if file is None else _read(file)
    print(f"profile: {make_profile(opened, participant, photo, words)}")


def _asked(groups: Collection[str]) -> OwnWords:
    """Ask for each part, again until it can be used."""
    from experiment.kit.own_words import OwnWords, check_age, check_likes, check_name, check_text

    names = ", ".join(groups)
    return OwnWords(
        name=_ask("Name, as you would like to be called", check_name),
        age=_ask("Age", lambda told: check_age(_whole(told))),
        text=_ask("A few words about yourself, in one line", check_text),
        likes=_ask(
            f"Whom would you like to meet ({names}; with commas; Enter for all)",
            lambda told: check_likes(told.replace(",", " ").split(), groups),
            default="",
        ),
    )


def _ask(question: str, take: Callable[[str], T], default: str | None = None) -> T:
    def parsed(told: str) -> T:
        try:
            return take(told)
        except BadInput as error:
            raise typer.BadParameter(str(error)) from None

    found: T = typer.prompt(question, default=default, show_default=False, value_proc=parsed)
    return found


def _whole(told: str) -> int:
    try:
        return int(told)
    except ValueError:
        raise BadInput("age: a whole number of years is needed") from None


def _read(file: Path) -> OwnWords:
    try:
        text = sys.stdin.read() if file == STDIN else file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise BadInput(f"{file}: can't be read ({error.strerror})") from None
    from experiment.kit.own_words import read_words

    return read_words(text, "stdin" if file == STDIN else str(file))
