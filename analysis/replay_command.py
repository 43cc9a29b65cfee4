"""The command that replays a log: proves it, shows it, and makes pictures and videos of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiment.errors import BadInput, KindredError


def replay(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="A session's log (*.jsonl).")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Prove that it is what the protocol says.")
    ] = False,
    show: Annotated[bool, typer.Option("--show", help="Play it in a window.")] = False,
    speed: Annotated[
        float, typer.Option(metavar="N", help="Of --show: 1 is as it was, 2 twice as fast.")
    ] = 1.0,
    at: Annotated[float | None, typer.Option(help="Session time (s) of a picture.")] = None,
    png: Annotated[Path | None, typer.Option(help="File for that picture.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="File for a contact sheet (PNG).")] = None,
    video: Annotated[
        Path | None, typer.Option(metavar="FILE.mp4", help="File for a video; needs ffmpeg.")
    ] = None,
    fps: Annotated[float, typer.Option(help="Frames per second of the video.")] = 30.0,
    begin: Annotated[
        float | None, typer.Option("--from", help="Session time (s) at which it begins.")
    ] = None,
    end: Annotated[
        float | None, typer.Option("--to", help="Session time (s) at which the video ends.")
    ] = None,
    kit: Annotated[
        Path | None, typer.Option(help="The participant's kit folder, to show the texts.")
    ] = None,
) -> None:
    """Replay a session from its log."""
    from analysis.gathering import about_edit, as_session_log
    from experiment.outputs import check_place
    from experiment.readlog import read_log

    if (at is None) != (png is None) or not (verify or show or png or sheet or video):
        raise BadInput(
            "replay: give --verify, --show, --at T --png FILE, --sheet FILE, or --video FILE.mp4"
        )
    if not 0 < speed <= 100:
        raise BadInput(f"--speed {speed:g}: a number above 0, at most 100, is needed")
    read = read_log(log)
    for file in (png, sheet, video):
        if file is not None:
            check_place(file, kit)
    if show or png or sheet or video:
        print(*(f"{line}\n" for line in about_edit(read)), sep="", end="")
    if png is not None and at is not None:
        from analysis.show import picture_at, write_png

        with as_session_log(log):
            picture = picture_at(read, at, kit)
        write_png(picture, png, kit)
        print(f"picture: {png}")
    if sheet is not None:
        from analysis.show import contact_sheet, write_png

        with as_session_log(log):
            picture = contact_sheet(read, kit)
        write_png(picture, sheet, kit)
        print(f"contact sheet: {sheet}")
    if show:
        from analysis.replay_window import show as play

        play(read, kit, speed=speed, begin=begin)
    if video is not None:
        from analysis.film import Film, write_video

        with as_session_log(log):
            film = Film(read, kit)
        seconds = write_video(film, video, fps=fps, begin=begin, end=end)
        print(f"video: {video}, {seconds:.1f} s")
        if kit is not None:
            print("it shows people's own words: keep it with the kit")
    if verify:
        from analysis.dose import dose_lines
        from analysis.replay import report
        from analysis.replay import verify as compare

        found = compare(read)
        print(report(read, found))
        if found.whole:
            with as_session_log(log):
                print(*(f"{line}\n" for line in dose_lines(read)), sep="", end="")
        if found.differences:
            raise KindredError(f"{log}: not what the protocol says")
