"""Looking through a kit's messages, and what was decided about them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from experiment.errors import BadInput
from experiment.examples import EXAMPLE
from experiment.kit import Kit, KitMessage, Writer, load_kit, save_kit
from experiment.kit.decisions import Decision, accepting, load_decisions, record, usable
from experiment.kit.duplicates import find_duplicates
from experiment.kit.importing import read_strangers
from experiment.kit.languages import language_of, language_tag, script_of
from experiment.kit.reading import Length, length_of, reading_time
from experiment.kit.review import Looked, hits, look_through
from experiment.protocol import load_protocol

NewStudy = Callable[..., Path]
PRESETS = EXAMPLE.parent / "experiment" / "presets"
UTC = "2026-09-20T08:00:00+00:00"


def kit_of(*texts: str, writers: int = 1) -> Kit:
    messages = tuple(
        KitMessage(f"m{i + 1:03d}", f"w{i % writers + 1:02d}", "kind", "und", text)
        for i, text in enumerate(texts)
    )
    people = tuple(Writer(f"w{i + 1:02d}", "Ana", "friend") for i in range(writers))
    return Kit("012", people, messages)


def looked(*texts: str) -> list[Looked]:
    protocol, _ = load_protocol(EXAMPLE / "study.yaml")
    return list(look_through(kit_of(*texts), protocol, {}).messages)


# --- one message ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words", "characters"),
    [
        ("You make every room feel like home.", 7, 0),
        ("I’m proud of you — even on bad days ❤️", 8, 0),
        ("无论你在哪里，我都会为你加油！🎉", 0, 13),
        ("いつも一緒にいてくれて、ありがとう。", 0, 16),
        ("항상 고마워요, 친구야!", 3, 0),
        ("ขอบคุณที่อยู่ข้างๆ กัน", 0, 14),
        ("يا حبيبتي، أنتِ نور البيت", 5, 0),
        ("तुम सच में कमाल हो! 👏🏽", 5, 0),
        ("Dear 美玲, thanks", 2, 2),
        ("👨‍👩‍👧 ❤️!", 0, 0),
        ("10 out of 10", 4, 0),
    ],
)
def test_words_and_characters(text: str, words: int, characters: int) -> None:
    assert length_of(text) == Length(words, characters)


def test_reading_time_is_a_sum_of_both() -> None:
    assert reading_time(Length(10, 13), 200, 260) == pytest.approx(3.0 + 3.0)
    assert [str(Length(*pair)) for pair in ((0, 0), (3, 0), (0, 4), (3, 4))] == [
        *("0", "3", "4 ch", "3 + 4 ch")
    ]


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Hello", "Latin"),
        ("Привет", "Cyrillic"),
        ("你好", "Han"),
        ("大好きだよ", "Kana"),
        ("사랑해", "Hangul"),
        ("שלום Anna", "Hebrew"),
        ("❤️ 10!", None),
    ],
)
def test_scripts(text: str, script: str | None) -> None:
    assert script_of(text) == script


@pytest.mark.parametrize(
    ("cell", "tag"),
    [
        ("EN", "en"),
        ("EN-GB", "en"),
        ("ZH-S", "zh-hans"),
        ("ZH-T", "zh-hant"),
        ("zh_TW", "zh-hant"),
        ("ZH", "zh"),
        ("PT-BR", "pt"),
        (" Spanish ", "es"),
        ("", "und"),
        ("klingon", "und"),
        ("I don't know", "und"),
    ],
)
def test_language_tags(cell: str, tag: str) -> None:
    assert language_tag(cell) == tag


@pytest.mark.parametrize(
    ("text", "told", "language"),
    [
        ("Ti voglio bene", "en", "en"),  # two Latin languages can't be told apart by script
        ("Я тебя люблю", "en", "ru"),
        ("Я тебе кохаю", "uk", "uk"),
        ("دوستت دارم", "fa", "fa"),
        ("谢谢", "zh-hant", "zh-hant"),
        ("ありがとう", "zh-hans", "ja"),
        ("I love you", "ar", "und"),
        ("❤️", "es", "es"),
    ],
)
def test_the_script_overrules_the_survey(text: str, told: str, language: str) -> None:
    assert language_of(text, told) == language


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("study", "Good luck with the STUDY!", True),
        ("experiment", "all these experiments", True),
        ("scan", "scandal", True),  # flagged only; somebody looks at it
        ("stud", "Good luck with your studies", True),
        ("stud", "Student of the year", True),
        ("drug", "You hugged me", False),
        ("study", "You understudy nobody", False),
        ("研究", "祝你研究顺利", True),
        ("naltrexone", "Naltrexone?", True),
        ("دراسة", "دعاء الدراسة", True),
        ("מחקר", "בהצלחה במחקר", True),
        ("מחקר", "בַּמֶּחְקָר", True),
        ("دراسة", "الدِّراســة", True),
        ("studie", "Viel Glück bei der Forschungsstudie", False),
        ("*studie", "Viel Glück bei der Forschungsstudie", True),
        ("e\u0301tude", "Bonne \u00e9tude !", True),
        ("experiment", "Good luck with the experi\u00adment", True),
        ("stud", "Enjoy the s\u200btudy", True),
        ("naltrexone", "ｎａｌｔｒｅｘｏｎｅ", True),
    ],
)
def test_the_watch_list(term: str, text: str, found: bool) -> None:
    assert hits(term, text) is found


def test_what_is_flagged_and_what_can_not_be_shown() -> None:
    emoji, formula, long, box, watched, huge = looked(
        "❤️🎉👏🏽",
        "=SUM(A1:A9)",
        "You are " + "very " * 45 + "dear to me.",
        "For you \U000f0000",
        "Good luck with the experiment",
        "kind " * 500,
    )
    assert (emoji.length, emoji.faults, emoji.notes) == (Length(0, 0), (), ("no words",))
    assert formula.notes == ("a spreadsheet formula, kept as text",)
    assert not long.faults
    assert "shown for 5 s only" in long.notes
    assert box.faults == ("no font has U+F0000",)
    assert watched.notes == ("watch list: experiment",)
    assert (huge.faults, huge.lines) == (("does not fit on the screen",), None)
    assert huge.reading_time == pytest.approx(150.0)


def test_what_lost_a_letter_or_shows_nothing_is_a_fault() -> None:
    lost, filler, blank, joined = looked("caf\ufffd with you", "\u3164", "\u200b", "Du\u200b da")
    assert lost.faults[0].startswith("holds U+FFFD")
    assert "shows nothing: its characters leave no ink" in filler.faults
    assert "shows nothing: its characters leave no ink" in blank.faults
    assert not joined.faults


@pytest.mark.parametrize(
    "file", [EXAMPLE / "stranger_messages.csv", PRESETS / "stranger_messages.csv"]
)
def test_no_control_message_that_comes_with_the_project_is_on_its_watch_list(file: Path) -> None:
    protocol, _ = load_protocol(EXAMPLE / "study.yaml")
    assert {"stud", "survey"} <= set(protocol.kit.watch_list)
    for _, text in read_strangers(file):
        assert not [term for term in protocol.kit.watch_list if hits(term, text)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("👨‍👩‍👧 for ever", True),
        ("👩‍👦", True),
        ("🧑‍🧒‍🧒", True),
        ("👩🏾‍⚕️ 👩‍❤️‍👨 👨 👩 👧", False),
    ],
)
def test_families_are_told_since_the_font_draws_a_pictogram(text: str, told: bool) -> None:
    (look,) = looked(text)
    assert any(note.startswith("emoji of a family") for note in look.notes) is told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Our 👨🏽‍👩🏽‍👧🏽 and you", True),
        ("👨🏽‍👩‍👧", True),
        ("👪🏽", True),
        ("👍🏽👏🏿 🏳️‍🌈 👩🏾‍⚕️ ❤️ 🇪🇸 1️⃣ 🧑🏽‍🤝‍🧑🏾 é กำ", False),
        ("👨‍👩‍👧", False),  # a pictogram, told as such
    ],
)
def test_emoji_that_fall_apart_are_told(text: str, told: bool) -> None:
    (look,) = looked(text)
    assert any(note.startswith("an emoji comes out as several") for note in look.notes) is told


def test_direction_and_lines() -> None:
    arabic, english = looked("أنتِ نور البيت", "One.\nTwo.\nThree.")
    assert (arabic.right_to_left, arabic.lines) == (True, 1)
    assert (english.right_to_left, english.lines) == (False, 3)


def test_duplicates_exact_and_near() -> None:
    kit = kit_of(
        "You make every room feel like home.",
        "You make every room feel like home!",  # w02
        "You make every room feel like a home.",  # w01
        "You make me laugh.",  # w02
        "❤️❤️",
        "❤️ ❤️",
        "🎉",
        writers=2,
    )
    assert [f"{d.message_id} {d}" for d in find_duplicates(kit.messages)] == [
        "m002 the same as m001 of another writer",
        "m003 nearly the same as m001",
        "m006 the same as m005 of another writer",
    ]


# --- decisions -----------------------------------------------------------------------------------


def test_the_last_decision_counts_and_none_is_lost(tmp_path: Path) -> None:
    kit = kit_of("one", "two", "three")
    digest = kit.index().digest
    record(tmp_path, kit, accepting(kit), "MK", UTC)
    before = (tmp_path / "decisions.jsonl").read_bytes()
    record(tmp_path, kit, {"m002": "leave_out"}, "JS", "2026-09-21T08:00:00+00:00")
    assert (tmp_path / "decisions.jsonl").read_bytes().startswith(before)
    decisions = load_decisions(tmp_path, digest)
    assert decisions["m001"] == Decision("m001", "accept", "MK", UTC, digest)
    assert decisions["m002"].by == "JS"
    shown = [m.message_id for m in usable(kit, decisions, review_required=True).messages]
    assert shown == ["m001", "m003"]
    assert usable(kit, decisions, review_required=True).digest == digest
    assert load_decisions(tmp_path, "another kit's") == {}


def test_review_required_or_optional() -> None:
    kit = kit_of("one", "two", "three")
    digest = kit.index().digest
    some = {
        "m001": Decision("m001", "accept", "MK", UTC, digest),
        "m002": Decision("m002", "leave_out", "MK", UTC, digest),
    }
    assert [m.message_id for m in usable(kit, some, review_required=True).messages] == ["m001"]
    optional = usable(kit, some, review_required=False).messages
    assert [m.message_id for m in optional] == ["m001", "m003"]


def test_a_decision_that_was_cut_off_is_told_by_its_line(tmp_path: Path) -> None:
    kit = kit_of("one", "two")
    record(tmp_path, kit, accepting(kit), "MK", UTC)
    file = tmp_path / "decisions.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(BadInput, match=r"decisions\.jsonl:2: not a decision; if it was cut off"):
        load_decisions(tmp_path, kit.index().digest)


# --- kits that don't hang together ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"message_id":"m002"', '"message_id":"m001"', "message m001 is in it twice"),
        ('"writer_id":"w02"}', '"writer_id":"w01"}', "writer w01 is in it twice"),
        ('"text":"two","writer_id":"w02"', '"text":"two","writer_id":"w01"', "w02 has no message"),
        ('"text":"two","writer_id":"w02"', '"text":"two","writer_id":"w09"', "w02 has no message"),
        ('"text":"two"', '"text":" "', "message m002 is empty"),
    ],
)
def test_ids_are_checked_on_load(tmp_path: Path, old: str, new: str, problem: str) -> None:
    file = save_kit(kit_of("one", "two", writers=2), tmp_path / "p" / "012" / "kit")
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    with pytest.raises(BadInput) as caught:
        load_kit(file.parent)
    assert "not a kit file (" in str(caught.value)
    assert problem in str(caught.value)
    assert "Ana" not in str(caught.value)
