"""Run the benchmarks and write their tables.

``python -m benchmarks`` measures everything but the hour, in one run; ``python -m benchmarks
markers pulses`` measures those sections again and keeps the others; ``--hour`` runs the hour,
``--pet`` a PET session of 90 minutes, ``--scale`` exports 10,000 sessions.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks import (
    cyberball,
    feedback,
    hour,
    kit,
    markers,
    messages,
    pulses,
    scale,
    scripts,
    session,
    start,
    table,
)
from stimuli.virtual_display import some_display

HERE = Path(__file__).parent
RESULTS, HOUR, PET = HERE / "RESULTS.md", HERE / "RESULTS-HOUR.md", HERE / "RESULTS-PET.md"
SCALE = HERE / "RESULTS-SCALE.md"
_ABOUT = (
    "`make bench` writes this, with a software renderer on a virtual display. Rows without a bound "
    "were measured in the same run, to compare with. This computer is a virtual machine, whose "
    "host takes processors away that sleep and gives them back late. Where a table says so they "
    "were kept awake, as `keep_awake` in a study does. The hour of "
    "markers is a run of its own, `make bench-hour`; its table is RESULTS-HOUR.md; "
    "10,000 sessions are `make bench-scale`, in RESULTS-SCALE.md."
)
_ABOUT_HOUR = (
    "`make bench-hour` writes this, with a software renderer on a virtual display, while another "
    "program keeps one core busy."
)
_ABOUT_PET = (
    "`make bench-pet` writes this, with a software renderer on a virtual display, 1280x720, paced "
    "at 60 Hz."
)
_ABOUT_SCALE = (
    "`make bench-scale` writes this. The logs are of 200 robots' sessions on the virtual clock, "
    "relabelled for the rest: all of each is another participant's but the plan."
)
_ALL = 10_000  # sessions
_TWICE_TITLE = "Half of them and all of them, in turn"
_HOUR_TITLE = "One hour of markers, one core kept busy"


def main() -> None:
    """Measure what is asked for, and print it."""
    measures = _measures()
    names = sorted({name for name, *_ in measures})
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", help=f"some of {', '.join(names)}; all if none")
    parser.add_argument("--minutes", type=float, default=5.0, help="length of the real session")
    parser.add_argument("--hour", action="store_true", help="the hour, and nothing else")
    parser.add_argument("--hour-seconds", type=float, help="another length of it, to try it")
    parser.add_argument("--pet", action="store_true", help="a PET session, and nothing else")
    parser.add_argument("--pet-minutes", type=float, help="another length of it than 90")
    parser.add_argument("--scale", action="store_true", help="10,000 sessions, and nothing else")
    parser.add_argument("--sessions", type=int, help="another number of them, to try it")
    parser.add_argument("--to", type=Path, help="another file for the table")
    asked = parser.parse_args()
    if asked.hour or asked.hour_seconds is not None:
        seconds = 3600.0 if asked.hour_seconds is None else asked.hour_seconds
        measures = [Measure("hour", _HOUR_TITLE, lambda at, _: hour.hour(at, seconds))]
        file, about = asked.to or HOUR, _ABOUT_HOUR
    elif asked.pet or asked.pet_minutes is not None:
        minutes = 90.0 if asked.pet_minutes is None else asked.pet_minutes
        title = f"A PET session of {minutes:g} minutes in real time"
        measures = [Measure("pet", title, lambda at, _: feedback.real_time(at, minutes))]
        file, about = asked.to or PET, _ABOUT_PET
    elif asked.scale or asked.sessions is not None:
        count = _ALL if asked.sessions is None else asked.sessions
        title = f"{count:,} sessions to BIDS, tables and report"
        measures = [
            Measure("scale", title, lambda at, _: scale.sessions(at / "all", count)),
            Measure("twice", _TWICE_TITLE, lambda at, _: scale.twice(at / "twice", count)),
        ]
        file, about = asked.to or SCALE, _ABOUT_SCALE
    else:
        file, about = asked.to or RESULTS, _ABOUT
    known = {name for name, *_ in measures}
    if unknown := sorted(set(asked.sections) - known):
        parser.error(f"section {unknown[0]!r} is unknown, allowed: {', '.join(sorted(known))}")
    wanted = set(asked.sections) or known
    order = [title for _, title, *_ in measures]
    # One display for all: what pyglet shares between windows dies with the display.
    with some_display(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for section, title, rows, awake in measures:
            if section in wanted:
                result = table.measured(title, partial(rows, folder, asked.minutes), awake=awake)
                print(table.write([result], file, order, about), flush=True)


class Measure(NamedTuple):
    """A section: its name on the command line, its title, and what measures it.

    Parameters
    ----------
    name, title : str
    rows : callable
        Takes the run's folder and how long the real session is (minutes).
    awake : bool
        Whether the processors are kept from sleeping meanwhile.
    """

    name: str
    title: str
    rows: Callable[[Path, float], list[table.Row]]
    awake: bool = False


def _measures() -> list[Measure]:
    """Return all sections, in order."""
    return [
        Measure("session", "A session in real time, 1280x720, 60 Hz", session.real_time),
        Measure("frame", "What is ours of a frame", lambda at, _: session.own_share(at)),
        Measure("commands", "On the virtual clock", lambda at, _: session.virtual(at)),
        Measure(
            "feedback", "A PET session on the virtual clock", lambda at, _: feedback.virtual(at)
        ),
        Measure(
            "cyberball",
            "Ball games of 4,000 seeds: achieved against planned",
            lambda _, __: cyberball.shares(),
        ),
        Measure(
            "cyberball",
            "A ball game in a window, 1280x720, 60 Hz",
            lambda at, _: cyberball.flight(at),
            awake=True,
        ),
        Measure(
            "scale",
            "A log of 90 minutes with all its frames",
            lambda at, _: scale.one_session(at),
        ),
        Measure("kit", "A kit of 8 writers x 12 messages", lambda at, _: kit.kit_times(at)),
        Measure(
            "messages",
            "The first frame of the longest message",
            lambda _, __: messages.first_frames(),
            awake=True,
        ),
        Measure("scripts", "Rendering beside headless Chromium", lambda _, __: scripts.rows()),
        Measure("commands", "Starting up", lambda at, _: session.start_times(at)),
        Measure(
            "start",
            "From the command to the first frame",
            lambda at, _: start.start_times(at),
        ),
        Measure(
            "markers",
            "From the flip to the byte in another process",
            lambda at, _: markers.flip_to_byte(at),
        ),
        Measure(
            "markers",
            "From the flip to the byte, processors kept awake",
            lambda at, _: markers.flip_to_byte(at / "awake"),
            awake=True,
        ),
        Measure(
            "markers",
            "What a 10 ms pulse each 100 ms costs the frames",
            lambda at, _: markers.frame_cost(at),
            awake=True,
        ),
        Measure(
            "pulses",
            "Stamps of pulses, while a window renders at its limit and the disk is being synced",
            lambda at, _: pulses.stamps(at),
        ),
        Measure(
            "pulses",
            "A fORP's stream, under the same load",
            lambda at, _: pulses.forp_bytes(at),
        ),
        Measure("drift", "Drift between the clocks", lambda _, __: pulses.drift()),
        Measure(
            "drift",
            "Drift from `scanner --ratio` through a terminal to the log, ten minutes in real time",
            lambda at, _: pulses.drift_live(at),
        ),
    ]


if __name__ == "__main__":
    main()
