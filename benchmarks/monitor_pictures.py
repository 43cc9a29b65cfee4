"""The pictures of the operator's console in docs/, made from sessions that are run for it.

``python -m benchmarks.monitor_pictures`` runs one session with a simulated scanner whose port goes
away, paused in between, and the beginning of a PET session, both in real time and without a window;
then it looks at their logs as the monitor would have at some moments. It takes four minutes.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from analysis.monitor import Monitor
from benchmarks.scripts import shoot
from experiment.clock import Clock
from experiment.events import KeyEvent
from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS, make_study
from experiment.kit import import_kit, save_kit
from experiment.kit.decisions import accepting, record
from experiment.log import LogWriter
from experiment.readlog import SessionLog, read_log
from experiment.session import SessionRequest, prepare, run
from hardware.scan import SimulatedScan
from hardware.simulator import simulator

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
SCREEN = (80, 24)  # characters, of the narrowest screen that is promised
FONT = '"DejaVu Sans Mono", "Noto Sans Mono", monospace'
COLOURS = 64
GONE, PAUSED, GOES_ON = 100.0, 60.0, 80.0  # s after volume 1, for the port and the pause key


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
    """What the monitor looked at: a log, up to some time of its session clock (s)."""

    log: SessionLog
    at: float

    def text(self, file: Path) -> str:
        """Return the monitor's screen as SVG, its log written to a new file."""
        facts = {k: v for k, v in self.log.header.items() if k not in ("type", "t", "schema")}
        began = _began(self.log)
        with LogWriter(file, {**facts, "robot": None}) as copy:
            for event in self.log.events:
                if event["t"] is None or event["t"] <= self.at:
                    rest = {k: v for k, v in event.items() if k not in _WRITTEN}
                    copy.add(event["type"], event["t"], **rest)
        return asyncio.run(_shown(Monitor(file, now=lambda: began + self.at)))


_WRITTEN = ("type", "t", "seq", "digest")


def _began(log: SessionLog) -> float:
    return datetime.fromisoformat(log.header["utc"]).timestamp() - float(log.header["utc_at"])


async def _shown(app: Monitor) -> str:
    async with app.run_test(size=SCREEN) as pilot:
        app.look()
        while app.is_reading:
            await asyncio.sleep(0.01)
        app.look()
        await pilot.pause()
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


def session(folder: Path, *presses: tuple[float, float, str], **wires: Any) -> SessionLog:
    """Run a session in real time without a window; somebody's hands are at the keys."""
    request = SessionRequest(folder, "012", "01", robot="hasty", no_window=True, **wires)
    return read_log(run(prepare(request), hands=lambda clock: Hands(clock, *presses)).log)


def main() -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        began = 7.0  # s, about when volume 1 comes: a hasty robot reads the instructions fast
        goes_on = ("scanner_port_lost: hold", "scanner_port_lost: go_on")
        mri = study(place / "mri", goes_on)
        scan = SimulatedScan(
            tr=2.0,
            volumes=90,
            start_on=10,
            start_after=3.0,
            jitter_ms=0.5,
            disconnect_at=GONE,
            reconnect_after=20.0,
        )
        keys = [(began + t, began + t + 0.1, "p") for t in (PAUSED, GOES_ON)]
        with simulator(scan, place / "scan.jsonl") as ports:
            log = session(mri, *keys, port=ports.trigger, scanner=ports.scanner)
        zero = [event["t"] for event in log.of("run_zero")][-1]
        lost = next(e["t"] for e in log.of("fault") if e["what"] == "scanner_port_lost")
        held = next(event["t"] for event in log.of("pause"))

        pet = study(place / "pet", ("begins: pulse", "begins: injection"))
        box = SimulatedScan(2.0, 1, start_on=None, start_after=999.0, loop_back=True)
        abort = [(70.0, 71.5, "escape"), (70.0, 71.5, "q")]
        with simulator(box, place / "pet.jsonl") as ports:
            injected = session(
                pet, (1.0, 1.1, "f7"), *abort, port=ports.trigger, echo=ports.trigger
            )

        moments = {
            "waiting": Moment(log, zero - 0.5),
            "running": Moment(log, zero + 45.3),
            "hold": Moment(log, held + 3.2),
            "fault": Moment(log, lost + 9.1),
            "done": Moment(log, max(event["t"] or 0.0 for event in log.events)),
            "pet": Moment(injected, 55.0),
        }
        for what, moment in moments.items():
            draw(moment.text(place / f"seen-{what}.jsonl"), PICTURES / f"monitor-{what}.png")


if __name__ == "__main__":
    main()
