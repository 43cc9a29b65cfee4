from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import serial

from experiment.errors import BadInput
from hardware.scan import ButtonPress, SimulatedScan, scan_from_texts, simulated_scan
from hardware.simulator import simulator

pytestmark = pytest.mark.linux

ROOT = Path(__file__).parents[2]


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
    sent = [line for line in lines if "pulse" in line]
    assert [line["volume"] for line in sent] == [line["pulse"] for line in sent] == [1, 2, 3, 4]
    assert all(line["t"] >= line["due"] for line in sent)


def volumes_of(**options: Any) -> list[int]:
    return [volume for _, volume in simulated_scan(tr=2.0, volumes=10, **options).pulses()]


def test_each_fault_does_what_it_says() -> None:
    assert volumes_of() == list(range(1, 11))
    assert volumes_of(drop_at=(3, 5)) == [1, 2, 4, 6, 7, 8, 9, 10]
    assert volumes_of(drop=1.0) == []
    assert volumes_of(double=1.0) == sorted([*range(1, 11)] * 2)
    assert volumes_of(extra=1.0) == sorted([*range(1, 11)] * 2)
    assert volumes_of(late_first=2) == list(range(3, 11))
    assert volumes_of(toggle=True) == [1, 3, 5, 7, 9]
    assert volumes_of(stop_after=4) == [1, 2, 3, 4]


def test_times_are_those_of_the_scanners_clock() -> None:
    scan = simulated_scan(tr=2.0, volumes=301, ratio=1.00005)
    assert scan.offsets()[-1] == pytest.approx(600.03)
    jittered = simulated_scan(tr=2.0, volumes=2000, jitter_ms=1.0, seed=3).offsets()
    off = [t - round(t / 2.0) * 2.0 for t in jittered]
    assert 0.0009 < (sum(x * x for x in off) / len(off)) ** 0.5 < 0.0011


def test_chance_is_seeded_and_one_fault_leaves_the_others_where_they_were() -> None:
    def make(**options: Any) -> list[tuple[float, int]]:
        return simulated_scan(volumes=100, drop=0.1, seed=7, **options).pulses()

    assert make() == make()
    assert {v for _, v in make()} == {v for _, v in make(jitter_ms=2.0, double=0.3)}
    other = simulated_scan(volumes=100, drop=0.1, seed=8).pulses()
    assert other != make()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"drop": 1.5}, "drop=1.5: a number from 0 to 1"),
        ({"drop": "0.5"}, "a number"),
        ({"tr": 0}, "tr=0"),
        ({"tr": float("nan")}, "tr=nan"),
        ({"volumes": -1}, "volumes=-1: a whole number"),
        ({"volumes": 2.5}, "a whole number"),
        ({"late_first": True}, "a whole number"),
        ({"seed": None}, "seed=None"),
        ({"ratio": 50.0}, "ratio=50.0"),
        ({"start_on": 0}, "start_on=0"),
        ({"jitter_ms": -1}, "jitter_ms=-1"),
        ({"drop_at": (0,)}, "drop_at=0"),
        ({"drop_at": (11,), "volumes": 10}, "from 1 to 10"),
        ({"symbol": "55"}, "one character"),
        ({"device": "fax"}, "allowed are plain, nnl, forp"),
        ({"toggle": 1}, "true or false"),
        ({"presses": ({"t": 1, "button": "blue"},)}, "has no buttons"),
        ({"device": "forp", "presses": ({"t": 1, "button": "pink"},)}, "blue, yellow, green, red"),
        ({"device": "forp", "presses": ({"when": 1},)}, "t, button and hold"),
        ({"blink": 1}, "'blink' is unknown"),
    ],
)
def test_options_that_can_not_be(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        simulated_scan(**options)


def test_options_as_a_url_has_them() -> None:
    read = scan_from_texts({"drop_at": "3,4", "toggle": "1", "seed": "5", "double": "0.5"}, tr=1.0)
    assert (read.drop_at, read.toggle, read.seed, read.double) == ((3, 4), True, 5, 0.5)
    for texts in ({"drop": "x"}, {"drop_at": "3,"}, {"toggle": "maybe"}, {"seed": "1.5"}):
        with pytest.raises(BadInput):
            scan_from_texts(texts)


def test_as_a_program_it_tells_bad_options_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hardware.simulator", '{"drop": 2}'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: scanner drop=2")
    assert done.stderr.count("\n") == 1


