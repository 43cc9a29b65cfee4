"""Where a picture of private texts may be written."""

from __future__ import annotations

from pathlib import Path

from experiment.errors import BadInput


def check_private(out: Path, kit: Path) -> None:
    """Make sure that what shows private texts is written where forgetting them finds it.

    Parameters
    ----------
    out : Path
    kit : Path
        Folder of the kit whose texts are shown.

    Raises
    ------
    BadInput
        If it is anywhere but in the kit's folder.
    """
    if not out.resolve().is_relative_to(kit.resolve()):
        raise BadInput(
            f"{out}: it shows private texts; write it into the kit's folder ({kit}), where "
            "`kit forget` finds it"
        )
