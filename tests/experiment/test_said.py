"""What the commands say is English at once, and another language at the edge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from experiment.desk.settings import Settings, save_settings, settings_file
from experiment.errors import BadInput, TooFewLiked
from experiment.kit.own_profile import PHOTO_FILE, save_own_profile
from experiment.kit.own_words import OwnWords
from experiment.preflight import materials
from experiment.preflight.line import in_words as lines_in_words
from experiment.profiles import DEMO
from experiment.readlog import read_log
from experiment.register import open_register
from experiment.said import Said, error_in_words, in_words, language_of, languages, listed, typed
from experiment.study import open_study
from run_session import main
from tests.conftest import QUICK


def test_a_line_is_english_until_somebody_asks_for_another_language() -> None:
    line = Said("register.enrolled", participant="012", colour=Said("colours.blue"))
    assert line == "participant 012 enrolled; colour blue"
    assert in_words(line, "ja") == "参加者 012 を登録しました。色は青"
    assert in_words(line, "ar").startswith("أُضيف المشارك \u2068012\u2069")
    assert in_words("a plain line", "ja") == "a plain line"
    several = listed([Said("colours.red"), "x", Said("colours.grey")])
    assert (several, in_words(several, "ja")) == ("red, x, grey", "赤、x、灰色")
    # a list in a list keeps its direction; isolates alone would have none
    assert (
        in_words(several, "ar") == "\u2067\u2068أحمر\u2069، \u2068x\u2069\u2069، \u2068رمادي\u2069"
    )


def test_a_command_to_copy_can_be_typed_as_it_is() -> None:
    words = ("run_session.py", "run", Path("My Study"), "--participant", "012")
    told = typed(*words)
    assert told in (
        "run_session.py run 'My Study' --participant 012",
        'run_session.py run "My Study" --participant 012',  # on Windows
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--speed", "quick"], "--speed 'quick': allowed are real, fast"),
        (["--robot", "nice"], "robot 'nice' is unknown"),
        (["--no-window"], "need --robot"),
        (["--window", "big"], "WIDTHxHEIGHT is needed"),
    ],
)
def test_the_launcher_refuses_what_no_session_could_take(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["desk", *words]) == 2
    assert told in capsys.readouterr().err


def test_the_language_is_the_one_asked_for_else_the_launchers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert languages() == ("ar", "en", "ja")
    assert language_of(None) == "en"
    save_settings(Settings(language="ja"), settings_file())
    assert (language_of(None), language_of("ar")) == ("ja", "ar")
    with pytest.raises(BadInput, match="language 'fr': allowed are ar, en, ja"):
        language_of("fr")


@pytest.mark.parametrize(
    ("language", "enrolled", "head"),
    [
        ("ar", "أُضيف المشارك", "الرقم"),
        ("ja", "参加者 013 を登録しました", "番号  枠"),
    ],
)
def test_the_register_speaks_to_the_assistant(
    new_study: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    language: str,
    enrolled: str,
    head: str,
) -> None:
    study, words = str(new_study()), ["--language", language]
    add = ["participant", "add", study, "--participant", "013", "--by", "MK", "--initials", "AB"]
    assert main([*add, *words]) == 0
    assert capsys.readouterr().out.startswith(enrolled)
    assert main(["participant", "list", study, *words]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].startswith(head)
    assert table[1].split()[0] == "013"
    assert "AB" not in table[1]  # initials are asked for, and copied from nowhere
    assert main(["participant", "list", study, "--participant", "013", *words]) == 0
    assert "session" not in capsys.readouterr().out


def test_what_the_desk_can_not_do_is_said_in_the_assistants_language(
    new_study: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    study = str(new_study())
    leave = ["participant", "withdraw", study, "--participant", "099", "--by", "MK"]
    for language, told in (("en", "not in"), ("ar", "ليس في"), ("ja", "にいません")):
        assert main([*leave, "--reason", "moved", "--language", language]) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert told in error
    words = ["run", study, "--participant", "012", "--session", "01", "--resume"]
    assert main([*words, "--language", "en", "--desk-language", "ja"]) == 2
    assert "再開するセッションがありません" in capsys.readouterr().err
    add = ["participant", "add", study, "--participant", "013", "--by", "MK", "--language", "fr"]
    assert main(add) == 2, "before anything is done"
    assert "language 'fr': allowed are" in capsys.readouterr().err
    assert not open_register(Path(study)).enrolled("013")


@pytest.mark.parametrize(
    ("language", "head", "verdict"), [("ar", "الرسالة", "جاهز"), ("ja", "メッセージ", "可")]
)
def test_a_kit_is_looked_through_in_the_assistants_language(
    new_study: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    language: str,
    head: str,
    verdict: str,
) -> None:
    study = str(new_study(("review: required", "review: optional")))
    words = ["--participant", "012", "--language", language]
    assert main(["kit", "check", study, *words]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith(head)
    assert last == verdict
    assert main(["kit", "review", study, *words, "--by", "KR", "--leave-out", "m001"]) == 0
    assert "left out" not in capsys.readouterr().out


@pytest.mark.parametrize("language", ["ar", "ja"])
def test_the_check_says_in_the_assistants_language_why_a_kit_or_picture_can_not_be_used(
    new_study: Callable[..., Path], language: str
) -> None:
    study = open_study(new_study())
    folder = study.kit_folder("012")
    (folder / "decisions.jsonl").unlink()
    save_own_profile(folder, DEMO / "photos" / "p41.png", OwnWords("Somebody", 30, "Words."))
    (folder / PHOTO_FILE).write_bytes(b"no picture")
    kit = materials.gather_kit(study, "012", tuple(study.protocol.tasks))
    pictures = materials.PictureFacts(True, materials.wrong_own_picture(study, "012"))
    facts = (kit.against, pictures.wrong)
    lines = (materials.judge_kit(kit), materials.judge_pictures(pictures))
    for (problem,), line in zip(facts, lines_in_words(lines, language), strict=True):
        assert in_words(problem, language) in line.found
        assert problem not in line.found


def test_why_a_session_ended_is_said_in_the_assistants_language_and_logged_in_english(
    new_study: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    study = new_study(*QUICK, ("toggled: hold", "toggled: stop"))
    own = open_study(study).log_folder("012", "01")
    # Where the timing is to go something stands in its way, which hides nothing.
    (own / "sub-012_ses-01_timing.txt" / "full").mkdir(parents=True)
    words = ["--participant", "012", "--session", "01", "--robot", "typical", "--speed", "fast"]
    words += ["--no-window", "--port", "mock:", "--scanner", "mock:?toggle=1"]
    assert main(["run", str(study), *words, "--desk-language", "ar"]) == 1
    out, last = capsys.readouterr()
    assert "التوقيت: تعذّرت كتابته" in out
    assert last.startswith("error: انتهت الجلسة (\u2068أُوقفت\u2069): ")
    assert "يصل حجم من كل حجمين" in last
    assert "the" not in last
    (log,) = open_study(study).logs()
    (end,) = read_log(log).of("end")
    assert end["status"] == "aborted"
    assert end["reason"] == "toggled: the protocol says to stop"


def test_too_few_who_are_liked_are_told_in_the_assistants_language() -> None:
    lines = [Said("liked.few", liked=11, at_least=4, needed=16, missing=5), Said("liked.add_group")]
    error = TooFewLiked(listed(lines, by="lines"))
    assert str(error).splitlines() == [str(line) for line in lines]
    first, second = error_in_words(error, "ja").splitlines()
    assert first.startswith("好まれた人（4 以上）は 11 人です")
    assert "run_session.py profile" in second
