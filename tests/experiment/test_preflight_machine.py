"""The machine that a session is about to run on: disk, clock, power, other sessions."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest

from experiment.errors import BadInput
from experiment.preflight.copies import judge_copies
from experiment.preflight.disk import DiskFacts, gather_disk, judge_disk, synced_by
from experiment.preflight.person import gather_person
from experiment.preflight.power import PowerFacts, gather_power, judge_power
from experiment.preflight.software import judge_version
from experiment.preflight.time import TimeFacts, gather_time, judge_time
from experiment.register.changes import enrol
from experiment.register.identity import IDENTITY_FILE, make_identity, save_identity
from experiment.running import held, running_sessions
from experiment.study import open_study
from tests.experiment.lines_told import NewStudy, saying, told

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


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
