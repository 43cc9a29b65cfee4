"""Every fault a scanner can have, over real pseudo-terminals and through the reading process."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import serial

from experiment.clock import RealClock, VirtualClock
from hardware.mock_scanner import MockScanner
from hardware.pulse_grid import fit_grid
from hardware.pulse_source import PulseSource
from hardware.pulses import open_scanner
from hardware.scan import ButtonPress, SimulatedScan, simulated_scan
from hardware.simulator import simulator
from tests.conftest import BUSY

pytestmark = pytest.mark.linux

TR = 0.2
START = 10


@dataclass
class Scan:
    """A scan that runs: its source, what it has recorded, and the simulator's own record."""

    source: PulseSource
    clock: RealClock
    records: Any
    file: Path
    scan: SimulatedScan

    def sent(self, kind: str = "pulse") -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.file.read_text().splitlines()]
        return [line for line in lines if kind in line]

    def named(self, what: str) -> list[dict[str, Any]]:
        return [e for e in self.records.of("fault") if e["what"] == what]

    def faults(self) -> list[str]:
        """Return the faults since the last call, but those of a machine that is too busy."""
        return [name for name in self.source.faults() if name not in BUSY]

    def wait(self, what: str, limit: float = 20.0) -> dict[str, Any]:
        """Wait until a fault (or another event) of that name was told."""
        end = time.monotonic() + limit
        while not (found := [*self.named(what), *self.records.of(what)]):
            assert time.monotonic() < end, (what, self.records.events)
            time.sleep(0.01)
        event: dict[str, Any] = found[0]
        return event

    def finish(self) -> None:
        """Wait for all pulses, and end the run."""
        end = time.monotonic() + 20.0
        count = len(simulated_scan(**vars(self.scan)).pulses())
        while len(self.records.of("pulse")) < count:
            assert time.monotonic() < end, self.records.events
            time.sleep(0.01)
        self.source.disarm()


@contextmanager
def scanning(
    records: Any, tmp_path: Path, nominal: float | None = None, **options: Any
) -> Iterator[Scan]:
    """Run a scan that starts once a source waits for it, which expects the nominal TR (s)."""
    scan = SimulatedScan(
        **{"tr": TR, "volumes": 12, "start_on": START, "start_after": 0.1} | options
    )
    file = tmp_path / "simulator.jsonl"
    clock = RealClock()
    with simulator(scan, file) as ports:
        tr = nominal or scan.tr
        source = open_scanner(f"{ports.scanner}?device={scan.device}", clock, records.add, tr, 1)
        try:
            source.arm(scan.volumes)
            with serial.Serial(ports.trigger) as box:
                box.write(bytes([START]))
                yield Scan(source, clock, records, file, scan)
        finally:
            source.close()
            clock.close()


