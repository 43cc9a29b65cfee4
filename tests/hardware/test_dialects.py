"""Each dialect byte for byte, its model, and both through a pseudo-terminal under a MarkerLine."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest

from experiment.clock import RealClock
from experiment.errors import BadInput, HardwareError
from hardware.codes_back import CodesBack
from hardware.dialects import DIALECTS, Dialect, Plain, Say, check_code
from hardware.echo import PATTERN, try_port
from hardware.markers import MarkerLine
from hardware.port_url import parse_port
from hardware.ports import EchoSettings, SerialPort, check_port, open_port
from hardware.pulse_dialects import Sign
from tests.hardware.models import (
    MODELS,
    BbtkModel,
    Garbage,
    Model,
    Shown,
    StimTrackerModel,
    TriggerBoxModel,
    Usb2Ttl8Model,
)


class Device(threading.Thread):
    """A model at the far end of a pseudo-terminal, on the session's clock."""

    def __init__(self, far: int, model: Model, clock: RealClock) -> None:
        super().__init__(daemon=True)
        self.model = model
        self.got = b""
        self.shown: list[Shown] = []
        self.garbage: Garbage | None = None
        self._far = far
        self._clock = clock
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set() or select.select([self._far], [], [], 0)[0]:
            if not select.select([self._far], [], [], 0.01)[0]:
                continue
            data = os.read(self._far, 4096)
            self.got += data
            try:
                self.shown += self.model.feed(self._clock.now(), data)
            except Garbage as garbage:
                self.garbage = garbage
            if answer := self.model.answer():
                os.write(self._far, answer)

    def end(self) -> None:
        """Take what is still on the way, then stop."""
        self._ended.set()
        self.join()


@contextmanager
def plugged_in(terminal: Any, model: Model, clock: RealClock) -> Iterator[Device]:
    device = Device(terminal.far, model, clock)
    device.start()
    try:
        yield device
    finally:
        device.end()


def said(dialect: Dialect) -> bytes:
    return b"".join(say.data for say in dialect.setup())


@pytest.mark.parametrize(
    ("name", "baud", "setup", "sent", "reset"),
    [
        ("plain", 115200, b"", [b"\x01", b"1", b"\xc8", b"\xff"], b"\0"),
        ("triggerbox", 57600, b"", [b"\x01", b"1", b"\xc8", b"\xff"], b"\0"),
        (
            "stimtracker",
            115200,
            b"_d2mp\x08\0\0\0",
            [b"mh\x01\0", b"mh1\0", b"mh\xc8\0", b"mh\xff\0"],
            b"mh\0\0",
        ),
        (
            "usb2ttl8",
            128000,
            b"GET CONFIG\nSET DATA_MODE WRITE\n",
            [b"WRITE 1\n", b"WRITE 49\n", b"WRITE 200\n", b"WRITE 255\n"],
            b"WRITE 0\n",
        ),
        ("bbtk", 115200, b"RR##", [b"01", b"31", b"C8", b"FF"], b"00"),
    ],
)
def test_bytes(name: str, baud: int, setup: bytes, sent: list[bytes], reset: bytes) -> None:
    dialect = DIALECTS[name](0.008)
    assert (dialect.name, dialect.baud) == (name, baud)
    assert said(dialect) == setup
    assert [dialect.code(code) for code in (1, 49, 200, 255)] == sent
    assert dialect.reset() == reset
    assert dialect.resets_itself == (name == "stimtracker")


def test_a_long_pulse_is_four_bytes_little_endian() -> None:
    assert said(DIALECTS["stimtracker"](70.0)).endswith(b"mp\x70\x11\x01\0")


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("code", [0, -1, 256, 1000])
def test_a_code_that_no_device_can_show(name: str, code: int) -> None:
    with pytest.raises(BadInput, match=f"marker code {code}: 1 to 255 are allowed"):
        DIALECTS[name](0.005).code(code)


def test_a_pulse_that_a_stimtracker_cannot_do() -> None:
    for pulse in (0.0055, 0.0001, 5e6):
        with pytest.raises(BadInput, match="takes whole ms from 1"):
            DIALECTS["stimtracker"](pulse)


