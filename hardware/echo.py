"""Trying a trigger port out: a pattern of codes, and how long each takes to come back.

A code comes back if its lines are wired to the input of a second port, or if a loop-back cable
joins a port's output with its own input.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import serial

from experiment.errors import BadInput, HardwareError
from hardware.codes_back import CodesBack
from hardware.ports import EchoSettings, SerialPort, TriggerPort, open_port
from hardware.pulse_dialects import Sign
from hardware.serial_line import close_serial, is_exclusive, open_serial, wait_for_bytes

PATTERN = (1, 2, 4, 8, 16, 32, 64, 128, 255)
"""Each line alone, so that a broken or swapped wire shows, then all of them."""

_GAP = 0.005  # s at 0 between two codes
_PATIENCE = 0.25  # s until a code counts as lost


@dataclass(frozen=True)
class Sent:
    """A code that was sent.

    Parameters
    ----------
    code : int
    write : float
        How long the write took (s).
    back : float or None
        From the beginning of the write to the code's coming back (s); None if it didn't, or
        nobody listened.
    """

    code: int
    write: float
    back: float | None


@dataclass(frozen=True)
class PortTest:
    """What came of trying a port.

    Parameters
    ----------
    port : str
    pulse : float
        Seconds that each code was up.
    echo : str or None
        Where codes were to come back.
    sent : tuple of Sent
    strange : tuple of int
        Codes that came back without having been sent then.
    """

    port: str
    pulse: float
    echo: str | None
    sent: tuple[Sent, ...]
    strange: tuple[int, ...]

    @property
    def lost(self) -> tuple[int, ...]:
        """The codes that didn't come back, in order; empty if nobody listened."""
        if self.echo is None:
            return ()
        return tuple(one.code for one in self.sent if one.back is None)


def try_port(
    url: str,
    *,
    echo: str | None = None,
    times: int = 10,
    pattern: Sequence[int] = PATTERN,
    patience: float = _PATIENCE,
) -> PortTest:
    """Send a pattern of codes, each followed by a reset, and measure.

    Parameters
    ----------
    url : str
        The port to try.
    echo : str or None
        The port on which codes come back, the same for a loop-back cable. Its ``device`` says how
        they are put there; one raw byte each unless told otherwise.
    times : int
        How often the pattern is sent.
    pattern : sequence of int
        Codes, 1-255.
    patience : float
        Seconds until a code counts as lost.

    Raises
    ------
    BadInput
        If nothing is to be sent, or a URL can't be used.
    HardwareError
        If a port can't be opened, is lost, or what comes back can't be read.
    """
    if times < 1 or not pattern:
        raise BadInput(f"port test: {times} times {len(pattern)} codes; at least one is needed")
    told = None if echo is None else EchoSettings.of(echo)
    port = open_port(url)
    listener = None
    try:
        if told is not None:
            listener = _Listener(told, port)
        port.reset()
        time.sleep(_GAP)
        sent = tuple(
            _send(port, code, listener, patience) for _ in range(times) for code in pattern
        )
        strange = () if listener is None else tuple(listener.strange)
        return PortTest(port.name, port.pulse, echo, sent, strange)
    finally:
        if listener is not None:
            listener.close()
        try:
            port.reset()
        finally:
            port.close()


def describe_test(result: PortTest) -> str:
    """Return lines about a test, for the assistant."""
    writes = [one.write for one in result.sent]
    lines = [
        f"{result.port}: {len(result.sent)} codes sent, each up for {result.pulse * 1000:g} ms",
        f"write: median {_ms(median(writes))}, max {_ms(max(writes))}",
    ]
    if not is_exclusive(result.port):
        lines.append("not exclusive: other programs may write to it; see to that on its server")
    if result.echo is None:
        lines.append("no echo port: nothing proves that the codes arrived (wire one, give --echo)")
        return "\n".join(lines)
    backs = [one.back for one in result.sent if one.back is not None]
    lost = len(result.lost)
    if backs:
        lines.append(f"write to echo: median {_ms(median(backs))}, max {_ms(max(backs))}")
    lines.append(f"lost: {lost} of {len(result.sent)}")
    for code in dict.fromkeys(one.code for one in result.sent):
        ours = [one for one in result.sent if one.code == code]
        back = [one.back for one in ours if one.back is not None]
        times = f", median {_ms(median(back))}, max {_ms(max(back))}" if back else ""
        lines.append(f"  code {code:3}: {len(back)} of {len(ours)} came back{times}")
    if result.strange:
        codes = ", ".join(str(code) for code in sorted(set(result.strange)))
        lines.append(f"came back without having been sent: {codes}; are lines swapped or joined?")
    if lost or result.strange:
        lines.append("NOT ok: check the cable, the device's switches and the echo's device option")
    else:
        lines.append("ok")
    return "\n".join(lines)


class _Listener:
    """Reads codes where they come back."""

    def __init__(self, told: EchoSettings, port: TriggerPort) -> None:
        self._codes_back = CodesBack(told.dialect)
        self._told = told
        self._own: serial.SerialBase | None = None
        self.strange: list[int] = []
        if isinstance(port, SerialPort) and port.name == told.address:
            self._line = port.line
        else:
            self._own = self._line = open_serial(told.address, told.baud)
            time.sleep(told.settle)
            wait_for_bytes(self._line, 0.0)  # what a device says while it starts means nothing

    def wait_for(self, code: int, limit: float) -> float | None:
        """Return when a code came (`time.perf_counter`, s), or None if it did not until `limit`."""
        while (left := limit - time.perf_counter()) > 0:
            came = None
            for sign in self._codes(left):
                if came is None and int(sign.value) == code:
                    came = sign.t
                else:
                    self.strange.append(int(sign.value))
            if came is not None:
                return came
        return None

    def drain(self) -> None:
        """Take what has come since: resets, and codes that nobody waits for."""
        self.strange += [int(sign.value) for sign in self._codes(0.0)]

    def close(self) -> None:
        """Let go of the port, if it is a second one."""
        if self._own is not None:
            close_serial(self._own)

    def _codes(self, limit: float) -> list[Sign]:
        data = wait_for_bytes(self._line, limit)
        signs = self._codes_back.read(time.perf_counter(), data)
        if any(sign.kind == "other" for sign in signs):
            raise HardwareError(
                f"echo {self._told.address}: can't be read: {data!r} is not what a "
                f"{self._told.dialect.title} is told; say device=... of the echo"
            )
        return signs


def _send(port: TriggerPort, code: int, listener: _Listener | None, patience: float) -> Sent:
    if listener is not None:
        listener.drain()
    begun = time.perf_counter()
    port.write(code)
    ended = time.perf_counter()
    came = None if listener is None else listener.wait_for(code, begun + patience)
    time.sleep(max(begun + port.pulse - time.perf_counter(), 0.0))
    if not port.resets_itself:
        port.reset()
    time.sleep(_GAP)
    return Sent(code, ended - begun, None if came is None else came - begun)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3f} ms"
