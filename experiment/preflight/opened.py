"""What an opened window and opened devices tell, for the list before a session."""

from __future__ import annotations

from collections.abc import Sequence

from experiment.clock import Clock
from experiment.display import DisplayFacts
from experiment.equipment import Keys, Pulses
from experiment.preflight.line import Line
from experiment.preflight.screen import ScreenFacts
from experiment.preflight.wiring import HeardFacts, has_box, judge_buttons, judge_pulses
from experiment.protocol import Protocol


def screen_facts(display: DisplayFacts, protocol: Protocol) -> ScreenFacts:
    """Return what is known of a display that is open."""
    return ScreenFacts(display, protocol.screen.size_px, display.screens)


def about_inputs(
    robot: str | None,
    keys: Sequence[Keys],
    pulses: Pulses | None,
    clock: Clock,
    protocol: Protocol,
) -> list[Line]:
    """Return the lines about pulses and buttons of a session that is about to begin.

    Parameters
    ----------
    robot : str or None
    keys : sequence of Keys
        Keyboards that are listened to.
    pulses : Pulses or None
        The scanner's, open; what has come so far belongs to no run.
    clock : Clock
    protocol : Protocol
    """
    came = () if pulses is None else tuple(pulse.t for pulse in pulses.poll())
    box = has_box(protocol)
    heard = HeardFacts(pulses is not None, box, clock.now(), came, tr=protocol.scanner.tr)
    if robot is not None:
        buttons = Line("buttons", "go", "robot")
    elif box and pulses is not None:
        buttons = Line("buttons", "go", "box")
    else:
        buttons = judge_buttons(heard, len(keys))
    return [judge_pulses(heard, before_run=True), buttons]
