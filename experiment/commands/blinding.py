"""The commands `allocation ...` and `unblind`: who gets what, sealed and opened."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.commands.participants import say
from experiment.errors import BadInput
from experiment.preflight.command import Language

app = typer.Typer(
    help="Draw and seal who gets what, away from the desk; receive the sealed list there.",
    no_args_is_help=True,
)

StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="The study's folder.")]


@app.command("keys")
def keys(
    private: Annotated[Path, typer.Option("--private", help="Stays with you, never at the desk.")],
    public: Annotated[Path, typer.Option("--public", help="For making the list.")],
    no_passphrase: Annotated[
        bool, typer.Option("--no-passphrase", help="Leave the private key open.")
    ] = False,
) -> None:
    """Make the pair of keys that seals and opens a study's list."""
    from experiment.blinding.sealing import make_keys

    passphrase = None
    if not no_passphrase:
        passphrase = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True)
    mark = make_keys(private, public, passphrase)
    print(f"key {mark}\nprivate, keep it and a copy away from the desk: {private}")
    print(f"public, for allocation make: {public}")


@app.command("make")
def make(
    study: StudyFolder,
    public_key: Annotated[Path, typer.Option("--public-key", metavar="FILE")],
    a: Annotated[str, typer.Option("--a", metavar="NAME", help="What A stands for.")],
    b: Annotated[str, typer.Option("--b", metavar="NAME", help="What B stands for.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Sealed list, for the desk.")],
    packing: Annotated[
        Path, typer.Option("--packing", metavar="FILE", help="What to pack, for you alone.")
    ],
    rehearsal: Annotated[
        bool, typer.Option("--rehearsal", help="To try things out: blinds nobody.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="For a rehearsal that can be repeated.")
    ] = None,
) -> None:
    """Draw the sequences and seal them; done by whoever keeps the key, not at the desk."""
    from experiment.blinding.making import make_allocation
    from experiment.study import open_study

    told = make_allocation(
        open_study(study),
        public_key,
        {"A": a, "B": b},
        out,
        packing,
        rehearsal=rehearsal,
        seed=seed,
    )
    print(*told, sep="\n")


@app.command("receive")
def receive(
    study: StudyFolder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The sealed list.")],
    by: Annotated[str, typer.Option("--by", help="Your initials.")],
    rehearsal: Annotated[bool, typer.Option("--rehearsal", help="It was made for one.")] = False,
    language: Language = None,
) -> None:
    """Put the sealed list into the study, at the desk."""
    from experiment.blinding.making import receive_allocation
    from experiment.study import open_study

    say(receive_allocation(open_study(study), file, by, rehearsal=rehearsal), language)


def unblind(
    study: StudyFolder,
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key.")],
    who: Annotated[str, typer.Option("--who", help="Your initials.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in one line.")],
    participant: Annotated[
        str | None, typer.Option("--participant", help="One alone: an emergency.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Everybody: the analysis.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="With --all: a table (TSV).")
    ] = None,
    language: Language = None,
) -> None:
    """Tell the arm; needs the key, and is written into the journal first."""
    from experiment.blinding.sealing import is_encrypted
    from experiment.blinding.unblinding import Key, unblind_all, unblind_one
    from experiment.said import Said, in_words, language_of
    from experiment.study import open_study

    if (participant is None) != all_:
        raise BadInput("unblind: give --participant LABEL (emergency) or --all (analysis)")
    if out is not None and not all_:
        raise BadInput("--out: only with --all; in an emergency the arm is told here and nowhere")
    opened, spoken = open_study(study), language_of(language)
    passphrase = None
    if is_encrypted(key):
        passphrase = typer.prompt(in_words(Said("told.passphrase"), spoken), hide_input=True)
    secret = Key(key, passphrase)
    if participant is not None:
        told = unblind_one(opened, secret, participant, who=who, reason=reason)
    else:
        told = unblind_all(opened, secret, who=who, reason=reason, out=out)
    say(told, spoken)
