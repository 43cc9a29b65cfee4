from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any, get_args

import pytest

from analysis.monitor import Monitor, Source, check_path
from analysis.monitor_texts import by_weight, clock_of, read_texts
from analysis.standing import Phase
from experiment.errors import BadInput
from experiment.log import LogWriter
from experiment.protocol.rig import FaultName
from experiment.readlog import Event
from tests.analysis.test_follow import BEGAN, HEADER, PAUSE, RUN, WAIT, after, end, fault

SIZES = [(80, 24), (120, 40)]
MARKER = [
    {"type": "marker_planned", "t": 13.0, "n": 3, "step": 1, "name": "kind", "code": 31},
    {
        **{"type": "marker_sent", "t": 13.0, "n": 3, "code": 31},
        **{"begun": 13.0, "ended": 13.00025, "queued": False},
    },
]


def mark(t: float, name: str, origin: str, *, again: bool = False) -> Event:
    return {"type": "mark", "t": t, "name": name, "origin": origin, "again": again}


def write(file: Path, events: Sequence[Event], **header: Any) -> Path:
    """Write a log of some events, as a session does."""
    facts = {key: value for key, value in {**HEADER, **header}.items() if key != "type"}
    with LogWriter(file, facts) as log:
        for event in events:
            fields = {k: v for k, v in event.items() if k not in ("type", "t")}
            log.add(event["type"], event["t"], **fields)
    return file


def seen(path: Path, at: float, keys: Sequence[str] = ()) -> list[str]:
    """Return what the monitor shows at a time of the session clock, in each size of screen."""

    async def look() -> list[str]:
        app = Monitor(path, now=lambda: BEGAN + at)
        images = []
        async with app.run_test(size=SIZES[0]) as pilot:
            for size in SIZES:
                await pilot.resize_terminal(*size)
                await settle(app)
                await pilot.pause()
                images.append(app.export_screenshot())
            await pilot.press(*keys)
        return images

    return [text_of(svg) for svg in asyncio.run(look())]


async def settle(app: Monitor) -> None:
    """Have the log read to its present end, and shown."""
    for _ in range(2):  # a look of its own timer may have been under way
        app.look()
        while app.is_reading:
            await asyncio.sleep(0.01)
    app.look()


def text_of(svg: str) -> str:
    rows: dict[float, str] = {}
    for y, text in re.findall(r'<text[^>]* y="([\d.]+)"[^>]*>([^<]*)</text>', svg):
        rows[float(y)] = rows.get(float(y), "") + text.replace("&#160;", " ")
    return "\n".join(rows[y] for y in sorted(rows)).replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("events", "at", "facts"),
    [
        ([], 2.0, ["still reads the instructions", "of 66 volumes", "session 3:11"]),
        (WAIT, 6.0, ["Start the scanner sequence now", "TR 2.000 s planned"]),
        (
            [*RUN, *MARKER],
            14.2,
            [
                "sub-012  ses-01",
                "messages, run 1 of 2",
                "Volumes keep the beat. If a first one was missed can't be known here.",
                "of 66 volumes",
                "TR 2.0000 s",
                "residual 0.0 ms",
                "left in this run",
                "session 3:07",
                "trial 2 of 3",
                "kind",
                "lag 0.25 ms",
                "1 sent, 0 missing",
                "NO FAULTS",
            ],
        ),
        ([*RUN, PAUSE[0]], 14.6, ["Will pause before the next trial."]),
        ([*RUN, *PAUSE], 18.0, ["Paused for 0:03.", "The pause key (f5)"]),
        ([*RUN, end(15.0, "complete")], 900.0, ["The session is complete."]),
        ([*RUN, end(15.0, "aborted")], 900.0, ["stopped before its end"]),
        ([*RUN, end(15.0, "crashed")], 900.0, ["The task failed;"]),
        (RUN, 54.0, ["Nothing from the task for 0:40."]),
        (
            [*RUN, fault(14.1, "scanner_port_lost"), fault(14.2, "odd_thing")],
            15.0,
            ["FAULTS: 2", "Scanner port lost", "Push the plug", "odd_thing"],
        ),
    ],
)
def test_the_key_facts_are_seen(
    tmp_path: Path, events: list[Event], at: float, facts: list[str]
) -> None:
    for shown in seen(write(tmp_path / "a.jsonl", events), at):
        assert [fact for fact in facts if fact not in shown] == [], shown


