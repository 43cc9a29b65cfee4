from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from experiment.clock import RealClock, VirtualClock
from experiment.errors import BadInput, HardwareError
from hardware.pulses import open_scanner

ROOT = Path(__file__).parents[2]


def test_pulses_are_stamped_and_counted_and_none_is_lost(terminal: Any, records: Any) -> None:
    clock = RealClock()
    source = open_scanner(f"{terminal.path}?symbol=5", clock, records.add, 2.0, 10)
    begun = clock.now()
    for _ in range(50):
        terminal.write(b"5")
    events = records.wait_for("pulse", 50)
    pulses = source.poll()
    source.close()
    assert [p.n for p in pulses] == [e["n"] for e in events] == list(range(1, 51))
    assert all(begun <= p.t <= clock.now() for p in pulses)
    assert [p.t for p in pulses] == sorted(p.t for p in pulses)
    assert source.poll() == []
    clock.close()


def test_what_is_no_pulse_is_told_not_counted(terminal: Any, records: Any) -> None:
    clock = RealClock()
    source = open_scanner(f"{terminal.path}?symbol=t&baud=9600", clock, records.add, 2.0, 10)
    terminal.write(b"t")
    terminal.write(b"x")
    records.wait_for("fault", 1)
    source.close()
    clock.close()
    (fault,) = records.of("fault")
    assert (fault["what"], fault["byte"]) == ("unknown_byte", ord("x"))
    assert len(records.of("pulse")) == 1


def test_a_lost_scanner_port_is_told(terminal: Any, records: Any) -> None:
    clock = RealClock()
    source = open_scanner(terminal.path, clock, records.add, 2.0, 10)
    terminal.unplug()
    (fault,) = records.wait_for("fault", 1)
    assert fault["what"] == "scanner_port_lost"
    source.close()
    clock.close()


def test_a_scanner_port_that_is_not_there(records: Any) -> None:
    clock = RealClock()
    with pytest.raises(HardwareError, match="no such device"):
        open_scanner("/dev/nowhere", clock, records.add, 2.0, 10)
    clock.close()


def test_a_scanner_port_is_exclusive(terminal: Any, records: Any) -> None:
    clock = RealClock()
    source = open_scanner(terminal.path, clock, records.add, 2.0, 10)
    with pytest.raises(HardwareError, match="busy"):
        open_scanner(terminal.path, clock, records.add, 2.0, 10)
    source.close()
    clock.close()


def test_a_scanner_port_that_a_program_without_a_lock_holds_is_refused(
    terminal: Any, records: Any
) -> None:
    clock = RealClock()
    with terminal.held() as process, pytest.raises(HardwareError) as refused:
        open_scanner(terminal.path, clock, records.add, 2.0, 10)
    assert f"is in use by cat, process {process}" in str(refused.value)
    clock.close()


def test_a_symbol_is_one_character(terminal: Any, records: Any) -> None:
    clock = RealClock()
    with pytest.raises(BadInput, match="one character"):
        open_scanner(f"{terminal.path}?symbol=55", clock, records.add, 2.0, 10)
    clock.close()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mock:?device=forp&baud=1", "'baud' means nothing to the mock scanner, allowed: double"),
        ("mock:?volumes=2.5", "volumes='2.5': a whole number from 1"),
        ("/dev/null?tr=3", "'tr' means nothing to a scanner port, allowed: baud, device"),
        ("/dev/null?pulse_ms=3", "'pulse_ms' means nothing to a scanner port"),
        ("keyboard:?baud=9600", "'baud' means nothing to a keyboard, allowed: device, symbol"),
        ("/dev/null?baud=0.5", "baud='0.5': a whole number from 1"),
        ("/dev/null?symbol=5&symbol=6", "'symbol' is given twice"),
    ],
)
def test_a_scanner_url_that_cannot_be_used(records: Any, url: str, problem: str) -> None:
    clock = RealClock()
    with pytest.raises(BadInput, match=problem):
        open_scanner(url, clock, records.add, 2.0, 10)
    clock.close()


def test_what_a_scanner_device_says_while_it_settles_means_nothing(
    terminal: Any, records: Any
) -> None:
    clock = RealClock()
    terminal.write(b"5")
    begun = clock.now()
    source = open_scanner(f"{terminal.path}?settle=0.5", clock, records.add, 2.0, 10)
    assert clock.now() - begun >= 0.5
    terminal.write(b"5")
    records.wait_for("pulse", 1)
    source.close()
    clock.close()
    assert len(records.of("pulse")) == 1


def test_a_plus_may_be_a_pulse(terminal: Any, records: Any) -> None:
    clock = RealClock()
    source = open_scanner(f"{terminal.path}?symbol=+", clock, records.add, 2.0, 10)
    terminal.write(b"+")
    records.wait_for("pulse", 1)
    source.close()
    clock.close()
    assert records.of("fault") == []


def test_a_real_port_does_not_follow_a_virtual_clock(records: Any) -> None:
    with pytest.raises(BadInput, match="use mock:"):
        open_scanner("/dev/ttyS0", VirtualClock(), records.add, 2.0, 10)


def test_the_mock_pulses_on_the_session_clock_once_it_is_armed(records: Any) -> None:
    clock = VirtualClock()
    source = open_scanner("mock:?tr=1.5&volumes=3&start_after=2", clock, records.add, 2.0, 99)
    clock.sleep_until(10.0)
    assert source.poll() == []
    source.arm()
    clock.sleep_until(60.0)
    assert [p.t for p in source.poll()] == [12.0, 13.5, 15.0]


def test_a_mock_that_is_armed_again_drops_the_scan_before(records: Any) -> None:
    clock = VirtualClock()
    source = open_scanner("mock:?tr=1&volumes=5&start_after=1", clock, records.add, 2.0, 99)
    source.arm()
    clock.sleep_until(2.5)
    source.arm()
    clock.sleep_until(60.0)
    assert [p.t for p in source.poll()] == [1.0, 2.0, 3.5, 4.5, 5.5, 6.5, 7.5]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="others have no such order")
def test_the_reading_process_knows_whether_it_is_served_first() -> None:
    told = "import os; from hardware.priority import be_served_first as ask; print(ask()"
    code = f"{told} == (os.sched_getscheduler(0) == os.SCHED_RR))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"
