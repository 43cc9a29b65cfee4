"""How the clocks of two logs relate: by the machine's monotonic clock, or else by UTC."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Where Linux tells one start of the machine from another."""
_TICK = 1e-3  # s; two processes read one monotonic clock


@dataclass(frozen=True)
class Tie:
    """How to put a time of one log on the clock of another.

    Parameters
    ----------
    by : str
        ``monotonic``: both logs were written since the machine was started, and share its clock;
        else ``utc``.
    offset : float
        To be added to a time of the first log (s) to have it on the second one's clock.
    uncertainty : float or None
        Seconds; None where the machine's clock was not kept by a time server, so that nobody knows.
    """

    by: Literal["monotonic", "utc"]
    offset: float
    uncertainty: float | None


def tie_between(first: dict[str, Any], second: dict[str, Any]) -> Tie:
    """Return how the clock of a log relates to that of a later one, from their headers."""
    boots = (first.get("boot"), second.get("boot"))
    real = first["speed"] == second["speed"] == "real"
    if real and boots[0] is not None and boots[0] == boots[1]:
        return Tie("monotonic", round(first["clock_zero"] - second["clock_zero"], 6), _TICK)
    apart = datetime.fromisoformat(first["utc"]) - datetime.fromisoformat(second["utc"])
    offset = apart.total_seconds() - first["utc_at"] + second["utc_at"]
    errors = (first.get("utc_error"), second.get("utc_error"))
    unsure = None if None in errors else round(sum(e for e in errors if e is not None), 6)
    return Tie("utc", round(offset, 6), unsure)


def boot_id(file: Path = BOOT_ID) -> str | None:
    """Return what tells this start of the machine from others; None where that isn't known."""
    try:
        return file.read_text("ascii").strip() or None
    except OSError:
        return None


class _Timex(ctypes.Structure):
    """The beginning of Linux's ``struct timex``, and room for the rest of it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


_UNSYNCHRONISED = 0x0040  # STA_UNSYNC of adjtimex(2)


def utc_error() -> float | None:
    """Return how far the machine's clock may be from UTC (s), as its time service says.

    None where there is no such service, it has lost its servers, or the system does not tell.
    """
    if not sys.platform.startswith("linux"):
        return None
    try:
        state = _Timex()
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(state))
    except (OSError, AttributeError):
        return None
    if answer < 0 or state.status & _UNSYNCHRONISED:
        return None
    return float(state.maxerror) / 1e6


def utc_of(header: dict[str, Any], t: float) -> datetime:
    """Return a time of a log's clock (s) in UTC."""
    began = datetime.fromisoformat(header["utc"])
    return began + timedelta(seconds=t - header["utc_at"])
