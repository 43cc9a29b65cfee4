"""Studies for tests, made as a user makes them, with other texts in their protocol."""

from __future__ import annotations

from pathlib import Path

from experiment.examples import make_study

Edit = tuple[str, str]


def edited_study(folder: Path, preset: str | None, *edits: Edit) -> Path:
    """Make a study, replace texts of its ``study.yaml`` that must be there, and return its folder.

    Parameters
    ----------
    folder : Path
    preset : str or None
        None for the example.
    *edits : tuple of str
        What is replaced, and by what.
    """
    make_study(folder, preset)
    file = folder / "study.yaml"
    text = file.read_text("utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    return folder
