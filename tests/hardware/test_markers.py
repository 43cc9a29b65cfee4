from __future__ import annotations

import os
import threading
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest

from experiment.chance import dice
from experiment.clock import RealClock, VirtualClock
from experiment.errors import HardwareError
from hardware.markers import MarkerLine
from hardware.port_url import parse_port
from hardware.ports import MockPort, SerialPort, open_port


def sent(port: MockPort) -> list[int]:
    return [code for _, code in port.sent]


def test_a_marker_goes_up_and_comes_down_after_the_pulse_width(records: Any) -> None:
    clock, port = VirtualClock(), MockPort(pulse=0.006)
    line = MarkerLine(port, clock, records.add)
    line.send(0, "kind", 31, flip=0.0)
    assert sent(port) == [0, 31]
    clock.sleep_until(0.0059)
    assert sent(port) == [0, 31]
    clock.sleep_until(0.0061)
    assert sent(port) == [0, 31, 0]
    assert [e["t"] for e in records.of("marker_reset")] == [0.006]


def test_standing_by_moves_no_reset(records: Any) -> None:
    clock, port = VirtualClock(), MockPort(pulse=0.006)
    line = MarkerLine(port, clock, records.add)
    line.stand_by(0.010)
    clock.sleep_until(0.009)
    line.send(0, "kind", 31, flip=0.009)  # a little early
    clock.sleep_until(0.0149)
    assert sent(port) == [0, 31]
    clock.sleep_until(1.0)
    assert sent(port) == [0, 31, 0]
    assert [e["t"] for e in records.of("marker_reset")] == [0.015]


def test_markers_closer_than_the_pulse_are_queued_never_merged(records: Any) -> None:
    clock, port = VirtualClock(), MockPort(pulse=0.005)
    line = MarkerLine(port, clock, records.add)
    for n, code in enumerate((31, 31, 42)):
        line.send(n, "x", code, flip=0.0)
    clock.sleep_until(1.0)
    assert sent(port) == [0, 31, 0, 31, 0, 42, 0]
    assert [e["queued"] for e in records.of("marker_sent")] == [False, True, True]
    begun = [e["begun"] for e in records.of("marker_sent")]
    assert begun == pytest.approx([0.0, 0.006, 0.012])


def test_closing_sends_what_is_queued_and_brings_the_line_down(records: Any) -> None:
    clock, port = VirtualClock(), MockPort()
    line = MarkerLine(port, clock, records.add)
    for n in range(3):
        line.send(n, "a", n + 1, flip=0.0)
    line.close()
    assert sent(port) == [0, 1, 0, 2, 0, 3, 0, 0]
    assert [e["n"] for e in records.of("marker_reset")] == [0, 1, 2]
    assert records.of("fault") == []


@pytest.mark.parametrize("pulse", [0.005, 1.0])
@pytest.mark.parametrize("count", [1, 3])
def test_closing_cuts_no_pulse_short(records: Any, pulse: float, count: int) -> None:
    clock, port = VirtualClock(), MockPort(pulse=pulse)
    line = MarkerLine(port, clock, records.add)
    for n in range(count):
        line.send(n, "a", n + 1, flip=0.0)
    clock.sleep_until(0.4 * pulse)
    line.close()
    begun = [e["begun"] for e in records.of("marker_sent")]
    ended = [e["t"] for e in records.of("marker_reset")]
    assert [t - b for t, b in zip(ended, begun, strict=True)] == pytest.approx([pulse] * count)
    assert clock.now() < begun[-1] + pulse + 0.003  # and no longer than that


def test_closing_brings_the_line_down_though_its_reset_never_comes(records: Any) -> None:
    clock, port = VirtualClock(), MockPort(pulse=0.005)
    line = MarkerLine(port, clock, records.add)
    line.send(0, "a", 1, flip=0.0)
    clock.close()  # as after a call of the clock's has failed
    line.close()
    assert sent(port) == [0, 1, 0]
    assert [e["n"] for e in records.of("marker_reset")] == [0]


