"""Which font a script takes, and what no font has."""

from __future__ import annotations

import re
import unicodedata

from PyQt6.QtGui import QFont

from stimuli.qt import application, centred, each, laid_out

LATIN = "Noto Sans"
SCRIPTS = (
    "Noto Naskh Arabic",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Bengali",
    "Noto Sans Tamil",
    "Noto Sans Thai",
    "Noto Sans Georgian",
    "Noto Sans Armenian",
)
EMOJI = "Noto Color Emoji"
LAST_RESORT = ("Noto Sans Symbols2", "Noto Sans Symbols", "Noto Sans Math", "DejaVu Sans")
"""After the emoji font, since some of these draw a heart or a face in outline."""

OPTICAL_SCALES = {"ARABIC": 1.15, "THAI": 1.08}

CJK_BY_LANGUAGE = {
    "zh": "Noto Sans CJK SC",
    "zh-hans": "Noto Sans CJK SC",
    "zh-hant": "Noto Sans CJK TC",
    "zh-tw": "Noto Sans CJK TC",
    "zh-hk": "Noto Sans CJK HK",
    "zh-mo": "Noto Sans CJK HK",
    "yue": "Noto Sans CJK HK",
    "ja": "Noto Sans CJK JP",
    "ko": "Noto Sans CJK KR",
}

_KANA = re.compile("[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9d]")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_HAN = re.compile("[\u2e80-\u2fdf\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_EMOJI = "[\u2190-\u2bff\U0001f000-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]*"
_JOINED = re.compile(f"{_EMOJI}(?:\u200d{_EMOJI})*")
_ONE_PICTURE = 1.5  # em: an emoji is some 1.1 em wide

_UNLIMITED = 1e6


def runs_right_to_left(text: str) -> bool:
    """Whether the first strong character of `text` is of a script that runs right to left."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def font_families(text: str, language: str) -> list[str]:
    """Families in the order in which a glyph is sought.

    A text mostly in Chinese characters, kana or Hangul takes the regional font first, so that its
    punctuation is of the same cut; in any other text that font only helps out.
    """
    east_asian = _cjk_family(text, language)
    ideographs = sum(1 for c in text if _KANA.match(c) or _HANGUL.match(c) or _HAN.match(c))
    letters = sum(1 for c in text if c.isalpha())
    if 2 * ideographs > letters:
        return [east_asian, LATIN, *SCRIPTS, EMOJI, *LAST_RESORT]
    return [LATIN, *SCRIPTS, EMOJI, east_asian, *LAST_RESORT]


def _cjk_family(text: str, language: str) -> str:
    tag = language.lower().replace("_", "-")
    while tag and tag not in CJK_BY_LANGUAGE:
        tag = tag.rpartition("-")[0]
    if tag:
        return CJK_BY_LANGUAGE[tag]
    if _KANA.search(text):
        return CJK_BY_LANGUAGE["ja"]
    return CJK_BY_LANGUAGE["ko" if _HANGUL.search(text) else "zh"]


def font_for(text: str, language: str, px: int) -> QFont:
    """Font for a text at a size (px per em of Latin letters beside it)."""
    font = QFont(font_families(text, language))
    font.setPixelSize(font_px(text, px))
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    font.setStyleStrategy(
        QFont.StyleStrategy.PreferAntialias | QFont.StyleStrategy.NoSubpixelAntialias
    )
    return font


def font_px(text: str, px: int) -> int:
    """Size (px per em) of a text's font, such that it looks as large as Latin letters at `px`."""
    return round(px * _optical_scale(text))


def _optical_scale(text: str) -> float:
    """How much larger a script is set to look as large as Latin letters beside it."""
    letters = [character for character in text if character.isalpha()]
    for script, scale in OPTICAL_SCALES.items():
        if 2 * sum(unicodedata.name(c, "").startswith(script) for c in letters) > len(letters):
            return scale
    return 1.0


def missing_glyphs(text: str, language: str = "en") -> tuple[str, ...]:
    """Give the characters, each once, that would be shown as a box: no installed font has them.

    Parameters
    ----------
    text : str
    language : str
        Its language tag.
    """
    application()
    font = font_for(text, language, 32)
    if _has_glyphs(text, font):
        return ()
    return tuple(
        character
        for character in dict.fromkeys(text)
        if _is_visible(character) and not _has_glyphs(character, font)
    )


def parted_emoji(text: str, language: str = "en") -> tuple[str, ...]:
    """Give the emoji, each once, that come out as several pictures side by side.

    Joiners and skin tones make one emoji of several characters; a font that has no picture for it
    shows them one after the other.

    Parameters
    ----------
    text : str
    language : str
        Its language tag.
    """
    application()
    font = font_for(text, language, 32)
    widest = _ONE_PICTURE * font.pixelSize()
    return tuple(
        one
        for one in dict.fromkeys(_JOINED.findall(text))
        if len(one) > 1 and _width(one, font) > widest
    )


def _is_visible(character: str) -> bool:
    """Whether a character should leave ink: no space, control, joiner or variation selector."""
    selector = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return not (
        selector
        or character.isspace()
        or unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp")
        or character == "\u034f"
    )


def _has_glyphs(text: str, font: QFont) -> bool:
    layout = laid_out(text, font, centred(rtl=False), _UNLIMITED)
    glyphs = [index for run in layout.glyphRuns() for index in run.glyphIndexes()]
    return bool(glyphs) and 0 not in glyphs


def _width(text: str, font: QFont) -> float:
    """Width (px) of a text in one line."""
    layout = laid_out(text, font, centred(rtl=False), _UNLIMITED)
    return max(line.naturalTextWidth() for line in each(layout))
