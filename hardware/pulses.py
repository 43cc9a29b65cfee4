"""Opening a source of volume pulses by its URL."""

from __future__ import annotations

from collections.abc import Collection

from experiment.clock import Clock, RealClock
from experiment.errors import BadInput
from hardware.marks import Note, unnoted
from hardware.mock_scanner import MockScanner
from hardware.port_url import parse_port
from hardware.pulse_source import PulseSource
from hardware.record import Record
from hardware.scan import SCAN_OPTIONS, scan_from_texts
from hardware.serial_pulses import SerialPulses

# Those that have to do with time and ports are for the simulator alone.
MOCK_OPTIONS = SCAN_OPTIONS - {"disconnect_at", "reconnect_after"}


def open_scanner(
    url: str,
    clock: Clock,
    record: Record,
    tr: float,
    volumes: int,
    taken: Collection[str] = (),
    note: Note = unnoted,
) -> PulseSource:
    """Open a source of pulses by its URL.

    Parameters
    ----------
    url : str
        ``mock:`` for a scanner on the session clock, ``keyboard:`` for one that types, else a
        port with pulses.
    clock : Clock
    record : Record
    tr : float
        The protocol's TR (s).
    volumes : int
        How many the mock sends; of a real scanner only `PulseSource.arm` is told.
    taken : collection of str
        Keys that mean something already.
    note : callable
        Takes the marks of a PET scan, where they come in the same stream.

    Raises
    ------
    BadInput
        If the URL can't be used, or a real port is asked for on a virtual clock.
    HardwareError
        If the port can't be opened.
    """
    parsed = parse_port(url)
    if parsed.address == "mock:":
        parsed.only("the mock scanner", "tr", "volumes", "start_after", *MOCK_OPTIONS)
        tr = parsed.number("tr", tr)
        volumes = parsed.whole("volumes", volumes)
        faulty = {k: v for k, v in parsed.options.items() if k in MOCK_OPTIONS}
        return MockScanner(
            clock,
            record,
            tr,
            volumes,
            parsed.number("start_after", 3.0),
            scan_from_texts(faulty, tr=tr, volumes=volumes).offsets() if faulty else None,
        )
    if not isinstance(clock, RealClock):
        raise BadInput(f"scanner {url}: a real port can't follow --speed fast; use mock:")
    return SerialPulses(parsed, clock, record, tr, taken, note)
