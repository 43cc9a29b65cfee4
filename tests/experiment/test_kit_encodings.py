"""In which encoding a table of answers is, and that each letter is read as it was written."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiment.errors import BadInput
from experiment.kit.importing import import_kit
from experiment.kit.tables import decode, read_table
from tests.experiment.answer_files import told

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
