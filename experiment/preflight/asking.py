"""Asking the system's own tools."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

Ask = Callable[[Sequence[str]], str | None]
"""Runs a command and returns what it says; None if it isn't there, or fails."""
_PATIENCE = 3.0  # s


def ask(command: Sequence[str]) -> str | None:
    """Run a command of the system for its answer; see `Ask`."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return done.stdout if done.returncode == 0 else None
