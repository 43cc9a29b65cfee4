"""The list before a session: every line both ways, from facts, and from real parts where we can."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from experiment.devices import Wires
from experiment.display import DisplayFacts
from experiment.errors import BadInput, KindredError
from experiment.examples import make_study
from experiment.preflight.checks import Checks, Subject, for_header, stop_at_no_go
from experiment.preflight.copies import judge_copies
from experiment.preflight.disk import DiskFacts, gather_disk, judge_disk, synced_by
from experiment.preflight.games import game_lines
from experiment.preflight.line import Line, in_words, worst
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
from experiment.preflight.person import gather_person
from experiment.preflight.power import PowerFacts, gather_power, judge_power
from experiment.preflight.screen import ScreenFacts, judge_screen
from experiment.preflight.software import judge_version
from experiment.preflight.sound import SoundFacts, gather_sound, judge_sound
from experiment.preflight.time import TimeFacts, gather_time, judge_time
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
from experiment.register.changes import enrol
from experiment.register.identity import IDENTITY_FILE, make_identity, save_identity
from experiment.running import held, running_sessions
from experiment.study import open_study

NewStudy = Callable[..., Path]
NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def told(line: Line) -> str:
    """Return verdict and words of a line, which must have both."""
    (words,) = in_words([line])
    assert words.found
    assert (words.remedy != "") >= (line.verdict == "no-go")
    return f"{line.verdict}: {words.found}"


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


def saying(**answers: str | None) -> Callable[[Sequence[str]], str | None]:
    return lambda command: answers.get(command[0])


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


# --- the machine ---------------------------------------------------------------------------------

DISK = DiskFacts(Path("study"), 50.0, None, None)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (DISK, ["go: 50.0 GB free", "go: study can be written"]),
        (replace(DISK, free_gb=1.0), ["warning: only 1.0 GB free", "go: study can be written"]),
        (replace(DISK, free_gb=0.1), ["no-go: 0.10 GB free, 0.2 are needed", "go: study can be"]),
        (replace(DISK, refused="Read-only"), ["go: 50.0", "no-go: study can't be written (Read"]),
        (replace(DISK, synced="Dropbox"), ["go: 50.0", "no-go: study is copied elsewhere by Drop"]),
    ],
)
def test_disk_and_folder(facts: DiskFacts, expected: list[str]) -> None:
    for line, start in zip(judge_disk(facts), expected, strict=True):
        assert told(line).startswith(start)


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("home/me/Dropbox/study", "Dropbox"),
        ("Users/me/OneDrive - University of X/study", "OneDrive"),
        ("Users/me/Library/Mobile Documents/com~apple~CloudDocs/study", "iCloud"),
        ("Users/me/Google Drive/study", "Google Drive"),
        ("Users/me/Library/CloudStorage/study", "a synced drive"),
        ("home/me/dropboxes/study", None),
        ("data/study", None),
    ],
)
def test_a_synced_drive_is_known_by_its_name(
    path: str, service: str | None, tmp_path: Path
) -> None:
    folder = tmp_path / path
    folder.mkdir(parents=True)
    assert synced_by(folder) == service
    assert gather_disk(folder / "sourcedata").synced == service


def test_a_synced_drive_is_known_by_its_traces(tmp_path: Path) -> None:
    (tmp_path / "box" / "study").mkdir(parents=True)
    (tmp_path / "box" / ".dropbox").touch()
    assert synced_by(tmp_path / "box" / "study") == "Dropbox"
    assert gather_disk(tmp_path / "free" / "not" / "yet").refused is None
    assert not list(tmp_path.glob("free"))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (TimeFacts(NOON, 0.004, None), "go: 2026-03-01 12:00 UTC, kept by a time server"),
        (TimeFacts(NOON, None, None), "warning: 2026-03-01 12:00 UTC; no time server"),
        (TimeFacts(NOON, 2.0, None), "warning: 2026-03-01 12:00 UTC, possibly 2.0 s wrong"),
        (TimeFacts(NOON, 0.0, NOON + timedelta(days=2)), "warning: 2026-03-01 12:00 UTC, which is"),
        (TimeFacts(NOON.replace(year=2001), 0.0, None), "warning: 2001-03-01"),
        (TimeFacts(NOON.replace(year=2090), 0.0, None), "warning: 2090-03-01"),
    ],
)
def test_the_clock(facts: TimeFacts, expected: str) -> None:
    assert told(judge_time(facts)).startswith(expected)


def test_who_can_be_asked_for_initials(new_study: NewStudy) -> None:
    study = open_study(new_study(kit=False))
    assert not gather_person(study, "012")
    enrol(study, "012", "MK", initials="AB")
    assert gather_person(study, "012")
    enrol(study, "013", "MK")
    assert not gather_person(study, "013")
    folder = study.kit_folder("013").parent
    save_identity(make_identity("CD", "red"), folder)
    assert gather_person(study, "013")
    (folder / IDENTITY_FILE).write_text("{}")
    assert not gather_person(study, "013")


def test_the_clock_of_this_machine_is_read(new_study: NewStudy) -> None:
    facts = gather_time(open_study(new_study(kit=False)))
    assert facts.newest is None
    assert facts.error is None or facts.error >= 0


@pytest.mark.parametrize(
    ("facts", "battery", "plan"),
    [
        (PowerFacts(None, True, False), "go: none", "go: full performance"),
        (PowerFacts(80, True, None), "go: 80 %, plugged in", "go: the system names none"),
        (PowerFacts(80, False, True), "warning: 80 %, not", "warning: the machine saves power"),
        (PowerFacts(9, False, False), "no-go: 9 %, not plugged in", "go: full"),
    ],
)
def test_power(facts: PowerFacts, battery: str, plan: str) -> None:
    lines = judge_power(facts)
    assert told(lines[0]).startswith(battery)
    assert told(lines[1]).startswith(plan)


def test_a_virtual_machine_whose_host_takes_its_processors(tmp_path: Path) -> None:
    counted = tmp_path / "stat"
    counted.write_text("cpu  800 0 100 5000 50 0 0 100 0 0\ncpu0 800 0 100 5000 50 0 0 100 0 0\n")
    facts = gather_power(tmp_path, platform="linux", counted=counted)
    assert facts.taken == 10.0
    assert told(judge_power(facts)[1]).startswith("warning: a virtual machine: its host kept 10 %")
    assert judge_power(facts, kept_awake=True)[1].verdict == "go"
    counted.write_text("cpu  800 0 100 5000 50 0 0 0 0 0\n")
    assert judge_power(gather_power(tmp_path, platform="linux", counted=counted))[1].verdict == "go"


def test_power_as_linux_shows_it(tmp_path: Path) -> None:
    linux = partial(gather_power, tmp_path, platform="linux", counted=tmp_path / "none")
    assert linux() == PowerFacts(None, True, None)
    for name, content in {
        "class/power_supply/BAT0/type": "Battery",
        "class/power_supply/BAT0/capacity": "64",
        "class/power_supply/AC/type": "Mains",
        "class/power_supply/AC/online": "0",
        "devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave",
        "devices/system/cpu/cpu0/cpufreq/scaling_driver": "acpi-cpufreq",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content + "\n")
    assert linux() == PowerFacts(64, False, True)
    (tmp_path / "devices/system/cpu/cpu0/cpufreq/scaling_driver").write_text("intel_pstate\n")
    (tmp_path / "class/power_supply/AC/online").write_text("1\n")
    assert linux() == PowerFacts(64, True, False)


def test_power_as_the_other_systems_tell_it(tmp_path: Path) -> None:
    mac = saying(
        pmset="Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t71%; charging"
    )
    assert gather_power(tmp_path, mac, "darwin").battery == 71
    windows = saying(
        powercfg="Power Scheme GUID: a1841308-3541-4fab-bc81-f71556f20b4a (Power saver)",
        powershell="55 1\n",
    )
    assert gather_power(tmp_path, windows, "win32") == PowerFacts(55, False, True)


def test_the_version_of_the_study() -> None:
    assert judge_version(None, "0.1.0").verdict == "go"
    assert judge_version("0.1.0", "0.1.0").verdict == "go"
    assert told(judge_version("0.2.0", "0.1.0")) == "no-go: 0.1.0, the study says 0.2.0"


HOLD = """
import sys
from pathlib import Path
from experiment.running import held
with held(Path(sys.argv[1]), "sub-012_ses-01"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_session_that_runs_is_seen_by_others_until_it_is_killed(tmp_path: Path) -> None:
    assert running_sessions(tmp_path) == []
    assert told(judge_copies([])) == "go: none of this study runs"
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        (seen,) = running_sessions(tmp_path)
        assert (seen.name, seen.pid) == ("sub-012_ses-01", other.pid)
        assert told(judge_copies([seen])).startswith("warning: sub-012_ses-01 runs since")
        with (
            pytest.raises(BadInput, match=r"runs already .* started twice"),
            held(tmp_path, "sub-012_ses-01"),
        ):
            pass
        with held(tmp_path, "sub-013_ses-01"):
            assert len(running_sessions(tmp_path)) == 1
        other.kill()
    assert running_sessions(tmp_path) == []
    with held(tmp_path, "sub-012_ses-01"):
        pass
    assert list(tmp_path.iterdir()) == []


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
