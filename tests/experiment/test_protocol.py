from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from experiment.errors import BadInput
from experiment.examples import EXAMPLE, make_study
from experiment.protocol import LAB_DEFAULT, Protocol, ScannerMessages, load_protocol, worded
from experiment.protocol.rig import FaultName

NewStudy = Callable[..., Path]
RIG = EXAMPLE.parent / "experiment" / "presets" / "rig.yaml"
GOOD = "points: 7\n    anchors: {1: Not at all, 4: Somewhat, 7: Very good}"
LINE = (
    "kind: continuous\n    steps: 100\n    hold: {after: 0.3, sweep: 3}\n"
    "    anchors: {0: Not at all, 101: Very good}"
)


def test_the_example_is_read_with_a_source_for_every_value() -> None:
    protocol, sources = load_protocol(EXAMPLE / "study.yaml")
    assert isinstance(protocol.tasks["messages"], ScannerMessages)
    assert sources["tasks.messageslab.messages.kind.total"] == "S0"
    assert sources["tasks.messages.timing.reading"] == LAB_DEFAULT
    assert protocol.devices.trigger is None
    assert "messages.welcome" in protocol.texts


def test_the_example_and_the_presets_list_the_policy_of_every_fault() -> None:
    for file in (EXAMPLE / "study.yaml", RIG):
        (listed,) = re.findall(r"^faults:.*\n((?:  .*\n)+)", file.read_text("utf-8"), re.M)
        assert sorted(re.findall(r"^  (\w+): ", listed, re.M)) == sorted(get_args(FaultName)), file


