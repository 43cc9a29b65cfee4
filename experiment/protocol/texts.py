"""What participants read: a study's text files, and what to say where one lacks a text."""

from __future__ import annotations

from textwrap import shorten

from experiment.examples import EXAMPLE
from experiment.yaml_files import read_texts

_TOLD = 80  # characters of a text in an error


def lacking(language: str, key: str, who: str) -> str:
    """Say that a study's texts lack one, who needs it, and what a new study has there.

    Parameters
    ----------
    language : str
        Tag; of a language that new studies can't have, what they say in English is told.
    key : str
        The text's, with dots.
    who : str
        What needs it, in words.
    """
    ours = EXAMPLE / "texts" / f"{language}.yaml"
    known = read_texts(ours if ours.is_file() else EXAMPLE / "texts" / "en.yaml")
    says = shorten(known[key], _TOLD, placeholder=" ...") if key in known else None
    add = "" if says is None else f"; add it, a new study has there: {says}"
    return f"texts/{language}.yaml lacks {key!r}, {who} needs it{add}"
