"""Marks of a PET scan: over a port and in a file, each thing that can be wrong with them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from experiment.clock import RealClock
from experiment.errors import BadInput, HardwareError
from experiment.marks import MarkBook
from hardware.marks import MarksFile, MarksPort
from hardware.pulses import open_scanner
from tests.hardware.conftest import settling

OPTIONS = "scan_start=s&injection=i&sync=y"


@contextmanager
def port(records: Any, url: str) -> Iterator[tuple[RealClock, MarksPort]]:
    clock = RealClock()
    marks = MarksPort(url, clock, records.add, MarkBook(clock, records.add).note)
    try:
        yield clock, marks
    finally:
        marks.close()
        clock.close()


def test_marks_over_a_port_of_their_own(terminal: Any, records: Any) -> None:
    with port(records, f"{terminal.path}?{OPTIONS}") as (clock, marks):
        begun = clock.now()
        terminal.write(b"siyyy")
        events = records.wait_for("mark", 5)
        ended = clock.now()
        assert marks.faults() == []
    assert [e["name"] for e in events] == ["scan_start", "injection", "sync", "sync", "sync"]
    assert {(e["origin"], e["again"]) for e in events} == {("hardware", False)}
    assert all(begun <= e["t"] <= ended for e in events)
    for event in events:  # both clocks tell the same moment
        at = datetime.fromisoformat(event["utc"])
        assert abs((datetime.now(timezone.utc) - at).total_seconds()) < 30
    assert records.of("fault") == []


def test_marks_in_one_stream_with_the_pulses(terminal: Any, records: Any) -> None:
    clock = RealClock()
    book = MarkBook(clock, records.add)
    url = f"{terminal.path}?symbol=5&{OPTIONS}"
    source = open_scanner(url, clock, records.add, 2.0, 10, note=book.note)
    terminal.write(b"5s5i5")
    records.wait_for("pulse", 3)
    source.close()
    clock.close()
    assert [e["name"] for e in records.of("mark")] == ["scan_start", "injection"]
    assert book.first("injection") == records.of("mark")[1]["t"]
    assert records.of("fault") == []


def test_a_symbol_without_a_meaning_is_refused(terminal: Any, records: Any) -> None:
    with port(records, f"{terminal.path}?{OPTIONS}") as (_, marks):
        terminal.write(b"x")
        (fault,) = records.wait_for("fault", 1)
        assert marks.faults() == ["mark_refused"]
    assert (fault["reason"], fault["byte"]) == ("unknown_symbol", ord("x"))
    assert records.of("mark") == []


def test_noise_on_a_marks_port_is_told_at_once_and_then_together(
    terminal: Any, records: Any
) -> None:
    with port(records, f"{terminal.path}?{OPTIONS}") as (_, marks):
        terminal.write(b"x")
        records.wait_for("fault", 1)
        terminal.write(b"yzzzzzzzi")
        records.wait_for("mark", 2)
        assert marks.faults() == ["mark_refused"]
    told = [(f["byte"], f["count"]) for f in records.of("fault")]
    assert told == [(ord("x"), 1), (ord("z"), 7)]


def test_a_second_injection_is_written_down_and_flagged(terminal: Any, records: Any) -> None:
    clock = RealClock()
    book = MarkBook(clock, records.add)
    marks = MarksPort(f"{terminal.path}?{OPTIONS}", clock, records.add, book.note)
    terminal.write(b"i")
    records.wait_for("mark", 1)
    terminal.write(b"i")
    records.wait_for("mark", 2)
    book.note("injection", clock.now(), "operator")
    marks.close()
    clock.close()
    events = records.of("mark")
    assert [e["again"] for e in events] == [False, True, True]
    assert book.first("injection") == events[0]["t"]
    assert book.faults() == ["mark_repeated", "mark_repeated"]
    assert [f["origin"] for f in records.of("fault")] == ["hardware", "operator"]
    apart = events[1]["t"] - events[0]["t"]
    assert records.of("fault")[0]["after_first"] == pytest.approx(apart, abs=2e-6)


def test_a_marks_port_that_is_lost_and_comes_back(
    terminal: Any, second_terminal: Any, records: Any, tmp_path: Path
) -> None:
    plug = tmp_path / "port"
    plug.symlink_to(terminal.path)
    with port(records, f"{plug}?{OPTIONS}") as (_, marks):
        plug.unlink()
        terminal.unplug()
        records.wait_for("fault", 1)
        plug.symlink_to(second_terminal.path)
        records.wait_for("marks_port_back", 1)
        second_terminal.write(b"i")
        records.wait_for("mark", 1)
        assert marks.faults() == ["marks_port_lost"]


def test_what_a_device_says_while_it_settles_is_no_mark(terminal: Any, records: Any) -> None:
    url = f"{terminal.path}?{OPTIONS}&settle=0.5"
    with settling(terminal), port(records, url) as (_, marks):
        terminal.write(b"i")
        (mark,) = records.wait_for("mark", 1)
        assert marks.faults() == []
    assert mark["name"] == "injection"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("", "say which character means what"),
        ("?symbol=5", "say which character means what"),
        ("?injection=ii", "injection='ii': one character is needed"),
        ("?injection=", "injection='': one character is needed"),
        ("?injection=→", "one character is needed"),
        ("?injection=i&sync=i", "sync='i': also means injection"),
        ("?wash_out=w", "'wash_out' is unknown"),
        ("?injection=i&symbol=5", "'symbol' means nothing to a marks port, allowed: baud, inj"),
    ],
)
def test_a_marks_url_that_cannot_be_used(
    terminal: Any, records: Any, options: str, problem: str
) -> None:
    clock = RealClock()
    with pytest.raises(BadInput, match=problem):
        MarksPort(terminal.path + options, clock, records.add, MarkBook(clock, records.add).note)
    clock.close()


def test_marks_of_a_scanner_that_cannot_send_them(terminal: Any, records: Any) -> None:
    clock = RealClock()
    for query, problem in (
        ("device=forp&injection=i", "a forp sends no marks"),
        ("symbol=i&injection=i", "also means injection"),
    ):
        with pytest.raises(BadInput, match=problem):
            open_scanner(f"{terminal.path}?{query}", clock, records.add, 2.0, 10)
    clock.close()


def test_a_marks_port_belongs_to_one_program(terminal: Any, records: Any) -> None:
    with (
        port(records, f"{terminal.path}?{OPTIONS}"),
        pytest.raises(HardwareError, match="busy"),
        port(records, f"{terminal.path}?{OPTIONS}"),
    ):
        raise AssertionError("both have it")


# --- a file ---------------------------------------------------------------------------------------


@contextmanager
def reading(
    records: Any, file: Path, clock: RealClock | None = None
) -> Iterator[tuple[RealClock, MarksFile]]:
    clock = clock or RealClock(time.perf_counter() - 100.0)  # the session began 100 s ago
    marks = MarksFile(file, clock, records.add, MarkBook(clock, records.add).note)
    try:
        yield clock, marks
    finally:
        marks.close()
        clock.close()


def utc(ago: float) -> str:
    moment = datetime.now(timezone.utc) - timedelta(seconds=ago)
    return moment.isoformat().replace("+00:00", "Z")


def test_a_file_that_another_system_writes_line_by_line(records: Any, tmp_path: Path) -> None:
    file = tmp_path / "marks.txt"
    with reading(records, file) as (clock, marks):
        file.write_text(f"# time name\n\n{utc(60)} scan_start\n")
        (first,) = records.wait_for("mark", 1)
        now = clock.now()
        with file.open("a") as stream:
            stream.write(f"{utc(20)},injection\r\n")
        _, second = records.wait_for("mark", 2)
        assert marks.faults() == []
    assert (first["name"], first["origin"], first["line"]) == ("scan_start", "file", 3)
    assert first["t"] == pytest.approx(now - 60, abs=1.5)
    assert second["t"] - first["t"] == pytest.approx(40, abs=1.5)
    anchors = {event["t"]: event["utc"] for event in records.of("anchor")}
    for mark in (first, second):  # the anchor named is in the log, and the times agree by it
        apart = datetime.fromisoformat(anchors[mark["anchor"]]) - datetime.fromisoformat(
            mark["utc"]
        )
        assert mark["anchor"] - mark["t"] == pytest.approx(apart.total_seconds(), abs=2e-3)


def test_an_unfinished_line_counts_once_it_stays_as_it_is(records: Any, tmp_path: Path) -> None:
    file = tmp_path / "marks.txt"
    with reading(records, file):
        file.write_text(f"{utc(5)} injection")
        records.wait_for("mark", 1)
        file.write_text(file.read_text() + "\n")
    assert len(records.of("mark")) == 1
    assert records.of("fault") == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{past} infusion", "unknown_name"),
        ("{past} Injection", "unknown_name"),
        ("yesterday injection", "unreadable_time"),
        ("2026-13-45T00:00:00Z injection", "unreadable_time"),
        ("{naive} injection", "unreadable_time"),
        ("{past}", "unreadable_line"),
        ("{past} injection by Ann", "unreadable_line"),
        ("{future} injection", "in_the_future"),
        ("{before} injection", "before_the_session"),
        ("2026-03-01T10:31:05+01:00 injection", "unreadable_time"),
    ],
)
def test_a_line_that_can_not_be_taken_is_flagged_never_guessed(
    records: Any, tmp_path: Path, line: str, reason: str
) -> None:
    file = tmp_path / "marks.txt"
    times = {
        "past": utc(5),
        "naive": utc(5).removesuffix("Z"),
        "future": utc(-30),
        "before": utc(500),
    }
    file.write_text(f"{utc(50)} scan_start\n{line.format(**times)}\n{utc(4)} sync\n")
    with reading(records, file) as (_, marks):
        records.wait_for("mark", 2)
        assert marks.faults() == ["mark_refused"]
    (fault,) = records.of("fault")
    assert (fault["what"], fault["reason"], fault["line"]) == ("mark_refused", reason, 2)
    assert [e["name"] for e in records.of("mark")] == ["scan_start", "sync"]
    assert "Ann" not in str(records.events)


def test_a_line_that_is_changed_afterwards_is_flagged_and_what_was_read_stands(
    records: Any, tmp_path: Path
) -> None:
    file = tmp_path / "marks.txt"
    file.write_text(f"{utc(50)} injection\n")
    with reading(records, file):
        (mark,) = records.wait_for("mark", 1)
        file.write_text(f"{utc(40)} injection\n")
        (fault,) = records.wait_for("fault", 1)
    assert fault["reason"] == "changed_lines"
    assert records.of("mark") == [mark]


class SetBack(RealClock):
    """A clock of a computer whose time of day can be set back."""

    by = 0.0

    def utc_at(self, t: float) -> str:
        return super().utc_at(t - self.by)


def test_a_wall_clock_that_was_set_in_mid_session_is_flagged(records: Any, tmp_path: Path) -> None:
    file = tmp_path / "marks.txt"
    clock = SetBack(time.perf_counter() - 100.0)
    with reading(records, file, clock):
        clock.by = 3600.0
        file.write_text(f"{utc(3605)} injection\n")
        records.wait_for("mark", 1)
    (fault,) = records.of("fault")
    assert fault["reason"] == "wall_clock_was_set"
    assert fault["moved"] == pytest.approx(-3600, abs=1)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00broken\n", b"x" * (1 << 20) + b"yy\n"])
def test_a_file_that_can_not_be_read_is_flagged_once(
    records: Any, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "marks.txt"
    file.write_bytes(content)
    with reading(records, file):
        records.wait_for("fault", 1)
        time.sleep(0.6)  # two more looks
    (fault,) = records.of("fault")
    assert fault["reason"] == "unreadable_file"


def test_a_file_of_marks_needs_a_folder(records: Any, tmp_path: Path) -> None:
    clock = RealClock()
    note = MarkBook(clock, records.add).note
    with pytest.raises(BadInput, match="folder of the file of marks does not exist"):
        MarksFile(tmp_path / "nowhere" / "marks.txt", clock, records.add, note)
    with pytest.raises(BadInput, match="is a folder"):
        MarksFile(tmp_path, clock, records.add, note)
    clock.close()
    assert list(tmp_path.iterdir()) == []
