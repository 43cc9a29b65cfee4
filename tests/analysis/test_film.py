from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.film import Film, write_video
from analysis.show import moments, picture_at
from experiment.errors import BadInput, KindredError
from experiment.kit import load_kit
from experiment.looks import looks_of
from experiment.plain import to_plain
from experiment.protocol import Protocol
from experiment.readlog import SessionLog, read_log
from experiment.screens import Message, Throw
from experiment.session import SessionRequest, prepare, run
from experiment.steps import After, Step
from tests.video import as_frames, decoded, distance

SIZE = (640, 360)
RAW = """#!/bin/sh
for file; do :; done
printf '%s ' "$@" > "$(dirname "$0")/words"
exec cat > "$file"
"""


@pytest.fixture
def log(new_study: Callable[..., Path]) -> SessionLog:
    request = SessionRequest(
        new_study(), "012", "02", robot="typical", fast=True, no_window=True, size=SIZE
    )
    return read_log(run(prepare(request)).log)


@pytest.fixture
def kit(log: SessionLog) -> Path:
    return log.file.parents[3] / "participants" / "012" / "kit"


@pytest.fixture
def raw_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ffmpeg that keeps the frames as they are."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "ffmpeg").write_text(RAW)
    (folder / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def with_a_throw(log: SessionLog) -> tuple[SessionLog, float]:
    """The same session with a ball that flies in the place of a message; and when it does."""
    shown = next(m for m in moments(log) if isinstance(m.step.screen, Message))
    thrown = to_plain(Step(Throw(("w01", "m02"), 1, 2, 0.6), After(0.6)))
    events = tuple(
        {**event, "step": thrown}
        if event["type"] == "step" and event["n"] == shown.number
        else event
        for event in log.events
    )
    return replace(log, events=events), shown.t


def test_each_frame_of_a_video_is_what_was_shown_then(
    log: SessionLog, kit: Path, raw_encoder: Path
) -> None:
    begin = next(m.t for m in moments(log) if isinstance(m.step.screen, Message)) - 1.0
    file = kit / "video.mp4"
    seconds = write_video(Film(log, kit), file, fps=5, begin=begin, end=begin + 8)
    assert seconds == pytest.approx(8.0)
    frames = as_frames(file.read_bytes(), SIZE)
    assert len(frames) == 40
    for number, frame in enumerate(frames):
        assert np.array_equal(frame, picture_at(log, begin + number / 5, kit))
    assert len({frame.tobytes() for frame in frames}) > 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "-framerate 5 " in (raw_encoder / "words").read_text()
    assert [f.name for f in kit.iterdir() if "part" in f.name] == []


def test_a_ball_flies_in_the_video_and_no_text_is_there_without_the_kit(
    log: SessionLog, kit: Path, tmp_path: Path, raw_encoder: Path
) -> None:
    assert raw_encoder.is_dir()
    game, thrown = with_a_throw(log)
    write_video(Film(game, None), tmp_path / "a.mp4", fps=20, begin=thrown, end=thrown + 0.5)
    frames = as_frames((tmp_path / "a.mp4").read_bytes(), SIZE)
    assert len({frame.tobytes() for frame in frames}) == len(frames) == 10
    assert np.array_equal(frames[4], picture_at(game, thrown + 0.2, None))
    write_video(Film(log, None), tmp_path / "b.mp4", fps=2, begin=thrown, end=thrown + 1)
    bars = as_frames((tmp_path / "b.mp4").read_bytes(), SIZE)[0]
    assert not np.array_equal(bars, picture_at(log, thrown, kit))


def test_what_can_not_be_a_video_is_told_and_nothing_is_left(
    log: SessionLog, tmp_path: Path, raw_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = Film(log, None)
    (tmp_path / "there.mp4").write_bytes(b"")
    for name, more, problem in (
        ("a.avi", {}, "ends with .mp4"),
        ("there.mp4", {}, "is there already"),
        ("no/folder.mp4", {}, "no such folder"),
        ("a.mp4", {"fps": 0.0}, "from 1 to 240"),
        ("a.mp4", {"begin": 1e6}, "the first comes before"),
    ):
        with pytest.raises(BadInput, match=problem):
            write_video(film, tmp_path / name, **more)
    (raw_encoder / "ffmpeg").write_text("#!/bin/sh\necho 'no such encoder' >&2\nexit 1\n")
    with pytest.raises(KindredError, match="could not write the video: no such encoder"):
        write_video(film, tmp_path / "a.mp4", end=film.begin + 1)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KindredError, match="needs the program ffmpeg, which is not there"):
        write_video(film, tmp_path / "a.mp4")
    assert {f.name for f in tmp_path.glob("*.mp4")} == {"there.mp4"}
    nothing = replace(log, events=())
    with pytest.raises(BadInput, match="nothing was shown"):
        Film(nothing, None)


@pytest.mark.slow  # needs ffmpeg, which `make faults` installs
@pytest.mark.usefixtures("display")
@pytest.mark.parametrize("with_kit", [True, False])
def test_a_video_by_ffmpeg_shows_what_the_window_shows(
    log: SessionLog, kit: Path, tmp_path: Path, with_kit: bool
) -> None:
    from experiment.clock import RealClock
    from stimuli.window import Window

    game, thrown = with_a_throw(log)
    begin, fps = thrown - 2.0, 10
    film = Film(log, kit) if with_kit else Film(game, None)
    file = (kit if with_kit else tmp_path) / "video.mp4"
    write_video(film, file, fps=fps, begin=begin, end=begin + 12)
    frames = decoded(file, SIZE)
    assert len(frames) == 12 * fps
    protocol = Protocol.model_validate(game.header["protocol"])
    texts = load_kit(kit).texts()
    clock = RealClock()

    def painter_for(size: tuple[int, int]) -> Any:
        from analysis.show import _nobody  # a game without people, as the film has it

        return looks_of(protocol, size, texts, unknown=_nobody).painter

    window = Window(
        SIZE, protocol.screen.background, painter_for, clock, 60.0, fullscreen=False, mouse=False
    )
    kinds = set()
    try:
        for number in range(0, len(frames), 3):
            moment = film.moment_at(begin + number / fps)
            assert moment is not None
            if isinstance(moment.step.screen, Message) and not with_kit:
                continue  # grey bars, which no window shows
            shown = window.capture(moment.step.screen, moment.cursor, moment.confirmed, moment.age)
            assert distance(frames[number], shown) < 4.0, moment.step.screen
            kinds.add(moment.step.screen.kind)
    finally:
        window.close()
        clock.close()
    assert {"fixation", "message" if with_kit else "throw", "scale"} <= kinds
