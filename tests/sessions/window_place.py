"""Where the task's window is on the display."""

from __future__ import annotations

import subprocess

_ASK = ["xdotool", "search", "--onlyvisible", "--name", "^PsychoPy$", "getwindowgeometry"]


def window_place() -> dict[str, int]:
    """Return ``X``, ``Y``, ``WIDTH`` and ``HEIGHT`` of the task's window (px)."""
    found = subprocess.run(
        [*_ASK, "--shell"], check=True, capture_output=True, text=True, timeout=10
    )
    return {key: int(value) for key, value in (line.split("=") for line in found.stdout.split())}
