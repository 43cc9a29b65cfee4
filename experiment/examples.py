"""The example study, and making a new study from it."""

from __future__ import annotations

import shutil
from pathlib import Path

from experiment.errors import BadInput

EXAMPLE = Path(__file__).parent.parent / "example-study"
INBOX = "inbox"
"""Where survey exports lie until they are imported, for the owner of the study only."""
EXAMPLE_PARTICIPANT = "012"
EXAMPLE_ANSWERS = f"{INBOX}/qualtrics_messages_sub-012.csv"


def make_study(folder: Path) -> None:
    """Copy the example study to a new folder.

    Raises
    ------
    BadInput
        If the folder exists and isn't empty, or can't be made.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder}: exists and isn't an empty folder; choose another")
    try:
        shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
        inbox = folder / INBOX
        inbox.mkdir(exist_ok=True)
        inbox.chmod(0o700)
    except OSError as error:
        raise BadInput(f"{folder}: can't be made ({error.strerror})") from None
