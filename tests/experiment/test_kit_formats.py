"""Files as the tools write them. All answers are invented."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiment.errors import BadInput
from experiment.kit import Kit
from experiment.kit.importing import Imported, import_kit
from experiment.kit.mapping import layout_from
from experiment.kit.tables import decode, read_table

ANSWERS = Path(__file__).parent / "answers"
QUALTRICS = ("qualtrics_choice_text.csv", "qualtrics_numeric.csv", "qualtrics.tsv")


def imported(name: str, **options: str) -> Imported:
    return import_kit(ANSWERS / name, "012", None, **options)  # type: ignore[arg-type]


def told(kit: Kit) -> list[tuple[str, str, str, str]]:
    """Writer, condition, language and text of each message."""
    return [(m.writer_id, m.condition, m.language, m.text) for m in kit.messages]


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


# --- encodings -----------------------------------------------------------------------------------

TABLE = "writer,message\nZoë,Ça va très bien — à bientôt!\nAna,Déjà vu “encore”\n"


@pytest.mark.parametrize(
    ("mark", "encoding", "name"),
    [
        (b"", "utf-8", "UTF-8"),
        (codecs.BOM_UTF8, "utf-8", "UTF-8 with BOM"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16 LE with BOM"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16 BE with BOM"),
        (b"", "utf-16-le", "UTF-16 LE"),
        (b"", "utf-16-be", "UTF-16 BE"),
        (b"", "cp1252", "Windows-1252"),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_the_encoding_is_found_and_told(
    tmp_path: Path, mark: bytes, encoding: str, name: str, ends: str
) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(mark + TABLE.replace("\n", ends).encode(encoding))
    found = import_kit(source, "012", None)
    assert name == found.read_as.split(", ")[1]
    assert [m.text for m in found.kit.messages] == [
        "Ça va très bien — à bientôt!",
        "Déjà vu “encore”",
    ]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Я тебя люблю", "cp1251"),
        ("Σε αγαπώ πολύ", "cp1253"),
        ("ありがとう、大好き", "shift_jis"),
        ("谢谢你一直在我身边", "gbk"),
        ("사랑해 고마워요", "euc-kr"),
    ],
)
def test_other_code_pages_are_refused_and_not_shown_wrong(
    tmp_path: Path, text: str, encoding: str
) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(b"writer,message\nAna," + text.encode(encoding) + b"\n")
    with pytest.raises(BadInput) as caught:
        import_kit(source, "012", None)
    assert f"{source}:2: neither UTF-8, UTF-16 nor Windows-1252" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Łukasz, Jesteś ważna", "cp1250"),
        ("Cieszę się, że mogę z tobą być", "cp1250"),
        ("Dobry dzień", "cp1250"),
        ("Děkuji, že jsi", "cp1250"),
        ("Mám tě ráda", "cp1250"),
        ("Légy jó, te erős vagy", "cp1250"),
        ("Eşti bună", "cp1250"),
        ("Srećo moja, šaljem poljubac", "cp1250"),
        ("Canım arkadaşım", "cp1254"),
        ("İyi ki varsın", "cp1254"),
        ("Merci, chère sœur, c’est l’été", "mac_roman"),
        ("Schön, dass es dich gibt", "mac_roman"),
        ("Für dich, liebe Grüße", "mac_roman"),
        ("schön, liebes Mädchen", "cp850"),
    ],
)
def test_what_only_looks_like_windows_1252_needs_the_encodings_name(
    tmp_path: Path, text: str, encoding: str
) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(b'writer,message\nAna,Hi\nBen,"' + text.encode(encoding) + b'"\n')
    with pytest.raises(BadInput) as caught:
        import_kit(source, "012", None)
    problem = str(caught.value)
    assert problem.startswith(f"{source}:3: ")
    assert "Windows-1252" in problem
    assert text not in problem
    found = import_kit(source, "012", None, encoding=encoding)
    assert found.kit.messages[1].text == text
    assert "(as you told)" in found.read_as


@pytest.mark.parametrize(
    "text",
    [
        "„Schön“, süß – jeden Tag in der Gartenstraße 5, 20 m² und 5 m³",
        "Ma sœur, mon cœur, «vraiment», même à Noël, où vas-tu? Bon œil, CŒUR",
        "¿Cómo estás, niña? ¡Feliz cumpleaños! El 1º de mayo",
        "Você é meu coração, bebê. Põe emoções",
        "È così, perché laggiù è più bello",
        "Jag älskar dig, förstår du? Ängen",
        "Jeg elsker dig, søster. Træ, knæ, prøve, Århus",
        "Minä rakastan sinua, äiti. Šakki",
        "Góðan daginn, elsku mamma. Takk fyrir að vera til. Þú ert best",
        "Ma armastan sind, sõber. Šokolaad",
        "T’estimo, germà. Col·legi, història",
        "Beëindigd, één café for £5 or €3, 20 °C",
    ],
)
def test_western_languages_are_read_and_told(tmp_path: Path, text: str) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes(f'writer,message\nAna,Hi\nBen,"{text}"\n'.encode("cp1252"))
    found = import_kit(source, "012", None)
    assert found.kit.messages[1].text == text
    assert any(note.startswith("line 3: accented letters") for note in found.notes)


@pytest.mark.parametrize("name", ["klingon", "hex", "rot13", "unicode_escape"])
def test_an_encoding_that_is_none(tmp_path: Path, name: str) -> None:
    source = tmp_path / "a.csv"
    source.write_text(TABLE, "utf-8")
    with pytest.raises(BadInput, match=f"--encoding {name}: no encoding of texts"):
        import_kit(source, "012", None, encoding=name)
    with pytest.raises(BadInput, match=r"a\.csv:2: not ascii, as its beginning or --encoding says"):
        import_kit(source, "012", None, encoding="ascii")


def test_long_drawn_letters_are_western(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes("writer,message\nAna,süüüüüüß!\n".encode("cp1252"))
    assert import_kit(source, "012", None).kit.messages[0].text == "süüüüüüß!"


def test_utf_8_with_a_broken_letter_is_not_taken_for_western(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_bytes("writer,message\nAna,谢谢你\nBen,你好".encode()[:-1])
    with pytest.raises(BadInput, match=r"a\.csv:3: damaged UTF-8"):
        import_kit(source, "012", None)


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)


@settings(deadline=None, max_examples=50)  # it writes files, on a machine that others use too
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5), st.sampled_from(",;\t"))
def test_what_a_tool_writes_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str
) -> None:
    """Any text survives being written as CSV in any Unicode encoding."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows([("writer", "message"), *rows])
    source = tmp_path_factory.mktemp("csv") / "a.csv"
    for mark, encoding in (
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
    ):
        source.write_bytes(mark + buffer.getvalue().encode(encoding))
        table = read_table(source)
        expected = [row for row in rows if any(cell.strip() for cell in row)]
        assert [row.cells for row in table.rows] == [("writer", "message"), *expected]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200))
def test_utf_8_is_always_read_as_utf_8(text: str) -> None:
    if not text.startswith("\ufeff"):
        assert decode(text.encode(), Path("a.csv")) == (text, "UTF-8")


@given(texts)
def test_nothing_but_nfc_and_outer_space_changes(text: str) -> None:
    from experiment.kit.cleaning import OVERRIDES, clean

    if not set(text) & set(OVERRIDES):
        assert clean(text) == unicodedata.normalize("NFC", text).strip()


def test_a_writer_of_two_languages_is_one_and_one_by_name_alone_is_told(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text(
        "writer,message,language\nAna,Hello there,en\nAna,Ich denke an dich,de\nBen,Hi you,en\n"
    )
    found = import_kit(source, "012", None)
    assert [(w, language) for w, _, language, _ in told(found.kit)] == [
        ("w01", "en"),
        ("w01", "de"),
        ("w02", "en"),
    ]
    assert [note for note in found.notes if "by the name alone" in note] == [
        "w01 (lines 2, 3) is one person by the name alone: if several are called so, "
        "give each a relation"
    ]
