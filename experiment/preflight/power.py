"""Power: a battery that ends in mid-scan, or a machine that saves power and drops frames.

A virtual machine is one of these: its host gives processors that sleep to others meanwhile.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from experiment.preflight.asking import Ask, ask
from experiment.preflight.line import Line

SYSTEM, COUNTED = Path("/sys"), Path("/proc/stat")
_SAVER = "a1841308-3541-4fab-bc81-f71556f20b4a"  # Windows' own id of the plan Power saver
_EMPTY = 20  # %
_TAKEN = 0.5  # % of the time for which programs wanted a processor
_IDLE, _WAITING, _STEAL = 3, 4, 7  # columns of /proc/stat


@dataclass(frozen=True)
class PowerFacts:
    """What is known of the power.

    Parameters
    ----------
    battery : int or None
        Charge (%); None where there is none.
    plugged : bool
    saves : bool or None
        Whether the machine is set to save power; None if that can't be told.
    taken : float
        How much (%) of the time for which programs wanted a processor the host of a virtual machine
        kept it from them, since the start; 0 on a computer of its own.
    """

    battery: int | None
    plugged: bool
    saves: bool | None
    taken: float = 0.0


def gather_power(
    system: Path = SYSTEM,
    ask: Ask = ask,
    platform: str = sys.platform,
    counted: Path = COUNTED,
) -> PowerFacts:
    """Ask the system for its battery and its power plan.

    Parameters
    ----------
    system : Path
        Where Linux shows its devices.
    ask : callable
    platform : str
        As `sys.platform`.
    counted : Path
        Where Linux counts what its processors did.
    """
    if platform.startswith("linux"):
        return replace(_of_linux(system), taken=_taken(counted))
    if platform == "darwin":
        told = ask(["pmset", "-g", "batt"]) or ""
        charge = told.partition("%")[0].rpartition("\t")[2]
        low = ask(["pmset", "-g"])
        return PowerFacts(
            int(charge) if charge.isdecimal() else None,
            "AC Power" in told,
            None if low is None else "lowpowermode         1" in low,
        )
    plan = ask(["powercfg", "/getactivescheme"])
    status = ask(
        [
            "powershell",
            "-NoProfile",
            "-Command",
            'Get-CimInstance Win32_Battery | % { "$($_.EstimatedChargeRemaining) '
            '$($_.BatteryStatus)" }',
        ]
    )
    charge, _, state = (status or "").strip().partition(" ")
    return PowerFacts(
        int(charge) if charge.isdecimal() else None,
        state != "1",  # 1: discharging
        None if plan is None else _SAVER in plan.lower(),
    )


def _of_linux(system: Path) -> PowerFacts:
    battery, on_line = None, []
    for supply in sorted(system.glob("class/power_supply/*")):
        kind = _read(supply / "type")
        if kind == "Battery" and _read(supply / "scope") != "Device":  # a mouse has one too
            charge = _read(supply / "capacity")
            battery = int(charge) if charge.isdecimal() else battery
        elif kind in ("Mains", "USB"):
            on_line.append(_read(supply / "online") == "1")
    profile = _read(system / "firmware/acpi/platform_profile")
    cpu = system / "devices/system/cpu/cpu0/cpufreq"
    governor, driver = _read(cpu / "scaling_governor"), _read(cpu / "scaling_driver")
    # With intel_pstate and amd-pstate the governor powersave is the normal one.
    held_down = governor == "powersave" and "pstate" not in driver
    saves = None if not (profile or governor) else profile == "low-power" or held_down
    return PowerFacts(battery, any(on_line) or battery is None, saves)


def _taken(counted: Path) -> float:
    times = [int(word) for word in _read(counted).partition("\n")[0].split()[1:9]]
    if len(times) <= _STEAL:
        return 0.0
    wanted = sum(times) - times[_IDLE] - times[_WAITING]
    return round(100 * times[_STEAL] / max(wanted, 1), 1)


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except OSError:
        return ""


def judge_power(facts: PowerFacts, *, kept_awake: bool = False) -> list[Line]:
    """Judge battery and power plan.

    Parameters
    ----------
    facts : PowerFacts
    kept_awake : bool
        Whether the processors are kept from sleeping while the session runs.
    """
    values = {"charge": facts.battery}
    if facts.battery is None:
        battery = Line("battery", "go", "none")
    elif facts.plugged:
        battery = Line("battery", "go", "plugged", values)
    elif facts.battery < _EMPTY:
        battery = Line("battery", "no-go", "empty", values)
    else:
        battery = Line("battery", "warning", "unplugged", values)
    if facts.taken > _TAKEN and not kept_awake:
        plan = Line("power_plan", "warning", "shared", {"taken": facts.taken})
    elif facts.saves is None:
        plan = Line("power_plan", "go", "unknown")
    elif facts.saves:
        plan = Line("power_plan", "warning", "saving")
    else:
        plan = Line("power_plan", "go", "full")
    return [battery, plan]
