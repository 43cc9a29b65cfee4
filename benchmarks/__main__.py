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
    "host takes processors away that sleep and gives them back late: they were kept awake, as "
    "`keep_awake` in a study does; the first table also tells what comes without. The hour of "
    "markers is a run of its own, `make bench-hour`; its table is RESULTS-HOUR.md."
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
_SOME, _ALL = 1000, 10_000  # sessions
_SCALE_TITLE = "A thousand sessions"
_HOUR_TITLE = "One hour of markers, one core kept busy"


def main() -> None:
    """Measure what is asked for, and print it."""
    measures = _measures()
    names = sorted({name for name, _, _ in measures})
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
    if unknown := sorted(set(asked.sections) - set(names)):
        parser.error(f"section {unknown[0]!r} is unknown, allowed: {', '.join(names)}")
    if asked.hour or asked.hour_seconds is not None:
        seconds = 3600.0 if asked.hour_seconds is None else asked.hour_seconds
        measures = [("hour", _HOUR_TITLE, lambda folder, _: hour.hour(folder, seconds))]
        file, about = asked.to or HOUR, _ABOUT_HOUR
    elif asked.pet or asked.pet_minutes is not None:
        minutes = 90.0 if asked.pet_minutes is None else asked.pet_minutes
        title = f"A PET session of {minutes:g} minutes in real time"
        measures = [("pet", title, lambda folder, _: feedback.real_time(folder, minutes))]
        file, about = asked.to or PET, _ABOUT_PET
    elif asked.scale or asked.sessions is not None:
        count = _ALL if asked.sessions is None else asked.sessions
        title = f"{count:,} sessions to BIDS, tables and report"
        measures = [("scale", title, lambda folder, _: scale.sessions(folder, count))]
        file, about = asked.to or SCALE, _ABOUT_SCALE
    else:
        file, about = asked.to or RESULTS, _ABOUT
    wanted = set(asked.sections) or {name for name, _, _ in measures}
    order = [title for _, title, _ in measures]
    # One display for all: what pyglet shares between windows dies with the display.
    with some_display(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for section, title, measure in measures:
            if section in wanted:
                awake = section != "session"  # which keeps them awake itself, and not
                rows = partial(measure, folder, asked.minutes)
                result = table.measured(title, rows, awake=awake)
                print(table.write([result], file, order, about), flush=True)


Measure = Callable[[Path, float], list[table.Row]]


def _measures() -> list[tuple[str, str, Measure]]:
    """Return all sections, in order: a name, a title, and what measures it."""
    return [
        ("session", "A session in real time, 1280x720, 60 Hz", session.real_time),
        ("frame", "What is ours of a frame", lambda folder, _: session.own_share(folder)),
        ("commands", "On the virtual clock", lambda folder, _: session.virtual(folder)),
        (
            "feedback",
            "A PET session on the virtual clock",
            lambda folder, _: feedback.virtual(folder),
        ),
        (
            "cyberball",
            "Ball games of 4,000 seeds: achieved against planned",
            lambda _, __: cyberball.shares(),
        ),
        (
            "cyberball",
            "A ball game in a window, 1280x720, 60 Hz",
            lambda folder, _: cyberball.flight(folder),
        ),
        ("scale", _SCALE_TITLE, lambda folder, _: scale.sessions(folder, _SOME)),
        (
            "scale",
            "A log of 90 minutes with all its frames",
            lambda folder, _: scale.one_session(folder),
        ),
        ("kit", "A kit of 8 writers x 12 messages", lambda folder, _: kit.kit_times(folder)),
        (
            "messages",
            "The first frame of the longest message",
            lambda _, __: messages.first_frames(),
        ),
        ("scripts", "Rendering beside headless Chromium", lambda _, __: scripts.rows()),
        ("commands", "Starting up", lambda folder, _: session.start_times(folder)),
        (
            "start",
            "From the command to the first frame",
            lambda folder, _: start.start_times(folder),
        ),
        (
            "markers",
            "From the flip to the byte in another process",
            lambda folder, _: markers.flip_to_byte(folder),
        ),
        (
            "markers",
            "What a 10 ms pulse each 100 ms costs the frames",
            lambda folder, _: markers.frame_cost(folder),
        ),
        (
            "pulses",
            "Stamps of pulses, while a window renders at its limit and the disk is being synced",
            lambda folder, _: pulses.stamps(folder),
        ),
        (
            "pulses",
            "A fORP's stream, under the same load",
            lambda folder, _: pulses.forp_bytes(folder),
        ),
        ("drift", "Drift between the clocks", lambda _, __: pulses.drift()),
        (
            "drift",
            "Drift from `scanner --ratio` through a terminal to the log, ten minutes in real time",
            lambda folder, _: pulses.drift_live(folder),
        ),
    ]


if __name__ == "__main__":
    main()
