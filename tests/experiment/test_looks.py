from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from experiment.looks import looks_of
from experiment.protocol import Protocol, load_protocol
from experiment.screens import Message, Scale
from stimuli.painter import still
from stimuli.sprites import Image

NewStudy = Callable[..., Path]


def protocol(study: Path) -> Protocol:
    return load_protocol(study / "study.yaml")[0]


@pytest.mark.parametrize(("distance", "px"), [("90", 43), ("180", 85)])
def test_the_texts_size_is_its_visual_angle(new_study: NewStudy, distance: str, px: int) -> None:
    # 1.1 deg at 90 cm are 1.728 cm; 1280 px are 52 cm wide.
    rig = protocol(new_study(("distance_cm: 90", f"distance_cm: {distance}"), kit=False))
    assert looks_of(rig, (1280, 720), {}).style.text_px == px


def test_letters_on_the_screen_are_as_large_as_their_size_says(new_study: NewStudy) -> None:
    rig = protocol(new_study(kit=False))
    looks = looks_of(rig, (1280, 720), {"m": ("H", "en")})
    (letter,) = looks.painter.paint(Message("m")).sprites
    # A capital of Noto Sans is 0.714 em high.
    assert letter.bottom - letter.top == pytest.approx(0.714 * looks.style.text_px, abs=2)


def test_a_question_is_shown_in_the_studys_language(new_study: NewStudy) -> None:
    question = "question: How good did it feel to read this message?"
    study = new_study((question, "question: {es: ¿Qué tal?, en: How good?}"), kit=False)
    both = picture_of_good(study)
    file = study / "study.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("{es: ¿Qué tal?, en: How good?}", "How good?"), "utf-8")
    assert np.array_equal(both, picture_of_good(study))
    file.write_text(text.replace("{es: ¿Qué tal?, en: How good?}", "¿Qué tal?"), "utf-8")
    assert not np.array_equal(both, picture_of_good(study))


def picture_of_good(study: Path) -> Image:
    (sprite,) = looks_of(protocol(study), (1280, 720), {}).painter.paint(Scale("good", 1)).sprites
    return sprite.image


def test_scales_are_alike_wherever_the_cursor_begins() -> None:
    assert still(Scale("good", 3)) == still(Scale("good", 5))
    assert still(Scale("good", 3)) != still(Scale("good", 3, "practice.prompt"))
    assert still(Message("m001")) == Message("m001")