def line_of(study: Path, text: str) -> int:
    lines = (study / "study.yaml").read_text("utf-8").splitlines()
    return next(i for i, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("reading: 5.0", "reading: five", "tasks.messages.timing.reading: {a number}'five'"),
        ("reading: 5.0", "reading: -1",
         "messages.timing.reading: a number is needed, above 0 and at most 600 (found -1)"),
        ("reading: 5.0", "readingg: 5.0",
         "messages.timing.readingg: not permitted{}missing here: reading; allowed: answer, clo"),
        ("  kind: 31", "  Kind: 31", "markers.Kind: a name of small letters, digits and _ is"),
        ("late_first: go_on", "late_firs: go_on", "faults.late_firs: allowed are 'marker_not_s"),
        ("  kind: 31", "  kind: 256", "markers.kind: {}at least 1 and at most 255 (found 256)"),
        ("keys: [escape, q]", "keys: [escape]", "buttons.abort.keys.1: one more is needed here"),
        ("hold: 1.0}\n", "hold: 0}\n", "abort.hold: a number is needed, above 0 and at most 7200"),
        ("refresh_hz: 60", "refresh_hz: .nan", "above 20 and below 500 (found nan)"),
        ("  kind: 31", "  kind: 33", "markers.stranger: code 33 is also that of 'kind'"),
        ("rate_good: 42", "rate_god: 42", "markers: task 'messages' needs a code for 'rate_good'"),
        ("tasks: [messages]", "tasks: [mesages]", "01.tasks.0: no task 'mesages'{}allowed"),
        ("points: 7\n    anchors: {1: Not at all, 4: Somewhat, 7: Very good}",
         "points: 5\n    anchors: {1: Not at all, 4: Somewhat, 7: Very good}",
         "ratings.good: anchor at point 7 of a scale from 1 to 5"),
        ("fixation: [1.0, 3.0]", "fixation: [3.0, 1.0]", "fixation: the shortest time comes first"),
        ("source: S0}", "source: S9}", "unknown source 'S9', allowed: L1, L2, S0, lab default"),
        ("\nsource: lab default\n", "\n", "screen.size_px.0: no source for 1280; write {}"),
        ("version: lab", "version: labb",
         "tasks.messageslab.version: unknown 'labb', allowed: scanner, lab"),
        ("    version: lab\n", "", "tasks.messageslab.version: is missing"),
        ("kind: messages\n    version: lab", "kind: mesages\n    version: lab",
         "tasks.messageslab.kind: unknown 'mesages', allowed: messages, object"),
        ("kind: messages\n    version: lab", "kind: object\n    version: lab",
         "tasks.messageslab.{}not permitted"),
        ("per_writer: 1} ", "per_writer: 0} ", "kind.per_writer: {}at least 1{}0"),
        ("{total: {value: 6, source: S0}, per_writer: 1}", "{value: 6, source: S0}",
         "tasks.messageslab.messages.kind: {}6"),
        ("tasks: [messageslab]", "tasks: [messageslab, messageslab]", "sessions.02: task {} twice"),
        ("optional: [feelings, daily]", "optional: [feelings, daily, dance]",
         "01.optional.2: no task 'dance'; allowed: daily, feelings, messages, messageslab"),
        ("language: en", "language: xx", "language: no text file texts/xx.yaml{}there are: {}en"),
        ("messages.scanner]", "messages.scaner]", "no text 'messages.scaner'"),
        ("[space, return, \"3\", green]", "[left]", "key 'left' has two meanings"),
        ("pause: [p]", "pause: [spacebar]", "no key is named 'spacebar'; did you mean space"),
        ("keys: [escape, q]", "keys: [esc, q]", "abort.keys.0: no key is named 'esc'{}escape"),
        ("tr: 2.0", "tr: 0", "scanner.tr: {}above 0"),
        ("volumes: none ", "volumes: ", "scanner.volumes: nothing stands here; write a value, or"),
        ("characters_per_minute: 260", "characters_per_minute: '260'", "per_minute: a number is"),
        ("question: How good did it feel to read this message?", "question: ''",
         "ratings.good.question: a text is needed"),
        ("height_cm: 29.3", "height_cm: 39", "screen: pixels must be square: 1280 px on 52 cm"),
        ("  kind: 31", "  kind: true", "markers.kind: a number is needed, not yes or no"),
        ("tr: 2.0", "tr: true", "scanner.tr: a number is needed, not yes or no"),
        (GOOD, GOOD + "\n    kind: dots", "ratings.good: a rating has a kind: points or continu"),
        (GOOD, LINE.replace("100", "5"), "ratings.good.steps: {}at least 10"),
        (GOOD, LINE.replace("hold", "held"), "ratings.good.held: {}not permitted"),
        (GOOD, LINE.replace("sweep: 3", "sweep: 0"), "ratings.good.hold.sweep: {}at least 0.2"),
        (GOOD, LINE, "ratings.good: anchor at point 101 of a scale from 0 to 100"),
        ("question: How good did it feel to read this message?", "question: 5",
         "ratings.good.question: a text is needed, or one for each language"),
        ("question: How good did it feel to read this message?", "question: {english: How good?}",
         "ratings.good.question: 'english' is no language"),
        ("question: How good did it feel to read this message?", "question: {es: ¿Qué tal?}",
         "ratings.good: question or anchors lack the study's language 'en'"),
        ("left: [left, \"1\", blue]", "left: []",
         "left and for right; a two-button box has left: []"),
    ],
)  # fmt: skip
def test_an_error_names_file_line_field_and_what_is_allowed(
    new_study: NewStudy, old: str, new: str, expected: str
) -> None:
    study = new_study((old, new), kit=False)
    with pytest.raises(BadInput) as caught:
        load_protocol(study / "study.yaml")
    message = str(caught.value)
    assert "\n" not in message
    place, _, rest = message.partition(": ")
    assert place.startswith(f"{study / 'study.yaml'}:")
    lines = len((study / "study.yaml").read_text("utf-8").splitlines())
    assert 1 <= int(place.rpartition(":")[2]) <= lines
    for part in expected.replace("{a number}", "{}").split("{}"):
        assert part in rest, message


