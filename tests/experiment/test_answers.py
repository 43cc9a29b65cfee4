from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from experiment.answers import Answer, HeldKey, Press, unanswered
from experiment.screens import Fixation, Repeat, Scale, ScaleRange
from experiment.steps import At, OnResponse, Response, ResponseKind, Step

ONSET = 10.0
SCALE = Step(Scale("connection", 4), At(9.0), accepts=ResponseKind.RATING)


def pressed(*presses: Press, step: Step = SCALE) -> Answer:
    answer = unanswered(step, {"connection": ScaleRange(1, 7)})
    for press in presses:
        answer = answer.after(press, ONSET)
    return answer


def key(t: float, action: str) -> Press:
    return Press(t, action, "keyboard")  # type: ignore[arg-type]


def test_moves_and_a_confirmation_make_an_answer() -> None:
    answer = pressed(
        key(10.5, "right"), key(10.7, "right"), key(10.9, "left"), key(11.2, "confirm")
    )
    expected = Response(5, 1.2, confirmed=True, lefts=1, rights=2)
    assert answer.response(ONSET) == expected


def test_nothing_after_the_confirmation_counts() -> None:
    answer = pressed(key(11.0, "confirm"), key(11.1, "right"))
    assert answer.response(ONSET) == Response(4, 1.0, confirmed=True)


def test_the_last_position_is_kept_when_time_runs_out() -> None:
    answer = pressed(key(10.4, "left"))
    assert answer.response(ONSET) == Response(3, 0.4, confirmed=False, lefts=1)


def test_no_press_is_no_answer() -> None:
    assert pressed().response(ONSET) is None


def test_the_cursor_stays_on_the_scale() -> None:
    lefts = [key(10.1 + i / 10, "left") for i in range(9)]
    answer = pressed(*lefts)
    assert answer.cursor == 1
    assert answer.lefts == 3


def test_a_press_from_before_the_onset_does_not_count() -> None:
    assert pressed(key(9.9, "confirm")).response(ONSET) is None


def test_the_mouse_points_and_picks() -> None:
    answer = pressed(Press(10.5, "point", "mouse", 6), Press(10.8, "pick", "mouse", 7))
    assert answer.response(ONSET) == Response(7, 0.8, confirmed=True, rights=2)


def test_a_click_beside_the_scale_picks_nothing() -> None:
    assert pressed(Press(10.5, "pick", "mouse", None)).response(ONSET) is None


def test_a_double_press_does_not_skip_a_screen() -> None:
    step = Step(Fixation(), OnResponse(None, earliest=1.0), accepts=ResponseKind.CONTINUE)
    assert not pressed(key(10.9, "confirm"), step=step).confirmed
    assert pressed(key(11.1, "confirm"), step=step).confirmed


def test_a_screen_that_takes_nothing_takes_nothing() -> None:
    assert pressed(key(10.5, "confirm"), step=Step(Fixation(), At(1.0))).response(ONSET) is None


@given(st.lists(st.sampled_from(["left", "right"]), max_size=30))
def test_moves_add_up(moves: list[str]) -> None:
    answer = pressed(*(key(10.0 + i, move) for i, move in enumerate(moves)))
    assert answer.cursor == 4 + answer.rights - answer.lefts
    assert 1 <= (answer.cursor or 0) <= 7


# --- two buttons: one moves, one confirms --------------------------------------------------------


def test_the_moving_button_turns_back_at_the_end_and_never_jumps() -> None:
    cursors = []
    answer = unanswered(SCALE, {"connection": ScaleRange(1, 7)})
    for i in range(14):
        answer = answer.after(key(11.0 + i, "move"), ONSET)
        cursors.append(answer.cursor)
    assert cursors == [5, 6, 7, 6, 5, 4, 3, 2, 1, 2, 3, 4, 5, 6]
    assert (answer.lefts, answer.rights) == (6, 8)


def test_the_moving_button_turns_at_once_where_the_cursor_begins_at_the_end() -> None:
    step = Step(Scale("connection", 7), At(9.0), accepts=ResponseKind.RATING)
    assert pressed(key(11.0, "move"), step=step).cursor == 6


# --- keys that are held --------------------------------------------------------------------------

PACE = Repeat(after=0.5, per_second=10.0)


def test_a_held_key_waits_and_then_moves_at_the_scales_pace() -> None:
    held = HeldKey(PACE, ONSET)
    held.down("right", key(11.0, "right"))
    assert held.until(11.49) == []
    assert held.due == 11.5
    made = held.until(11.75)
    assert [press.t for press in made] == [11.5, 11.6, 11.7]
    assert {(press.action, press.repeat, press.deliberate) for press in made} == {
        ("right", True, False)
    }
    held.up("right")
    assert held.until(20.0) == []
    assert held.due is None


def test_a_key_held_from_before_or_that_moves_nothing_does_nothing() -> None:
    held = HeldKey(PACE, ONSET)
    held.down("right", key(9.9, "right"))
    held.down("space", key(10.1, "confirm"))
    assert held.until(20.0) == []


def test_the_last_key_held_counts() -> None:
    held = HeldKey(PACE, ONSET)
    held.down("right", key(11.0, "right"))
    held.down("left", key(11.2, "left"))
    held.up("right")
    assert [press.action for press in held.until(11.75)] == ["left"]


def test_points_do_not_repeat() -> None:
    held = HeldKey(None, ONSET)
    held.down("right", key(11.0, "right"))
    assert held.until(20.0) == []


def test_a_held_moving_button_stops_at_the_end() -> None:
    answer = unanswered(SCALE, {"connection": ScaleRange(0, 100, PACE)})
    held = HeldKey(PACE, ONSET)
    first = key(11.0, "move")
    held.down("blue", first)
    for press in (first, *held.until(40.0)):
        answer = answer.after(press, ONSET)
    assert answer.cursor == 100
    assert answer.after(key(41.0, "move"), ONSET).cursor == 99


@given(st.lists(st.sampled_from(["left", "right", "move", "confirm"]), max_size=40))
def test_the_cursor_never_moves_further_than_to_its_neighbour(actions: list[str]) -> None:
    answer = unanswered(SCALE, {"connection": ScaleRange(1, 7)})
    for i, action in enumerate(actions):
        before, answer = answer, answer.after(key(11.0 + i, action), ONSET)
        assert before.cursor is not None
        assert answer.cursor is not None
        assert abs(answer.cursor - before.cursor) <= 1
        assert 1 <= answer.cursor <= 7
