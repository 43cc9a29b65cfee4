"""Where a picture of private texts may be written."""

from __future__ import annotations

from pathlib import Path

from experiment.errors import BadInput


def check_private(out: Path) -> None:
    """Make sure that what shows private texts is not written where things are shared.

    In a study that is anywhere but with the participants' own files; outside of it, in a BIDS
    dataset.

    Raises
    ------
    BadInput
        Says where to write it.
    """
    place = out.resolve()
    for folder in place.parents:
        shared = (folder / "study.yaml").is_file() and not place.is_relative_to(
            folder / "participants"
        )
        if shared:
            raise BadInput(
                f"{out}: it shows private texts; write it into the kit's folder "
                f"({folder / 'participants'}/.../kit) or outside of the study"
            )
        if (folder / "dataset_description.json").is_file():
            raise BadInput(
                f"{out}: it shows private texts, and {folder} is a BIDS dataset to be shared; "
                "write it into the kit's folder"
            )
