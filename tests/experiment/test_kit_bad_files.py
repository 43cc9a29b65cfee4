"""Files that can't be used: each has an answer of one line that shows nothing of what is in it."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from PIL import Image

from experiment.errors import BadInput
from experiment.kit.importing import import_kit
from experiment.kit.tables import MAX_FILE

GOOD = "writer,message\nAna,CANARY one\nBen,CANARY two\n"


def problem_of(source: Path, strangers: Path | None = None) -> str:
    with pytest.raises(BadInput) as caught:
        import_kit(source, "012", strangers)
    told = str(caught.value)
    assert "CANARY" not in told
    assert "\n" not in told
    return told


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "answers.csv"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", ":1: the file is empty"),
        (b" \r\n\n", ":1: the file is empty"),
        (b"\xef\xbb\xbf,\n,\n", ":1: the file is empty"),
        (b"writer,message\n", ":1: no finished and consented answer in it"),
        (b"writer|message\nAna|CANARY\n", ":1: one column only; cells must be parted by commas,"),
        (b"sep=|\nwriter|message\nAna|CANARY\n", ":1: cells must be parted by commas,"),
        (b"writer,message\nAna,CANARY,\nBen,CANARY\n", ":2: 3 cells, the header has 2"),
        (b"writer;message\nAna;CANARY\nBen\n", ":3: 1 cells, the header has 2"),
        (b'writer,message\nAna,"CANARY\n', ":2: not readable as CSV (unexpected end of data)"),
        (b'writer,message\nAna,"CANARY" CANARY\n', ":2: not readable as CSV"),
        (b"writer,message\nAna,CAN\0ARY\n", ":2: holds NUL bytes"),
        (b"\xef\xbb\xbfwriter,message\nAna,CAN\0ARY\n", ":2: holds NUL bytes"),
        ("\ufeffwriter,message\nAna,CAN\0ARY\n".encode("utf-16-le"), ":2: holds NUL bytes"),
        ("\ufeffwriter,message\nAna,CANARY".encode("utf-16-le")[:-1], ":2: not UTF-16 LE with BOM"),
        (b"\0" * 64, ":1: holds NUL bytes"),
        (b"writer,message\nAna,CAN\x07ARY\n", ":2: holds the control character U+0007"),
        (b"writer,message\nAna,CAN\tARY\n", ":2: holds the control character U+0009"),
        ("writer,message\nAna,a\nBen,\u202eYR\n".encode(), ":3: holds the direction override"),
        ("writer,message\nAna,a\tb\nBen,CANARY\nCleo,\u202eYR\nDan,c\td\n".encode(),
         ":2: holds the control character U+0009 (so do lines 4: the direction override U+202E, "
         "5: the control character U+0009); remove"),
        (b"writer,condition,message\nAna,CANARY,Hi\n", ":2: its condition is none of kind"),
        (b"writer,message\nAna,CANARY\n,CANARY b\nBen,c\n ,d\n",
         ":3: a message has no writer (so have lines 5); write the writer's name into each row"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ":1: an old .xls, or with a password"),
        (b"%PDF-1.7\n", ":1: is a PDF; a CSV or XLSX file is needed"),
        (b"<html>", ":1: is a web page or XML; a CSV or XLSX file is needed"),
        (b"PK\x03\x04CANARY", ":1: a damaged XLSX or ZIP file"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_of_answers(source: Path, content: bytes, problem: str) -> None:
    source.write_bytes(content)
    assert problem_of(source).startswith(f"{source}{problem}")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "WEBP"])
def test_an_image_that_is_called_csv(source: Path, kind: str) -> None:
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(source, kind)
    assert "image" in problem_of(source)


@pytest.fixture
def limit() -> Iterator[None]:
    before = csv.field_size_limit()
    yield
    csv.field_size_limit(before)


@pytest.mark.usefixtures("limit")
@pytest.mark.parametrize("moved", [None, 2**30])
def test_a_cell_of_10_mb(source: Path, moved: int | None) -> None:
    """The answer is the same wherever another library has moved Python's own limit."""
    if moved is not None:
        csv.field_size_limit(moved)
    before = csv.field_size_limit()
    source.write_text(f"writer,message\nAna,Hi\nBen,{'x' * 10_000_000}\n")
    assert problem_of(source).startswith(f"{source}:3: a cell of more than 20000 characters")
    assert csv.field_size_limit() == before


def test_a_file_that_is_far_too_large_is_not_read(source: Path) -> None:
    with source.open("wb") as stream:
        stream.truncate(MAX_FILE + 1)  # a sparse file: takes no room
    assert "at most 50000000 are read" in problem_of(source)


def test_a_folder_and_nothing(tmp_path: Path) -> None:
    assert "can't be read (Is a directory)" in problem_of(tmp_path)
    assert "can't be read (No such file" in problem_of(tmp_path / "nowhere.csv")


