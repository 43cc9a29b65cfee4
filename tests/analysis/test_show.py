from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from analysis.show import contact_sheet, moments, picture_at, write_png
from experiment.errors import BadInput
from experiment.plain import to_plain
from experiment.readlog import SessionLog, read_log
from experiment.screens import Message, Scale, Throw
from experiment.session import SessionRequest, prepare, run
from experiment.steps import After, Step

NewStudy = Callable[..., Path]


@pytest.fixture
def log(new_study: NewStudy) -> SessionLog:
    request = SessionRequest(
        new_study(),
        "012",
        "02",
        robot="typical",
        fast=True,
        no_window=True,
        size=(640, 360),
    )
    return read_log(run(prepare(request)).log)


def kit_of(log: SessionLog) -> Path:
    return log.file.parents[3] / "participants" / "012" / "kit"


def test_a_moment_of_a_message_shows_its_text_only_with_the_kit(log: SessionLog) -> None:
    moment = next(m for m in moments(log) if isinstance(m.step.screen, Message))
    with_text = picture_at(log, moment.t + 0.1, kit_of(log))
    without = picture_at(log, moment.t + 0.1, None)
    assert with_text.shape == without.shape == (360, 640, 3)
    assert not np.array_equal(with_text, without)


def test_the_cursor_is_where_the_participant_had_put_it(log: SessionLog) -> None:
    rated = [m for m in moments(log) if isinstance(m.step.screen, Scale) and m.step.trial]
    moved = next(m for m in rated if m.cursor != m.step.screen.start)  # type: ignore[union-attr]
    onset = next(m for m in rated if m.number == moved.number)
    kit = kit_of(log)
    before = picture_at(log, onset.t, kit)
    after = picture_at(log, moved.t, kit)
    changed = np.flatnonzero((before != after).any(axis=(0, 2)))
    assert 0 < len(changed) < 640
    assert not np.array_equal(before, after)


def test_a_ball_that_flies_is_where_it_was_and_nobody_is_named(log: SessionLog) -> None:
    def instead(event: dict[str, Any]) -> dict[str, Any]:
        return {**event, "step": to_plain(Step(flying, After(0.6)))} if event is thrown else event

    flying = Throw(("w01", "m02"), 1, 2, 0.6)
    shown = next(m for m in moments(log) if isinstance(m.step.screen, Message))
    thrown = next(event for event in log.of("step") if event["n"] == shown.number)
    game = replace(log, events=tuple(map(instead, log.events)))
    frames = [picture_at(game, shown.t + age, None).astype(int) for age in (0.0, 0.3, 0.5)]
    assert all((a != b).any() for a, b in pairwise(frames))
    sheet = contact_sheet(game, None).astype(int)
    place = shown.number
    left, top = 16 + place % 6 * 416, 16 + place // 6 * (225 + 30 + 16)
    small = Image.fromarray(frames[1].astype(np.uint8)).resize((400, 225), Image.Resampling.LANCZOS)
    assert np.abs(sheet[top : top + 225, left : left + 400] - np.asarray(small)).max() < 3


def test_a_time_outside_of_the_session_is_told(log: SessionLog) -> None:
    with pytest.raises(BadInput, match="nothing was on the screen"):
        picture_at(log, 1e6, None)
    with pytest.raises(BadInput, match="nothing was on the screen"):
        picture_at(log, -1.0, None)


def test_the_kit_of_another_session_is_refused(log: SessionLog, tmp_path: Path) -> None:
    from experiment.kit import load_kit, save_kit

    kit = load_kit(kit_of(log))
    save_kit(replace(kit, messages=kit.messages[1:]), tmp_path / "other")
    with pytest.raises(BadInput, match="not the kit"):
        picture_at(log, 5.0, tmp_path / "other")


def test_a_sheet_shows_every_step_and_is_private(log: SessionLog, tmp_path: Path) -> None:
    sheet = contact_sheet(log, kit_of(log))
    assert sheet.ndim == 3
    file = tmp_path / "sheet.png"
    write_png(sheet, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    steps = sum(1 for _ in log.of("step"))
    rows = -(-steps // 6)
    assert sheet.shape[0] == 16 + rows * (225 + 30 + 16)
