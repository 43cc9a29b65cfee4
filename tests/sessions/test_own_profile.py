"""The participant's own profile: asked for, checked, and put into the kit."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image

from experiment.errors import BadInput
from experiment.kit.own_profile import load_own_profile
from experiment.kit.own_words import check_words, read_words
from experiment.session import prepare
from run_session import main
from tests.sessions.social import NAME, PERSON, PHOTO, TEXT, kit_of, request

FORM = f"name: {NAME}\nage: 30\nlikes: [women]\ntext: >\n  {TEXT}\n  in two lines\n"


def test_the_profile_command_puts_a_clean_photo_into_the_kit(bare: Path, tmp_path: Path) -> None:
    photo, form = tmp_path / "me.jpg", tmp_path / "me.yaml"
    picture = Image.new("RGB", (2000, 1500), "#806040")
    exif = picture.getexif()
    exif[0x010E] = "CANARYPLACE"
    picture.save(photo, exif=exif)
    form.write_text(FORM, "utf-8")
    assert main(["profile", str(bare), *PERSON, "--photo", str(photo), "--file", str(form)]) == 0
    kit = kit_of(bare)
    assert sorted(file.name for file in kit.iterdir()) == ["own_photo.png", "own_profile.json"]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in kit.iterdir())
    assert kit.stat().st_mode & 0o777 == 0o700
    assert b"CANARYPLACE" not in (kit / "own_photo.png").read_bytes()
    with Image.open(kit / "own_photo.png") as kept:
        assert kept.size == (1200, 900)
    assert kept_words(bare) == (NAME, 30, f"{TEXT} in two lines", ("women",))


def kept_words(study: Path) -> tuple[str, int, str, tuple[str, ...]]:
    found = load_own_profile(kit_of(study))
    assert found is not None
    own, likes = found
    return own.name, own.age, own.text, likes


def test_what_a_profile_says_is_asked_for_until_it_can_be_used(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ["x" * 41, NAME, "young", "17", "30", "", TEXT, "cats", "men, women"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join([*said, ""])))
    assert main(["profile", str(bare), *PERSON, "--photo", str(PHOTO)]) == 0
    assert kept_words(bare) == (NAME, 30, TEXT, ("men", "women"))
    printed = capsys.readouterr()
    assert "Whom would you like to meet (men, women; with commas; Enter for all)" in printed.out
    for told in ("found 41", "a whole number of years", "18 to 120", "no such group; allowed: men"):
        assert told in printed.out + printed.err
    assert "CANARY" not in printed.out + printed.err


def test_a_profile_can_come_through_a_pipe(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("{name: Robin, age: 41, text: Fine words.}"))
    assert main(["profile", str(bare), *PERSON, "--photo", str(PHOTO), "--file", "-"]) == 0
    assert kept_words(bare) == ("Robin", 41, "Fine words.", ())


@pytest.mark.parametrize(
    ("photo", "form", "person", "said"),
    [
        ("text", FORM, "012", "not a readable PNG, JPEG or WebP picture"),
        ("small", FORM, "012", "100 x 100 px; at least 200"),
        ("none", FORM, "012", "no such file"),
        (PHOTO, FORM.replace("30", "17"), "012", "age: 18 to 120 is allowed"),
        (PHOTO, FORM.replace(NAME, "W" * 40), "012", "own profile does not fit"),
        (PHOTO, FORM.replace("women", "CANARY"), "012", "likes: no such group; allowed: men, wom"),
        (PHOTO, "\xe9t\xe9", "012", "form.yaml: not UTF-8 text (byte 0)"),
        (PHOTO, FORM, "0/1", "participant '0/1': only the letters"),
    ],
)
def test_a_profile_that_can_t_be_used_changes_nothing(
    bare: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    photo: str | Path,
    form: str,
    person: str,
    said: str,
) -> None:
    (tmp_path / "text").write_bytes(b"no picture")
    (tmp_path / "form.yaml").write_text(form, "latin-1")
    Image.new("RGB", (100, 100)).save(tmp_path / "small", "png")
    words = ["--participant", person, "--photo", str(tmp_path / photo)]
    assert main(["profile", str(bare), *words, "--file", str(tmp_path / "form.yaml")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error
    assert "CANARY" not in error
    assert not (bare / "participants").exists()


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("", "has something else than name, age, text, likes"),
        ("CANARY", "has something else than name, age, text, likes"),
        ("name: A\nCANARY: B\nage: 30\ntext: C\n", "has something else than name, age, text"),
        ("name: A\nage: 30\nage: 31\ntext: CANARY\n", "F:3: not readable as YAML"),
        ("name: [CANARY\nage: 30\n", "not readable as YAML"),
        ("name: A\nage: CANARY\ntext: C\n", "age: a whole number of years is needed"),
        ("name: A\nage: 30\n", "text: a text is needed"),
        ("name: [CANARY]\nage: 30\ntext: C\n", "name: a text in one line is needed"),
        ("name: A\nage: 30\ntext: C\nlikes: CANARY\n", "likes: a list of groups is needed"),
        ("name: ' '\nage: 30\ntext: C\n", "name: 1 to 40 characters in one line, found 0"),
        ("name: |\n  CANARY\n  B\nage: 30\ntext: C\n", "name: 1 to 40 characters in one line"),
        ("name: A\nage: 30\ntext: ' '\n", "text: 1 to 600 characters, found 0"),
        (f"name: A\nage: 30\ntext: {'CANARY' * 101}\n", "found 606"),
    ],
)
def test_a_form_that_can_t_be_used_is_told_without_what_it_says(form: str, said: str) -> None:
    with pytest.raises(BadInput, match=re.escape(said)) as refused:
        check_words(read_words(form, "F"))
    assert "CANARY" not in str(refused.value)


def test_a_choice_of_somebody_who_is_gone_is_told(bare: Path) -> None:
    kit = kit_of(bare)
    kit.mkdir(parents=True)
    (kit / "choices.json").write_text('{"p03": 5, "gone": 4}')
    with pytest.raises(BadInput, match="lacks 'gone', whom the participant rated"):
        prepare(request(bare, "01"))
    (kit / "choices.json").write_text('{"p03": "much"}')
    with pytest.raises(BadInput, match=r"choices.json:1: not a file of choices"):
        prepare(request(bare, "01"))
