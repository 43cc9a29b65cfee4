"""The process that reads a device: ``python -m hardware.reading_process ADDRESS BAUD WHAT``.

WHAT is a JSON object: ``{"device": ..., "symbol": ..., "marks": {...}}`` for a source of pulses,
``{"marks": {...}}`` for one of marks alone, ``{"echo": DIALECT, "pulse": ...}`` for codes that
come back. ADDRESS may be ``fd:N``, a descriptor that was handed down, for a port that this program
writes to as well.

``"settle"`` in WHAT is how long the device takes once its port is open (s).

Each line that it prints is a JSON list of what one read gave, in order; times are
`time.perf_counter` (s):

``["ready"]``, ``["pulse", t]``, ``["key", t, name, down]``, ``["mark", t, name]``,
``["code", t, code]``, ``["other", t, byte]``, ``["bytes", total]``, ``["lost", t, problem]``,
``["back", t]``, ``["error", problem]``.

A lost port is tried again every half second. The process ends when its standard input does, and at
no signal that can be ignored. It never waits for whoever reads its lines.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import serial

from experiment.clock import RealClock
from experiment.errors import HardwareError, KindredError
from hardware.codes_back import CodesBack
from hardware.dialects import DIALECTS
from hardware.priority import be_served_first
from hardware.pulse_dialects import ByteDialect, MarkCharacters, Sign, pulse_dialect
from hardware.reading import HANDED_DOWN
from hardware.serial_line import close_serial, descriptor, open_serial, read_ready

_RETRY = 0.5  # s between attempts to open a lost port again
_COUNT_EVERY = 1.0  # s between totals of bytes
_LOOK = 0.002  # s between looks at the keyboard's queue, which has stamps of its own


class _Lines:
    """Standard output, without ever waiting for its reader where the system allows that."""

    def __init__(self) -> None:
        self._out = sys.stdout.fileno()
        self._left = bytearray()
        self._waits = sys.platform == "win32"
        if not self._waits:
            os.set_blocking(self._out, False)

    @property
    def waiting(self) -> list[int]:
        """The descriptor, if there is something left to write to it."""
        return [self._out] if self._left else []

    def put(self, *items: list[Any]) -> None:
        self._left += (json.dumps(items) + "\n").encode()
        self.push()

    def push(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._left:
                del self._left[: os.write(self._out, self._left)]

    def drain(self) -> None:
        """Write all that is left, waiting for the reader."""
        if not self._waits:
            os.set_blocking(self._out, True)
        self.push()


class _Descriptor:
    """A port that was opened elsewhere."""

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number

    def close(self) -> None:
        os.close(self._number)


_Port: TypeAlias = "serial.SerialBase | _Descriptor"


def _close(port: _Port) -> None:
    if isinstance(port, _Descriptor):
        port.close()
    else:
        close_serial(port)


class _Reader:
    """Reads one device until the standard input ends."""

    def __init__(
        self, address: str, baud: int, dialect: Callable[[], ByteDialect], settle: float
    ) -> None:
        self._settle = settle
        self._address = address
        self._baud = baud
        self._new_dialect = dialect
        self._lines = _Lines()
        self._total = 0
        self._counted_at = 0.0
        self._told_total = 0

    def run(self) -> int:
        try:
            port = self._open()
        except HardwareError as error:
            self._lines.put(["error", str(error)])
            self._lines.drain()
            return 1
        self._lines.put(["ready"])
        while True:
            try:
                self._read(port)
                break
            except (serial.SerialException, OSError) as error:
                self._lines.put(["lost", time.perf_counter(), str(error)])
            with contextlib.suppress(serial.SerialException, OSError):
                _close(port)
            again = self._again()
            if again is None:
                break
            port = again
            self._lines.put(["back", time.perf_counter()])
        with contextlib.suppress(serial.SerialException, OSError):
            _close(port)
        self._lines.put(["bytes", self._total])
        with contextlib.suppress(BrokenPipeError):
            self._lines.drain()
        return 0

    def _open(self) -> _Port:
        if self._address.startswith(HANDED_DOWN):
            return _Descriptor(int(self._address.removeprefix(HANDED_DOWN)))
        port = open_serial(self._address, self._baud)
        if self._settle > 0 and not self._told_to_end(self._settle):
            # what a device says while it starts means nothing
            port.reset_input_buffer()  # type: ignore[attr-defined]
        return port

    def _again(self) -> _Port | None:
        """Wait for the device to come back; None if the standard input ends first."""
        while not self._told_to_end(_RETRY):
            if self._address.startswith(HANDED_DOWN):
                continue  # whoever handed it down opens it anew, and starts another reader
            with contextlib.suppress(HardwareError):
                return self._open()
        return None

    @functools.cached_property
    def _ended(self) -> threading.Event:
        return _stdin_ended()

    def _told_to_end(self, wait: float) -> bool:
        if sys.platform == "win32":
            return self._ended.wait(wait)
        end = time.perf_counter() + wait
        while (left := end - time.perf_counter()) > 0:
            ready, _, _ = select.select([sys.stdin], self._lines.waiting, [], left)
            self._lines.push()
            if ready and not os.read(sys.stdin.fileno(), 1024):
                return True
        return False

    def _read(self, port: _Port) -> None:
        """Read until the standard input ends or the port is lost."""
        dialect = self._new_dialect()
        handle = port.fileno() if isinstance(port, _Descriptor) else descriptor(port)
        if handle is None or sys.platform == "win32":
            assert not isinstance(port, _Descriptor)
            self._read_polled(port, dialect)
            return
        stdin = sys.stdin.fileno()
        while True:
            ready, _, _ = select.select([handle, stdin], self._lines.waiting, [])
            stamp = time.perf_counter()
            if handle in ready:
                self._tell(dialect, stamp, read_ready(handle))
            if stdin in ready and not os.read(stdin, 1024):
                return
            self._lines.push()

    def _read_polled(self, port: serial.SerialBase, dialect: ByteDialect) -> None:
        """Do the same where a port can't be selected on."""
        port.timeout = 0.1
        while not self._ended.is_set():
            data = port.read(1)
            stamp = time.perf_counter()
            if data:
                self._tell(dialect, stamp, data)

    def _tell(self, dialect: ByteDialect, stamp: float, data: bytes) -> None:
        self._total += len(data)
        items = [_item(sign) for sign in dialect.read(stamp, data)]
        if stamp - self._counted_at >= _COUNT_EVERY:
            self._counted_at = stamp
            items.append(["bytes", self._total])
        if items:
            self._lines.put(*items)


