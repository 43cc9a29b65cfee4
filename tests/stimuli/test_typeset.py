from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stimuli.fonts import font_families, missing_glyphs, runs_right_to_left
from stimuli.typeset import Typeset, Typesetter

SAMPLE = Path(__file__).parents[2] / "example-study" / "inbox" / "qualtrics_messages_sub-012.csv"

# One sentence of each script in the survey sample, and of others that participants write in.
TEXTS = {
    "en": "I’m proud of you every single day — even the days you think don’t count ❤️",
    "es": "Me siento orgullosa de la mujer en la que te has convertido. ¡Nunca lo olvides!",
    "zh": "谢谢你这么多年一直在我身边。有你做朋友，是我最大的幸运。🎉",
    "ar": "تعالي إليّ متى شئتِ، فبابي مفتوح لكِ.",
    "hi": "जब भी मैं घबराती हूँ, तुम्हारी बात याद करती हूँ और सब ठीक हो जाता है। 👏🏽",
    "el": "Σε σκέφτομαι κάθε μέρα και χαίρομαι που υπάρχεις.",
    "ru": "Ты самый добрый человек, которого я знаю.",
    "ja": "いつもそばにいてくれて、本当にありがとう。あなたは私の一番の友だちです。",
    "ko": "언제나 곁에 있어 줘서 정말 고마워. 너는 내 가장 소중한 친구야.",
    "he": "את האדם הכי טוב שאני מכיר, ואני חושב עלייך כל יום!",
    "th": "ขอบคุณที่อยู่เคียงข้างกันเสมอมา เธอคือเพื่อนที่ดีที่สุดของฉันตลอดไป",
    "family": "You’re my family, no paperwork needed 👨‍👩‍👧",
}


@pytest.fixture(scope="module")
def typesetter() -> Typesetter:
    return Typesetter()


def set_plainly(typesetter: Typesetter, text: str, width: float, language: str = "en") -> Typeset:
    return typesetter.set(text, px=32, colour="#f1e8da", max_width=width, language=language)


@pytest.mark.parametrize("language", TEXTS)
def test_every_script_has_its_glyphs_and_keeps_to_the_width(
    typesetter: Typesetter, language: str
) -> None:
    assert missing_glyphs(TEXTS[language], language) == ()
    done = set_plainly(typesetter, TEXTS[language], 400, language)
    assert done.lines > 1
    assert done.width <= 400 + 4  # a stroke may lean out of its letter's own width


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample export is not on this machine")
def test_every_message_of_the_sample_export_can_be_set(typesetter: Typesetter) -> None:
    with SAMPLE.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))[2:]
    messages = [
        (text, row["UserLanguage"])
        for row in rows
        for column, text in row.items()
        if column.startswith(("Q4_", "Q5_")) and text
    ]
    assert len(messages) > 50
    for text, language in messages:
        assert missing_glyphs(text, language) == ()
        assert set_plainly(typesetter, text, 700, language).width <= 704


def test_the_image_is_cropped_to_the_ink_and_complete(typesetter: Typesetter) -> None:
    done = set_plainly(typesetter, "Ågnes, jag älskar dig", 900)
    alpha = done.image[..., 3]
    assert all(edge.any() for edge in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]))
    assert done.first_baseline == done.last_baseline
    assert 0 < done.first_baseline < done.height  # g and j go below, Å and l go above
    assert abs(done.axis - done.width / 2) < 3


def test_alpha_is_straight(typesetter: Typesetter) -> None:
    image = set_plainly(typesetter, "round edges", 900).image
    half = (image[..., 3] > 100) & (image[..., 3] < 200)
    assert half.any()
    assert np.abs(image[half][:, :3].astype(int) - (0xF1, 0xE8, 0xDA)).max() <= 2


def test_a_character_that_no_font_has_is_named_once() -> None:
    assert missing_glyphs("a\ue000b\ue000 \U0010fffd") == ("\ue000", "\U0010fffd")


def test_joiners_and_selectors_are_not_missing() -> None:
    assert missing_glyphs("\u200d\ufe0f\u200f\u00ad\n\t\u00a0") == ()


def test_lines_break_at_a_pause_and_are_alike(typesetter: Typesetter) -> None:
    text = "It was late, and nobody came to fetch me but you."
    whole = set_plainly(typesetter, text, 5000)
    broken = set_plainly(typesetter, text, whole.width - 5)
    assert broken.lines == 2
    assert broken.width < 0.75 * whole.width  # not one word left alone


def test_japanese_breaks_between_words_where_it_can(typesetter: Typesetter) -> None:
    lines = [
        "時間はいくらかけてもかまいません。休みたいときは",
        "お知らせください。別の日に続けることもできます。",  # not between the "o" and its word
    ]
    assert typesetter.lines("".join(lines), px=34, max_width=1020, language="ja") == lines


