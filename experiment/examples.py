"""The example study and the presets, and making a new study from one of them."""

from __future__ import annotations

import shutil
from pathlib import Path

from experiment.errors import BadInput
from experiment.files import write_whole
from experiment.outputs import check_place

EXAMPLE = Path(__file__).parent.parent / "example-study"
INBOX = "inbox"
"""Where survey exports lie until they are imported, for the owner of the study only."""
EXAMPLE_PARTICIPANT = "012"
EXAMPLE_ANSWERS = f"{INBOX}/qualtrics_messages_sub-012.csv"

PRESETS = Path(__file__).parent / "presets"
_RIG = "rig.yaml"  # ends the study.yaml of every preset


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets."""
    return tuple(sorted(file.stem for file in PRESETS.glob("*.yaml") if file.name != _RIG))


def languages() -> tuple[str, ...]:
    """Return the languages that a new study can speak to its participants."""
    return tuple(sorted(file.stem for file in (EXAMPLE / "texts").glob("*.yaml")))


def make_study(folder: Path, preset: str | None = None, language: str = "en") -> None:
    """Make a new study: a copy of the example, or a preset's protocol with the example's texts.

    Parameters
    ----------
    folder : Path
        New or empty.
    preset : str or None
        None for the example.
    language : str
        Tag of the participants' language.

    Raises
    ------
    BadInput
        If there is no such preset or language, or the folder isn't empty, lies among another
        study's records, or can't be made.
    """
    if preset is not None and preset not in preset_names():
        raise BadInput(f"--preset {preset!r}: allowed are {', '.join(preset_names())}")
    if language not in languages():
        raise BadInput(f"--language {language!r}: allowed are {', '.join(languages())}")
    check_place(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder}: exists and isn't an empty folder; choose another")
    try:
        if preset is None:
            shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
        else:
            _from_preset(folder, preset)
        file = folder / "study.yaml"
        told = file.read_text("utf-8").replace("\nlanguage: en\n", f"\nlanguage: {language}\n", 1)
        write_whole(file, told)
        inbox = folder / INBOX
        inbox.mkdir(exist_ok=True)
        inbox.chmod(0o700)
        for export in inbox.iterdir():
            export.chmod(0o600)
    except OSError as error:
        raise BadInput(f"{folder}: can't be made ({error.strerror})") from None


def _from_preset(folder: Path, preset: str) -> None:
    for shared in ("texts", "questionnaires"):
        shutil.copytree(EXAMPLE / shared, folder / shared, dirs_exist_ok=True)
    (folder / INBOX).mkdir()
    shutil.copy(EXAMPLE / INBOX / "README.md", folder / INBOX)
    parts = (PRESETS / f"{preset}.yaml", PRESETS / _RIG)
    protocol = "".join(part.read_text("utf-8") for part in parts)
    write_whole(folder / "study.yaml", protocol)
    for file in PRESETS.glob("*.csv"):
        if file.name in protocol:
            shutil.copy(file, folder)
