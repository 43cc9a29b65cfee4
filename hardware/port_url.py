"""Addresses of ports, with our own options behind a question mark."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from experiment.errors import BadInput
from experiment.events import MARKS

_OURS = {
    *("device", "pulse_ms", "baud", "symbol", "settle"),
    *("tr", "volumes", "start_after", "jitter_ms", "drop", "drop_at", "double", "extra"),
    *("late_first", "toggle", "stop_after", "ratio", "seed"),  # of the mock scanner
    *MARKS,  # which symbol means which mark
}


@dataclass(frozen=True)
class PortUrl:
    """A port's address for pyserial (or ``mock:``) and our own options."""

    address: str
    options: Mapping[str, str]

    @property
    def marks(self) -> dict[str, str]:
        """The symbol of each mark that the device sends, by the mark's name."""
        return {name: self.options[name] for name in MARKS if name in self.options}

    def number(self, name: str, default: float, most: float = math.inf) -> float:
        """Return a numeric option.

        Raises
        ------
        BadInput
            If it isn't a number above 0, or is above `most`.
        """
        text = self.options.get(name)
        if text is None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not (0 < value <= most and math.isfinite(value)):
            limit = f", at most {most:g}," if math.isfinite(most) else ""
            raise BadInput(f"port option {name}={text!r}: a number above 0{limit} is needed")
        return value

    @property
    def settle(self) -> float:
        """How long the device takes once its port is open (s): 2 for an Arduino, which restarts.

        Raises
        ------
        BadInput
            If it isn't a number above 0, at most 30.
        """
        return self.number("settle", 0.0, most=30.0)

    def whole(self, name: str, default: int) -> int:
        """Return an option that counts.

        Raises
        ------
        BadInput
            If it isn't a whole number from 1.
        """
        text = self.options.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdecimal() and len(text) < 16 and int(text) > 0):
            raise BadInput(f"port option {name}={text!r}: a whole number from 1 is needed")
        return int(text)

    def only(self, use: str, *allowed: str) -> None:
        """Make sure that every option means something.

        Parameters
        ----------
        use : str
            What the port is used for, for the message.
        *allowed : str
            The options that mean something there.

        Raises
        ------
        BadInput
            With the first that doesn't.
        """
        useless = sorted(set(self.options) - set(allowed))
        if useless:
            raise BadInput(
                f"port option {useless[0]!r} means nothing to {use}, allowed: "
                f"{', '.join(sorted(allowed))}"
            )


PULSE_MS = 1000.0
"""The longest pulse (ms): of markers a second apart, none has to wait for the one before."""


def parse_port(url: str) -> PortUrl:
    """Split a port URL.

    Values may be percent-encoded; a ``+`` is a plus, as a scanner may send that.

    Raises
    ------
    BadInput
        If an option is unknown, is given twice or has no value.
    """
    address, _, query = url.partition("?")
    if not address:
        raise BadInput(f"port {url!r}: no address; give a device path, a pyserial URL or mock:")
    options: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, given, value = part.partition("=")
        if name not in _OURS:
            raise BadInput(f"port option {name!r} is unknown, allowed: {', '.join(sorted(_OURS))}")
        if name in options:
            raise BadInput(f"port option {name!r} is given twice; once is allowed")
        if not given:
            raise BadInput(f"port option {name!r} has no value; give {name}=VALUE")
        options[name] = unquote(value)
    return PortUrl(address, options)
