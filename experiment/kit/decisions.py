"""Which messages may be shown: what people decided at review, in a file that only grows."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import TypeAdapter, ValidationError

from experiment.errors import BadInput
from experiment.files import canonical
from experiment.kit.model import Kit, KitIndex
from experiment.said import Said

DECISIONS_FILE = "decisions.jsonl"
Verdict: TypeAlias = Literal["accept", "leave_out"]
_INITIALS = re.compile(r"[^\W\d_]{1,5}")


@dataclass(frozen=True)
class Decision:
    """What somebody decided about a message.

    Parameters
    ----------
    message_id : str
    verdict : str
    by : str
        Initials.
    utc : str
        When, ISO 8601.
    kit : str
        Digest of the kit whose message it is.
    """

    message_id: str
    verdict: Verdict
    by: str
    utc: str
    kit: str


def check_initials(text: str) -> str:
    """Return somebody's initials.

    Raises
    ------
    BadInput
        If they aren't one to five letters.
    """
    if not _INITIALS.fullmatch(text):
        raise BadInput(Said("refused.by", by=text))
    return text


def load_decisions(folder: Path, digest: str) -> dict[str, Decision]:
    """Return the last decision about each message of a kit, by its id.

    Parameters
    ----------
    folder : Path
        The kit's folder; without a file of decisions there are none.
    digest : str
        The kit's; decisions about messages of an earlier import don't count.

    Raises
    ------
    BadInput
        If the file is damaged. Names the line.
    """
    file = folder / DECISIONS_FILE
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        raise BadInput(Said("refused.decisions", file=file)) from None
    adapter = TypeAdapter(Decision)
    last: dict[str, Decision] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            decision = adapter.validate_json(line)
        except ValidationError:
            raise BadInput(Said("refused.not_a_decision", file=file, line=number)) from None
        if decision.kit == digest:
            last[decision.message_id] = decision
    return last


def record(folder: Path, kit: Kit, verdicts: Mapping[str, Verdict], by: str, utc: str) -> None:
    """Append decisions about a kit's messages to its file of them.

    Parameters
    ----------
    folder : Path
        The kit's.
    kit : Kit
    verdicts : mapping of str to str
        By message id.
    by, utc : str
        Initials; now, ISO 8601.

    Raises
    ------
    BadInput
        If it can't be written.
    """
    file = folder / DECISIONS_FILE
    digest = kit.index().digest
    lines = "".join(
        canonical(asdict(Decision(message_id, verdict, by, utc, digest))) + "\n"
        for message_id, verdict in verdicts.items()
    )
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as stream:
            stream.write(lines.encode())
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise BadInput(Said("refused.file", file=file, why=error.strerror)) from None


def accepting(kit: Kit) -> dict[str, Verdict]:
    """Return the verdict that accepts every message of a kit."""
    return {message.message_id: "accept" for message in kit.messages}


def usable(kit: Kit, decisions: Mapping[str, Decision], *, review_required: bool) -> KitIndex:
    """Return a kit's index with only those messages that may be shown.

    Those that were accepted, if review is required; else those that were not left out. The digest
    stays that of the whole kit.
    """
    index = kit.index()
    verdicts = {message_id: decision.verdict for message_id, decision in decisions.items()}

    def may_be_shown(message_id: str) -> bool:
        verdict = verdicts.get(message_id)
        return verdict == "accept" if review_required else verdict != "leave_out"

    return KitIndex(index.digest, tuple(m for m in index.messages if may_be_shown(m.message_id)))
