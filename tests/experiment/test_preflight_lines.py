"""Every text of the list before a session, by the facts that bring it about: none is unreached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from experiment.clock import VirtualClock
from experiment.devices import Wires
from experiment.display import DisplayFacts
from experiment.preflight.copies import judge_copies
from experiment.preflight.desk import about_screen
from experiment.preflight.disk import DiskFacts, judge_disk
from experiment.preflight.line import TEXTS, Line, in_words
from experiment.preflight.live import judge_live
from experiment.preflight.materials import KitFacts, PictureFacts, judge_kit, judge_pictures
from experiment.preflight.opened import about_inputs
from experiment.preflight.person import judge_person
from experiment.preflight.power import PowerFacts, judge_power
from experiment.preflight.screen import ScreenFacts, judge_screen
from experiment.preflight.software import judge_version
from experiment.preflight.sound import SoundFacts, judge_sound
from experiment.preflight.time import TimeFacts, judge_time
from experiment.preflight.wiring import (
    EchoFacts,
    HeardFacts,
    PortFacts,
    judge_buttons,
    judge_echo,
    judge_marks,
    judge_ports,
    judge_pulses,
)
from experiment.protocol import Protocol, load_protocol
from experiment.running import Running
from experiment.yaml_files import read_yaml
from hardware.port_list import PortInfo

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
WINDOW = DisplayFacts("window", (1280, 720), 60.0, 60.0, waits_for_blank=True, screens=1)
SCREEN = ScreenFacts(WINDOW, (1280, 720), 1)
PORT = PortInfo("/dev/ttyUSB0", "FTDI", None, 1, "free", "", None)
HEARD = HeardFacts(True, True, 3.0, (1.0, 3.0, 5.0), ("blue",), 2.0)
FOLDER = DiskFacts(Path("/data"), 90.0, None, None)
CLOCK = TimeFacts(NOON, 0.01, NOON - timedelta(days=1))

GO = {
    "screen_size": {"none", "right"},
    "refresh": {"right"},
    "vertical_blank": {"waits"},
    "second_screen": {"one"},
    "sound": {"no_card", "off"},
    "ports": {"none", "there"},
    "latency": {"1"},
    "echo": {"none", "good", "resumed"},
    "pulses": {"none", "quiet", "seen", "in_time"},
    "marks": {"made"},
    "buttons": {"pressed", "robot", "box", "keyboard"},
    "person": {"known", "rehearsal"},
    "kit": {"not_needed", "good", "undecided"},
    "pictures": {"not_needed", "good"},
    "disk": {"enough"},
    "folder": {"good"},
    "clock": {"kept"},
    "battery": {"none", "plugged"},
    "power_plan": {"full", "unknown"},
    "copies": {"alone"},
    "stand_ins": {"none", "rehearsal"},
    "version": {"free", "right"},
}
WARNING = {
    "screen_size": {"scaled"},
    "refresh": {"unmeasured"},
    "vertical_blank": {"ignored"},
    "second_screen": {"several", "unknown"},
    "sound": {"on", "unknown"},
    "latency": {"long"},
    "echo": {"untried"},
    "pulses": {"silent"},
    "buttons": {"untried", "unknown"},
    "person": {"unknown"},
    "disk": {"little"},
    "clock": {"unkept", "rough", "wrong"},
    "battery": {"unplugged"},
    "power_plan": {"saving", "shared"},
    "copies": {"another"},
}
NO_GO = {
    "screen_size": {"failed", "other"},
    "refresh": {"other"},
    "ports": {"missing", "busy", "forbidden"},
    "echo": {"wrong"},
    "pulses": {"unplugged", "other_tr", "deaf"},
    "marks": {"unmade"},
    "buttons": {"none"},
    "kit": {"against"},
    "pictures": {"wrong"},
    "disk": {"full"},
    "folder": {"refused", "synced"},
    "battery": {"empty"},
    "stand_ins": {"live"},
    "version": {"other"},
}


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No display answers, so that the one window that is asked for can't be opened."""
    monkeypatch.setenv("DISPLAY", ":987")


