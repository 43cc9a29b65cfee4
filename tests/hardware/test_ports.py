from __future__ import annotations

from typing import Any

import pytest

from experiment.errors import BadInput, HardwareError
from hardware.ports import MockPort, SerialPort, open_port, parse_port


@pytest.mark.parametrize("device", ["plain", "triggerbox"])
def test_a_code_is_one_raw_byte_and_0_resets(terminal: Any, device: str) -> None:
    port = open_port(f"{terminal.path}?device={device}&pulse_ms=8")
    assert isinstance(port, SerialPort)
    assert port.pulse == 0.008
    for code in (1, 49, 200, 255):
        port.write(code)
        port.reset()
    assert terminal.read(8) == bytes([1, 0, 49, 0, 200, 0, 255, 0])
    port.close()


def test_a_port_belongs_to_one_program_alone(terminal: Any) -> None:
    first = open_port(terminal.path)
    with pytest.raises(HardwareError, match="busy; another program has it open"):
        open_port(terminal.path)
    first.close()
    open_port(terminal.path).close()


def test_a_port_that_is_not_there() -> None:
    with pytest.raises(HardwareError, match=r"/dev/nowhere: no such device; see what is plugged"):
        open_port("/dev/nowhere?device=plain")


def test_a_lost_port_is_an_error_not_a_silence(terminal: Any) -> None:
    port = open_port(terminal.path)
    terminal.unplug()
    with pytest.raises(HardwareError, match=terminal.path):
        port.write(5)
    port.close()


def test_a_device_that_takes_nothing_does_not_block(terminal: Any) -> None:
    port = open_port(terminal.path)

    def write_for_ever() -> None:  # nobody reads: the buffer fills
        while True:
            port.write(5)

    with pytest.raises(HardwareError, match="takes no more bytes"):
        write_for_ever()
    port.close()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "no address"),
        ("?device=plain", "no address"),
        ("/dev/x?devise=plain", "'devise' is unknown, allowed: baud, device"),
        ("mock:?pulse_ms=0", "pulse_ms='0': a number above 0"),
        ("mock:?pulse_ms=fast", "pulse_ms='fast': a number above 0"),
        ("/dev/null?device=telegraph", "'telegraph' is unknown, allowed: plain, triggerbox"),
    ],
)
def test_a_url_that_cannot_be_used(url: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        open_port(url)


def test_only_mock_is_mock() -> None:
    assert isinstance(open_port("mock:"), MockPort)
    assert parse_port("/dev/ttyUSB0?baud=9600").address == "/dev/ttyUSB0"
