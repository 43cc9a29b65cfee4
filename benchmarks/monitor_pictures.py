"""The pictures of the operator's console in docs/, made from sessions that are run for it.

``python -m benchmarks.monitor_pictures`` runs one session with a simulated scanner whose port goes
away, paused in between, and the beginnings of three more: one for PET that is aborted, one that
crashes and one that is killed. Then it looks at their logs as the monitor would have at some
moments, each of which must be what its picture is to show. It takes five minutes.
"""

from __future__ import annotations

import asyncio
import html
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from analysis.monitor import Monitor, Source
from analysis.monitor_texts import heading, read_texts, sentence
from analysis.standing import Phase
from benchmarks.far_end import ROOT
from benchmarks.feedback import pet_study
from benchmarks.scripts import shoot
from experiment.clock import Clock
from experiment.equipment import Keys
from experiment.errors import KindredError
from experiment.events import KeyEvent
from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS, make_study
from experiment.kit import save_kit
from experiment.kit.decisions import accepting, record
from experiment.kit.importing import import_kit
from experiment.log import LogWriter
from experiment.readlog import SessionLog, read_log
from experiment.session import SessionRequest, prepare, run
from hardware.scan import SimulatedScan
from hardware.simulator import simulator
from stimuli.virtual_display import some_display

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
SCREEN = (80, 24)  # characters, of the narrowest screen that is promised
FONT = '"DejaVu Sans Mono", "Noto Sans Mono", monospace'
COLOURS = 64
NOTE = "participant moved the head in trial 3"
GONE, PAUSED, GOES_ON = 101.0, 60.0, 80.0  # s after volume 1: plug, pause key
STOPPED = 65.0  # s of the session clock: when the PET session is aborted


class Hands:
    """Keys that are pressed at given times of the session clock.

    Parameters
    ----------
    clock : Clock
    *presses : (float, float, str)
        When each goes down and up (s), and its name.
    """

    def __init__(self, clock: Clock, *presses: tuple[float, float, str]) -> None:
        self._events: deque[KeyEvent] = deque()
        for down, up, key in presses:
            for t, is_down in ((down, True), (up, False)):
                event = KeyEvent(t, key, is_down, "keyboard")
                clock.call_at(t, partial(self._events.append, event))

    def poll(self) -> list[KeyEvent]:
        """Return what was pressed since the last call."""
        return [self._events.popleft() for _ in range(len(self._events))]


@dataclass(frozen=True)
class Moment:
    """What the monitor looked at: a log, up to some time of its session clock (s).

    Parameters
    ----------
    log : SessionLog or None
        None for a study without a session.
    at : float
    phase : Phase
        Where the session must have stood then.
    faults : tuple of str
        What must have gone wrong until then; nothing else may.
    keys : tuple of str
        What is pressed at the monitor.
    """

    log: SessionLog | None
    at: float
    phase: Phase
    faults: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    def text(self, place: Path) -> str:
        """Return the monitor's screen as SVG, its log written to a new folder."""
        path, now = self._known(place)
        state = Source(path).poll(now)
        seen = {fault.name for fault in state.faults}
        if (state.phase, seen) != (self.phase, set(self.faults)):
            raise KindredError(
                f"{place.name}: wanted {self.phase.value} with {set(self.faults) or 'no faults'}, "
                f"the session is {state.phase.value} with {seen or 'no faults'}; is the machine "
                "busy with something else?"
            )
        texts = read_texts()
        says = heading(state, texts), sentence(state, texts)
        return asyncio.run(_shown(Monitor(path, now=lambda: now, by="KR"), self.keys, says))

    def _known(self, place: Path) -> tuple[Path, float]:
        """Write what was known then; return where, and when that was (s, UTC)."""
        place.mkdir()
        if self.log is None:
            (place / "study.yaml").touch()
            return place, self.at
        facts = {k: v for k, v in self.log.header.items() if k not in ("type", "t", "schema")}
        with LogWriter(place / "log.jsonl", {**facts, "robot": None}) as copy:
            for event in self.log.events:
                if event["t"] is not None and event["t"] > self.at:
                    break  # a later line may tell of something earlier: nobody knew it then
                rest = {k: v for k, v in event.items() if k not in _WRITTEN}
                copy.add(event["type"], event["t"], **rest)
        return place / "log.jsonl", _began(self.log) + self.at