def lines() -> Iterator[Line]:
    """Each judge, given the facts of every machine that we can think of."""
    protocol = load_protocol(ROOT / "example-study" / "study.yaml")[0]
    yield from about_screen(protocol, fullscreen=False)
    for shown in (
        WINDOW,
        replace(WINDOW, kind="none"),
        replace(WINDOW, size_px=(1920, 1080)),
        replace(WINDOW, size_px=(1024, 768)),
        replace(WINDOW, measured_hz=75.0),
        replace(WINDOW, waits_for_blank=False),
    ):
        yield from judge_screen(replace(SCREEN, display=shown))
    for screens in (2, None):
        yield from judge_screen(replace(SCREEN, screens=screens))
    for sound in ((0, None), (1, None), (1, True), (1, False)):
        yield judge_sound(SoundFacts(*sound))
    for port in (
        PORT,
        replace(PORT, latency_ms=16, warning="set it", mend="echo 1"),
        replace(PORT, state="busy", detail="minicom"),
        replace(PORT, state="unknown", detail="not allowed to open it"),
    ):
        yield from judge_ports([PortFacts("trigger", port.path, True, port)])
    yield from judge_ports([])
    yield from judge_ports([PortFacts("trigger", "/dev/ttyUSB7", False, None)])
    for echo in (
        EchoFacts(wired=False),
        EchoFacts(True, 8),
        EchoFacts(True, 8, 1, 0),
        EchoFacts(True, problem="busy"),
        EchoFacts(True, resumed=True),
    ):
        yield judge_echo(echo)
    for heard in (
        HEARD,
        replace(HEARD, wired=False),
        replace(HEARD, wired=False, needed=True),
        replace(HEARD, pulses=()),
        replace(HEARD, pulses=(1.0,)),
        replace(HEARD, tr=1.0),
        replace(HEARD, problem="gone"),
    ):
        yield judge_pulses(heard)
    yield judge_pulses(replace(HEARD, pulses=()), before_run=True)
    pet = _waiting_for("injection", protocol)
    for wired in (Wires(None, None), Wires(None, None, marks="/dev/ttyUSB2?injection=i")):
        yield from judge_marks(wired, pet, pet.tasks)
    yield judge_buttons(HEARD, None)
    yield judge_buttons(replace(HEARD, buttons=()), None)
    for keyboards in (None, 0, 1):
        yield judge_buttons(replace(HEARD, wired=False), keyboards)
    yield from _opened(protocol)
    for known, live in ((True, True), (False, True), (False, False)):
        yield judge_person(known, live=live)
    for undecided in (0, 3):
        yield judge_kit(KitFacts(needed=True, undecided=undecided))
    yield judge_kit(KitFacts(needed=False))
    yield judge_kit(KitFacts(True, ("m001: nobody looked it through",)))
    yield judge_pictures(PictureFacts(needed=False))
    yield judge_pictures(PictureFacts(True, ("p41.png can't be decoded",)))
    yield judge_pictures(PictureFacts(needed=True))
    for disk in (
        FOLDER,
        replace(FOLDER, free_gb=1.0),
        replace(FOLDER, free_gb=0.1),
        replace(FOLDER, refused="Permission denied"),
        replace(FOLDER, synced="Dropbox"),
    ):
        yield from judge_disk(disk)
    for clock in (
        CLOCK,
        replace(CLOCK, error=None),
        replace(CLOCK, error=3.0),
        replace(CLOCK, newest=NOON + timedelta(days=2)),
    ):
        yield judge_time(clock)
    for battery, plugged, saves in (
        (None, True, None),
        (50, True, True),
        (50, False, False),
        (10, False, None),
    ):
        yield from judge_power(PowerFacts(battery, plugged, saves))
    yield from judge_power(PowerFacts(None, True, None, taken=4.6))
    yield judge_copies([])
    yield judge_copies([Running("sub-013_ses-01", "2026-03-01T11:00", "desk", 7)])
    for found in ({}, {"trigger": "mock:"}):
        for live in (True, False):
            yield judge_live(found, live=live)
    for wanted in (None, "0.1.0", "9.9.9"):
        yield judge_version(wanted, "0.1.0")


def _waiting_for(mark: str, protocol: Protocol) -> Protocol:
    """Return a protocol whose scanner task waits for a mark that no key makes."""
    devices = protocol.devices
    buttons = devices.buttons.model_copy(update={"marks": {}})
    waiting = protocol.tasks["messages"].model_copy(update={"begins": mark})
    return protocol.model_copy(
        update={
            "tasks": {**protocol.tasks, "messages": waiting},
            "devices": devices.model_copy(update={"buttons": buttons}),
        }
    )


def _opened(protocol: Protocol) -> Iterator[Line]:
    """What a session that is about to begin tells of its inputs."""
    yield about_inputs("typical", [], None, VirtualClock(), protocol)[1]

    class Silent:
        def poll(self) -> list[Any]:
            return []

    boxed = protocol.model_copy(
        update={
            "devices": protocol.devices.model_copy(
                update={
                    "buttons": protocol.devices.buttons.model_copy(update={"confirm": ("blue",)})
                }
            )
        }
    )
    yield about_inputs(None, [], Silent(), VirtualClock(), boxed)[1]  # type: ignore[arg-type]


def test_every_line_is_reached_both_ways() -> None:
    reached: dict[str, dict[str, set[str]]] = {"go": {}, "warning": {}, "no-go": {}}
    for line in lines():
        reached[line.verdict].setdefault(line.subject, set()).add(line.what)
    assert reached == {"go": GO, "warning": WARNING, "no-go": NO_GO}
    for subject in GO:  # both ways: what is as it must be, and what isn't
        assert subject in WARNING or subject in NO_GO, subject


@pytest.mark.parametrize("language", ["en", "ar", "ja"])
def test_no_text_is_unreached_and_whatever_is_no_go_says_what_to_do(language: str) -> None:
    texts = read_yaml(TEXTS / f"{language}.yaml")
    written = {
        subject: section.keys() - {"name"}
        for subject, section in texts.items()
        if subject not in ("direction", "said", "questions")
    }
    reached: dict[str, set[str]] = {}
    for line in lines():
        reached.setdefault(line.subject, set()).add(line.what)
        (told,) = in_words([line], language)
        assert told.subject, line
        assert told.found, line
        assert bool(told.remedy) == (line.verdict != "go"), line
        assert "{" not in told.found + told.remedy, line
    assert reached == written
