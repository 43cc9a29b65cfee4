from __future__ import annotations

import json
from pathlib import Path

import serial

from hardware.simulator import SimulatedScan, simulator


def test_it_starts_on_the_marker_and_keeps_what_it_was_sent(tmp_path: Path) -> None:
    record = tmp_path / "simulator.jsonl"
    scan = SimulatedScan(tr=0.05, volumes=4, symbol="t", start_on=10, start_after=0.1)
    with simulator(scan, record) as ports:
        out = serial.Serial(ports.trigger, timeout=5)
        pulses = serial.Serial(ports.scanner, timeout=5)
        out.write(bytes([20, 0, 10, 0]))
        assert pulses.read(4) == b"tttt"
        out.close()
        pulses.close()
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert [line["byte"] for line in lines if "byte" in line] == [20, 0, 10, 0]
    times = [line["t"] for line in lines if "pulse" in line]
    assert len(times) == 4
    assert times == sorted(times)
