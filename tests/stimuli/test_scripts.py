"""Every script as headless Chromium sets it; ``make scripts`` makes its pictures anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.scripts import ENOUGH, SAMPLES, Sample, likeness, ours, reference
from stimuli.fonts import missing_glyphs

NAMES = list(SAMPLES)


def worst(sample: Sample, name: str) -> float:
    return min(likeness(ours(sample), reference(name)))


@pytest.mark.parametrize("name", NAMES)
def test_a_script_is_set_as_by_chromium(name: str) -> None:
    sample = SAMPLES[name]
    assert missing_glyphs(sample.text, sample.language) == ()
    assert worst(sample, name) >= ENOUGH


@pytest.mark.parametrize("name", NAMES)
def test_another_order_of_lines_would_be_found(name: str) -> None:
    shown = ours(SAMPLES[name])
    top = (shown.picture.shape[0] - shown.lines * shown.leading) // 2
    lines = np.split(shown.picture[top : top + shown.lines * shown.leading], shown.lines)
    turned = np.concatenate([shown.picture[:top], *lines[::-1], shown.picture[:top]])
    assert min(likeness(replace(shown, picture=turned), reference(name))) < ENOUGH - 0.1


@pytest.mark.parametrize("name", NAMES)
def test_a_box_would_be_found(name: str) -> None:
    sample = SAMPLES[name]
    letter = sample.text[len(sample.text) // 2 + 1]
    boxed = Sample(sample.language, sample.text.replace(letter, "\ue000", 1))
    assert worst(boxed, name) < ENOUGH


def test_letters_the_wrong_way_round_would_be_found() -> None:
    sample = SAMPLES["hebrew"]
    override = Sample("he", f"\u202d{sample.text}\u202c")  # what a naive engine does
    assert worst(override, "hebrew") < ENOUGH - 0.1


def test_arabic_letters_that_are_not_joined_would_be_found() -> None:
    parted = "\u200c".join(SAMPLES["arabic"].text)
    assert worst(Sample("ar", parted), "arabic") < ENOUGH


def test_another_regions_characters_would_be_found() -> None:
    as_japanese = replace(SAMPLES["chinese-traditional"], language="ja")
    assert worst(as_japanese, "chinese-traditional") < ENOUGH


@pytest.mark.parametrize(("heart", "strongest"), [("❤️", 0), ("💚", 1), ("💙", 2)])
def test_emoji_have_their_own_colours(heart: str, strongest: int) -> None:
    picture = ours(Sample("en", heart)).picture.astype(int)
    colourful = np.ptp(picture, axis=-1) > 100  # no grey comes near that
    assert colourful.mean() > 0.005
    assert np.argmax(picture[colourful].mean(axis=0)) == strongest


def test_an_emoji_that_falls_apart_would_be_found() -> None:
    apart = SAMPLES["emoji"].text.replace("\u200d", "")
    assert worst(Sample("en", apart), "emoji") < ENOUGH
