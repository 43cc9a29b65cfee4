"""Whether a text that was read as Windows-1252 can have been written in it.

Any bytes can be read as Windows-1252. Polish, Turkish, Czech, Romanian or Hungarian in their own
code pages, and French or German of an old Mac, then come out with signs and letters in places
where no Western European language has them: ``£ukasz``, ``wa¿na``, ``canýmsýn``, ``trŽs``.
"""

from __future__ import annotations

import re

# What a text may have between two letters without a space: apostrophes, hyphens, dashes, quotes.
_JOINERS = "’‘´·\u00ad\u00a0…–—€“«»‹›/"
_SIGNS = "".join(
    c
    for i in range(0x80, 0x100)
    if (c := bytes([i]).decode("cp1252", "ignore"))
    and (not c.isalpha() or c in "ªºµƒˆ")
    and c not in _JOINERS
)
_LETTER = r"[^\W\d_ªºµƒˆ]"
_CAPITAL = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞŠŽŒŸ"
_SMALL = "a-zß-öø-ÿšžœ"
_VOWEL = "aeiouyàáâãäåèéêëìíîïòóôõöùúûüýÿæœø"
_OE = r"œ(?=u|il)|(?<!\w)œ(?=cum|d[eèéi]|nol|soph|str)|(?<=f)œ(?=t)"

_IN_WORDS = re.compile(
    "|".join(
        (
            rf"(?<={_LETTER})[{re.escape(_SIGNS)}](?={_LETTER})",
            rf"[£¥¹³¼¾](?={_LETTER})",
            rf"(?<={_LETTER})[„‚]",
            rf"(?<={_LETTER})¹",
            rf"(?<!\bm)(?<![ckdm]m)(?<={_LETTER})³",
            "[ˆƒ‡¸¨¯¬¤]",
            f"(?<=[{_SMALL}])[{_CAPITAL}]",
            f"Ÿ(?=[{_SMALL}])",
        )
    )
)
_LETTERS = re.compile(
    "|".join(
        (
            rf"(?!{_OE})œ",
            rf"(?<=[{_VOWEL}])æ",  # Polish ć
            rf"(?<=\w)ñ(?![{_VOWEL}])",  # Polish ń
            r"(?<=\w)[ìù](?=\w)",  # Czech ě and ů
            r"(?<![aeiouyäöõü\W])[šž](?![aeiouyäöõü\W])",  # ö and û of a Mac
            r"(?<!\w)ð",  # Lithuanian š, Vietnamese đ
            r"(?<=\w)þ(?!\w)",  # Turkish ş, Romanian ţ
        )
    )
)
_ICELANDIC = re.compile(r"[áíóúéæ]|\b(að|það|við|með|þú|þig|þér|þín|því|og|er)\b")


def strange_lines(text: str) -> list[int]:
    """Return the lines (from 1) that no Western European language is written like."""
    return [i for i, line in enumerate(re.split(r"\r\n?|\n", text), 1) if _strange(line)]


def _strange(line: str) -> bool:
    small = line.lower()
    return bool(
        _IN_WORDS.search(line)
        or _LETTERS.search(small)
        # Turkish ı ş ğ, Croatian đ; with ç or ü they are not Icelandic.
        or (re.search("[þðý]", small) and (re.search("[çü]", small) or not _icelandic(small)))
        # Czech and Croatian: š and ž are at the same place, č ř ć are not.
        or (re.search("[šžý]", small) and re.search("[èø]", small))
        # Hungarian ő; Portuguese has õ before e, Estonian has no acute accents.
        or (re.search("ì", small) and re.search("[áíý]", small))
        or (re.search("õ(?!e)", small) and re.search("[áéíóú]", small))
    )


def _icelandic(small: str) -> bool:
    return _ICELANDIC.search(small) is not None
