"""The header of a session's log: all that replay needs."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from experiment.anchors import boot_id, utc_error
from experiment.clock import Clock, utc_offset
from experiment.display import DisplayFacts
from experiment.plain import to_plain
from experiment.version import VERSION

if TYPE_CHECKING:
    from experiment.prepare import Prepared

_LIBRARIES = ("numpy", "pyserial", "pydantic", "psychopy", "psychtoolbox")


def log_header(
    prepared: Prepared, clock: Clock, display: DisplayFacts, devices: dict[str, Any]
) -> dict[str, Any]:
    """Return the header of a session's log. No text, name or arm is in it.

    Parameters
    ----------
    prepared : Prepared
    clock : Clock
    display : DisplayFacts
    devices : dict
        What the devices tell of themselves.
    """
    request = prepared.request
    header = {
        "software": {"name": "Kindred", "version": VERSION},
        "participant": request.participant,
        "session": request.session,
        "tasks": list(prepared.plans),
        "seed": prepared.seed,
        "utc": clock.utc(),
        "utc_at": round(clock.now(), 6),
        "utc_offset_s": utc_offset(),
        "utc_error": utc_error(),
        "clock_zero": clock.zero,
        "boot": boot_id(),
        "speed": "fast" if request.fast else "real",
        "robot": request.robot,
        "rehearsal": request.rehearsal,
        "answered": list(prepared.asked),
        "display": to_plain(display),
        "devices": devices,
        "versions": {
            "python": platform.python_version(),
            "system": platform.platform(),
            **{name: version(name) for name in _LIBRARIES},
        },
        "kit": to_plain(prepared.index),
        "shown": [to_plain(shown) for shown in prepared.shown],
        **({} if prepared.people is None else {"people": to_plain(prepared.people)}),
        "protocol": prepared.study.protocol.model_dump(mode="json"),
        "sources": prepared.study.sources,
        "plans": {task: to_plain(planned.plan) for task, planned in prepared.plans.items()},
        **({} if prepared.slot is None else {"allocation": prepared.slot}),
    }
    if prepared.begun is not None:
        header["resumed"] = prepared.begun.told(header)
    return header