def test_there_is_a_model_for_each_dialect() -> None:
    assert list(MODELS) == list(DIALECTS)


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("piece", [1, 2, 3, 1000])
def test_a_model_decodes_its_dialect_in_pieces_of_any_size(name: str, piece: int) -> None:
    dialect, model = DIALECTS[name](0.005), MODELS[name]()
    stream = said(dialect) + b"".join(
        dialect.code(code) + dialect.reset() for code in range(1, 256)
    )
    back = CodesBack(dialect)
    shown: list[Shown] = []
    signs: list[Sign] = []
    for start in range(0, len(stream), piece):
        shown += model.feed(0.0, stream[start : start + piece])
        signs += back.read(0.0, stream[start : start + piece])
    assert [one.code for one in shown] == list(range(1, 256))
    assert model.lines == 0
    assert [(sign.kind, int(sign.value)) for sign in signs] == [("code", n) for n in range(1, 256)]


@pytest.mark.parametrize("name", ["plain", "triggerbox", "usb2ttl8", "bbtk"])
def test_a_code_that_is_repeated_without_a_reset_shows_nothing(name: str) -> None:
    dialect, model = DIALECTS[name](0.005), MODELS[name]()
    model.feed(0.0, said(dialect))
    assert model.feed(1.0, dialect.code(31)) == [Shown(1.0, 31)]
    assert model.feed(2.0, dialect.code(31)) == []
    assert model.feed(3.0, dialect.code(32)) == [Shown(3.0, 32)]
    assert model.feed(4.0, dialect.reset()) == []
    assert model.feed(5.0, dialect.code(32)) == [Shown(5.0, 32)]


def test_a_stimtracker_ends_its_pulses_and_forgets_half_a_command() -> None:
    dialect, model = DIALECTS["stimtracker"](0.005), StimTrackerModel()
    assert model.feed(0.0, dialect.code(31)) == [Shown(0.0, 31)]  # told no width: it stays up
    assert model.feed(1.0, dialect.code(31) + dialect.reset()) == []
    model.feed(2.0, said(dialect))
    assert model.feed(2.000, dialect.code(31)) == [Shown(2.0, 31)]
    assert model.feed(2.004, dialect.code(31)) == []  # still up, and now until 2.009
    assert model.feed(2.010, dialect.code(31)) == [Shown(2.010, 31)]
    assert model.feed(3.0, b"mh\x07") == []
    assert model.feed(3.2, dialect.code(8)) == [Shown(3.2, 8)]


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (StimTrackerModel(), b"31"),
        (StimTrackerModel(), b"mx"),
        (StimTrackerModel(), b"mh\0\1"),
        (StimTrackerModel(), b"_d9"),
        (Usb2Ttl8Model(), b"WRITE 5\n"),  # before it was told to
        (Usb2Ttl8Model(), b"SET DATA_MODE WRITE\nWRITE 256\n"),
        (Usb2Ttl8Model(), b"SET DATA_MODE WRITE\nWRITE 05\n"),
        (Usb2Ttl8Model(), b"SET DATA_MODE WRITE\nWRITE 5\r\n"),
        (Usb2Ttl8Model(), b"\xff" * 100),
        (BbtkModel(), b"ff"),
        (BbtkModel(), b"1\n"),
        (BbtkModel(), b"\xc3\x88"),
    ],
)
def test_a_model_is_strict(model: Model, data: bytes) -> None:
    with pytest.raises(Garbage):
        model.feed(0.0, data)


@pytest.mark.parametrize("name", DIALECTS)
def test_what_was_planned_is_what_the_device_shows(terminal: Any, records: Any, name: str) -> None:
    clock = RealClock()
    planned = [1, 31, 31, 200, 255, 255, 49, 128]
    with plugged_in(terminal, MODELS[name](), clock) as device:
        port = open_port(f"{terminal.path}?device={name}&pulse_ms=6")
        line = MarkerLine(port, clock, records.add)
        for n, code in enumerate(planned):
            line.send(n, "x", code, flip=clock.now())
        records.wait_for("marker_sent", len(planned))
        time.sleep(0.02)
        line.close()
        clock.sleep_until(clock.now() + 0.05)
    clock.close()
    assert device.garbage is None, device.got
    assert [shown.code for shown in device.shown] == planned
    assert device.model.lines == 0
    assert not records.of("fault")
    dialect = DIALECTS[name](0.006)
    assert device.got.startswith(said(dialect) + dialect.reset() + dialect.code(1))
    begun = [event["begun"] for event in records.of("marker_sent")]
    assert all(later - now >= 0.006 for now, later in pairwise(begun))


