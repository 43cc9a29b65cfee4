"""Kits on disk: readable by their owner only, and destroyed for good when asked."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from experiment.errors import BadInput
from experiment.files import canonical, write_whole
from experiment.kit.decisions import DECISIONS_FILE
from experiment.kit.model import SCHEMA, Kit, KitIndex
from experiment.said import Said

KIT_FILE = "kit.json"
FORGOTTEN_FILE = "forgotten.json"
_FOLDER, _FILE = 0o700, 0o600


@dataclass(frozen=True)
class Forgotten:
    """What is left of a kit whose texts and names were destroyed.

    Parameters
    ----------
    participant : str
    utc : str
        When, ISO 8601.
    index : KitIndex or None
        As it was, digest and all, so that logs can still be tied to it; None if it was damaged, or
        there were no messages in it.
    """

    participant: str
    utc: str
    index: KitIndex | None


def load_kit(folder: Path) -> Kit:
    """Read a participant's kit.

    Raises
    ------
    BadInput
        If there is none, it was destroyed or it is damaged; the error shows nothing of its content.
    """
    file = folder / KIT_FILE
    if is_forgotten(folder):
        raise BadInput(Said("refused.kit_gone", folder=folder))
    try:
        kit = TypeAdapter(Kit).validate_json(file.read_bytes())
    except FileNotFoundError:
        raise BadInput(Said("refused.no_kit", folder=folder)) from None
    except OSError as error:
        raise BadInput(Said("refused.unreadable", file=file, why=error.strerror)) from None
    except ValidationError as error:
        detail = error.errors(include_input=False)[0]
        if detail["type"] == "value_error" and not detail["loc"]:  # told by the kit, by ids only
            problem = detail["msg"].removeprefix("Value error, ")
        else:
            problem = f"at {'.'.join(str(part) for part in detail['loc']) or 'start'}"
        raise BadInput(Said("refused.not_a_kit", file=file, problem=problem)) from None
    if kit.schema != SCHEMA:
        versions = {"version": kit.schema, "allowed": SCHEMA}
        raise BadInput(Said("refused.kit_version", file=file, **versions))
    return kit


def save_kit(kit: Kit, folder: Path, *, replace: bool = False) -> Path:
    """Write a kit, readable by its owner only.

    Parameters
    ----------
    kit : Kit
    folder : Path
        ``participants/P/kit`` of the study; made with its parents if need be, for the owner only.
    replace : bool
        Whether a kit that is there is destroyed first.

    Raises
    ------
    BadInput
        If the participant has a kit already, or had one that was destroyed.
    """
    file = folder / KIT_FILE
    if is_forgotten(folder):
        raise BadInput(Said("refused.kit_no_more", folder=folder))
    if file.exists() and not replace:
        raise BadInput(Said("refused.kit_there", file=file))
    try:
        for parent in (folder.parent.parent, folder.parent, folder):
            parent.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
        folder.parent.chmod(_FOLDER)
        folder.chmod(_FOLDER)
        if file.exists():
            wipe(file)
        write_whole(file, canonical(asdict(kit)), mode=_FILE)
    except OSError as error:
        raise BadInput(Said("refused.file", file=folder, why=error.strerror)) from None
    return file


def forget(participant: str, folder: Path, utc: str) -> int:
    """Destroy all that is in a kit's folder but ids, digest and decisions.

    Each file is overwritten with zeros, synced and removed. A damaged kit is destroyed too, and one
    that has no messages but a profile of the participant's own. What an earlier try began is
    finished.

    Parameters
    ----------
    participant : str
        Label.
    folder : Path
    utc : str
        Now, ISO 8601.

    Returns
    -------
    int
        Number of files destroyed.

    Raises
    ------
    BadInput
        If there is no kit, or a file can't be destroyed.
    """
    if not is_forgotten(folder):
        try:
            index = load_kit(folder).index()
        except BadInput:
            if not _private_files(folder):
                raise
            index = None
        left = canonical(asdict(Forgotten(participant, utc, index)))
        try:
            write_whole(folder / FORGOTTEN_FILE, left, mode=_FILE)
        except OSError as error:
            raise BadInput(Said("refused.file", file=folder, why=error.strerror)) from None
    count = _destroy(folder)
    if count == 0:
        raise BadInput(Said("refused.kit_was_gone", folder=folder))
    return count


def _destroy(folder: Path) -> int:
    files = _private_files(folder)
    try:
        for file in files:
            wipe(file)
    except OSError as error:
        raise BadInput(Said("refused.destroyed", folder=folder, why=error.strerror)) from None
    return len(files)


def _private_files(folder: Path) -> list[Path]:
    kept = {folder / FORGOTTEN_FILE, folder / DECISIONS_FILE}
    return [file for file in sorted(folder.rglob("*")) if file not in kept and not file.is_dir()]


def is_forgotten(folder: Path) -> bool:
    """Tell whether a kit's texts were destroyed, or it was begun.

    Raises
    ------
    BadInput
        If the folder is another user's, who alone can look into it.
    """
    return _is_there(folder / FORGOTTEN_FILE)


def has_kit(folder: Path) -> bool:
    """Tell whether there is a kit with messages.

    Raises
    ------
    BadInput
        If the folder is another user's, who alone can look into it.
    """
    return _is_there(folder / KIT_FILE)


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except PermissionError:
        raise BadInput(Said("refused.not_yours", folder=file.parent)) from None


def readable_by_others(folder: Path) -> bool:
    """Tell whether a kit's folder or a file in it is open to others than its owner."""
    if os.name != "posix":
        return False  # there the folder's access list counts, not these bits
    return any(path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir()))


def wipe(file: Path) -> None:
    """Overwrite a file with zeros where it lies, sync and remove it; a link is only removed."""
    if not file.is_symlink():
        size = file.stat().st_size
        with file.open("r+b") as stream:
            stream.write(bytes(size))
            stream.flush()
            os.fsync(stream.fileno())
    file.unlink()
