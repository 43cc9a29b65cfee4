from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from analysis.show import contact_sheet, moments, picture_at, write_png
from experiment.errors import BadInput
from experiment.readlog import SessionLog, read_log
from experiment.session import SessionRequest, prepare, run
from experiment.steps import Message, Scale

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


def test_a_time_outside_of_the_session_is_told(log: SessionLog) -> None:
    with pytest.raises(BadInput, match="nothing was on the screen"):
        picture_at(log, 1e6, None)
    with pytest.raises(BadInput, match="nothing was on the screen"):
        picture_at(log, -1.0, None)


def test_the_kit_of_another_session_is_refused(log: SessionLog, tmp_path: Path) -> None:
    from dataclasses import replace

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