_WRITTEN = ("type", "t", "seq", "digest")


def _began(log: SessionLog) -> float:
    return datetime.fromisoformat(log.header["utc"]).timestamp() - float(log.header["utc_at"])


def _ended(log: SessionLog) -> float:
    return max(event["t"] or 0.0 for event in log.events)


async def _shown(app: Monitor, keys: tuple[str, ...], says: tuple[str, str]) -> str:
    """Return the screen once it says what it is to say, as the terminal draws when it has time."""
    async with app.run_test(size=SCREEN) as pilot:
        seen = ""
        while not all(words in html.unescape(seen).replace("\xa0", " ") for words in says):
            app.look()
            await pilot.pause(0.1)
            seen = app.export_screenshot(title="Kindred monitor")
        await pilot.press(*keys)
        await pilot.pause(0.5)
        return app.export_screenshot(title="Kindred monitor")


def draw(svg: str, out: Path) -> None:
    """Turn an SVG of a terminal into a small PNG."""
    svg = re.sub(r"@font-face\s*{[^}]*}", "", svg)  # they are on somebody's server
    svg = svg.replace("Fira Code", "DejaVu Sans Mono")
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert box is not None
    width, height = (round(float(side)) for side in box.groups())
    with tempfile.TemporaryDirectory() as folder:
        page, shot = Path(folder) / "page.html", Path(folder) / "shot.png"
        style = f"svg {{ width: {width}px; display: block }} text {{ font-family: {FONT} }}"
        head = f'<!doctype html><meta charset="utf-8"><style>body {{ margin: 0 }} {style}</style>'
        page.write_text(head + svg, encoding="utf-8")
        shoot(page, shot, width, height)
        picture = Image.open(shot).convert("RGB").crop((0, 0, width, height))
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(out, optimize=True)


