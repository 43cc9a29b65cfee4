"""Kits from Qualtrics exports."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from experiment.errors import BadInput
from experiment.kit.model import Imported, Kit, KitMessage, LeftOut, Writer

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
