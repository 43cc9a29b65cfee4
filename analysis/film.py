"""A session as a film: what was on the screen at any time, and a video of it."""

from __future__ import annotations

import shutil
import subprocess
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from analysis.sheets import Frame
from analysis.show import Moment, Projector, moments
from experiment.errors import BadInput, KindredError
from experiment.outputs import Output
from experiment.readlog import SessionLog

FPS = 30.0  # of a video; a screen that is shown shorter than this still has a frame of its own
VIDEO = Output((".mp4",), mode=0o600)
"""Readable by its owner only: it may show private texts."""

_NO_FFMPEG = (
    "--video: needs the program ffmpeg, which is not there; install it (apt-get install ffmpeg, "
    "brew install ffmpeg, winget install ffmpeg), or use --sheet FILE.png"
)


class Film:
    """The screen of a session at any time.

    Parameters
    ----------
    log : SessionLog
    kit_folder : Path or None
        The participant's kit; without it grey bars stand for messages.

    Raises
    ------
    BadInput
        If nothing was ever shown, or the kit is another one.
    """

    def __init__(self, log: SessionLog, kit_folder: Path | None) -> None:
        self.moments = tuple(moments(log))
        if not self.moments:
            raise BadInput(
                f"{log.file}: nothing was shown; the session ended before its first screen"
            )
        self.kit_folder = kit_folder
        self._projector = Projector(log, kit_folder)
        self._times = [moment.t for moment in self.moments]
        self.begin = self._times[0]
        self.end = max(
            max((event["t"] for event in log.events if event["t"] is not None), default=0.0),
            self._times[-1],
        )
        self._last: tuple[tuple[int, bool], Frame] | None = None

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of its frames."""
        return self._projector.size_px

    def index_at(self, t: float) -> int:
        """Return which of its moments a time (s, session clock) is in; -1 before the first."""
        return bisect_right(self._times, t) - 1

    def moment_at(self, t: float) -> Moment | None:
        """Return what was on the screen at a time (s, session clock), and how old it was."""
        index = self.index_at(t)
        if index < 0:
            return None
        found = self.moments[index]
        return replace(found, age=found.age + t - found.t)

    def frame_at(self, t: float) -> Frame:
        """Return the screen at a time (s, session clock), shape (height, width, 3).

        The same array comes again as long as nothing changes.
        """
        moment, index = self.moment_at(t), self.index_at(t)
        if moment is None:
            return self._projector.empty()
        key = (index, self._projector.lit(moment))
        if self._last is not None and self._last[0] == key and not self._projector.moves(moment):
            return self._last[1]
        frame = self._projector.frame(moment)
        self._last = (key, frame)
        return frame

    def frames(self, fps: float, begin: float, end: float) -> Iterator[Frame]:
        """Yield what was on the screen, so many times a second."""
        for number in range(max(round((end - begin) * fps), 1)):
            yield self.frame_at(begin + number / fps)


def write_video(
    film: Film,
    file: Path,
    *,
    fps: float = FPS,
    begin: float | None = None,
    end: float | None = None,
) -> float:
    """Write a session as a video, and return its length (s).

    Parameters
    ----------
    film : Film
    file : Path
        Its name ends with ``.mp4``.
    fps : float
        Frames per second.
    begin, end : float or None
        Part of the session (s, session clock); all of it if None.

    Raises
    ------
    BadInput
        As for `Output.check`: nothing is overwritten; or if there is no such part.
    KindredError
        If ffmpeg is not there, or fails.
    """
    first = film.begin if begin is None else max(begin, 0.0)
    last = film.end if end is None else min(end, film.end)
    VIDEO.check(file, film.kit_folder)
    if not 1 <= fps <= 240:
        raise BadInput(f"--fps {fps:g}: a number from 1 to 240 is needed")
    if first >= last:
        raise BadInput(
            f"--from {first:g} --to {last:g}: the first comes before the second, and the session "
            f"goes from {film.begin:g} to {film.end:g} s"
        )
    program = shutil.which("ffmpeg")
    if program is None:
        raise KindredError(_NO_FFMPEG)
    beside = file.with_name(f".{file.stem}.part.mp4")
    try:
        beside.touch(VIDEO.mode)
        beside.chmod(VIDEO.mode)
        _encode(program, film, beside, fps, first, last)
        beside.replace(file)
    except OSError as error:
        raise BadInput(f"{file}: can't be written ({error.strerror})") from None
    finally:
        beside.unlink(missing_ok=True)
    return last - first


def _encode(program: str, film: Film, file: Path, fps: float, begin: float, end: float) -> None:
    width, height = film.size_px
    words = [program, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    words += ["-video_size", f"{width}x{height}", "-framerate", f"{fps:g}", "-i", "-", "-an"]
    # Colours as players expect them, told in the file; sides even, as the format wants them.
    words += ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709:out_range=tv"]
    words += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-pix_fmt", "yuv420p"]
    words += ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    words += ["-map_metadata", "-1", "-movflags", "+faststart", str(file)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        try:
            for frame in film.frames(fps, begin, end):
                process.stdin.write(frame.tobytes())
            process.stdin.close()
        except BrokenPipeError:
            pass  # it says why
        told = process.stderr.read().decode(errors="replace").strip().splitlines()
    if process.returncode != 0:
        raise KindredError(f"ffmpeg could not write the video: {told[-1] if told else 'no reason'}")
