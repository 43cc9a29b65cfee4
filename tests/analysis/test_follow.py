from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.advance import advance
from analysis.follow import Follower, newest_log
from analysis.standing import Phase, State, fit
from experiment.log import LogWriter
from experiment.readlog import Event, read_log

BEGAN = 1_800_000_000.0  # UTC (s) of the session clock's zero
HEADER: dict[str, Any] = {
    "type": "header",
    "participant": "012",
    "session": "01",
    "utc": datetime.fromtimestamp(BEGAN + 2.0, timezone.utc).isoformat(),
    "utc_at": 2.0,
    "speed": "real",
    "robot": None,
    "display": {"kind": "window"},
    "devices": {"trigger": {"name": "x"}, "scanner": {"name": "y"}},
    "protocol": {
        "scanner": {"tr": 2.0, "volumes": None},
        "devices": {"buttons": {"pause": ["f5"], "abort": {"keys": ["escape", "x"]}}},
    },
    "plans": {
        "messages": {
            "begins": {"kind": "on_pulse"},
            "closing_ends": {"kind": "at", "time": 131.2},
            "trials": [1, 2, 3],
        },
        "again": {
            "begins": {"kind": "on_pulse"},
            "closing_ends": {"kind": "at", "time": 60.0},
            "trials": [1],
        },
    },
}


def step(t: float, screen: str, ends: str = "at", trial: int | None = None) -> Event:
    shown = {"screen": {"kind": screen}, "ends": {"kind": ends}, "trial": trial}
    return {"type": "step", "t": t, "n": 0, "step": shown}


def pulse(t: float) -> Event:
    return {"type": "pulse", "t": t}


def fault(t: float, what: str, **fields: Any) -> Event:
    return {"type": "fault", "t": t, "what": what, **fields}


def end(t: float, status: str) -> Event:
    return {"type": "end", "t": t, "status": status, "reason": None}


BEGIN = {"type": "run_begin", "t": 3.0, "task": "messages", "run": 1}
WAIT = [BEGIN, step(4.0, "page", "on_response"), step(5.0, "waiting", "on_pulse")]
RUN = [
    *WAIT,
    pulse(10.0),
    {"type": "run_zero", "t": 10.0, "source": "pulse"},
    step(10.1, "fixation"),
    pulse(12.0),
    step(13.0, "message", trial=2),
    pulse(14.0),
]
PAUSE = [{"type": "pause_asked", "t": 14.5, "on": True}, {"type": "pause", "t": 15.0}]


def after(events: Sequence[Event], now: float | None = None, **header: Any) -> State:
    """Return the state after some events, at a time of the session clock."""
    latest = max((event["t"] for event in events), default=2.0)
    return advance(
        State(), [{**HEADER, **header}, *events], BEGAN + (latest if now is None else now)
    )


# --- reading ---


def test_a_log_that_is_not_there_yet_gives_nothing_and_is_found_later(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "a.jsonl")
    assert follower.poll() == []
    missing = follower.trouble
    with LogWriter(follower.file, {"a": 1}) as log:
        log.add("x", 1.0)
    assert [event["type"] for event in follower.poll()] == ["header", "x"]
    assert (missing, follower.trouble) == ("No such file or directory", None)
    assert follower.poll() == []


@given(cuts=st.lists(st.integers(0, 700), max_size=12))
def test_any_chunks_give_the_same_events(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("chunks")
    with LogWriter(folder / "whole.jsonl", {"name": "ÄÖ 早"}) as log:
        for number in range(4):
            log.add("note", float(number), text="é\u2028" * number)
    raw = (folder / "whole.jsonl").read_bytes()
    whole = read_log(folder / "whole.jsonl")
    follower = Follower(folder / "growing.jsonl")
    found = []
    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), len(raw)], strict=True):
        with follower.file.open("ab") as stream:
            stream.write(raw[start:stop])
        found += follower.poll()
    assert found == [whole.header, *whole.events]


def test_zeros_that_a_share_shows_for_a_moment_are_read_again(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "a.jsonl")
    line = b'{"seq":0,"type":"x"}\n'
    follower.file.write_bytes(line + b"\0" * 9 + b"\n")
    assert len(follower.poll()) == 1
    follower.file.write_bytes(line + line)
    assert len(follower.poll()) == 1
    assert follower.damaged == 0


def test_a_line_that_stays_damaged_is_left_out_in_the_end(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "a.jsonl")
    line = b'{"seq":0,"type":"x"}\n'
    follower.file.write_bytes(line + b"nonsense\n" + line)
    found = [len(follower.poll()) for _ in range(30)]
    assert sum(found) == 2
    assert follower.damaged == 1


