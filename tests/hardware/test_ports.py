from __future__ import annotations

import os
import struct
import sys
from array import array
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import serial

from experiment.errors import BadInput, HardwareError
from hardware.echo import PortTest, Sent, describe_test
from hardware.parallel import ParallelPort, PpdevLines
from hardware.port_url import parse_port
from hardware.ports import MockPort, SerialPort, open_port
from hardware.serial_line import is_exclusive, read_ready
from tests.hardware.conftest import settling

TIOCGEXCL = 0x80045440  # from <asm-generic/ioctls.h>


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


def test_a_code_out_of_range_never_reaches_the_wire(terminal: Any) -> None:
    port = open_port(terminal.path)
    for code in (0, 256, -3):
        with pytest.raises(BadInput, match="1 to 255 are allowed"):
            port.write(code)
    port.write(7)
    assert terminal.read(1) == b"\x07"
    port.close()


def test_a_port_belongs_to_one_program_alone(terminal: Any) -> None:
    first = open_port(terminal.path)
    with pytest.raises(HardwareError, match="busy; another program has it open"):
        open_port(terminal.path)
    first.close()
    open_port(terminal.path).close()


def test_a_url_that_ends_at_a_local_device_is_exclusive_too(terminal: Any) -> None:
    first = open_port(f"spy://{terminal.path}")
    with pytest.raises(HardwareError, match="busy; another program has it open"):
        open_port(terminal.path)
    first.close()
    second = open_port(terminal.path)
    with pytest.raises(HardwareError, match="busy; another program has it open"):
        open_port(f"spy://{terminal.path}")
    second.close()


def test_a_port_that_a_program_without_a_lock_holds_is_refused(terminal: Any) -> None:
    with terminal.held() as process:
        problem = f"port {terminal.path} is in use by cat, process {process};"
        with pytest.raises(HardwareError, match=problem):
            open_port(terminal.path)
    open_port(terminal.path).close()


def test_a_link_to_a_port_in_use_is_refused_too(terminal: Any, tmp_path: Path) -> None:
    link = tmp_path / "port"
    link.symlink_to(terminal.path)
    with terminal.held(), pytest.raises(HardwareError, match=f"{link} is in use by cat"):
        open_port(str(link))


def test_an_open_port_lets_no_other_program_in_and_a_closed_one_does(terminal: Any) -> None:
    handle = os.open(terminal.path, os.O_RDWR | os.O_NOCTTY)
    from fcntl import ioctl

    excluded = array("i", [0])
    port = open_port(terminal.path)
    ioctl(handle, TIOCGEXCL, excluded)
    assert excluded[0] == 1
    port.close()
    ioctl(handle, TIOCGEXCL, excluded)
    assert excluded[0] == 0
    os.close(handle)


@pytest.mark.parametrize("least", [0, 1])  # a terminal reads b"" or EAGAIN when there is nothing
def test_another_reader_that_was_faster_is_no_loss_of_the_port(terminal: Any, least: int) -> None:
    import termios

    port = open_port(terminal.path)
    assert isinstance(port, SerialPort)
    handle = port.line.fileno()
    settings = termios.tcgetattr(handle)
    settings[6][termios.VMIN] = least
    termios.tcsetattr(handle, termios.TCSANOW, settings)
    terminal.write(b"5")
    assert os.read(handle, 1) == b"5"  # the other reader
    assert read_ready(handle) == b""
    terminal.write(b"6")
    assert read_ready(handle) == b"6"
    terminal.unplug()
    with pytest.raises(OSError, match=r"gone|Input/output"):
        read_ready(handle)
    port.close()


def test_only_local_devices_can_be_exclusive() -> None:
    assert is_exclusive("/dev/ttyUSB0")
    assert is_exclusive("spy:///dev/ttyUSB0")
    assert not is_exclusive("socket://10.0.0.7:5000")
    assert not is_exclusive("rfc2217://10.0.0.7:5000")


def test_trying_a_port_out_says_whether_others_may_write_to_it() -> None:
    sent = (Sent(code=1, write=1e-4, back=None),)
    far = PortTest("socket://10.0.0.7:5000", 0.005, None, sent, ())
    assert "not exclusive: other programs may write to it" in describe_test(far)
    assert "not exclusive" not in describe_test(replace(far, port="/dev/ttyUSB0"))


