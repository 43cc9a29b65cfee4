"""How long it takes to import a kit of usual size, to look it through and to lay it out."""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path

from benchmarks.table import Row, at_most, beside
from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS, EXAMPLE_PARTICIPANT, make_study
from experiment.kit import Kit
from experiment.kit.decisions import accepting
from experiment.kit.desk import check, decide, import_answers
from experiment.kit.importing import import_kit
from experiment.looks import looks_of
from experiment.protocol import Protocol
from experiment.screens import Message
from experiment.study import open_study

ROOT = Path(__file__).parents[1]
WRITERS, MESSAGES = 8, 12
"""As in Inagaki, Hazlett & Andreescu 2019."""


def kit_times(folder: Path) -> list[Row]:
    """Import, check and lay out a kit of 8 writers x 12 messages in the sample's five scripts."""
    make_study(folder / "kit-study")
    study = open_study(folder / "kit-study")
    source = _survey(folder / "survey.csv")
    person = EXAMPLE_PARTICIPANT
    begun = time.perf_counter()
    import_answers(study, person, source)
    imported = time.perf_counter() - begun
    decide(study, person, "B", accept=[], leave_out=[], accept_all=True)
    begun = time.perf_counter()
    check(study, person)
    checked = time.perf_counter() - begun
    kit = import_kit(source, person, None).kit
    assert len(accepting(kit)) == WRITERS * MESSAGES
    laid_out, size = _lay_out(study.protocol, kit)
    return [
        at_most("checked, and laid out to textures", checked + laid_out, 5.0, "s"),
        beside("imported", imported, "s"),
        beside("checked (kit check), 12 control messages too", checked, "s"),
        beside("laid out to textures", laid_out, "s"),
        beside(
            "the command `kit check` as a whole, from start to exit", _command(study.folder), "s"
        ),
        beside(f"memory of its {len(kit.messages)} textures at 1280x720", size / 1e6, "MB"),
    ]


def _survey(file: Path) -> Path:
    sample = import_kit(EXAMPLE / EXAMPLE_ANSWERS, EXAMPLE_PARTICIPANT, None).kit
    texts = cycle(m.text for m in sample.messages if m.condition == "kind")
    with file.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("writer", "relation", "message"))
        for i in range(WRITERS * MESSAGES):
            rows.writerow((f"Writer {i % WRITERS}", "friend", f"{next(texts)} ({i})"))
    return file


def _lay_out(protocol: Protocol, kit: Kit) -> tuple[float, int]:
    """Return how long it takes (s) and how large the textures are (bytes)."""
    begun = time.perf_counter()
    painter = looks_of(protocol, protocol.screen.size_px, kit.texts()).painter
    pictures = [painter.paint(Message(message.message_id)) for message in kit.messages]
    seconds = time.perf_counter() - begun
    return seconds, sum(sprite.image.nbytes for p in pictures for sprite in p.sprites)


def _command(study: Path) -> float:
    words = ("kit", "check", str(study), "--participant", EXAMPLE_PARTICIPANT)
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "run_session.py", *words], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    return time.perf_counter() - begun
