"""Real session logs: a robot takes part in the example study, on the virtual clock."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from experiment.kit import Kit, save_kit
from experiment.kit.decisions import accepting, record
from experiment.kit.importing import import_kit
from experiment.log import LogWriter
from experiment.readlog import Event, SessionLog, read_log
from experiment.session import prepare, run
from tests.experiment.session_requests import request

EXAMPLE = Path(__file__).parents[2] / "example-study"


@dataclass(frozen=True)
class Study:
    """A copy of the example study in which sessions can be run."""

    folder: Path

    def run(self, session: str) -> Path:
        """Run a session and return its log."""
        return run(prepare(request(self.folder, session))).log


MakeStudy = Callable[..., Study]


def _make_study(folder: Path, *, change: Callable[[Kit], Kit] = lambda kit: kit) -> Study:
    """Copy the example study, with a session 03 that has both tasks."""
    shutil.copytree(EXAMPLE, folder)
    file = folder / "study.yaml"
    text = file.read_text("utf-8")
    file.write_text(text + '  "03":\n    tasks: [messages, messageslab]\n', "utf-8")
    source = folder / "inbox" / "qualtrics_messages_sub-012.csv"
    kit = change(import_kit(source, "012", folder / "stranger_messages.csv").kit)
    place = folder / "participants" / "012" / "kit"
    save_kit(kit, place)
    record(place, kit, accepting(kit), "KR", "2026-09-20T08:00:00+00:00")
    return Study(folder)


@pytest.fixture(scope="session")
def make_study() -> MakeStudy:
    return _make_study


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Logs of a scanner session (01), a lab session (02), and one with both tasks (03)."""
    study = _make_study(tmp_path_factory.mktemp("logs") / "study")
    return {session: study.run(session) for session in ("01", "02", "03")}


Rewrite = Callable[[SessionLog, list[Event], Path], Path]


@pytest.fixture(scope="session")
def rewrite() -> Rewrite:
    """Write a log with other events, digests and all."""

    def written(log: SessionLog, events: list[Event], file: Path) -> Path:
        own = ("seq", "type", "t", "schema", "digest")
        with LogWriter(file, {k: v for k, v in log.header.items() if k not in own}) as writer:
            for event in events:
                fields = {k: v for k, v in event.items() if k not in own}
                writer.add(event["type"], event["t"], **fields)
        return file

    return written


@pytest.fixture
def cut_log(logs: dict[str, Path], tmp_path: Path) -> Path:
    """A scanner session's log that stops in the middle of a line, as after a power cut."""
    raw = logs["01"].read_bytes()
    file = tmp_path / "cut.jsonl"
    file.write_bytes(raw[: len(raw) * 2 // 3])
    return file


@pytest.fixture
def paused_log(logs: dict[str, Path], tmp_path: Path, rewrite: Rewrite) -> Path:
    """A scanner session with a pause of 4 s before its second trial, then aborted."""
    log = read_log(logs["01"])
    events: list[Event] = []
    shift = 0.0
    for event in log.events:
        if event["type"] == "step" and event["step"]["trial"] == 2 and not shift:
            shift = 4.0
            events.append({"type": "pause", "t": event["planned"]})
            events.append({"type": "continue", "t": event["t"] + shift, "shift": shift})
        if event["type"] == "step" and event["step"]["trial"] == 4:
            end = {"type": "end", "t": event["t"] + shift, "status": "aborted", "reason": "test"}
            return rewrite(log, [*events, end], tmp_path / "paused.jsonl")
        moved = {
            key: event[key] + shift
            for key in ("t", "planned", "begun", "ended")
            if isinstance(event.get(key), float)
        }
        events.append({**event, **moved})
    raise AssertionError("the session has fewer than four trials")
