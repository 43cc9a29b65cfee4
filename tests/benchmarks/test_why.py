"""Below each figure that was not reached stands what the same table shows of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks import markers, pulses, scale
from benchmarks.markers import Ratios
from benchmarks.ratios import Ratio
from benchmarks.table import Row

OURS, BARE, PSYFLOW, EXPYRIMENT = "Kindred", "bare pyserial.write", "psyflow", "expyriment"
AGAIN, UNWAITED = "the bare write again", "psyflow without its wait of 1 ms after each"
UNLOGGED = "Kindred, its markers not logged"
QUIET = Ratio(0.9, 0.85, 0.95)
PAIRS = (
    (OURS, BARE),
    (OURS, PSYFLOW),
    (OURS, EXPYRIMENT),
    (AGAIN, BARE),
    (OURS, UNWAITED),
    (UNWAITED, PSYFLOW),
    (BARE, PSYFLOW),
    (BARE, EXPYRIMENT),
)


def ratios(**changed: Ratio) -> Ratios:
    """Return ratios that all hold, but for those of p99 that are named by the pair's place."""
    all_ = {(at, *pair): QUIET for at in ("median", "p99") for pair in PAIRS}
    return all_ | {("p99", *PAIRS[int(place[1:])]): ratio for place, ratio in changed.items()}


def below(rows: list[Row], what: str) -> Row:
    return rows[[row.what for row in rows].index(what) + 1]


def test_what_holds_needs_no_cause() -> None:
    rows = markers.judged(ratios())
    assert [row.holds for row in rows] == [True] * 6
    assert [row.what for row in rows][:2] == [f"{at}, {OURS} : {BARE}" for at in ("median", "p99")]


def test_what_is_not_resolved_has_none_either() -> None:
    rows = markers.judged(ratios(_0=Ratio(1.4, 1.2, 1.6)))
    assert [row.holds for row in rows] == [True, None, *[True] * 4]


@pytest.mark.parametrize("same", [Ratio(0.904, 0.449, 1.83), Ratio(1.1, 0.9, 1.7)])
def test_a_bare_write_that_is_as_far_from_itself(same: Ratio) -> None:
    rows = markers.judged(ratios(_0=Ratio(1.67, 1.38, 2.95), _3=same))
    assert rows[1].holds is False
    assert below(rows, f"p99, {OURS} : {BARE}") == Row(
        "why", f"by chance the bare write may be as far from itself ({same})"
    )
    assert len(rows) == 7


def test_psyflow_s_wait_is_the_cause_where_it_is_later_without() -> None:
    ours, unwaited = Ratio(2.84, 1.86, 3.38), Ratio(3.9, 2.5, 4.6)
    rows = markers.judged(ratios(_1=ours, _5=unwaited, _6=Ratio(3.8, 2.4, 4.5)))
    assert below(rows, f"p99, {OURS} : {PSYFLOW}").measured == (
        "psyflow without its wait of 1 ms after each is later than with it (3.9, 2.5 to 4.6); "
        "a bare write is later than psyflow too (3.8, 2.4 to 4.5)"
    )


def test_no_cause_is_claimed_that_no_row_shows() -> None:
    late = Ratio(3.27, 2.23, 5.4)
    rows = markers.judged(ratios(_2=late, _7=Ratio(1.5, 0.9, 2.2), _3=Ratio(0.9, 0.5, 1.8)))
    assert below(rows, f"p99, {OURS} : {EXPYRIMENT}") == Row(
        "why", "no other row of this table shows it"
    )
    rows = markers.judged(ratios(_2=late, _7=Ratio(1.9, 1.4, 3.0)))
    assert below(rows, f"p99, {OURS} : {EXPYRIMENT}").measured == (
        "a bare write is later than expyriment too (1.9, 1.4 to 3)"
    )


@pytest.mark.parametrize(
    ("late", "said"),
    [
        (
            (2.74, 2.67, 1.55, 1.37),
            "a process that only reads and stamps is late as well (2.67 ms); over a pipe instead "
            "of a terminal both are earlier (1.55 and 1.37 ms)",
        ),
        (
            (0.9, 0.4, 0.3, 0.2),
            "over a pipe instead of a terminal both are earlier (0.3 and 0.2 ms, where ours is in "
            "time)",
        ),
        ((0.9, 0.4, 0.9, 0.2), "no other row of this table shows it"),
        ((0.5, 2.0, 0.3, 0.2), None),
    ],
)
def test_late_stamps_of_pulses(late: tuple[float, ...], said: str | None) -> None:
    first, *rest = pulses.judged(
        dict(
            zip(
                (
                    "ours",
                    "a process that only reads and stamps",
                    "ours, from a pipe instead of a terminal",
                    "that process, from a pipe",
                ),
                late,
                strict=True,
            )
        )
    )
    assert first.holds is (said is None)
    assert [row.measured for row in rest if row.what == "why"] == ([] if said is None else [said])
    assert [row.bound for row in rest] == [""] * len(rest)
    assert len([row for row in rest if row.what.startswith("p99 of ")]) == 3


