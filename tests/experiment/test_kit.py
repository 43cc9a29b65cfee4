from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from experiment.errors import BadInput
from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS
from experiment.kit import Kit, KitMessage, Writer, load_kit, save_kit
from experiment.kit.importing import import_kit
from experiment.kit.store import has_kit, is_forgotten
from experiment.study import check_writable
from tests.conftest import AS_ROOT, let_others_in

ANSWERS = EXAMPLE / EXAMPLE_ANSWERS
STRANGERS = EXAMPLE / "stranger_messages.csv"
NOBODY = 65534


def test_the_sample_gives_finished_and_consented_answers_only() -> None:
    imported = import_kit(ANSWERS, "012", STRANGERS)
    assert imported.kit.counts() == {"kind": 48, "neutral": 6, "stranger": 12}
    assert [(left.line, left.reason) for left in imported.left_out] == [(7, "not finished")]
    assert len({m.message_id for m in imported.kit.messages}) == 66


def test_texts_are_kept_as_they_were_written() -> None:
    texts = {text for text, _ in import_kit(ANSWERS, "012", None).kit.texts().values()}
    assert "You’re my family, no paperwork needed 👨‍👩‍👧" in texts
    assert "तुम सच में कमाल हो! 👏🏽" in texts
    assert "无论你在哪里，我都会为你加油！🎉" in texts
    assert "يا حبيبتي، أنتِ نور البيت وفرحة قلبي." in texts


def test_a_row_without_consent_is_left_out(tmp_path: Path) -> None:
    source = tmp_path / "answers.csv"
    source.write_text(ANSWERS.read_text("utf-8-sig").replace("father,I agree", "father,"), "utf-8")
    imported = import_kit(source, "012", None)
    assert ("no consent" in {left.reason for left in imported.left_out}) is True
    assert imported.kit.counts()["kind"] == 42


def test_a_kit_is_private_and_comes_back_as_it_was(tmp_path: Path) -> None:
    kit = import_kit(ANSWERS, "012", STRANGERS).kit
    folder = tmp_path / "participants" / "012" / "kit"
    file = save_kit(kit, folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_kit(folder) == kit
    assert load_kit(folder).index().digest == kit.index().digest


@AS_ROOT
def test_another_users_kit_is_said_to_be_that(tmp_path: Path) -> None:
    """Two assistants with accounts of their own at one desk: a kit is its owner's alone."""
    let_others_in(tmp_path)
    folder = tmp_path / "participants" / "012" / "kit"
    save_kit(import_kit(ANSWERS, "012", None).kit, folder)
    os.seteuid(NOBODY)
    try:
        for look in (load_kit, is_forgotten, has_kit):
            with pytest.raises(BadInput, match="is another user's of this computer"):
                look(folder)
        with pytest.raises(BadInput, match="can't be written into"):
            check_writable(folder / "new" / "folder")
    finally:
        os.seteuid(0)


def test_a_kit_is_never_overwritten(tmp_path: Path) -> None:
    kit = import_kit(ANSWERS, "012", None).kit
    before = save_kit(kit, tmp_path).read_bytes()
    with pytest.raises(BadInput, match="never overwritten"):
        save_kit(kit, tmp_path)
    assert (tmp_path / "kit.json").read_bytes() == before


def test_the_index_has_nothing_private() -> None:
    kit = Kit(
        "012",
        (Writer("w01", "CANARY-NAME", "CANARY-RELATION"),),
        (KitMessage("m001", "w01", "kind", "en", "CANARY-TEXT"),),
    )
    assert "CANARY" not in repr(kit.index())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", ":1: the file is empty"),
        (b"a,b\n1,2\n", ":1: not a Qualtrics export"),
        (
            b'a,c\nb,d\n"{""ImportId"":""x""}",e\n',
            ":1: no column for whether an answer is finished, "
            "consent, kind messages and the writer's name; name the columns in a mapping file",
        ),
        (b"\xef\xbb\xbfa,b\n\xff\n", ":2: not UTF-8"),
        (b"a\0b\nc\nd\n", ":1: holds NUL bytes"),
    ],
)
def test_a_file_of_another_shape_is_told(tmp_path: Path, content: bytes, problem: str) -> None:
    source = tmp_path / "answers.csv"
    source.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        import_kit(source, "012", None)
    assert f"{source}{problem}" in str(caught.value)


def test_a_ragged_row_is_told_by_its_line(tmp_path: Path) -> None:
    source = tmp_path / "answers.csv"
    lines = ANSWERS.read_text("utf-8-sig").splitlines()
    lines[4] += ",CANARY"
    source.write_text("\n".join(lines), "utf-8")
    with pytest.raises(BadInput) as caught:
        import_kit(source, "012", None)
    assert f"{source}:5: 24 cells, the header has 23" in str(caught.value)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("character", ["\x07", "\u202e"])
def test_invisible_characters_that_could_mislead_are_refused(
    tmp_path: Path, character: str
) -> None:
    source = tmp_path / "answers.csv"
    text = ANSWERS.read_text("utf-8-sig").replace("Call your old man", f"Call{character} CANARY")
    source.write_text(text, "utf-8")
    with pytest.raises(BadInput) as caught:
        import_kit(source, "012", None)
    assert f"U+{ord(character):04X}" in str(caught.value)
    assert "CANARY" not in str(caught.value)


def test_damaged_and_missing_kits(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no kit here"):
        load_kit(tmp_path)
    (tmp_path / "kit.json").write_text('{"participant": "CANARY", "writers": 3}')
    with pytest.raises(BadInput) as caught:
        load_kit(tmp_path)
    assert "not a kit file" in str(caught.value)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        "I do not agree",
        "I agree that none are shown",
        "Yes, I agree, but not Statement 3",
        "I agree that my messages mustn’t be shown",
        "I agreed to nothing",
        "Jamás",
        "Agreement withheld",
        "James says no",
        "Yes, but not Statement 3",
        "no",
    ],
)
def test_a_refusal_never_passes_for_consent(tmp_path: Path, answer: str) -> None:
    source = tmp_path / "answers.csv"
    text = ANSWERS.read_text("utf-8-sig").replace("father,I agree", f'father,"{answer}"')
    source.write_text(text, "utf-8")
    assert import_kit(source, "012", None).kit.counts()["kind"] == 42


@pytest.mark.parametrize(
    "answer",
    [
        "I agree that my messages are shown to this person in the study.",
        "Yes, I agree",
        "I agree.",
    ],
)
def test_the_sentence_of_the_box_is_consent(tmp_path: Path, answer: str) -> None:
    source = tmp_path / "answers.csv"
    source.write_text(
        f'Timestamp,Your name,"I agree that messages are shown",Kind message\n1,Ana,"{answer}",Hi\n'
    )
    assert import_kit(source, "012", None).kit.counts() == {"kind": 1}
