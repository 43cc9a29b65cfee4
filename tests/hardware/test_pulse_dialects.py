from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from experiment.clock import RealClock
from experiment.errors import BadInput
from hardware.port_url import parse_port
from hardware.pulse_dialects import PULSE_DIALECTS, Sign, pulse_dialect
from hardware.pulses import check_scanner, open_scanner
from hardware.serial_pulses import ScannerSettings

STATE_PERIOD = 1 / 800  # s


def said(device: str, symbol: str | None, data: bytes) -> list[tuple[str, str, bool]]:
    return [(s.kind, s.value, s.down) for s in pulse_dialect(device, symbol).read(1.0, data)]


PULSE = ("pulse", "", True)


@pytest.mark.parametrize("device", ["plain", "nnl"])
@pytest.mark.parametrize("symbol", ["5", "t", "1", "=", "\xff", "\0"])
def test_a_character_is_a_pulse_and_each_other_byte_is_none(device: str, symbol: str) -> None:
    for byte in range(256):
        expected = PULSE if byte == ord(symbol) else ("other", str(byte), True)
        assert said(device, symbol, bytes([byte])) == [expected]


def test_any_byte_may_be_a_pulse() -> None:
    assert said("plain", "any", bytes(range(256))) == [PULSE] * 256


def test_five_is_meant_where_nothing_is_said() -> None:
    assert said("plain", None, b"55") == said("nnl", None, b"55") == [PULSE, PULSE]


def test_a_forp_pulse_is_the_rising_edge_of_the_trigger_bit() -> None:
    assert said("forp", None, b"\0\x10\x10\x10\0\0\x10\0") == [PULSE, PULSE]


def test_forp_buttons_go_down_and_up_alone_and_together_and_beside_a_pulse() -> None:
    assert said("forp", None, b"\0\x01\x01\x03\x13\x12\x02\0\x0c\0") == [
        ("key", "blue", True),
        ("key", "yellow", True),
        PULSE,
        ("key", "blue", False),
        ("key", "yellow", False),
        ("key", "green", True),
        ("key", "red", True),
        ("key", "green", False),
        ("key", "red", False),
    ]


@pytest.mark.parametrize("first", range(32))
def test_every_change_of_forp_lines_is_read_as_the_lines_say(first: int) -> None:
    for second in range(32):
        dialect = pulse_dialect("forp", None)
        dialect.read(1.0, bytes([first]))
        signs = dialect.read(2.0, bytes([second]))
        keys = {s.value: s.down for s in signs if s.kind == "key"}
        for bit, name in ((1, "blue"), (2, "yellow"), (4, "green"), (8, "red")):
            changed = bool((first ^ second) & bit)
            assert keys.get(name) == (bool(second & bit) if changed else None)
        assert (Sign("pulse", 2.0) in signs) == (second & 0x10 > first & 0x10)


def test_forp_lines_that_are_high_from_the_first_are_no_pulse_and_no_press() -> None:
    assert said("forp", None, b"\x11\x11") == []
    assert said("forp", None, b"\x10\0\x10") == [PULSE]
    assert said("forp", None, b"\x01\x11\0") == [PULSE, ("key", "blue", False)]


def test_a_forp_button_that_is_held_while_the_port_is_lost_is_let_go(
    terminal: Any, second_terminal: Any, records: Any, tmp_path: Path
) -> None:
    plug = tmp_path / "port"
    plug.symlink_to(terminal.path)
    clock = RealClock()
    source = open_scanner(f"{plug}?device=forp", clock, records.add, 2.0, 10)
    terminal.write(b"\0\x10\x11\x13\x03")
    records.wait_for("pulse", 1)
    plug.unlink()
    terminal.unplug()
    (fault,) = records.wait_for("fault", 1)
    plug.symlink_to(second_terminal.path)
    records.wait_for("scanner_port_back", 1)
    second_terminal.write(b"\x11")  # still held, in the middle of a pulse
    second_terminal.write(b"\0\x10\x12")
    records.wait_for("pulse", 2)
    source.close()
    clock.close()
    assert len(records.of("pulse")) == 2
    keys = source.keys()
    assert [(key.key, key.down) for key in keys] == [
        ("blue", True),
        ("yellow", True),
        ("blue", False),
        ("yellow", False),
        ("yellow", True),
    ]
    assert [key.t for key in keys if not key.down] == [round(fault["t"], 6)] * 2


