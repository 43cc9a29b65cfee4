"""The sealed list: a file with every slot of the study, what each gets sealed by itself.

All is made before the first participant comes, every entry is of the same length, and slots stand
in the order of their numbers: size, time and order of anything in it tell nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from pydantic import Field, TypeAdapter, ValidationError

from experiment.blinding.sealing import NotOpened, fingerprint, pad, seal, unseal
from experiment.errors import BadInput
from experiment.files import canonical
from experiment.protocol import Design
from experiment.protocol.values import Strict
from experiment.said import Said

SCHEMA = 1
SEALED_LIST = "sealed-list.json"
"""Its name in the study's folder ``register``."""


@dataclass(frozen=True)
class Secret:
    """What a sealed entry holds.

    Parameters
    ----------
    slot : str
    sequence : str
        One letter for each period.
    arms : dict of str to str
        What ``A`` and ``B`` stand for.
    """

    slot: str
    sequence: str = field(repr=False)  # no message of a fault is to show it
    arms: dict[str, str] = field(repr=False)

    def arm(self, period: int) -> str:
        """Return what is given in a period (from 1)."""
        return self.arms[self.sequence[period - 1]]


class SealedSlot(Strict):
    """A slot, and what only the key can read."""

    slot: Annotated[str, Field(pattern=r"^[0-9]{3,5}$")]
    stratum: str
    sealed: str


class SealedList(Strict):
    """The whole file.

    Attributes
    ----------
    study : str
        The name in ``study.yaml``.
    id : str
        Random; binds every entry to this list.
    kind : str
        ``crossover`` or ``parallel``.
    key : str
        Fingerprint of the key that opens it.
    rehearsal : bool
        Made with a known seed, to try things out: blinds nothing.
    """

    schema_: Literal[1] = Field(default=1, alias="schema")
    study: str
    id: str
    kind: str
    key: str
    rehearsal: bool
    slots: tuple[SealedSlot, ...]

    def by_stratum(self) -> dict[str, tuple[str, ...]]:
        """Return the slot numbers of each stratum, in order."""
        names = dict.fromkeys(one.stratum for one in self.slots)
        return {
            name: tuple(one.slot for one in self.slots if one.stratum == name) for name in names
        }

    def open_slot(self, slot: str, private: X25519PrivateKey) -> Secret:
        """Open one entry.

        Raises
        ------
        NotOpened
            If the key is another, the entry was changed, or there is no such slot.
        """
        for one in self.slots:
            if one.slot == slot:
                try:
                    sealed = base64.b64decode(one.sealed, validate=True)
                    return TypeAdapter(Secret).validate_json(
                        unseal(sealed, _place(self, one.slot, one.stratum), private)
                    )
                except (binascii.Error, ValidationError):
                    break
        raise NotOpened


def seal_list(
    study: str,
    list_id: str,
    design: Design,
    drawn: dict[str, list[str]],
    arms: dict[str, str],
    public: X25519PublicKey,
    *,
    rehearsal: bool,
) -> tuple[str, list[tuple[str, Secret]]]:
    """Number the slots and seal what each gets.

    Parameters
    ----------
    study : str
        Name in ``study.yaml``.
    list_id : str
        Random.
    design : Design
    drawn : dict of str to list of str
        Sequences of each stratum, in order.
    arms : dict of str to str
        What ``A`` and ``B`` stand for.
    public : X25519PublicKey
    rehearsal : bool

    Returns
    -------
    text : str
        The file, a line a slot.
    secrets : list of tuple
        Stratum and secret of each slot, for whoever packs the kits.
    """
    flat = [(stratum, sequence) for stratum, all_ in drawn.items() for sequence in all_]
    width = max(3, len(str(len(flat))))
    secrets = [
        (stratum, Secret(f"{number:0{width}d}", sequence, arms))
        for number, (stratum, sequence) in enumerate(flat, start=1)
    ]
    head = SealedList(
        study=study,
        id=list_id,
        kind=design.kind,
        key=fingerprint(public),
        rehearsal=rehearsal,
        slots=(),
    )
    pieces = pad([canonical(asdict(secret)) for _, secret in secrets])
    lines = []
    for (stratum, secret), piece in zip(secrets, pieces, strict=True):
        sealed = base64.b64encode(seal(piece, _place(head, secret.slot, stratum), public)).decode()
        lines.append("  " + json.dumps({"slot": secret.slot, "stratum": stratum, "sealed": sealed}))
    top = {"schema": SCHEMA, **head.model_dump(exclude={"schema_", "slots"})}
    text = json.dumps(top)[:-1] + ', "slots": [\n' + ",\n".join(lines) + "\n]}\n"
    return text, secrets


def read_sealed_list(file: Path) -> tuple[SealedList, str]:
    """Read a sealed list; return it and the SHA-256 of the file.

    Raises
    ------
    BadInput
        If it is missing or is none.
    """
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        raise BadInput(Said("refused.no_list_file", file=file)) from None
    except OSError as error:
        raise BadInput(Said("refused.unreadable", file=file, why=error.strerror)) from None
    try:
        sealed = SealedList.model_validate_json(raw)
    except ValidationError as error:
        line, problem = _first_problem(raw, error)
        wrong = Said("refused.not_a_list", file=file, line=line, problem=problem)
        raise BadInput(wrong) from None
    numbers = [one.slot for one in sealed.slots]
    if numbers != sorted(set(numbers)):
        raise BadInput(Said("refused.list_order", file=file))
    return sealed, hashlib.sha256(raw).hexdigest()


def _place(head: SealedList, slot: str, stratum: str) -> bytes:
    """Return what an entry is bound to: its list and its place."""
    return canonical(
        {"study": head.study, "list": head.id, "kind": head.kind, "rehearsal": head.rehearsal,
         "slot": slot, "stratum": stratum}
    ).encode()  # fmt: skip


def _first_problem(raw: bytes, error: ValidationError) -> tuple[int, str]:
    """Return line and fault; a line holds one slot, behind the first, which holds the rest."""
    detail = error.errors(include_input=False)[0]
    place = detail["loc"]
    if detail["type"] == "json_invalid":
        try:
            json.loads(raw)
        except json.JSONDecodeError as found:
            return found.lineno, found.msg
        except UnicodeDecodeError:
            pass
        return 1, "no JSON"
    slot = place[1] if len(place) > 1 and isinstance(place[1], int) else -1
    return slot + 2, f"{'.'.join(str(part) for part in place)}: {detail['msg']}"
