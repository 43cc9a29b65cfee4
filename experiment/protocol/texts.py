"""What participants read: a study's text files, and what to say where one lacks a text."""

from __future__ import annotations

from pathlib import Path
from textwrap import shorten
from typing import Any

from experiment.errors import BadInput
from experiment.examples import EXAMPLE
from experiment.yaml_files import Path_, dotted, line_at, read_yaml, shown

_TOLD = 80  # characters of a text in an error


def read_texts(file: Path) -> dict[str, str]:
    """Read a text file: nested mappings of texts, returned with dotted keys."""
    tree = read_yaml(file)
    texts: dict[str, str] = {}

    def walk(node: Any, path: Path_) -> None:
        if isinstance(node, dict):
            for name, value in node.items():
                walk(value, (*path, name))
        elif isinstance(node, str):
            texts[dotted(path)] = node.strip()
        else:
            place = f"{file}:{line_at(tree, path)}: {dotted(path) or 'file'}"
            raise BadInput(f"{place}: a text is needed, found {shown(node)}")

    walk(tree, ())
    return texts


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