# --- XLSX ----------------------------------------------------------------------------------------

SHEET = "xl/worksheets/sheet1.xml"


def workbook(**more: bytes) -> bytes:
    """Return an XLSX file with an answer, and with other parts in it."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in csv.reader(io.StringIO(GOOD)):
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer, "a") as archive:
        for name, content in more.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def parts_of(book: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archived(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ("xl/vbaProject.bin", "holds macros"),
        ("xl/macrosheets/sheet1.xml", "holds macros"),
        ("xl/externalLinks/externalLink1.xml", "holds links to other files"),
        ("xl/connections.xml", "holds connections to other data"),
        ("xl/embeddings/oleObject1.bin", "holds embedded objects"),
    ],
)
def test_a_sheet_that_can_do_more_than_hold_cells(source: Path, part: str, problem: str) -> None:
    source.write_bytes(workbook(**{part: b"CANARY"}))
    assert f"{source}:1: {problem}; save it as CSV, or as XLSX without" in problem_of(source)


def test_a_sheet_that_unpacks_without_end(source: Path) -> None:
    buffer = io.BytesIO(workbook())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/bomb.bin", bytes(210_000_000))
    source.write_bytes(buffer.getvalue())
    assert "unpacks to more than 200000000 bytes" in problem_of(source)


def test_damaged_sheets_and_other_archives(source: Path) -> None:
    whole = workbook()
    for part in (whole[: len(whole) // 2], whole[:-40], whole[:400] + b"\0" * 99 + whole[499:]):
        source.write_bytes(part)
        assert "damaged XLSX" in problem_of(source)
    parts = {n: part.replace(b"sheet.main+xml", b"+xml") for n, part in parts_of(whole).items()}
    source.write_bytes(archived(parts))  # a book that names no sheets
    assert "damaged XLSX" in problem_of(source)
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("answers.csv", GOOD)
    assert "a ZIP archive, no XLSX file; unpack it" in problem_of(source)


def test_a_sheet_that_is_cut_off_or_points_to_texts_that_are_not_there(source: Path) -> None:
    parts = parts_of(workbook())
    sheet = parts[SHEET]
    nowhere = re.sub(rb"<c .*?</c>", b'<c r="A1" t="s"><v>7</v></c>', sheet, count=1)
    for harmed, line in ((sheet[:-30], len(GOOD.splitlines()) + 1), (nowhere, 1)):
        source.write_bytes(archived(parts | {SHEET: harmed}))
        told = f"{source}:{line}: a damaged XLSX file, not readable from here"
        assert told in problem_of(source)


@pytest.mark.slow
def test_a_sheet_with_a_row_that_no_sheet_has(source: Path) -> None:
    parts = parts_of(workbook())
    far = parts[SHEET].replace(b'<row r="2"', b'<row r="2000000000"')
    source.write_bytes(archived(parts | {SHEET: far}))
    assert f"{source}:1048577: no sheet has so many rows" in problem_of(source)


# --- strangers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("message_id,text\nx,CANARY\n", ":1: no column 'language'"),
        ("message_id,language,text\nx,en,CANARY\nx,en,CANARY B\n",
         ":3: its message_id is that of line 2 too"),
        ("message_id,language,text\nx,en, \n", ":2: an empty message"),
        ("message_id,language,text\nx,en,CAN\u202eARY\n", ":2: holds the direction override"),
        ("message_id,language,text\nx,en\n", ":2: 2 cells, the header has 3"),
    ],
)  # fmt: skip
def test_control_messages_with_a_fault(
    tmp_path: Path, source: Path, content: str, problem: str
) -> None:
    source.write_text(GOOD)
    strangers = tmp_path / "strangers.csv"
    strangers.write_text(content, "utf-8")
    assert problem_of(source, strangers).startswith(f"{strangers}{problem}")


def test_all_that_is_wrong_in_control_messages_is_told_at_once(
    tmp_path: Path, source: Path
) -> None:
    source.write_text(GOOD)
    strangers = tmp_path / "strangers.csv"
    strangers.write_text(
        "message_id,language,text\nx,en,CANARY\ny,en, \nx,en,CAN\u202eARY\nz,en,CANARY C\n", "utf-8"
    )
    assert problem_of(source, strangers) == (
        f"{strangers}:3: an empty message; line 4: its message_id is that of line 2 too; "
        "line 4: holds the direction override U+202E; remove it at the source"
    )


@pytest.mark.parametrize("character", ["\x1c", "\x1f", "\x85"])
def test_a_control_character_at_an_end_is_refused_too(source: Path, character: str) -> None:
    source.write_text(f"writer,message\nAna,CANARY{character}\n", "utf-8")
    told = f":2: holds the control character U+{ord(character):04X}"
    assert problem_of(source).startswith(f"{source}{told}")