def test_marks_of_a_pet_scan_are_seen_with_how_long_ago_they_were(tmp_path: Path) -> None:
    marks = [
        mark(5.0, "scan_start", "hardware"),
        mark(8.0, "injection", "operator"),
        mark(9.0, "injection", "hardware", again=True),
        mark(10.0, "sync", "hardware"),
        mark(11.0, "sync", "hardware"),
        fault(9.0, "mark_repeated"),
    ]
    devices = {"trigger": None, "scanner": None, "marks": {"url": "x"}}
    log = write(tmp_path / "a.jsonl", [*RUN[:2], *marks], devices=devices)
    for shown in seen(log, 13.0):
        assert "scan start 0:08 ago" in shown, shown
        assert "injection 0:05 ago" in shown
        assert "last sync 0:02 ago" in shown
        assert "A PET mark came twice" in shown


def test_an_echo_line_is_seen_and_what_it_does_not_bring(tmp_path: Path) -> None:
    devices = {**HEADER["devices"], "echo": {"name": "z", "url": "z"}}
    echo = {"type": "marker_echo", "t": 13.001, "n": 3, "code": 31}
    back = write(tmp_path / "a.jsonl", [*RUN, *MARKER, echo], devices=devices)
    assert all("1 sent, 1 back" in shown for shown in seen(back, 14.2))
    lost = fault(13.3, "marker_not_echoed", n=3)
    not_back = write(tmp_path / "b.jsonl", [*RUN, *MARKER, lost], devices=devices)
    for shown in seen(not_back, 14.2):
        assert "1 sent, 0 back" in shown
        assert "Marker did not come back: kind" in shown


def test_a_queued_marker_is_seen(tmp_path: Path) -> None:
    late = [MARKER[0], {**MARKER[1], "queued": True}]
    for shown in seen(write(tmp_path / "a.jsonl", [*RUN, *late]), 14.2):
        assert "Marker sent late: kind" in shown


def test_a_window_without_the_keys_is_an_alarm_until_it_has_them_again(tmp_path: Path) -> None:
    gone = [{"type": "focus", "t": 13.0, "on": False}, fault(13.0, "focus_lost")]
    back = {"type": "focus", "t": 13.5, "on": True}
    for shown in seen(write(tmp_path / "a.jsonl", [*RUN, *gone]), 14.2):
        assert "Another window is in front   0:01 ago" in shown
    for shown in seen(write(tmp_path / "b.jsonl", [*RUN, *gone, back]), 14.2):
        assert "mended" in shown


def test_a_log_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    shown, _ = seen(tmp_path / "a.jsonl", 0.0, keys=["q"])
    assert "No session yet" in shown