def test_a_file_that_seems_shorter_for_a_moment_is_no_new_file(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "a.jsonl")
    lines = [json.dumps({"seq": n, "type": "x"}).encode() + b"\n" for n in range(3)]
    follower.file.write_bytes(b"".join(lines[:2]))
    assert len(follower.poll()) == 2
    follower.file.write_bytes(lines[0])
    assert follower.poll() == []
    follower.file.write_bytes(b"".join(lines))
    assert [event["seq"] for event in follower.poll()] == [2]


def test_a_poll_reads_only_what_is_new(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "a.jsonl")
    line = b'{"seq":0,"type":"x","pad":"' + b"x" * 1000 + b'"}\n'
    follower.file.write_bytes(line * 3000)
    assert sum(len(follower.poll()) for _ in range(4)) == 3000
    with follower.file.open("r+b") as stream:  # whoever read it again would find damage
        stream.write(b"x" * len(line) * 2999)
        stream.seek(0, 2)
        stream.write(line)
    assert len(follower.poll()) == 1
    assert follower.damaged == 0


def test_a_line_longer_than_a_poll_is_read_in_the_end(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "a.jsonl")
    long = json.dumps({"seq": 0, "type": "header", "pad": "x" * 3_000_000})
    follower.file.write_text(long + "\n")
    assert sum(len(follower.poll()) for _ in range(5)) == 1


def test_the_newest_log_of_a_study(tmp_path: Path) -> None:
    assert newest_log(tmp_path) is None
    files = []
    for number, participant in enumerate(("002", "001")):
        file = tmp_path / "sourcedata" / f"sub-{participant}" / "ses-01" / "a.jsonl"
        file.parent.mkdir(parents=True)
        file.touch()
        os.utime(file, (1000.0 + number, 1000.0 + number))
        files.append(file)
    assert newest_log(tmp_path) == files[1]
    assert newest_log(tmp_path, since=1001.5) is None


# --- where the session stands ---


def test_before_there_is_a_header() -> None:
    assert advance(State(), [], BEGAN).phase is Phase.NO_SESSION
    assert advance(State(), [pulse(1.0)], BEGAN).phase is Phase.NO_SESSION


@pytest.mark.parametrize(
    ("events", "phase"),
    [
        ([], Phase.STARTING),
        (WAIT[:2], Phase.STARTING),
        (WAIT, Phase.WAITING),
        (RUN[:5], Phase.RUNNING),
        (RUN, Phase.RUNNING),
        ([*RUN, *PAUSE], Phase.HOLD),
        ([*RUN, *PAUSE, {"type": "continue", "t": 19.0, "shift": 4.0}], Phase.RUNNING),
        ([*RUN, end(20.0, "complete")], Phase.DONE),
        ([*RUN, end(20.0, "aborted")], Phase.ABORTED),
        ([*RUN, end(20.0, "failed")], Phase.CRASHED),
        ([*RUN, end(20.0, "crashed")], Phase.CRASHED),
    ],
)
def test_phases(events: list[Event], phase: Phase) -> None:
    assert after(events).phase is phase


def test_silence_is_told_from_a_session_that_is_over() -> None:
    assert after(RUN, now=17.0).phase is Phase.RUNNING
    assert after(RUN, now=30.0).phase is Phase.SILENT
    assert after([*RUN, end(20.0, "complete")], now=9999.0).phase is Phase.DONE


def test_without_a_window_waiting_is_not_silence() -> None:
    bare = {"display": {"kind": "none"}}
    assert after(WAIT, now=500.0, **bare).phase is Phase.WAITING
    assert after(RUN, now=500.0, **bare).phase is Phase.SILENT


def test_without_a_window_a_rest_between_blocks_is_not_silence() -> None:
    block = {"number": 1, "condition": "baseline", "begins": 600.0, "ends": 700.0}
    plans = {"messages": {**HEADER["plans"]["messages"], "blocks": [block]}}
    bare = {"display": {"kind": "none"}, "plans": plans}
    assert after(RUN, now=500.0, **bare).phase is Phase.RUNNING
    assert after(RUN, now=690.0, **bare).phase is Phase.SILENT
    assert after(RUN, now=500.0, plans=plans).phase is Phase.SILENT


@pytest.mark.parametrize("wrong", [-90.0, 90.0])
def test_a_computer_whose_clock_is_wrong_still_tells_a_live_log(wrong: float) -> None:
    state = after(RUN, now=14.0 + wrong)
    state = advance(state, [pulse(16.0)], BEGAN + 16.1 + wrong)
    state = advance(state, [], BEGAN + 17.0 + wrong)
    assert state.phase is Phase.RUNNING
    assert state.now == pytest.approx(17.0, abs=0.2)
    assert advance(state, [], BEGAN + 27.0 + wrong).phase is Phase.SILENT


