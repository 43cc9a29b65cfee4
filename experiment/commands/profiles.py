"""The commands `profiles ...`: a set of profiles for social feedback."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.commands.participants import say
from experiment.errors import BadInput
from experiment.preflight.command import Language

app = typer.Typer(help="A set of profiles for social feedback.", no_args_is_help=True)

ProfileFolder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The profile set's folder.")]


@app.command("check")
def check(
    folder: ProfileFolder,
    study: Annotated[Path | None, typer.Option(help="A study whose scans it is for.")] = None,
    language: Language = None,
) -> None:
    """Look for all that is wrong with a profile set: its table, its pictures, texts too long."""
    from experiment.plans.people import scarce
    from experiment.profiles import check_profiles, load_profiles
    from experiment.said import Said, listed
    from experiment.study import open_study

    protocol = None if study is None else open_study(study).protocol
    problems = check_profiles(folder)
    if problems:
        print(*problems, sep="\n")
        key = "problems" if len(problems) > 1 else "problem"
        raise BadInput(Said(f"profiles.{key}", folder=folder, count=len(problems)))
    index = load_profiles(folder).index()
    sizes = {group: f"{len(ids):4d}" for group, ids in index.groups.items()}
    found = [Said("profiles.found", count=count, group=group) for group, count in sizes.items()]
    found.append(Said("profiles.neutral", count=f"{len(index.neutral):4d}"))
    say([*found, Said("profiles.digest", digest=index.digest)], language)
    if protocol is not None and (short := scarce(protocol, index.groups)):
        first = Said("liked.small_groups", folder=folder, count=len(short))
        raise BadInput(listed((first, *short), by="lines"))


@app.command("sheet")
def sheet(
    folder: ProfileFolder,
    out: Annotated[Path, typer.Option("--out", metavar="PNG", help="File for the picture.")],
    language: Language = None,
) -> None:
    """Show a whole profile set on one picture; it holds names and texts."""
    from analysis.show import PICTURE, write_png
    from experiment.profiles import load_profiles
    from experiment.profiles.sheet import profile_sheet
    from experiment.said import Said

    PICTURE.check(out)
    write_png(profile_sheet(load_profiles(folder)), out)
    say([Said("profiles.picture", file=out)], language)
