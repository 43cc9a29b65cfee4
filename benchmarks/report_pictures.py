"""The pictures of reports in docs/: a session's, and an unblinded crossover study's.

``python -m benchmarks.report_pictures`` has the demo's session in the scanner and a study of robots
reported by the command itself, and headless Chromium show both pages, in columns.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from analysis.demo import show_all
from benchmarks.scripts import ROOT, shoot
from benchmarks.simulated import Truth, whole_study
from experiment.study import open_study

PICTURES = ROOT / "docs" / "pictures"
_TRUTH = Truth("inagaki2016", 31, -0.5)
_SEED = 2016
_COLUMN, _GAP = 820, 60  # px


def main() -> None:
    """Draw both."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        show_all(folder / "demo", print)
        first = open_study(folder / "demo" / "my-study").logs()[0]
        draw(_reported(first, folder / "session.html"), PICTURES / "report-session.png", 1200)
        study, arms = whole_study(folder, _TRUTH, _SEED)
        page = _reported(study, folder / "study.html", "--arms", arms, "--rehearsals")
        draw(page, PICTURES / "report-study.png", 1320)


def _reported(path: Path, out: Path, *options: str | Path) -> Path:
    words = ("report", path, *options, "--out", out)
    command = [sys.executable, str(ROOT / "run_session.py"), *map(str, words)]
    subprocess.run(command, check=True)
    return out


def draw(page: Path, file: Path, height: int) -> None:
    """Show a report in two columns of so many px; what is further down is left out."""
    width = 2 * _COLUMN + 3 * _GAP
    style = f"""<style>
        body {{ max-width: none; width: {2 * _COLUMN + _GAP}px; height: {height}px;
            margin: 0; padding: {_GAP}px; box-sizing: content-box;
            columns: 2; column-gap: {_GAP}px; column-fill: auto }}
        main {{ margin: 0; padding: 0; max-width: none }}
        h1 {{ margin-top: 0 }}
        figure, table, .methods, pre {{ break-inside: avoid }}
        h2, h3, caption {{ break-after: avoid }}
    </style></head>"""
    shown, shot = page.with_name(f"{page.stem}-columns.html"), page.with_suffix(".png")
    shown.write_text(page.read_text("utf-8").replace("</head>", style, 1), "utf-8")
    shoot(shown, shot, width, height + 2 * _GAP)
    picture = Image.open(shot).convert("RGB").crop((0, 0, width, height + 2 * _GAP))
    picture.quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main()
