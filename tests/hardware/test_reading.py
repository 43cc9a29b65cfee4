"""What may happen to the process that reads: it is killed, dies in mid-line, gets signals."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from experiment.clock import RealClock
from experiment.errors import HardwareError
from hardware.echo_line import EchoLine
from hardware.marks import MarksPort, unnoted
from hardware.ports import open_port
from hardware.pulses import open_scanner
from hardware.reading import Reading

pytestmark = pytest.mark.linux


def reader_of(address: str) -> int:
    """Return the process that reads a port."""
    (found,) = (
        int(program.name)
        for program in Path("/proc").glob("[0-9]*")
        if (words := _words(program))[1:3] == ["-m", "hardware.reading_process"]
        and words[3] == address
    )
    return found


def _words(program: Path) -> list[str]:
    try:
        return (program / "cmdline").read_text().split("\0")
    except OSError:
        return []


def test_a_killed_reader_of_pulses_is_told_and_started_anew(terminal: Any, records: Any) -> None:
    clock = RealClock()
    source = open_scanner(terminal.path, clock, records.add, 2.0, 10)
    terminal.write(b"555")
    records.wait_for("pulse", 3)
    first = reader_of(terminal.path)
    os.kill(first, signal.SIGKILL)
    (fault,) = records.wait_for("fault", 1)
    assert fault["what"] == "scanner_port_lost"
    assert fault["problem"] == "the reading process has ended; it is started anew"
    (back,) = records.wait_for("scanner_port_back", 1)
    assert back["t"] > fault["t"]
    assert reader_of(terminal.path) != first
    terminal.write(b"5")
    assert [e["n"] for e in records.wait_for("pulse", 4)] == [1, 2, 3, 4]
    assert source.faults() == ["scanner_port_lost"]
    os.kill(reader_of(terminal.path), signal.SIGKILL)  # and again
    records.wait_for("scanner_port_back", 2)
    source.close()
    clock.close()
    with pytest.raises(ValueError, match="not enough"):
        reader_of(terminal.path)


def test_a_killed_reader_of_marks_and_one_of_codes_come_back(
    terminal: Any, second_terminal: Any, records: Any
) -> None:
    clock = RealClock()
    marks = MarksPort(f"{terminal.path}?sync=y", clock, records.add, unnoted)
    port = open_port("mock:")
    echo = EchoLine(second_terminal.path, port, clock, records.add)
    os.kill(reader_of(terminal.path), signal.SIGKILL)
    os.kill(reader_of(second_terminal.path), signal.SIGKILL)
    records.wait_for("marks_port_back", 1)
    records.wait_for("echo_port_back", 1)
    echo.expect(0, 31)
    second_terminal.write(b"\x1f")
    records.wait_for("marker_echo", 1)
    assert marks.faults() == ["marks_port_lost"]
    assert echo.faults()[:1] == ["echo_port_lost"]
    marks.close()
    echo.close()
    clock.close()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_signals_to_the_group_do_not_end_a_reader(terminal: Any, records: Any, name: str) -> None:
    clock = RealClock()
    source = open_scanner(terminal.path, clock, records.add, 2.0, 10)
    os.kill(reader_of(terminal.path), signal.Signals[name])
    terminal.write(b"5")
    records.wait_for("pulse", 1)
    source.close()
    clock.close()
    assert records.of("fault") == []


def test_half_a_line_is_no_line(tmp_path: Path) -> None:
    """A stand-in for the process dies in mid-line, as often as it is started."""
    stand_in = tmp_path / "reader"
    stand_in.write_text("""#!/bin/sh
echo '[["ready"]]'
printf '[["pulse", 1.0]]\\n[["pulse", 2.'
""")
    stand_in.chmod(0o755)
    told: list[tuple[str, list[Any]]] = []
    twice = threading.Event()

    def take(kind: str, rest: list[Any]) -> None:
        told.append((kind, rest))
        if [kind for kind, _ in told].count("ended") == 2:
            twice.set()

    reading = Reading("x", "/dev/x", 9600, {}, take, program=[str(stand_in)])
    assert twice.wait(20)
    reading.close()
    first = [("pulse", [1.0]), ("ended", [])]
    assert told[:2] == first
    assert told[2][0] == "back"
    assert told[3:5] == first


def test_a_process_that_says_nothing_is_an_error_at_the_start(tmp_path: Path) -> None:
    stand_in = tmp_path / "reader"
    stand_in.write_text("#!/bin/sh\nprintf '[[\"rea'\n")
    stand_in.chmod(0o755)
    with pytest.raises(HardwareError, match="port x: no answer"):
        Reading("x", "/dev/x", 9600, {}, lambda *_: None, program=[str(stand_in)])
