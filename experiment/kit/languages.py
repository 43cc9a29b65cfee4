"""Which language and script a text is in: as the survey says, unless its script says otherwise.

No statistical detector is used: on a sentence or two, and those with emoji, the light ones are
wrong too often, and what is shown depends on the script, which is certain.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

UNKNOWN = "und"

_TAG = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{1,4}|\d{3}))*", re.IGNORECASE)
_NAMES = {
    "arabic": "ar",
    "chinese": "zh",
    "dutch": "nl",
    "english": "en",
    "farsi": "fa",
    "french": "fr",
    "german": "de",
    "greek": "el",
    "hebrew": "he",
    "hindi": "hi",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "persian": "fa",
    "polish": "pl",
    "portuguese": "pt",
    "russian": "ru",
    "spanish": "es",
    "swedish": "sv",
    "thai": "th",
    "turkish": "tr",
    "ukrainian": "uk",
    "urdu": "ur",
    "vietnamese": "vi",
}
# The regional form decides which glyphs a Chinese character gets; Qualtrics writes ZH-S and ZH-T.
_CHINESE = {
    "s": "zh-hans",
    "hans": "zh-hans",
    "cn": "zh-hans",
    "sg": "zh-hans",
    "t": "zh-hant",
    "hant": "zh-hant",
    "tw": "zh-hant",
    "hk": "zh-hk",
    "mo": "zh-mo",
}
_SCRIPT_WORDS = {
    "CJK": "Han",
    "HIRAGANA": "Kana",
    "KATAKANA": "Kana",
    "HANGUL": "Hangul",
    "LATIN": "Latin",
    "GREEK": "Greek",
    "CYRILLIC": "Cyrillic",
    "ARABIC": "Arabic",
    "HEBREW": "Hebrew",
    "DEVANAGARI": "Devanagari",
    "THAI": "Thai",
}
_OF_SCRIPT = {
    "Han": ("zh", "ja"),
    "Kana": ("ja",),
    "Hangul": ("ko",),
    "Greek": ("el",),
    "Cyrillic": ("ru", "uk", "bg", "sr", "mk", "be", "kk", "ky", "mn", "tg"),
    "Arabic": ("ar", "fa", "ur", "ps", "ckb", "ug", "sd"),
    "Hebrew": ("he", "yi"),
    "Devanagari": ("hi", "mr", "ne", "sa"),
    "Thai": ("th",),
}
"""Languages of each script but Latin; the first is the one assumed."""


def language_tag(cell: str) -> str:
    """Return the tag of a language as a survey names it (``EN``, ``ZH-S``, ``Spanish``).

    Unknown names give ``und``.
    """
    told = cell.strip().lower()
    if told in _NAMES:
        return _NAMES[told]
    found = _TAG.fullmatch(told)
    if found is None or (len(told) > 3 and "-" not in told and "_" not in told):
        return UNKNOWN
    primary, region = found[1], re.split("[-_]", told)[-1]
    return _CHINESE.get(region, primary) if primary == "zh" else primary


def language_of(text: str, told: str) -> str:
    """Return a text's language: as told, or that of its script where both can't be true.

    Parameters
    ----------
    text : str
    told : str
        Tag that the survey gives, ``und`` if none.
    """
    script = script_of(text)
    if script is None:
        return told
    primary = told.partition("-")[0]
    possible = _OF_SCRIPT.get(script)
    if possible is None:  # Latin, or one whose languages aren't known here
        elsewhere = {tag for tags in _OF_SCRIPT.values() for tag in tags}
        return UNKNOWN if script == "Latin" and primary in elsewhere - {"sr", "kk"} else told
    return told if primary in possible else possible[0]


def script_of(text: str) -> str | None:
    """Return the script of most of a text's letters; None if it has none.

    Kana anywhere make it Japanese, which mixes them with Han.
    """
    counts: Counter[str] = Counter()
    for character in text:
        if unicodedata.category(character).startswith("L"):
            word = unicodedata.name(character, "?").split("-")[0].split(" ")[0]
            counts[_SCRIPT_WORDS.get(word, word.capitalize())] += 1
    if not counts:
        return None
    if counts["Kana"] and counts["Han"] + counts["Kana"] > sum(counts.values()) / 2:
        return "Kana"
    return counts.most_common(1)[0][0]
