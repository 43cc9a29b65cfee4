"""A kit made of the survey that a participant's people filled in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

from experiment.errors import BadInput
from experiment.kit import by_hand, google_forms, qualtrics, redcap
from experiment.kit.cleaning import Unclean, clean
from experiment.kit.columns import HOW_TO_MAP, NotFound
from experiment.kit.duplicates import find_duplicates
from experiment.kit.languages import UNKNOWN, language_of, language_tag
from experiment.kit.layout import Layout
from experiment.kit.model import Condition, Kit, KitMessage, Writer
from experiment.kit.tables import Row, Table, read_table

_TOOLS: tuple[tuple[Callable[[Table], bool], Callable[[Table], Layout]], ...] = (
    (qualtrics.recognise, qualtrics.lay_out),
    (google_forms.recognise, google_forms.lay_out),
    (redcap.recognise, redcap.lay_out),
    (by_hand.recognise, by_hand.lay_out),
)
_CONDITIONS: Mapping[str, Condition] = {
    "kind": "kind",
    "neutral": "neutral",
    "stranger": "stranger",
}


FIELDS_KEPT = ("language", "email", "neutral", "relation", "kind", "name", "condition", "message")
"""Fields of which anything is kept, so that no character in them may mislead."""


@dataclass(frozen=True)
class LeftOut:
    """A row that was not imported; says why without saying anything private."""

    line: int
    reason: str


@dataclass(frozen=True)
class Imported:
    """A new kit, and what there is to know of its making, none of it private.

    Parameters
    ----------
    kit : Kit
    left_out : tuple of LeftOut
    read_as : str
        What the source was taken for.
    lines : mapping of str to int
        Line of the source in which each message was found, by its id; not strangers'.
    doubts : tuple of str
        What somebody should look at and the kit itself doesn't tell.
    duplicates : tuple of str
        Messages that are alike.
    """

    kit: Kit
    left_out: tuple[LeftOut, ...]
    read_as: str
    lines: Mapping[str, int]
    doubts: tuple[str, ...]
    duplicates: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """All that somebody should look at."""
        return (*self.doubts, *self.duplicates)


def import_kit(
    source: Path,
    participant: str,
    strangers: Path | None,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    lay_out: Callable[[Table], Layout] | None = None,
) -> Imported:
    """Make a kit from people's answers.

    Finished and consented answers are taken, with their kind and their neutral messages.

    Parameters
    ----------
    source : Path
        CSV, TSV or XLSX from Qualtrics, Google Forms, REDCap, or typed by hand.
    participant : str
        Label, without ``sub-``.
    strangers : Path or None
        Control messages, a table with columns ``message_id, language, text``.
    sheet : str or None
        Sheet of an XLSX file; the first one if None.
    encoding : str or None
        Of the answers' text file, as Python names it; found if None.
    lay_out : callable or None
        Says where a table keeps what is needed; found by its headers if None.

    Raises
    ------
    BadInput
        If a file is missing or isn't of that shape. Names the line, never the content.
    """
    table = read_table(source, sheet, encoding)
    layout = recognised(table) if lay_out is None else lay_out(table)
    answers, left_out = _answers(table, layout)
    if not answers:
        reasons = Counter(row.reason for row in left_out).most_common()
        told = ", ".join(f"{count} {reason}" for reason, count in reasons) or "no rows"
        raise BadInput(
            f"{source}:1: no finished and consented answer in it ({told}); words for consent other "
            "than 'I agree' or 'yes' are given in a mapping file (see docs/messages.md)"
        )
    collected = _Collected()
    for answer in answers:
        collected.add(answer)
    doubts = (*layout.notices, *_doubts(table), *_same_people(answers, collected.writers))
    if strangers is not None:
        for language, text in read_strangers(strangers):
            collected.add(_Answer(0, "", "stranger", "", language, (("stranger", text),)))
    kit = Kit(participant, tuple(collected.writers), tuple(collected.messages))
    alike = tuple(f"{one.message_id}: {one}" for one in find_duplicates(kit.messages))
    read_as = f"{layout.tool}, {table.written}"
    return Imported(kit, tuple(left_out), read_as, collected.lines, doubts, alike)


def recognised(table: Table) -> Layout:
    """Return how a table of a known tool is to be read.

    Raises
    ------
    BadInput
        If it is none, or lacks a column. Headers are not shown: they can hold names.
    """
    for recognise, lay_out in _TOOLS:
        if recognise(table):
            try:
                return lay_out(table)
            except NotFound as error:
                raise BadInput(f"{table.file}:{table.rows[0].line}: {error}") from None
    raise BadInput(
        f"{table.file}:{table.rows[0].line}: not a Qualtrics export (import ids in its third row, "
        "or Recorded Date below RecordedDate), Google Forms responses (Timestamp first), a REDCap "
        f"export (record_id first), nor a table with columns writer and message; {HOW_TO_MAP}"
    )


def read_strangers(source: Path) -> list[tuple[str, str]]:
    """Return language and text of each control message.

    Raises
    ------
    BadInput
        If the file is missing or not such a table. Names all lines that are wrong, never the
        content.
    """
    table = read_table(source)
    header = [cell.strip() for cell in table.rows[0].cells]
    missing = [name for name in ("message_id", "language", "text") if name not in header]
    if missing:
        raise BadInput(
            f"{source}:{table.rows[0].line}: no column {missing[0]!r}; the first row must name the "
            "columns message_id, language, text"
        )
    found, lines = [], dict[str, int]()
    wrong: list[tuple[int, str]] = []
    for row in table.rows[1:]:
        cells = dict(zip(header, row.cells, strict=True))
        name = cells["message_id"].strip()
        if name in lines:
            wrong.append((row.line, f"its message_id is that of line {lines[name]} too"))
        lines.setdefault(name, row.line)
        try:
            text = clean(cells["text"])
        except Unclean as error:
            wrong.append((row.line, f"holds {error}; remove it at the source"))
            continue
        if not text:
            wrong.append((row.line, "an empty message"))
        found.append((language_of(text, language_tag(cells["language"])), text))
    if wrong:
        (line, first), others = wrong[0], wrong[1:]
        more = "".join(f"; line {other}: {what}" for other, what in others)
        raise BadInput(f"{source}:{line}: {first}{more}")
    return found


# --- from rows to answers ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Answer:
    """What one writer sent."""

    line: int
    name: str = field(repr=False)
    relation: str = field(repr=False)
    email: str = field(repr=False)
    language: str
    messages: tuple[tuple[Condition, str], ...] = field(repr=False)
    lines: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()  # of each message, where they were in rows of their own


def _answers(table: Table, layout: Layout) -> tuple[list[_Answer], list[LeftOut]]:
    answers: list[_Answer] = []
    left_out: list[LeftOut] = []
    _check_clean(table, layout)
    for row in table.rows[layout.first :]:
        reason = _reason_against(row, layout)
        if reason is None:
            answer = _answer(row, layout, table.file)
            if answer.messages:
                answers.append(answer)
                continue
            reason = "no message"
        left_out.append(LeftOut(row.line, reason))
    if not layout.columns["message"]:
        return answers, left_out
    if layout.columns["name"]:
        _check_named(answers, table.file)
    return _by_writer(answers), left_out


def _check_named(answers: Iterable[_Answer], file: Path) -> None:
    """Make sure that no message is given to a nameless person: whose it is, nobody could say."""
    nameless = [a.line for a in answers if not a.name and a.messages[0][0] != "stranger"]
    if nameless:
        more = f" (so have lines {', '.join(map(str, nameless[1:]))})" if nameless[1:] else ""
        raise BadInput(
            f"{file}:{nameless[0]}: a message has no writer{more}; write the writer's name into "
            "each row, also where it is the same as above"
        )


def _reason_against(row: Row, layout: Layout) -> str | None:
    if layout.status is not None:
        told = row.cells[layout.status].strip().lower()
        if told in layout.not_answers:
            return layout.not_answers[told]
    for place, pattern, reason in (
        (layout.columns["finished"], layout.done, "not finished"),
        (layout.columns["consent"], layout.agreed, "no consent"),
    ):
        said = (" ".join(row.cells[i].split()).lower() for i in place)
        if not all(re.fullmatch(pattern, one) for one in said):
            return reason
    return None


def _answer(row: Row, layout: Layout, file: Path) -> _Answer:
    def one(name: str) -> str:
        place = layout.columns[name]
        return _cleaned(row.cells[place[0]], file, row.line) if place else ""

    places: list[tuple[Condition, int]]
    if layout.columns["message"]:
        condition = _condition(one("condition"), layout, file, row.line)
        places = [(condition, layout.columns["message"][0])]
    else:
        places = [("kind", i) for i in layout.columns["kind"]]
        places += [("neutral", i) for i in layout.columns["neutral"]]
    found = [
        (condition, text)
        for condition, i in places
        if (text := _cleaned(row.cells[i], file, row.line))
    ]
    told = one("language") or layout.language or UNKNOWN
    return _Answer(
        row.line,
        one("name"),
        one("relation"),
        one("email").lower(),
        language_tag(told),
        tuple(found),
        (row.line,) * len(found),
    )


def _condition(told: str, layout: Layout, file: Path, line: int) -> Condition:
    if not layout.columns["condition"]:
        return "kind"
    words = {**_CONDITIONS, **{word.strip().lower(): to for word, to in layout.conditions}}
    condition = words.get(told.lower(), "")
    if condition not in _CONDITIONS:
        raise BadInput(
            f"{file}:{line}: its condition is none of kind, neutral, stranger"
            " (other words can be given a meaning in a mapping file)"
        )
    return _CONDITIONS[condition]


def _by_writer(answers: Iterable[_Answer]) -> list[_Answer]:
    """Bring together the rows of each writer: the same name, relation and e-mail."""
    together: dict[tuple[str, ...], _Answer] = {}
    for answer in answers:
        stranger = answer.messages[0][0] == "stranger"
        key = (answer.name, answer.relation, answer.email, str(stranger))
        before = together.get(key)
        if before is None:
            together[key] = replace(answer, languages=(answer.language,) * len(answer.messages))
            continue
        together[key] = _Answer(
            before.line,
            answer.name,
            answer.relation,
            answer.email,
            answer.language,
            (*before.messages, *answer.messages),
            (*before.lines, *answer.lines),
            (*before.languages, *(answer.language for _ in answer.messages)),
        )
    return list(together.values())


def _check_clean(table: Table, layout: Layout) -> None:
    """Tell all lines at once that hold a character which is refused."""
    columns = [i for field in FIELDS_KEPT for i in layout.columns[field]]
    found: list[tuple[int, str]] = []
    for row in table.rows[layout.first :]:
        if _reason_against(row, layout) is None:
            try:
                for i in columns:
                    clean(row.cells[i])
            except Unclean as error:
                found.append((row.line, str(error)))
    if found:
        (line, first), others = found[0], found[1:]
        more = ", ".join(f"{other}: {why}" for other, why in others)
        so = f" (so do lines {more})" if more else ""
        raise BadInput(f"{table.file}:{line}: holds {first}{so}; remove them at the source")


def _cleaned(cell: str, file: Path, line: int) -> str:
    try:
        return clean(cell)
    except Unclean as error:
        raise BadInput(f"{file}:{line}: holds {error}; remove it at the source") from None


# --- from answers to a kit -----------------------------------------------------------------------


@dataclass
class _Collected:
    """Writers and messages, numbered as they come."""

    writers: list[Writer] = field(default_factory=list)
    messages: list[KitMessage] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)

    def add(self, answer: _Answer) -> None:
        letter = "s" if answer.messages[0][0] == "stranger" else "w"
        number = 1 + sum(writer.writer_id.startswith(letter) for writer in self.writers)
        writer = Writer(f"{letter}{number:02d}", answer.name, answer.relation)
        self.writers.append(writer)
        for i, (condition, text) in enumerate(answer.messages):
            message_id = f"m{len(self.messages) + 1:03d}"
            told = answer.languages[i] if answer.languages else answer.language
            language = language_of(text, told)
            self.messages.append(
                KitMessage(message_id, writer.writer_id, condition, language, text)
            )
            if answer.lines:
                self.lines[message_id] = answer.lines[i]


def _doubts(table: Table) -> list[str]:
    if not table.doubtful:
        return []
    lines = ", ".join(map(str, table.doubtful))
    return [
        f"{'line' if len(table.doubtful) == 1 else 'lines'} {lines}: accented letters or signs, "
        "taken for Windows-1252; see in the preview that they are right, else give --encoding"
    ]


def _same_people(answers: list[_Answer], writers: list[Writer]) -> list[str]:
    """Tell of writers who could be one person, and of one who could be several.

    Writers who differ in name, relation or e-mail stay two: two people can be called the same.
    """
    found = [
        f"{writer.writer_id} (lines {', '.join(map(str, answer.lines))}) is one person by the name "
        "alone: if several are called so, give each a relation"
        for answer, writer in zip(answers, writers, strict=True)
        if len(set(answer.lines)) > 1 and not (answer.relation or answer.email)
    ]
    for (a, one), (b, other) in combinations(zip(answers, writers, strict=True), 2):
        pair = f"{one.writer_id} and {other.writer_id} (lines {a.line} and {b.line})"
        if a.email and a.email == b.email:
            found.append(f"{pair} gave the same e-mail: one person, twice? leave one out at review")
        elif a.name and a.name.casefold() == b.name.casefold():
            found.append(f"{pair} have the same name: two people, or one who answered twice?")
    return found
