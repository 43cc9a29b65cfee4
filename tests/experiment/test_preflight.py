"""The list before a session: every line both ways, from facts, and from real parts where we can."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from experiment.devices import Wires
from experiment.display import DisplayFacts
from experiment.errors import BadInput, KindredError
from experiment.examples import make_study
from experiment.preflight.checks import Checks, Subject, for_header, stop_at_no_go
from experiment.preflight.desk import check_session
from experiment.preflight.games import game_lines
from experiment.preflight.line import Line, worst
from experiment.preflight.live import judge_live, refuse_stand_ins, stand_ins
from experiment.preflight.materials import (
    KitFacts,
    PictureFacts,
    gather_kit,
    gather_pictures,
    judge_kit,
    judge_pictures,
    wrong_own_picture,
)
from experiment.preflight.screen import ScreenFacts, judge_screen
from experiment.preflight.sound import SoundFacts, gather_sound, judge_sound
from experiment.preflight.wiring import (
    EchoFacts,
    HeardFacts,
    gather_echo,
    gather_ports,
    judge_buttons,
    judge_echo,
    judge_ports,
    judge_pulses,
    listen,
)
from experiment.study import open_study
from tests.experiment.lines_told import NewStudy, saying, told

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


# --- display and sound ---------------------------------------------------------------------------

SHOWN = DisplayFacts("window", (1280, 720), 60.0, 60.02, waits_for_blank=True, screens=1)


@pytest.mark.parametrize(
    ("facts", "subject", "expected"),
    [
        (SHOWN, "screen_size", "go: 1280x720"),
        (replace(SHOWN, size_px=(1920, 1080)), "screen_size", "warning: 1920x1080, the protocol"),
        (replace(SHOWN, size_px=(1024, 768)), "screen_size", "no-go: 1024x768, the protocol"),
        (SHOWN, "refresh", "go: 60.0 Hz measured"),
        (replace(SHOWN, measured_hz=75.0), "refresh", "no-go: 75.0 Hz measured, 60 Hz wanted"),
        (replace(SHOWN, waits_for_blank=False), "refresh", "warning: can't be measured"),
        (SHOWN, "vertical_blank", "go: each frame waits"),
        (replace(SHOWN, waits_for_blank=False), "vertical_blank", "warning: frames don't wait"),
        (SHOWN, "second_screen", "go: one screen"),
        (replace(SHOWN, screens=2), "second_screen", "warning: 2 screens"),
        (replace(SHOWN, screens=None), "second_screen", "warning: how many"),
    ],
)
def test_the_display(facts: DisplayFacts, subject: str, expected: str) -> None:
    lines = {
        line.subject: line for line in judge_screen(ScreenFacts(facts, (1280, 720), facts.screens))
    }
    assert told(lines[subject]).startswith(expected)


def test_the_sound(tmp_path: Path) -> None:
    assert (
        told(judge_sound(gather_sound(saying(), tmp_path, "linux"))) == "go: the machine has none"
    )
    (tmp_path / "card0").mkdir()
    for answers, expected in (
        ({"pactl": "Mute: yes\n"}, "go: off"),
        ({"pactl": "Mute: no\n"}, "warning: is on"),
        ({"amixer": "Mono: Playback 0 [0%] [off]"}, "go: off"),
        ({}, "warning: whether it is off can't be told"),
    ):
        assert told(judge_sound(gather_sound(saying(**answers), tmp_path, "linux"))) == expected
    assert gather_sound(saying(osascript="true\n"), tmp_path, "darwin") == SoundFacts(None, True)
    assert gather_sound(saying(), tmp_path, "win32") == SoundFacts(None, None)


# --- what is plugged in --------------------------------------------------------------------------


def test_ports_and_their_latency_timer(terminal: Any, tmp_path: Path) -> None:
    wires = Wires(f"{terminal.path}?device=plain", None)
    ports = gather_ports(wires, tmp_path)
    assert told(judge_ports(ports)[0]) == f"go: trigger {terminal.path} is there and free"
    timer = tmp_path / Path(terminal.device).name / "latency_timer"
    timer.parent.mkdir()
    for ms, verdict in ((16, "warning"), (1, "go")):
        timer.write_text(f"{ms}\n")
        line = judge_ports(gather_ports(wires, tmp_path))[1]
        assert (line.subject, line.verdict) == ("latency", verdict)
        assert told(line)
    with terminal.held():
        assert "is taken by cat, process" in told(judge_ports(gather_ports(wires, tmp_path))[0])
    (gone,) = judge_ports(gather_ports(Wires("/dev/nowhere", None), tmp_path))
    assert told(gone) == "no-go: trigger /dev/nowhere is not there"
    (fact,) = gather_ports(wires, tmp_path / "none")
    assert fact.info is not None
    closed = replace(fact, info=replace(fact.info, state="unknown", detail="not allowed; add"))
    assert told(judge_ports([closed])[0]).startswith("no-go: trigger")
    assert told(judge_ports([])[0]) == "go: no trigger port is set; markers go into the log alone"


def test_the_echo(terminal: Any) -> None:
    import threading

    def loop_back() -> None:
        while data := terminal.read(1):
            terminal.write(data)
            if data == b"\xff":
                terminal.read(1)
                return

    wires = Wires(terminal.path, None, echo=terminal.path)
    threading.Thread(target=loop_back, daemon=True).start()
    good = gather_echo(wires, resumed=False)
    assert (good.sent, good.lost) == (9, 0)
    assert told(judge_echo(replace(good, strange=0))) == "go: all 9 test codes came back"
    assert told(judge_echo(EchoFacts(True, 9, 2, 1))).startswith("no-go: of 9 test codes 2 were")
    assert told(judge_echo(gather_echo(Wires(None, None), resumed=False))) == "go: no echo is wired"
    assert told(judge_echo(gather_echo(wires, resumed=True))) == (
        "go: not tried: the session goes on, and a scan may be running"
    )


HEARD = HeardFacts(True, True, 3.0, (1.0, 3.0, 5.0), ("blue",), 2.0)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (HEARD, "go: 3 came, one each 2 s (TR 2 s)"),
        (replace(HEARD, pulses=(1.0,)), "go: 1 came within 3 s"),
        (replace(HEARD, pulses=()), "warning: none came within 3 s"),
        (replace(HEARD, tr=1.5), "no-go: they come each 2 s, the protocol says 1.5 s"),
        (replace(HEARD, problem="busy"), "no-go: the port can't be listened to: busy"),
        (replace(HEARD, wired=False), "go: the session needs no scanner"),
    ],
)
def test_the_scanners_pulses(facts: HeardFacts, expected: str) -> None:
    assert told(judge_pulses(facts)) == expected
    before_run = judge_pulses(replace(facts, pulses=(), problem=None), before_run=True)
    assert before_run.verdict == "go"


@pytest.mark.parametrize(
    ("facts", "keyboards", "expected"),
    [
        (HEARD, None, "go: pressed: blue"),
        (replace(HEARD, buttons=()), 1, "warning: nobody pressed one within 3 s"),
        (replace(HEARD, box=False), 2, "go: 2 keyboards or boxes that type"),
        (replace(HEARD, wired=False), 0, "no-go: nothing to press was found"),
        (replace(HEARD, wired=False), None, "warning: nobody looked"),
    ],
)
def test_the_button_box(facts: HeardFacts, keyboards: int | None, expected: str) -> None:
    assert told(judge_buttons(facts, keyboards)) == expected


def test_pulses_and_buttons_are_heard_on_a_real_port(new_study: NewStudy, terminal: Any) -> None:
    import threading
    import time

    protocol = open_study(new_study(kit=False)).protocol

    def send() -> None:
        for byte in (b"\x00", b"\x10", b"\x00", b"\x01", b"\x10", b"\x00", b"\x10", b"\x00"):
            time.sleep(0.05)
            terminal.write(byte)

    sender = threading.Timer(1.5, send)
    sender.start()
    heard = listen(Wires(None, f"{terminal.path}?device=forp"), protocol, 8.0)
    sender.join()
    assert len(heard.pulses) == 3
    assert heard.buttons == ("blue",)
    assert heard.seconds < 8
    gone = listen(Wires(None, "/dev/nowhere?device=forp"), protocol, 1.0)
    assert judge_pulses(gone).what == "deaf"


def test_stand_ins_are_refused_where_data_are_taken(terminal: Any, tmp_path: Path) -> None:
    real = Wires("/dev/ttyUSB0", "/dev/ttyUSB1")
    assert told(judge_live(stand_ins(real), live=True)) == "go: all are real"
    refuse_stand_ins(real)
    link = tmp_path / "scanner"
    link.symlink_to(terminal.path)
    for wires in (Wires("mock:", None), Wires(None, terminal.path), Wires(None, str(link))):
        found = stand_ins(wires)
        assert judge_live(found, live=True).verdict == "no-go"
        assert judge_live(found, live=False).verdict == "go"
        with pytest.raises(BadInput, match="a session with data needs real ones"):
            refuse_stand_ins(wires)
        with pytest.raises(KindredError, match="no real device"):
            stop_at_no_go([judge_live(found, live=True)], "the reason does not matter")


# --- what is shown -------------------------------------------------------------------------------


def test_the_kit(new_study: NewStudy) -> None:
    folder = new_study()
    study = open_study(folder)
    assert told(judge_kit(gather_kit(study, "012", ("messages",)))) == "go: complete and reviewed"
    (folder / "participants" / "012" / "kit" / "decisions.jsonl").unlink()
    against = judge_kit(gather_kit(study, "012", ("messages",)))
    assert against.verdict == "no-go"
    assert "review" in told(against)
    assert judge_kit(gather_kit(study, "099", ("messages",))).verdict == "no-go"
    assert told(judge_kit(KitFacts(needed=False))) == "go: the session shows no messages"


def test_the_pictures(tmp_path: Path) -> None:
    from experiment.examples import make_study
    from experiment.kit.own_profile import save_own_profile
    from experiment.kit.own_words import OwnWords
    from experiment.profiles import DEMO

    make_study(tmp_path / "study", "hsu2013")
    study = open_study(tmp_path / "study")
    kit = study.kit_folder("012")
    save_own_profile(kit, DEMO / "photos" / "p41.png", OwnWords("A", 30, "b"))
    tasks = study.protocol.sessions["02"].tasks
    assert told(judge_pictures(gather_pictures(study, "012", tasks))) == "go: all can be decoded"
    (own,) = kit.glob("*.png")
    own.write_bytes(own.read_bytes()[:400])
    broken = judge_pictures(PictureFacts(True, wrong_own_picture(study, "012")))
    assert broken.verdict == "no-go"
    assert "own picture can't be decoded" in told(broken)
    assert told(judge_pictures(PictureFacts(needed=False))) == "go: the session shows none"


# --- what ball games will come to ----------------------------------------------------------------


def test_what_a_sessions_ball_games_will_come_to_is_told_beforehand(tmp_path: Path) -> None:
    make_study(tmp_path / "study", "cyberball")
    study = open_study(tmp_path / "study")
    before = sorted(tmp_path.rglob("*"))
    included, excluded, onset = game_lines(study, "012", "lab")
    assert included.startswith(
        "task 'included', round 1 (included): 30 throws, the participant 33.3%, player 1 33.3% ("
    )
    assert excluded == (
        "task 'excluded', round 1 (excluded): 30 throws, the participant 6.7%, player 1 46.7%, "
        "player 2 46.7%"
    )
    assert onset.startswith("task 'excluded', round 1: exclusion begins ")
    assert sorted(tmp_path.rglob("*")) == before
    file = tmp_path / "study" / "study.yaml"
    file.write_text(file.read_text("utf-8").replace("within: 8", "within: 40"), "utf-8")
    with pytest.raises(BadInput, match="throws"):
        game_lines(open_study(tmp_path / "study"), "012", "lab")
    make_study(tmp_path / "messages")
    assert game_lines(open_study(tmp_path / "messages"), "012", "01") == []


# --- the whole list ------------------------------------------------------------------------------


def test_the_list_is_complete_and_goes_into_the_log(new_study: NewStudy) -> None:
    study = open_study(new_study())
    subject = Subject(
        study,
        "012",
        "01",
        ("messages",),
        study.log_folder("012", "01"),
        Wires(None, None),
        live=True,
    )
    checks = Checks(subject)
    lines = checks.lines()
    checks.close()
    assert {line.subject for line in lines} == {
        *("sound", "ports", "echo", "disk", "folder", "clock", "battery", "power_plan", "copies"),
        *("stand_ins", "version", "person"),
    }
    plain = for_header(lines, "because")
    assert plain["override"] == "because"
    assert plain["lines"][0]["subject"] == "sound"
    assert set(plain["lines"][0]) == {"subject", "verdict", "what", "values"}


def test_a_no_go_stops_unless_there_is_a_reason_to_go_on() -> None:
    bad = Line("disk", "no-go", "full", {"free": 0.1, "least": 0.2})
    good = Line("disk", "go", "enough", {"free": 9.0})
    assert worst([good]) == "go"
    assert worst([good, bad]) == "no-go"
    stop_at_no_go([good], None)
    with pytest.raises(KindredError, match=r"no-go: disk: 0.10 GB free.*--go-anyway REASON"):
        stop_at_no_go([good, bad], None)
    stop_at_no_go([good, bad], "the disk is emptied meanwhile")


@pytest.mark.parametrize(
    ("in_study", "asked", "verdict"),
    [
        ({}, {}, "no-go"),
        ({"  marks: none  ": "  marks: /dev/ttyUSB2?injection=i  "}, {}, "go"),
        ({"  marks_file: none  ": "  marks_file: marks.txt  "}, {}, "go"),
        ({"{scan_start: f7}": "{scan_start: f7, injection: f8}"}, {}, "go"),
        ({}, {"marks": "/dev/ttyUSB2?injection=i"}, "go"),
        ({"  marks_file: none  ": "  marks_file: marks.txt  "}, {"marks_file": "none"}, "no-go"),
    ],
)
def test_what_can_make_a_mark_that_a_scan_waits_for_is_looked_for_wherever_it_is_set(
    in_study: dict[str, str], asked: dict[str, str], verdict: str, tmp_path: Path
) -> None:
    folder = tmp_path / "pet"
    make_study(folder, "hsu2013")
    text = (folder / "study.yaml").read_text("utf-8")
    edits = {"{scan_start: f7, injection: f8}": "{scan_start: f7}", **in_study}
    for old, new in edits.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "study.yaml").write_text(text, "utf-8")
    study = open_study(folder)
    lines = check_session(
        study,
        *("012", "02"),
        marks=asked.get("marks"),
        marks_file=asked.get("marks_file"),
        window=False,
        listen=0.0,
    )
    (found,) = (line for line in lines if line.subject == "marks")
    assert found.verdict == verdict
