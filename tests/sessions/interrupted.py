"""Sessions that are cut off and gone on with, for tests."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiment.readlog import Event, SessionLog, read_log
from experiment.session import SessionRequest, prepare, run

NewStudy = Callable[..., Path]


def request(study: Path, session: str, **more: Any) -> SessionRequest:
    wires = {"port": "mock:", "scanner": "mock:"}
    return SessionRequest(
        study, "012", session, robot="typical", fast=True, no_window=True, **(wires | more)
    )


def play(study: Path, session: str, **more: Any) -> SessionLog:
    result = run(prepare(request(study, session, **more)))
    assert (result.status, result.reason) == ("complete", None)
    return read_log(result.log)


def torn_after(log: SessionLog, event: Event) -> SessionLog:
    """Cut a log as a power cut does: in the middle of the line behind an event's."""
    lines = log.file.read_bytes().split(b"\n")
    at = event["seq"] + 1
    log.file.write_bytes(b"\n".join([*lines[:at], lines[at][:30]]))
    assert read_log(log.file).torn
    return read_log(log.file)


def cut(log: SessionLog, trial: int) -> SessionLog:
    """Cut a log just after a trial's picture came."""
    shown = next(
        event["n"]
        for event in log.of("step")
        if event["step"]["trial"] == trial and event["step"]["screen"]["kind"] != "fixation"
    )
    return torn_after(log, next(event for event in log.of("onset") if event["n"] == shown))


def sent(log: SessionLog) -> list[str]:
    """Return the names of the markers that went out, in order."""
    names = {event["n"]: event["name"] for event in log.of("marker_planned")}
    came = [names[event["n"]] for event in log.of("marker_sent")]
    return ["MESSAGE" if name in ("kind", "neutral", "stranger") else name for name in came]


def messages(log: SessionLog) -> list[str]:
    steps = {e["n"]: e["step"]["screen"].get("message_id") for e in log.of("step")}
    return [steps[e["n"]] for e in log.of("onset") if steps[e["n"]] is not None]


def shape(log: SessionLog) -> list[dict[str, Any]]:
    return [event["step"] for event in log.of("step")]


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def after_zero(log: SessionLog, task: str) -> list[Event]:
    """Return the onsets of a run's steps that were shown after its zero, in order."""
    begun = next(event["seq"] for event in log.of("run_begin") if event["task"] == task)
    zero = next(
        event["seq"]
        for event in log.of("run_zero")
        if event["seq"] > begun and event["source"] == "injection"
    )
    return [event for event in log.of("onset") if event["seq"] > zero]
