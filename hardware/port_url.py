"""Addresses of ports, with our own options behind a question mark."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from experiment.errors import BadInput
from experiment.events import MARKS

_OURS = {
    *("device", "pulse_ms", "baud", "symbol"),
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

    def number(self, name: str, default: float) -> float:
        """Return a numeric option.

        Raises
        ------
        BadInput
            If it isn't a number above 0.
        """
        text = self.options.get(name)
        if text is None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not (value > 0 and math.isfinite(value)):
            raise BadInput(f"port option {name}={text!r}: a number above 0 is needed")
        return value


def parse_port(url: str) -> PortUrl:
    """Split a port URL.

    Raises
    ------
    BadInput
        If an option is unknown.
    """
    address, _, query = url.partition("?")
    if not address:
        raise BadInput(f"port {url!r}: no address; give a device path, a pyserial URL or mock:")
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(set(options) - _OURS)
    if unknown:
        raise BadInput(
            f"port option {unknown[0]!r} is unknown, allowed: {', '.join(sorted(_OURS))}"
        )
    return PortUrl(address, options)
