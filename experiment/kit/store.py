"""Kits on disk: readable by their owner only."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from experiment.errors import BadInput
from experiment.files import canonical, write_whole
from experiment.kit.model import SCHEMA, Kit

KIT_FILE = "kit.json"


def load_kit(folder: Path) -> Kit:
    """Read a participant's kit.

    Raises
    ------
    BadInput
        If there is none or it is damaged; the error shows nothing of its content.
    """
    file = folder / KIT_FILE
    try:
        kit = TypeAdapter(Kit).validate_json(file.read_bytes())
    except FileNotFoundError:
        raise BadInput(
            f"{folder}: no kit here; make one with: run_session.py kit import SOURCE ..."
        ) from None
    except OSError as error:
        raise BadInput(f"{file}: can't be read ({error.strerror})") from None
    except ValidationError as error:
        place = ".".join(str(p) for p in error.errors()[0]["loc"])
        raise BadInput(
            f"{file}:1: not a kit file (at {place or 'start'}); import the kit again"
        ) from None
    if kit.schema != SCHEMA:
        raise BadInput(f"{file}:1: kit version {kit.schema}, allowed: {SCHEMA}; import it again")
    return kit


def save_kit(kit: Kit, folder: Path) -> Path:
    """Write a kit, readable by its owner only.

    Raises
    ------
    BadInput
        If the participant has a kit already.
    """
    file = folder / KIT_FILE
    if file.exists():
        raise BadInput(f"{file}: this participant has a kit already; it is never overwritten")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        write_whole(file, canonical(asdict(kit)), mode=0o600)
    except OSError as error:
        raise BadInput(f"{folder}: can't be written ({error.strerror})") from None
    return file