def test_a_parallel_port_by_its_address_is_for_windows() -> None:
    with pytest.raises(HardwareError, match="addresses are for Windows"):
        open_port("parallel:0x0378")


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


def test_what_a_device_says_back_never_piles_up(terminal: Any) -> None:
    port = open_port(terminal.path)
    assert isinstance(port, SerialPort)
    terminal.write(b"OK\r\n")
    port.write(5)
    port.reset()
    assert port.line.read(10) == b""
    port.close()


def test_a_speed_that_the_system_refuses(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("Failed to set custom baud rate (128000): [Errno 22] Invalid argument")

    with pytest.raises(HardwareError, match=r"refuses 10000000000 baud; see \?baud="):
        open_port(f"{terminal.path}?baud=10000000000")
    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(HardwareError, match="refuses 128000 baud"):
        open_port(f"{terminal.path}?baud=128000")


@pytest.mark.parametrize(
    ("took", "enough"),
    [(115200, False), (126984, True)],  # the latter is what a UART can really do
)
def test_a_speed_that_the_driver_replaces(
    terminal: Any, monkeypatch: pytest.MonkeyPatch, took: int, enough: bool
) -> None:
    import fcntl

    ioctl = fcntl.ioctl

    def replacing(handle: int, request: int, data: Any = 0, *more: bool) -> Any:
        answer = ioctl(handle, request, data, *more)
        asked = isinstance(answer, bytes) and len(answer) == 44  # struct termios2
        return answer[:40] + struct.pack("=I", took) if asked else answer

    open_port(f"{terminal.path}?baud=128000").close()
    monkeypatch.setattr("fcntl.ioctl", replacing)
    if enough:
        open_port(f"{terminal.path}?baud=128000").close()
        return
    with pytest.raises(HardwareError, match=rf"refuses 128000 baud \(it took {took}\)"):
        open_port(f"{terminal.path}?baud=128000")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "no address"),
        ("?device=plain", "no address"),
        ("/dev/x?devise=plain", "'devise' is unknown, allowed: baud, device"),
        ("mock:?pulse_ms=0", "pulse_ms='0': a number above 0"),
        ("mock:?pulse_ms=fast", "pulse_ms='fast': a number above 0"),
        ("mock:?pulse_ms=nan", "pulse_ms='nan': a number above 0"),
        ("mock:?pulse_ms=inf", "pulse_ms='inf': a number above 0"),
        (
            "/dev/null?device=telegraph",
            "'telegraph' is unknown, allowed: bbtk, plain, stimtracker, triggerbox, usb2ttl8",
        ),
        ("/dev/null?device=stimtracker&pulse_ms=5.5", "pulse_ms=5.5: a Cedrus .* whole ms"),
        ("lsl:", "the stream needs a name"),
        ("lsl:x?baud=9600", "'baud' means nothing to lsl:, allowed: pulse_ms"),
        ("parallel:", "give parallel:/dev/parport0"),
        ("parallel:/dev/parport0?device=plain", "'device' means nothing to parallel:"),
        ("/dev/null?baud=0.5", "baud='0.5': a whole number from 1 is needed"),
        ("/dev/null?baud=9600.7", "baud='9600.7': a whole number from 1 is needed"),
        ("/dev/null?baud=0", "baud='0': a whole number from 1 is needed"),
        ("/dev/null?baud=1e10", "baud='1e10': a whole number from 1 is needed"),
        ("mock:?pulse_ms=1e7", "pulse_ms='1e7': a number above 0, at most 1000, is needed"),
        ("/dev/null?pulse_ms=1001", "pulse_ms='1001': a number above 0, at most 1000, is needed"),
        ("/dev/null?tr=3", "'tr' means nothing to a trigger port, allowed: baud, device, pulse_ms"),
        ("/dev/null?symbol=5", "'symbol' means nothing to a trigger port, allowed: baud, device"),
        ("mock:?device=forp&baud=1", "'baud' means nothing to mock:, allowed: pulse_ms"),
        ("mock:?pulse_ms=5&pulse_ms=6", "'pulse_ms' is given twice; once is allowed"),
        ("/dev/null?settle=31", "settle='31': a number above 0, at most 30, is needed"),
        ("mock:?settle=2", "'settle' means nothing to mock:, allowed: pulse_ms"),
        ("mock:?pulse_ms", "'pulse_ms' has no value; give pulse_ms=VALUE"),
        ("parallel:LPT1", "an address like 0x0378 is needed"),
    ],
)
def test_a_url_that_cannot_be_used(url: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        open_port(url)


def test_what_a_device_says_while_it_restarts_is_no_answer(terminal: Any) -> None:
    """Its setup is asked for only then, too."""
    with settling(terminal):
        port = open_port(f"{terminal.path}?settle=0.5")
    assert isinstance(port, SerialPort)
    assert port.line.read(20) == b""
    port.close()


def test_an_option_may_be_any_character() -> None:
    told = {symbol: parse_port(f"x?symbol={symbol}").options["symbol"] for symbol in "+=?5% "}
    assert all(symbol == read for symbol, read in told.items())
    assert parse_port("x?symbol=%26").options["symbol"] == "&"
    assert parse_port("x?symbol=%2B&tr=2").options == {"symbol": "+", "tr": "2"}


def test_only_mock_is_mock() -> None:
    assert isinstance(open_port("mock:"), MockPort)
    assert parse_port("/dev/ttyUSB0?baud=9600").address == "/dev/ttyUSB0"


class FakeLines:
    """A parallel port's driver that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[int | str] = []

    def put(self, value: int) -> None:
        self.told.append(value)

    def close(self) -> None:
        self.told.append("closed")


def test_a_parallel_port_sets_its_lines() -> None:
    lines = FakeLines()
    port = ParallelPort("parallel:test", 0.005, lines)
    port.write(200)
    port.reset()
    with pytest.raises(BadInput, match="1 to 255"):
        port.write(256)
    port.close()
    assert lines.told == [200, 0, "closed"]
    assert not port.resets_itself


@pytest.mark.linux
def test_what_the_kernel_driver_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, object]] = []
    monkeypatch.setattr("fcntl.ioctl", lambda _, request, data: asked.append((request, data)))
    device = tmp_path / "parport0"
    device.touch()
    port = open_port(f"parallel:{device}?pulse_ms=2")
    assert port.pulse == 0.002
    port.write(200)
    port.reset()
    port.close()
    assert asked == [
        (0x708F, 0),  # PPEXCL
        (0x708B, 0),  # PPCLAIM
        (0x40047090, b"\0\0\0\0"),  # PPDATADIR: out
        (0x40017086, b"\xc8"),  # PPWDATA
        (0x40017086, b"\0"),
        (0x708C, 0),  # PPRELEASE
    ]


@pytest.mark.linux
def test_a_parallel_port_that_is_not_there_or_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HardwareError, match="no such device"):
        PpdevLines("/dev/parport99")
    device = tmp_path / "no-port"
    device.touch()
    for path in (str(device), "/dev/null"):
        with pytest.raises(HardwareError, match=f"parallel:{path}: is no parallel port; give one"):
            PpdevLines(path)

    def taken(*_: object) -> None:
        raise OSError(6, os.strerror(6))

    monkeypatch.setattr("fcntl.ioctl", taken)
    with pytest.raises(HardwareError, match="taken by another program or the printer driver"):
        PpdevLines(str(device))


def test_a_parallel_port_that_is_lost() -> None:
    class Lost(FakeLines):
        def put(self, value: int) -> None:
            raise OSError(5, os.strerror(5), str(value))

    with pytest.raises(HardwareError, match=r"port parallel:test: .*Input/output error"):
        ParallelPort("parallel:test", 0.005, Lost()).write(1)


def test_a_stream_of_the_lab_streaming_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[Any, ...]] = []
    pushed: list[list[int]] = []

    def open_outlet(about: tuple[Any, ...]) -> SimpleNamespace:
        made.append(about)
        return SimpleNamespace(push_sample=pushed.append)

    fake = SimpleNamespace(StreamInfo=lambda *about: about, StreamOutlet=open_outlet)
    monkeypatch.setitem(sys.modules, "pylsl", fake)
    port = open_port("lsl:Kindred?pulse_ms=10")
    assert port.resets_itself
    assert (port.name, port.pulse) == ("lsl:Kindred", 0.01)
    port.reset()
    port.write(200)
    with pytest.raises(BadInput, match="1 to 255"):
        port.write(0)
    port.close()
    assert made == [("Kindred", "Markers", 1, 0, "int32", "kindred-Kindred")]
    assert pushed == [[200]]


def test_lsl_without_pylsl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(HardwareError, match="install pylsl"):
        open_port("lsl:Kindred")