def test_the_line_is_the_fields_own(new_study: NewStudy) -> None:
    study = new_study(("reading: 5.0", "reading: five"), kit=False)
    with pytest.raises(BadInput) as caught:
        load_protocol(study / "study.yaml")
    assert f"study.yaml:{line_of(study, 'reading: five')}: " in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "at", "expected"),
    [
        ("hold: 20.0", "hold: long", "hold: long", "timing.hold: a number is needed, not a text"),
        ("hold: 20.0", "hold: 0", "hold: 0", "timing.hold: a number is needed, above 0"),
        ("[warm, neutral]", "[warm, cold]", "[warm, cold]", "objects.1: allowed are 'warm'"),
        ("[warm, neutral]", "[warm, warm]", "[warm, warm]", "objects: each object is named once"),
        ("[8.0, 12.0]", "[9.0, 8.0]", "[9.0, 8.0]", "timing.rest: the shortest time comes first"),
        ("put_down: 37", "set_down: 37", "markers:", "task 'warmobject' needs a code for"),
    ],
)
def test_an_error_in_a_task_without_messages_has_its_own_line(
    tmp_path: Path, old: str, new: str, at: str, expected: str
) -> None:
    study = tmp_path / "study"
    make_study(study, "inagaki2016")
    file = study / "study.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(BadInput) as caught:
        load_protocol(file)
    place = "markers: " if at == "markers:" else "tasks.warmobject."
    assert f"study.yaml:{line_of(study, at)}: {place}{expected}" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "a study file is a mapping"),
        (b"- a\n- b\n", "a study file is a mapping"),
        (b"study: {name: x\n", "not readable as YAML"),
        (b"a: 1\na: 2\n", "not readable as YAML"),
        (b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_a_file_that_is_no_study(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "study.yaml"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=problem):
        load_protocol(file)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        load_protocol(tmp_path / "study.yaml")


def test_a_text_file_s_error_has_its_line(new_study: NewStudy) -> None:
    study = new_study(kit=False)
    file = study / "texts" / "en.yaml"
    text = file.read_text("utf-8")
    file.write_text(text + "odd:\n  pages: [1]\n", "utf-8")
    line = text.count("\n") + 2
    with pytest.raises(BadInput, match=rf"en.yaml:{line}: odd.pages: a text is needed"):
        load_protocol(study / "study.yaml")


def test_none_is_a_word_where_a_text_stands(new_study: NewStudy) -> None:
    study = new_study(("7: Very good}", "7: none}"), kit=False)
    protocol, _ = load_protocol(study / "study.yaml")
    assert protocol.ratings["good"].anchors[7] == "none"


def test_a_question_may_be_in_several_languages(new_study: NewStudy) -> None:
    question = "question: How good did it feel to read this message?"
    study = new_study((question, "question: {en: How good?, es: '¿Qué tal?'}"), kit=False)
    protocol, _ = load_protocol(study / "study.yaml")
    wording = protocol.ratings["good"].question
    assert worded(wording, "en") == "How good?"
    assert worded(wording, "es") == "¿Qué tal?"
    assert worded("How?", "es") == "How?"


def test_a_protocol_survives_the_logs_header(new_study: NewStudy) -> None:
    study = new_study((GOOD, LINE.replace("101", "100")), kit=False)
    protocol, _ = load_protocol(study / "study.yaml")
    header = json.loads(json.dumps(protocol.model_dump(mode="json")))
    assert Protocol.model_validate(header) == protocol


def test_a_two_button_box_needs_its_own_words(new_study: NewStudy) -> None:
    study = new_study(
        ('left: [left, "1", blue]', "left: []"),
        ('right: [right, "2", yellow]', "right: []\n    move: [blue]"),
        kit=False,
    )
    protocol, _ = load_protocol(study / "study.yaml")
    assert protocol.devices.buttons.one_way
    assert protocol.shown_texts["confirm"] == protocol.texts["two_buttons.confirm"]
    texts = study / "texts" / "en.yaml"
    texts.write_text(texts.read_text("utf-8").replace("two_buttons:", "three_buttons:"), "utf-8")
    with pytest.raises(BadInput, match=r"lacks 'two_buttons.confirm', a two-button box needs it"):
        load_protocol(study / "study.yaml")
