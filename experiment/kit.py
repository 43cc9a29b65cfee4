"""A participant's kit: the messages that their own people wrote, and control messages.

The kit is the only place where texts and names are. Everything else refers to a message and its
writer by opaque ids and sees the `KitIndex`.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import TypeAdapter, ValidationError

from experiment.errors import BadInput
from experiment.files import canonical, write_whole

Condition: TypeAlias = Literal["kind", "neutral", "stranger"]
KIT_FILE = "kit.json"
SCHEMA = 1


@dataclass(frozen=True)
class Writer:
    """Somebody who wrote messages. Name and relation are private."""

    writer_id: str
    name: str
    relation: str


@dataclass(frozen=True)
class KitMessage:
    """A message with its text, which is private."""

    message_id: str
    writer_id: str
    condition: Condition
    language: str
    text: str


@dataclass(frozen=True)
class IndexedMessage:
    """What may be known of a message outside the kit."""

    message_id: str
    writer_id: str
    condition: Condition
    language: str


@dataclass(frozen=True)
class KitIndex:
    """A kit without texts and names; this is what plans and logs see.

    Parameters
    ----------
    digest : str
        SHA-256 of the whole kit (hex), which ties a log to the kit that was shown.
    messages : tuple of IndexedMessage
        In the kit's order.
    """

    digest: str
    messages: tuple[IndexedMessage, ...]


@dataclass(frozen=True)
class Kit:
    """Everything that one participant's people wrote.

    Parameters
    ----------
    participant : str
        Label, without ``sub-``.
    writers : tuple of Writer
    messages : tuple of KitMessage
    """

    participant: str
    writers: tuple[Writer, ...]
    messages: tuple[KitMessage, ...]
    schema: int = SCHEMA

    def index(self) -> KitIndex:
        """Return the kit without anything private."""
        digest = hashlib.sha256(canonical(asdict(self)).encode()).hexdigest()
        return KitIndex(
            digest,
            tuple(
                IndexedMessage(m.message_id, m.writer_id, m.condition, m.language)
                for m in self.messages
            ),
        )

    def counts(self) -> dict[str, int]:
        """Return how many messages there are of each condition."""
        return dict(sorted(Counter(m.condition for m in self.messages).items()))

    def texts(self) -> dict[str, tuple[str, str]]:
        """Return text and language of each message, by its id."""
        return {m.message_id: (m.text, m.language) for m in self.messages}


@dataclass(frozen=True)
class LeftOut:
    """A row that was not imported; says why without saying anything private."""

    line: int
    reason: str


@dataclass(frozen=True)
class Imported:
    """A new kit and what was left out of it."""

    kit: Kit
    left_out: tuple[LeftOut, ...]


def load_kit(folder: Path) -> Kit:
    """Read a participant's kit.

    Raises
    ------
    BadInput
        If there is none or it is damaged; the error shows nothing of its content.
    """
    file = folder / KIT_FILE
    try:
        kit = TypeAdapter(Kit).validate_json(file.read_bytes())
    except FileNotFoundError:
        raise BadInput(
            f"{folder}: no kit here; make one with: run_session.py kit import SOURCE ..."
        ) from None
    except OSError as error:
        raise BadInput(f"{file}: can't be read ({error.strerror})") from None
    except ValidationError as error:
        place = ".".join(str(p) for p in error.errors()[0]["loc"])
        raise BadInput(
            f"{file}:1: not a kit file (at {place or 'start'}); import the kit again"
        ) from None
    if kit.schema != SCHEMA:
        raise BadInput(f"{file}:1: kit version {kit.schema}, allowed: {SCHEMA}; import it again")
    return kit


def save_kit(kit: Kit, folder: Path) -> Path:
    """Write a kit, readable by its owner only.

    Raises
    ------
    BadInput
        If the participant has a kit already.
    """
    file = folder / KIT_FILE
    if file.exists():
        raise BadInput(f"{file}: this participant has a kit already; it is never overwritten")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        write_whole(file, canonical(asdict(kit)), mode=0o600)
    except OSError as error:
        raise BadInput(f"{folder}: can't be written ({error.strerror})") from None
    return file


# --- import --------------------------------------------------------------------------------------

# Whole answers that are consent. Anything else is none: a refusal must never pass for it.
_AGREED = re.compile(r"(yes, )?i (agree|consent)\.?|agreed?|yes|1|true", re.IGNORECASE)


def import_qualtrics(source: Path, participant: str, strangers: Path | None) -> Imported:
    """Make a kit from a Qualtrics export.

    Finished and consented answers are taken, with their kind messages and factual statements.
    Columns are found by the question texts of the second header row.

    Parameters
    ----------
    source : Path
        CSV, UTF-8 with or without BOM, with Qualtrics' three header rows.
    participant : str
        Label, without ``sub-``.
    strangers : Path or None
        Control messages, CSV with columns ``message_id, language, text``.

    Raises
    ------
    BadInput
        If a file is missing or isn't of that shape. Names the line, never the content.
    """
    lines = _read_csv(source)
    if len(lines) < 3 or not any("ImportId" in cell for cell in lines[2][1]):
        raise BadInput(
            f"{source}:3: not a Qualtrics export: the third row must hold the import ids"
        )
    columns = _Columns.find(lines[1][1], source)
    width = len(lines[0][1])
    left_out: list[LeftOut] = []
    writers: list[Writer] = []
    messages: list[KitMessage] = []
    for line, row in lines[3:]:
        if len(row) != width:
            raise BadInput(f"{source}:{line}: {len(row)} cells, the header has {width}")
        if row[columns.finished].strip().lower() not in ("true", "1"):
            left_out.append(LeftOut(line, "not finished"))
            continue
        if not _AGREED.fullmatch(row[columns.consent].strip()):
            left_out.append(LeftOut(line, "no consent"))
            continue
        writer_id = f"w{len(writers) + 1:02d}"
        language = row[columns.language].strip().lower()[:2] or "und"
        found = [
            (condition, text)
            for condition, cells in (("kind", columns.kind), ("neutral", columns.neutral))
            for text in (_clean(row[i], source, line) for i in cells)
            if text
        ]
        if not found:
            left_out.append(LeftOut(line, "no message"))
            continue
        writers.append(Writer(writer_id, row[columns.name].strip(), row[columns.relation].strip()))
        messages.extend(_numbered(found, writer_id, language, len(messages)))
    if not messages:
        raise BadInput(f"{source}: no finished and consented answer in it")
    if strangers is not None:
        _add_strangers(strangers, writers, messages)
    return Imported(Kit(participant, tuple(writers), tuple(messages)), tuple(left_out))


@dataclass(frozen=True)
class _Columns:
    """Where a Qualtrics export keeps what is needed (column numbers from 0)."""

    finished: int
    language: int
    consent: int
    name: int
    relation: int
    kind: tuple[int, ...]
    neutral: tuple[int, ...]

    @classmethod
    def find(cls, questions: list[str], source: Path) -> _Columns:
        def matching(pattern: str) -> tuple[int, ...]:
            return tuple(i for i, q in enumerate(questions) if re.search(pattern, q, re.IGNORECASE))

        def one(pattern: str, what: str) -> int:
            found = matching(pattern)
            if not found:
                raise BadInput(f"{source}:2: no column for {what} (looked for /{pattern}/)")
            return found[0]

        kind = matching(r"kind messages?\b.*message \d+")
        if not kind:
            raise BadInput(f"{source}:2: no column of kind messages (looked for /kind message/)")
        return cls(
            finished=one(r"^finished$", "whether an answer is finished"),
            language=one(r"^user language$", "the language"),
            consent=one(r"\bagree\b", "consent"),
            name=one(r"\bname\b", "the writer's name"),
            relation=one(r"know this person", "the relation"),
            kind=kind,
            neutral=matching(r"factual"),
        )


def _add_strangers(source: Path, writers: list[Writer], messages: list[KitMessage]) -> None:
    """Append control messages; each counts as written by somebody else."""
    lines = _read_csv(source)
    header = lines[0][1] if lines else []
    missing = [c for c in ("message_id", "language", "text") if c not in header]
    if missing:
        raise BadInput(
            f"{source}:1: no column {missing[0]!r}; the first row must name the columns "
            "message_id, language, text"
        )
    for line, row in lines[1:]:
        if len(row) != len(header):
            raise BadInput(f"{source}:{line}: {len(row)} cells, the header has {len(header)}")
        cells = dict(zip(header, row, strict=True))
        text = _clean(cells["text"], source, line)
        if not text:
            raise BadInput(f"{source}:{line}: an empty message")
        writer_id = f"s{sum(w.writer_id.startswith('s') for w in writers) + 1:02d}"
        writers.append(Writer(writer_id, "", "stranger"))
        language = cells["language"].strip().lower()[:2] or "und"
        messages.extend(_numbered([("stranger", text)], writer_id, language, len(messages)))


def _numbered(
    found: Iterable[tuple[str, str]], writer_id: str, language: str, before: int
) -> list[KitMessage]:
    return [
        KitMessage(f"m{before + i + 1:03d}", writer_id, condition, language, text)  # type: ignore[arg-type]
        for i, (condition, text) in enumerate(found)
    ]


def _clean(cell: str, source: Path, line: int) -> str:
    """Return a message's text: NFC, outer white space gone, otherwise as it was written."""
    text = unicodedata.normalize("NFC", cell).strip()
    for character in text:
        if unicodedata.category(character) == "Cc" and character != "\n":
            raise BadInput(
                f"{source}:{line}: a message holds the control character U+{ord(character):04X}; "
                "remove it at the source"
            )
        if character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069":
            raise BadInput(
                f"{source}:{line}: a message holds the direction override U+{ord(character):04X}; "
                "remove it at the source"
            )
    return text


def _read_csv(source: Path) -> list[tuple[int, list[str]]]:
    """Return rows with the line on which each begins."""
    try:
        raw = source.read_bytes()
    except OSError as error:
        raise BadInput(f"{source}: can't be read ({error.strerror})") from None
    if not raw.strip():
        raise BadInput(f"{source}:1: the file is empty")
    try:
        text = raw.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadInput(f"{source}:{line}: not UTF-8; save the export as UTF-8 CSV") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise BadInput(f"{source}:{line}: holds NUL bytes; not a CSV file")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    begin = 1
    try:
        for row in reader:
            if row:
                rows.append((begin, row))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise BadInput(f"{source}:{begin}: not readable as CSV ({error})") from None
    return rows