def study(folder: Path, *edits: tuple[str, str]) -> Path:
    """Make the example study with edited values and participant 012's kit."""
    make_study(folder)
    file = folder / "study.yaml"
    text = file.read_text("utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    kit = import_kit(EXAMPLE / EXAMPLE_ANSWERS, "012", EXAMPLE / "stranger_messages.csv").kit
    place = folder / "participants" / "012" / "kit"
    save_kit(kit, place)
    record(place, kit, accepting(kit), "KR", "2026-09-20T08:00:00+00:00")
    return folder


def session(
    folder: Path, make: Callable[[Clock], Keys], visit: str = "01", **wires: Any
) -> SessionLog:
    """Run a session in real time without a window; somebody's hands are at the keys."""
    request = SessionRequest(folder, "012", visit, robot="hasty", no_window=True, **wires)
    return read_log(run(prepare(request), hands=make).log)


def idle(_: Path) -> dict[str, Moment]:
    """Run nothing."""
    return {"idle": Moment(None, time.time(), Phase.NO_SESSION)}


def mri(place: Path) -> dict[str, Moment]:
    """Run a session through, with a pause and with a plug that is out for a while."""
    folder = study(place / "mri", ("scanner_port_lost: hold", "scanner_port_lost: go_on"))
    scan = SimulatedScan(
        tr=2.0,
        volumes=90,
        start_on=10,
        start_after=3.0,
        jitter_ms=0.5,
        disconnect_at=GONE,
        reconnect_after=20.0,
    )
    began = 7.0  # s, about when volume 1 comes: a hasty robot reads the instructions fast
    presses = [(began + t, began + t + 0.1, "p") for t in (PAUSED, GOES_ON)]
    with simulator(scan, place / "scan.jsonl") as ports:
        log = session(
            folder,
            lambda clock: Hands(clock, *presses),
            port=ports.trigger,
            scanner=ports.scanner,
        )
    waits = next(log.of("marker_planned"))["t"]
    *_, zero = (event["t"] for event in log.of("run_zero"))  # before: the instructions' own
    held = next(log.of("pause"))["t"]
    lost = next(e["t"] for e in log.of("fault") if e["what"] == "scanner_port_lost")
    typed = ("n", *(key_of(letter) for letter in NOTE))
    unplugged = ("scanner_port_lost",)
    return {
        "setup": Moment(log, waits - 0.2, Phase.STARTING),
        "waiting": Moment(log, zero - 0.5, Phase.WAITING),
        "running": Moment(log, zero + 45.3, Phase.RUNNING),
        "note": Moment(log, zero + 52.1, Phase.RUNNING, keys=typed),
        "hold": Moment(log, held + 3.2, Phase.HOLD),
        "fault": Moment(log, lost + 9.1, Phase.RUNNING, unplugged),
        "done": Moment(log, _ended(log), Phase.DONE, (*unplugged, "pulse_missed")),
    }


def pet(place: Path) -> dict[str, Moment]:
    """Run the beginning of a scan after Hsu et al. 2013, and abort it before its first block."""
    folder = pet_study(place / "pet", minutes=90.0)
    box = SimulatedScan(2.0, 1, start_on=None, start_after=999.0, loop_back=True)
    presses = [(1.0, 1.1, "f7"), (STOPPED, STOPPED + 1.5, "escape"), (STOPPED, STOPPED + 1.5, "q")]
    with simulator(box, place / "pet.jsonl") as ports:
        log = session(
            folder,
            lambda clock: Hands(clock, *presses),
            visit="02",
            port=ports.trigger,
            echo=ports.trigger,
        )
    *_, zero = (event["t"] for event in log.of("run_zero"))
    return {
        "pet": Moment(log, zero + 45.3, Phase.RUNNING),
        "aborted": Moment(log, _ended(log), Phase.ABORTED),
    }


def crashed(place: Path) -> dict[str, Moment]:
    """Run into a bug."""

    class Broken:
        def __init__(self, clock: Clock) -> None:
            self._clock = clock

        def poll(self) -> list[KeyEvent]:
            if self._clock.now() > 15.0:
                raise ZeroDivisionError
            return []

    log = session(study(place / "bug"), Broken, port="mock:", scanner="mock:")
    return {"crashed": Moment(log, _ended(log), Phase.CRASHED, ("crash",))}


def silent(place: Path) -> dict[str, Moment]:
    """Kill a session in its window: only a window says all the time that it is there."""
    folder = study(place / "killed")
    words = ["--participant", "012", "--session", "01", "--robot", "hasty", "--port", "mock:"]
    words += ["--scanner", "mock:"]
    command = [sys.executable, "run_session.py", "run", str(folder), *words]
    with some_display(), subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        while not (found := [*folder.glob("sourcedata/*/*/*.jsonl")]) or (
            b'"run_zero"' not in found[0].read_bytes()
        ):
            if process.poll() is not None:
                raise KindredError(f"the session to be killed has ended: {process.returncode}")
            time.sleep(0.5)
        time.sleep(10.0)
        process.kill()
    log = read_log(found[0])
    return {"silent": Moment(log, _ended(log) + 8.0, Phase.SILENT)}


def key_of(letter: str) -> str:
    """Return what a terminal calls the key of a letter."""
    return "space" if letter == " " else letter


def main() -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for seen in (idle, silent, crashed, pet, mri):
            for what, moment in seen(place).items():
                draw(moment.text(place / f"seen-{what}"), PICTURES / f"monitor-{what}.png")


if __name__ == "__main__":
    main()
