from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.replay import verify
from analysis.replay_run import Difference
from experiment.errors import BadInput
from experiment.log import link
from experiment.readlog import SessionLog, read_log
from experiment.session import SessionRequest, prepare, run
from run_session import main

Lines = list[dict[str, Any]]
NewStudy = Callable[..., Path]


@pytest.fixture
def log(logs: dict[str, Path], tmp_path: Path) -> SessionLog:
    """A scanner session's log, each test its own copy."""
    return read_log(Path(shutil.copy(logs["01"], tmp_path)))


def forged(log: SessionLog, change: Callable[[Lines], None]) -> SessionLog:
    """Return the log as a bug (not an editor) would have written it: its chain of digests holds."""
    lines = [json.loads(line) for line in log.file.read_text("utf-8").splitlines()]
    for line in lines:
        del line["digest"]
    change(lines)
    digest, texts = "", []
    for seq, line in enumerate(lines):
        line["seq"] = seq
        body = json.dumps(line, separators=(",", ":"), ensure_ascii=False)
        digest = link(digest, body)
        texts.append(f'{body[:-1]},"digest":"{digest}"}}\n')
    file = log.file.with_name("forged.jsonl")
    file.write_text("".join(texts), "utf-8")
    made = read_log(file)
    assert made.broken_at is None
    return made


def first(lines: Lines, type_: str, nth: int = 0, **fields: Any) -> dict[str, Any]:
    return [
        line
        for line in lines
        if line["type"] == type_ and all(line[k] == v for k, v in fields.items())
    ][nth]


def test_a_session_is_what_the_protocol_says(log: SessionLog) -> None:
    found = verify(log)
    assert found.differences == ()
    assert (found.steps, found.markers, found.status) == (39, 35, "complete")
    assert found.answers > 10


def another_message(lines: Lines) -> None:
    step = next(
        s for s in lines if s["type"] == "step" and s["step"]["screen"]["kind"] == "message"
    )
    step["step"]["screen"]["message_id"] = "m066"


def inverted_plan(lines: Lines) -> None:
    for trial in lines[0]["plans"]["messages"]["trials"]:
        trial["condition"] = "stranger" if trial["condition"] == "kind" else "kind"


def another_code(lines: Lines) -> None:
    first(lines, "marker_sent", code=31)["code"] = 33


def lost_marker(lines: Lines) -> None:
    lines.remove(first(lines, "marker_sent", 5))


def marker_never_reset(lines: Lines) -> None:
    lines.remove(first(lines, "marker_reset", 5))


def another_answer(lines: Lines) -> None:
    done = [
        x for x in lines if x["type"] == "outcome" and (x["outcome"]["response"] or {}).get("value")
    ]
    done[3]["outcome"]["response"]["value"] = done[3]["outcome"]["response"]["value"] % 7 + 1


def lost_press(lines: Lines) -> None:
    lines.remove(first(lines, "press", 8))


def moved_onset(lines: Lines) -> None:
    first(lines, "onset", 12)["t"] += 0.02


def moved_plan(lines: Lines) -> None:
    first(lines, "step", 12)["planned"] += 0.02


def left_early(lines: Lines) -> None:
    first(lines, "outcome", 12)["outcome"]["offset"] -= 0.5


def lost_step(lines: Lines) -> None:
    lines.remove(first(lines, "step", 14))


def stopped_early(lines: Lines) -> None:
    number = max(line["n"] for line in lines if line["type"] == "step")
    lines[:] = [
        x for x in lines if not (x["type"] in ("step", "onset", "outcome") and x["n"] == number)
    ]


def second_half_dropped(lines: Lines) -> None:
    begin = next(i for i, x in enumerate(lines) if x["type"] == "step" and x["n"] == 20)
    del lines[begin:-2]


def only_header_and_end(lines: Lines) -> None:
    del lines[1:-1]


def lost_outcome(lines: Lines) -> None:
    lines.remove(first(lines, "outcome", 0))


def no_pulses(lines: Lines) -> None:
    lines[:] = [line for line in lines if line["type"] != "pulse"]


def marker_of_another_flip(lines: Lines) -> None:
    first(lines, "marker_sent", 7)["t"] += 5.0


def shown_late(lines: Lines) -> None:
    for line in lines:
        if line.get("n") == 12 and line["type"] == "onset":
            line["t"] += 1.0


