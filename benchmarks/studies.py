"""Studies to measure on: the example, made longer, with an invented kit."""

from __future__ import annotations

import re
from pathlib import Path

from experiment.examples import EXAMPLE_PARTICIPANT, make_study
from experiment.kit import Kit, KitMessage, Writer, save_kit
from experiment.kit.decisions import accepting, record

WORDS = re.findall(
    r"\w+", "I am so glad that you are here and I think of you every day of the week"
)


def long_study(folder: Path, trials: int) -> Path:
    """Make a study whose scanner session has so many trials (some 15.5 s each)."""
    make_study(folder)
    file = folder / "study.yaml"
    half = trials // 2
    text = file.read_text(encoding="utf-8")
    text = text.replace("{total: 4, per_writer: 1}", f"{{total: {half}, per_writer: none}}")
    file.write_text(text, encoding="utf-8")
    writers = [Writer(f"w{i:02d}", f"Writer {i}", "friend") for i in range(8)]
    writers += [Writer(f"s{i:02d}", "", "stranger") for i in range(8)]
    messages = [
        KitMessage(
            f"m{c}{i:03d}",
            f"{'w' if c == 0 else 's'}{i % 8:02d}",
            "kind" if c == 0 else "stranger",
            "en",
            " ".join(WORDS[: 5 + (i * 7) % (len(WORDS) - 4)]) + f" ({i}).",
        )
        for c in range(2)
        for i in range(half + 8)
    ]
    kit = Kit(EXAMPLE_PARTICIPANT, tuple(writers), tuple(messages))
    place = folder / "participants" / EXAMPLE_PARTICIPANT / "kit"
    save_kit(kit, place)
    record(place, kit, accepting(kit), "B", "2026-09-20T08:00:00+00:00")
    return folder
