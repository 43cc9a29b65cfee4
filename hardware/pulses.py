"""Opening a source of volume pulses by its URL."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from experiment.clock import Clock, RealClock
from experiment.errors import BadInput
from hardware.marks import Note, unnoted
from hardware.mock_scanner import MockScanner
from hardware.port_url import PortUrl, parse_port
from hardware.pulse_source import PulseSource
from hardware.record import Record
from hardware.scan import SCAN_OPTIONS, SimulatedScan, scan_from_texts
from hardware.serial_pulses import ScannerSettings, SerialPulses

# Those that have to do with time and ports are for the simulator alone.
MOCK_OPTIONS = SCAN_OPTIONS - {"disconnect_at", "reconnect_after"}


_MOCK = "mock:"
_MOST_VOLUMES = 1_000_000  # where it isn't known yet how many the run needs


@dataclass(frozen=True)
class _MockSettings:
    """What a URL says of the mock scanner; see `hardware.mock_scanner.MockScanner`."""

    tr: float
    volumes: int
    start_after: float
    scan: SimulatedScan | None

    @classmethod
    def of(cls, url: PortUrl, tr: float, volumes: int) -> _MockSettings:
        url.only("the mock scanner", "tr", "volumes", "start_after", *MOCK_OPTIONS)
        tr, volumes = url.number("tr", tr), url.whole("volumes", volumes)
        faulty = {k: v for k, v in url.options.items() if k in MOCK_OPTIONS}
        scan = scan_from_texts(faulty, tr=tr, volumes=volumes) if faulty else None
        return cls(tr, volumes, url.number("start_after", 3.0), scan)


def check_scanner(url: str, tr: float, taken: Collection[str] = ()) -> None:
    """Make sure that a scanner's URL can be used; nothing is opened.

    Parameters
    ----------
    url : str
    tr : float
        The protocol's TR (s).
    taken : collection of str
        Keys that mean something already.

    Raises
    ------
    BadInput
        With the first thing that can't be.
    """
    parsed = parse_port(url)
    if parsed.address == _MOCK:
        _MockSettings.of(parsed, tr, _MOST_VOLUMES)
    else:
        ScannerSettings.of(parsed, taken)


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
    if parsed.address == _MOCK:
        told = _MockSettings.of(parsed, tr, volumes)
        offsets = None if told.scan is None else told.scan.offsets()
        return MockScanner(clock, record, told.tr, told.volumes, told.start_after, offsets)
    if not isinstance(clock, RealClock):
        raise BadInput(f"scanner {url}: a real port can't follow --speed fast; use mock:")
    return SerialPulses(parsed, clock, record, tr, taken, note)