def test_forp_lines_that_mean_nothing_are_told_once() -> None:
    assert said("forp", None, b"\x20\x20\x30\0") == [("other", "32", True), PULSE]


def test_forp_states_that_are_read_together_are_stamped_a_period_apart() -> None:
    dialect = pulse_dialect("forp", None)
    signs = dialect.read(1.0, b"\0\0\x10\x10\0\0\0\x01\0")
    assert [s.t for s in signs] == pytest.approx(
        [1.0 - 6 * STATE_PERIOD, 1.0 - STATE_PERIOD, 1.0], abs=1e-9
    )
    assert dialect.read(1.0001, b"\0\x10")[0].t == 1.0001
    later = dialect.read(1.0002, b"\0\0\x10\0")
    assert all(s.t >= 1.0001 for s in later), "stamps never go back"


def test_a_state_over_two_reads_is_one_pulse() -> None:
    dialect = pulse_dialect("forp", None)
    assert len(dialect.read(1.0, b"\0\x10")) == 1
    assert dialect.read(1.1, b"\x10\0") == []


@pytest.mark.parametrize(
    ("symbol", "key"), [("5", "5"), ("t", "t"), ("T", "t"), ("=", "equal"), (None, "5")]
)
def test_a_keyboards_key(symbol: str | None, key: str) -> None:
    assert pulse_dialect("keyboard", symbol).key == key


@pytest.mark.parametrize(
    ("device", "symbol", "problem"),
    [
        ("plain", "55", "one character"),
        ("plain", "", "one character"),
        ("nnl", "→", "one character"),
        ("forp", "5", "a fORP sends states"),
        ("keyboard", "any", "a letter, a digit"),
        ("keyboard", "é", "a letter, a digit"),
        ("fax", "5", "allowed: forp, keyboard, nnl, plain"),
    ],
)
def test_what_a_device_can_not_be(device: str, symbol: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        pulse_dialect(device, symbol)


class Doubled:
    """A device that says each volume with two bytes."""

    name: ClassVar[str] = "doubled"
    baud: ClassVar[int] = 4800
    key: ClassVar[None] = None

    def __init__(self, symbol: str | None, marks: Mapping[str, str]) -> None:
        if symbol is not None or marks:
            raise BadInput("port option symbol: a doubled device has none")

    def read(self, stamp: float, data: bytes) -> list[Sign]:
        return [Sign("pulse", stamp) for _ in range(data.count(b"V!"))]


def test_a_new_dialect_is_a_class_and_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PULSE_DIALECTS, Doubled.name, Doubled)  # the row
    check_scanner("/dev/x?device=doubled", 2.0)
    assert said("doubled", None, b"V!V!") == [PULSE, PULSE]
    assert ScannerSettings.of(parse_port("/dev/x?device=doubled")).baud == 4800
    for wrong, problem in (
        ("/dev/x?device=doubled&symbol=5", "has none"),
        ("keyboard:?device=doubled", "go together"),
        ("/dev/x?device=fax", "allowed: doubled, forp"),
    ):
        with pytest.raises(BadInput, match=problem):
            check_scanner(wrong, 2.0)


def test_speeds() -> None:
    assert {n: d.baud for n, d in PULSE_DIALECTS.items() if d.baud} == {
        "plain": 57600,
        "nnl": 57600,
        "forp": 19200,
    }


# --- through a pseudo-terminal and the reading process ----------------------------------------


def forp_states(count: int) -> tuple[bytes, int, int]:
    """Return states with a pulse each 80 and a press each 200 of them, and how many of each."""
    states = bytearray(count)
    for i in range(40, count - 10, 80):
        states[i : i + 5] = bytes([0x10] * 5)
    for i in range(100, count - 30, 200):
        for j in range(i, i + 20):
            states[j] |= 0x04
    return bytes(states), len(range(40, count - 10, 80)), len(range(100, count - 30, 200))