class Pairs(Plain):
    """A device that wants each code twice, after a greeting."""

    name = "pairs"

    def setup(self) -> tuple[Say, ...]:
        return (Say(b"hi"),)

    def code(self, code: int) -> bytes:
        return bytes((0xFE, check_code(code), code))

    def reset(self) -> bytes:
        return b"\xfe\0\0"


def test_a_new_dialect_is_a_class_and_a_row(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DIALECTS, Pairs.name, Pairs)  # the row
    port = open_port(f"{terminal.path}?device=pairs")
    port.write(7)
    port.reset()
    port.write(7)
    port.close()
    got = terminal.read(11)
    assert got == b"hi\xfe\7\7\xfe\0\0\xfe\7\7"
    echo = EchoSettings.of("/dev/x?device=pairs")
    signs = CodesBack(echo.dialect).read(1.0, b"?" + got + b"\xfe\7\1")
    assert [(sign.kind, sign.value) for sign in signs] == [
        ("other", "63"),
        ("code", "7"),
        ("code", "7"),
        *(("other", str(byte)) for byte in (0xFE, 7, 1)),
    ]
    with pytest.raises(BadInput, match="'fax' is unknown, allowed: bbtk, pairs, plain"):
        check_port("/dev/x?device=fax")


class Wrong(TriggerBoxModel):
    """Says something else than any device should."""

    def feed(self, t: float, data: bytes) -> list[Shown]:
        self._said = b'{"model_name": "MilliKey"}\r\n'
        return super().feed(t, data)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("stimtracker", "Cedrus StimTracker or c-pod"),
        ("usb2ttl8", "LabHackers USB2TTL8"),
        ("bbtk", "Black Box Toolkit USB TTL module"),
    ],
)
def test_another_device_at_the_end_of_the_cable(terminal: Any, name: str, title: str) -> None:
    clock = RealClock()
    with (
        plugged_in(terminal, Wrong(), clock),
        pytest.raises(HardwareError, match=rf"answers b.*; is this the {title}, switched on\?"),
    ):
        open_port(f"{terminal.path}?device={name}")
    clock.close()
    open_port(terminal.path).close()  # it was let go of


def test_a_device_that_says_nothing(terminal: Any) -> None:
    url = parse_port(f"{terminal.path}?device=usb2ttl8")
    with pytest.raises(HardwareError, match="does not answer; is this the LabHackers USB2TTL8"):
        SerialPort(url, answers_within=0.05)


def test_a_c_pod_is_a_stimtracker_too(terminal: Any) -> None:
    clock, model = RealClock(), StimTrackerModel()
    model.product = b"4"
    with plugged_in(terminal, model, clock):
        open_port(f"{terminal.path}?device=stimtracker").close()
    clock.close()
    assert model.pulse_ms == 5


def test_trying_a_device_that_ends_its_own_pulses(terminal: Any) -> None:
    clock = RealClock()
    with plugged_in(terminal, StimTrackerModel(), clock) as device:
        try_port(f"{terminal.path}?device=stimtracker&pulse_ms=2", times=2)
        clock.sleep_until(clock.now() + 0.05)
    clock.close()
    assert [shown.code for shown in device.shown] == list(PATTERN) * 2
    assert device.got.count(b"mh\0\0") == 2  # at the start and at the end


def test_a_command_that_was_cut_is_completed_not_glued_to_the_next(terminal: Any) -> None:
    clock, model = RealClock(), Usb2Ttl8Model()
    with plugged_in(terminal, model, clock):
        port = open_port(f"{terminal.path}?device=usb2ttl8")
    refused = []
    for n in range(5000):  # nobody reads: the buffer fills
        try:
            port.write(n % 255 + 1)
        except HardwareError as error:
            refused.append(str(error))
    assert any(" bytes" in problem and " took " in problem for problem in refused)
    with plugged_in(terminal, model, clock) as device:
        while device.is_alive() and not device.got:
            time.sleep(0.01)
        clock.sleep_until(clock.now() + 0.2)
        port.write(77)
        clock.sleep_until(clock.now() + 0.05)
    assert device.garbage is None
    assert device.shown[-1].code == 77
    port.close()
    clock.close()