def test_a_session_without_devices_says_so(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", RUN[:3], devices={"trigger": None, "scanner": None})
    shown, _ = seen(file, 6.0)
    assert "no scanner port" in shown
    assert "no marker port" in shown


def test_watching_changes_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", RUN)
    file.chmod(0o400)
    before = (file.read_bytes(), file.stat().st_mtime_ns, sorted(tmp_path.iterdir()))
    seen(file, 14.0)
    assert (file.read_bytes(), file.stat().st_mtime_ns, sorted(tmp_path.iterdir())) == before


def test_a_study_is_followed_to_its_newest_session_but_not_away_from_a_live_one(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "sourcedata" / "sub-012"
    source = Source(tmp_path)
    now = time.time()
    assert source.poll(now).phase is Phase.NO_SESSION
    first = write(folder / "ses-01" / "a.jsonl", [*RUN, end(20.0, "complete")])
    os.utime(first, (now - 50, now - 50))
    assert source.poll(now + 5).phase is Phase.DONE
    write(folder / "ses-02" / "a.jsonl", RUN, session="02", speed="fast")
    assert source.poll(now + 10).phase is Phase.RUNNING
    write(folder / "ses-03" / "a.jsonl", RUN, session="03")
    state = source.poll(now + 13)
    assert state.session is not None
    assert state.session.session == "02"


def test_a_session_of_yesterday_is_no_session(tmp_path: Path) -> None:
    file = write(tmp_path / "sourcedata" / "sub-1" / "ses-1" / "a.jsonl", [end(20.0, "complete")])
    now = time.time()
    os.utime(file, (now - 90_000, now - 90_000))
    assert Source(tmp_path).poll(now).phase is Phase.NO_SESSION


def test_what_can_not_be_followed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    text = tmp_path / "notes.txt"
    text.write_text("hello\n")
    for path in (tmp_path / "empty", text, tmp_path / "no-such-study"):
        with pytest.raises(BadInput, match=path.name):
            check_path(path)
    for number, line in enumerate(('{"type":"x"', '{"type":"header","schema":99')):
        file = tmp_path / f"{number}.jsonl"
        file.write_text(line + ',"digest":"0"}\n')
        with pytest.raises(BadInput, match=r":1: "):
            check_path(file)
    check_path(tmp_path / "not-yet.jsonl")
    check_path(write(tmp_path / "good.jsonl", []))


def test_every_text_fits_the_narrowest_screen() -> None:
    texts = read_texts()
    for name, entry in texts.tree["faults"].items():
        _, do = texts.fault(name, pause="p", abort="escape and q")
        assert len(wrap(do, 76)) <= 2, name
        assert len(entry["title"]) <= 40, name
    for phase in Phase:
        entry = texts.tree["phases"][phase.value]
        assert len(texts.big(entry["word"]).plain.split("\n")[0]) <= 80, phase
        assert len(entry["says"]) <= 80, phase
    for says in (*texts.tree["awaits"].values(), *texts.tree["in_step"].values()):
        assert len(says) <= 78


def test_what_needs_somebody_comes_before_what_is_mended() -> None:
    texts = read_texts()
    state = after(
        [
            *RUN,
            fault(14.1, "stopped"),
            fault(14.2, "pulse_missed"),
            fault(14.3, "trigger_port_lost"),
            {"type": "trigger_port_back", "t": 14.4},
            fault(14.5, "marker_queued"),
        ]
    )
    assert [fault.name for fault in by_weight(state, texts)] == [
        "stopped",
        "pulse_missed",
        "marker_queued",
        "trigger_port_lost",
    ]


def test_keys_are_named_as_the_protocol_has_them(tmp_path: Path) -> None:
    log = write(tmp_path / "a.jsonl", [*RUN, fault(14.1, "stopped")])
    assert all(
        "escape and x" in " ".join(re.sub("[│ \n]+", " ", shown).split())
        for shown in seen(log, 14.2)
    )


def test_every_fault_is_explained_here_and_in_the_operators_page() -> None:
    texts = read_texts()
    page = (Path(__file__).parents[2] / "docs" / "operator.md").read_text()
    others = ("crash", "device", "keyboard_pulses", "marker_queued", "participant_stopped")
    for name in (*get_args(FaultName), *others):
        assert name in texts.tree["faults"], name
    for name, entry in texts.tree["faults"].items():
        assert entry["title"] in page, name


def test_a_count_that_falls_short_is_told_as_what_it_is(tmp_path: Path) -> None:
    short = fault(14.1, "volumes_short", short=1, certain=False)
    old = fault(14.1, "late_first", shift=1, certain=False)  # of a log with the older name
    for name, event in {"a": short, "b": old}.items():
        for shown in seen(write(tmp_path / f"{name}.jsonl", [*RUN, event]), 14.2):
            assert "Fewer pulses than volumes" in shown
            assert "First volume missed" not in shown


def test_a_fault_of_an_earlier_run_is_marked_as_such(tmp_path: Path) -> None:
    next_run = {"type": "run_begin", "t": 140.0, "task": "again", "run": 2}
    log = write(tmp_path / "a.jsonl", [*RUN, fault(14.1, "late_first"), next_run])
    for shown in seen(log, 141.0):
        assert "First volume missed   in run 1" in shown


@pytest.mark.linux
@pytest.mark.parametrize("read_before", [False, True])
def test_a_log_that_hangs_neither_freezes_the_console_nor_keeps_it(
    tmp_path: Path, read_before: bool
) -> None:
    log = write(tmp_path / "a.jsonl", RUN)
    at = BEGAN + 14.2

    def hang() -> None:
        log.unlink()
        os.mkfifo(log)  # opening it waits for a writer, as a share that is gone does

    async def look() -> str:
        nonlocal at
        app = Monitor(log, now=lambda: at, patience=0.1)
        if not read_before:
            hang()
        async with app.run_test(size=SIZES[0]) as pilot:
            if read_before:
                await settle(app)
                hang()
            at += 60.0
            told = ["no answer", *["Nothing from the task"] * read_before]
            while not all(said in (shown := text_of(app.export_screenshot())) for said in told):
                app.look()
                await pilot.pause(0.05)
            await pilot.press("q")
        assert app.return_code == 0
        return shown

    shown = asyncio.run(look())
    os.close(os.open(log, os.O_RDWR))  # lets the thread go
    assert "The log can't be read" in shown
    assert ("Nothing from the task" in shown) == read_before


def test_lengths_of_time() -> None:
    assert [clock_of(s) for s in (0.0, 59.6, 61.0, 3725.0)] == ["0:00", "1:00", "1:01", "1:02:05"]