def test_line_breaks_of_the_text_are_kept(typesetter: Typesetter) -> None:
    one = set_plainly(typesetter, "one\ntwo", 500)
    parted = set_plainly(typesetter, "one\r\n \n\ntwo", 500)
    assert one.lines == parted.lines == 2
    assert parted.last_baseline > one.last_baseline


def test_baselines_are_even_where_a_line_borrows_a_taller_font(typesetter: Typesetter) -> None:
    plain = typesetter.set("a\na\na", px=32, colour="#ffffff", max_width=500, spacing=2)
    mixed = typesetter.set("a\na 你 ❤️\na", px=32, colour="#ffffff", max_width=500, spacing=2)
    for done in (plain, mixed):
        assert done.last_baseline - done.first_baseline == 2 * 64


def test_an_overlong_word_is_broken_or_refused(typesetter: Typesetter) -> None:
    word = "so" + "o" * 200
    assert set_plainly(typesetter, word, 300).width <= 304

    def fit(whole_words: bool) -> Typeset | None:
        return typesetter.fit(
            word,
            px=32,
            smallest_px=20,
            colour="#ffffff",
            max_width=300,
            max_height=900,
            whole_words=whole_words,
        )

    broken = fit(whole_words=False)
    assert broken is not None
    assert broken.lines > 5
    assert fit(whole_words=True) is None


def test_fit_takes_the_largest_size_that_fits(typesetter: Typesetter) -> None:
    def fit(height: float) -> Typeset | None:
        return typesetter.fit(
            TEXTS["en"],
            px=40,
            smallest_px=20,
            colour="#ffffff",
            max_width=400,
            max_height=height,
        )

    roomy, tight = fit(500), fit(100)
    assert roomy is not None
    assert tight is not None
    assert roomy.px == 40
    assert 20 <= tight.px < 40
    assert tight.height <= 100
    assert fit(20) is None


@pytest.mark.parametrize(
    ("text", "rtl"),
    [
        ("שלום", True),
        ("123… مرحبا, hello", True),
        ("hello שלום", False),
        ("❤️ 12", False),
        ("", False),
    ],
)
def test_the_first_strong_character_gives_the_direction(
    typesetter: Typesetter, text: str, rtl: bool
) -> None:
    assert runs_right_to_left(text) is rtl
    assert set_plainly(typesetter, text, 500).rtl is rtl


def test_a_right_to_left_sentence_ends_at_the_left(typesetter: Typesetter) -> None:
    # A full stop is a small ink low down: it fills none of the upper half of its columns.
    image = set_plainly(typesetter, "את האדם הכי טוב.", 900, "he").image[..., 3]
    upper = image[: image.shape[0] // 2] > 0
    assert not upper[:, :4].any()
    assert upper[:, -4:].any()


def test_the_language_chooses_the_regional_font() -> None:
    han = "直接"
    assert font_families(han, "ja")[0] == "Noto Sans CJK JP"
    assert font_families(han, "ZH")[0] == "Noto Sans CJK SC"
    assert font_families(han, "zh_TW")[0] == "Noto Sans CJK TC"
    assert font_families(han, "zh-Hant-HK")[0] == "Noto Sans CJK TC"
    assert font_families("ありがとう", "en")[0] == "Noto Sans CJK JP"
    assert font_families("고마워", "en")[0] == "Noto Sans CJK KR"
    assert font_families("Thank you, 伟", "zh")[0] == "Noto Sans"


def test_regional_forms_differ(typesetter: Typesetter) -> None:
    chinese = set_plainly(typesetter, "直", 500, "zh").image
    japanese = set_plainly(typesetter, "直", 500, "ja").image
    assert chinese.shape != japanese.shape or (chinese != japanese).any()


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60), width=st.integers(40, 600))
def test_any_text_can_be_set(typesetter: Typesetter, text: str, width: int) -> None:
    done = typesetter.set(text, px=16, colour="#ffffff", max_width=width)
    assert done.lines >= 1
    assert done.image.dtype == np.uint8
    assert done.height >= 1


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.sampled_from(["I", "you", "again,", "kindness.", "❤️", "友だち"]), min_size=1),
    width=st.integers(150, 600),
)
def test_lines_keep_to_the_width(typesetter: Typesetter, words: list[str], width: int) -> None:
    done = typesetter.set(" ".join(words), px=20, colour="#ffffff", max_width=width)
    assert done.width <= width + 4


def test_importing_changes_nothing_and_needs_no_display() -> None:
    code = (
        "import os, sys; before = dict(os.environ)\n"
        "import stimuli.painter\n"
        "from PyQt6.QtGui import QGuiApplication\n"
        "assert QGuiApplication.instance() is None and dict(os.environ) == before\n"
        "assert 'psychopy' not in sys.modules\n"
        "from stimuli.typeset import Typesetter\n"
        "keep = Typesetter(); assert dict(os.environ) == before\n"
        "print(QGuiApplication.platformName())\n"
    )
    bare = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "QT_QPA_PLATFORM")}
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=bare,
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "offscreen"
