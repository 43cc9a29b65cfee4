"""What a simulated scanner does: its pulses, its faults, all from a seed."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiment.errors import BadInput
from hardware.pulse_dialects import Forp

_DOUBLE_AFTER = 0.002  # s from a pulse to its bounce
_FORP_DOUBLE_AFTER = 0.008  # s; its line must have been low in between


@dataclass(frozen=True)
class ButtonPress:
    """A button of the simulated fORP: when it goes down (s after volume 1 is due), how long."""

    t: float
    button: str
    hold: float = 0.1


@dataclass(frozen=True)
class SimulatedScan:
    """What the simulated scanner does. Volumes are counted from 1.

    Parameters
    ----------
    tr : float
        Seconds from volume to volume, on the scanner's clock.
    volumes : int
    symbol : str
        One character; a fORP has none.
    start_on : int or None
        Marker code at which the scan begins (the operator sees the task wait and presses start);
        None begins at once.
    start_after : float
        Seconds from then to volume 1.
    device : str
        ``plain``, ``nnl`` or ``forp``.
    jitter_ms : float
        Standard deviation of each pulse's time (ms), normal.
    drop : float
        Probability that a pulse is lost.
    drop_at : tuple of int
        Volumes whose pulses are lost.
    double : float
        Probability that a pulse bounces: another one 2 ms behind it
        (8 ms for a fORP).
    extra : float
        Probability of a pulse between two volumes, 0.3 to 0.7 TR behind the first.
    late_first : int
        So many first pulses are not sent.
    toggle : bool
        Only every second pulse is sent, from the first on.
    stop_after : int or None
        The scanner stops after so many volumes.
    disconnect_at : float or None
        The scanner's terminal goes away (s after volume 1 is due).
    reconnect_after : float or None
        It comes back under the same path so many seconds later; None never.
    ratio : float
        How much longer a second of the scanner's clock is on the computer's: 1.00005 is 50 ppm.
    presses : tuple of ButtonPress
        Buttons of the fORP.
    loop_back : bool
        The trigger box sends back what it is sent, as a loop-back cable does.
    seed : int
    """

    tr: float
    volumes: int
    symbol: str = "5"
    start_on: int | None = None
    start_after: float = 2.0
    device: str = "plain"
    jitter_ms: float = 0.0
    drop: float = 0.0
    drop_at: tuple[int, ...] = ()
    double: float = 0.0
    extra: float = 0.0
    late_first: int = 0
    toggle: bool = False
    stop_after: int | None = None
    disconnect_at: float | None = None
    reconnect_after: float | None = 1.0
    ratio: float = 1.0
    presses: tuple[ButtonPress, ...] = ()
    loop_back: bool = False
    seed: int = 0

    def pulses(self) -> list[tuple[float, int]]:
        """Return (s after volume 1 is due, volume) of each pulse, in order.

        Each volume takes the same share of chance whatever else is set, so that adding one fault
        leaves the others where they were.
        """
        chance = random.Random(self.seed)
        sent: list[tuple[float, int]] = []
        for volume in range(1, self.volumes + 1):
            jitter = chance.gauss(0.0, 1.0) * self.jitter_ms / 1000.0
            dropped, doubled, extra = (chance.random() for _ in range(3))
            between = chance.uniform(0.3, 0.7)
            if self.stop_after is not None and volume > self.stop_after:
                break
            due = (volume - 1) * self.tr * self.ratio
            if volume > self.late_first and extra < self.extra:
                sent.append((due + between * self.tr, volume))
            if (
                volume <= self.late_first
                or (self.toggle and volume % 2 == 0)
                or dropped < self.drop
                or volume in self.drop_at
            ):
                continue
            t = max(due + jitter, 0.0)
            sent.append((t, volume))
            if doubled < self.double:
                bounce = _FORP_DOUBLE_AFTER if self.device == "forp" else _DOUBLE_AFTER
                sent.append((t + bounce, volume))
        return sorted(sent)

    def offsets(self) -> tuple[float, ...]:
        """Return when pulses are sent (s after volume 1 is due)."""
        return tuple(t for t, _ in self.pulses())


SCAN_OPTIONS = frozenset(f.name for f in dataclasses.fields(SimulatedScan)) - {
    *("tr", "volumes", "start_on", "start_after", "symbol", "device", "presses", "loop_back")
}
_DEVICES = ("plain", "nnl", "forp")
# What a number may be: (whole, least, most).
_RANGES: Mapping[str, tuple[bool, float, float]] = {
    "tr": (False, 0.001, 60.0),
    "volumes": (True, 0, 1_000_000),
    "start_on": (True, 1, 255),
    "start_after": (False, 0.0, 86400.0),
    "jitter_ms": (False, 0.0, 10_000.0),
    "drop": (False, 0.0, 1.0),
    "double": (False, 0.0, 1.0),
    "extra": (False, 0.0, 1.0),
    "late_first": (True, 0, 1_000_000),
    "stop_after": (True, 0, 1_000_000),
    "disconnect_at": (False, 0.0, 86400.0),
    "reconnect_after": (False, 0.0, 86400.0),
    "ratio": (False, 0.5, 2.0),
    "seed": (True, 0, 2**63),
}
_MAY_BE_NONE = {"start_on", "stop_after", "disconnect_at", "reconnect_after"}


def simulated_scan(**options: Any) -> SimulatedScan:
    """Make a scan from options, each checked.

    Parameters
    ----------
    **options
        Fields of `SimulatedScan`; ``tr`` and ``volumes`` are 2.0 s and 150 by default, presses may
        be mappings.

    Raises
    ------
    BadInput
        With the first option that can't be.
    """
    options = {"tr": 2.0, "volumes": 150, **options}
    known = {f.name for f in dataclasses.fields(SimulatedScan)}
    for name, value in options.items():
        if name not in known:
            raise BadInput(
                f"scanner option {name!r} is unknown, allowed: {', '.join(sorted(known))}"
            )
        if name in _RANGES and not (value is None and name in _MAY_BE_NONE):
            _check_number(name, value)
    symbol, device = options.get("symbol", "5"), options.get("device", "plain")
    if device not in _DEVICES:
        raise BadInput(f"scanner device {device!r}: allowed are {', '.join(_DEVICES)}")
    if not isinstance(symbol, str) or len(symbol) != 1 or ord(symbol) > 255:
        raise BadInput(f"symbol {symbol!r}: one character is needed")
    if device == "forp" and symbol != "5":
        raise BadInput(f"symbol {symbol!r}: a fORP sends states, no symbol")
    for name in ("toggle", "loop_back"):
        if not isinstance(options.get(name, False), bool):
            raise BadInput(f"scanner {name}={options[name]!r}: true or false is needed")
    drop_at = tuple(options.get("drop_at", ()))
    for volume in drop_at:
        if not isinstance(volume, int) or not 1 <= volume <= options["volumes"]:
            raise BadInput(
                f"scanner drop_at={volume!r}: a volume from 1 to {options['volumes']} is needed"
            )
    presses = tuple(_press(press) for press in options.get("presses", ()))
    if presses and device != "forp":
        raise BadInput(f"scanner device {device!r} has no buttons; give device forp")
    return SimulatedScan(**{**options, "drop_at": drop_at, "presses": presses})


def scan_from_texts(texts: Mapping[str, str], **options: Any) -> SimulatedScan:
    """Make a scan from options as a URL has them: all texts, volumes split by commas.

    Raises
    ------
    BadInput
        With the first option that can't be.
    """
    read: dict[str, Any] = dict(options)
    for name, text in texts.items():
        try:
            if name == "drop_at":
                read[name] = tuple(int(volume) for volume in text.split(","))
            elif name == "toggle":
                read[name] = {"1": True, "true": True, "0": False, "false": False}.get(text, text)
            else:
                read[name] = int(text) if _RANGES[name][0] else float(text)
        except (KeyError, ValueError):
            raise BadInput(f"scanner option {name}={text!r}: a number is needed") from None
    return simulated_scan(**read)


def _check_number(name: str, value: object) -> None:
    whole, least, most = _RANGES[name]
    fits = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not fits or not math.isfinite(value) or not least <= value <= most:  # type: ignore[arg-type,operator]
        kind = "a whole number" if whole else "a number"
        raise BadInput(f"scanner {name}={value!r}: {kind} from {least:g} to {most:g} is needed")


def _press(press: ButtonPress | Mapping[str, Any]) -> ButtonPress:
    try:
        made = press if isinstance(press, ButtonPress) else ButtonPress(**press)
    except TypeError:
        raise BadInput(f"scanner press {press!r}: t, button and hold are needed") from None
    if made.button not in Forp.buttons.values():
        raise BadInput(
            f"scanner button {made.button!r}: allowed are {', '.join(Forp.buttons.values())}"
        )
    return made
