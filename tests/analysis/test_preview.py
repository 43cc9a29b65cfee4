from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.preview import caption, write_preview
from experiment.errors import BadInput
from experiment.examples import EXAMPLE, EXAMPLE_ANSWERS
from experiment.kit import Kit, KitMessage, Writer
from experiment.kit.decisions import Decision
from experiment.kit.importing import import_kit
from experiment.kit.review import look_at
from experiment.looks import looks_of
from experiment.protocol import Protocol, load_protocol
from experiment.screens import Message
from stimuli.pictures import compose
from stimuli.screens.message import MessageLook

SIZE = (640, 360)
TEXTS = {
    "m001": ("en", "CANARYWORD is what you are to me."),
    "m002": ("he", "את האדם הכי טוב שאני מכיר."),
    "m003": ("en", "a sign \ue000 that no font has"),
    "m004": ("en", "far too long " * 300),
    "m005": ("en", "rather long for a single screen. " * 14),
    "m006": ("en", "caf\ufffd with you"),
    "m007": ("en", "\u3164"),
}
KIT = Kit(
    "012",
    (Writer("w01", "CANARYNAME", "CANARYRELATION"),),
    tuple(
        KitMessage(key, "w01", "kind", language, text) for key, (language, text) in TEXTS.items()
    ),
)
LEFT_OUT = {
    "m001": Decision("m001", "leave_out", "AB", "2026-09-20T08:00:00+00:00", KIT.index().digest)
}


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return load_protocol(EXAMPLE / "study.yaml")[0]


def look(protocol: Protocol, key: str) -> MessageLook:
    return looks_of(protocol, SIZE, KIT.texts(), draft=True).painter.look_of_message(key)


def test_what_is_unusual_about_a_message_is_known_without_a_window(protocol: Protocol) -> None:
    assert look(protocol, "m001") == MessageLook(True, 1, 1.0, False, (), ())
    assert look(protocol, "m002").right_to_left
    assert look(protocol, "m003").missing == ("\ue000",)
    assert look(protocol, "m004") == MessageLook(False, 0, 1.0, False, (), ())
    longish = look(protocol, "m005")
    assert longish.fits
    assert longish.lines > 8
    assert 0.59 < longish.size < 1


def test_a_caption_says_all_that_a_check_says(protocol: Protocol) -> None:
    looks = looks_of(protocol, SIZE, KIT.texts(), draft=True)
    accepted = Decision("m001", "accept", "AB", "2026-09-20T08:00:00+00:00", KIT.index().digest)
    told = {
        message.message_id: caption(message)
        for message in look_at(KIT, protocol, looks, {"m001": accepted})
    }
    assert told["m001"] == ["m001   w01   kind   en   1 line", "accepted by AB"]
    assert told["m002"] == ["m002   w01   kind   he   1 line", "right to left"]
    assert told["m003"][1].startswith("CAN'T BE SHOWN: no font has U+E000")
    assert told["m004"][0] == "m004   w01   kind   en"
    assert told["m004"][1].startswith("CAN'T BE SHOWN: does not fit on the screen; ")
    assert re.match(r"set at \d\d % of its size to fit|shown for", told["m005"][1])
    assert told["m006"][1].startswith("CAN'T BE SHOWN: holds U+FFFD: a letter was lost")
    assert "CAN'T BE SHOWN: shows nothing: its characters leave no ink" in told["m007"][1]


def test_the_picture_shows_every_message_and_is_its_owners_alone(
    protocol: Protocol, tmp_path: Path
) -> None:
    out = tmp_path / "preview.png"
    write_preview(protocol, KIT, SIZE, out, LEFT_OUT)
    assert out.stat().st_mode & 0o777 == 0o600
    sheet = np.asarray(Image.open(out))
    ink = [int(name, 16) for name in re.findall("..", protocol.screen.ink[1:])]
    for number in range(len(TEXTS)):
        row, column = divmod(number, 4)
        top, left = 16 + row * (sheet.shape[0] - 16) // 2, 16 + column * (480 + 16)
        cell = sheet[top : top + 270, left : left + 480].astype(int)
        shows = bool((np.abs(cell - ink).max(axis=2) < 60).any())
        assert shows is (list(TEXTS)[number] not in ("m004", "m007"))
    write_preview(protocol, KIT, SIZE, out)  # replaced, after a decision


def test_the_page_has_the_pictures_in_it_and_no_text_or_name(
    protocol: Protocol, tmp_path: Path
) -> None:
    out = tmp_path / "preview.html"
    write_preview(protocol, KIT, SIZE, out, LEFT_OUT)
    assert out.stat().st_mode & 0o777 == 0o600
    page = out.read_text("utf-8")
    assert page.count("data:image/png;base64,") == len(TEXTS)
    assert "LEFT OUT by AB" in page
    assert "CAN&#x27;T BE SHOWN" in page
    assert "http" not in page
    assert "CANARY" not in page


def test_what_is_no_preview_is_refused_and_left_alone(protocol: Protocol, tmp_path: Path) -> None:
    photo = tmp_path / "preview.png"
    photo.write_bytes(b"mine")
    with pytest.raises(BadInput, match="was not made by this command"):
        write_preview(protocol, KIT, SIZE, photo)
    assert photo.read_bytes() == b"mine"
    with pytest.raises(BadInput, match=r"ends with \.png / \.html"):
        write_preview(protocol, KIT, SIZE, tmp_path / "preview.jpg")
    with pytest.raises(BadInput, match="has no messages"):
        write_preview(protocol, Kit("012", (), ()), SIZE, tmp_path / "empty.png")
    with pytest.raises(BadInput, match="nowhere: no such folder"):
        write_preview(protocol, KIT, SIZE, tmp_path / "nowhere" / "preview.png")


def test_the_sample_kit_has_no_box_and_no_clipped_message(protocol: Protocol) -> None:
    strangers = EXAMPLE / "stranger_messages.csv"
    kit = import_kit(EXAMPLE / EXAMPLE_ANSWERS, "012", strangers).kit
    looks = looks_of(protocol, protocol.screen.size_px, kit.texts(), draft=True)
    for message in kit.messages:
        look = looks.painter.look_of_message(message.message_id)
        assert look.fits
        assert not look.missing
        frame = compose(looks.painter.paint(Message(message.message_id)), looks.style)
        assert (frame != frame[0, 0]).any()
        assert (frame[[0, 1, -2, -1]] == frame[0, 0]).all()
        assert (frame[:, [0, 1, -2, -1]] == frame[0, 0]).all()
