"""Notes: beside the log, joined by time, and in no export that nobody asked for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from textual.widgets import Input

from analysis.monitor import Monitor
from analysis.notes import note_rows
from analysis.replay import report, verify
from experiment.clock import VirtualClock
from experiment.display import NoWindow
from experiment.errors import BadInput
from experiment.events import KeyEvent
from experiment.examples import EXAMPLE
from experiment.inputs import Inputs
from experiment.marks import MarkBook
from experiment.notes import add_note, note_asked, note_now, notes_file, read_notes
from experiment.protocol import load_protocol
from experiment.readlog import SessionLog, read_log
from experiment.session import SessionRequest, prepare, run
from tests.exports import export_bids

CANARY = "Aunt CANARY called"


@pytest.fixture
def log(new_study: Callable[..., Path]) -> SessionLog:
    request = SessionRequest(
        new_study(), "012", "02", robot="hasty", fast=True, no_window=True, port="mock:"
    )
    return read_log(run(prepare(request)).log)


def test_notes_have_their_time_and_stay_out_of_exports(log: SessionLog, tmp_path: Path) -> None:
    middle = datetime.fromisoformat(log.header["utc"]) + timedelta(seconds=20)
    add_note(log.file, note_asked(f"{CANARY}\n twice", 1, middle.isoformat(), "KR"))
    add_note(log.file, note_now("afterwards", "AB"))
    assert notes_file(log.file).stat().st_mode & 0o777 == 0o600
    with notes_file(log.file).open("ab") as torn:
        torn.write(b'{"utc":"2026')
    add_note(log.file, note_now("after the power cut", "AB"))
    found = note_rows(log)
    assert {row.text for row in found} == {f"{CANARY} twice", "afterwards", "after the power cut"}
    at = next(row.t for row in found if row.who == "KR")
    assert at == pytest.approx(20 + log.header["utc_at"])
    assert f"note          at {at:.1f} s (KR): {CANARY} twice" in report(log, verify(log))

    export_bids([log.file], tmp_path / "without")
    export_bids([log.file], tmp_path / "with", with_notes=True)
    texts = {
        which: "".join(f.read_text() for f in (tmp_path / which).rglob("*") if f.is_file())
        for which in ("without", "with")
    }
    assert CANARY not in texts["without"]
    assert "afterwards" not in texts["without"]
    assert CANARY in texts["with"]
    assert CANARY not in log.file.read_text()
    with pytest.raises(BadInput, match="without a word"):
        add_note(log.file, note_now("  \n"))


class Typed:
    """A keyboard on which one key is pressed."""

    def __init__(self, key: str, t: float) -> None:
        self._events = [KeyEvent(t, key, True, "keyboard")]

    def poll(self) -> list[KeyEvent]:
        events, self._events = self._events, []
        return events


class Book:
    failure: Exception | None = None

    def __init__(self) -> None:
        self.events: list[tuple[str, float | None, dict[str, object]]] = []

    def add(self, type_: str, t: float | None, **fields: object) -> None:
        self.events.append((type_, t, fields))


def test_the_note_key_keeps_the_moment_and_shows_nothing() -> None:
    protocol, _ = load_protocol(EXAMPLE / "study.yaml")
    clock, book, told = VirtualClock(), Book(), list[str]()
    display = NoWindow(clock, (1280, 720), 60.0)
    inputs = Inputs(
        clock,
        display,
        [Typed("f9", 3.25)],
        protocol.devices.buttons,
        book,
        MarkBook(clock, book.add),
        told.append,
    )
    inputs.look()
    assert book.events == [("note_asked", 3.25, {"n": 1})]
    assert told == ["note 1: its time is kept, its words are asked at the end"]
    assert not inputs.pause_asked


def test_a_note_is_typed_in_the_monitor(log: SessionLog) -> None:
    async def type_one() -> None:
        app = Monitor(log.file, by="OP")
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            await pilot.press("n")
            assert app.query_one("#note", Input).display
            await pilot.press("escape")
            assert not app.query_one("#note", Input).display
            await pilot.press("n", *"quiet", "enter")
            for _ in range(100):
                if notes_file(log.file).exists() and read_notes(log.file):
                    break
                await pilot.pause(0.02)
            app.look()
            await pilot.pause()
            assert app.is_running

    asyncio.run(type_one())
    (note,) = read_notes(log.file)
    assert (note.who, note.text) == ("OP", "quiet")
    assert json.loads(notes_file(log.file).read_text())["monotonic"] > 0
