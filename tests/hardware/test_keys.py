from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from experiment.clock import RealClock
from experiment.errors import HardwareError
from experiment.events import KeyEvent
from hardware.keys import KeyReader

pytestmark = [pytest.mark.linux, pytest.mark.usefixtures("display")]


@contextmanager
def listening(*keys: str) -> Iterator[tuple[RealClock, KeyReader]]:
    clock = RealClock()
    reader = KeyReader(clock, keys)
    yield clock, reader
    reader.close()
    clock.close()


def taps(reader: KeyReader, key: str, count: int) -> list[KeyEvent]:
    """Tap a key so many times, as shortly as a button box does, and read all events."""
    subprocess.run(["xdotool", "key", "--delay", "5", *[key] * count], check=True, timeout=20)
    events: list[KeyEvent] = []
    for _ in range(200):
        events += reader.poll()
        if len(events) >= 2 * count:
            break
        subprocess.run(["sleep", "0.01"], check=True)
    return events


def test_no_short_press_is_lost_and_stamps_are_its_own() -> None:
    with listening("a", "left") as (clock, reader):
        begun = clock.now()
        events = taps(reader, "a", 30)
        ended = clock.now()
    assert [e.down for e in events] == [True, False] * 30
    assert {(e.key, e.device) for e in events} == {("a", "keyboard")}
    assert all(begun - 0.05 <= e.t <= ended for e in events)
    assert len({e.t for e in events if e.down}) == 30


def test_keys_without_a_meaning_are_not_noted() -> None:
    with listening("left") as (_, reader):
        taps(reader, "b", 1)
        assert [e.key for e in taps(reader, "Left", 2)] == ["left"] * 4


def test_a_key_that_is_nowhere_is_told() -> None:
    clock = RealClock()
    with pytest.raises(HardwareError, match="no key is named 'lefft'"):
        KeyReader(clock, ["lefft"])
    clock.close()
