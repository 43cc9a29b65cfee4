"""Making the sealed list, away from the desk, and putting it into the study, at the desk."""

from __future__ import annotations

import io
import secrets
from csv import DictWriter
from pathlib import Path

from experiment.blinding.blocks import Die, SecretDice, draw
from experiment.blinding.sealed_list import SEALED_LIST, Secret, read_sealed_list, seal_list
from experiment.blinding.sealing import fingerprint, read_public
from experiment.chance import dice
from experiment.errors import BadInput
from experiment.files import write_whole
from experiment.outputs import Output
from experiment.protocol import Design
from experiment.register.changes import Now, at_the_desk, utc_now
from experiment.register.entries import AllocationReceived
from experiment.register.journal import FOLDER
from experiment.said import Said
from experiment.study import Study

_ARM = 40  # characters
_SEALED, _PACKING = Output(), Output(mode=0o600)


def make_allocation(
    study: Study,
    public_key: Path,
    arms: dict[str, str],
    out: Path,
    packing: Path,
    *,
    rehearsal: bool = False,
    seed: int | None = None,
) -> list[str]:
    """Draw the sequences, seal them, and write the list of what to pack.

    Parameters
    ----------
    study : Study
        Only its ``study.yaml`` is read; a copy will do.
    public_key : Path
    arms : dict of str to str
        What ``A`` and ``B`` stand for.
    out : Path
        The sealed list, for the desk.
    packing : Path
        Which drug goes into which kit, in clear, for whoever packs; never into the study's folder.
    rehearsal : bool
        Whether the list is made to try things out.
    seed : int or None
        For a rehearsal that is to come out the same each time; refused for a real list, which is
        drawn from the system's own chance.

    Returns
    -------
    list of str
        What to tell, the digest to note down included.

    Raises
    ------
    BadInput
        If anything can't be used. Nothing was written then.
    """
    design = _design(study)
    if seed is not None and not rehearsal:
        raise BadInput(
            "--seed: whoever knows the seed knows every arm; only with --rehearsal, to try "
            "things out"
        )
    _check_arms(arms)
    outside(study, packing, "--packing", "it tells every arm")
    _SEALED.check(out)
    _PACKING.check(packing)
    if out.resolve() == packing.resolve():
        raise BadInput(f"{out}: is given for both lists; they go to different people")
    public = read_public(public_key)
    die: Die = SecretDice() if seed is None else dice(seed, "allocation")
    text, slots = seal_list(
        study.protocol.study.name,
        secrets.token_hex(8),
        design,
        draw(design, die),
        arms,
        public,
        rehearsal=rehearsal,
    )
    _PACKING.write(packing, _packing_list(design, slots))
    try:
        _SEALED.write(out, text)
    except BadInput:
        packing.unlink()
        raise
    _, digest = read_sealed_list(out)
    return [
        f"{len(slots)} slots drawn and sealed for key {fingerprint(public)}",
        f"sealed list, for the desk: {out}",
        f"packing list, for whoever packs the kits, nobody else: {packing}",
        f"note down beside your key: SHA-256 of the sealed list is {digest}",
        *(["made for a rehearsal: it blinds nobody"] if rehearsal else []),
    ]


def receive_allocation(
    study: Study, file: Path, by: str, *, rehearsal: bool = False, now: Now = utc_now
) -> list[str]:
    """Put a sealed list into the study.

    Parameters
    ----------
    study : Study
    file : Path
        As it was made.
    by : str
        Initials.
    rehearsal : bool
        Whether a list made for a rehearsal is welcome.
    now : callable

    Raises
    ------
    BadInput
        If it is none, was made for another study or design, or the study has one already.
    """
    design = _design(study)
    sealed, digest = read_sealed_list(file)
    if sealed.study != study.protocol.study.name:
        names = {"other": sealed.study, "name": study.protocol.study.name}
        raise BadInput(Said("refused.other_study", file=file, **names))
    slots = sealed.by_stratum()
    if sealed.kind != design.kind or tuple(slots) != design.stratum_names:
        other = {"other": sealed.kind, "others": ", ".join(slots)}
        ours = {"kind": design.kind, "strata": ", ".join(design.stratum_names)}
        raise BadInput(Said("refused.other_design", file=file, **other, **ours))
    if sealed.rehearsal and not rehearsal:
        raise BadInput(Said("refused.for_rehearsal", file=file))
    if rehearsal and not sealed.rehearsal:
        raise BadInput(Said("refused.real_list", file=file))
    with at_the_desk(study.folder, by, now) as desk:
        if desk.register.allocation is not None:
            raise BadInput(Said("refused.has_list", file=list_file(study)))
        try:
            write_whole(list_file(study), file.read_bytes(), mode=0o640)
        except OSError as error:
            problem = Said("refused.file", file=list_file(study), why=error.strerror)
            raise BadInput(problem) from None
        desk.write(
            AllocationReceived(by=by, sha256=digest, slots=slots, rehearsal=sealed.rehearsal)
        )
    return [
        *(
            Said("received.slots", stratum=name, count=len(numbers))
            for name, numbers in slots.items()
        ),
        Said("received.digest", digest=digest),
        Said("received.compare"),
    ]


def list_file(study: Study) -> Path:
    """Where a study's sealed list is."""
    return study.folder / FOLDER / SEALED_LIST


def is_inside(study: Study, file: Path) -> bool:
    """Whether a file lies in the study's folder, which the desk reads, or would."""
    return file.resolve().is_relative_to(study.folder.resolve())


def outside(study: Study, file: Path, option: str, why: str) -> None:
    """Make sure that a file is not in the study's folder.

    Raises
    ------
    BadInput
        If it is, or would be.
    """
    if is_inside(study, file):
        raise BadInput(
            f"{option} {file}: lies in the study's folder, which the desk reads; {why}: keep it "
            "elsewhere"
        )


def _design(study: Study) -> Design:
    if study.protocol.design is None:
        raise BadInput(Said("refused.nothing_drawn", file=study.folder / "study.yaml"))
    return study.protocol.design


def _check_arms(arms: dict[str, str]) -> None:
    for letter, name in arms.items():
        if not name.strip() or not name.isprintable() or len(name) > _ARM:
            raise BadInput(f"--{letter.lower()} {name!r}: a name of at most {_ARM} characters")
    if len({name.strip().lower() for name in arms.values()}) < len(arms):
        raise BadInput("--a and --b: are the same; nothing would be compared")


def _packing_list(design: Design, slots: list[tuple[str, Secret]]) -> str:
    text = io.StringIO(newline="")
    columns = ["drug_kit", "slot", "stratum", "period", "arm", "days", "sequence"]
    table = DictWriter(text, columns, delimiter="\t", lineterminator="\n")
    table.writeheader()
    for stratum, secret in slots:
        for period in range(1, len(design.periods) + 1):
            table.writerow(
                {
                    "drug_kit": f"{secret.slot}-{period}",
                    "slot": secret.slot,
                    "stratum": stratum,
                    "period": period,
                    "arm": secret.arm(period),
                    "days": design.drug_days,
                    "sequence": secret.sequence,
                }
            )
    return text.getvalue()
