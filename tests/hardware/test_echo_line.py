"""Codes that come back, over real pseudo-terminals and through the reading process."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from experiment.clock import RealClock
from experiment.errors import BadInput, HardwareError
from hardware.echo_line import EchoLine
from hardware.markers import MarkerLine
from hardware.port_url import parse_port
from hardware.ports import MockPort, SerialPort, open_port
from tests.hardware.conftest import settling

CODES = (1, 31, 31, 200, 255, 42)


@contextmanager
def answering(source: int, target: int, change: Callable[[bytes], bytes]) -> Iterator[None]:
    """Put what comes in at one end out at another, changed."""
    ended = threading.Event()

    def answer() -> None:
        while not ended.is_set():
            if select.select([source], [], [], 0.01)[0]:
                os.write(target, change(os.read(source, 4096)))

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def wired(records: Any, trigger: str, echo: str) -> Iterator[tuple[MarkerLine, EchoLine]]:
    clock = RealClock()
    port = open_port(trigger)
    back = EchoLine(echo, port, clock, records.add)
    line = MarkerLine(port, clock, records.add, echo=back)
    try:
        yield line, back
    finally:
        line.close()
        back.close()
        clock.close()


def send_all(line: MarkerLine, records: Any) -> None:
    for n, code in enumerate(CODES):
        line.send(n, "x", code, flip=0.0)
    records.wait_for("marker_sent", len(CODES))


def whats(records: Any) -> list[tuple[str, int | None]]:
    return [(event["what"], event.get("n")) for event in records.of("fault")]


def test_each_code_that_comes_back_over_a_loop_back_cable_is_in_the_ledger(
    terminal: Any, records: Any
) -> None:
    with (
        answering(terminal.far, terminal.far, lambda data: data),
        wired(records, terminal.path, terminal.path) as (line, echo),
    ):
        send_all(line, records)
        back = records.wait_for("marker_echo", len(CODES))
        assert echo.faults() == []
    assert [(e["n"], e["code"]) for e in back] == list(enumerate(CODES))
    begun = {e["n"]: e["begun"] for e in records.of("marker_sent")}
    assert all(0 < e["t"] - begun[e["n"]] < 0.25 for e in back)
    assert records.of("fault") == []


def test_codes_may_come_back_on_a_second_port(
    terminal: Any, second_terminal: Any, records: Any
) -> None:
    with (
        answering(terminal.far, second_terminal.far, lambda data: data),
        wired(records, f"{terminal.path}?device=triggerbox", second_terminal.path) as (line, _),
    ):
        send_all(line, records)
        back = records.wait_for("marker_echo", len(CODES))
    assert [e["n"] for e in back] == list(range(len(CODES)))
    assert records.of("fault") == []


def test_a_code_that_does_not_come_back_is_a_fault(terminal: Any, records: Any) -> None:
    with (
        answering(terminal.far, terminal.far, lambda data: data.replace(b"\xc8", b"")),
        wired(records, terminal.path, terminal.path) as (line, echo),
    ):
        send_all(line, records)
        records.wait_for("marker_echo", len(CODES) - 1)
        records.wait_for("fault", 1)
        assert echo.faults() == ["marker_not_echoed"]
    assert whats(records) == [("marker_not_echoed", 3)]


def test_a_code_that_comes_back_as_another_is_two_faults(terminal: Any, records: Any) -> None:
    swapped = bytes(77 if code == 42 else code for code in range(256))
    with (
        answering(terminal.far, terminal.far, lambda data: data.translate(swapped)),
        wired(records, terminal.path, terminal.path) as (line, _),
    ):
        send_all(line, records)
        records.wait_for("fault", 2)
    assert whats(records) == [("echo_strange", None), ("marker_not_echoed", 5)]
    assert records.of("fault")[0]["code"] == 77


def test_codes_that_nobody_sent_are_told_at_once_and_then_together(
    terminal: Any, second_terminal: Any, records: Any
) -> None:
    with wired(records, terminal.path, second_terminal.path) as (line, _):
        second_terminal.write(b"\x01\0")
        records.wait_for("fault", 1)
        second_terminal.write(b"\x02\0" * 9)
        line.send(0, "x", 31, flip=0.0)
        second_terminal.write(b"\x1f")
        records.wait_for("marker_echo", 1)
    told = [(f["what"], f["code"], f["count"]) for f in records.of("fault")]
    assert told == [("echo_strange", 1, 1), ("echo_strange", 2, 9)]


def test_the_last_marker_has_its_time_to_come_back(terminal: Any, records: Any) -> None:
    with (
        answering(terminal.far, terminal.far, lambda data: data),
        wired(records, terminal.path, terminal.path) as (line, _),
    ):
        line.send(0, "x", 31, flip=0.0)
    assert [e["n"] for e in records.of("marker_echo")] == [0]


def test_an_echo_port_that_is_lost_is_told_once(
    terminal: Any, second_terminal: Any, records: Any
) -> None:
    with wired(records, terminal.path, second_terminal.path) as (line, echo):
        second_terminal.unplug()
        records.wait_for("fault", 1)
        send_all(line, records)
        assert echo.faults() == ["echo_port_lost"]
    assert whats(records) == [("echo_port_lost", None)]


def test_a_marker_that_could_not_be_written_is_not_waited_for(
    terminal: Any, second_terminal: Any, records: Any
) -> None:
    with wired(records, terminal.path, second_terminal.path) as (line, _):
        terminal.unplug()
        line.send(0, "x", 31, flip=0.0)
    assert [what for what, _ in whats(records)] == ["marker_not_sent", "reset_failed"]


def test_after_a_reconnection_a_loop_back_cable_is_read_again(
    terminal: Any, second_terminal: Any, records: Any, tmp_path: Any
) -> None:
    plug = tmp_path / "port"
    plug.symlink_to(terminal.path)
    clock = RealClock()
    port = open_port(str(plug))
    echo = EchoLine(str(plug), port, clock, records.add)
    line = MarkerLine(port, clock, records.add, reopen=lambda: open_port(str(plug)), echo=echo)
    plug.unlink()
    terminal.unplug()
    line.send(0, "x", 31, flip=0.0)
    with answering(second_terminal.far, second_terminal.far, lambda data: data):
        plug.symlink_to(second_terminal.path)
        records.wait_for("trigger_port_back", 1)
        line.send(1, "x", 32, flip=0.0)
        back = records.wait_for("marker_echo", 1)
        line.close()
        echo.close()
    clock.close()
    assert [e["n"] for e in back] == [1]
    assert len(records.of("echo_port_back")) == 1


def test_an_echo_that_does_not_come_back_with_the_trigger_port_is_told(
    terminal: Any, second_terminal: Any, records: Any
) -> None:
    class NothingToHandDown(SerialPort):
        def leave_input(self) -> int | None:
            return None

    clock = RealClock()
    port = open_port(terminal.path)
    echo = EchoLine(terminal.path, port, clock, records.add)
    reopen = lambda: NothingToHandDown(parse_port(second_terminal.path))  # noqa: E731
    line = MarkerLine(port, clock, records.add, reopen=reopen, echo=echo)
    terminal.unplug()
    line.send(0, "x", 31, flip=0.0)
    records.wait_for("trigger_port_back", 1)
    line.close()
    echo.close()
    clock.close()
    lost = [f["problem"] for f in records.of("fault") if f["what"] == "echo_port_lost"]
    assert any("codes can't be read back" in problem for problem in lost)
    assert records.of("echo_port_back") == []


def test_a_port_that_only_got_stuck_is_opened_again_although_its_echo_was_being_read(
    terminal: Any, records: Any
) -> None:
    clock = RealClock()
    port = open_port(terminal.path)
    echo = EchoLine(terminal.path, port, clock, records.add)
    reopen = lambda: open_port(terminal.path)  # noqa: E731
    line = MarkerLine(port, clock, records.add, reopen=reopen, echo=echo)
    for _ in range(1 << 20):  # nobody reads: the buffer fills
        try:
            port.write(5)
        except HardwareError:
            break
    line.send(0, "x", 31, flip=0.0)
    with answering(terminal.far, terminal.far, lambda data: b"" if len(data) > 9 else data):
        records.wait_for("trigger_port_back", 1)
        line.send(1, "x", 32, flip=0.0)
        back = records.wait_for("marker_echo", 1)
        line.close()
        echo.close()
    clock.close()
    assert [e["n"] for e in back] == [1]


def test_what_an_echo_device_says_while_it_settles_is_no_code(
    terminal: Any, second_terminal: Any, records: Any
) -> None:
    back = f"{second_terminal.path}?settle=0.5"
    with settling(second_terminal), wired(records, terminal.path, back) as (line, echo):
        with answering(terminal.far, second_terminal.far, lambda data: data):
            send_all(line, records)
            records.wait_for("marker_echo", len(CODES))
        assert echo.faults() == []
    assert records.of("fault") == []


def test_what_an_echo_can_not_be(terminal: Any, records: Any) -> None:
    clock = RealClock()
    with pytest.raises(BadInput, match="'telegraph' is unknown"):
        EchoLine(f"{terminal.path}?device=telegraph", MockPort(), clock, records.add)
    with pytest.raises(HardwareError, match="no such device"):
        EchoLine("/dev/nowhere", MockPort(), clock, records.add)
    for url in ("mock:", "lsl:Kindred", "parallel:/dev/parport0"):
        with pytest.raises(BadInput, match=f"echo '{url}': codes can't come back there"):
            EchoLine(url, MockPort(), clock, records.add)
    with pytest.raises(BadInput, match="'symbol' means nothing to an echo port"):
        EchoLine(f"{terminal.path}?symbol=5", MockPort(), clock, records.add)
    busy = open_port(terminal.path)
    with pytest.raises(HardwareError, match="busy"):
        EchoLine(terminal.path, MockPort(), clock, records.add)
    busy.close()
    clock.close()


def test_a_port_without_a_descriptor_can_not_be_its_own_echo(records: Any) -> None:
    clock = RealClock()
    port = open_port("loop://")
    with pytest.raises(HardwareError, match="wire a second port"):
        EchoLine("loop://", port, clock, records.add)
    port.close()
    clock.close()
