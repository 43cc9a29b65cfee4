"""A PET session of social feedback: in real time from end to end, and on the virtual clock."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import numpy as np

from analysis.replay import verify
from analysis.tables import block_rows
from analysis.timing import measure
from benchmarks.table import Row, at_most, beside
from experiment.choices import choices_made, save_choices
from experiment.examples import make_study
from experiment.kit.own_profile import save_own_profile
from experiment.kit.own_words import OwnWords
from experiment.profiles import DEMO
from experiment.readlog import read_log
from experiment.session import SessionRequest, prepare, run
from experiment.study import open_study
from experiment.yaml_files import read_yaml
from stimuli.virtual_display import some_display

_WHOLE = 90.0  # min of a session
_PERSON = "012"


def pet_study(folder: Path, minutes: float) -> Path:
    """Make a study after Hsu et al. 2013 whose choices are made.

    Parameters
    ----------
    folder : Path
    minutes : float
        Length of a scan; where it is less than 90, all times but those of trials shrink with it.
    """
    make_study(folder, "hsu2013")
    file = folder / "study.yaml"
    tree = read_yaml(file)
    share = min(minutes / _WHOLE, 1.0)
    task = tree["tasks"]["feedback"]
    task["timing"]["run"] = round(60 * minutes, 3)
    for block in task["blocks"]:
        block["begins"] = round(block["begins"] * share, 3)
    later = round(5 * share, 3)
    task["reports"]["minutes_after"] = [later]
    task["uplift"]["begins"] = round(max(420 * share, 60 * later + 45), 3)
    task["uplift"]["each"] = round(60 * share, 3)
    file.write_text(json.dumps(tree, ensure_ascii=False), "utf-8")  # which is YAML too
    study = open_study(folder)
    kit = study.kit_folder(_PERSON)
    photo = DEMO / "photos" / "p41.png"
    save_own_profile(kit, photo, OwnWords("Somebody", 30, "A few words.", ("men",)))
    run(prepare(pet_request(folder, "01", fast=True)))
    save_choices(kit, choices_made(study, _PERSON))
    return folder


def real_time(folder: Path, minutes: float) -> list[Row]:
    """Run a scan in a window, paced at 60 Hz, and look at its blocks and at the memory."""
    study = pet_study(folder / "pet", minutes)
    prepared = prepare(pet_request(study, "02", fast=False))
    with some_display(), _Memory() as memory:
        result = run(prepared, tell=memory.told)
    log = read_log(result.log)
    timing = measure(log)
    blocks = block_rows(log)
    last = blocks[-1]
    assert last.onset is not None
    assert last.planned is not None
    errors = timing.onset_errors * 1e3
    return [
        Row("length, frames", f"{minutes:g} min, {len(timing.intervals)}"),
        Row("status, differences in replay", f"{result.status}, {len(verify(log).differences)}"),
        at_most(
            f"onset of the last block against its plan ({last.planned:.0f} s into the run)",
            abs(last.onset - last.planned) * 1e3,
            timing.period * 1e3,
            "ms",
        ),
        beside("onset error, median of all screens", float(np.median(errors)), "ms"),
        beside("onset error, largest of all screens", float(np.max(np.abs(errors))), "ms"),
        at_most("memory grown after the first minute", memory.grown / 1e6, 10.0, "MB"),
        beside("memory at the first minute", memory.first / 1e6, "MB"),
        beside(
            "dropped frames (> 1.2 frames)", 100.0 * timing.dropped / len(timing.intervals), "%"
        ),
        beside("markers not sent", timing.ledger.planned - timing.ledger.sent, ""),
    ]


def virtual(folder: Path) -> list[Row]:
    """Run a whole scan of 90 minutes on the virtual clock, without a window."""
    study = pet_study(folder / "pet-virtual", _WHOLE)
    begun = time.perf_counter()
    result = run(prepare(pet_request(study, "02", fast=True)))
    taken = time.perf_counter() - begun
    end = next(read_log(result.log).of("end"))["t"]
    return [
        Row("session time", f"{end / 60:.1f} min"),
        at_most("a PET session of 90 minutes on the virtual clock", taken, 5.0, "s"),
    ]


def pet_request(study: Path, session: str, *, fast: bool) -> SessionRequest:
    """Return what is asked for: a session of the study with a robot, simulated scanner and port."""
    return SessionRequest(
        study,
        _PERSON,
        session,
        robot="typical",
        port="mock:",
        fast=fast,
        no_window=fast,
        size=None if fast else (1280, 720),
    )


class _Memory:
    """Watches the resident memory of this process while a session runs."""

    def __init__(self) -> None:
        self.first = 0.0
        self.grown = 0.0
        self._runs_since: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def told(self, line: str) -> None:
        """Take note that the frame loop begins."""
        if line == "running":
            self._runs_since = time.monotonic()

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while not self._over.wait(5.0):
            if self._runs_since is None or time.monotonic() - self._runs_since < 60:
                continue
            now = int(Path("/proc/self/statm").read_text("ascii").split()[1]) * page
            self.first = self.first or now
            self.grown = max(self.grown, now - self.first)