def test_the_forp_streams_states_with_a_high_trigger_and_buttons(tmp_path: Path) -> None:
    record = tmp_path / "simulator.jsonl"
    press = ButtonPress(0.05, "red", 0.1)
    scan = SimulatedScan(0.1, 5, device="forp", start_on=10, start_after=0.2, presses=(press,))
    with simulator(scan, record) as ports:
        pulses = serial.Serial(ports.scanner, 19200, timeout=5)
        out = serial.Serial(ports.trigger)
        out.write(b"\x0a")
        data = pulses.read(800)
        out.close()
        pulses.close()
    text = data.hex(" ").replace(" 00", "")
    rises = sum(b & 0x10 > a & 0x10 for a, b in itertools.pairwise(data))
    assert rises == 5, text
    assert 20 <= sum(bool(b & 0x10) for b in data) <= 30  # 5 ms at 800 a second is 4 states
    assert 78 <= sum(bool(b & 0x08) for b in data) <= 82
    assert set(data) <= {0, 0x10, 0x08, 0x18}
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert lines[-1]["sample"] >= 800
    assert [line["down"] for line in lines if "button" in line] == [True, False]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--record", "no/such/folder/x.jsonl"], "x.jsonl: can't be written (No such file or"),
        (["--record", "run_session.py"], "run_session.py: exists already; a record is never"),
        (["--symbol", ""], "symbol '': one character is needed"),
        (["--symbol", "any"], "symbol 'any': one character is needed"),
        (["--symbol", "→"], "symbol '→': one character is needed"),
        (["--symbol", "\udcff"], "one character is needed"),
        (["--device", "forp", "--symbol", "t"], "a fORP sends states, no symbol"),
        (["--device", "fax"], "scanner device 'fax': allowed are plain, nnl, forp"),
        (["--drop", "2"], "drop=2.0: a number from 0 to 1 is needed"),
        (["--ratio", "0"], "ratio=0.0: a number from 0.5 to 2 is needed"),
    ],
)
def test_what_the_command_cannot_do_is_one_line(options: list[str], problem: str) -> None:
    done = subprocess.run(
        [sys.executable, "run_session.py", "scanner", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert problem in done.stderr


def test_every_fault_has_an_option_of_the_command(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    options = {
        "--tr": "0.05",
        "--volumes": "40",
        "--start-after": "0.1",
        "--jitter": "2",
        "--drop": "0.1",
        "--double": "0.1",
        "--extra": "0.1",
        "--late-first": "2",
        "--stop-after": "30",
        "--disconnect-at": "1.2",
        "--ratio": "1.01",
        "--seed": "5",
    }
    words = [word for option in options.items() for word in option]
    process = subprocess.Popen(
        [sys.executable, "run_session.py", "scanner", *words, "--toggle", "--record", str(record)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline().split()[0] for _ in range(2)]
        assert lines == ["scanner", "trigger"]
        scan = simulated_scan(
            tr=0.05,
            volumes=40,
            start_after=0.1,
            jitter_ms=2.0,
            drop=0.1,
            double=0.1,
            extra=0.1,
            late_first=2,
            stop_after=30,
            disconnect_at=1.2,
            ratio=1.01,
            seed=5,
            toggle=True,
        )
        planned = [volume for _, volume in scan.pulses()]
        end = time.monotonic() + 30
        while f'"pulse": {len(planned)},' not in record.read_text():
            assert time.monotonic() < end
            time.sleep(0.02)
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()
    noted = [json.loads(line) for line in record.read_text().splitlines()]
    assert [line["volume"] for line in noted if "volume" in line] == planned
    assert {line["port"] for line in noted if "port" in line} <= {"gone", "back"}
    assert "gone" in {line.get("port") for line in noted}
