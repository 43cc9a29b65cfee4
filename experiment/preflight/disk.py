"""Where the log goes: room on the disk, a folder that can be written, and no synced drive."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from experiment.preflight.line import Line

_GB = 1e9
LEAST_GB = 0.2
"""Below it no session begins: an hour with a window writes some 20 MB, and other programs write
too."""
PLENTY_GB = 2.0
_SYNCED = (
    ("Dropbox", r"dropbox( .*)?"),
    ("OneDrive", r"onedrive( .*)?"),
    ("iCloud", r"mobile documents|icloud ?drive|com~apple~clouddocs"),
    ("Google Drive", r"google ?drive( .*)?|my drive|drivefs|googledrive-.*"),
    ("a synced drive", r"cloudstorage|nextcloud|owncloud|box sync|pcloud ?drive|megasync"),
)
_TRACES = {".dropbox": "Dropbox", ".dropbox.cache": "Dropbox", "desktop.ini.onedrive": "OneDrive"}


@dataclass(frozen=True)
class DiskFacts:
    """What is known of the place.

    Parameters
    ----------
    folder : Path
        Where the log is to be; need not exist yet.
    free_gb : float
    refused : str or None
        Why nothing could be written there.
    synced : str or None
        Which service copies it elsewhere while it is being written.
    """

    folder: Path
    free_gb: float
    refused: str | None
    synced: str | None


def gather_disk(folder: Path) -> DiskFacts:
    """Look at the disk, and write a file there that is gone again at once."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    refused = None
    try:
        with tempfile.TemporaryFile(dir=there) as trial:
            trial.write(b"trial")
            trial.flush()
            os.fsync(trial.fileno())
    except OSError as error:
        refused = error.strerror or type(error).__name__
    return DiskFacts(folder, shutil.disk_usage(there).free / _GB, refused, synced_by(there))


def synced_by(folder: Path) -> str | None:
    """Return the name of the service that keeps a folder in step with a server; None if none."""
    real = Path(os.path.realpath(folder))
    for part in real.parts:
        for service, pattern in _SYNCED:
            if re.fullmatch(pattern, part.lower()):
                return service
    for place in (real, *real.parents):
        for trace, service in _TRACES.items():
            if (place / trace).exists() and place != Path.home():
                return service
    return None


def judge_disk(facts: DiskFacts) -> list[Line]:
    """Judge room, rights and place."""
    room = {"free": facts.free_gb, "least": LEAST_GB}
    if facts.free_gb < LEAST_GB:
        space = Line("disk", "no-go", "full", room)
    elif facts.free_gb < PLENTY_GB:
        space = Line("disk", "warning", "little", room)
    else:
        space = Line("disk", "go", "enough", room)
    place = {"folder": str(facts.folder)}
    if facts.refused is not None:
        writable = Line("folder", "no-go", "refused", {**place, "why": facts.refused})
    elif facts.synced is not None:
        writable = Line("folder", "no-go", "synced", {**place, "service": facts.synced})
    else:
        writable = Line("folder", "go", "good", place)
    return [space, writable]