def test_a_good_scan_has_no_fault_and_its_grid_is_told(records: Any, tmp_path: Path) -> None:
    with scanning(records, tmp_path) as scan:
        scan.finish()
        assert scan.faults() == []
        sent = scan.sent()
    stamps = [e["t"] + scan.clock.zero for e in records.of("pulse")]
    late = sorted(t - line["t"] for t, line in zip(stamps, sent, strict=True))
    assert late[0] >= 0
    assert late[len(late) // 2] < 0.01
    (told,) = records.of("pulse_grid")
    assert told["pulses"] == 12
    assert told["tr"] == pytest.approx(TR, rel=0.02)


def test_missed(records: Any, tmp_path: Path) -> None:
    with scanning(records, tmp_path, drop_at=(5,)) as scan:
        fault = scan.wait("pulse_missed")
        scan.finish()
        assert scan.faults()[0] == "pulse_missed"
        assert scan.faults() == []
    assert fault["volume"] == 5
    fifth = records.of("pulse")[4]["t"]  # volume 6
    assert fifth - TR == pytest.approx(fault["t"], abs=TR / 2)


def test_missed_is_told_while_the_scan_goes_on(records: Any, tmp_path: Path) -> None:
    with scanning(records, tmp_path, tr=0.3, drop_at=(5,), volumes=10) as scan:
        scan.wait("pulse_missed")
        order = [e["type"] for e in records.events if e["type"] in ("pulse", "fault")]
        scan.finish()
    assert order[:6] == [*["pulse"] * 5, "fault"]


def test_dropped_by_chance(records: Any, tmp_path: Path) -> None:
    options = {"volumes": 40, "tr": 0.1, "drop": 0.08, "seed": 4}
    lost = 40 - len(simulated_scan(**options).pulses())
    assert lost > 1
    with scanning(records, tmp_path, **options) as scan:
        scan.finish()
        stamps = [p.t for p in scan.source.poll()]
    fit = fit_grid(stamps, 0.1)
    assert fit is not None
    assert len(scan.named("pulse_missed")) >= 1
    assert sum(e["count"] for e in scan.named("pulse_missed")) <= lost + 2


def test_extra(records: Any, tmp_path: Path) -> None:
    with scanning(records, tmp_path, extra=0.2, seed=14) as scan:
        between = len(simulated_scan(volumes=12, extra=0.2, seed=14).pulses()) - 12
        scan.finish()
    assert between > 0
    assert sum(e["count"] for e in scan.named("pulse_extra")) == between


@pytest.mark.parametrize("device", ["plain", "nnl", "forp"])
def test_doubled(records: Any, tmp_path: Path, device: str) -> None:
    with scanning(records, tmp_path, double=1.0, device=device) as scan:
        scan.finish()
        assert scan.faults().count("pulse_doubled") <= 3
    assert sum(e["count"] for e in scan.named("pulse_doubled")) >= 11


def test_late_first_by_the_count(records: Any, tmp_path: Path) -> None:
    with scanning(records, tmp_path, late_first=2) as scan:
        fault = scan.wait("volumes_short")
        assert scan.faults() == ["volumes_short"]
        scan.source.disarm()
    assert (fault["short"], fault["certain"]) == (2, False)
    (count,) = records.of("pulse_count")
    assert (count["pulses"], count["expected"], count["first"]) == (10, 12, "short")


def test_late_first_is_counted_though_the_run_ends_at_once(records: Any) -> None:
    clock = VirtualClock()
    offsets = simulated_scan(volumes=20, late_first=1).offsets()
    mock = MockScanner(clock, records.add, 2.0, 20, offsets=offsets)
    mock.arm()
    clock.sleep_until(3.0 + 38.0 + 3.2)  # planned for 20 volumes from the first that came
    mock.disarm()
    assert mock.faults() == ["volumes_short"]
    assert [e["first"] for e in records.of("pulse_count")] == ["short"]


def test_without_a_number_the_log_says_that_nothing_is_known(records: Any) -> None:
    mock = mocked(records, "late_first=1", until=30.0)
    mock.close()
    assert mock.faults() == []
    assert [e["first"] for e in records.of("pulse_count")] == ["unknown"]


def test_late_first_by_pulses_before_the_wait(records: Any, tmp_path: Path) -> None:
    with scanning(records, tmp_path) as scan:
        records.wait_for("pulse", 3)
        scan.source.disarm()
        since = records.of("pulse")[2]["t"] + TR / 2
        scan.source.arm(12, since=since)
        fault = scan.wait("late_first")
        scan.finish()
    assert fault["shift"] == 3
    assert fault["volume"] == 4


def test_toggled(records: Any, tmp_path: Path) -> None:
    with scanning(records, tmp_path, toggle=True, volumes=15) as scan:
        fault = scan.wait("toggled")
        scan.finish()
        assert scan.faults()[-1] == "toggled"
    assert fault["measured_tr"] == pytest.approx(2 * TR, rel=0.1)
    assert scan.named("pulse_missed") == []


@pytest.mark.parametrize("true", [0.3, 0.15])
def test_wrong_tr(records: Any, tmp_path: Path, true: float) -> None:
    with scanning(records, tmp_path, nominal=TR, tr=true) as scan:
        fault = scan.wait("wrong_tr")
        scan.finish()
        assert "wrong_tr" in scan.faults()
    assert (fault["measured_tr"], fault["tr"]) == (pytest.approx(true, rel=0.1), TR)


def test_stopped(records: Any, tmp_path: Path) -> None:
    with scanning(records, tmp_path, stop_after=5) as scan:
        fault = scan.wait("stopped")
        assert scan.faults() == ["stopped"]
    assert (fault["volume"], fault["received"], fault["short"]) == (5, 5, 7)
    assert fault["t"] - records.of("pulse")[4]["t"] == pytest.approx(3.5 * TR, abs=1.0)


def test_a_clock_that_drifts(records: Any, tmp_path: Path) -> None:
    with scanning(records, tmp_path, volumes=100, ratio=1.004, jitter_ms=0.5, tr=0.05) as s:
        s.finish()
        stamps = [p.t for p in s.source.poll()]
    fit = fit_grid(stamps, 0.05)
    assert fit is not None
    assert fit.ppm == pytest.approx(4000, abs=1500)


def test_a_port_that_goes_and_comes_back(records: Any, tmp_path: Path) -> None:
    with scanning(records, tmp_path, disconnect_at=0.7, reconnect_after=0.6, volumes=20) as scan:
        lost = scan.wait("scanner_port_lost")
        back = scan.wait("scanner_port_back")
        before = len(records.of("pulse"))
        records.wait_for("pulse", before + 4)
        missed = scan.wait("pulse_missed")
        names = scan.faults()
        gone, plugged = (line["t"] - scan.clock.zero for line in scan.sent("port"))
        scan.source.disarm()
    assert gone <= lost["t"] < plugged <= back["t"]
    assert missed["count"] >= 2
    assert names.count("scanner_port_lost") == 1
    assert "stopped" not in names  # nobody could see whether it had
    assert len(records.of("scanner_port_back")) == 1


def test_a_port_that_never_comes_back_is_told_once(records: Any, tmp_path: Path) -> None:
    with scanning(records, tmp_path, disconnect_at=0.3, reconnect_after=None) as scan:
        scan.wait("scanner_port_lost")
        time.sleep(1.2)  # two attempts, and six volumes without a pulse
        assert scan.named("stopped") == []
        assert scan.faults().count("scanner_port_lost") == 1
    assert records.of("scanner_port_back") == []


def test_a_forp_with_pulses_and_buttons_in_one_stream(records: Any, tmp_path: Path) -> None:
    presses = tuple(ButtonPress(0.3 + 0.3 * i, name) for i, name in enumerate(("blue", "red")))
    with scanning(records, tmp_path, device="forp", presses=presses) as scan:
        scan.finish()
        pressed = [line["t"] - scan.clock.zero for line in scan.sent("button")]
    keys = scan.source.keys()
    assert [(k.key, k.down) for k in keys] == [
        ("blue", True),
        ("blue", False),
        ("red", True),
        ("red", False),
    ]
    apart = sorted(k.t - t for k, t in zip(keys, pressed, strict=True))
    assert apart[1] < 0.05
    assert len(records.of("pulse")) == 12


# --- the mock, on a virtual clock -------------------------------------------------------------


def mocked(records: Any, query: str, until: float = 100.0) -> PulseSource:
    clock = VirtualClock()
    source = open_scanner(f"mock:?{query}", clock, records.add, 2.0, 20)
    source.arm()
    clock.sleep_until(until)
    return source


def test_the_mock_has_no_fault(records: Any) -> None:
    source = mocked(records, "start_after=3")
    source.close()
    assert source.faults() == []
    assert len(source.poll()) == 20
    assert source.keys() == []
    (told,) = records.of("pulse_grid")
    assert told["ppm"] == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({"drop_at": (7,)}, ["pulse_missed"]),
        ({"double": 1.0}, ["pulse_doubled"] * 3),
        ({"late_first": 1}, ["volumes_short"]),
        ({"toggle": True, "volumes": 21}, ["toggled"]),
        ({"stop_after": 9}, ["stopped"]),
        ({"ratio": 1.25}, ["wrong_tr"]),
        ({"ratio": 0.75}, ["wrong_tr"]),
    ],
)
def test_the_mock_has_all_the_simulators_faults(
    records: Any, options: dict[str, Any], faults: list[str]
) -> None:
    clock = VirtualClock()
    scan = simulated_scan(**{"volumes": 20, **options})
    mock = MockScanner(clock, records.add, 2.0, scan.volumes, offsets=scan.offsets())
    mock.arm()
    clock.sleep_until(200.0)
    mock.close()
    assert mock.faults() == faults


def test_an_ended_run_has_no_stop(records: Any) -> None:
    clock = VirtualClock()
    mock = MockScanner(clock, records.add, 2.0, 20, offsets=[0.0, 2.0, 4.0])
    mock.arm()
    clock.sleep_until(8.0)
    mock.disarm()
    clock.sleep_until(100.0)
    assert mock.faults() == []
