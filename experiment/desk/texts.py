"""What the launcher says, in the languages that it has."""

from __future__ import annotations

import locale
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from experiment.bidi import fill
from experiment.yaml_files import read_texts

FOLDER = Path(__file__).parent / "texts"
DEFAULT = "en"


@dataclass(frozen=True)
class Texts:
    """The launcher's texts in one language.

    Parameters
    ----------
    tag : str
        The language, for example ``en``.
    texts : mapping of str to str
        By dotted key.
    """

    tag: str
    texts: Mapping[str, str]

    @property
    def rtl(self) -> bool:
        """Whether the language is written from right to left."""
        return self.texts["direction"] == "rtl"

    def says(self, key: str, **values: object) -> str:
        """Return a text with values filled in."""
        return fill(self.texts[key], values, rtl=self.rtl)


def languages() -> tuple[str, ...]:
    """Return the tags of all languages that there are texts in, English first."""
    tags = sorted(file.stem for file in FOLDER.glob("*.yaml"))
    return (DEFAULT, *(tag for tag in tags if tag != DEFAULT))


def speaking(tag: str | None) -> Texts:
    """Return the texts in a language; in this computer's own if None, else in English."""
    wished = tag if tag is not None else (locale.getlocale()[0] or DEFAULT)[:2].lower()
    known = wished if wished in languages() else DEFAULT
    return Texts(known, read_texts(FOLDER / f"{known}.yaml"))
