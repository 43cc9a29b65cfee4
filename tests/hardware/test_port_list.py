"""What `run_session.py ports` tells, and its test of a port."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from experiment.errors import BadInput, HardwareError
from hardware.echo import PATTERN, PortTest, Sent, describe_test, try_port
from hardware.port_list import PortInfo, describe_ports, list_ports
from hardware.ports import open_port
from run_session import main
from tests.hardware.conftest import settling

ROOT = Path(__file__).parents[2]
Plug = Callable[..., None]


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Plug:
    """Say which ports the machine has."""

    def plug_in(*paths: str) -> None:
        class Found(SimpleNamespace):
            def __lt__(self, other: Found) -> bool:
                return bool(self.device < other.device)

        ports = [Found(device=path, description="FT232R", manufacturer="FTDI") for path in paths]
        monkeypatch.setattr("serial.tools.list_ports.comports", lambda: ports)

    return plug_in


def the_port(sysfs: Path, programs: Path | None = None) -> PortInfo:
    (port,) = list_ports(sysfs, sysfs / "none" if programs is None else programs)
    return port


def test_a_machine_without_ports(plug: Plug, tmp_path: Path) -> None:
    plug()
    assert list_ports(tmp_path) == []
    assert describe_ports([]) == "no serial port is plugged in"


@pytest.mark.parametrize(("timer", "warns"), [("16\n", True), ("1\n", False), (None, False)])
def test_the_latency_timer(
    terminal: Any, plug: Plug, tmp_path: Path, timer: str | None, warns: bool
) -> None:
    folder = tmp_path / Path(terminal.device).name
    if timer is not None:
        folder.mkdir()
        (folder / "latency_timer").write_text(timer)
    plug(terminal.path)
    port = the_port(tmp_path)
    assert port.latency_ms == (None if timer is None else int(timer))
    assert (port.warning is not None) == warns
    text = describe_ports([port])
    assert text.startswith(f"{terminal.path}  FT232R  FTDI  ")
    assert ("up to 16 ms; set 1 ms" in text) == warns
    assert (f"echo 1 | sudo tee {folder / 'latency_timer'}" in text) == warns


def test_ports_come_in_order(plug: Plug, tmp_path: Path) -> None:
    plug("/dev/ttyB", "/dev/ttyA")
    assert [port.path for port in list_ports(tmp_path, tmp_path)] == ["/dev/ttyA", "/dev/ttyB"]


def test_a_free_port_is_left_as_it_was(terminal: Any, plug: Plug, tmp_path: Path) -> None:
    plug(terminal.path)
    assert (the_port(tmp_path).state, the_port(tmp_path).detail) == ("free", "")
    open_port(terminal.path).close()


def test_a_port_that_a_program_has_locked(terminal: Any, plug: Plug, tmp_path: Path) -> None:
    plug(terminal.path)
    port = open_port(terminal.path)
    assert the_port(tmp_path).state == "busy"
    port.write(9)  # and that did it no harm
    assert terminal.read(1) == b"\x09"
    port.close()


def test_a_port_that_a_program_holds_without_a_lock(
    terminal: Any, plug: Plug, tmp_path: Path
) -> None:
    plug(terminal.path)
    with terminal.held() as process:
        port = the_port(tmp_path, Path("/proc"))
    assert port.state == "busy"
    assert port.detail == f"cat, process {process}"
    assert f"busy ({port.detail})" in describe_ports([port])


def test_a_port_that_may_not_be_opened(
    plug: Plug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, *_: object) -> int:
        raise PermissionError(13, "Permission denied", path)

    plug("/dev/ttyUSB9")
    with monkeypatch.context() as patched:
        patched.setattr("os.open", refuse)
        port = the_port(tmp_path)
    assert port.state == "unknown"
    assert "add this user to the group dialout" in port.detail


def test_a_lock_that_is_held_elsewhere(terminal: Any, plug: Plug, tmp_path: Path) -> None:
    from fcntl import LOCK_EX, flock

    plug(terminal.path)
    handle = os.open(terminal.path, os.O_RDWR | os.O_NOCTTY)
    flock(handle, LOCK_EX)
    assert the_port(tmp_path).state == "busy"
    os.close(handle)
    assert the_port(tmp_path).state == "free"


class Wire(threading.Thread):
    """Carries bytes from one far end to another; some never arrive, some are changed."""

    def __init__(self, source: int, target: int, change: dict[int, bytes]) -> None:
        super().__init__(daemon=True)
        self._ends = (source, target)
        self._change = change
        self.stopped = threading.Event()

    def run(self) -> None:
        source, target = self._ends
        os.set_blocking(source, False)
        while not self.stopped.is_set():
            try:
                data = os.read(source, 4096)
            except BlockingIOError:
                time.sleep(0.0002)
                continue
            for byte in data:
                os.write(target, self._change.get(byte, bytes((byte,))))
        os.set_blocking(source, True)


@contextmanager
def wired(source: Any, target: Any, change: dict[int, bytes] | None = None) -> Iterator[None]:
    wire = Wire(source.far, target.far, change or {})
    wire.start()
    try:
        yield
    finally:
        wire.stopped.set()
        wire.join()


@pytest.fixture
def second(terminal: Any) -> Iterator[Any]:
    made = type(terminal)()
    yield made
    made.unplug()


def test_all_codes_come_back_over_a_wire(terminal: Any, second: Any) -> None:
    with wired(terminal, second):
        result = try_port(f"{terminal.path}?pulse_ms=2", echo=second.path, times=3)
    assert [one.code for one in result.sent] == list(PATTERN) * 3
    assert result.lost == result.strange == ()
    assert all(one.back is not None and one.write <= one.back < 0.25 for one in result.sent)
    text = describe_test(result)
    assert "27 codes sent, each up for 2 ms" in text
    assert "lost: 0 of 27" in text
    assert "code 128: 3 of 3 came back, median" in text
    assert text.endswith("\nok")


def test_a_loop_back_cable_on_one_port(terminal: Any) -> None:
    with wired(terminal, terminal):
        result = try_port(f"{terminal.path}?pulse_ms=2", echo=terminal.path, times=2)
    assert result.lost == result.strange == ()


@pytest.mark.parametrize("device", ["bbtk", "usb2ttl8"])
def test_an_echo_in_another_dialect(terminal: Any, second: Any, device: str) -> None:
    spelt = {"bbtk": b"%02X", "usb2ttl8": b"WRITE %d\n"}[device]
    change = {code: spelt % code for code in (*PATTERN, 0)}
    if device == "usb2ttl8":
        change[0] = b"SET DATA_MODE WRITE\n" + change[0]
    with wired(terminal, second, change):
        echo = f"{second.path}?device={device}"
        result = try_port(f"{terminal.path}?pulse_ms=2", echo=echo, times=1)
    assert result.lost == result.strange == ()


def test_an_echo_device_that_restarts_when_its_port_is_opened(terminal: Any, second: Any) -> None:
    with settling(second), wired(terminal, second):
        url, echo = f"{terminal.path}?pulse_ms=2", f"{second.path}?settle=0.5"
        result = try_port(url, echo=echo, times=1)
    assert result.lost == result.strange == ()


def test_a_trigger_device_that_restarts_and_is_its_own_echo(terminal: Any) -> None:
    with settling(terminal), wired(terminal, terminal):
        result = try_port(f"{terminal.path}?pulse_ms=2&settle=0.5", echo=terminal.path, times=1)
    assert result.lost == result.strange == ()


def test_an_echo_s_options_are_read_before_the_other_port_is_opened() -> None:
    with pytest.raises(BadInput, match="settle='x'"):
        try_port("/dev/nowhere", echo="/dev/nowhere?settle=x")


def test_a_broken_wire_and_a_swapped_one(terminal: Any, second: Any) -> None:
    with wired(terminal, second, {64: b"", 1: b"\x02"}):
        url = f"{terminal.path}?pulse_ms=2"
        result = try_port(url, echo=second.path, times=2, patience=0.1)
    assert result.lost == (1, 64, 1, 64)
    assert result.strange == (2, 2)
    text = describe_test(result)
    assert "lost: 4 of 18" in text
    assert "code  64: 0 of 2 came back\n" in text
    assert "came back without having been sent: 2" in text
    assert text.splitlines()[-1].startswith("NOT ok")


def test_nothing_is_claimed_without_an_echo(terminal: Any) -> None:
    result = try_port(f"{terminal.path}?pulse_ms=1", echo=None, times=1)
    assert result.lost == ()
    data = terminal.read(2 * len(PATTERN) + 2)
    assert data == bytes([0, *(byte for code in PATTERN for byte in (code, 0)), 0])
    assert "nothing proves that the codes arrived" in describe_test(result)


def test_an_echo_that_cannot_be_read(terminal: Any, second: Any) -> None:
    with (
        wired(terminal, second, {0: b"", 1: b"!?"}),
        pytest.raises(HardwareError, match=r"echo .*: can't be read: b'!.* a Black Box"),
    ):
        try_port(terminal.path, echo=f"{second.path}?device=bbtk", times=1)


def test_an_echo_port_that_is_lost_lets_go_of_the_other(terminal: Any, second: Any) -> None:
    second.unplug()
    with pytest.raises(HardwareError, match="no such device"):
        try_port(terminal.path, echo=second.path, times=1)
    open_port(terminal.path).close()


def test_a_test_without_codes() -> None:
    with pytest.raises(BadInput, match="at least one"):
        try_port("mock:", times=0)
    with pytest.raises(BadInput, match="1 to 255"):
        try_port("mock:", times=1, pattern=(300,))


def test_the_text_of_a_test() -> None:
    sent = (Sent(1, 0.0001, 0.0005), Sent(2, 0.0003, None))
    assert describe_test(PortTest("/dev/x", 0.005, "/dev/y", sent, ())) == (
        "/dev/x: 2 codes sent, each up for 5 ms\n"
        "write: median 0.200 ms, max 0.300 ms\n"
        "write to echo: median 0.500 ms, max 0.500 ms\n"
        "lost: 1 of 2\n"
        "  code   1: 1 of 1 came back, median 0.500 ms, max 0.500 ms\n"
        "  code   2: 0 of 1 came back\n"
        "NOT ok: check the cable, the device's switches and the echo's device option"
    )


def test_the_command_lists_what_is_plugged_in(
    terminal: Any, plug: Plug, capsys: pytest.CaptureFixture[str]
) -> None:
    plug(terminal.path)
    assert main(["ports"]) == 0
    assert capsys.readouterr().out == f"{terminal.path}  FT232R  FTDI  no latency timer  free\n"


def test_the_command_tries_a_port_with_its_echo(
    terminal: Any, second: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"{terminal.path}?pulse_ms=1"
    with wired(terminal, second):
        assert main(["ports", "--test", url, "--echo", second.path, "--times", "1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{terminal.path}: {len(PATTERN)} codes sent, each up for 1 ms\n")
    assert f"\nlost: 0 of {len(PATTERN)}\n" in out
    assert out.endswith("\nok\n")


def test_the_command_tries_a_port_without_an_echo(
    terminal: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ports", "--test", f"{terminal.path}?pulse_ms=1", "--times", "1"]) == 0
    assert "nothing proves that the codes arrived" in capsys.readouterr().out
    assert terminal.read(2 * len(PATTERN) + 2)[1::2] == bytes((*PATTERN, 0))


@pytest.mark.parametrize(("code", "back"), [(255, b""), (1, b"\x01\x02")])
def test_the_command_fails_where_codes_do_not_come_back_as_sent(
    terminal: Any, second: Any, capsys: pytest.CaptureFixture[str], code: int, back: bytes
) -> None:
    url = f"{terminal.path}?pulse_ms=1"
    with wired(terminal, second, {code: back}):
        assert main(["ports", "--test", url, "--echo", second.path, "--times", "1"]) == 1
    out, err = capsys.readouterr()
    assert "\nNOT ok: check the cable" in out  # the whole of the table all the same
    assert err == f"error: {url}: not every code came back as it was sent\n"


@pytest.mark.parametrize(
    ("options", "exit_code", "problem"),
    [
        (["--echo", "/dev/ttyS9"], 2, "--echo: needs --test URL"),
        (["--test", "/dev/nowhere"], 1, "/dev/nowhere: no such device"),
        (["--test", "mock:", "--times", "0"], 2, "at least one is needed"),
        (["--test", "/dev/ttyS9?pulse_ms=x"], 2, "pulse_ms='x'"),
    ],
)
def test_what_the_command_cannot_do_is_one_line(
    capsys: pytest.CaptureFixture[str], options: list[str], exit_code: int, problem: str
) -> None:
    assert main(["ports", *options]) == exit_code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("error: ")
    assert problem in err


def test_the_command_as_a_program_over_a_loop_back_cable(terminal: Any) -> None:
    words = ["--test", f"{terminal.path}?pulse_ms=1", "--echo", terminal.path, "--times", "1"]
    with wired(terminal, terminal, {64: b""}):
        done = subprocess.run(
            [sys.executable, "run_session.py", "ports", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert f"\nlost: 1 of {len(PATTERN)}\n" in done.stdout
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