def test_closing_sends_what_is_queued_over_a_pseudo_terminal(terminal: Any, records: Any) -> None:
    clock = RealClock()
    line = MarkerLine(open_port(f"{terminal.path}?pulse_ms=5"), clock, records.add)
    for n in range(5):
        line.send(n, "a", n + 1, flip=0.0)
    line.close()
    clock.close()
    assert terminal.read(12) == bytes([0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 0])
    resets, writes = records.of("marker_reset"), records.of("marker_sent")
    assert all(r["t"] - w["begun"] >= 0.005 for r, w in zip(resets, writes, strict=True))
    assert records.of("fault") == []


def test_closing_tells_what_a_lost_port_did_not_take(records: Any) -> None:
    clock, port = VirtualClock(), Flaky()
    line = MarkerLine(port, clock, records.add, reopen=port.again, aside=lambda call: call())
    line.send(0, "a", 1, flip=0.0)
    line.send(1, "b", 2, flip=0.0)
    line.send(2, "c", 3, flip=0.0)
    port.plugged = False
    line.close()
    faults = [(f["what"], f["n"]) for f in records.of("fault")]
    assert faults[0] == ("marker_not_sent", 1)
    assert ("marker_not_sent", 2) in faults


class Broken(MockPort):
    def write(self, code: int) -> None:  # noqa: ARG002
        raise HardwareError("port x: gone")


def test_a_marker_that_could_not_be_written_is_a_fault(records: Any) -> None:
    line = MarkerLine(Broken(), VirtualClock(), records.add)
    line.send(7, "kind", 31, flip=0.0)
    (fault,) = records.of("fault")
    assert (fault["what"], fault["n"], fault["problem"]) == ("marker_not_sent", 7, "port x: gone")
    assert records.of("marker_sent") == []


def test_the_real_thing_over_a_pseudo_terminal(terminal: Any, records: Any) -> None:
    clock = RealClock()
    line = MarkerLine(open_port(f"{terminal.path}?pulse_ms=5"), clock, records.add)
    for n, code in enumerate((31, 32, 200)):
        line.send(n, "x", code, flip=clock.now())
    assert terminal.read(7) == bytes([0, 31, 0, 32, 0, 200, 0])
    resets = records.wait_for("marker_reset", 3)
    writes = records.of("marker_sent")
    assert all(r["t"] - w["begun"] >= 0.005 for r, w in zip(resets, writes, strict=True))
    line.close()
    clock.close()


def test_markers_at_any_distance_stay_apart_and_in_order(terminal: Any, records: Any) -> None:
    clock, gaps = RealClock(), dice(1, "gaps")
    line = MarkerLine(open_port(f"{terminal.path}?pulse_ms=1"), clock, records.add)
    codes = [n % 255 + 1 for n in range(200)]
    for n, code in enumerate(codes):  # before, at and after the end of the marker before it
        line.send(n, "x", code, flip=clock.now())
        clock.sleep_until(clock.now() + gaps.uniform(0.0, 0.005))
    assert terminal.read(401) == bytes([0, *(byte for code in codes for byte in (code, 0))])
    records.wait_for("marker_reset", 200)
    line.close()
    clock.close()
    sent, resets = records.of("marker_sent"), records.of("marker_reset")
    assert [e["n"] for e in sent] == [e["n"] for e in resets] == list(range(200))
    assert {e["queued"] for e in sent} == {True, False}
    assert all(e["begun"] - r["t"] >= 0.00099 for e, r in zip(sent[1:], resets[:-1], strict=True))


class Flaky(MockPort):
    """A port that can be pulled out and put in again."""

    def __init__(self) -> None:
        super().__init__()
        self.plugged = True

    def write(self, code: int) -> None:
        if not self.plugged:
            raise HardwareError("port x: gone")
        super().write(code)

    def again(self) -> MockPort:
        if not self.plugged:
            raise HardwareError("port x: no such device")
        return self