def _item(sign: Sign) -> list[Any]:
    t = round(sign.t, 7)
    if sign.kind == "key":
        return ["key", t, sign.value, sign.down]
    if sign.kind in ("other", "code"):
        return [sign.kind, t, int(sign.value)]
    return [sign.kind, t, sign.value] if sign.value else [sign.kind, t]


def _stdin_ended() -> threading.Event:
    """Return an event that is set once the standard input has ended; to be asked for once."""
    ended = threading.Event()

    def watch() -> None:
        while sys.stdin.read(1):
            continue
        ended.set()

    threading.Thread(target=watch, daemon=True).start()
    return ended


def read_keyboard(key: str) -> int:
    """Tell each press of a key as a pulse until the standard input ends; return the exit code.

    The stamps are those of the keyboard's queue, not of the look at it.
    """
    from hardware.keys import KeyReader

    lines = _Lines()
    clock = RealClock(zero=0.0)  # perf_counter itself
    try:
        reader = KeyReader(clock, [key])
    except HardwareError as error:
        lines.put(["error", str(error)])
        lines.drain()
        return 1
    ended = _stdin_ended()
    lines.put(["ready"])
    total = 0
    while not ended.wait(_LOOK):
        events = reader.poll()
        total += len(events)
        pulses = [_item(Sign("pulse", event.t)) for event in events if event.down]
        if pulses:
            lines.put(*pulses)
        lines.push()
    lines.put(["bytes", total])
    with contextlib.suppress(BrokenPipeError):
        lines.drain()
    reader.close()
    clock.close()
    return 0


def _dialect(what: dict[str, Any]) -> ByteDialect:
    if "echo" in what:
        return CodesBack(DIALECTS[what["echo"]](what["pulse"]))
    if "device" in what:
        return pulse_dialect(what["device"], what["symbol"], what["marks"])
    return MarkCharacters(what["marks"])


def main(address: str, baud: str, what: str) -> int:
    """Read until the standard input ends; return the exit code."""
    told = json.loads(what)
    try:
        dialect = _dialect(told)
    except KindredError as error:
        print(json.dumps([["error", str(error)]]), flush=True)
        return error.exit_code
    if dialect.key is not None:
        return read_keyboard(dialect.key)
    reader = _Reader(address, int(baud), lambda: _dialect(told), told.get("settle", 0.0))
    try:
        return reader.run()
    except BrokenPipeError:  # nobody reads any more
        return 1


if __name__ == "__main__":
    # A Ctrl-C, and what else is sent to a whole group, is the session's to handle: the process ends
    # with its standard input.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    be_served_first(2)
    sys.exit(main(*sys.argv[1:4]))
