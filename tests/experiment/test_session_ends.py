"""However a session ends, crashed, interrupted or on a full disk, everything closes and is told."""

from __future__ import annotations

import json
import select
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from analysis.replay import verify
from experiment.clock import Clock
from experiment.events import KeyEvent
from experiment.readlog import read_log
from experiment.said import Said
from experiment.session import prepare, run
from hardware.ports import MockPort
from tests.disks import no_file_beyond
from tests.experiment.session_requests import NewStudy, request


class Broken:
    """A source of key presses that fails once somebody says so."""

    def __init__(self, fails: Callable[[], bool]) -> None:
        self._fails = fails

    def poll(self) -> list[KeyEvent]:
        if self._fails():
            raise RuntimeError("CANARY")
        return []


def test_a_crash_brings_the_lines_down(new_study: NewStudy, terminal: Any) -> None:
    """Over a pseudo-terminal, while a marker is up: its pulse is longer than what is left."""
    url = f"{terminal.path}?pulse_ms=1000"
    got = b""

    def marker_is_up() -> bool:
        nonlocal got
        while select.select([terminal.far], [], [], 0)[0]:
            got += terminal.read(1)
        return got == bytes([0, 10])

    prepared = prepare(request(new_study(), fast=False, port=url))
    result = run(prepared, hands=lambda _: Broken(marker_is_up))
    assert result.status == "crashed"
    log = read_log(result.log)
    assert [event["code"] for event in log.of("marker_sent")] == [10]
    assert terminal.read(1) == bytes([0])
    assert [event["n"] for event in log.of("marker_reset")] == [0]
    assert [event["what"] for event in log.of("fault")] == ["crash"]


class TellingPort(MockPort):
    """A mock port that calls back within each write, and when it is closed."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = tell

    def write(self, code: int) -> None:
        super().write(code)
        self._tell("code")

    def close(self) -> None:
        self._tell("close")


def test_a_second_interrupt_does_not_keep_a_session_from_ending(new_study: NewStudy) -> None:
    def interrupt(what: str) -> None:
        if what == "close":
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.raise_signal(number)

    result = run(prepare(request(new_study())), open_trigger=lambda _: TellingPort(interrupt))
    assert result.status == "complete"
    assert read_log(result.log).status == "complete"


def test_a_kill_between_a_marker_and_its_record_waits_for_the_loop(new_study: NewStudy) -> None:
    def kill(what: str) -> None:
        if what == "code":
            signal.raise_signal(signal.SIGTERM)

    result = run(prepare(request(new_study())), open_trigger=lambda _: TellingPort(kill))
    assert (result.status, result.reason) == ("aborted", "stopped by the system")
    log = read_log(result.log)
    for what in ("marker_planned", "marker_sent", "marker_reset"):
        assert [event["n"] for event in log.of(what)] == [0], what
    assert [event["n"] for event in log.of("onset")] == [event["n"] for event in log.of("step")]
    assert verify(log).differences == ()


@pytest.mark.linux
def test_a_signal_that_the_shell_ignores_stays_ignored(new_study: NewStudy) -> None:
    """As under nohup: the terminal may be closed, and the session goes on."""

    def hang_up() -> bool:
        signal.raise_signal(signal.SIGHUP)
        return False

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        result = run(prepare(request(new_study())), hands=lambda _: Broken(hang_up))
        assert result.status == "complete"
    finally:
        signal.signal(signal.SIGHUP, before)


class NoteThenLetGo:
    """Hands that ask for a note, and later let the terminal go that is held up since."""

    def __init__(self, clock: Clock, terminal: threading.Event) -> None:
        self._clock = clock
        self._terminal = terminal
        self._presses = [KeyEvent(t, "f9", t == 0.0, "keyboard") for t in (0.0, 0.1)]

    def poll(self) -> list[KeyEvent]:
        if self._clock.now() > 5.0:
            self._terminal.set()
        presses, self._presses = self._presses, []
        return presses


def test_a_terminal_that_is_held_up_holds_up_no_session(new_study: NewStudy) -> None:
    let_go = threading.Event()
    told: list[str] = []

    def tell(line: str) -> None:
        about_note = isinstance(line, Said) and line.key == "run.note"
        if about_note:
            let_go.wait()
            told.append(line)

    prepared = prepare(request(new_study()))
    result = run(prepared, tell=tell, hands=lambda clock: NoteThenLetGo(clock, let_go))
    assert result.status == "complete"
    assert told == ["note 1: its time is kept, its words are asked at the end"]


@pytest.mark.linux
def test_a_session_whose_last_lines_are_lost_is_not_complete(new_study: NewStudy) -> None:
    prepared = prepare(request(new_study()))
    with ExitStack() as disk:

        def fill_disk(what: str) -> None:
            if what == "close":
                disk.enter_context(no_file_beyond(prepared.log_file.stat().st_size))

        result = run(prepared, open_trigger=lambda _: TellingPort(fill_disk))
    assert (result.status, result.reason) == ("failed", "the end of the log can't be written")
    assert read_log(result.log).status == "crashed"


def test_a_crash_is_logged_without_its_message_and_everything_closes(new_study: NewStudy) -> None:
    result = run(prepare(request(new_study())), hands=lambda clock: Broken(lambda: clock.now() > 5))
    assert result.status == "crashed"
    text = result.log.read_text("utf-8")
    assert "CANARY" not in text
    events = [json.loads(line) for line in text.splitlines()]
    assert events[-1]["type"] == "end"
    assert any(e["type"] == "fault" and e["error"] == "RuntimeError" for e in events)
