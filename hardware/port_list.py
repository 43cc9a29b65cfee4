"""The serial ports that are plugged in, and whether they are fit for use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hardware.port_holders import PROGRAMS, port_holders
from hardware.serial_line import why_not

State = Literal["free", "busy", "unknown"]


@dataclass(frozen=True)
class PortInfo:
    """A serial port of this machine.

    Parameters
    ----------
    path : str
    name : str
        What the device calls itself.
    maker : str or None
    latency_ms : int or None
        How long the adapter may hold input back (ms); None if it has no such timer.
    state : {'free', 'busy', 'unknown'}
    detail : str
        By whom it is taken, or why nobody knows; empty if there is nothing to say.
    warning : str or None
        What to mend.
    mend : str
        The command that mends it; empty if none does.
    """

    path: str
    name: str
    maker: str | None
    latency_ms: int | None
    state: State
    detail: str
    warning: str | None
    mend: str = ""


ADAPTERS = Path("/sys/bus/usb-serial/devices")
"""Where Linux shows USB adapters and their latency timers."""


def list_ports(adapters: Path = ADAPTERS, programs: Path = PROGRAMS) -> list[PortInfo]:
    """Return the serial ports of this machine, in order of their paths.

    Parameters
    ----------
    adapters : Path
        Where Linux shows USB adapters and their latency timers.
    programs : Path
        Where Linux shows programs and the files that they have open.
    """
    from serial.tools.list_ports import comports

    found = sorted(comports())
    holders = port_holders({port.device for port in found}, programs)
    return [
        _info(port.device, port.description, port.manufacturer, adapters, holders) for port in found
    ]


def look_at(path: str, adapters: Path = ADAPTERS, programs: Path = PROGRAMS) -> PortInfo:
    """Return what is known of one port, which must exist.

    Parameters
    ----------
    path : str
    adapters, programs : Path
        As in `list_ports`.
    """
    return _info(path, path, None, adapters, port_holders({path}, programs))


def _info(
    path: str, name: str, maker: str | None, adapters: Path, holders: Mapping[str, str]
) -> PortInfo:
    timer = adapters / Path(os.path.realpath(path)).name / "latency_timer"
    latency = _latency(timer)
    state, detail = _state(path, holders.get(path))
    warning, mend = None, ""
    if latency is not None and latency != 1:
        mend = f"echo 1 | sudo tee {timer}"
        warning = f"holds input for up to {latency} ms; set 1 ms (again after each replug): {mend}"
    return PortInfo(path, name, maker, latency, state, detail, warning, mend)


def describe_ports(ports: Iterable[PortInfo]) -> str:
    """Return lines about ports, for the assistant."""
    lines = []
    for port in ports:
        latency = "no latency timer" if port.latency_ms is None else f"latency {port.latency_ms} ms"
        state = f"{port.state} ({port.detail})" if port.detail else port.state
        maker = port.maker or "unknown maker"
        lines.append(f"{port.path}  {port.name}  {maker}  {latency}  {state}")
        if port.warning is not None:
            lines.append(f"  warning: {port.warning}")
    return "\n".join(lines) or "no serial port is plugged in"


def _latency(timer: Path) -> int | None:
    try:
        return int(timer.read_text())
    except (OSError, ValueError):
        return None


def _state(path: str, holder: str | None) -> tuple[State, str]:
    """Find out whether a port can be had: if nobody is seen to hold it, by opening it for a moment.

    Opened without pyserial, which would set a speed: the port may be in use after all, by a program
    that can't be looked at. Opening raises DTR, but on a port in use that is up already.
    """
    if holder is not None:
        return "busy", holder
    if sys.platform == "win32":
        return "unknown", "try it with --test"
    import fcntl

    try:
        handle = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        reason = why_not(error)
        return ("busy", "") if reason.startswith("busy") else ("unknown", reason)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return "busy", ""
    finally:
        os.close(handle)
    return "free", ""