def test_a_session_on_a_virtual_clock_is_judged_by_when_it_was_heard() -> None:
    state = after(RUN, now=-400.0, speed="fast")
    assert state.phase is Phase.RUNNING
    assert state.now == 14.0
    assert advance(state, [], BEGAN - 390.0).phase is Phase.SILENT


def test_volumes_are_counted_from_the_pulse_that_began_the_run() -> None:
    early = [BEGIN, pulse(4.0), *WAIT[1:], *RUN[3:]]
    state = after(early)
    assert (state.volumes, state.expected, state.due) == (3, 66, 3)
    assert state.in_step
    assert not after([*RUN, step(21.0, "message", trial=3)]).in_step


def test_bounces_and_strays_are_no_volumes_and_lost_ones_no_loss_of_step() -> None:
    came = [pulse(t) for n in range(2, 9) for t in (10.0 + 2 * n, 10.0 + 2 * n + 0.002)]
    state = after([*RUN[:5], *came, pulse(27.1)])  # volume 2 lost
    assert (state.volumes, state.slot, state.due) == (8, 9, 9)
    lost = [pulse(10.0 + 2 * n) for n in range(1, 20) if n not in (5, 11, 12)]
    state = after([*RUN[:5], *lost])
    assert (state.volumes, state.slot, state.due) == (17, 20, 20)
    assert state.in_step


def test_the_scanners_own_number_is_what_is_expected_and_tells_when_all_came() -> None:
    def known(volumes: int | None, last: int) -> State:
        protocol = {**HEADER["protocol"], "scanner": {"tr": 2.0, "volumes": volumes}}
        came = [pulse(10.0 + 2 * n) for n in range(1, last)]
        return after([*RUN[:5], *came, step(60.0, "message", trial=2)], protocol=protocol)

    assert (known(24, 24).expected, known(24, 24).due, known(24, 24).in_step) == (24, 24, True)
    assert [known(24, n).first_known for n in (23, 24)] == ["later", "counted"]
    assert known(None, 24).first_known == "never"


def test_a_missed_volume_that_was_another_rhythm_is_withdrawn() -> None:
    state = after([*RUN, fault(15.0, "pulse_missed"), fault(20.0, "toggled")])
    assert {f.name: f.over for f in state.faults} == {"toggled": False, "pulse_missed": True}


def test_a_pause_moves_the_end_and_stops_the_time_left() -> None:
    assert after(RUN, now=15.0).run_left == pytest.approx(126.2)
    assert after([*RUN, *PAUSE], now=18.0).run_left == pytest.approx(126.2)
    going = after([*RUN, *PAUSE, {"type": "continue", "t": 19.0, "shift": 4.0}], now=19.0)
    assert going.run_left == pytest.approx(126.2)
    assert going.expected == 68
    assert going.session_left == pytest.approx(186.2)
    assert after([*RUN, *PAUSE], now=18.0).held == pytest.approx(3.0)


def test_a_self_paced_run_has_no_time_left_to_tell() -> None:
    plans = {"lab": {"closing_ends": {"kind": "on_response"}, "trials": [1, 2]}}
    state = after([{**BEGIN, "task": "lab"}], plans=plans)
    assert (state.run_left, state.session_left, state.expected) == (None, None, None)


def test_a_pet_run_waits_for_its_mark_and_expects_no_volumes() -> None:
    plan = {"begins": {"kind": "on_mark"}, "closing_ends": {"kind": "at", "time": 60.0}}
    waiting = step(5.0, "waiting", "on_mark")
    waiting["step"]["ends"]["mark"] = "injection"
    state = after([BEGIN, waiting], plans={"messages": plan})
    assert (state.phase, state.awaits) == (Phase.WAITING, "injection")
    begun = {"type": "run_zero", "t": 8.0, "source": "injection"}
    state = after([BEGIN, waiting, begun], now=10.0, plans={"messages": plan})
    assert state.phase is Phase.RUNNING
    assert state.run_left == pytest.approx(58.0)
    assert (state.expected, state.due) == (None, None)


def test_the_grid_is_measured_over_gaps() -> None:
    times = [2.001 * n for n in range(30) if n not in (5, 6, 11)]
    grid = fit(tuple(times))
    assert grid is not None
    assert grid.tr == pytest.approx(2.001)
    assert grid.residual < 1e-9
    times[10] += 0.004
    grid = fit(tuple(times))
    assert grid is not None
    assert grid.residual == pytest.approx(0.004, rel=0.1)
    assert fit((1.0, 2.0)) is None
    assert fit((1.0, 1.0, 1.0)) is None