def moved_without_a_pause(lines: Lines) -> None:
    at = lines.index(first(lines, "step", 15))
    going_on = {"type": "continue", "t": 0.0, "shift": 2.0, "planned": None, "for": 15}
    lines.insert(at, {"seq": 0, **going_on})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (second_half_dropped, "says that it is complete, but not all its tasks are"),
        (only_header_and_end, "says that it is complete, but not all its tasks are"),
        (lost_outcome, "step 0 has no end"),
        (no_pulses, "the run's zero is no pulse of the scanner"),
        (marker_of_another_flip, "is not of its step's flip"),
        (shown_late, "onset differs from its flip"),
        (moved_without_a_pause, "nobody asked for a pause"),
        (another_message, "is not what the task yields"),
        (inverted_plan, "the plan of 'messages' is not what protocol, kit and seed give"),
        (another_code, "was sent as another code"),
        (lost_marker, "was planned, not sent"),
        (marker_never_reset, "was never reset"),
        (another_answer, "the answer is not what the presses make"),
        (lost_press, ""),
        (moved_onset, "onset differs from its flip"),
        (moved_plan, "planned onset differs"),
        (left_early, "was left before its planned time"),
        (lost_step, "is not what the task yields"),
        (stopped_early, "the run ended before its task did"),
    ],
)
def test_a_bug_in_the_log_is_found_and_its_line_named(
    log: SessionLog, change: Callable[[Lines], None], problem: str
) -> None:
    differences = verify(forged(log, change)).differences
    assert any(problem in d.problem for d in differences), differences
    assert differences[0].line >= 1


def test_an_edit_is_found_by_the_chain(log: SessionLog) -> None:
    lines = log.file.read_text("utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if '"type":"pulse"' in line)
    lines[at] = lines[at].replace('"t":', '"t":1')
    log.file.write_text("\n".join(lines) + "\n", "utf-8")
    expected = Difference(at + 1, "this line was changed after it was written")
    assert verify(read_log(log.file)).differences[0] == expected


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_log_that_just_stops_is_right_as_far_as_it_goes(log: SessionLog, share: float) -> None:
    whole = log.file.read_bytes()
    log.file.write_bytes(whole[: max(int(len(whole) * share), whole.index(b"\n") + 1)])
    found = verify(read_log(log.file))
    assert found.differences == ()
    assert found.status == "crashed"


def test_a_session_timed_from_the_injection_is_what_the_protocol_says(new_study: NewStudy) -> None:
    study = new_study(
        ("begins: pulse", "begins: injection"), ("sync_pattern: 0", "sync_pattern: 8")
    )
    request = SessionRequest(
        study, "012", "01", robot="typical", fast=True, no_window=True, port="mock:"
    )
    log = read_log(run(prepare(request)).log)
    assert [event["name"] for event in log.of("mark")] == ["injection"]
    assert [event["source"] for event in log.of("run_zero")] == ["first_flip", "injection"]
    names = [event["name"] for event in log.of("marker_planned")]
    assert names[:10] == ["waiting", "run_start", *["sync"] * 8]
    assert verify(log).differences == ()


@pytest.mark.parametrize("key", ["devices", "display", "seed", "participant", "tasks"])
def test_a_header_that_lacks_something_is_told_in_one_line(log: SessionLog, key: str) -> None:
    def change(lines: Lines) -> None:
        del lines[0][key]

    with pytest.raises(BadInput, match=r"forged\.jsonl:1: not a log of this software"):
        verify(forged(log, change))


@pytest.mark.parametrize(
    ("type_", "lost"), [("step", "planned"), ("onset", "n"), ("outcome", "outcome"), ("mark", "t")]
)
def test_a_line_that_lacks_something_is_named(log: SessionLog, type_: str, lost: str) -> None:
    place = 0

    def change(lines: Lines) -> None:
        nonlocal place
        if type_ == "mark":
            lines.insert(-1, {"type": type_, "t": 1.0, "name": "sync", "again": False})
        line = first(lines, type_)
        del line[lost]
        place = lines.index(line) + 1

    bad = forged(log, change)
    with pytest.raises(BadInput, match=rf"forged\.jsonl:{place}: "):
        verify(bad)


@pytest.mark.parametrize(
    ("type_", "was", "now"),
    [
        ("outcome", '"outcome":', '"result":'),
        ("onset", '"n":', '"m":'),
        ("pulse", '"t":', '"when":'),
        ("header", '"nominal_hz":60.0', '"nominal_hz":0'),
    ],
)
def test_an_edited_line_is_named_though_it_keeps_the_rest_from_being_compared(
    log: SessionLog, capsys: pytest.CaptureFixture[str], type_: str, was: str, now: str
) -> None:
    lines = log.file.read_text("utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if f'"type":"{type_}"' in line)
    assert was in lines[at]
    lines[at] = lines[at].replace(was, now, 1)
    log.file.write_text("\n".join(lines) + "\n", "utf-8")
    assert main(["replay", str(log.file), "--verify"]) == 1
    told, error = capsys.readouterr()
    assert told.startswith(f"{log.file}:{at + 1}: this line was changed after it was written\n")
    assert "keeps it from being compared" in told
    assert "2 differences" in told
    assert error.count("\n") == 1