def test_a_lost_port_is_tried_again_and_taken_back(records: Any) -> None:
    clock, port = VirtualClock(), Flaky()
    line = MarkerLine(port, clock, records.add, reopen=port.again, aside=lambda call: call())
    line.send(0, "a", 1, flip=0.0)
    clock.sleep_until(1.0)
    port.plugged = False
    line.send(1, "b", 2, flip=1.0)
    line.send(2, "c", 3, flip=1.0)
    clock.sleep_until(2.0)
    assert line.faults() == ["marker_not_sent", "trigger_port_lost", "marker_not_sent"]
    port.plugged = True
    clock.sleep_until(3.0)
    assert line.faults() == []
    line.send(3, "d", 4, flip=3.0)
    clock.sleep_until(4.0)
    line.close()
    assert sent(port) == [0, 1, 0, 0, 4, 0, 0]
    (back,) = records.of("trigger_port_back")
    assert 2.0 < back["t"] <= 2.6
    assert [e["n"] for e in records.of("marker_sent")] == [0, 3]


def test_a_port_that_stays_lost_is_not_tried_after_the_end(records: Any) -> None:
    clock, port = VirtualClock(), Flaky()
    line = MarkerLine(port, clock, records.add, reopen=port.again, aside=lambda call: call())
    port.plugged = False
    line.send(0, "a", 1, flip=0.0)
    line.close()
    port.plugged = True
    clock.sleep_until(5.0)
    assert records.of("trigger_port_back") == []


class Slow(MockPort):
    """A port whose reset takes until it is let go, as one without a descriptor may."""

    def __init__(self) -> None:
        super().__init__()
        self.resetting = threading.Event()
        self.let_go = threading.Event()
        self.let_go.set()

    def reset(self) -> None:
        self.resetting.set()
        assert self.let_go.wait(30)
        super().reset()


def test_sending_never_waits_for_a_reset_and_nothing_is_lost_or_reordered(records: Any) -> None:
    clock, port = RealClock(), Slow()
    line = MarkerLine(port, clock, records.add)
    port.let_go.clear()
    port.resetting.clear()
    line.send(0, "x", 1, flip=clock.now())
    assert port.resetting.wait(10)
    for n in range(1, 6):  # would hang here, for the port is let go only afterwards
        line.send(n, "x", n + 1, flip=clock.now())
    assert sent(port) == [0, 1]
    port.let_go.set()
    records.wait_for("marker_reset", 6)
    line.close()
    clock.close()
    assert sent(port) == [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 0]
    assert [e["queued"] for e in records.of("marker_sent")] == [False, *[True] * 5]
    begun = [e["begun"] for e in records.of("marker_sent")]
    assert all(later - now >= port.pulse for now, later in pairwise(begun))
    assert records.of("fault") == []


def fill(port: Any) -> int:
    """Write until the port takes no more, as nobody reads at its far end; return how many bytes."""
    for count in range(1 << 20):
        try:
            port.write(5)
        except HardwareError:
            return count
    raise AssertionError("it takes everything")


def left_at(far: int) -> int:
    """Return how many bytes there are to read: what had arrived, of what was written."""
    os.set_blocking(far, False)
    count = 0
    with suppress(BlockingIOError):
        while True:
            count += len(os.read(far, 65536))
    return count


def test_a_stuck_port_is_closed_without_its_output_and_never_by_who_sends(
    terminal: Any, second_terminal: Any, records: Any
) -> None:
    """A tty that still has output waits up to 30 s for that when it is closed."""
    closed_by: list[str] = []

    class Watched(SerialPort):
        def close(self) -> None:
            closed_by.append(threading.current_thread().name)
            super().close()

    clock, port = RealClock(), Watched(parse_port(terminal.path))
    line = MarkerLine(port, clock, records.add, reopen=lambda: open_port(second_terminal.path))
    written = fill(port)
    line.send(0, "x", 31, flip=0.0)
    assert line.faults() == ["marker_not_sent", "trigger_port_lost"]
    assert closed_by == []
    records.wait_for("trigger_port_back", 1)
    assert closed_by == ["reopen"]
    assert left_at(terminal.far) < written / 2  # the rest was discarded
    line.close()
    clock.close()


def test_a_stuck_port_that_the_session_ends_with_is_closed_without_its_output(
    terminal: Any, records: Any
) -> None:
    clock, port = RealClock(), open_port(terminal.path)
    line = MarkerLine(port, clock, records.add, reopen=lambda: open_port("/dev/nowhere"))
    written = fill(port)
    line.send(0, "x", 31, flip=0.0)
    line.close()
    clock.close()
    assert left_at(terminal.far) < written / 2
    open_port(terminal.path).close()
