"""Mock and simulated devices: good for a rehearsal, never for data."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from experiment.devices import Wires
from experiment.errors import BadInput
from experiment.preflight.line import Line
from experiment.said import Said, listed
from hardware.port_url import parse_port

_MADE_UP = ("mock:", "loop:", "spy:")


def stand_ins(plugged: Wires, real_path: Callable[[str], str] = os.path.realpath) -> dict[str, str]:
    """Return which devices are none, by their role.

    A simulated scanner speaks over a pseudo-terminal, which no real device does.
    """
    wired = {
        "trigger": plugged.trigger,
        "scanner": plugged.scanner,
        "echo": plugged.echo,
        "marks": plugged.marks,
    }
    addresses = {role: parse_port(url).address for role, url in wired.items() if url is not None}
    return {
        role: address
        for role, address in addresses.items()
        if address.startswith(_MADE_UP) or real_path(address).startswith("/dev/pts/")
    }


def refuse_stand_ins(plugged: Wires) -> None:
    """Make sure that a session with data has real devices. Nothing overrides this.

    Raises
    ------
    BadInput
        If one is mock or simulated.
    """
    found = judge_live(stand_ins(plugged), live=True)
    if found.verdict == "no-go":
        raise BadInput(Said("refused.stand_ins", found=found.found, remedy=found.remedy))


def judge_live(found: Mapping[str, str], *, live: bool) -> Line:
    """Judge whether all devices are real, as they must be where data are taken."""
    if not found:
        return Line("stand_ins", "go", "none")
    what = (
        Said("roles.at", role=Said(f"roles.{role}"), address=url) for role, url in found.items()
    )
    values = {"what": listed(what)}
    return Line("stand_ins", "no-go" if live else "go", "live" if live else "rehearsal", values)
