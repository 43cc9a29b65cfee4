from __future__ import annotations

import pytest

from benchmarks.hour import faults

SENT = [n % 255 + 1 for n in range(600)]
WIRE = [byte for code in SENT for byte in (code, 0)]


def test_an_hour_without_faults() -> None:
    assert faults(len(SENT), [0, *WIRE]) == (0, 0, 0)


@pytest.mark.parametrize("place", [0, 254, 255, 599])
def test_a_lost_marker_is_counted(place: int) -> None:
    assert faults(len(SENT), WIRE[: 2 * place] + WIRE[2 * place + 2 :]) == (1, 0, 0)


def test_markers_that_changed_places_are_counted() -> None:
    swapped = [*WIRE[:8], 6, 0, 5, 0, *WIRE[12:]]
    assert faults(len(SENT), swapped) == (0, 1, 0)


def test_a_marker_that_came_twice_is_counted_as_out_of_order() -> None:
    assert faults(len(SENT), [*WIRE[:8], 4, 0, *WIRE[8:]]) == (0, 1, 0)


def test_markers_without_a_reset_are_counted() -> None:
    assert faults(len(SENT), WIRE[:9] + WIRE[10:-1]) == (0, 0, 2)