def frames(ours: float, unlogged: float, bare: float) -> dict[str, npt.NDArray[np.float64]]:
    """Return each sender's mean frame (s) in forty rounds, all with the same cost."""
    costs = {"without": 1.0, OURS: ours, UNLOGGED: unlogged, BARE: bare, EXPYRIMENT: 1.18}
    rounds = np.linspace(1.3e-3, 1.5e-3, 40)
    return {name: cost * rounds for name, cost in costs.items()}


def test_what_markers_cost_the_frames_is_the_log_s_or_any_write_s() -> None:
    cost = f"frame with pulses, {OURS} : without"
    assert markers.cost_rows(frames(1.01, 1.0, 1.0))[0].holds is True
    rows = markers.cost_rows(frames(1.0403, 1.0201, 1.02))
    assert rows[0].holds is False
    assert below(rows, cost) == Row(
        "why", f"it is less without the log ({OURS} : {UNLOGGED}, 1.02, 1.02 to 1.02)"
    )
    rows = markers.cost_rows(frames(1.03, 1.03, 1.03))
    assert below(rows, cost).measured == (
        f"a bare write may cost as much ({OURS} : {BARE}, 1, 1 to 1)"
    )
    rows = markers.cost_rows(frames(1.04, 1.04, 1.0))
    assert below(rows, cost).measured == "no other row of this table shows it"


def scaled(**changed: float) -> list[Row]:
    """Return the rows of six like rounds in which all is as promised but what changed."""
    usual = {"half": 7.0, "whole": 14.0, "one": 15.0, "two": 8.0, "apart": 7.5}
    usual |= {"usual": 15.0, "ours": 14.0, "tables": 10.0, "ours_by_two": 11.0}
    return scale.rows_of_rounds(1000, [scale.Round(**(usual | changed))] * 6)


def judged(rows: list[Row], begin: str) -> tuple[bool | None, Row]:
    """Return whether a figure holds, and the row below it."""
    place = next(n for n, row in enumerate(rows) if row.what.startswith(begin))
    return rows[place].holds, rows[place + 1]


def test_twice_the_sessions_two_workers_and_the_usual_way_are_ratios_within_rounds() -> None:
    rows = scaled()
    assert "why" not in {row.what for row in rows}
    growth, _, workers, *_ = rows
    assert growth == Row(
        "1000 sessions against 500, one process", "2, 95 % interval 2 to 2", "at most 2.1", True
    )
    assert workers.measured.startswith("1.88")
    assert judged(scaled(whole=15.0), "1000 sessions")[0] is False


def test_what_two_workers_bring_is_held_against_two_processes_with_nothing_in_common() -> None:
    held, cause = judged(scaled(two=10.0, apart=9.0), "two Dask workers")
    assert held is False
    assert cause.what == "why"
    assert cause.measured.startswith("two processes with nothing in common")
    assert cause.measured.endswith("1.56, 1.56 to 1.56, no more")
    held, cause = judged(scaled(two=10.0), "two Dask workers")
    assert (held, cause) == (False, Row("why", "no other row of this table shows it"))


def test_the_usual_script_is_held_against_all_that_ours_makes_and_against_its_tables() -> None:
    held, cause = judged(scaled(ours=18.0), "ours, BIDS")
    assert held is False
    assert cause.measured.endswith("0.667, 0.667 to 0.667; BIDS is the rest")
    held, cause = judged(scaled(ours=18.0, tables=16.0), "ours, BIDS")
    assert (held, cause) == (False, Row("why", "no other row of this table shows it"))


def test_half_and_all_in_turn_are_held_against_what_the_same_half_took() -> None:
    row, *others = scale.rows_of_pairs(10_000, [120.0, 124.0, 122.0], [60.0, 62.0, 61.0])
    assert (row.holds, row.measured) == (True, "2 times")
    assert "why" not in {one.what for one in others}
    row, cause, *_ = scale.rows_of_pairs(10_000, [150.0, 150.0, 150.0], [60.0, 75.0, 60.0])
    assert row.holds is False
    assert cause == Row("why", "the same half took 1.25 times as long once as another time")
