"""Who sends a marker in the same run: ours, bare pyserial, psyflow and expyriment.

`make bench` puts the peers into build/peers, apart from the environment of the project.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import itertools
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import serial

from benchmarks.window import Flips
from experiment.clock import RealClock
from experiment.errors import HardwareError
from hardware.markers import MarkerLine
from hardware.ports import open_port
from hardware.record import Record

PEERS = Path(__file__).parents[1] / "build" / "peers"
KINDRED, BARE, PSYFLOW, EXPYRIMENT = "Kindred", "bare pyserial.write", "psyflow", "expyriment"
_BAUD = 115200


CallOnFlip = Callable[..., None]  # a function and its arguments, as PsychoPy's windows take them


@dataclass(frozen=True)
class Sender:
    """Something that sends markers.

    Parameters
    ----------
    name : str
    arm : callable
        Takes a window's `callOnFlip`, a code (1-255) to be sent on the next flip, and when that is
        expected (s, `perf_counter`): the player tells its marker line, the others need not know.
    """

    name: str
    arm: Callable[[CallOnFlip, int, float], None]


@contextmanager
def kindred(
    path: str, clock: RealClock, record: Record, flips: Flips, pulse_ms: int, name: str = KINDRED
) -> Iterator[Sender]:
    """Yield our own marker line; the clock is the one that the flips are stamped with."""
    line = MarkerLine(open_port(f"{path}?device=plain&pulse_ms={pulse_ms}"), clock, record)
    numbers = itertools.count()

    def arm(call_on_flip: CallOnFlip, code: int, flip: float) -> None:
        mark = next(numbers), "bench", code  # all of it as the player does
        line.stand_by(flip)
        call_on_flip(lambda: line.send(*mark, flips.stamp))

    yield Sender(name, arm)
    line.close()


@contextmanager
def bare(path: str, name: str = BARE) -> Iterator[Sender]:
    """Yield the limit: a write and nothing else, and no reset."""
    codes = [bytes((code,)) for code in range(256)]
    with serial.Serial(path, _BAUD) as port:
        yield Sender(name, lambda call_on_flip, code, _: call_on_flip(port.write, codes[code]))


@contextmanager
def psyflow(path: str, name: str = PSYFLOW, **options: Any) -> Iterator[Sender]:
    """Yield psyflow's `TriggerSender` over pyserial, as its documentation shows.

    It holds the frame for a millisecond after each marker, unless `options` say otherwise. Its
    module is loaded by itself, since the package asks for clients of language models. It prints
    a line for each marker.
    """
    module = _alone("psyflow", "TriggerSender")
    with serial.Serial(path, _BAUD) as port:
        sender = module.TriggerSender(lambda code: port.write(bytes([code])), **options)
        yield Sender(name, lambda call_on_flip, code, _: call_on_flip(sender.send, code))


@contextmanager
def expyriment(path: str, pulse_ms: int) -> Iterator[Sender]:
    """Yield expyriment's `MarkerOutput` over its `SerialPort`, which resets after the pulse.

    It is called by PsychoPy's flip: the way from the flip to its call is then as short as for all
    others, shorter than after a `present()` of its own.
    """
    with _importable():
        package: Any = importlib.import_module("expyriment")
    port = package.io.SerialPort(path, _BAUD)
    output = package.io.MarkerOutput(port, default_duration=pulse_ms)
    yield Sender(EXPYRIMENT, lambda call_on_flip, code, _: call_on_flip(output.send, code))
    port.close()


@contextmanager
def _importable() -> Iterator[None]:
    """Let packages in build/peers be imported, without their greetings or their log handlers."""
    if not PEERS.is_dir():
        raise HardwareError(f"{PEERS} is missing; run the benchmarks by: make bench")
    handlers, level = list(logging.root.handlers), logging.root.level
    sys.path.append(str(PEERS))
    try:
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            yield
    finally:
        sys.path.remove(str(PEERS))
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)


def _alone(package: str, module: str) -> ModuleType:
    with _importable():
        file = PEERS / package / f"{module}.py"
        spec = importlib.util.spec_from_file_location(f"{package}.{module}", file)
        assert spec is not None
        assert spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        return loaded