def test_the_last_marker_has_a_name_a_code_and_its_lag() -> None:
    planned = {"type": "marker_planned", "t": 13.0, "n": 3, "step": 1, "name": "kind", "code": 31}
    sent = {
        **{"type": "marker_sent", "t": 13.1, "n": 3, "code": 31, "queued": False},
        **{"begun": 13.11, "ended": 13.1125},
    }
    state = after([*RUN, planned, sent])
    assert state.marker is not None
    assert (state.marker.name, state.marker.code) == ("kind", 31)
    assert state.marker.lag == pytest.approx(0.0125)
    missed = after([*RUN, planned, fault(13.1, "marker_not_sent", n=3)])
    assert (missed.sent, missed.unsent, missed.faults[0].marker) == (0, 1, "kind")


def test_faults_are_counted_by_kind_latest_first() -> None:
    found = [fault(11.0, "pulse_missed", n=3), fault(12.0, "other"), fault(13.0, "pulse_missed")]
    faults = after([*RUN, *found]).faults
    assert [(f.name, f.count, f.last) for f in faults] == [
        ("pulse_missed", 2, 13.0),
        ("other", 1, 12.0),
    ]
    assert faults[0].marker is None


@pytest.mark.parametrize(
    ("lost", "back"),
    [
        ("scanner_port_lost", fault(15.0, "scanner_port_back")),
        ("trigger_port_lost", {"type": "trigger_port_back", "t": 15.0, "name": "x"}),
        ("stopped", pulse(30.0)),
        ("wrong_tr", {"type": "pulses_back", "t": 30.0}),
    ],
)
def test_what_is_mended_is_over_until_it_happens_again(lost: str, back: Event) -> None:
    assert not after([*RUN, fault(14.5, lost)]).faults[0].over
    (mended,) = after([*RUN, fault(14.5, lost), back]).faults
    assert mended.over
    again = after([*RUN, fault(14.5, lost), back, fault(40.0, lost)]).faults[0]
    assert (again.over, again.count) == (False, 2)


def test_a_new_run_counts_anew_and_keeps_the_faults() -> None:
    ended = {"type": "run_end", "t": 60.0, "task": "messages", "run": 1}
    again = {"type": "run_begin", "t": 61.0, "task": "again", "run": 2}
    state = after([*RUN, fault(20.0, "other"), ended, again])
    assert (state.run, state.volumes, state.trial, len(state.faults)) == (2, 0, 0, 1)
    assert (state.run_left, state.session_left, state.expected) == (60.0, 60.0, 30)


def gone_on(runs: dict[str, dict[str, int]]) -> State:
    """Return where a part stands that went on in its second run, 30 s and a trial into its rest."""
    task, left = next(iter(runs.items()))
    protocol = {**HEADER["protocol"], "scanner": {"tr": 2.0, "volumes": 90}}
    plans = {task: HEADER["plans"]["messages"], **{name: {} for name in list(runs)[1:]}}
    begun = {**BEGIN, "task": task, "run": left["run"]}
    events = [begun, *RUN[1:], step(40.0, "message", trial=left["done"] + 1)]
    return after(events, protocol=protocol, plans=plans, resumed={"runs": runs})


def test_a_part_that_goes_on_is_shown_as_the_run_and_trials_that_it_is() -> None:
    last = gone_on({"again": {"run": 2, "done": 4}})
    assert last.planned is not None
    assert (last.planned.task, last.planned.number) == ("again", 2)
    assert (last.trial, last.planned.trials) == (5, 7)
    assert last.expected == 66  # of its own length: the scan of a rest isn't the whole one's
    assert last.run_left is not None
    middle = gone_on({"again": {"run": 2, "done": 1}, "third": {"run": 3, "done": 0}})
    assert middle.planned is not None
    assert (middle.planned.task, middle.planned.trials, middle.trial) == ("again", 4, 2)
    anew = gone_on({"again": {"run": 2, "done": 0}})
    assert anew.expected == 90
    assert anew.planned is not None
    assert anew.planned.trials == 3


def test_real_logs_are_followed_to_their_end(logs: dict[str, Path]) -> None:
    for file in logs.values():
        state = State()
        for event in Follower(file).poll():
            state = advance(state, [event], BEGAN)
        assert state.phase is Phase.DONE
        assert state.unsent == 0
        assert state.faults == ()
    state = advance(State(), Follower(logs["01"]).poll(), BEGAN)
    assert state.expected is not None
    assert state.volumes >= state.expected
