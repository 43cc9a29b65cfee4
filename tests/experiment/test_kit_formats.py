"""Answers as survey tools and people write them, and mappings for headers that aren't known."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest
from hypothesis import strategies as st

from experiment.errors import BadInput
from experiment.kit.importing import Imported, import_kit
from experiment.kit.mapping import layout_from
from tests.experiment.answer_files import ANSWERS, imported, told

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)
QUALTRICS = ("qualtrics_choice_text.csv", "qualtrics_numeric.csv", "qualtrics.tsv")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("qualtrics_choice_text.csv", "UTF-8 with BOM, cells parted by commas"),
        ("qualtrics_numeric.csv", "UTF-8, cells parted by commas"),
        ("qualtrics.tsv", "UTF-16 LE with BOM, cells parted by tabs"),
        ("qualtrics.xlsx", "XLSX, sheet 1 of 1"),  # of two header rows: no import ids
    ],
)
def test_qualtrics(name: str, written: str) -> None:
    found = imported(name)
    # In a sheet rows are counted, and a message of two lines is one row.
    preview, first, cut, refused, third, spam = (
        (3, 4, 5, 6, 7, 8) if name == "qualtrics.xlsx" else (4, 5, 7, 8, 9, 10)
    )
    assert found.read_as == f"a Qualtrics export, {written}"
    assert told(found.kit) == [
        ("w01", "kind", "en", "You always find the right words,\nand then you make me laugh."),
        ("w01", "kind", "en", "=You + me = unbeatable ❤️"),
        ("w01", "neutral", "en", "You live by the river."),
        ("w02", "kind", "zh-hant", "謝謝你一直在我身邊。"),
        ("w02", "kind", "zh-hant", "和你聊天，再累也會笑。"),
        ("w03", "kind", "he", "אני גאה בך כל יום מחדש."),
        ("w03", "kind", "und", "You are my favourite neighbour."),  # in Hebrew's survey, not Hebrew
    ]
    assert [(w.name, w.relation) for w in found.kit.writers] == [
        ("Ana", "sister"),
        ("美玲", "大學同學"),
        ("Noa", "friend"),
    ]
    assert [(row.line, row.reason) for row in found.left_out] == [
        (preview, "a preview"),
        (cut, "not finished"),
        (refused, "no consent"),
        (spam, "marked as spam"),
    ]
    assert found.lines["m001"] == first
    assert found.lines["m004"] == third


def test_a_sheet_of_qualtrics_with_import_ids(tmp_path: Path) -> None:
    with (ANSWERS / QUALTRICS[0]).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "answers.xlsx")
    found = import_kit(tmp_path / "answers.xlsx", "012", None)
    assert found.read_as == "a Qualtrics export, XLSX, sheet 1 of 1"
    assert told(found.kit) == told(imported(QUALTRICS[0]).kit)


@pytest.mark.parametrize("called", ["V{}", "{}"], ids=["numbered", "named"])
def test_a_legacy_export_of_qualtrics(tmp_path: Path, called: str) -> None:
    own = ["ResponseID", "ResponseSet", "Name", "ExternalDataReference", "EmailAddress"]
    own += ["IPAddress", "Status", "StartDate", "EndDate", "Finished"]
    names = [called.format(i if "V" in called else name) for i, name in enumerate(own, 1)]
    asked = ["What is your first name?", "How do you know this person?", "I agree", "Kind message"]
    given = ["R_1", "Default Response Set", "Anonymous", "", "", "192.0.2.1", "0", "", "", "1"]
    cut, preview = [*given[:-1], "0"], [*given[:6], "1", *given[7:]]
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(
        [
            [*names, "Q1", "Q2", "Q3", "Q4"],
            [*own, *asked],
            [*given, "Ana", "sister", "I agree", 'You said "always",\nand you meant it.'],
            [*cut, "Ben", "friend", "I agree", "You are"],
            [*preview, "Test", "tester", "I agree", "A preview."],
        ]
    )
    file = tmp_path / "answers.csv"
    file.write_text(buffer.getvalue(), "utf-8-sig")
    found = import_kit(file, "012", None)
    assert found.read_as == "a Qualtrics export, UTF-8 with BOM, cells parted by commas"
    assert told(found.kit) == [("w01", "kind", "und", 'You said "always",\nand you meant it.')]
    assert [writer.name for writer in found.kit.writers] == ["Ana"]
    assert [(row.line, row.reason) for row in found.left_out] == [
        (5, "not finished"),
        (6, "a preview"),
    ]


def test_consent_as_a_number_is_told() -> None:
    numbers, texts = imported("qualtrics_numeric.csv").notes, imported(QUALTRICS[0]).notes
    assert [note for note in numbers if "1 was taken for agreed" in note]
    assert not texts


def test_google_forms() -> None:
    found = imported("google_forms.csv")
    assert found.read_as.startswith("Google Forms responses, UTF-8")
    assert found.kit.counts() == {"kind": 6, "neutral": 2}
    assert [(w.name, w.relation) for w in found.kit.writers] == [
        ("Ana", "sister"),
        ("María", "amiga"),
        ("Ana", "sister"),
    ]
    assert "¡Gracias por escucharme siempre! 😊" in {m.text for m in found.kit.messages}
    assert [(row.line, row.reason) for row in found.left_out] == [(3, "no consent")]
    assert found.notes == (
        "w01 and w03 (lines 2 and 5) gave the same e-mail: one person, twice? "
        "leave one out at review",
        "m007: the same as m001 of another writer",
    )


@pytest.mark.parametrize("name", ["redcap_raw.csv", "redcap_labels.csv"])
def test_redcap(name: str) -> None:
    found = imported(name)
    assert found.read_as.startswith("a REDCap export, UTF-8")
    assert told(found.kit) == [
        ("w01", "kind", "en", "You always find the right words."),
        ("w01", "kind", "en", "Nobody waves from a train like you do."),
        ("w01", "neutral", "en", "You live by the river."),
        ("w02", "kind", "de", "Ohne dich wäre die Mittagspause nur halb so schön."),
        ("w02", "kind", "de", "Danke für alles!"),
    ]
    assert [(row.line, row.reason) for row in found.left_out] == [
        (3, "not finished"),
        (4, "no consent"),
    ]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("by_hand_excel.csv", "Windows-1252, cells parted by semicolons"),
        ("by_hand_unicode.txt", "UTF-16 LE with BOM, cells parted by tabs"),
    ],
)
def test_tables_typed_by_hand(name: str, written: str) -> None:
    found = imported(name)
    assert found.read_as == f"a table typed by hand, {written}"
    assert told(found.kit) == [
        ("w01", "kind", "de", "Ich bin so stolz auf dich – jeden Tag."),
        ("w01", "kind", "de", "Du fehlst mir; komm bald wieder."),
        ("w01", "neutral", "de", "Du wohnst in der Gartenstraße."),
        ("w02", "kind", "de", "Schön, dass es dich gibt!"),
        ("w03", "kind", "fr", "Tu es la meilleure, «vraiment»."),
        ("w03", "kind", "fr", "Même à Noël, c’est toi mon cadeau."),
    ]
    # Two people are called the same: they stay two, and it is told.
    assert [(w.name, w.relation) for w in found.kit.writers[:2]] == [
        ("Jürgen", "Vater"),
        ("Jürgen", "Nachbar"),
    ]
    doubts = [note for note in found.notes if "taken for Windows-1252" in note]
    assert [note.partition(":")[0] for note in doubts] == (
        ["lines 2, 3, 4, 5, 6, 8"] if "1252" in written else []
    )
    assert tuple(note for note in found.notes if note not in doubts) == (
        "no column of consent: you answer for it",
        "w01 and w02 (lines 2 and 5) have the same name: two people, or one who answered twice?",
    )


def test_an_excel_file_of_several_sheets() -> None:
    first, second = imported("google_sheet.xlsx"), imported("google_sheet.xlsx", sheet="By hand")
    assert first.read_as == "Google Forms responses, XLSX, sheet 1 of 2"
    assert second.read_as == "a table typed by hand, XLSX, sheet 2 of 2"
    assert told(second.kit) == told(imported("by_hand_excel.csv").kit)
    formula = first.kit.messages[1].text
    assert formula == '=HYPERLINK("https://example.org","Nobody waves like you")'
    with pytest.raises(BadInput, match="no sheet 'Sheet9' among its 2"):
        imported("google_sheet.xlsx", sheet="Sheet9")
    with pytest.raises(BadInput, match="has no sheets"):
        imported("google_forms.csv", sheet="Answers")


def test_numbers_and_dates_of_a_sheet_are_texts_as_typed(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["writer", "message", "consent"])
    sheet.append(["Ana", 1000, True])
    sheet.append(["Ben", 2.5, 1])
    sheet.append(["Cleo", "One_x000D_\nTwo", 1])
    book.save(tmp_path / "kit.xlsx")
    found = import_kit(tmp_path / "kit.xlsx", "012", None)
    assert [m.text for m in found.kit.messages] == ["1000", "2.5", "One\nTwo"]


def test_a_line_that_tells_excel_the_delimiter(tmp_path: Path) -> None:
    source = tmp_path / "kit.csv"
    source.write_text("sep=;\nwriter;message\nAna;Hello, you, there\n", "utf-8")
    found = import_kit(source, "012", None)
    assert [m.text for m in found.kit.messages] == ["Hello, you, there"]
    assert found.lines == {"m001": 3}


# --- mapping -------------------------------------------------------------------------------------

GERMAN = ANSWERS / "survey_german.csv"


def with_mapping(mapping: Path, source: Path = GERMAN) -> Imported:
    return import_kit(source, "012", None, lay_out=lambda table: layout_from(mapping, table))


def test_unknown_headers_need_a_mapping() -> None:
    with pytest.raises(BadInput) as caught:
        import_kit(GERMAN, "012", None)
    assert f"{GERMAN}:1: not a Qualtrics export" in str(caught.value)
    assert "--mapping FILE.yaml, see docs/messages.md" in str(caught.value)


def test_a_mapping_finds_them() -> None:
    found = with_mapping(ANSWERS / "survey_german.yaml")
    assert told(found.kit) == [
        ("w01", "kind", "de", "Ich bin so stolz auf dich."),
        ("w01", "kind", "de", "Du fehlst mir."),
    ]
    assert [(row.line, row.reason) for row in found.left_out] == [(4, "no consent")]


def test_a_mapping_for_one_message_a_row(tmp_path: Path) -> None:
    source, mapping = tmp_path / "a.csv", tmp_path / "m.yaml"
    source.write_text("Von,Was,Art\nAna,Du bist toll,nett\nAna,Du wohnst hier,sachlich\n", "utf-8")
    mapping.write_text(
        "columns: {name: Von, message: 2, condition: Art, consent: none}\n"
        "conditions: {nett: kind, sachlich: neutral}\nlanguage: German\n"
    )
    found = with_mapping(mapping, source)
    assert [entry[1:3] for entry in told(found.kit)] == [("kind", "de"), ("neutral", "de")]
    assert found.notes[0] == "no column of consent: you answer for it"
    assert found.notes[1].startswith("w01 (lines 2, 3) is one person by the name alone")


def test_a_mapping_for_other_words_of_consent_only(tmp_path: Path) -> None:
    source, mapping = tmp_path / "a.csv", tmp_path / "m.yaml"
    said = "Yes, you may show them"
    text = (ANSWERS / "google_forms.csv").read_text("utf-8").replace('"I agree"', f'"{said}"')
    source.write_text(text, "utf-8")
    with pytest.raises(BadInput, match=r"no finished and consented answer in it \(4 no consent\)"):
        import_kit(source, "012", None)
    mapping.write_text(f"answers: {{consent: ['{said}']}}\nlanguage: en\n")
    found = with_mapping(mapping, source)
    assert found.kit.counts() == {"kind": 6, "neutral": 2}
    assert {m.language for m in found.kit.messages} == {"en"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("columns: [1]\n", ":1: columns: a mapping is needed"),
        ("language: de\n", f"{GERMAN}:1: not a Qualtrics export"),
        ("columns:\n  name: Vorname\n  kind: 5\n", ":1: columns.consent: is missing"),
        ("columns:\n  name: Vorname\n  consent: 4\n", ":1: columns: either kind"),
        ("rows: {header: 2, first: 3}\ncolumns:\n  name: Name\n  consent: 4\n  kind: 5\n",
         ":3: name: no column 'Name' in the header row"),
        ("rows: {header: 2, first: 3}\ncolumns:\n  name: 2\n  consent: 4\n  kind: Nachricht\n",
         ":5: kind: 2 columns 'Nachricht' in the header row; or give its number"),
        ("columns:\n  name: 2\n  consent: 4\n  kind: [5, 7]\n", ":4: kind: no column 7"),
        ("columns:\n  name: 2\n  consent: 2\n  kind: 5\n", ":2: name: column 2 is that of consent"),
        ("columns:\n  nmae: 2\n", ":2: columns.nmae: Extra inputs are not permitted"),
        ("rows: {header: 3, first: 3}\ncolumns: {name: 2, consent: 4, kind: 5}\n", ":1: rows: the"),
        ("columns: {\n", ":2: not readable as YAML"),
        ("- a\n", ":1: a mapping file has sections: columns"),
    ],
)  # fmt: skip
def test_a_mapping_with_a_fault(tmp_path: Path, text: str, problem: str) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(text)
    with pytest.raises(BadInput) as caught:
        with_mapping(mapping)
    where = "" if problem.startswith(str(GERMAN)) else str(mapping)
    assert f"{where}{problem}" in str(caught.value)


def test_columns_that_could_be_two_things_are_not_guessed(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text(
        "Timestamp,Your name,Name of CANARY,I agree,Kind message\n1,Ana,Eva,I agree,Hello\n",
        "utf-8",
    )
    with pytest.raises(BadInput) as caught:
        import_kit(source, "012", None)
    assert "columns 2, 3 could all be that of the writer's name" in str(caught.value)
    assert "CANARY" not in str(caught.value)
