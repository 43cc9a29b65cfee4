"""The table of a profile set, row by row, with all that is wrong in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from experiment.errors import BadInput
from experiment.kit.tables import Row, read_table
from experiment.profiles.model import NEUTRAL

TABLE = "profiles.csv"
COLUMNS = ("profile_id", "group", "name", "age", "text", "photo")
AGES = (18, 99)
"""Youngest and oldest age (years) that is taken: people on a dating page are adults."""
SMALLEST_GROUP = 12
"""People that a group must have (a lab default), whatever the study shows of them.

Many studies need more: the preset 16 whom the participant liked (`experiment.plans.people.scarce`).
"""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_GROUP = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True)
class Problem:
    """What is wrong with a set, where, and what to do. It never shows a name or a text.

    Parameters
    ----------
    file : Path
    line : int or None
        None where it isn't about a line.
    what : str
    """

    file: Path
    line: int | None
    what: str

    def __str__(self) -> str:
        place = str(self.file) if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.what}"


@dataclass(frozen=True)
class Entry:
    """A row of the table as it is, good or bad.

    Parameters
    ----------
    line : int
        Where it begins.
    profile_id, group : str
    name, text : str
        Private.
    age : int or None
        None where there is none, or no whole number.
    photo : Path or None
        The picture's file, which may be missing; None where the table names none that can be.
    """

    line: int
    profile_id: str
    group: str
    name: str = field(repr=False)
    age: int | None
    text: str = field(repr=False)
    photo: Path | None = field(repr=False)

    @property
    def is_neutral(self) -> bool:
        """Whether it is a face for the baseline."""
        return self.group == NEUTRAL

    @property
    def label(self) -> str:
        """How an error calls it: by its id, if that is one; what stands there else is private."""
        return f"profile {self.profile_id}" if _ID.fullmatch(self.profile_id) else "this profile"


def read_entries(folder: Path) -> tuple[tuple[Entry, ...], tuple[Problem, ...]]:
    """Read a set's table.

    Returns
    -------
    entries : tuple of Entry
        All rows.
    problems : tuple of Problem
        What is wrong in the table itself; pictures are not looked at.

    Raises
    ------
    BadInput
        If there is no folder or no table, or it can't be read as one, or lacks a column.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; a profile set is a folder with a {TABLE}")
    file = folder / TABLE
    if not file.is_file():
        raise BadInput(f"{file}: no such file; its columns are {', '.join(COLUMNS)}")
    header, *rows = read_table(file).rows
    places = _places(file, header)
    if not rows:
        raise BadInput(f"{file}:{header.line}: no profile below the header")
    entries = tuple(_entry(folder, row, places) for row in rows)
    problems = [
        Problem(file, entry.line, what)
        for row, entry in zip(rows, entries, strict=True)
        for what in _wrong_in(entry, row.cells[places["age"]].strip())
    ]
    problems += [Problem(file, line, what) for line, what in _repeated(entries)]
    problems += [Problem(file, line, what) for line, what in _small_groups(entries)]
    return entries, tuple(sorted(problems, key=lambda problem: problem.line or 0))


def _places(file: Path, header: Row) -> dict[str, int]:
    names = [cell.strip().lower() for cell in header.cells]
    for column in COLUMNS:
        if names.count(column) != 1:
            found = "is missing" if column not in names else "is there twice"
            raise BadInput(
                f"{file}:{header.line}: column {column!r} {found}; needed are {', '.join(COLUMNS)}"
            )
    return {column: names.index(column) for column in COLUMNS}


def _entry(folder: Path, row: Row, places: dict[str, int]) -> Entry:
    cells = {column: row.cells[place].strip() for column, place in places.items()}
    age = cells["age"]
    return Entry(
        line=row.line,
        profile_id=cells["profile_id"],
        group=cells["group"],
        name=cells["name"],
        age=int(age) if age.isascii() and age.isdecimal() and len(age) < 4 else None,
        text=cells["text"],
        photo=_inside(folder, cells["photo"]),
    )


def _inside(folder: Path, written: str) -> Path | None:
    """Return the file that a table names, if it can only be one in the folder."""
    plain = PurePosixPath(written.replace("\\", "/"))
    if not written or plain.is_absolute() or ".." in plain.parts or ":" in plain.parts[0]:
        return None
    return folder / plain


def _wrong_in(entry: Entry, age: str) -> Iterator[str]:
    label = entry.label
    if not _ID.fullmatch(entry.profile_id):
        yield "profile_id must be up to 32 of the letters A-Z, a-z, digits, - and _; give one"
    if not _GROUP.fullmatch(entry.group):
        yield (
            f"{label}: group must be a word of small letters, digits, - and _, for example women;"
            f" {NEUTRAL} is for the faces of the baseline"
        )
    if entry.photo is None:
        yield f"{label}: photo must name a file in the set's folder, for example photos/p43.png"
    if entry.is_neutral:
        if entry.name or age or entry.text:
            yield f"{label}: a neutral face has no name, age or text; leave them empty"
        return
    if not entry.name:
        yield f"{label}: the name is empty; give one"
    if not entry.text:
        yield f"{label}: the text is empty; write one to three sentences"
    if entry.age is None or not AGES[0] <= entry.age <= AGES[1]:
        found = "is empty" if not age else f"is {entry.age or 'no whole number'}"
        yield f"{label}: the age {found}; allowed are whole years from {AGES[0]} to {AGES[1]}"


def _repeated(entries: tuple[Entry, ...]) -> Iterator[tuple[int, str]]:
    """Tell of ids, names and texts that stand in two rows, at the later one."""
    kinds = (
        ("profile_id", "give each profile one of its own"),
        ("name", "participants would take two people for one; change one"),
        ("text", "no two people say the same; write another"),
    )
    for kind, remedy in kinds:
        seen: dict[str, Entry] = {}
        for entry in entries:
            key = _key(getattr(entry, kind))
            if key and key in seen:
                yield (
                    entry.line,
                    f"{entry.label}: the same {kind} as in line {seen[key].line}; {remedy}",
                )
            seen.setdefault(key, entry)


def _key(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _small_groups(entries: tuple[Entry, ...]) -> Iterator[tuple[int, str]]:
    members: dict[str, list[Entry]] = {}
    for entry in entries:
        if _GROUP.fullmatch(entry.group) and not entry.is_neutral:
            members.setdefault(entry.group, []).append(entry)
    if not members:
        yield entries[0].line, "only neutral faces; people to be liked are needed as well"
    for group, those in members.items():
        if len(those) < SMALLEST_GROUP:
            yield (
                those[0].line,
                f"group {group} has {len(those)} people; at least {SMALLEST_GROUP} are needed, "
                "since only those whom a participant likes are shown",
            )
