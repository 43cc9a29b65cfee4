"""What the launcher remembers of one user: recent studies, language, the participant's screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from experiment.files import canonical, write_whole

_KEPT = 8  # recent studies


@dataclass(frozen=True)
class Settings:
    """What is remembered.

    Parameters
    ----------
    studies : tuple of str
        Folders, the last opened first.
    language : str or None
        Of the launcher; None for the computer's own.
    fullscreen : bool
        Whether a session takes the whole screen.
    """

    studies: tuple[str, ...] = ()
    language: str | None = None
    fullscreen: bool = True

    def opened(self, study: Path) -> Settings:
        """Return the settings after a study was opened."""
        name = str(study.resolve())
        others = (other for other in self.studies if other != name)
        return replace(self, studies=(name, *others)[:_KEPT])


def settings_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the system keeps a user's settings."""
    home = Path(environment.get("HOME") or Path.home())
    if sys.platform == "win32":
        base = Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    return base / "kindred" / "desk.json"


def load_settings(file: Path) -> Settings:
    """Read the settings; the default ones where the file is missing or can't be used."""
    try:
        return TypeAdapter(Settings).validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return Settings()


def save_settings(settings: Settings, file: Path) -> None:
    """Write the settings. A disk that refuses costs only that they are forgotten."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, canonical(asdict(settings)))
    except OSError:
        return
