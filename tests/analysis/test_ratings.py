"""Each kind of scale and button box: a whole session, its replay, its tables, its description."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from analysis import tables
from analysis.bids_validator import validate
from analysis.replay import verify
from experiment.clock import Clock
from experiment.equipment import Keys
from experiment.events import KeyEvent
from experiment.log import LogWriter
from experiment.readlog import Event, SessionLog, read_log
from experiment.session import SessionRequest, prepare, run
from tests.exports import export_bids

NewStudy = Callable[..., Path]
Change = tuple[str, str]

GOOD = "points: 7\n    anchors: {1: Not at all, 4: Somewhat, 7: Very good}"
LINE: Change = (
    GOOD,
    "kind: continuous\n    steps: 100\n    hold: {after: 0.3, sweep: 3}\n"
    "    anchors: {0: {en: Not at all, es: Nada}, 100: Very good}",
)
CONNECTION: Change = (
    "points: 7\n    anchors: {1: Not at all, 4: Somewhat, 7: Very much}",
    "kind: continuous\n    steps: 100\n    hold: {after: 0.3, sweep: 3}\n"
    "    anchors: {0: Not at all, 100: Very much}",
)
TWO_BUTTONS: tuple[Change, ...] = (
    ('left: [left, "1", blue]', "left: []"),
    ('right: [right, "2", yellow]', "right: []\n    move: [blue]"),
    ('confirm: [space, return, "3", green]', "confirm: [yellow]"),
)
FOUR_BUTTONS: tuple[Change, ...] = (
    ('left: [left, "1", blue]', "left: [blue]"),
    ('right: [right, "2", yellow]', "right: [yellow]"),
    ('confirm: [space, return, "3", green]', "confirm: [green, red]"),
    ('keys: ["4", red]', 'keys: ["4"]'),
)
VERSIONS: dict[str, tuple[Change, ...]] = {
    "line": (LINE, CONNECTION),
    "two buttons": TWO_BUTTONS,
    "line, two buttons": (LINE, CONNECTION, *TWO_BUTTONS),
    "four buttons": FOUR_BUTTONS,
}


def session(
    new_study: NewStudy,
    changes: tuple[Change, ...],
    robot: str = "typical",
    hands: Callable[[Clock], Keys] | None = None,
) -> SessionLog:
    request = SessionRequest(
        new_study(*changes),
        "012",
        "01",
        robot=robot,
        fast=True,
        no_window=True,
        port="mock:",
        scanner="mock:",
    )
    return read_log(run(prepare(request), hands=hands).log)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_with_it_is_what_the_protocol_says(new_study: NewStudy, version: str) -> None:
    log = session(new_study, VERSIONS[version], robot="hasty")
    assert log.status == "complete"
    found = verify(log)
    assert found.differences == ()
    assert found.answers > 10
    rows = tables.rating_rows(log)
    practice = [row for row in rows if row.trial is None]
    assert sum(row.lefts or 0 for row in practice) > 0
    assert sum(row.rights or 0 for row in practice) > 0
    scale = log.header["protocol"]["ratings"]["good"]
    low, high = (1, 7) if scale["kind"] == "points" else (0, 100)
    values = [row.value for row in rows if row.rating == "good" and row.value is not None]
    assert all(low <= value <= high for value in values)
    assert len(set(values)) > 2


def test_a_line_is_used_in_fine_steps_and_begins_anywhere(new_study: NewStudy) -> None:
    log = session(new_study, (LINE, CONNECTION))
    rows = [row for row in tables.rating_rows(log) if row.trial is not None]
    assert len({row.start for row in rows}) > 10
    assert any((row.value or 0) > 7 and (row.value or 0) % 10 for row in rows)
    presses = tables.press_rows(log)
    assert any(press.repeat for press in presses)
    assert all(press.used for press in presses if press.repeat)


def test_time_that_runs_out_keeps_the_last_position_and_says_so(new_study: NewStudy) -> None:
    log = session(new_study, (LINE, CONNECTION, ("answer: 4.0", "answer: 1.5")), robot="absent")
    assert verify(log).differences == ()
    left = [row for row in tables.rating_rows(log) if row.confirmed is False]
    assert left
    for row in left:
        last = [press for press in tables.press_rows(log) if press.step == row.n and press.used][-1]
        assert row.value == last.cursor


def test_every_press_of_a_two_button_box_is_the_one_button(new_study: NewStudy) -> None:
    log = session(new_study, TWO_BUTTONS)
    assert {press.action for press in tables.press_rows(log)} == {"move", "confirm"}


def test_a_repeat_that_no_held_key_can_have_made_is_found(
    new_study: NewStudy, tmp_path: Path
) -> None:
    log = session(new_study, (LINE, CONNECTION))

    def moved(event: Event) -> Event:
        return {**event, "t": event["t"] + 0.007} if event is repeats[3] else event

    repeats = [event for event in log.of("press") if event["repeat"]]
    own = ("seq", "type", "t", "schema", "digest")
    file = tmp_path / "forged.jsonl"
    with LogWriter(file, {k: v for k, v in log.header.items() if k not in own}) as writer:
        for event in map(moved, log.events):
            fields = {k: v for k, v in event.items() if k not in own}
            writer.add(event["type"], event["t"], **fields)
    problems = [difference.problem for difference in verify(read_log(file)).differences]
    assert "no key was held that could have done this" in problems


class Restless:
    """Hands that hold a key for most of each second, and press another one meanwhile."""

    def __init__(self, clock: Clock) -> None:
        self._events: deque[KeyEvent] = deque()
        for second in range(60):
            for t, key, down in ((0.0, "2", True), (0.1, "backspace", True),
                                 (0.2, "backspace", False), (0.7, "2", False)):  # fmt: skip
                event = KeyEvent(second + t, key, down, "keyboard")
                clock.call_at(event.t, partial(self._events.append, event))

    def poll(self) -> list[KeyEvent]:
        return [self._events.popleft() for _ in range(len(self._events))]


def test_a_press_without_a_meaning_ends_nothing_that_a_held_key_does(new_study: NewStudy) -> None:
    log = session(new_study, (LINE, CONNECTION), robot="absent", hands=Restless)
    actions = [(event["step"], event["action"], event["repeat"]) for event in log.of("press")]
    backs = [place for place, (_, action, _) in enumerate(actions) if action == "back"]
    assert any((actions[place][0], "right", True) in actions[place:] for place in backs)
    assert verify(log).differences == ()


def test_the_data_set_says_what_the_numbers_of_a_line_mean(
    new_study: NewStudy, tmp_path: Path
) -> None:
    log = session(new_study, (LINE, CONNECTION))
    export_bids([log.file], tmp_path / "bids")
    sidecar = next((tmp_path / "bids").rglob("*_events.json"))
    columns = json.loads(sidecar.read_text("utf-8"))
    described = columns["rating_value"]["Description"]
    assert "good: 0 to 100 on a continuous line (0 = Not at all, 100 = Very good)" in described
    report = validate(tmp_path / "bids")
    assert (report.errors, report.warnings) == ((), ())
