"""Rows of a file that a survey tool or a person wrote, whatever its encoding and delimiter."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from experiment.errors import BadInput
from experiment.kit.western import strange_lines

MAX_FILE = 50_000_000
"""Largest file that is read (bytes); an export of some dozens of answers has a hundredth of it."""
MAX_CELL = 20_000
"""Longest cell that is read (characters); a message is one or two sentences."""

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
WESTERN = "Windows-1252"
ZIP = b"PK\x03\x04"
OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_FOREIGN = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"RIFF", "an image or a sound"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a packed file; unpack it first"),
    (b"{\\rtf", "an RTF text"),
    (b"<", "a web page or XML"),
)
_VALID_UTF8 = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
# Bytes that Windows-1252 does not have, and runs of accented letters and signs.
_NOT_WESTERN = re.compile(rb"[\x81\x8d\x8f\x90\x9d]|[\x82\x83\x8a\x8c\x8e\x9a\x9c\x9e-\xff]{4,}")
_SEP = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # Excel's way to say which delimiter follows


@dataclass(frozen=True)
class Row:
    """A row and where it begins (line of a text file, row of a sheet; from 1)."""

    line: int
    cells: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Table:
    """All rows of a file that aren't empty, each as long as the first.

    Parameters
    ----------
    file : Path
    written : str
        How the file is written, in words.
    rows : tuple of Row
    doubtful : tuple of int
        Lines of rows with accented letters, where the encoding was taken for Windows-1252: bytes
        can't prove it.
    """

    file: Path
    written: str
    rows: tuple[Row, ...]
    doubtful: tuple[int, ...] = ()


def read_table(file: Path, sheet: str | None = None, encoding: str | None = None) -> Table:
    """Read a CSV, TSV or XLSX file.

    Parameters
    ----------
    file : Path
    sheet : str or None
        Name of an XLSX file's sheet; the first one if None.
    encoding : str or None
        Name of a text file's encoding, as Python knows it; found if None.

    Raises
    ------
    BadInput
        If it is none of them, or damaged. Names the line, never the content.
    """
    raw = _bytes(file)
    name = ""
    if raw.startswith(ZIP):
        from experiment.kit.xlsx import read_xlsx

        if encoding is not None:
            raise BadInput(f"{file}: an XLSX file says its encoding itself; leave --encoding out")
        written, rows = read_xlsx(file, raw, sheet)
    else:
        if sheet is not None:
            raise BadInput(f"{file}: has no sheets; --sheet is for XLSX files")
        for magic, what in _FOREIGN:
            if raw.startswith(magic):
                raise BadInput(f"{file}:1: is {what}; a CSV or XLSX file is needed")
        text, name = decode(raw, file) if encoding is None else _as_told(raw, encoding, file)
        delimiter, rows = _parse(text, file)
        written = f"{name}, cells parted by {DELIMITERS[delimiter]}"
    rows = tuple(row for row in rows if any(cell.strip() for cell in row.cells))
    if not rows:
        raise BadInput(f"{file}:1: the file is empty")
    _check_shape(file, rows)
    doubtful = (row.line for row in rows if not "".join(row.cells).isascii())
    return Table(file, written, rows, tuple(doubtful) if name == WESTERN else ())


def decode(raw: bytes, file: Path) -> tuple[str, str]:
    """Return a file's text and the name of its encoding.

    A byte-order mark decides; else zeros in every second byte mean UTF-16; else what is valid
    UTF-8 is UTF-8 (accented letters of other encodings are not, but by a very rare chance); the
    rest is Windows-1252, unless it has words of nothing but accented letters, as Cyrillic, Greek
    and Chinese in their own code pages look like, or signs and letters where no Western language
    has them (Polish, Turkish, an old Mac); those are refused rather than shown wrong.

    Raises
    ------
    BadInput
        If it is none of these. Names the line.
    """
    marks = (
        (codecs.BOM_UTF8, "utf-8", "UTF-8 with BOM"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16 LE with BOM"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16 BE with BOM"),
    )
    for mark, encoding, name in marks:
        if raw.startswith(mark):
            return _decoded(raw[len(mark) :], encoding, name, file), name
    if b"\0" in raw:
        even, odd = raw[::2].count(0), raw[1::2].count(0)
        # In UTF-16 each line end has one, and so has every character of ASCII.
        if min(even, odd) > 0 or max(even, odd) < max(len(raw) / 20, raw.count(b"\n")):
            line = raw[: raw.index(0)].count(b"\n") + 1
            raise BadInput(f"{file}:{line}: holds NUL bytes; it is damaged, or no CSV file")
        encoding, name = ("utf-16-le", "UTF-16 LE") if odd else ("utf-16-be", "UTF-16 BE")
        return _decoded(raw, encoding, name, file), name
    try:
        return raw.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        return _western(raw, file), WESTERN


def _as_told(raw: bytes, encoding: str, file: Path) -> tuple[str, str]:
    """Read a text in the encoding that somebody named."""
    try:
        codec = codecs.lookup(encoding).name
        # Codecs that are no text encoding raise, or don't bring plain text back as it was.
        if "a,;\t\n".encode(codec).decode(codec) != "a,;\t\n" or "escape" in codec:
            raise LookupError
    except (LookupError, UnicodeError, ValueError):
        raise BadInput(
            f"--encoding {encoding}: no encoding of texts; known are utf-8, utf-16, cp1250 "
            "(Central Europe), cp1251, cp1252, cp1254 (Turkish), mac_roman, gb18030, shift_jis ..."
        ) from None
    return _decoded(raw, codec, codec, file).removeprefix("\ufeff"), f"{codec} (as you told)"


def _decoded(raw: bytes, encoding: str, name: str, file: Path) -> str:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].decode(encoding, errors="replace").count("\n") + 1
        raise BadInput(
            f"{file}:{line}: not {name}, as its beginning or --encoding says; export it again"
        ) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise BadInput(f"{file}:{line}: holds NUL bytes; it is damaged, or no CSV file")
    return text


def _western(raw: bytes, file: Path) -> str:
    """Read what is not UTF-8 as Windows-1252, if that can be what it is."""
    stray = _VALID_UTF8.sub(b"", raw)
    if len(_VALID_UTF8.findall(raw)) > sum(byte > 0x7F for byte in stray):
        line = raw.decode("utf-8", errors="replace").partition("\ufffd")[0].count("\n") + 1
        raise BadInput(f"{file}:{line}: damaged UTF-8; export it again")
    for strange in _NOT_WESTERN.finditer(raw):
        # Long-drawn letters ("süüüüß") are Western, four different ones in a row are not.
        if len(strange[0]) == 1 or len(set(strange[0])) > 2:
            line = raw[: strange.start()].count(b"\n") + 1
            raise BadInput(
                f"{file}:{line}: neither UTF-8, UTF-16 nor Windows-1252; save it as UTF-8 CSV"
            )
    text = raw.decode("cp1252")
    if lines := strange_lines(text):
        more = f" (so do lines {', '.join(map(str, lines[1:6]))})" if lines[1:] else ""
        raise BadInput(
            f"{file}:{lines[0]}: holds letters or signs as no word has them{more}: not surely "
            "Windows-1252: save as UTF-8, or name the encoding with --encoding"
        )
    return text


def _bytes(file: Path) -> bytes:
    try:
        size = file.stat().st_size
        if size > MAX_FILE:
            raise BadInput(f"{file}: has {size} bytes; at most {MAX_FILE} are read")
        raw = file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: can't be read ({error.strerror})") from None
    if not raw.strip():
        raise BadInput(f"{file}:1: the file is empty")
    if raw.startswith(OLD_OFFICE):
        raise BadInput(f"{file}:1: an old .xls, or with a password; save it as .xlsx without one")
    return raw


def _parse(text: str, file: Path) -> tuple[str, tuple[Row, ...]]:
    """Split a text by the delimiter that makes the widest table of even rows."""
    first, candidates = 1, list(DELIMITERS)
    if told := _SEP.match(text):
        if told[1] not in DELIMITERS:
            raise BadInput(f"{file}:1: cells must be parted by commas, semicolons or tabs")
        text, first, candidates = text[told.end() :], 2, [told[1]]
    tries = [_split(text, delimiter, first) for delimiter in candidates]
    best = max(range(len(tries)), key=lambda i: (tries[i].even, tries[i].width))
    chosen = tries[best]
    if chosen.width < 2 and chosen.problem is None:
        raise BadInput(
            f"{file}:{first}: one column only; cells must be parted by commas, semicolons or tabs"
        )
    if chosen.problem is not None:
        raise BadInput(f"{file}:{chosen.problem[0]}: {chosen.problem[1]}")
    return candidates[best], chosen.rows


@dataclass(frozen=True)
class _Split:
    rows: tuple[Row, ...]
    problem: tuple[int, str] | None

    @property
    def width(self) -> int:
        return len(self.rows[0].cells) if self.rows else 0

    @property
    def even(self) -> bool:
        widths = {len(row.cells) for row in self.rows}
        return self.problem is None and len(widths) == 1 and self.width > 1


def _split(text: str, delimiter: str, first: int) -> _Split:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    begin = first
    try:
        for cells in reader:
            if cells:
                rows.append(Row(begin, tuple(cells)))
            begin = reader.line_num + first
    except csv.Error as error:
        # The reader has a limit of its own for a cell, which any library in the process can move.
        long = "field larger than field limit" in str(error)
        problem = _too_long() if long else f"not readable as CSV ({error})"
        return _Split(tuple(rows), (begin, problem))
    return _Split(tuple(rows), None)


def _check_shape(file: Path, rows: tuple[Row, ...]) -> None:
    width = len(rows[0].cells)
    for row in rows:
        if any(len(cell) > MAX_CELL for cell in row.cells):
            raise BadInput(f"{file}:{row.line}: {_too_long()}")
        if len(row.cells) != width:
            raise BadInput(f"{file}:{row.line}: {len(row.cells)} cells, the header has {width}")


def _too_long() -> str:
    return f"a cell of more than {MAX_CELL} characters; a message is one or two sentences"
