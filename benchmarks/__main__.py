"""Run the benchmarks and write the table: ``python -m benchmarks [--minutes M]``."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import kit, messages, scripts, session, table


def main() -> None:
    """Measure everything, in one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="length of the real session")
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sections = [
            ("A session in real time, 1280x720, 60 Hz", session.real_time(folder, minutes)),
            ("The first frame of a message of 59 words", messages.first_frames()),
            ("Rendering beside headless Chromium", scripts.rows()),
            ("What is ours of a frame", session.own_share(folder)),
            ("On the virtual clock", session.virtual(folder)),
            ("A kit of 8 writers x 12 messages", kit.kit_times(folder)),
            ("Starting up", session.start_times(folder)),
        ]
    print(table.write(sections))


if __name__ == "__main__":
    main()
