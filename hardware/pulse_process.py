"""The process that reads pulses: ``python -m hardware.pulse_process ADDRESS BAUD SYMBOL``.

Prints ``ready`` once the port is open, then ``pulse STAMP`` for each symbol and
``other STAMP BYTE`` for anything else; STAMP is `time.perf_counter` in seconds. Ends when its
standard input does.
"""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from collections.abc import Iterator

import serial

from experiment.errors import HardwareError
from hardware.ports import descriptor, open_serial


def main(address: str, baud: int, symbol: str) -> int:
    """Read until the standard input ends; return the exit code."""
    out = sys.stdout
    try:
        port = open_serial(address, baud)
    except HardwareError as error:
        print("error", error, file=out, flush=True)
        return 1
    print("ready", file=out, flush=True)
    wanted = None if symbol == "any" else ord(symbol)
    try:
        for stamp, data in _stamped(port):
            for byte in data:
                if wanted is None or byte == wanted:
                    out.write(f"pulse {stamp:.7f}\n")
                else:
                    out.write(f"other {stamp:.7f} {byte}\n")
            out.flush()
    except (serial.SerialException, OSError) as error:
        print("error", error, file=out, flush=True)
        return 1
    return 0


def _stamped(port: serial.SerialBase) -> Iterator[tuple[float, bytes]]:
    """Yield (stamp, bytes) as they come in, until the standard input ends."""
    handle = descriptor(port)
    if handle is None:
        yield from _polled(port)
        return
    stdin = sys.stdin.fileno()
    while True:
        ready, _, _ = select.select([handle, stdin], [], [])
        stamp = time.perf_counter()
        if stdin in ready and not os.read(stdin, 1024):
            return
        if handle in ready:
            data = port.read(4096)
            if not data:
                raise OSError("the device is gone")
            yield stamp, data


def _polled(port: serial.SerialBase) -> Iterator[tuple[float, bytes]]:
    """Do the same where a port can't be selected on."""
    ended = threading.Event()

    def watch() -> None:
        while sys.stdin.read(1):
            continue
        ended.set()

    threading.Thread(target=watch, daemon=True).start()
    port.timeout = 0.1
    while not ended.is_set():
        data = port.read(1)
        if data:
            yield time.perf_counter(), data


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
