from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.film import Film
from analysis.playback import SPEEDS, Event, Playback, timeline_of
from analysis.tables import marker_rows, pulse_rows, rating_rows, step_rows
from experiment.readlog import read_log

CHANGES = (0.5, 1.0, 4.0, 4.5, 9.0)
TRIALS = (Event(1.0, "1"), Event(4.5, "2"))


def playback(t: float = 0.5, speed: float = 1.0) -> Playback:
    return Playback(0.5, 10.0, CHANGES, TRIALS, t=t, speed=speed)


def test_it_goes_on_at_its_speed_and_stops_at_the_end() -> None:
    one = playback(speed=2.0)
    one.advance(1.0)
    assert one.t == 0.5  # it is paused at first
    one.toggle()
    one.advance(1.0)
    assert (one.t, one.playing) == (2.5, True)
    one.advance(100.0)
    assert (one.t, one.playing) == (10.0, False)
    one.toggle()
    assert (one.t, one.playing) == (0.5, True)


def test_steps_go_from_change_to_change_and_pause() -> None:
    one = playback(2.0)
    one.toggle()
    went = []
    for by in (1, 1, 1, 1, 1, -1, -1, -1):
        one.step(by)
        went.append(one.t)
    assert went == [4.0, 4.5, 9.0, 10.0, 10.0, 9.0, 4.5, 4.0]
    assert not one.playing


def test_trials_are_jumped_to_and_told() -> None:
    one = playback()
    told = [one.trial]
    for place in (0, 7, -3):
        one.to_trial(place)
        told.append(one.trial)
    one.to_trial(1)
    one.nudge(-1 / 60)
    assert [*told, one.trial] == [None, 0, 1, 0, 0]
    nothing = Playback(0.0, 1.0, (0.0,), ())
    nothing.to_trial(3)
    assert (nothing.t, nothing.trial) == (0.0, None)


def test_speeds_go_up_and_down_to_the_last() -> None:
    one = playback()
    for _ in SPEEDS:
        one.faster(1)
    assert one.speed == SPEEDS[-1]
    one.faster(-1)
    assert one.speed == SPEEDS[-2]


@given(st.lists(st.tuples(st.sampled_from(["step", "nudge", "seek", "trial", "play"]),
                          st.floats(-20, 20)), max_size=30))  # fmt: skip
def test_wherever_it_is_sent_it_stays_in_the_session(moves: list[tuple[str, float]]) -> None:
    one = playback()
    for what, by in moves:
        if what == "step":
            one.step(1 if by > 0 else -1)
        elif what == "nudge":
            one.nudge(by)
        elif what == "seek":
            one.seek(by)
        elif what == "trial":
            one.to_trial(round(by))
        else:
            one.toggle()
            one.advance(abs(by))
        assert 0.5 <= one.t <= 10.0


def test_the_timeline_has_what_the_tables_have(logs: dict[str, Path]) -> None:
    log = read_log(logs["03"])
    film = Film(log, None)
    line = timeline_of(log, film.begin, film.end)
    assert [run.label for run in line.runs] == ["messages", "messageslab"]
    assert [span.label for span in line.screens] == [row.screen for row in step_rows(log)]
    assert all(a.end == b.begin for a, b in zip(line.screens, line.screens[1:], strict=False))
    assert [event.label for event in line.markers] == [str(row.code) for row in marker_rows(log)]
    assert len(line.pulses) == len(pulse_rows(log))
    values = [
        str(row.value) if row.confirmed else f"({row.value})"
        for row in rating_rows(log)
        if row.value is not None
    ]
    assert [event.label for event in line.answers if event.label] == values
    trials = {(row.run, row.trial) for row in step_rows(log) if row.trial is not None}
    assert len(line.trials) == len(trials)
    assert list(line.trials) == sorted(line.trials, key=lambda trial: trial.t)
    assert pytest.approx(line.begin) == line.screens[0].begin
