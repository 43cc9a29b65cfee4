from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from experiment.errors import BadInput
from experiment.log import SCHEMA, LogWriter, link
from experiment.readlog import header_of, read_log


def write(file: Path, count: int = 5) -> Path:
    with LogWriter(file, {"participant": "012"}) as log:
        for i in range(count):
            log.add("note", i / 3, text=f"é{i}")
    return file


def test_what_was_written_is_read(tmp_path: Path) -> None:
    log = read_log(write(tmp_path / "a.jsonl"))
    assert log.header["participant"] == "012"
    assert [event["t"] for event in log.events] == [0.0, 0.333333, 0.666667, 1.0, 1.333333]
    assert [event["seq"] for event in log.events] == [1, 2, 3, 4, 5]
    assert not log.torn
    assert log.broken_at is None
    assert header_of(log.file) == log.header


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(1, 400))
def test_a_torn_tail_is_recovered_wherever_it_tears(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    file = write(tmp_path_factory.mktemp("log") / "a.jsonl")
    whole = file.read_bytes()
    header = whole.index(b"\n") + 1
    kept = whole[: max(len(whole) - cut, header)]
    file.write_bytes(kept)
    log = read_log(file)
    assert len(log.events) == kept.count(b"\n") - 1
    assert log.torn == (not kept.endswith(b"\n"))
    assert log.broken_at is None
    assert log.status == "crashed"


@pytest.mark.parametrize("line", [2, 4, 6])
def test_an_edit_shows_at_its_line(tmp_path: Path, line: int) -> None:
    file = write(tmp_path / "a.jsonl")
    lines = file.read_text("utf-8").splitlines()
    lines[line - 1] = lines[line - 1].replace("é", "e")
    file.write_text("\n".join(lines) + "\n", "utf-8")
    assert read_log(file).broken_at == line


def test_a_line_taken_out_shows(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl")
    lines = file.read_text("utf-8").splitlines()
    del lines[3]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    assert read_log(file).broken_at == 4


def test_a_log_is_never_overwritten(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl")
    before = file.read_bytes()
    with pytest.raises(BadInput, match="never overwritten"):
        LogWriter(file, {})
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", ":1: not a session log"),
        ("hello\n", ":1: not a line of a session log"),
        ('{"type":"header","schema":99,"digest":"0"}\n', ":1: log version 99"),
        ('{"type":"note","digest":"0"}\n', ":1: not a session log"),
    ],
)
def test_a_file_that_is_no_log(tmp_path: Path, content: str, problem: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(content)
    with pytest.raises(BadInput) as caught:
        read_log(file)
    assert f"{file}{problem}" in str(caught.value)


def test_damage_in_the_middle_is_told_by_its_line(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl")
    lines = file.read_bytes().split(b"\n")
    lines[3] = lines[3][:20]
    file.write_bytes(b"\n".join(lines))
    with pytest.raises(BadInput, match=r":4: not a line of a session log"):
        read_log(file)


def test_each_line_is_json_on_its_own(tmp_path: Path) -> None:
    for line in write(tmp_path / "a.jsonl").read_text("utf-8").splitlines():
        assert "digest" in json.loads(line)


def test_a_log_is_there_with_its_whole_header_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    with LogWriter(file, {"participant": "012"}):
        assert header_of(file)["participant"] == "012"
    with pytest.raises(BadInput, match="never overwritten"):
        LogWriter(file, {"participant": "013"})
    assert header_of(file)["participant"] == "012"
    assert list(tmp_path.iterdir()) == [file]


SLOW_DISK = """
import os, sys, time
from pathlib import Path
from experiment.log import SCHEMA, LogWriter, link

sync = os.fsync
os.fsync = lambda descriptor: (time.sleep(0.7), sync(descriptor))  # a disk with much else to do
log = LogWriter(Path(sys.argv[1]), {})
while True:
    log.add("tick", time.perf_counter())
    print(time.perf_counter(), flush=True)
    time.sleep(0.01)
"""


def test_a_kill_costs_little_even_while_a_slow_disk_is_being_synced(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_DISK, str(file)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    told = [float(process.stdout.readline()) for _ in range(150)]
    process.kill()
    rest, _ = process.communicate()
    told += [float(line) for line in rest.splitlines()[:-1]]
    assert told[-1] - read_log(file).events[-1]["t"] <= 0.2


def test_what_comes_while_it_is_being_closed_keeps_it_from_nothing(tmp_path: Path) -> None:
    log = LogWriter(tmp_path / "a.jsonl", {})
    closing = threading.Thread(target=log.close)
    closing.start()
    while closing.is_alive():
        log.add("late", 1.0)
        closing.join(0.001)
    assert {event["type"] for event in read_log(log.file).events} <= {"late"}


def test_an_event_that_cannot_be_written_is_told_and_the_log_closes(tmp_path: Path) -> None:
    with LogWriter(tmp_path / "a.jsonl", {}) as log:
        log.add("wrong", 1.0, what=object())
    assert isinstance(log.failure, TypeError)
    assert read_log(log.file).status == "crashed"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(values=st.lists(VALUES, max_size=4))
@example(values=[2**70, -0.0, 5e-324, 1.7976931348623157e308, "\ud800", {"seq": 1, "": ["\0"]}])
def test_whatever_an_event_holds_is_read_as_python_s_own_parser_reads_it(
    tmp_path_factory: pytest.TempPathFactory, values: list[object]
) -> None:
    file = tmp_path_factory.mktemp("log") / "a.jsonl"
    lines, digest = [], ""
    events: list[dict[str, object]] = [{"schema": SCHEMA}, *({"what": value} for value in values)]
    for seq, event in enumerate(events):
        about = {"seq": seq, "type": "note" if seq else "header"}
        body = json.dumps({**about, **event}, separators=(",", ":"))
        digest = link(digest, body)
        lines.append(f'{body[:-1]},"digest":"{digest}"}}')
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    log = read_log(file)
    read = [json.dumps(event) for event in (log.header, *log.events)]
    plain = [{k: v for k, v in json.loads(line).items() if k != "digest"} for line in lines]
    assert read == [json.dumps(event) for event in plain]
    assert (log.broken_at, log.digest) == (None, digest)
