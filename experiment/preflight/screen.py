"""The display: size, refresh, vertical blank, and how many screens there are."""

from __future__ import annotations

from dataclasses import dataclass

from experiment.display import DisplayFacts
from experiment.preflight.line import Line

_TOLERANCE = 0.03  # 59.94 Hz passes for 60


@dataclass(frozen=True)
class ScreenFacts:
    """What is known of the display.

    Parameters
    ----------
    display : DisplayFacts
    asked_px : tuple of int
        As the protocol has it.
    screens : int or None
        How many are attached; None if that can't be told.
    """

    display: DisplayFacts
    asked_px: tuple[int, int]
    screens: int | None


def judge_screen(facts: ScreenFacts) -> list[Line]:
    """Judge the display, in four lines; one where there is no window."""
    if facts.display.kind == "none":
        return [Line("screen_size", "go", "none")]
    return [_size(facts), _refresh(facts), _blank(facts), _screens(facts)]


def _size(facts: ScreenFacts) -> Line:
    found, asked = facts.display.size_px, facts.asked_px
    values = {"found": "{}x{}".format(*found), "asked": "{}x{}".format(*asked)}
    if found == asked:
        return Line("screen_size", "go", "right", values)
    # Text is laid out for the size that there is; visual angles hold only where the aspect does.
    same_shape = abs(found[0] * asked[1] / (found[1] * asked[0]) - 1) < 0.01
    if same_shape:
        return Line("screen_size", "warning", "scaled", values)
    return Line("screen_size", "no-go", "other", values)


def _refresh(facts: ScreenFacts) -> Line:
    display = facts.display
    values = {"asked": display.nominal_hz, "measured": display.measured_hz or 0.0}
    if not display.waits_for_blank or display.measured_hz is None:
        return Line("refresh", "warning", "unmeasured", values)
    if abs(display.measured_hz / display.nominal_hz - 1) > _TOLERANCE:
        return Line("refresh", "no-go", "other", values)
    return Line("refresh", "go", "right", values)


def _blank(facts: ScreenFacts) -> Line:
    if facts.display.waits_for_blank:
        return Line("vertical_blank", "go", "waits")
    return Line("vertical_blank", "warning", "ignored")


def _screens(facts: ScreenFacts) -> Line:
    if facts.screens is None:
        return Line("second_screen", "warning", "unknown")
    if facts.screens > 1:
        return Line("second_screen", "warning", "several", {"count": facts.screens})
    return Line("second_screen", "go", "one")