def test_nothing_of_a_forp_at_800_states_a_second_is_lost(terminal: Any, records: Any) -> None:
    clock = RealClock()
    states, pulses, presses = forp_states(2400)
    source = open_scanner(f"{terminal.path}?device=forp", clock, records.add, 0.1, 10)
    sent: dict[int, float] = {}

    def stream() -> None:
        begun = time.perf_counter()
        for i in range(len(states)):
            time.sleep(max(begun + i * STATE_PERIOD - time.perf_counter(), 0))
            if states[i] & 0x10 and not states[i - 1] & 0x10:
                sent[i] = clock.now()
            terminal.write(states[i : i + 1])

    thread = threading.Thread(target=stream)
    thread.start()
    thread.join()
    events = records.wait_for("pulse", pulses)
    source.close()
    keys = source.keys()
    clock.close()
    assert len(events) == pulses
    assert [(k.key, k.down, k.device) for k in keys] == [
        ("green", down, "buttons") for _ in range(presses) for down in (True, False)
    ]
    assert [k.t for k in keys] == sorted(k.t for k in keys)
    assert records.of("scanner_bytes")[0]["count"] == len(states)
    late = sorted(e["t"] - t for e, t in zip(events, sent.values(), strict=True))
    assert late[len(late) // 2] < 0.01
    assert records.of("fault") == []


def test_a_hundred_thousand_bytes_at_once_and_none_is_lost(terminal: Any, records: Any) -> None:
    clock = RealClock()
    states, pulses, presses = forp_states(100_000)
    source = open_scanner(f"{terminal.path}?device=forp", clock, records.add, 0.1, 10)
    for i in range(0, len(states), 1000):
        terminal.write(states[i : i + 1000])
    records.wait_for("pulse", pulses, limit=30.0)
    source.close()
    clock.close()
    assert len(records.of("pulse")) == pulses
    assert len(source.keys()) == 2 * presses
    assert records.of("scanner_bytes")[0]["count"] == 100_000


@pytest.mark.parametrize(
    ("query", "byte"),
    [("device=nnl&symbol=s", b"s"), ("symbol==", b"="), ("symbol=1&baud=9600", b"1")],
)
def test_characters_over_a_pseudo_terminal(
    terminal: Any, records: Any, query: str, byte: bytes
) -> None:
    clock = RealClock()
    source = open_scanner(f"{terminal.path}?{query}", clock, records.add, 2.0, 10)
    for _ in range(500):
        terminal.write(byte)
    records.wait_for("pulse", 500)
    source.close()
    clock.close()
    assert len(source.poll()) == 500
    assert source.keys() == []
    assert source.faults() == []


@pytest.mark.linux
@pytest.mark.usefixtures("display")
def test_a_scanner_that_types_is_read_and_flagged(records: Any) -> None:
    clock = RealClock()
    source = open_scanner("keyboard:?symbol=5", clock, records.add, 2.0, 10)
    begun = clock.now()
    subprocess.run(["xdotool", "key", "--delay", "20", *["5"] * 20], check=True, timeout=20)
    subprocess.run(["xdotool", "key", "b"], check=True, timeout=20)
    records.wait_for("pulse", 20)
    source.close()
    pulses = source.poll()
    assert len(pulses) == 20
    assert all(begun - 0.05 <= p.t <= clock.now() for p in pulses)
    assert len({p.t for p in pulses}) == 20
    assert source.faults() == ["keyboard_pulses"]
    assert records.of("fault")[0]["key"] == "5"
    clock.close()


def test_the_key_of_a_scanner_that_types_is_nobody_elses(records: Any) -> None:
    clock = RealClock()
    with pytest.raises(BadInput, match="'equal' has another meaning"):
        open_scanner("keyboard:?symbol==", clock, records.add, 2.0, 10, taken={"1", "equal"})
    with pytest.raises(BadInput, match="go together"):
        open_scanner("/dev/ttyS0?device=keyboard", clock, records.add, 2.0, 10)
    with pytest.raises(BadInput, match="go together"):
        open_scanner("keyboard:?device=nnl", clock, records.add, 2.0, 10)
    clock.close()
