from __future__ import annotations

import numpy as np
import pytest

from benchmarks.__main__ import _measures
from benchmarks.pulses import lateness, matched
from benchmarks.table import surely_at_most

SENT = np.array([n * 0.01 for n in range(10)], dtype=np.float64)


def test_a_lost_and_a_doubled_pulse_do_not_make_up_for_each_other() -> None:
    came = np.sort(np.append(np.delete(SENT, 4) + 0.0002, SENT[7] + 0.002))
    late, strange = matched(SENT, came)
    assert (len(came), len(late), strange) == (10, 9, 1)
    assert late == pytest.approx(0.0002)


def test_a_late_pulse_is_late_and_no_lost_one_where_none_was_lost() -> None:
    came = SENT + 0.0002
    came[4] = SENT[5] + 0.001
    came[5] = SENT[5] + 0.0011
    assert sorted(lateness(SENT, came))[-2:] == pytest.approx([0.0011, 0.011])
    assert len(lateness(SENT, np.delete(came, 7))) == 9


def test_a_stamp_before_the_first_pulse_is_strange() -> None:
    late, strange = matched(SENT, np.append(-0.5, SENT + 0.0001))
    assert (len(late), strange) == (10, 1)


@pytest.mark.parametrize(
    ("interval", "holds", "said"),
    [((1.0, 1.02), True, ""), ((1.01, 1.03), None, "not resolved"), ((1.03, 1.05), False, "")],
)
def test_only_a_whole_interval_below_the_limit_holds(
    interval: tuple[float, float], holds: bool | None, said: str
) -> None:
    row = surely_at_most("frame", 1.01, interval, 1.02)
    assert row.holds is holds
    assert said in row.measured


def test_each_table_is_measured_once() -> None:
    titles = [measure.title for measure in _measures()]
    assert len(titles) == len(set(titles))
